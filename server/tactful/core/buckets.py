"""Token buckets: so many a second on average, and more at once for whoever has asked for little before.

A bucket holds at most `burst` tokens and is given `per_s` a second. Whatever finds a token in it is let in and charged
in full, so something large may leave a debt that has to be made up for first: a batch that is larger than the bucket
is let in too, and the average holds all the same. A bucket that nobody has used is full, so none need be kept that is.

Tokens are counted in thousandths: a rate a second is then the same number a millisecond, and nothing is rounded.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Bucket", "Rate", "charged", "is_full", "wait_ms"]

_TOKEN = 1_000


class Rate(NamedTuple):
    """How fast a bucket is filled, in tokens a second (at least 1), and how many it holds (at least 1)."""

    per_s: int
    burst: int


class Bucket(NamedTuple):
    """What was in a bucket (thousandths of a token; below 0: a debt) after it was last charged, at `at` ms."""

    level: int
    at: int


def _level(rate: Rate, bucket: Bucket | None, now: int) -> int:
    most = rate.burst * _TOKEN
    if bucket is None:
        return most
    # A clock that was set back fills nothing, and takes nothing away.
    return min(bucket.level + max(now - bucket.at, 0) * rate.per_s, most)


def wait_ms(rate: Rate, bucket: Bucket | None, now: int) -> int:
    """How long until the bucket holds a token, in ms; 0 where it does. None is a bucket that nobody has used."""
    missing = _TOKEN - _level(rate, bucket, now)
    return max(-(-missing // rate.per_s), 0)


def charged(rate: Rate, bucket: Bucket | None, now: int, cost: int) -> Bucket:
    """The bucket after `cost` tokens were taken out of it, whether they were there or not."""
    return Bucket(_level(rate, bucket, now) - cost * _TOKEN, now if bucket is None else max(now, bucket.at))


def is_full(rate: Rate, bucket: Bucket, now: int) -> bool:
    """Tell whether forgetting the bucket would change nothing."""
    return _level(rate, bucket, now) == rate.burst * _TOKEN
