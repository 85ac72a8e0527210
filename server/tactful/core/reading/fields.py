"""The small readers that everything else is made of: each takes a place and gives a value, or None and a fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from tactful.core.reading.notes import MOST_NOTES, Notes, Steps, closest, described, nearest, quoted
from tactful.core.reading.outline import NO_OUTLINE, Outline
from tactful.core.spans import FOREVER, format_span, parse_span

__all__ = [
    "At",
    "Field",
    "Reader",
    "Shape",
    "flag",
    "integer",
    "later",
    "list_of",
    "name",
    "number",
    "one_of",
    "read_fields",
    "record",
    "refuse_twice",
    "scalar",
    "set_of",
    "share",
    "span",
    "string",
]

T = TypeVar("T")

LONGEST_OPERAND = 1_000


@dataclass(frozen=True, slots=True)
class At:
    """One place in the data: its value, the steps to it, and what is known of the survey around it."""

    value: Any
    steps: Steps
    notes: Notes
    outline: Outline = NO_OUTLINE

    def fault(self, message: str) -> None:
        self.notes.fault(self.steps, message)

    def expected(self, what: str, advice: str = "") -> None:
        """Note that something else was expected here; `advice` says what to write instead."""
        self.fault(f"expected {what}, found {described(self.value)}" + (f"; {advice}" if advice else ""))

    def within(self, step: str | int) -> At:
        """The place one step further down, which must exist."""
        return replace(self, value=self.value[step], steps=(*self.steps, step))

    def holding(self, value: object) -> At:
        """The same place with another value, to read a part of what stands there."""
        return replace(self, value=value)

    def under(self, outline: Outline) -> At:
        return replace(self, outline=outline)


Reader = Callable[[At], T | None]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: how it is read, the attribute `to` that keeps it and, if it must be given, what it `needs`."""

    read: Reader[Any]
    to: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of one mapping. Those `refused` are faults, since ignoring a limit would ask too often."""

    what: str
    fields: Mapping[str, Field]
    refused: Mapping[str, str] = field(default_factory=dict)


def later(*words: str, instead: str = "remove it") -> dict[str, str]:
    """Say of each of `words` that only a later version understands it, and what to do about that."""
    return dict.fromkeys(words, f"is not applied by this version; {instead}")


def read_fields(at: At, shape: Shape) -> dict[str, Any] | None:
    """Read every field of a mapping into attributes; None, with each fault noted, if one of them has no value."""
    if not isinstance(at.value, dict):
        at.expected(f"{shape.what} (a mapping)", f"write its fields: {_listed(shape.fields)}")
        return None
    strangers = [key for key in at.value if key not in shape.fields]
    for key in strangers:
        _read_stranger(at.within(key), key, shape)
    found: dict[str, Any] = {}
    for key, one in shape.fields.items():
        if key in at.value:
            found[one.to] = one.read(at.within(key))
        elif one.needs:
            near = closest(key, strangers[:MOST_NOTES])
            advice = f"rename {quoted(near)}" if near else f"give {one.needs}"
            at.notes.fault((*at.steps, key), f"is missing; {advice}")
            found[one.to] = None
    return None if any(value is None for value in found.values()) else found


def _read_stranger(at: At, key: str, shape: Shape) -> None:
    if key in shape.refused:
        at.fault(f"{quoted(key)} {shape.refused[key]}")
    elif not at.notes.warned_enough:
        near = nearest(key, shape.fields)
        at.notes.warn(at.steps, f"{quoted(key)} is not a field of {shape.what} and is ignored{near or '; remove it'}")


def _listed(names: Mapping[str, object] | Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def record(build: Callable[..., T], shape: Shape) -> Reader[T]:
    """Read a mapping into the frozen value that `build` makes; an absent field keeps its default there."""

    def read(at: At) -> T | None:
        found = read_fields(at, shape)
        return None if found is None else build(**found)

    return read


def string(longest: int, *, shortest: int = 1) -> Reader[str]:
    """A text of at most `longest` characters that is not blank, or may be empty where `shortest` is 0."""

    def read(at: At) -> str | None:
        if not isinstance(at.value, str):
            at.expected("a text", _quoting_advice(at.value))
        elif len(at.value) > longest:
            at.fault(f"expected at most {longest} characters, found {len(at.value)}; shorten it")
        elif shortest and not at.value.strip():
            at.expected("a text that is not blank", "write one or remove the field")
        else:
            return at.value
        return None

    return read


def _quoting_advice(value: object) -> str:
    return "put it in quotes" if isinstance(value, bool | int | float) else "write a text"


def name(pattern: str, what: str, rule: str) -> Reader[str]:
    """A name that `pattern` matches whole; `rule` says in words what that is."""
    compiled = re.compile(pattern)

    def read(at: At) -> str | None:
        if isinstance(at.value, str) and compiled.fullmatch(at.value):
            return at.value
        at.expected(what, f"use {rule}")
        return None

    return read


def one_of(choices: Mapping[str, T], what: str, refused: Mapping[str, str] | None = None) -> Reader[T]:
    """One of the words of a table; gives what the table has for it. `refused` says why not of words it lacks."""
    told = refused or {}

    def read(at: At) -> T | None:
        if not isinstance(at.value, str):
            at.expected(what, f"use one of {_listed(choices)}")
        elif at.value in choices:
            return choices[at.value]
        elif at.value in told:
            at.fault(f"{quoted(at.value)} {told[at.value]}")
        else:
            near = nearest(at.value, choices)
            at.fault(f"{quoted(at.value)} is not {what}{near or f'; use one of {_listed(choices)}'}")
        return None

    return read


def flag(at: At) -> bool | None:
    """True or false."""
    if isinstance(at.value, bool):
        return at.value
    at.expected("true or false", "write `true` or `false`")
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def integer(lowest: int, highest: int) -> Reader[int]:
    """A whole number in a range; true is not 1, and 1.0 is not 1."""

    def read(at: At) -> int | None:
        if isinstance(at.value, int) and not isinstance(at.value, bool) and lowest <= at.value <= highest:
            return at.value
        at.expected(f"a whole number from {lowest} to {highest}", "write one without quotes")
        return None

    return read


def share(at: At) -> float | None:
    """A share from 0 to 1."""
    if _is_number(at.value) and 0 <= at.value <= 1:
        return float(at.value)
    at.expected("a share from 0 to 1", "write a quarter as `0.25`")
    return None


def number(at: At) -> float | None:
    """Any number."""
    if _is_number(at.value):
        value: float = at.value
        return value
    at.expected("a number", "write one without quotes")
    return None


def scalar(at: At) -> str | float | bool | None:
    """A text, a number, true or false: what a condition compares with."""
    if isinstance(at.value, bool | int | float):
        return at.value
    if isinstance(at.value, str):
        return string(LONGEST_OPERAND, shortest=0)(at)
    at.expected("a text, a number, true or false", "the operators `exists` and `missing` ask whether there is one")
    return None


def span(shortest_ms: int, longest_ms: int, *, forever: bool = False) -> Reader[int]:
    """A span of time such as `7d`, in milliseconds; `forever` where that makes sense."""
    what = f"a span of time from {format_span(shortest_ms)} to {format_span(longest_ms)}"
    advice = "write a number and a unit: `30s`, `15m`, `2h`, `7d`, `2w`" + (", or `forever`" if forever else "")

    def read(at: At) -> int | None:
        span_ms = parse_span(at.value) if isinstance(at.value, str) else None
        if span_ms is not None and (shortest_ms <= span_ms <= longest_ms or (forever and span_ms == FOREVER)):
            return span_ms
        at.expected(what, advice)
        return None

    return read


def list_of(read_one: Reader[T], most: int, *, least: int = 0) -> Reader[tuple[T, ...]]:
    """A list of `least` to `most`, each read by `read_one`."""

    def read(at: At) -> tuple[T, ...] | None:
        if not isinstance(at.value, list) or not least <= len(at.value) <= most:
            at.expected(f"a list of {least} to {most}", "write `[...]`, or one entry a line after `- `")
            return None
        found = [read_one(at.within(index)) for index in range(len(at.value))]
        whole = tuple(one for one in found if one is not None)
        return whole if len(whole) == len(found) else None

    return read


def refuse_twice(at: At, field: str, what: str) -> None:
    """Note a fault where two mappings of a list have the same text in `field`."""
    seen: set[str] = set()
    for index, entry in enumerate(at.value if isinstance(at.value, list) else ()):
        written = entry.get(field) if isinstance(entry, dict) else None
        if isinstance(written, str) and written in seen:
            at.within(index).within(field).fault(f"{quoted(written)} is {what}; choose another")
        elif isinstance(written, str):
            seen.add(written)


def set_of(read_one: Reader[str], most: int) -> Reader[frozenset[str]]:
    """A list of at most `most` names whose order means nothing."""
    read_all = list_of(read_one, most)

    def read(at: At) -> frozenset[str] | None:
        found = read_all(at)
        return None if found is None else frozenset(found)

    return read
