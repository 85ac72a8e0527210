"""The intervals keep what they promise: coverage by enumeration, published values, and the shapes they must have."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import lru_cache

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tactful.core.intervals import (
    Interval,
    _t_quantile,
    _t_quantile_expanded,
    difference,
    mean,
    nps,
    nps_difference,
    proportion,
)

Z = 1.959963984540054

counts = st.integers(0, 400)
weights = st.floats(0, 400, allow_nan=False).map(lambda value: round(value, 3))
triples = st.tuples(counts, counts, counts).filter(any)
weighted = st.tuples(weights, weights, weights).filter(lambda triple: sum(triple) >= 0.5)


def samples(n: int) -> Iterator[tuple[int, int, int]]:
    """Every (promoters, passives, detractors) that n answers can give."""
    for promoters in range(n + 1):
        for detractors in range(n + 1 - promoters):
            yield promoters, n - promoters - detractors, detractors


@lru_cache
def outcomes(n: int) -> list[tuple[tuple[int, int, int], Interval]]:
    return [(sample, nps(*sample)) for sample in samples(n)]


def chance(sample: tuple[int, int, int], shares: tuple[float, float, float]) -> float:
    """The multinomial probability of `sample`."""
    ways = math.factorial(sum(sample)) // math.prod(math.factorial(count) for count in sample)
    return ways * math.prod(share**count for share, count in zip(shares, sample, strict=True))


def expected(n: int, shares: tuple[float, float, float]) -> tuple[float, float]:
    """The exact coverage in percent and the mean half width in points of n answers from `shares`."""
    truth = 100 * (shares[0] - shares[2])
    covered = half_width = 0.0
    for sample, interval in outcomes(n):
        weight = chance(sample, shares)
        covered += 100 * weight * (interval.low <= truth <= interval.high)
        half_width += weight * (interval.high - interval.low) / 2
    return covered, half_width


def realistic(many: int) -> list[tuple[float, float, float]]:
    """Populations drawn from Dirichlet(9, 5, 3): mostly promoters, some passives, few detractors."""
    draw = random.Random(20261)
    populations = []
    for _ in range(many):
        parts = [draw.gammavariate(shape, 1) for shape in (9, 5, 3)]
        populations.append(tuple(part / sum(parts) for part in parts))
    return populations


class TestNps:
    @pytest.mark.parametrize(
        ("n", "average", "worst", "half_width"), [(5, 96.8, 92.0, 54.0), (10, 96.1, 93.5, 41.5), (20, 95.3, 94.0, 30.8)]
    )
    def test_coverage_over_realistic_populations(self, n: int, average: float, worst: float, half_width: float) -> None:
        covered, half_widths = zip(*(expected(n, shares) for shares in realistic(100)), strict=True)
        assert math.fsum(covered) / 100 == pytest.approx(average, abs=0.4)
        assert min(covered) >= worst - 0.3
        assert math.fsum(half_widths) / 100 == pytest.approx(half_width, abs=0.8)

    @pytest.mark.parametrize("shares", [(0.6, 0.25, 0.15), (0.5, 0.3, 0.2), (0.34, 0.33, 0.33), (0.75, 0.2, 0.05)])
    def test_coverage_of_thirty_answers(self, shares: tuple[float, float, float]) -> None:
        assert 93 <= expected(30, shares)[0] <= 97

    @pytest.mark.parametrize(("n", "margin"), [(30, 26.5), (50, 20.5), (100, 14.5), (200, 10.3), (500, 6.5)])
    def test_margins_of_a_typical_product(self, n: int, margin: float) -> None:
        interval = nps(0.60 * n, 0.25 * n, 0.15 * n)
        assert (interval.high - interval.low) / 2 == pytest.approx(margin, abs=0.65)

    @given(st.tuples(st.integers(8, 300), st.integers(8, 300), st.integers(8, 300)))
    def test_agrees_with_the_adjusted_wald_interval_away_from_the_edge(self, sample: tuple[int, int, int]) -> None:
        promoters, passives, detractors = sample[0] + 0.75, sample[1] + 1.5, sample[2] + 0.75
        assume(max(sample) < 4 * min(sample))
        n = promoters + passives + detractors
        shift = (promoters - detractors) / n
        half = Z * math.sqrt(((promoters + detractors) / n - shift**2) / n)
        interval = nps(*sample)
        assert interval.low == pytest.approx(100 * (shift - half), abs=1)
        assert interval.high == pytest.approx(100 * (shift + half), abs=1)

    @pytest.mark.parametrize("sample", [(60, 25, 15), (7, 2, 1), (3, 0, 9), (1, 40, 2), (12.5, 4.25, 0.75)])
    def test_the_bounds_are_where_the_score_test_turns(self, sample: tuple[float, float, float]) -> None:
        """The statistic at each bound is z, with the constrained likelihood maximised by search instead of formula."""
        promoters, _, detractors = sample
        n = sum(sample)

        def likelihood(lost: float, shift: float) -> float:
            shares = (lost + shift, 1 - 2 * lost - shift, lost)
            return math.fsum(count * math.log(share) for count, share in zip(sample, shares, strict=True) if count)

        for bound in (nps(*sample).low / 100, nps(*sample).high / 100):
            low, high = max(0.0, -bound) + 1e-12, (1 - bound) / 2 - 1e-12
            for _ in range(200):
                a, b = low + (high - low) / 3, high - (high - low) / 3
                low, high = (a, high) if likelihood(a, bound) < likelihood(b, bound) else (low, b)
            variance = n * (2 * low + bound * (1 - bound))
            assert abs(promoters - detractors - n * bound) / math.sqrt(variance) == pytest.approx(Z, abs=1e-5)

    @pytest.mark.parametrize("n", [1, 2, 5, 30, 1000, 2.5])
    def test_all_promoters_leave_room_below(self, n: float) -> None:
        interval = nps(n, 0, 0)
        assert (interval.estimate, interval.high) == (100, 100)
        assert interval.low == pytest.approx(100 * (n - Z**2) / (n + Z**2))

    @pytest.mark.parametrize("n", [1, 2, 5, 30, 1000, 2.5])
    def test_all_passives_are_symmetric_and_not_certain(self, n: float) -> None:
        interval = nps(0, n, 0)
        assert interval.estimate == 0
        assert interval.high == -interval.low == pytest.approx(100 * Z**2 / (n + Z**2))

    def test_no_answers_know_nothing(self) -> None:
        assert nps(0, 0, 0) == Interval(None, -100, 100)

    @given(weighted)
    def test_within_the_scale_and_around_the_estimate(self, sample: tuple[float, float, float]) -> None:
        interval = nps(*sample)
        assert interval.estimate == pytest.approx(100 * (sample[0] - sample[2]) / sum(sample))
        assert -100 <= interval.low <= interval.estimate <= interval.high <= 100
        assert interval.low < interval.high

    @given(weighted)
    def test_swapping_promoters_and_detractors_mirrors(self, sample: tuple[float, float, float]) -> None:
        interval, mirror = nps(*sample), nps(*reversed(sample))
        assert (mirror.estimate, mirror.low, mirror.high) == (-interval.estimate, -interval.high, -interval.low)

    @given(triples, st.integers(2, 50))
    def test_more_answers_of_the_same_kind_tighten_it(self, sample: tuple[int, int, int], times: int) -> None:
        few, many = nps(*sample), nps(*(times * count for count in sample))
        assert many.high - many.low < few.high - few.low

    @given(triples, st.sampled_from([(0.5, 0.8), (0.8, 0.95), (0.95, 0.999)]))
    def test_more_confidence_widens_it(self, sample: tuple[int, int, int], levels: tuple[float, float]) -> None:
        narrow, wide = (nps(*sample, confidence=level) for level in levels)
        assert wide.low <= narrow.low
        assert narrow.high <= wide.high

    @pytest.mark.parametrize("sample", [(-1, 0, 5), (math.nan, 1, 1), (1, math.inf, 1)])
    def test_impossible_counts_are_refused(self, sample: tuple[float, float, float]) -> None:
        with pytest.raises(ValueError, match="counts are finite"):
            nps(*sample)

    @pytest.mark.parametrize("confidence", [0, 1, 95, -0.5])
    def test_impossible_confidence_is_refused(self, confidence: float) -> None:
        with pytest.raises(ValueError, match="between 0 and 1"):
            nps(1, 1, 1, confidence=confidence)


class TestNpsDifference:
    def test_coverage_of_two_small_samples(self) -> None:
        """Ten answers each from 60/25/15: every pair of samples, weighed by its chance."""
        shares = (0.60, 0.25, 0.15)
        likely = [(sample, chance(sample, shares)) for sample in samples(10)]
        covered = 0.0
        for a, first in likely:
            for b, second in likely:
                difference = nps_difference(a, b)
                covered += first * second * (difference.low <= 0 <= difference.high)
        assert covered == pytest.approx(0.963, abs=0.004)

    @given(triples, triples)
    def test_turning_it_round_mirrors(self, a: tuple[int, int, int], b: tuple[int, int, int]) -> None:
        forth, back = nps_difference(a, b), nps_difference(b, a)
        assert forth.estimate == -back.estimate
        assert forth.low == pytest.approx(-back.high)
        assert -200.000001 <= forth.low <= forth.estimate <= forth.high <= 200.000001

    @given(triples)
    def test_is_wider_than_either_side_and_holds_no_change(self, a: tuple[int, int, int]) -> None:
        same, alone = nps_difference(a, a), nps(*a)
        assert same.estimate == 0
        assert same.low <= 0 <= same.high
        assert same.high - same.low >= alone.high - alone.low

    def test_a_large_second_sample_is_as_good_as_the_truth(self) -> None:
        alone, against = nps(30, 12, 8), nps_difference((30, 12, 8), (5e9, 3e9, 2e9))
        assert against.low == pytest.approx(alone.low - 30, abs=0.01)
        assert against.high == pytest.approx(alone.high - 30, abs=0.01)

    @pytest.mark.parametrize(("a", "b"), [((0, 0, 0), (5, 3, 2)), ((5, 3, 2), (0, 0, 0)), ((0, 0, 0), (0, 0, 0))])
    def test_an_empty_side_knows_nothing(self, a: tuple[int, int, int], b: tuple[int, int, int]) -> None:
        assert nps_difference(a, b) == Interval(None, -200, 200)

    @pytest.mark.parametrize(
        ("a", "b", "low", "high"),
        [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((5, 56), (0, 29), -0.0381, 0.1926)],
    )
    def test_shares_differ_as_published(self, a, b, low, high) -> None:
        """Newcombe, Statistics in Medicine 17, 1998, 873-890, table II, method 10."""
        found = difference(proportion(*a), proportion(*b))
        assert found.estimate == pytest.approx(a[0] / a[1] - b[0] / b[1])
        assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))

    def test_against_nothing_anything_is_possible(self) -> None:
        known, nothing = proportion(9, 10), proportion(0, 0)
        assert difference(known, nothing) == Interval(None, known.low - 1, known.high)
        assert difference(nothing, known) == Interval(None, -known.high, 1 - known.low)


class TestProportion:
    @pytest.mark.parametrize(
        ("successes", "n", "low", "high"),
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
    )
    def test_newcombe_1998_table_i(self, successes: int, n: int, low: float, high: float) -> None:
        interval = proportion(successes, n)
        assert interval.estimate == successes / n
        assert interval.low == pytest.approx(low, abs=5e-5)
        assert interval.high == pytest.approx(high, abs=5e-5)

    @given(st.integers(1, 10_000), st.floats(0, 1))
    def test_bounds_and_mirror(self, n: int, share: float) -> None:
        successes = min(n * share, n)
        interval, mirror = proportion(successes, n), proportion(n - successes, n)
        assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
        assert interval.low < interval.high
        assert mirror.low == pytest.approx(1 - interval.high, abs=1e-9)

    def test_none_and_all_touch_the_ends_exactly(self) -> None:
        for n in range(1, 500):
            assert proportion(0, n).low == 0
            assert proportion(n, n).high == 1

    def test_of_nothing_knows_nothing(self) -> None:
        assert proportion(0, 0) == Interval(None, 0, 1)

    def test_more_successes_than_tries_are_refused(self) -> None:
        with pytest.raises(ValueError, match="6 successes of only 5"):
            proportion(6, 5)


class TestMean:
    def test_a_worked_example(self) -> None:
        """1..5: mean 3, standard deviation sqrt(2.5), t of 4 degrees 2.776445105."""
        interval = mean([1, 2, 3, 4, 5])
        half = 2.7764451051977987 * math.sqrt(2.5 / 5)
        assert interval.estimate == 3
        assert interval.low == pytest.approx(3 - half, abs=1e-9)
        assert interval.high == pytest.approx(3 + half, abs=1e-9)

    @given(st.lists(st.integers(1, 7), min_size=2, max_size=60))
    def test_a_histogram_says_the_same_as_its_values(self, values: list[int]) -> None:
        histogram = {value: values.count(value) for value in range(1, 8)}
        assert mean(histogram, scale=(1, 7)) == mean(values, scale=(1, 7))

    @example({7: 147.062})
    @given(st.dictionaries(st.integers(1, 7), weights, min_size=1))
    def test_stays_on_the_scale(self, histogram: dict[int, float]) -> None:
        interval = mean(histogram, scale=(1, 7))
        if interval.estimate is not None:
            assert 1 <= interval.low <= interval.estimate <= interval.high <= 7
            assert interval.low < interval.high

    def test_coverage_of_a_scale_from_1_to_7(self) -> None:
        """Every sample of 12 from a population on three values, weighed by its chance."""
        shares = (0.5, 0.3, 0.2)
        truth = math.fsum(share * value for share, value in zip(shares, (7, 5, 2), strict=True))
        covered = 0.0
        for sample in samples(12):
            interval = mean(dict(zip((7, 5, 2), sample, strict=True)), scale=(1, 7))
            covered += chance(sample, shares) * (interval.low <= truth <= interval.high)
        assert 0.93 <= covered <= 0.98

    @pytest.mark.parametrize("n", [1, 2, 5, 40])
    def test_agreement_is_not_certainty(self, n: int) -> None:
        other = Z**2 / (n + Z**2)
        interval = mean({7: n}, scale=(1, 7))
        assert (interval.estimate, interval.high) == (7, 7)
        assert interval.low == pytest.approx(7 - 6 * other)
        assert mean({4: n}, scale=(1, 7)).high == pytest.approx(4 + 3 * other)

    def test_without_a_scale_one_value_bounds_nothing(self) -> None:
        assert mean([5]) == Interval(5, -math.inf, math.inf)
        assert mean([]) == Interval(None, -math.inf, math.inf)
        assert mean([5, 5, 5]) == Interval(5, 5, 5)

    def test_no_values_leave_the_whole_scale(self) -> None:
        assert mean({}, scale=(1, 7)) == mean({3: 0}, scale=(1, 7)) == Interval(None, 1, 7)

    @pytest.mark.parametrize("histogram", [{8: 1}, {0: 1}, {3: -1}, {math.nan: 1}])
    def test_values_off_the_scale_and_impossible_counts_are_refused(self, histogram: dict[float, float]) -> None:
        with pytest.raises(ValueError, match=r"on the scale|counts are finite"):
            mean(histogram, scale=(1, 7))

    def test_infinite_values_are_refused(self) -> None:
        with pytest.raises(ValueError, match="not finite"):
            mean([1, math.inf])


class TestStudent:
    @pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
    def test_closed_forms_of_one_and_two_degrees(self, confidence: float) -> None:
        assert _t_quantile(1, confidence) == pytest.approx(math.tan(math.pi * confidence / 2), rel=1e-9)
        assert _t_quantile(2, confidence) == pytest.approx(confidence * math.sqrt(2 / (1 - confidence**2)), rel=1e-9)

    @pytest.mark.parametrize(
        ("freedom", "t"),
        [(5, 2.570581835636314), (10, 2.228138851964939), (30, 2.042272456301238), (120, 1.979930405082444)],
    )
    def test_published_values_at_95_percent(self, freedom: int, t: float) -> None:
        assert _t_quantile(freedom, 0.95) == pytest.approx(t, abs=1e-9)

    @pytest.mark.parametrize(
        ("freedom", "t"), [(1, 63.657), (2, 9.925), (5, 4.032), (10, 3.169), (30, 2.750), (100, 2.626)]
    )
    def test_the_usual_table_at_99_percent(self, freedom: int, t: float) -> None:
        assert _t_quantile(freedom, 0.99) == pytest.approx(t, abs=5e-4)

    @pytest.mark.parametrize(("confidence", "z"), [(0.5, 0.674489750196082), (0.95, Z), (0.999, 3.290526731491895)])
    def test_the_expansion_meets_the_exact_value(self, confidence: float, z: float) -> None:
        assert _t_quantile_expanded(999.999, z) == pytest.approx(_t_quantile(999.999, confidence), abs=1e-9)
        assert _t_quantile(1e12, confidence) == pytest.approx(z, abs=1e-9)

    @given(st.floats(0.5, 5000), st.floats(1.01, 3))
    def test_falls_as_freedom_grows(self, freedom: float, factor: float) -> None:
        assert _t_quantile(freedom, 0.95) > _t_quantile(freedom * factor, 0.95) > Z

    def test_hardly_any_freedom_is_a_huge_number_not_a_crash(self) -> None:
        assert _t_quantile(1e-4, 0.95) > 1e100
        assert mean({1: 0.50005, 7: 0.50005}, scale=(1, 7)) == Interval(pytest.approx(4), 1, 7)
