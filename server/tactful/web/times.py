"""Times on the wire: ISO 8601 in UTC with milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["iso_time"]


def iso_time(at_ms: int) -> str:
    """Write a time as `2026-11-21T18:00:00.000Z`."""
    seconds, milliseconds = divmod(at_ms, 1_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"
