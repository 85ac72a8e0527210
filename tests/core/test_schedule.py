"""Schedules: local days and hours, and the next opening, over every jump of a clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.schedule import DAYS, Schedule, is_open, next_opening, zone_of
from tactful.core.spans import DAY_MS, FOREVER, HOUR_MS, MINUTE_MS
from tests.core.strategies import SCHEDULES

EIGHT_TO_EIGHT = (8 * 60, 20 * 60)
NIGHT = (22 * 60, 6 * 60)


def _at(written: str, tz: str = "Europe/Berlin", fold: int = 0) -> int:
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(tz), fold=fold)
    return round(moment.timestamp() * 1_000)


BERLIN = Schedule(date(2026, 12, 1), date(2027, 1, 31), "Europe/Berlin", EIGHT_TO_EIGHT)
FRIDAY_NIGHTS = Schedule(tz="Europe/Berlin", hours=NIGHT, days=("fri",))
SKIPPED_HOUR = Schedule(tz="Europe/Berlin", hours=(2 * 60 + 15, 2 * 60 + 45), days=("sun",))


@pytest.mark.parametrize(
    ("schedule", "now", "opens"),
    [
        (BERLIN, "2026-11-30T12:00", "2026-12-01T08:00"),
        (BERLIN, "2026-12-01T07:59:59.999", "2026-12-01T08:00"),
        (BERLIN, "2026-12-01T08:00", "2026-12-01T08:00"),
        (BERLIN, "2026-12-01T19:59:59.999", "2026-12-01T19:59:59.999"),
        (BERLIN, "2026-12-01T20:00", "2026-12-02T08:00"),
        (BERLIN, "2027-01-31T19:59", "2027-01-31T19:59"),
        (BERLIN, "2027-01-31T20:00", None),
        (BERLIN, "2027-02-01T12:00", None),
        (BERLIN, "2020-01-01T12:00", "2026-12-01T08:00"),
        (Schedule(date(2026, 12, 1), tz="Europe/Berlin"), "2026-11-30T23:59", "2026-12-01T00:00"),
        (Schedule(last=date(2026, 12, 1), tz="Europe/Berlin"), "2026-12-01T23:59:59", "2026-12-01T23:59:59"),
        (Schedule(last=date(2026, 12, 1), tz="Europe/Berlin"), "2026-12-02T00:00", None),
        (FRIDAY_NIGHTS, "2026-11-20T05:00", "2026-11-20T22:00"),
        (FRIDAY_NIGHTS, "2026-11-21T05:59:59", "2026-11-21T05:59:59"),
        (FRIDAY_NIGHTS, "2026-11-21T06:00", "2026-11-27T22:00"),
        (Schedule(tz="Europe/Berlin", hours=(1_200, 0)), "2026-11-21T00:00", "2026-11-21T20:00"),
        (Schedule(tz="Europe/Berlin", hours=(1_200, 1_440)), "2026-11-21T23:59", "2026-11-21T23:59"),
        (Schedule(date(2026, 12, 1), tz="Europe/Berlin", hours=NIGHT), "2026-11-30T23:00", "2026-12-01T00:00"),
        (Schedule(last=date(2026, 12, 1), tz="Europe/Berlin", hours=NIGHT), "2026-12-02T00:00", None),
        (SKIPPED_HOUR, "2026-03-28T12:00", "2026-04-05T02:15"),
        (Schedule(tz="Europe/Berlin", hours=(150, 240)), "2026-03-29T01:59", "2026-03-29T03:00"),
    ],
)
def test_when_it_opens_next(schedule: Schedule, now: str, opens: str | None) -> None:
    assert next_opening(schedule, _at(now)) == (None if opens is None else _at(opens))
    assert is_open(schedule, _at(now)) is (now == opens)


def test_an_hour_that_the_clock_shows_twice_is_open_twice() -> None:
    schedule = Schedule(tz="Europe/Berlin", hours=(2 * 60, 2 * 60 + 30))
    first, second = (_at("2026-10-25T02:00", fold=fold) for fold in (0, 1))
    assert second - first == HOUR_MS
    closed = first + 30 * MINUTE_MS
    assert [is_open(schedule, at) for at in (first, second, closed)] == [True, True, False]
    assert next_opening(schedule, closed) == second


def test_beyond_the_calendar_nothing_opens() -> None:
    always = Schedule(first=date(2026, 1, 1))
    last = _at("9899-12-31T23:59:59.999Z")
    assert is_open(always, last)
    for now in (last + 1, FOREVER):
        assert (is_open(always, now), next_opening(always, now)) == (False, None)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "Europe", "europe/nowhere", "../etc/passwd", "/etc/passwd", "a\x00b", "\ud800", "zone.tab"]
)
def test_what_is_no_zone_is_none(name: str) -> None:
    assert zone_of(name) is None


#: Days on which clocks jump, by an hour or half of one, over midnight too, or over a whole day; and others.
JUMPS = {
    "Europe/Berlin": ("2026-03-28", "2026-10-24", "2026-11-21", "2026-12-31"),
    "America/St_Johns": ("2026-03-07", "2026-10-31", "2009-10-31"),
    "Australia/Lord_Howe": ("2026-04-04", "2026-10-03"),
    "Africa/Cairo": ("2026-04-23", "2026-10-29"),
    "Pacific/Apia": ("2011-12-28",),
    "America/Sao_Paulo": ("2018-11-03", "2018-02-17"),
    "UTC": ("2026-02-27", "2028-02-28"),
}
SPAN_MS = 4 * DAY_MS


@st.composite
def moments(draw: st.DrawFn) -> tuple[Schedule, int]:
    """A schedule near a jump of its clock, and a moment shortly before, seldom on a whole minute."""
    tz = draw(st.sampled_from(sorted(JUMPS)))
    start = date.fromisoformat(draw(st.sampled_from(JUMPS[tz])))
    near = st.none() | st.integers(-1, 4).map(lambda days: date.fromordinal(start.toordinal() + days))
    minute = st.integers(0, 1_439) | st.integers(0, 47).map(lambda half: half * 30)
    hours = st.tuples(minute, minute | st.just(1_440)).filter(lambda pair: pair[0] != pair[1])
    days = draw(st.frozensets(st.sampled_from(DAYS)))
    schedule = Schedule(draw(near), draw(near), tz, draw(st.none() | hours), tuple(day for day in DAYS if day in days))
    after = draw(st.integers(0, 2 * DAY_MS) | st.integers(0, 96).map(lambda half: half * 30 * MINUTE_MS))
    return schedule, _at(f"{start}T00:00:00Z") + after


def _is_open_by_hand(schedule: Schedule, at: int) -> bool:
    """The same by the words of the documentation, told on a list of the openings' days."""
    local = datetime.fromtimestamp(at / 1_000, UTC).astimezone(ZoneInfo(schedule.tz))
    today, minute = local.date(), local.hour * 60 + local.minute
    if not (schedule.first or date.min) <= today <= (schedule.last or date.max):
        return False
    opens, closes = schedule.hours or (0, 1_440)
    length = closes - opens if closes > opens else closes + 1_440 - opens
    for ago in (0, 1):
        begun = date.fromordinal(today.toordinal() - ago)
        on_day = not schedule.days or f"{begun:%a}".lower() in schedule.days
        if on_day and opens <= minute + ago * 1_440 < opens + length:
            return True
    return False


@given(moments())
def test_the_next_opening_is_the_one_that_a_search_by_the_minute_finds(case: tuple[Schedule, int]) -> None:
    schedule, now = case
    whole = now - now % MINUTE_MS
    searched = [now, *range(whole + MINUTE_MS, whole + SPAN_MS, MINUTE_MS)]
    found = next((at for at in searched if _is_open_by_hand(schedule, at)), None)
    told = next_opening(schedule, now)
    if found is None:
        assert told is None or told >= searched[-1]
    else:
        assert told == found
        assert is_open(schedule, found)
    assert is_open(schedule, now) is (told == now)


@given(SCHEDULES, st.integers(946_684_800_000, 7_258_118_400_000))
def test_an_opening_is_open_and_the_moment_before_it_is_not(schedule: Schedule, now: int) -> None:
    told = next_opening(schedule, now)
    if told is None:
        assert schedule.last is not None or schedule.days, "it never opens again"
        return
    assert is_open(schedule, told)
    assert told == now or not is_open(schedule, told - 1)


def test_the_days_are_those_of_the_week() -> None:
    assert [f"{date(2026, 11, 16 + index):%a}".lower() for index in range(7)] == list(DAYS)
    assert all(one != other for one, other in pairwise(DAYS))
