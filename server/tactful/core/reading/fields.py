"""The smallest readers: of one text, word, number or span."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from tactful.core.reading.notes import listed, nearest, quoted
from tactful.core.reading.places import At, Reader
from tactful.core.spans import FOREVER, format_span, parse_span

__all__ = ["flag", "integer", "key", "name", "number", "number_over", "one_of", "scalar", "share", "span", "string"]

T = TypeVar("T")

LONGEST_OPERAND = 1_000


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


def key(what: str) -> Reader[str]:
    """A name that programs use, of a survey or a rule."""
    return name("[a-z0-9][a-z0-9-]{0,63}", what, "up to 64 of a-z, 0-9 and `-`, beginning with a letter or digit")


def one_of(choices: Mapping[str, T], what: str, refused: Mapping[str, str] | None = None) -> Reader[T]:
    """One of the words of a table; gives what the table has for it. `refused` says why not of words it lacks."""
    told = refused or {}

    def read(at: At) -> T | None:
        if not isinstance(at.value, str):
            at.expected(what, f"use one of {listed(choices)}")
        elif at.value in choices:
            return choices[at.value]
        elif at.value in told:
            at.fault(f"{quoted(at.value)} {told[at.value]}")
        else:
            near = nearest(at.value, choices)
            at.fault(f"{quoted(at.value)} is not {what}{near or f'; use one of {listed(choices)}'}")
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


def number_over(lowest: float, highest: float) -> Reader[float]:
    """A number above `lowest`, and at most `highest`."""

    def read(at: At) -> float | None:
        if _is_number(at.value) and lowest < at.value <= highest:
            return float(at.value)
        at.expected(f"a number above {lowest:g}, at most {highest:g}", "write one without quotes")
        return None

    return read


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
