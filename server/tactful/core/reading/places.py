"""One place in the data while it is being read, and what a reader is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tactful.core.reading.notes import Notes, Steps, described
from tactful.core.reading.outline import NO_OUTLINE, Outline

__all__ = ["At", "Reader"]

T = TypeVar("T")


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


#: Gives the value that stands at a place, or None after it has noted a fault.
Reader = Callable[[At], T | None]
