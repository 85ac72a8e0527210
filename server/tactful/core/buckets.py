"""Token buckets: so many a second on average, and more at once for whoever has asked for little before.

A bucket holds at most `burst` tokens and is given `per_s` a second. Whatever finds a token in it is let in and charged
in full, so something large may leave a debt that has to be made up for first: a batch that is larger than the bucket
is let in too, and the average holds all the same. A bucket that nobody has used is full, so none need be kept that is.

Tokens are counted in thousandths: a rate a second is then the same number a millisecond, and nothing is rounded.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["TOKEN", "Bucket", "Rate", "is_full", "take"]

#: One token, in what is counted.
TOKEN = 1_000


class Rate(NamedTuple):
    """How fast a bucket is filled, in tokens a second (at least 1), and how many it holds (at least 1)."""

    per_s: int
    burst: int


class Bucket(NamedTuple):
    """What was in a bucket (thousandths of a token; below 0: a debt) after it was last charged, at `at` ms."""

    level: int
    at: int


def _level(rate: Rate, bucket: Bucket | None, now: int) -> int:
    most = rate.burst * TOKEN
    if bucket is None:
        return most
    # A clock that was set back fills nothing, and takes nothing away.
    level = bucket.level + (now - bucket.at) * rate.per_s if now > bucket.at else bucket.level
    return min(most, level)


def take(rate: Rate, bucket: Bucket | None, now: int, cost: int) -> Bucket | int:
    """The bucket after `cost` tokens were taken out of it (None: one that nobody has used); or, where it holds none, in
    how many ms (above 0) it will."""
    level = _level(rate, bucket, now)
    if level < TOKEN:
        return -((level - TOKEN) // rate.per_s)
    return Bucket(level - cost * TOKEN, now if bucket is None or now > bucket.at else bucket.at)


def is_full(rate: Rate, bucket: Bucket, now: int) -> bool:
    """Tell whether forgetting the bucket would change nothing."""
    return _level(rate, bucket, now) == rate.burst * TOKEN
