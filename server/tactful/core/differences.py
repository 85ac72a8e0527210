"""Two texts, line by line: what was taken away and what was added, with a little of what stayed around it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import unified_diff
from typing import Literal

__all__ = ["Line", "differences", "unified"]

#: So many unchanged lines stand around each change.
_AROUND = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference: `same`, `added`, `removed`, or the `place` in both texts where lines were left out."""

    kind: Literal["same", "added", "removed", "place"]
    text: str

    def __str__(self) -> str:
        return f"{_MARKS[self.kind]}{self.text}"


_MARKS = {"same": " ", "added": "+", "removed": "-", "place": ""}
_KINDS: dict[str, Literal["same", "added", "removed", "place"]] = {
    " ": "same",
    "+": "added",
    "-": "removed",
}


def differences(before: str, after: str) -> tuple[Line, ...]:
    """Say how `after` came from `before`, in the order of their lines; nothing where they are equal."""
    # Only a line feed ends a line here: `splitlines` would divide texts that hold other separators.
    found = unified_diff(_lines(before), _lines(after), n=_AROUND, lineterm="")
    told = list(found)[2:]  # behind the names of the two files, which the caller knows better
    return tuple(_line(one) for one in told)


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _line(written: str) -> Line:
    kind = _KINDS.get(written[:1])
    return Line("place", written) if kind is None else Line(kind, written[1:])


def unified(before: str, after: str, lines: Iterable[Line]) -> str:
    """Write lines as a unified diff of what is named `before` and `after`; nothing where there are none."""
    told = [str(line) for line in lines]
    return "\n".join([f"--- {before}", f"+++ {after}", *told, ""]) if told else ""
