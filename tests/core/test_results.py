"""Results follow from a kind and a histogram, carry their uncertainty, and say so when there is too little."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core import intervals
from tactful.core.kinds import KINDS
from tactful.core.results import ENOUGH, FEWEST, Funnel, as_json, reliability_of, summarise

NPS, CSAT, CES, TEXT = KINDS["nps"], KINDS["csat"], KINDS["ces"], KINDS["text"]
SCORED = [kind for kind in KINDS.values() if kind.scored]
FUNNEL = Funnel(asked=240, seen=221, responded=100, dismissed=90, opted_out=3, ignored=28)


class TestScores:
    def test_nps(self) -> None:
        results = summarise(NPS, {10: 40, 9: 20, 8: 15, 7: 10, 6: 5, 0: 10}, FUNNEL)
        assert results.score is not None
        assert results.score.interval == intervals.nps(60, 25, 15)
        assert (results.score.name, results.score.unit) == ("nps", "points")
        assert (results.score.lowest, results.score.highest) == (-100, 100)
        assert results.also == ()
        assert (results.n, results.reliability) == (100, "good")

    def test_csat_is_the_share_of_fours_and_fives_with_the_mean_beside_it(self) -> None:
        results = summarise(CSAT, {5: 20, 4: 10, 3: 6, 2: 3, 1: 1}, FUNNEL)
        share = intervals.proportion(30, 40)
        assert results.score is not None
        assert (results.score.name, results.score.unit) == ("satisfied", "percent")
        assert results.score.interval == intervals.Interval(75.0, 100 * share.low, 100 * share.high)
        (mean,) = results.also
        assert (mean.name, mean.unit, mean.lowest, mean.highest) == ("mean", "scale", 1, 5)
        assert mean.interval.estimate == pytest.approx(4.125)

    def test_ces_is_the_mean_with_the_share_of_easy_beside_it(self) -> None:
        results = summarise(CES, {7: 8, 6: 4, 4: 3, 1: 1}, FUNNEL)
        assert results.score is not None
        assert (results.score.name, results.score.unit, results.score.highest) == ("mean", "scale", 7)
        assert results.score.interval == intervals.mean({7: 8, 6: 4, 4: 3, 1: 1}, scale=(1, 7))
        (easy,) = results.also
        assert (easy.name, easy.interval.estimate) == ("easy", 75.0)

    def test_a_kind_without_a_score_has_rates_only(self) -> None:
        results = summarise(TEXT, {}, FUNNEL)
        assert (results.score, results.also, results.bars, results.bands) == (None, (), (), ())
        assert results.rates[1].count == 100

    @pytest.mark.parametrize(
        ("n", "word"), [(0, "withheld"), (4, "withheld"), (4.9, "withheld"), (5, "small"), (29, "small"), (30, "good")]
    )
    def test_how_far_to_trust_n_answers(self, n: float, word: str) -> None:
        assert reliability_of(n) == word

    @pytest.mark.parametrize("kind", SCORED, ids=lambda kind: kind.name)
    @pytest.mark.parametrize("n", range(FEWEST))
    def test_too_few_answers_show_counts_only(self, n: int, kind) -> None:
        results = summarise(kind, {kind.highest: n}, Funnel(asked=n, responded=n))
        assert (results.score, results.also, results.reliability) == (None, (), "withheld")
        assert [bar.share for bar in results.bars] == [None] * len(results.bars)
        assert [part.share for part in results.bands + results.rates] == [None] * (len(results.bands) + 5)
        assert results.bars[-1].count == results.bands[-1].count == n

    @pytest.mark.parametrize("kind", SCORED, ids=lambda kind: kind.name)
    def test_agreement_is_never_certainty(self, kind) -> None:
        results = summarise(kind, {kind.highest: 12}, FUNNEL)
        assert results.score is not None
        for figure in (results.score, *results.also):
            assert figure.interval.low < figure.interval.high


class TestDistribution:
    def test_the_whole_scale_in_order_with_bands(self) -> None:
        results = summarise(NPS, {10: 3, 7: 2, 2: 5}, FUNNEL)
        assert [(bar.score, bar.count) for bar in results.bars if bar.count] == [(2, 5), (7, 2), (10, 3)]
        assert [bar.score for bar in results.bars] == list(range(11))
        assert [bar.band for bar in results.bars] == ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2
        assert results.bars[2].share == 0.5

    def test_bands_go_from_the_worst_to_the_best_with_wilson_intervals(self) -> None:
        results = summarise(NPS, {10: 3, 7: 2, 2: 5}, FUNNEL)
        assert [(part.name, part.count, part.of) for part in results.bands] == [
            ("detractor", 5, 10),
            ("passive", 2, 10),
            ("promoter", 3, 10),
        ]
        assert results.bands[2].share == intervals.proportion(3, 10)

    def test_rates_are_of_the_asked(self) -> None:
        rates = {part.name: part for part in summarise(NPS, {10: 100}, FUNNEL).rates}
        assert list(rates) == ["seen", "responded", "dismissed", "opted_out", "ignored"]
        assert rates["responded"].share == intervals.proportion(100, 240)
        assert rates["opted_out"].count == 3

    def test_weights_may_be_real_numbers(self) -> None:
        results = summarise(NPS, {10: 3.5, 7: 2.25, 2: 1.0}, FUNNEL)
        assert results.n == 6.75
        assert results.score is not None
        assert results.score.interval == intervals.nps(3.5, 2.25, 1.0)

    @pytest.mark.parametrize(
        ("kind", "histogram", "funnel", "fault"),
        [
            (NPS, {11: 1}, FUNNEL, "11 is not on the nps scale"),
            (CSAT, {0: 1}, FUNNEL, "0 is not on the csat scale"),
            (TEXT, {1: 1}, FUNNEL, "1 is not on the text scale"),
            (NPS, {1: -1}, FUNNEL, "counts are finite"),
            (NPS, {1: math.inf}, FUNNEL, "counts are finite"),
            (NPS, {}, Funnel(asked=1, seen=2), "2 successes of only 1"),
        ],
    )
    def test_impossible_sums_are_refused(self, kind, histogram, funnel, fault) -> None:
        with pytest.raises(ValueError, match=fault):
            summarise(kind, histogram, funnel)


class TestJson:
    def test_the_shape_that_the_api_promises(self) -> None:
        told = as_json(summarise(CSAT, {5: 3, 4: 1, 1: 1}, Funnel(asked=10, seen=9, responded=5, dismissed=4)))
        assert list(told) == [
            *("kind", "n", "confidence", "reliability", "score", "also", "distribution", "bands", "asked", "rates")
        ]
        assert told["score"]["estimate"] == 80.0
        assert list(told["score"]) == ["name", "unit", "estimate", "low", "high", "lowest", "highest"]
        assert told["distribution"][4] == {"score": 5, "band": "satisfied", "count": 3, "share": 0.6}
        assert list(told["bands"][0]) == ["band", "count", "share", "low", "high"]
        assert told["rates"]["responded"]["share"] == 0.5
        assert told["rates"]["opted_out"] == {
            "count": 0,
            "share": 0.0,
            "low": 0.0,
            "high": pytest.approx(0.2775, abs=1e-4),
        }

    def test_what_is_withheld_is_null(self) -> None:
        told = as_json(summarise(NPS, {9: 1}, Funnel(asked=2, responded=1)))
        assert told["score"] is None
        assert told["bands"][2] == {"band": "promoter", "count": 1, "share": None, "low": None, "high": None}
        assert told["rates"]["responded"] == {"count": 1, "share": None, "low": None, "high": None}

    @given(st.sampled_from(SCORED), st.lists(st.integers(0, 300), min_size=11, max_size=11), st.integers(0, 500))
    def test_is_strict_json_that_adds_up(self, kind, counts, ignored) -> None:
        histogram = dict(zip(range(kind.lowest, kind.highest + 1), counts, strict=False))
        n = sum(histogram.values())
        told = as_json(summarise(kind, histogram, Funnel(asked=n + ignored, responded=n, ignored=ignored)))
        assert json.loads(json.dumps(told, allow_nan=False)) == told
        assert sum(bar["count"] for bar in told["distribution"]) == sum(band["count"] for band in told["bands"]) == n
        assert isinstance(told["n"], int)
        if n >= FEWEST:
            assert math.fsum(band["share"] for band in told["bands"]) == pytest.approx(1)
            assert told["score"]["low"] <= told["score"]["estimate"] <= told["score"]["high"]
        assert (told["reliability"] == "good") == (n >= ENOUGH)
