"""Times that somebody else wrote, as milliseconds since 1970.

A time is an ISO 8601 text (`2026-01-31`, `2026-01-31T18:00:00+01:00`; without a zone it is UTC) or a number: seconds
below 100,000,000,000, which they reach in the year 5138, milliseconds from there on. Anything else is none.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

from tactful.core.spans import DAY_MS

__all__ = ["Instant", "as_instant", "parse_instants"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SECONDS_END = 100_000_000_000

#: Python's own reader takes more, and more with every version; this much means the same everywhere.
_WRITTEN = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII | re.IGNORECASE
)
_LENGTH_OF_DAY = len("2026-01-31")


class Instant(int):
    """Milliseconds for certain, however early: a time of our own, which no rule about numbers may take for seconds."""


def _parsed(written: str) -> int | None:
    if not _WRITTEN.fullmatch(written):
        return None
    try:
        moment = datetime.fromisoformat(written.upper())
    except ValueError:  # a month 13
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND


def as_instant(value: object) -> float | None:
    """The time that `value` says, in milliseconds; None where it says none. Total: any value gets an answer."""
    if isinstance(value, Instant):
        return value
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value * 1_000 if abs(value) < _SECONDS_END else value


def parse_instants(written: str) -> tuple[int, int] | None:
    """The milliseconds that `written` stands for, first and end: of a time that one, of a date the whole day in UTC."""
    first = _parsed(written)
    if first is None:
        return None
    return first, first + (DAY_MS if len(written) == _LENGTH_OF_DAY else 1)
