"""Intervals: how sure a score is. No number leaves the product without one.

A survey's answers are a sample, so every score is an estimate and its interval is what the answers allow one to
say about everybody. The textbook interval (estimate plus or minus 1.96 standard errors) promises 95 % and keeps
56 to 92 % at five or ten answers, and it has no width at all when all agree. What is used here keeps its promise
at the sizes that in-app surveys have; the tests recompute the coverage by enumerating every possible sample.

- **NPS** is a difference of two shares of one sample (promoters minus detractors). Its score interval is Tango's
  (Statistics in Medicine 17, 1998, 891-908), which Rocks (arXiv 1601.07235) found among the best for NPS: all
  differences d that a score test, with the variance that would hold if d were true, does not reject. With
  p promoters, t detractors and n answers it is { d : |p - t - nd| <= z sqrt(n (2q + d(1 - d))) } where q, the
  likeliest share of detractors given d, is the root of 2n q^2 + B q - t d (1 - d) = 0 with
  B = (2n - p + t) d - p - t.
- **A difference** of two NPS, or of two other figures, is squared-and-added from the two intervals (MOVER: Newcombe,
  Statistics in Medicine 17, 1998, 873-890; Zou and Donner, Statistics in Medicine 27, 2008, 1693-1702), so it inherits
  their shape.
- **A share** (CSAT, response rate) has Wilson's score interval (1927; method 3 of Newcombe, Statistics in Medicine
  17, 1998, 857-872).
- **A mean** (CES) has Student's t interval. The t distribution is the incomplete beta function, summed as a
  continued fraction (DLMF 8.17.22, Lentz's method), inverted by bisection; from 1,000 degrees of freedom on by the
  expansion of Abramowitz and Stegun 26.7.5, whose error there is below 1e-11.

Counts may be real numbers, so that weighted answers (with Kish's effective n) need no other code. Nothing answered
is not an error: the estimate is None and the interval holds everything that is possible.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

__all__ = ["Counts", "Interval", "difference", "mean", "nps", "nps_difference", "proportion"]

#: Promoters, passives and detractors.
Counts = tuple[float, float, float]

# A double has 53 bits, and 11 more cover the exponents that occur here: then the bracket no longer shrinks.
_HALVINGS = 64
_EXPANSION_FROM = 1_000


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the bounds that hold the truth as often as was asked for.

    `estimate` is None when nothing was counted; then the bounds are those of the scale. Otherwise
    low <= estimate <= high.
    """

    estimate: float | None
    low: float
    high: float


def nps(promoters: float, passives: float, detractors: float, confidence: float = 0.95) -> Interval:
    """Return the Net Promoter Score with Tango's score interval, in points from -100 to 100.

    Counts are >= 0 and may be real numbers. No answers: (None, -100, 100).
    """
    _check_counts(promoters, passives, detractors)
    n = math.fsum((promoters, passives, detractors))  # rounds the same in any order, so mirrors stay exact
    z = _normal_quantile(confidence)
    if n == 0:
        return Interval(None, -100.0, 100.0)
    estimate = (promoters - detractors) / n
    high = _highest_accepted(promoters, detractors, n, z)
    low = -_highest_accepted(detractors, promoters, n, z)  # so that swapping the two mirrors the interval exactly
    return Interval(100 * estimate, 100 * min(low, estimate), 100 * max(high, estimate))


def nps_difference(a: Counts, b: Counts, confidence: float = 0.95) -> Interval:
    """Return NPS of `a` minus NPS of `b` with its MOVER interval, in points from -200 to 200.

    `a` and `b` are (promoters, passives, detractors) of two independent samples. If either is empty:
    (None, -200, 200). A difference whose interval holds 0 is no clear change.
    """
    first, second = nps(*a, confidence=confidence), nps(*b, confidence=confidence)
    if first.estimate is None or second.estimate is None:
        return Interval(None, -200.0, 200.0)
    return difference(first, second)


def difference(first: Interval, second: Interval) -> Interval:
    """Return `first` minus `second` with its MOVER interval, for figures of two independent samples.

    Each keeps the confidence that the two were made with. If either counts nothing: (None, the widest that the bounds
    of both allow). A difference whose interval holds 0 is no clear change.
    """
    if first.estimate is None or second.estimate is None:
        return Interval(None, first.low - second.high, first.high - second.low)
    estimate = first.estimate - second.estimate
    below = math.hypot(first.estimate - first.low, second.high - second.estimate)
    above = math.hypot(first.high - first.estimate, second.estimate - second.low)
    return Interval(estimate, estimate - below, estimate + above)


def proportion(successes: float, n: float, confidence: float = 0.95) -> Interval:
    """Return the share `successes / n` with Wilson's score interval, from 0 to 1.

    0 <= successes <= n, both may be real numbers. n = 0: (None, 0, 1).
    """
    _check_counts(successes, n)
    if successes > n:
        raise ValueError(f"{successes} successes of only {n}")
    z = _normal_quantile(confidence)
    if n == 0:
        return Interval(None, 0.0, 1.0)
    share, spread = successes / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    # Rounding must not put the bounds past the ends, nor past the estimate when all or none succeed.
    return Interval(share, max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share)))


