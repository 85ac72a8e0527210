"""The shape of a schedule: dates, hours, days and the time zone that they are meant in."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import available_timezones

from tactful.core.reading.fields import one_of
from tactful.core.reading.notes import closest, quoted
from tactful.core.reading.places import At
from tactful.core.reading.shapes import Field, Shape, list_of, read_fields
from tactful.core.schedule import DAYS, Schedule, zone_of

__all__ = ["SCHEDULE", "schedule"]

_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)


def _date(at: At) -> date | None:
    if isinstance(at.value, str) and _DATE.fullmatch(at.value):
        try:
            found = date.fromisoformat(at.value)
        except ValueError:  # a 30th of February
            found = date.min
        if _FIRST_YEAR <= found.year <= _LAST_YEAR:
            return found
    at.expected(f"a date of the years {_FIRST_YEAR} to {_LAST_YEAR}", "write `2026-12-01`")
    return None


def _zone(at: At) -> str | None:
    if not isinstance(at.value, str):
        at.expected("a time zone", "write one as `Europe/Berlin`, or `UTC`")
        return None
    if zone_of(at.value) is not None:
        return at.value
    names = {name.lower(): name for name in sorted(available_timezones())}
    near = closest(at.value, names)
    advice = f"did you mean {quoted(names[near])}?" if near else "write one as `Europe/Berlin`, or `UTC`"
    at.fault(f"{quoted(at.value)} is not a time zone; {advice}")
    return None


def _hours(at: At) -> tuple[int, int] | None:
    match = _HOURS.fullmatch(at.value) if isinstance(at.value, str) else None
    if match is None:
        at.expected("hours of the day", 'write them as `"08:00-20:00"`')
        return None
    opens = int(match[1]) * 60 + int(match[2])
    closes = 24 * 60 if match[3] is None else int(match[3]) * 60 + int(match[4])
    if opens == closes:
        at.fault("begins and ends at the same minute; leave it out for the whole day")
        return None
    return opens, closes


_day = one_of({day: day for day in DAYS}, "a day of the week")


def _some_days(at: At) -> tuple[str, ...] | None:
    """A day, or the days from one to another: `mon..fri`."""
    first, dots, last = at.value.partition("..") if isinstance(at.value, str) else (at.value, "", "")
    begin = _day(at.holding(first))
    end = _day(at.holding(last)) if dots else begin
    if begin is None or end is None:
        return None
    begun = DAYS.index(begin)
    return tuple(DAYS[(begun + index) % 7] for index in range((DAYS.index(end) - begun) % 7 + 1))


_all_days = list_of(_some_days, len(DAYS), least=1)


def _days(at: At) -> tuple[str, ...] | None:
    """Days in the order of the week, each once."""
    found = _all_days(at)
    return None if found is None else tuple(day for day in DAYS if any(day in some for some in found))


SCHEDULE = Shape(
    "a schedule",
    {
        "from": Field(_date, to="first"),
        "until": Field(_date, to="last"),
        "tz": Field(_zone, to="tz"),
        "hours": Field(_hours, to="hours"),
        "days": Field(_days, to="days"),
    },
)


def schedule(at: At) -> Schedule | None:
    """Read a schedule. One that says nothing but a zone is a fault: somebody meant more."""
    found = read_fields(at, SCHEDULE)
    if found is None:
        return None
    read = Schedule(**found)
    if read == Schedule(tz=read.tz):
        at.expected("when the survey may be asked", "give `from`, `until`, `hours` or `days`")
        return None
    if read.first is not None and read.last is not None and read.first > read.last:
        at.within("until").fault("is before `from`; swap the two")
        return None
    return read
