"""Readers of conditions: `[traits.plan, is, pro]` on what happened or who somebody is, `[score, gt, 6]` on answers.

What is asked of a person's own values is read with care for each: a time compared as a number, or a number as a time,
would hold for everybody or for nobody, and nobody would notice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

from tactful.core.conditions import OPERATORS, TIMED, Condition, Entry, Group, Operand, Responded
from tactful.core.instants import parse_instants
from tactful.core.kinds import KINDS, Shaped
from tactful.core.people import DEVICES
from tactful.core.reading.fields import flag, integer, key, number, one_of, scalar, span, string
from tactful.core.reading.notes import listed, nearest, quoted
from tactful.core.reading.outline import Sketch
from tactful.core.reading.places import At, Reader
from tactful.core.reading.shapes import Field, Shape, later, list_of, record
from tactful.core.receivers.paths import parse_path
from tactful.core.spans import DAY_MS
from tactful.core.surveys import AnswerCondition

__all__ = [
    "ANSWER_OPERATORS",
    "GROUPS",
    "PERSON_OPERATORS",
    "RESPONDED",
    "answer_condition",
    "conditions",
    "path_under",
]

_LONGEST_PATH = 200
_LONGEST_SPAN_MS = 3_660 * DAY_MS
_MOST_OPERANDS = 100
_MOST_CONDITIONS = 50
_DEEPEST_GROUP = 4
_LATER_OPERATORS = {
    **later("ends_with", instead="use `contains` or `starts_with`"),
    **later("newer_than", instead="use `within`"),
}

GROUPS: tuple[Literal["all", "any", "not"], ...] = ("all", "any", "not")

_NOT_TIMED = tuple(op for op in OPERATORS if op not in TIMED)
#: What may be asked of each value that we know of a person ourselves.
PERSON_OPERATORS: Mapping[str, tuple[str, ...]] = {
    "known": _NOT_TIMED,
    "age_days": _NOT_TIMED,
    "age": TIMED,
    "first_seen": TIMED,
    "locale": _NOT_TIMED,
    "device": ("is", "is_not", "in", "not_in"),
}

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


def _time(at: At) -> str | None:
    """A date or a time, kept as it is written."""
    if isinstance(at.value, str) and parse_instants(at.value) is not None:
        return at.value
    at.expected("a date or a time", "write `2026-01-31`, or `2026-01-31T18:00:00+01:00`")
    return None


_OPERANDS: dict[Operand, Reader[Any]] = {
    "value": scalar,
    "list": list_of(scalar, _MOST_OPERANDS, least=1),
    "number": number,
    "pair": _pair(number),
    "text": string(1_000),
    "time": _time,
    "span": span(0, _LONGEST_SPAN_MS),
}
_device = one_of({device: device for device in DEVICES}, "a device")
_DEVICE_OPERANDS: dict[Operand, Reader[Any]] = {
    "value": _device,
    "list": list_of(_device, len(DEVICES), least=1),
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


def conditions(*roots: str) -> Reader[tuple[Entry, ...]]:
    """A list of entries, all of which must hold: conditions on values whose paths begin with one of `roots`, and groups
    of entries."""
    read_all: Reader[tuple[Entry, ...]] = list_of(_entry(roots, _DEEPEST_GROUP), _MOST_CONDITIONS)

    def read(at: At) -> tuple[Entry, ...] | None:
        found = read_all(at)
        if found is not None and _count(found) > _MOST_CONDITIONS:
            at.fault(f"expected at most {_MOST_CONDITIONS} conditions in all, found {_count(found)}; leave some out")
        return found

    return read


def _count(entries: tuple[Entry, ...]) -> int:
    return sum(_count(entry.of) if isinstance(entry, Group) else 1 for entry in entries)


_SCORE_OPERATORS = ("is", "is_not", "in", "not_in", "gt", "gte", "lt", "lte", "between")
_score_operator = one_of({op: op for op in _SCORE_OPERATORS}, "an operator for scores")
_SCORE_OPERANDS: dict[Operand, Reader[Any]] = {
    "value": number,
    "list": list_of(number, _MOST_OPERANDS, least=1),
    "number": number,
    "pair": _pair(number),
}


def _past_score(at: At) -> tuple[str, object] | None:
    if not isinstance(at.value, list) or len(at.value) != 2:
        at.expected("an operator and what it compares with", "write it as `[gte, 9]`")
        return None
    op = _score_operator(at.within(0))
    if op is None:
        return None
    value = _SCORE_OPERANDS[OPERATORS[op].operand](at.within(1))
    return None if value is None else (op, value)


RESPONDED = Shape(
    "an earlier response",
    {
        "responded": Field(key("the key of a survey"), to="survey", needs="the key of the survey"),
        "score": Field(_past_score, to="score"),
        "band": Field(
            one_of({band.name: band.name for kind in KINDS.values() for band in kind.bands}, "a band"), to="band"
        ),
        "within": Field(span(1, _LONGEST_SPAN_MS), to="within_ms"),
    },
)
_responded = record(Responded, RESPONDED)


def _entry(roots: tuple[str, ...], deeper: int) -> Reader[Entry]:
    """A condition, or a group in which groups stand at most `deeper` - 1 deep."""
    read_condition = _condition(roots)
    read_group = _group(roots, deeper) if deeper else None

    def read(at: At) -> Entry | None:
        if not isinstance(at.value, dict):
            return read_condition(at)
        if "responded" in at.value:
            return _read_responded(at, roots)
        if read_group is None:
            at.fault(f"is a group more than {_DEEPEST_GROUP} deep; write it flatter")
            return None
        return read_group(at)

    return read


def _read_responded(at: At, roots: tuple[str, ...]) -> Responded | None:
    if "person" in roots:
        return _responded(at)
    at.fault("asks for an earlier response, which an event has not; move it to the audience")
    return None


def _group(roots: tuple[str, ...], deeper: int) -> Reader[Group]:
    read_one = _entry(roots, deeper - 1)
    read_list: Reader[tuple[Entry, ...]] = list_of(read_one, _MOST_CONDITIONS, least=1)

    def read(at: At) -> Group | None:
        named = [name for name in GROUPS if name in at.value]
        strangers = [str(name) for name in at.value if name not in GROUPS]
        if len(named) != 1 or strangers:
            near = nearest(strangers[0], GROUPS) if strangers else ""
            at.expected("a condition, or a group by one name", f"write `[...]` under `all`, `any` or `not`{near}")
            return None
        how = named[0]
        inner = at.within(how)
        if how == "not" and not _is_list_of_entries(inner.value):
            one = read_one(inner)
            return None if one is None else Group(how, (one,))
        entries = read_list(inner)
        return None if entries is None else Group(how, entries)

    return read


def _is_list_of_entries(value: object) -> bool:
    """Tell `[[...], [...]]` from the one condition `[path, op, value]`."""
    return isinstance(value, list) and not (value and isinstance(value[0], str))


def _fitting(path: str | None) -> Collection[str]:
    root, _, name = (path or "").partition(".")
    return PERSON_OPERATORS[name] if root == "person" else OPERATORS


def _condition(roots: tuple[str, ...]) -> Reader[Condition]:
    def read(at: At) -> Condition | None:
        parts = _parts(at, f"[{roots[0]}.name, is, value]")
        if parts is None:
            return None
        path, op = _path(parts[0], roots), _operator(parts[1])
        if op is None:
            return None
        fitting = _fitting(path)
        if op not in fitting:
            parts[1].fault(f"`{op}` does not fit `{path}`; use one of {listed(fitting)}")
            return None
        readers = _DEVICE_OPERANDS if path == "person.device" else _OPERANDS
        value = _operand(at, parts[2], readers.get(OPERATORS[op].operand), op)
        return Condition(path, op, value[0]) if path is not None and value is not None else None

    return read


def path_under(*roots: str) -> Reader[str]:
    """A path that begins with one of `roots`."""
    return lambda at: _path(at, roots)


def _path(at: At, roots: tuple[str, ...]) -> str | None:
    path = string(_LONGEST_PATH)(at)
    if path is None:
        return None
    if roots == ("$",):
        return _json_path(at, path)
    root, *rest = path.split(".")
    expected = " or ".join(f"`{known}.`" for known in roots)
    if root not in roots:
        at.fault(f"expected a path that begins with {expected}, found {quoted(path)}{nearest(root, roots)}")
    elif not rest or not all(rest):
        at.fault(f"{quoted(path)} leads nowhere; write a name after `{root}.`")
    elif root == "person" and ".".join(rest) not in PERSON_OPERATORS:
        at.fault(f"{quoted(path)} is not known; use one of {listed(f'person.{name}' for name in PERSON_OPERATORS)}")
    else:
        return path
    return None


def _json_path(at: At, path: str) -> str | None:
    """A path into a receiver's payload."""
    if parse_path(path):
        return path
    at.fault(f"{quoted(path)} leads nowhere; write a path such as `$.ticket.status`")
    return None


