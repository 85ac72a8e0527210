"""Readers of a survey's questions."""

from __future__ import annotations

from tactful.core.kinds import KINDS
from tactful.core.reading.conditions import answer_condition
from tactful.core.reading.fields import flag, integer, name, one_of
from tactful.core.reading.notes import quoted
from tactful.core.reading.outline import kind_of, outline_of
from tactful.core.reading.places import At, Reader
from tactful.core.reading.shapes import Field, Shape, later, list_of, record, refuse_twice
from tactful.core.reading.wording import text
from tactful.core.surveys import Question

__all__ = ["CONTROL_OF", "LATER_KINDS", "MOST_QUESTIONS", "QUESTION", "questions"]

MOST_QUESTIONS = 20
LONGEST_ANSWER = 10_000

#: Kinds that this version does not draw. A survey is refused rather than asked with a hole in it.
LATER_KINDS = later(
    *("choice", "choices", "yes_no", "thumbs", "stars", "emoji", "rating", "pmf", "ranking", "matrix"),
    *("number", "date", "email", "consent", "link", "picture", "file"),
    instead=f"use one of {', '.join(f'`{kind}`' for kind in KINDS)}",
)

QUESTION = Shape(
    "a question",
    {
        "id": Field(
            name("[a-z][a-z0-9_]{0,31}", "the id of a question", "a letter a-z, then up to 31 of a-z, 0-9 and `_`"),
            to="id",
            needs="an id that is unique in the survey, such as `score`",
        ),
        "kind": Field(
            one_of(KINDS, "a kind", LATER_KINDS), to="kind", needs=f"one of {', '.join(f'`{k}`' for k in KINDS)}"
        ),
        "ask": Field(text(500), to="ask", needs="the question as people read it"),
        "low": Field(text(100), to="low"),
        "high": Field(text(100), to="high"),
        "required": Field(flag, to="required"),
        "placeholder": Field(text(200), to="placeholder"),
        "max_length": Field(integer(1, LONGEST_ANSWER), to="max_length"),
        "if": Field(answer_condition, to="condition"),
    },
    refused=later("options", "shuffle", "other", "min", "max", "labels", "image", "help"),
)

#: Fields that mean something to one control only.
CONTROL_OF = {"low": "scale", "high": "scale", "placeholder": "text", "max_length": "text"}

_question: Reader[Question] = record(Question, QUESTION)


def questions(at: At) -> tuple[Question, ...] | None:
    """All questions of a survey, each read as seen from its place."""
    refuse_twice(at, "id", "the id of an earlier question")
    return list_of(lambda place: _read_one(place, at.value), MOST_QUESTIONS, least=1)(at)


def _read_one(at: At, written: object) -> Question | None:
    kind, place = kind_of(at.value), at.steps[-1]
    assert isinstance(place, int)
    if kind is not None:
        for field, control in CONTROL_OF.items():
            if field in at.value and control != kind.control:
                at.within(field).fault(f"{quoted(field)} means nothing to the kind `{kind.name}`; remove it")
    return _question(at.under(outline_of(written, before=place)))
