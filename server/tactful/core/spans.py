"""Spans of time as people write them: `30m`, `7d`, `2s`; `forever` where a rule has no end."""

from __future__ import annotations

import re

__all__ = ["DAY_MS", "FOREVER", "HOUR_MS", "MINUTE_MS", "SECOND_MS", "format_span", "parse_span"]

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

#: Longer than any history: a window of this length never lets go.
FOREVER = 2**52

_UNITS = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
_WRITTEN = re.compile(r"([0-9]{1,9})(ms|s|m|h|d|w)")
_LONGEST_MS = 3_660 * DAY_MS


def parse_span(written: str) -> int | None:
    """Return the milliseconds that `written` stands for, or None when it is not a span of at most ten years."""
    if written == "forever":
        return FOREVER
    match = _WRITTEN.fullmatch(written)
    if match is None:
        return None
    span_ms = int(match[1]) * _UNITS[match[2]]
    return span_ms if span_ms <= _LONGEST_MS else None


def format_span(span_ms: int) -> str:
    """Write a span in its largest whole unit, the inverse of `parse_span`."""
    if span_ms >= FOREVER:
        return "forever"
    for unit in ("d", "h", "m", "s"):
        if span_ms and span_ms % _UNITS[unit] == 0:
            return f"{span_ms // _UNITS[unit]}{unit}"
    return f"{span_ms}ms" if span_ms else "0s"
