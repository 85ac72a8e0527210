"""Readers of a survey's questions: one shape for each kind, made of the fields that the kind takes.

A field that belongs to other kinds is a fault and no stranger: whoever writes it expects that something comes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from tactful.core.kinds import KINDS, Kind
from tactful.core.reading.conditions import answer_condition
from tactful.core.reading.fields import flag, integer, name, one_of
from tactful.core.reading.links import link_url
from tactful.core.reading.notes import listed, quoted
from tactful.core.reading.outline import kind_of, outline_of
from tactful.core.reading.places import At, Reader
from tactful.core.reading.shapes import Field, Shape, later, list_of, read_fields, record, refuse_twice
from tactful.core.reading.wording import text
from tactful.core.surveys import OTHER, Link, Option, Question
from tactful.core.texts import Text

__all__ = ["LATER_KINDS", "LINK", "MOST_OPTIONS", "MOST_QUESTIONS", "OPTION", "QUESTION", "label_of", "questions"]

MOST_QUESTIONS = 20
MOST_OPTIONS = 20
LONGEST_ANSWER = 10_000

#: Kinds that this version does not draw. A survey is refused rather than asked with a hole in it.
LATER_KINDS = later(*("pmf", "matrix", "number", "email", "picture", "file"), instead=f"use one of {listed(KINDS)}") | {
    "yes_no": "is no kind here; write `kind: thumbs`, or `kind: choice` with two options",
    "stars": "is no kind here; write `kind: rating`",
    "emoji": "is no kind here; write `kind: csat` and `display: faces`",
    "link": "is no kind here; write `kind: consent` with a `link`, or `kind: info`",
}

#: Labels are told before the answer that they belong to, so none of them depends on the band.
label_of: Reader[Text] = text(200, no_bands="a label is the same for every band")

_option_id = name("[a-z0-9][a-z0-9_-]{0,63}", "the id of an option", "up to 64 of a-z, 0-9, `-` and `_`")


def _own_id(at: At) -> str | None:
    if at.value == OTHER:
        at.fault(f"{quoted(OTHER)} is what people write themselves; write `other: true` beside `options` for it")
        return None
    return _option_id(at)


OPTION = Shape(
    "an option",
    {
        "id": Field(_own_id, to="id", needs="an id that is unique in the question, such as `speed`"),
        "label": Field(label_of, to="label", needs="the option as people read it"),
    },
    refused=later("image", "emoji", "exclusive"),
)

LINK = Shape(
    "a link",
    {
        "label": Field(label_of, to="label", needs="what the link is called, such as `Our privacy policy`"),
        "url": Field(link_url, to="url", needs="where it leads, such as `https://www.example.com/privacy`"),
    },
)


def _options(at: At) -> tuple[Option, ...] | None:
    refuse_twice(at, "id", "the id of an earlier option")
    return list_of(record(Option, OPTION), MOST_OPTIONS, least=2)(at)


def _other(at: At) -> Text | bool | None:
    return at.value if isinstance(at.value, bool) else label_of(at)


def _day(at: At) -> str | None:
    try:
        if isinstance(at.value, str) and date.fromisoformat(at.value).isoformat() == at.value:
            return at.value
    except ValueError:
        pass
    at.expected("a day", "write it as `2026-01-31`, in quotes")
    return None


def _points(lengths: tuple[int, ...]) -> Reader[int]:
    def read(at: At) -> int | None:
        if type(at.value) is int and at.value in lengths:
            return at.value
        at.expected("how many steps the scale has", f"use one of {listed(str(one) for one in lengths)}")
        return None

    return read


def _display(kinds: tuple[Kind, ...]) -> Reader[str]:
    names = dict.fromkeys(display for kind in kinds for display, _ in kind.displays)
    return one_of({one: one for one in names}, "a display")


_KINDS = tuple(KINDS.values())

_COMMON = {
    "id": Field(
        name("[a-z][a-z0-9_]{0,31}", "the id of a question", "a letter a-z, then up to 31 of a-z, 0-9 and `_`"),
        to="id",
        needs="an id that is unique in the survey, such as `score`",
    ),
    "kind": Field(one_of(KINDS, "a kind", LATER_KINDS), to="kind", needs=f"one of {listed(KINDS)}"),
    "ask": Field(text(500), to="ask", needs="the question as people read it"),
    "if": Field(answer_condition, to="condition"),
}

#: What only some kinds take.
_OWN = {
    "low": Field(text(100), to="low"),
    "high": Field(text(100), to="high"),
    "points": Field(_points(tuple(sorted({length for kind in _KINDS for length in kind.points}))), to="points"),
    "display": Field(_display(_KINDS), to="display"),
    "required": Field(flag, to="required"),
    "placeholder": Field(text(200), to="placeholder"),
    "max_length": Field(integer(1, LONGEST_ANSWER), to="max_length"),
    "lines": Field(one_of({"short": True, "long": False}, "a length"), to="short"),
    "options": Field(_options, to="options"),
    "other": Field(_other, to="other"),
    "shuffle": Field(flag, to="shuffle"),
    "least": Field(integer(1, MOST_OPTIONS + 1), to="least"),
    "most": Field(integer(1, MOST_OPTIONS + 1), to="most"),
    "earliest": Field(_day, to="earliest"),
    "latest": Field(_day, to="latest"),
    "label": Field(label_of, to="label"),
    "link": Field(record(Link, LINK), to="link"),
    "button": Field(label_of, to="button"),
}

_NEEDS = {
    "options": f"2 to {MOST_OPTIONS} options, each with an `id` and a `label`",
    "label": "what people agree to, such as `You may write to me about this`",
}

_REFUSED = {"min": "is no field here; write `points`", "max": "is no field here; write `points`"} | later(
    "labels", "image", "help"
)

#: A question whose kind nobody knows: with every field, so that only the kind is told.
QUESTION = Shape("a question", _COMMON | _OWN, _REFUSED)


def _shape(kind: Kind) -> Shape:
    own = {field: replace(_OWN[field], needs=_NEEDS[field] if field in kind.needs else "") for field in kind.fields}
    if kind.points:
        own["points"] = Field(_points(kind.points), to="points")
    if kind.displays:
        own["display"] = Field(_display((kind,)), to="display")
    foreign = dict.fromkeys(_OWN.keys() - own.keys(), f"means nothing to the kind `{kind.name}`; remove it")
    return Shape("a question", _COMMON | own, _REFUSED | foreign)


_SHAPES: Mapping[str, Shape] = {kind.name: _shape(kind) for kind in _KINDS}


def questions(at: At) -> tuple[Question, ...] | None:
    """All questions of a survey, each read as seen from its place."""
    refuse_twice(at, "id", "the id of an earlier question")
    return list_of(lambda place: _read_one(place, at.value), MOST_QUESTIONS, least=1)(at)


def _read_one(at: At, written: object) -> Question | None:
    kind, place = kind_of(at.value), at.steps[-1]
    assert isinstance(place, int)
    shape = _SHAPES[kind.name] if kind else QUESTION
    found = read_fields(at.under(outline_of(written, before=place)), shape)
    if found is None or kind is None:
        return None
    found.pop("points", None)
    found.pop("display", None)
    question = Question(**(found | {"kind": kind}))
    _check_amounts(at, question)
    _check_days(at, question)
    return question


def _check_amounts(at: At, question: Question) -> None:
    """Note what of `least` and `most` cannot be met."""
    there: dict[str, Any] = {"most": len(question.choices), "least": question.most or len(question.choices)}
    for field, bound in there.items():
        amount = getattr(question, field)
        if amount is not None and amount > bound:
            at.within(field).expected(f"at most {bound}", "no more than that can be chosen")


def _check_days(at: At, question: Question) -> None:
    if question.earliest and question.latest and question.earliest > question.latest:
        at.within("latest").fault("is before `earliest`; swap the two")
