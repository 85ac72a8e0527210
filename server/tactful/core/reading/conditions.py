"""Readers of conditions: `[traits.plan, is, pro]` on what happened or who somebody is, `[score, gt, 6]` on answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tactful.core.conditions import OPERATORS, Condition, Operand
from tactful.core.kinds import Kind
from tactful.core.reading.fields import flag, integer, number, one_of, scalar, string
from tactful.core.reading.notes import nearest, quoted
from tactful.core.reading.places import At, Reader
from tactful.core.reading.shapes import later, list_of
from tactful.core.reading.wording import KNOWN_VALUES
from tactful.core.surveys import AnswerCondition

__all__ = ["ANSWER_OPERATORS", "answer_condition", "condition", "path_under"]

_LONGEST_PATH = 200
_MOST_OPERANDS = 100
_LATER_OPERATORS = later(
    *("older_than", "newer_than", "before", "after", "ends_with"), instead="compare numbers, such as `person.age_days`"
)

_operator = one_of({name: name for name in OPERATORS}, "an operator", _LATER_OPERATORS)


def _pair(read_one: Reader[Any]) -> Reader[tuple[Any, ...]]:
    """Two numbers, the lower first."""
    read_two = list_of(read_one, 2, least=2)

    def read(at: At) -> tuple[Any, ...] | None:
        found = read_two(at)
        if found is not None and found[0] > found[1]:
            at.fault("expected the lower number first; swap the two")
        return found

    return read


_OPERANDS: dict[Operand, Reader[Any]] = {
    "value": scalar,
    "list": list_of(scalar, _MOST_OPERANDS, least=1),
    "number": number,
    "pair": _pair(number),
    "text": string(1_000),
}


def _parts(at: At, form: str) -> tuple[At, At, At | None] | None:
    """Take `[what, operator, value]` apart; the value may be left out where the operator takes none."""
    if not isinstance(at.value, list) or len(at.value) not in (2, 3):
        at.expected("a condition", f"write it as `{form}`")
        return None
    return at.within(0), at.within(1), at.within(2) if len(at.value) == 3 else None


def _operand(at: At, place: At | None, read: Reader[Any] | None, op: str) -> tuple[Any] | None:
    """Read the value of a condition, in a tuple since it may be None; None if it is faulty."""
    if read is None:
        if place is not None:
            place.fault(f"expected nothing after `{op}`; remove it")
            return None
        return (None,)
    if place is None:
        at.notes.fault((*at.steps, 2), f"is missing; give what `{op}` compares with")
        return None
    value = read(place)
    return None if value is None else (value,)


def condition(*roots: str) -> Reader[Condition]:
    """A condition on values whose paths begin with one of `roots`."""

    def read(at: At) -> Condition | None:
        parts = _parts(at, f"[{roots[0]}.name, is, value]")
        if parts is None:
            return None
        path, op = _path(parts[0], roots), _operator(parts[1])
        if op is None:
            return None
        value = _operand(at, parts[2], _OPERANDS.get(OPERATORS[op].operand), op)
        return Condition(path, op, value[0]) if path is not None and value is not None else None

    return read


def path_under(*roots: str) -> Reader[str]:
    """A path that begins with one of `roots`."""
    return lambda at: _path(at, roots)


def _path(at: At, roots: tuple[str, ...]) -> str | None:
    path = string(_LONGEST_PATH)(at)
    if path is None:
        return None
    root, *rest = path.split(".")
    expected = " or ".join(f"`{known}.`" for known in roots)
    if root not in roots:
        at.fault(f"expected a path that begins with {expected}, found {quoted(path)}{nearest(root, roots)}")
    elif not rest or not all(rest):
        at.fault(f"{quoted(path)} leads nowhere; write a name after `{root}.`")
    elif KNOWN_VALUES.get(root) and ".".join(rest) not in KNOWN_VALUES[root]:
        names = [f"{root}.{name}" for name in KNOWN_VALUES[root]]
        at.fault(f"{quoted(path)} is not known; use one of {', '.join(f'`{name}`' for name in names)}")
    else:
        return path
    return None


def _score(kind: Kind) -> Reader[int]:
    return integer(kind.lowest, kind.highest)


def _band(kind: Kind) -> Reader[str]:
    return one_of({band.name: band.name for band in kind.bands}, f"a band of `{kind.name}`")


#: What may be asked of an earlier answer: of any kind (`answered`), or of a score, compared on its own scale.
ANSWER_OPERATORS: Mapping[str, Callable[[Kind], Reader[Any]]] = {
    "answered": lambda _kind: flag,
    "band_is": _band,
    "is": _score,
    "is_not": _score,
    "in": lambda kind: list_of(_score(kind), _MOST_OPERANDS, least=1),
    "not_in": lambda kind: list_of(_score(kind), _MOST_OPERANDS, least=1),
    "gt": _score,
    "gte": _score,
    "lt": _score,
    "lte": _score,
    "between": lambda kind: _pair(_score(kind)),
}


def answer_condition(at: At) -> AnswerCondition | None:
    """A condition on the answer to an earlier question."""
    parts = _parts(at, "[score, band_is, detractor]")
    if parts is None:
        return None
    kind = _earlier_kind(parts[0])
    known = ANSWER_OPERATORS if kind is None or kind.scored else {"answered": ANSWER_OPERATORS["answered"]}
    what = f"an operator for answers to `{kind.name}`" if kind else "an operator for answers"
    op = one_of({name: name for name in known}, what)(parts[1])
    if op is None or kind is None:
        return None
    value = _operand(at, parts[2], ANSWER_OPERATORS[op](kind), op)
    return None if value is None else AnswerCondition(parts[0].value, op, value[0])


def _earlier_kind(at: At) -> Kind | None:
    earlier = at.outline.earlier
    if not isinstance(at.value, str) or at.value not in earlier:
        known = ", ".join(f"`{question}`" for question in earlier)
        at.expected("the id of an earlier question", f"use one of {known}" if known else "the first question has none")
        return None
    return earlier[at.value]
