"""Whether the clock can be trusted: values in, a verdict out.

Every rule of "never too often" rests on the wall clock. Set forward it opens every window at once. Set back it dates
new asks too early, so that they seem old once it is right again. Each person's `last_at` never falls, which protects
those who were seen, but not whoever is asked meanwhile. So a jump stops asking until somebody says what time it is.

A jump shows against a steady clock, which counts time passed and is never set; and, where a process has just started
and has nothing to compare with, against the *mark*: the latest time that a server wrote down, at most a minute old when
it died.

    while running   ahead by an hour or more, behind by five minutes or more, within a day
    at the start    30 days or more after the mark, five minutes or more before it

A machine that sleeps is no jump: the steady clock counts its sleep. A virtual machine that was paused from outside is
one, since nothing inside can tell a pause from a clock that was set.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS

__all__ = ["AHEAD_MS", "AWAY_MS", "BEHIND_MS", "Jump", "Reading", "at_start", "base_after", "while_running"]

AHEAD_MS = HOUR_MS
BEHIND_MS = 5 * MINUTE_MS
AWAY_MS = 30 * DAY_MS
#: Two clocks drift apart by seconds a day; a comparison that went back further would take that for a jump.
_BASE_MS = DAY_MS


class Reading(NamedTuple):
    """Both clocks at one moment: the wall clock that decides, and the steady one, which has any beginning."""

    wall: int
    steady: int


class Jump(NamedTuple):
    """The clock is `ahead` or `behind` by `by_ms` (not negative)."""

    way: Literal["ahead", "behind"]
    by_ms: int


def while_running(base: Reading, now: Reading) -> Jump | None:
    """Tell whether the wall clock moved otherwise than time passed, since `base`."""
    drift_ms = (now.wall - base.wall) - (now.steady - base.steady)
    if drift_ms >= AHEAD_MS:
        return Jump("ahead", drift_ms)
    return Jump("behind", -drift_ms) if drift_ms <= -BEHIND_MS else None


def at_start(wall: int, mark: int) -> Jump | None:
    """Tell whether the wall clock can be right after a server wrote `mark` down (0: none ever did)."""
    if mark == 0:
        return None
    if wall - mark >= AWAY_MS:
        return Jump("ahead", wall - mark)
    return Jump("behind", mark - wall) if mark - wall >= BEHIND_MS else None


def base_after(base: Reading, now: Reading) -> Reading:
    """What to compare with next, `now` having been found good."""
    return now if now.steady - base.steady >= _BASE_MS else base