def _score(sketch: Sketch) -> Reader[int]:
    return integer(sketch.kind.lowest, sketch.kind.highest)


def _band(sketch: Sketch) -> Reader[str]:
    return one_of({band.name: band.name for band in sketch.kind.bands}, f"a band of `{sketch.kind.name}`")


def _option(sketch: Sketch) -> Reader[str]:
    return one_of({choice: choice for choice in sketch.choices}, "an option of that question")


Operands = Callable[[Sketch], Reader[Any]]


def _several(one: Operands) -> Operands:
    return lambda sketch: list_of(one(sketch), _MOST_OPERANDS, least=1)


def _flag(_sketch: Sketch) -> Reader[bool]:
    return flag


def _equals(one: Operands) -> dict[str, Operands]:
    return {"is": one, "is_not": one, "in": _several(one), "not_in": _several(one)}


_COMPARES = dict.fromkeys(("gt", "gte", "lt", "lte"), _score)
_HOLDS = {"answered": _flag, "contains": _option, "not_contains": _option}

#: What may be asked of an earlier answer, by its shape: a score on its own scale, an option among those there are.
_OPERATORS_OF: Mapping[Shaped, Mapping[str, Operands]] = {
    "score": {
        "answered": _flag,
        "band_is": _band,
        **_equals(_score),
        **_COMPARES,
        "between": lambda sketch: _pair(_score(sketch)),
    },
    "option": {"answered": _flag, **_equals(_option)},
    "options": _HOLDS,
    "ranking": _HOLDS,
    "text": {"answered": _flag},
    "date": {"answered": _flag},
    "consent": {"answered": _flag},
    "nothing": {},
}

