"""Times that others wrote: what is one, which, and that nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.instants import as_instant, parse_instants
from tactful.core.spans import DAY_MS
from tests.core.strategies import JSON

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "instants"),
    [
        ("1970-01-01", (0, DAY_MS)),
        ("1970-01-01T00:00", (0, 1)),
        ("1970-01-01 00:00:01", (1_000, 1_001)),
        ("1970-01-01T00:00:00.5Z", (500, 501)),
        ("1970-01-01t00:00:00z", (0, 1)),
        ("1970-01-01T00:00:00.123456789Z", (123, 124)),
        ("1970-01-01T01:00+01:00", (0, 1)),
        ("1970-01-01T01:00+0100", (0, 1)),
        ("1969-12-31", (-DAY_MS, 0)),
        ("19700101", None),
        ("1970-W01-1", None),
        ("1970-01-01T00", None),
        ("1970-02-30", None),
        ("1970-01-01T25:00", None),
        (" 1970-01-01", None),
        ("1970-01-01\n", None),
        ("١٩٧٠-01-01", None),
        ("0", None),
        ("", None),
    ],
)
def test_a_text_is_a_time_or_none(written: str, instants: tuple[int, int] | None) -> None:
    assert parse_instants(written) == instants
    assert as_instant(written) == (None if instants is None else instants[0])


ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=ZONES | st.just(UTC)))
def test_what_a_program_writes_is_read(at: datetime) -> None:
    assert as_instant(at.isoformat()) == (at - EPOCH) // timedelta(milliseconds=1)


@given(JSON)
def test_any_value_gets_an_answer(value: object) -> None:
    found = as_instant(value)
    assert (found is None) is (isinstance(value, bool | list | dict) or value is None or isinstance(value, str))


@given(st.integers(0, 99_999_999_999))
def test_seconds_and_milliseconds_say_the_same(seconds: int) -> None:
    assert as_instant(seconds) == seconds * 1_000
    if seconds >= 100_000_000:
        assert as_instant(seconds * 1_000) == seconds * 1_000
