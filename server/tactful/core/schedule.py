"""When a survey may be asked: between two dates, at some hours of the day, on some days of the week, somewhere.

Everything is said in local time, and the local clock is what decides: an hour that a clock shows twice is open twice,
one that it leaves out is not. Hours may pass midnight; such a night belongs to the day on which it begins, so that
`22:00-06:00` on fridays lasts until Saturday morning. The two dates bound the moment itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["DAYS", "Schedule", "is_open", "next_opening", "zone_of"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY = timedelta(days=1)
#: Whatever the hours and days, they come within a week, or the week after if a clock leaves them out.
_DAYS_AHEAD = 15
#: The year 9900. Python's calendar ends a century later; here every schedule does.
_END = 250_246_627_200_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """From the day `first` to the day `last`, both included, on `days` (none named: on all), in the time zone `tz`.

    `hours` are minutes after midnight, from and to; a second that is not above the first lies on the next day.
    """

    first: date | None = None
    last: date | None = None
    tz: str = "UTC"
    hours: tuple[int, int] | None = None
    days: tuple[str, ...] = ()


@lru_cache(maxsize=1_024)
def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of this name, if there is one."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, no name of any, a folder of zones
        return None


def is_open(schedule: Schedule, now: int) -> bool:
    """Tell whether the survey may be asked at `now`, in milliseconds."""
    return now < _END and _is_open_at(schedule, _local(schedule, now))


def next_opening(schedule: Schedule, now: int) -> int | None:
    """The first moment from `now` on at which the survey may be asked; None when its time is over."""
    if now >= _END:
        return None
    if is_open(schedule, now):
        return now
    today = _local(schedule, now).date()
    day = today if schedule.first is None else max(today, schedule.first)
    last = day + _DAYS_AHEAD * _DAY
    while day <= (last if schedule.last is None else min(last, schedule.last)):
        for turn in sorted(_turns(schedule, day)):
            if turn >= now and is_open(schedule, turn):
                return turn
        day += _DAY
    return None


def _is_open_at(schedule: Schedule, local: datetime) -> bool:
    begun = today = local.date()
    if (schedule.first is not None and today < schedule.first) or (schedule.last is not None and today > schedule.last):
        return False
    if schedule.hours is not None:
        opens, closes = schedule.hours
        minute = local.hour * 60 + local.minute
        if opens < closes:
            if not opens <= minute < closes:
                return False
        elif minute < closes:
            begun = today - _DAY
        elif minute < opens:
            return False
    return not schedule.days or DAYS[begun.weekday()] in schedule.days


def _zone(schedule: Schedule) -> ZoneInfo:
    zone = zone_of(schedule.tz)
    assert zone is not None, f"{schedule.tz} was a time zone when it was read"
    return zone


def _local(schedule: Schedule, at: int) -> datetime:
    return (_EPOCH + at * _MILLISECOND).astimezone(_zone(schedule))


def _turns(schedule: Schedule, day: date) -> Iterator[int]:
    """Every moment of the local `day` at which the survey may begin to be open: midnight, its hour, and where the clock
    jumps."""
    opens = schedule.hours[0] if schedule.hours else 0
    for minute in {0, opens}:
        yield from _moments(schedule, day, minute)
    first = min(_moments(schedule, day, 0))
    last = max(_moments(schedule, day + _DAY, 0))
    if _offset(schedule, first) != _offset(schedule, last):
        yield _jump(schedule, first, last)


def _moments(schedule: Schedule, day: date, minute: int) -> tuple[int, int]:
    """When the local clock shows this, both times if it does so twice; around its jump if it does not."""
    wall = datetime.combine(day, time(minute // 60, minute % 60), _zone(schedule))
    first, second = ((wall.replace(fold=fold) - _EPOCH) // _MILLISECOND for fold in (0, 1))
    return first, second


def _offset(schedule: Schedule, at: int) -> timedelta | None:
    return _local(schedule, at).utcoffset()


def _jump(schedule: Schedule, first: int, last: int) -> int:
    """The moment between two, of which the offsets differ, at which the clock jumps."""
    before = _offset(schedule, first)
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (middle, last) if _offset(schedule, middle) == before else (first, middle)
    return last
