"""Ids and secrets: unique, ordered by time, and of the shape that leak scanners know."""

from __future__ import annotations

import re
import time

from hypothesis import given
from hypothesis import strategies as st

from tactful.clock import SystemClock, new_id, new_secret
from tests.support.clock import SetClock

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def number(written: str) -> int:
    return sum(_DIGITS.index(letter) << 5 * place for place, letter in enumerate(reversed(written)))


def test_the_system_clock_tells_milliseconds() -> None:
    before, now, after = time.time_ns(), SystemClock().now_ms(), time.time_ns()
    assert before // 1_000_000 <= now <= after // 1_000_000


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1))
def test_ids_sort_by_the_time_they_were_made(first: int, second: int) -> None:
    earlier, later = sorted((first, second))
    ids = [new_id(SetClock(at)) for at in (earlier, later)]
    assert (earlier == later) or ids == sorted(ids)


@given(st.integers(0, 2**48 - 1))
def test_an_id_is_a_uuid_of_version_7(at: int) -> None:
    written = new_id(SetClock(at))
    assert re.fullmatch(f"[{_DIGITS}]{{26}}", written)
    value = number(written)
    assert (value >> 80, value >> 76 & 0xF, value >> 62 & 0x3) == (at, 7, 2)
    assert value < 1 << 128


def test_ids_of_one_millisecond_differ() -> None:
    clock = SetClock()
    assert len({new_id(clock) for _ in range(10_000)}) == 10_000


def test_secrets_tell_what_they_open_and_nothing_else() -> None:
    made = {new_secret("wk") for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(re.fullmatch("wk_[0-9a-f]{48}", secret) for secret in made)