def mean(
    values: Iterable[float] | Mapping[float, float],
    confidence: float = 0.95,
    scale: tuple[float, float] | None = None,
) -> Interval:
    """Return the mean of `values`, a list or a histogram {value: count}, with Student's t interval.

    No values: (None, the ends of the scale). Without a scale the ends are infinite, and so are the bounds of a
    single value, which says nothing of the spread. `scale` names the lowest and highest value there can be: the
    bounds stay within it, and where all values agree (t would claim certainty) each bound allows for the largest
    share of other answers that Wilson's interval allows, as far off as they can be.
    """
    histogram = values if isinstance(values, Mapping) else Counter(values)
    _check_counts(*histogram.values())
    lowest, highest = scale or (-math.inf, math.inf)
    counted = {value: count for value, count in histogram.items() if count}
    if any(not lowest <= value <= highest or math.isinf(value) for value in counted):
        raise ValueError(f"a value is not finite or not on the scale {lowest} to {highest}")
    n = math.fsum(counted.values())
    z = _normal_quantile(confidence)
    if n == 0:
        return Interval(None, lowest, highest)
    # The quotient of two rounded sums may leave the values it lies between by the last bit.
    middle = math.fsum(value * count for value, count in counted.items()) / n
    estimate = min(max(middle, min(counted)), max(counted))
    if n > 1 and (len(counted) > 1 or scale is None):
        squares = math.fsum(count * (value - estimate) ** 2 for value, count in counted.items())
        half = _t_quantile(n - 1, confidence) * math.sqrt(squares / (n - 1) / n)
        return Interval(estimate, max(lowest, estimate - half), min(highest, estimate + half))
    unseen = z * z / (n + z * z)
    return Interval(estimate, estimate - unseen * (estimate - lowest), estimate + unseen * (highest - estimate))


def _check_counts(*counts: float) -> None:
    if not all(count >= 0 and math.isfinite(count) for count in counts):
        raise ValueError(f"counts are finite and not negative: {counts}")


@lru_cache(maxsize=64)
def _normal_quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence lies between 0 and 1: {confidence}")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _highest_accepted(gains: float, losses: float, n: float, z: float) -> float:
    """The largest difference of the two shares that Tango's test does not reject.

    At the estimate the test statistic is 0 and it grows towards 1, so one bisection finds the bound.
    """

    def accepted(difference: float) -> bool:
        linear = (2 * n - gains + losses) * difference - gains - losses
        constant = -losses * difference * (1 - difference)
        root = math.sqrt(max(0.0, linear * linear - 8 * n * constant))
        # Of the two ways to write the root of a quadratic, the one that does not subtract like from like.
        lost = -2 * constant / (linear + root) if linear > 0 else (root - linear) / (4 * n)
        variance = max(0.0, 2 * lost + difference * (1 - difference))
        return gains - losses - n * difference >= -z * math.sqrt(n * variance)

    return _bisect(accepted, (gains - losses) / n, 1.0)


def _bisect(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The point up to which `holds` is true, if it is true at `low`; `high` if it is true everywhere."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high


@lru_cache(maxsize=4096)
def _t_quantile(freedom: float, confidence: float) -> float:
    """The t that a Student variable with `freedom` degrees (a real number > 0) stays within, `confidence` often."""
    if freedom >= _EXPANSION_FROM:
        return _t_quantile_expanded(freedom, _normal_quantile(confidence))
    top = 1.0
    while _t_beyond(top, freedom) > 1 - confidence:
        top *= 2
    return _bisect(lambda t: _t_beyond(t, freedom) > 1 - confidence, 0.0, top)


def _t_quantile_expanded(freedom: float, z: float) -> float:
    """Abramowitz and Stegun 26.7.5: t in falling powers of the degrees of freedom."""
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / freedom**power for power, term in enumerate(terms, start=1))


def _t_beyond(t: float, freedom: float) -> float:
    """The probability that a Student variable is further from 0 than `t` >= 0."""
    x = freedom / (freedom + t * t)
    a, b = freedom / 2, 0.5
    # The fraction converges fast on this side of the mean of the beta distribution only; the other is its mirror.
    if x < (a + 1) / (a + b + 2):
        return _beta_front(x, a, b) * _beta_fraction(x, a, b) / a
    return 1 - _beta_front(x, a, b) * _beta_fraction(t * t / (freedom + t * t), b, a) / b


def _beta_front(x: float, a: float, b: float) -> float:
    """x^a (1 - x)^b / B(a, b)."""
    if x in (0, 1):
        return 0.0
    return math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value, m, moved = d, 0, 1.0
    while moved > 1e-15:
        m += 1
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        moved = 0.0
        for term in (even, odd):
            d, c = 1 / (1 + term * d), 1 + term / c
            value *= c * d
            moved = max(moved, abs(c * d - 1))  # their product may be 1 by chance long before either is
    return value
