"""When a clock is not believed: jumps while running and across a restart, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.clockwatch import AHEAD_MS, BEHIND_MS, Jump, Reading, at_start, base_after, while_running
from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

BASE = Reading(1_795_000_000_000, 7)


def after(passed: int, jumped: int) -> Reading:
    return Reading(BASE.wall + passed + jumped, BASE.steady + passed)


@pytest.mark.parametrize("passed", [0, 1, SECOND_MS, 23 * HOUR_MS])
@pytest.mark.parametrize(
    ("jumped", "verdict"),
    [
        (0, None),
        (128, None),  # an NTP step of a clock that ran badly
        (-2 * MINUTE_MS, None),
        (59 * MINUTE_MS, None),
        (HOUR_MS - 1, None),
        (HOUR_MS, Jump("ahead", HOUR_MS)),
        (8 * HOUR_MS, Jump("ahead", 8 * HOUR_MS)),  # a virtual machine was paused overnight
        (91 * DAY_MS, Jump("ahead", 91 * DAY_MS)),
        (-BEHIND_MS + 1, None),
        (-BEHIND_MS, Jump("behind", BEHIND_MS)),
        (-HOUR_MS, Jump("behind", HOUR_MS)),
        (-8 * DAY_MS, Jump("behind", 8 * DAY_MS)),
    ],
)
def test_a_jump_while_running(passed: int, jumped: int, verdict: Jump | None) -> None:
    assert while_running(BASE, after(passed, jumped)) == verdict


@pytest.mark.parametrize(
    ("away", "verdict"),
    [
        (0, None),
        (30 * DAY_MS - 1, None),  # stopped for a month
        (30 * DAY_MS, Jump("ahead", 30 * DAY_MS)),
        (91 * DAY_MS, Jump("ahead", 91 * DAY_MS)),
        (-5 * MINUTE_MS + 1, None),
        (-5 * MINUTE_MS, Jump("behind", 5 * MINUTE_MS)),
        (-8 * DAY_MS, Jump("behind", 8 * DAY_MS)),
    ],
)
def test_a_jump_across_a_restart(away: int, verdict: Jump | None) -> None:
    assert at_start(BASE.wall + away, BASE.wall) == verdict


def test_a_new_database_has_nothing_to_compare_with() -> None:
    assert at_start(BASE.wall, 0) is None


def test_the_base_is_at_most_a_day_old() -> None:
    assert base_after(BASE, after(DAY_MS - 1, 0)) == BASE
    assert base_after(BASE, after(DAY_MS, 5)) == after(DAY_MS, 5)


@given(st.lists(st.tuples(st.integers(0, HOUR_MS), st.integers(-100, 100)), max_size=400))
def test_clocks_that_only_drift_are_believed_for_ever(steps: list[tuple[int, int]]) -> None:
    base = now = BASE
    for passed, drift in steps:
        now = Reading(now.wall + passed + drift, now.steady + passed)
        assert while_running(base, now) is None
        base = base_after(base, now)


@given(st.integers(0, DAY_MS), st.integers(-(10**12), 10**12))
def test_no_jump_beyond_the_bounds_is_believed(passed: int, jumped: int) -> None:
    verdict = while_running(BASE, after(passed, jumped))
    assert (verdict is not None) == (jumped >= AHEAD_MS or jumped <= -BEHIND_MS)
    assert verdict is None or verdict.by_ms == abs(jumped)
