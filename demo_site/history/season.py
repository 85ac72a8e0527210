r"""The six months: which hours of which days are busy, and how Lantern fared.

    fortune
      +0.6                    _____.            ._______
                           __/      \          /
       0    ______________/          \        /
                          ^           \______/
      -0.5             release         outage

A release (the practice mode) lifts what people think over six weeks. Later, for nine days, lessons do not load; what
people think falls by much more than it had risen, and comes back within two weeks after the repair.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

__all__ = ["DAY_MS", "HOUR_MS", "MINUTE_MS", "SECOND_MS", "Season"]

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_DAYS = 182
#: Days since the beginning.
_RELEASE = 66
_RISES_FOR = 42
_OUTAGE = (118, 127)
_HEALS_FOR = 13

_RISE = 0.62
_FALL = 1.5
_SCAR = 0.45

#: How busy the days of a week are, from Monday, and the hours of a day where somebody lives.
_WEEK = {
    "school": (1.25, 1.3, 1.25, 1.15, 0.85, 0.25, 0.4),
    "company": (1.2, 1.25, 1.2, 1.15, 0.95, 0.3, 0.3),
    "": (0.95, 0.9, 0.9, 0.9, 0.8, 1.15, 1.4),
}
_HOURS = {
    "school": (8, 9, 9, 10, 10, 11, 11, 13, 14, 14, 15, 16, 17, 19),
    "company": (7, 8, 9, 11, 12, 12, 12, 13, 15, 17, 18, 20, 21, 22),
    "": (6, 7, 8, 12, 17, 18, 19, 19, 20, 20, 21, 21, 22, 23),
}
#: 1970 began on a Thursday.
_THURSDAY = 3


@dataclass(frozen=True, slots=True)
class Season:
    """The time from `start` to `now`, in milliseconds."""

    now: int

    @property
    def start(self) -> int:
        """When the story begins: the same time of the day as now, half a year ago."""
        return self.now - _DAYS * DAY_MS

    @property
    def days(self) -> int:
        """How many days the story has."""
        return _DAYS

    def day_of(self, at: int) -> float:
        """Days since the beginning, with fractions."""
        return (at - self.start) / DAY_MS

    def is_outage(self, at: int) -> bool:
        """Whether lessons do not load."""
        return _OUTAGE[0] <= self.day_of(at) < _OUTAGE[1]

    def released(self, at: int) -> bool:
        """Whether the practice mode is out."""
        return self.day_of(at) >= _RELEASE

    def fortune(self, at: int) -> float:
        """How much better people think of Lantern than at the beginning, in standard deviations of an opinion."""
        day = self.day_of(at)
        risen = _RISE * min(1.0, max(0.0, (day - _RELEASE) / _RISES_FOR))
        if self.is_outage(at):
            return risen - _FALL
        healing = (day - _OUTAGE[1]) / _HEALS_FOR
        return risen - (_SCAR * (1 - healing) if 0 <= healing < 1 else 0.0)

    def busy(self, kind: str, at: int, hours: int) -> float:
        """How busy the day at `at` is for people of `kind`, 1 on average, `hours` east of Greenwich."""
        return _WEEK[kind][((at + hours * HOUR_MS) // DAY_MS + _THURSDAY) % 7]

    def moment_on(self, day: int, kind: str, hours: int, random: Random) -> int:
        """Draw when on the `day`-th day somebody of `kind` comes; may lie outside the story by hours."""
        midnight = self.start - self.start % DAY_MS + day * DAY_MS
        local = random.choice(_HOURS[kind]) * HOUR_MS + random.randrange(HOUR_MS)
        return midnight + local - hours * HOUR_MS
