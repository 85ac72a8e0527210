"""What a backtest's counts are worth: rates, expected answers, and how long a margin takes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tactful.core.decide import Refusal
from tactful.core.forecast import Measured, SurveyForecast, as_json, forecast, habits
from tactful.core.intervals import nps, proportion
from tactful.core.spans import DAY_MS
from tactful.core.trial import Asking, Habit, Tally
from tests.core.test_backtest import plan, survey

TEN_DAYS = plan(survey(), until=10 * DAY_MS)
ASKED = Tally(asks=[Asking(day * DAY_MS, f"p{day % 4}", "nps", "u") for day in range(10) for _ in range(2)])


def told(tally: Tally = ASKED, margin: float = 5.0, **measured: Measured) -> SurveyForecast:
    (found,) = forecast(TEN_DAYS, tally, measured, margin).surveys
    return found


def test_asks_are_counted_by_day_and_person() -> None:
    found = forecast(TEN_DAYS, ASKED, {}, 5)
    assert (found.asks, found.people, found.per_day, found.first_day) == (20, 4, (2,) * 10, 0)
    assert (found.surveys[0].asks, found.surveys[0].people, found.surveys[0].per_day) == (20, 4, (2,) * 10)


def test_the_rate_is_the_surveys_own_else_its_kinds_else_unknown() -> None:
    own, other = Measured("nps", 40, 10, 4), Measured("nps", 60, 30, 6)
    first, second = told(nps=own, other=other), told(nps=Measured("nps", 4, 4), other=other)
    assert first.rate is not None
    assert second.rate is not None
    assert (first.rate.of, first.rate.asked, first.rate.share) == ("survey", 40, proportion(10, 40))
    assert (second.rate.of, second.rate.asked, second.rate.share) == ("kind", 64, proportion(34, 64))
    assert told(other=Measured("csat", 60, 30)).rate is None


def test_expected_responses_carry_the_rates_interval() -> None:
    found = told(nps=Measured("nps", 40, 10)).expected
    share = proportion(10, 40)
    assert found is not None
    assert (found.estimate, found.low, found.high) == (5, 20 * share.low, 20 * share.high)
    assert told().expected is None


@pytest.mark.parametrize(("scores", "spread"), [({9: 29}, "widest"), ({9: 60, 7: 20, 3: 20}, "measured")])
def test_the_margin_takes_as_many_answers_as_the_spread_says(scores: dict[int, float], spread: str) -> None:
    found = told(nps=Measured("nps", 40, 10, scores=scores)).goal
    assert found is not None
    assert found.spread == spread

    def half(n: int) -> float:
        shares = (0.6, 0.2, 0.2) if spread == "measured" else (0.5, 0, 0.5)
        interval = nps(*(share * n for share in shares))
        return (interval.high - interval.low) / 2

    assert half(found.needed) <= 5 < half(found.needed - 1)
    assert found.days is not None
    assert found.days.estimate == pytest.approx(found.needed / 0.5)
    assert found.days.low < found.days.estimate < found.days.high


def test_without_a_pace_no_days_and_without_a_score_no_margin() -> None:
    goal = told().goal
    assert goal is not None
    assert goal.days is None
    none = told(Tally(), nps=Measured("nps", 40, 10)).goal
    assert none is not None
    assert none.days is None
    text = plan(survey(questions=[{"id": "why", "kind": "text", "ask": "Why?"}]), until=DAY_MS)
    (found,) = forecast(text, Tally(), {}, 5).surveys
    assert found.goal is None


def test_nobody_answering_leaves_days_unknown() -> None:
    assert (goal := told(nps=Measured("nps", 40, 0)).goal) is not None
    assert goal.days is None


@pytest.mark.parametrize(("kind", "ends", "needed"), [("csat", (1, 5), 385), ("ces", (1, 7), 390)])
def test_other_kinds_have_their_own_measure(kind: str, ends: tuple[int, int], needed: int) -> None:
    tried = plan(survey(questions=[{"id": "score", "kind": kind, "ask": "How?"}]), until=DAY_MS)
    (found,) = forecast(tried, Tally(), {}, 5).surveys
    assert found.goal is not None
    assert found.goal.needed == pytest.approx(needed, abs=6)


def test_a_margin_that_a_handful_meets_and_one_that_nobody_reaches() -> None:
    wide, narrow = told(margin=100).goal, told(margin=0.001).goal
    assert wide is not None
    assert narrow is not None
    assert (wide.needed, narrow.needed) == (6, 10_000_000)


def test_reasons_are_told_in_words_the_most_frequent_first() -> None:
    rule = Refusal("rule", 5, "any-7d", 1, 1, 7 * DAY_MS)
    tally = Tally()
    tally.refused.update({("nps", "sample", None): 2, ("nps", "rule", "any-7d"): 9, ("gone", "sample", None): 4})
    tally.examples = {("nps", "sample", None): Refusal("sample"), ("nps", "rule", "any-7d"): rule}
    reasons = told(tally).reasons
    assert [(one.code, one.rule, one.count) for one in reasons] == [("rule", "any-7d", 9), ("sample", None, 2)]
    assert reasons[0].words == "rule any-7d: 1 in 7d"
    assert "sample" in reasons[1].words


def test_people_are_taken_to_do_what_they_did() -> None:
    known = {"nps": Measured("nps", 40, 10, 4), "other": Measured("csat")}
    others = (survey(), survey("other", questions=[{"id": "score", "kind": "csat", "ask": "How?"}]))
    assert habits(others, known) == {"nps": Habit(0.25, 0.1)}


def test_all_of_it_is_plain_data() -> None:
    known = {"nps": Measured("nps", 40, 10)}
    tally = replace(ASKED)
    tally.fates["nps", "asked"] = 20
    found: dict[str, Any] = json.loads(json.dumps(as_json(forecast(TEN_DAYS, tally, known, 5)), allow_nan=False))
    (one,) = found["surveys"]
    assert (one["survey"], one["fates"], one["rate"]["of"], one["goal"]["spread"]) == (
        "nps", {"asked": 20}, "survey", "widest",
    )  # fmt: skip
    assert as_json(forecast(TEN_DAYS, ASKED, {}, 5))["surveys"][0]["rate"] is None
