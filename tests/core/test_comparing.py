"""Groups beside each other: every figure of the same asks, every difference with its interval."""

from __future__ import annotations

from tactful.core import intervals
from tactful.core.comparing import Comparison, Group, compare, comparison_json
from tactful.core.kinds import KINDS
from tactful.core.results import FEWEST, Figure, Funnel

NPS = KINDS["nps"]


def _group(name: str, histogram: dict[int, float], asked: int = 400) -> Group:
    n = int(sum(histogram.values()))
    return Group(name, histogram, Funnel(asked, n, n, 0, 0, asked - n))


BAD = _group("bad", {0: 60, 7: 20, 10: 20})
GOOD = _group("good", {0: 10, 7: 20, 10: 70}, asked=200)


def test_nps_differs_by_what_nps_difference_says() -> None:
    first, second = compare(NPS, [BAD, GOOD]).groups
    assert (first.difference, first.responded_difference) == (None, None)
    assert second.difference is not None
    assert second.difference.interval == intervals.nps_difference((70, 20, 10), (20, 20, 60))
    assert (second.difference.unit, second.difference.way) == ("points", "higher")
    back = compare(NPS, [GOOD, BAD]).groups[1].difference
    assert back is not None
    assert back.way == "lower"


def test_response_rates_differ_in_percentage_points() -> None:
    first, second = compare(NPS, [BAD, GOOD]).groups
    assert (first.responded.count, first.responded.of, second.responded.of) == (100, 400, 200)
    assert second.responded_difference is not None
    found = intervals.difference(intervals.proportion(100, 200), intervals.proportion(100, 400))
    assert second.responded_difference.interval.estimate == 25.0
    assert second.responded_difference.interval.low == 100 * found.low
    assert second.responded_difference.way == "higher"


def test_means_and_shares_differ_on_their_own_scales() -> None:
    for kind, unit in (("csat", "percent"), ("ces", "scale")):
        low, high = (_group(name, {score: 30, 3: 10}) for name, score in (("low", 1), ("high", 5)))
        found = compare(KINDS[kind], [low, high]).groups[1].difference
        assert found is not None
        assert (found.unit, found.way) == (unit, "higher")


def test_where_an_interval_spans_zero_no_difference_is_told() -> None:
    one = _group("one", {0: 10, 10: 12})
    found = compare(NPS, [one, _group("two", {0: 10, 10: 11})]).groups[1]
    assert found.difference is not None
    assert found.responded_difference is not None
    assert (found.difference.way, found.responded_difference.way) == ("", "")


def test_too_few_have_no_score_and_no_difference() -> None:
    few = _group("few", {10: FEWEST - 1}, asked=FEWEST - 1)
    found = compare(NPS, [BAD, few]).groups[1]
    assert (found.score, found.difference, found.responded_difference) == (None, None, None)
    assert (found.n, found.asked) == (FEWEST - 1, FEWEST - 1)
    assert compare(NPS, [few, BAD]).groups[1].difference is None


def test_a_text_survey_is_compared_by_its_response_rate_alone() -> None:
    groups = [Group(name, {}, Funnel(100, 90, 50, 0, 0, 50)) for name in ("a", "b")]
    found = compare(KINDS["text"], groups, lambda _histogram: None).groups[1]
    assert (found.score, found.difference) == (None, None)
    assert found.responded_difference is not None


def test_more_than_one_comparison_is_many() -> None:
    assert [compare(NPS, [BAD] * count).many for count in (1, 2, 3)] == [False, False, True]
    assert [compare(NPS, [BAD] * count).comparisons for count in (1, 2, 3)] == [0, 1, 2]
    assert Comparison(()).comparisons == 0


def test_another_measure_may_be_compared() -> None:
    share = Figure("detractor", "percent", intervals.Interval(50.0, 40.0, 60.0), 0, 100)
    first, second = compare(NPS, [BAD, GOOD], lambda _histogram: share).groups
    assert (first.score, second.score) == (share, share)
    assert second.difference is not None
    assert second.difference.interval.estimate == 0


def test_as_json_rates_are_shares() -> None:
    told = comparison_json(compare(NPS, [BAD, GOOD]))
    assert (told["comparisons"], told["many"]) == (1, False)
    bad, good = told["groups"]
    assert (bad["name"], bad["difference"], bad["responded_difference"]) == ("bad", None, None)
    assert good["responded"]["share"] == 0.5
    assert good["responded_difference"]["estimate"] == 0.25
    assert good["difference"]["estimate"] == 100
    assert good["difference"]["way"] == "higher"
