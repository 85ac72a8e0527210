"""The only place that reads a clock or draws randomness; everybody else is handed a `Clock`."""

from __future__ import annotations

import os
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock", "id_of", "new_id", "new_secret", "share"]

# Crockford's base 32: its order as text is its order as a number, and no letter is mistaken for a digit.
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 26
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
# Linux has one that goes on while the machine sleeps.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Wall time as integer milliseconds since 1970, UTC, and the time that passed since any moment, whoever sets the
    wall clock meanwhile."""

    def now_ms(self) -> int: ...

    def steady_ms(self) -> int: ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def steady_ms(self) -> int:
        return time.clock_gettime_ns(_STEADY) // 1_000_000


def new_id(clock: Clock) -> str:
    """Make a UUIDv7 (RFC 9562) written in 26 letters of base 32.

    Ids sort by the time they were made: a random unique key costs seven times in rows per second on a grown table.
    """
    return id_of(clock.now_ms(), int.from_bytes(os.urandom(10), "big"))


def id_of(at_ms: int, chance: int) -> str:
    """Write the id that is made at `at_ms` when `chance`, 80 bits, was drawn."""
    value = (at_ms & (2**48 - 1)) << 80 | chance
    value = value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return "".join([_PAIRS[value >> shift & 1_023] for shift in range(5 * (_ID_LENGTH - 2), -1, -10)])


def new_secret(prefix: str) -> str:
    """Make an unguessable secret of 192 bits whose prefix tells a reader (and a leak scanner) what it opens."""
    return f"{prefix}_{os.urandom(24).hex()}"


def share() -> float:
    """Draw a number from 0 to 1: what every process does each hour, they need not all do at once."""
    return os.urandom(1)[0] / 255
