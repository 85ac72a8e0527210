"""Token buckets: no more than burst and rate in any stretch of time, and a wait that is true."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tactful.core.buckets import Bucket, Rate, is_full, take

RATE = Rate(per_s=10, burst=20)


def let_in(rate: Rate, at: list[int], costs: list[int]) -> tuple[list[tuple[int, int]], Bucket | None]:
    """What a bucket lets in of requests that come at these times: when, and for how many tokens."""
    bucket: Bucket | None = None
    taken = []
    for now, cost in zip(at, costs, strict=True):
        after = take(rate, bucket, now, cost)
        if isinstance(after, Bucket):
            bucket = after
            taken.append((now, cost))
    return taken, bucket


def wait_ms(rate: Rate, bucket: Bucket | None, now: int) -> int:
    after = take(rate, bucket, now, 1)
    return 0 if isinstance(after, Bucket) else after


def test_a_bucket_that_nobody_used_is_full() -> None:
    taken, bucket = let_in(RATE, [0] * 30, [1] * 30)
    assert len(taken) == 20
    assert bucket is not None
    assert wait_ms(RATE, bucket, 0) == 100
    assert wait_ms(RATE, bucket, 99) == 1
    assert wait_ms(RATE, bucket, 100) == 0


def test_it_fills_up_and_no_further() -> None:
    _, bucket = let_in(RATE, [0] * 20, [1] * 20)
    assert bucket is not None
    assert not is_full(RATE, bucket, 1_999)
    assert is_full(RATE, bucket, 2_000)
    assert take(RATE, bucket, 1_000_000, 20) == Bucket(0, 1_000_000)


def test_what_is_larger_than_the_bucket_is_let_in_and_made_up_for() -> None:
    bucket = take(RATE, None, 0, 120)
    assert isinstance(bucket, Bucket)
    assert wait_ms(RATE, bucket, 0) == 10_100, "a hundred tokens of debt, and one to be let in by"


def test_a_clock_that_is_set_back_gives_and_takes_nothing() -> None:
    bucket = take(RATE, None, 1_000, 19)
    assert isinstance(bucket, Bucket)
    empty = take(RATE, bucket, 0, 1)
    assert empty == Bucket(0, 1_000)
    assert wait_ms(RATE, empty, 0) == 100
    assert wait_ms(RATE, empty, 1_100) == 0


rates = st.builds(Rate, per_s=st.integers(1, 5_000), burst=st.integers(1, 500))
gaps = st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 40)), min_size=1, max_size=60)


@given(rates, gaps)
def test_no_stretch_of_time_lets_in_more_than_burst_and_rate(rate: Rate, steps: list[tuple[int, int]]) -> None:
    at = [sum(gap for gap, _ in steps[: n + 1]) for n in range(len(steps))]
    taken, _ = let_in(rate, at, [cost for _, cost in steps])
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            # The last one was let in for a token, whatever it cost.
            spent = sum(cost for _, cost in taken[first:last]) + 1
            assert spent * 1_000 <= rate.burst * 1_000 + (taken[last][0] - taken[first][0]) * rate.per_s


@given(rates, gaps)
def test_who_waits_as_long_as_told_is_let_in_and_not_a_millisecond_before(
    rate: Rate, steps: list[tuple[int, int]]
) -> None:
    at = [sum(gap for gap, _ in steps[: n + 1]) for n in range(len(steps))]
    _, bucket = let_in(rate, at, [cost for _, cost in steps])
    wait = wait_ms(rate, bucket, at[-1])
    assert wait_ms(rate, bucket, at[-1] + wait) == 0
    if wait:
        assert wait_ms(rate, bucket, at[-1] + wait - 1) > 0
    assert bucket is not None
    full_after = wait + rate.burst * 1_000
    assert is_full(rate, bucket, at[-1] + full_after), "and being left alone fills it"