#: Every operator on answers.
ANSWER_OPERATORS = tuple(dict.fromkeys(op for operators in _OPERATORS_OF.values() for op in operators))


def answer_condition(at: At) -> AnswerCondition | None:
    """A condition on the answer to an earlier question."""
    parts = _parts(at, "[score, band_is, detractor]")
    if parts is None:
        return None
    sketch = _earlier(parts[0])
    if sketch is not None and sketch.kind.answer == "nothing":
        parts[0].fault(f"{quoted(parts[0].value)} takes no answer; use a question that does")
        return None
    known = dict.fromkeys(ANSWER_OPERATORS) if sketch is None else _OPERATORS_OF[sketch.kind.answer]
    what = f"an operator for answers to `{sketch.kind.name}`" if sketch else "an operator for answers"
    op = one_of({name: name for name in known}, what)(parts[1])
    if op is None or sketch is None:
        return None
    value = _operand(at, parts[2], _OPERATORS_OF[sketch.kind.answer][op](sketch), op)
    return None if value is None else AnswerCondition(parts[0].value, op, value[0])


def _earlier(at: At) -> Sketch | None:
    earlier = at.outline.earlier
    if not isinstance(at.value, str) or at.value not in earlier:
        known = ", ".join(f"`{question}`" for question in earlier)
        at.expected("the id of an earlier question", f"use one of {known}" if known else "the first question has none")
        return None
    return earlier[at.value]
