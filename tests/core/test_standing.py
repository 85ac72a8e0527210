"""Quotas and margins: how a survey stands."""

from __future__ import annotations

import pytest

from tactful.core.intervals import nps
from tactful.core.spans import DAY_MS
from tactful.core.standing import Standing, limits_responses, standing_of
from tactful.core.surveys import Enough, Survey
from tests.core.examples import a_survey

ENOUGH = Enough(5, 30 * DAY_MS)


@pytest.mark.parametrize(
    ("survey", "limits"), [(a_survey(), False), (a_survey(quota=5), True), (a_survey(enough=ENOUGH), True)]
)
def test_somebody_has_to_count_only_where_responses_are_limited(survey: Survey, limits: bool) -> None:
    assert limits_responses(survey) is limits


def test_the_margin_is_half_of_the_scores_interval() -> None:
    interval = nps(60, 20, 20)
    standing = standing_of(a_survey(enough=ENOUGH), 100, {9: 60, 7: 20, 3: 20})
    assert standing == Standing(100, pytest.approx((interval.high - interval.low) / 2))


def test_a_share_is_measured_in_percent() -> None:
    margin = standing_of(a_survey(kind="csat", enough=ENOUGH), 400, {5: 200, 1: 200}).margin
    assert margin == pytest.approx(4.9, abs=0.1)


def test_too_few_answers_have_no_margin() -> None:
    assert standing_of(a_survey(enough=ENOUGH), 4, {9: 4}) == Standing(4, None)


@pytest.mark.parametrize("survey", [a_survey(quota=5), a_survey(kind="text", enough=ENOUGH)])
def test_where_no_score_is_wanted_only_responses_count(survey: Survey) -> None:
    assert standing_of(survey, 7, {}) == Standing(7, None)
