"""Moments: what a page tells by itself, without a call in its code.

Somebody is about to leave, has scrolled this far, has been here this long, rests. To everything but the reader of
definitions and the page a moment is an event, under a name that says how much of it is meant: `$exit`, `$scroll:50`
(percent), `$time:30000` and `$idle:20000` (milliseconds). So counting, deciding and asking know nothing of moments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tactful.core.spans import format_span

__all__ = ["MOMENTS", "MomentKind", "as_written", "in_words", "is_moment", "named"]


@dataclass(frozen=True, slots=True)
class MomentKind:
    """One kind: its event's name without the amount, how an amount is written, and how it is said."""

    event: str
    write: Callable[[int], object]
    say: str


#: By the field that a trigger writes it with.
MOMENTS: Mapping[str, MomentKind] = {
    "exit": MomentKind("$exit", lambda _: True, "about to leave the page"),
    "scroll": MomentKind("$scroll", lambda percent: percent, "{amount} % of the page seen"),
    "time_on_page": MomentKind("$time", format_span, "{amount} on the page"),
    "idle": MomentKind("$idle", format_span, "{amount} without a move"),
}
_BY_EVENT = {kind.event: field for field, kind in MOMENTS.items()}
_NAME = re.compile(r"(\$exit)|(\$scroll|\$time|\$idle):(\d{1,9})")


def named(field: str, amount: int) -> str:
    """Name the event that the moment written as `field` is; `exit` has no amount."""
    event = MOMENTS[field].event
    return event if field == "exit" else f"{event}:{amount}"


def _parts(event: str) -> tuple[str, int] | None:
    match = _NAME.fullmatch(event)
    return (_BY_EVENT[match[1] or match[2]], int(match[3] or 0)) if match else None


def is_moment(event: str) -> bool:
    """Tell whether an event's name is that of a moment."""
    return _parts(event) is not None


def as_written(event: str) -> tuple[str, object] | None:
    """The field and value that a trigger writes a moment with; None for any other event."""
    parts = _parts(event)
    return None if parts is None else (parts[0], MOMENTS[parts[0]].write(parts[1]))


def in_words(event: str) -> str:
    """Say an event: a moment in words, any other one by its name."""
    parts = _parts(event)
    if parts is None:
        return event
    kind = MOMENTS[parts[0]]
    return kind.say.format(amount=kind.write(parts[1]))
