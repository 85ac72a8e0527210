"""Whole definitions: one survey, one policy, one receiver, or a file of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from tactful.core.policy import Policy
from tactful.core.reading.clean import clean
from tactful.core.reading.notes import Fault, Notes
from tactful.core.reading.places import At, Reader
from tactful.core.reading.policy import policy
from tactful.core.reading.receiver import receiver
from tactful.core.reading.shapes import Field, Shape, list_of, read_fields, refuse_twice
from tactful.core.reading.survey import survey
from tactful.core.reading.words import own_words
from tactful.core.receivers.values import Receiver
from tactful.core.surveys import Survey
from tactful.core.words import OwnWords

__all__ = ["Definitions", "Reading", "read_file", "read_policy", "read_receiver", "read_survey", "read_words"]

T = TypeVar("T")

MOST_SURVEYS = 200
MOST_RECEIVERS = 50


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What was read: the value, or None and every fault that prevents it; warnings either way."""

    value: T | None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a file holds: the project's policy and its own words, if it says them, and surveys and receivers with keys
    of their own."""

    policy: Policy | None = None
    surveys: tuple[Survey, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    words: OwnWords | None = None


def read_survey(data: object) -> Reading[Survey]:
    """Read one survey. Total: any JSON value gives a survey or faults."""
    return _read(data, survey)


def read_policy(data: object) -> Reading[Policy]:
    """Read one policy (what stands under `policy:`). Total: any JSON value gives a policy or faults."""
    return _read(data, policy)


def read_receiver(data: object) -> Reading[Receiver]:
    """Read one receiver. Total: any JSON value gives a receiver or faults."""
    return _read(data, receiver)


def read_words(data: object) -> Reading[OwnWords]:
    """Read `{words: {...}}`, a project's own words. Total: any JSON value gives words or faults."""
    return _read(data, _words)


def read_file(data: object) -> Reading[Definitions]:
    """Read `{policy: ..., words: ..., surveys: [...], receivers: [...]}`, of which any may be absent. Total, like the
    others."""
    return _read(data, _file)


def _read(data: object, read: Reader[T]) -> Reading[T]:
    notes = Notes()
    value = read(At(data, (), notes)) if clean(data, notes) else None
    assert value is not None or notes.faults, "a reader that gives no value notes why"
    return Reading(None if notes.faults else value, notes.faults, notes.warnings)


def _surveys(at: At) -> tuple[Survey, ...] | None:
    refuse_twice(at, "key", "the key of an earlier survey")
    return list_of(survey, MOST_SURVEYS)(at)


def _receivers(at: At) -> tuple[Receiver, ...] | None:
    refuse_twice(at, "key", "the key of an earlier receiver")
    return list_of(receiver, MOST_RECEIVERS)(at)


FILE = Shape(
    "a file of definitions",
    {
        "policy": Field(policy, to="policy"),
        "surveys": Field(_surveys, to="surveys"),
        "receivers": Field(_receivers, to="receivers"),
        "words": Field(own_words, to="words"),
    },
)

WORDS = Shape(
    "a project's words",
    {"words": Field(own_words, to="words", needs="words by language and name: `{de: {send: Los}}`")},
)


def _words(at: At) -> OwnWords | None:
    found = read_fields(at, WORDS)
    return None if found is None else dict(found["words"])


def _file(at: At) -> Definitions | None:
    if isinstance(at.value, dict) and not at.value.keys() & FILE.fields.keys():
        survey_alone = "questions" in at.value
        advice = "put the survey in a list under `surveys:`" if survey_alone else "write at least one of them"
        at.fault(f"expected `policy`, `surveys`, `receivers` or `words`, found none of them; {advice}")
        return None
    found = read_fields(at, FILE)
    return None if found is None else Definitions(**found)
