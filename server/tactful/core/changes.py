"""What applying a definition changes, worked out once for whoever applies it and whoever only looks.

`store.projects` writes exactly what a `Change` says, and a dry run prints it, so the two cannot differ. A survey's
state stands apart from what its versions say: pausing makes no new version. Contents are compared as they are
written, with the order of languages, since the first one written is what a stranger's language falls back to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tactful.core.effects import policy_effects, survey_effects
from tactful.core.policy import Policy
from tactful.core.reading import write_policy, write_receiver, write_survey
from tactful.core.receivers import Receiver
from tactful.core.surveys import State, Survey
from tactful.core.words import OwnWords

__all__ = [
    "Change",
    "Kept",
    "content_of",
    "fields_changed",
    "policy_change",
    "receiver_change",
    "survey_change",
    "unlike",
    "words_change",
]

Written = Mapping[str, Any]

_POLICY = "policy"
_WORDS = "words"


@dataclass(frozen=True, slots=True)
class Kept:
    """A survey as it is kept: in its current version, with its state."""

    survey: Survey
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """What applying one definition does.

    `what` is `policy`, `words`, or the key of a survey or a receiver. `version` is the survey's afterwards and `before`
    the one until now, both None for the others. `was` and `written` are the contents, without the state; `state` says
    from what to what it changes. `means` says in sentences what that is for people.
    """

    what: str
    how: Literal["created", "changed", "unchanged"]
    version: int | None = None
    before: int | None = None
    was: Written = field(default_factory=dict)
    written: Written = field(default_factory=dict)
    state: tuple[State | None, State] | None = None
    means: tuple[str, ...] = ()
    is_receiver: bool = False

    @property
    def survey(self) -> str | None:
        """The survey's key; None for the others."""
        return None if self.version is None else self.what

    @property
    def receiver(self) -> str | None:
        """The receiver's key; None for the others."""
        return self.what if self.is_receiver else None

    @property
    def makes_version(self) -> bool:
        """Tell whether the survey gets a new version."""
        return self.version != self.before


def content_of(survey: Survey) -> dict[str, Any]:
    """What a version of the survey says: all but its state."""
    return {name: value for name, value in write_survey(survey).items() if name != "state"}


def _same(one: Written, other: Written) -> bool:
    return repr(one) == repr(other)  # unlike ==, this sees the order of languages


def fields_changed(was: Written, written: Written) -> tuple[str, ...]:
    """Name the fields that differ, in the order of the canonical form; all of them where there was nothing."""
    names = dict.fromkeys([*written, *was])
    return tuple(name for name in names if repr(was.get(name)) != repr(written.get(name)))


def unlike(kept: Survey, survey: Survey) -> tuple[str, str] | None:
    """Why `survey` cannot take the place of `kept`, as a code and a sentence: their scores would not add up."""
    if kept.kind != survey.kind:
        has, what = f"is of kind {kept.kind}", "of two kinds"
        return "kind_changed", f"Survey {kept.key!r} {has}; scores {what} do not add up. Use another key."
    if kept.scored and survey.scored and not kept.scored.kind.adds_up_with(survey.scored.kind):
        scale = kept.scored.kind
        has, what = f"has a scale of {scale.lowest} to {scale.highest}", "on two scales"
        return "scale_changed", f"Survey {kept.key!r} {has}; scores {what} do not add up. Use another key."
    return None


def survey_change(kept: Kept | None, survey: Survey, policy: Policy) -> Change:
    """Say what applying `survey` changes of the one that is `kept` under its key; `policy` is the one it will have."""
    written = content_of(survey)
    if kept is None:
        means = survey_effects(None, survey, policy, None)
        return Change(survey.key, "created", 1, None, {}, written, (None, survey.state), means)
    was, before = content_of(kept.survey), kept.version
    state = None if kept.survey.state == survey.state else (kept.survey.state, survey.state)
    is_new = not _same(was, written)
    if not is_new and state is None:
        return Change(survey.key, "unchanged", before, before, was, written)
    means = survey_effects(kept.survey, survey, policy, before if is_new else None)
    return Change(survey.key, "changed", before + is_new, before, was, written, state, means)


def policy_change(kept: Policy, policy: Policy) -> Change:
    """Say what applying `policy` changes of the one that is `kept`."""
    was, written = write_policy(kept), write_policy(policy)
    if _same(was, written):
        return Change(_POLICY, "unchanged", was=was, written=written)
    return Change(_POLICY, "changed", was=was, written=written, means=policy_effects(kept, policy))


def receiver_change(kept: Receiver | None, receiver: Receiver) -> Change:
    """Say what applying `receiver` changes of the one that is `kept` under its key."""
    written = write_receiver(receiver)
    if kept is None:
        means = ("It gets an address of its own, and takes webhooks as soon as it has the sender's secret.",)
        return Change(receiver.key, "created", written=written, means=means, is_receiver=True)
    was = write_receiver(kept)
    if _same(was, written):
        return Change(receiver.key, "unchanged", was=was, written=written, is_receiver=True)
    means = ("The next webhook is read by what is written now; address and secrets stay.",)
    return Change(receiver.key, "changed", was=was, written=written, means=means, is_receiver=True)


def words_change(kept: OwnWords, words: OwnWords) -> Change:
    """Say what applying `words` changes of those that the project says until now."""
    if _same(kept, words):
        return Change(_WORDS, "unchanged", was=kept, written=words)
    means = tuple(_told_otherwise(tag) for tag in fields_changed(kept, words))
    return Change(_WORDS, "changed", was=kept, written=words, means=means)


def _told_otherwise(tag: str) -> str:
    return f"Whoever is asked in `{tag}` is told other words from their next card on."
