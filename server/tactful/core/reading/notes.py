"""Places in written data, and what is noted about them.

A note belongs to a place, told as the steps that lead to it from the top; the place need not exist (a missing field
has one too). One fault per place is enough: the first says what to mend, a second would mostly follow from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

__all__ = [
    "MOST_NOTES",
    "Fault",
    "Notes",
    "Step",
    "Steps",
    "closest",
    "described",
    "listed",
    "nearest",
    "path_of",
    "quoted",
]

Step = str | int
Steps = tuple[Step, ...]

#: A file of another kind altogether must not answer with a fault for each of its values.
MOST_NOTES = 100

_LONGEST_SHOWN = 60
_PLAIN_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


def quoted(written: str) -> str:
    """Quote what somebody wrote, shortened and with everything unprintable escaped."""
    short = written if len(written) <= _LONGEST_SHOWN else f"{written[:_LONGEST_SHOWN]}..."
    told = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in short)
    return f"`{told}`"


def described(value: object) -> str:
    """Say what `value`, a JSON value, is, in a few words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number `{value}`"
        case str():
            return f"the text {quoted(value)}" if value else "an empty text"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case _:
            return "a mapping" if value else "an empty mapping"


def closest(written: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `written` may have meant, if any is close."""
    close = get_close_matches(written[:_LONGEST_SHOWN].lower(), list(known), n=1)
    return close[0] if close else None


def nearest(written: str, known: Iterable[str]) -> str:
    """Suggest what `written` may have meant: `; did you mean ...?`, or nothing."""
    close = closest(written, known)
    return f"; did you mean {quoted(close)}?" if close else ""


def listed(names: Iterable[str]) -> str:
    """Write names one after another, each quoted."""
    return ", ".join(f"`{name}`" for name in names)


def path_of(steps: Steps) -> str:
    """Write steps as a path: `surveys[1].questions[0].kind`; the empty path is the whole."""

    def written(step: Step) -> str:
        if isinstance(step, int):
            return f"[{step}]"
        return f".{step}" if _PLAIN_STEP.fullmatch(step) else f"[{quoted(step)}]"

    return "".join(written(step) for step in steps).removeprefix(".")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong (or, as a warning, doubtful) at one place, and what to do about it."""

    steps: Steps
    message: str

    @property
    def path(self) -> str:
        return path_of(self.steps)

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.steps else self.message


@dataclass(slots=True)
class Notes:
    """Collects faults and warnings, one of each per place and at most `MOST_NOTES`."""

    _faults: dict[Steps, Fault] = field(default_factory=dict)
    _warnings: dict[Steps, Fault] = field(default_factory=dict)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(self._faults.values())

    @property
    def warnings(self) -> tuple[Fault, ...]:
        return tuple(self._warnings.values())

    @property
    def warned_enough(self) -> bool:
        """Whether a further warning would be dropped, so that its suggestions need not be looked for."""
        return len(self._warnings) >= MOST_NOTES

    def fault(self, steps: Steps, message: str) -> None:
        _note(self._faults, steps, message)

    def warn(self, steps: Steps, message: str) -> None:
        _note(self._warnings, steps, message)


def _note(notes: dict[Steps, Fault], steps: Steps, message: str) -> None:
    if len(notes) < MOST_NOTES:
        notes.setdefault(steps, Fault(steps, message))
