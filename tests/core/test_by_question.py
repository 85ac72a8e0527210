"""What the answers to each question add up to, over versions that asked it differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core import intervals
from tactful.core.by_question import MOST_MONTHS, ByQuestion, Given, by_question, by_question_json
from tactful.core.kinds import KINDS, fitted
from tactful.core.surveys import Option, Question
from tactful.core.texts import plain


def _question(kind: str, *options: str, **fields: Any) -> Question:
    return Question("q", KINDS[kind], plain("?"), options=tuple(Option(one, plain(one)) for one in options), **fields)


def _summed(question: Question, answers: Mapping[Any, int], responses: int = 100) -> ByQuestion:
    return by_question(question, {1: question}, {1: responses}, [Given(1, *one) for one in answers.items()])


def _of(answer: Any, times: int) -> Given:
    return Given(1, answer, times)


def test_a_score_has_its_interval_on_its_own_scale() -> None:
    five = Question("q", fitted(KINDS["ces"], 5), plain("?"))
    found = _summed(five, {1: 10, 5: 30})
    assert found.scores is not None
    assert found.scores.score is not None
    assert found.scores.score.interval == intervals.mean({1: 10, 5: 30}, 0.95, (1, 5))
    assert [bar.count for bar in found.scores.bars] == [10, 0, 0, 0, 30]
    assert (found.answered.count, found.answered.of) == (40, 100)


def test_thumbs_have_their_share_and_no_mean_beside_it() -> None:
    found = _summed(_question("thumbs"), {0: 10, 1: 30}).scores
    assert found is not None
    assert found.score is not None
    assert (found.score.name, found.score.interval.estimate, found.also) == ("up", 75, ())


def test_a_choice_has_wilsons_share_of_each_option() -> None:
    found = _summed(_question("choice", "a", "b", other=True), {"b": 30, "other": 31, "a": 10})
    assert [(one.id, one.chosen.count, one.offered) for one in found.options] == [
        ("b", 30, True),
        ("a", 10, True),
        ("other", 31, True),
    ]
    assert found.options[0].chosen.share == intervals.proportion(30, 71, 0.95)


def test_choices_are_shares_of_those_who_answered() -> None:
    question = _question("choices", "a", "b")
    found = by_question(question, {1: question}, {1: 20}, [_of(["a"], 4), _of(["b", "a"], 6)])
    assert [(one.id, one.chosen.count, one.chosen.of) for one in found.options] == [("a", 10, 10), ("b", 6, 10)]
    assert found.answered.share == intervals.proportion(10, 20, 0.95)


def test_a_share_is_of_those_who_could_choose_the_option() -> None:
    was, now = _question("choice", "a", "b"), _question("choice", "a", "c")
    given = [Given(1, "b", 10), Given(1, "a", 10), Given(2, "c", 5), Given(2, "a", 5)]
    found = by_question(now, {1: was, 2: now}, {1: 20, 2: 10}, given)
    assert [(one.id, one.offered, one.chosen.count, one.chosen.of) for one in found.options] == [
        ("a", True, 15, 30),
        ("c", True, 5, 10),
        ("b", False, 10, 20),
    ]


def test_what_is_left_unranked_shares_the_places_that_are_left() -> None:
    question = _question("ranking", "a", "b", "c", "d", "e")
    found = by_question(question, {1: question}, {1: 10}, [_of(["b", "a"], 6), _of(["a", "b", "c", "d", "e"], 4)])
    told = {one.id: one for one in found.options}
    assert [one.id for one in found.options] == ["b", "a", "c", "d", "e"]
    assert told["a"].chosen.count == 4
    assert told["a"].rank == intervals.mean({2: 6, 1: 4}, 0.95, (1, 5))
    assert told["e"].rank == intervals.mean({4: 6, 5: 4}, 0.95, (1, 5))


def test_rankings_of_other_options_are_set_aside() -> None:
    was, now = _question("ranking", "a", "b"), _question("ranking", "b", "c")
    same = _question("ranking", "c", "b")
    given = [Given(1, ["a", "b"], 7), Given(2, ["c", "b"], 6), Given(3, ["b"], 1)]
    found = by_question(now, {1: was, 2: same, 3: now}, {1: 8, 2: 9, 3: 2}, given)
    assert (found.n, found.set_aside, found.answered.of) == (7, 7, 11)


def test_answers_of_another_kind_or_scale_are_set_aside() -> None:
    seven, five = Question("q", KINDS["ces"], plain("?")), Question("q", fitted(KINDS["ces"], 5), plain("?"))
    given = [Given(1, 7, 7), Given(2, 5, 6), Given(3, ["x"], 2)]
    found = by_question(five, {1: seven, 2: five, 3: _question("choices", "x", "y")}, {1: 9, 2: 8, 3: 3}, given)
    assert (found.n, found.set_aside, found.answered.of) == (6, 9, 8)
    assert by_question_json(found)["set_aside"] == 9


def test_days_are_counted_by_month_and_many_months_by_year() -> None:
    found = _summed(_question("date"), {"2026-01-31": 3, "2026-01-01": 2, "2026-03-01": 5})
    assert [(one.name, one.count) for one in found.days] == [("2026-01", 5), ("2026-03", 5)]
    months = {f"{2020 + n // 12}-{1 + n % 12:02}-01": 1 for n in range(MOST_MONTHS + 1)}
    assert [(one.name, one.count) for one in _summed(_question("date"), months).days] == [
        ("2020", 12),
        ("2021", 12),
        ("2022", 1),
    ]


@pytest.mark.parametrize("kind", ["text", "consent"])
def test_of_others_only_how_many_answered_is_told(kind: str) -> None:
    found = _summed(_question(kind), {None: 30})
    assert (found.answered.count, found.answered.share) == (30, intervals.proportion(30, 100, 0.95))
    assert (found.scores, found.options, found.days) == (None, (), ())
    assert by_question_json(found).keys() == {"id", "kind", "n", "set_aside", "reliability", "answered"}


def test_few_answers_have_counts_and_no_shares() -> None:
    ranking = by_question(_question("ranking", "a", "b"), {1: _question("ranking", "a", "b")}, {1: 4}, [_of(["b"], 4)])
    assert [(one.chosen.count, one.chosen.share, one.rank) for one in ranking.options] == [
        (4, None, None),
        (0, None, None),
    ]
    assert by_question_json(ranking)["options"][0].keys() == {"id", "offered", "of", "count", "share", "low", "high"}
    nobody = _summed(_question("choice", "a", "b"), {}, responses=0)
    assert (nobody.n, nobody.reliability, nobody.answered.of) == (0, "withheld", 0)


def test_the_sums_are_told_by_stable_names() -> None:
    ranking = by_question_json(
        by_question(_question("ranking", "a", "b"), {1: _question("ranking", "a", "b")}, {1: 9}, [_of(["b"], 9)])
    )
    assert ranking["options"][0]["rank"].keys() == {"mean", "low", "high"}
    assert by_question_json(_summed(_question("date"), {"2026-01-31": 9}))["days"] == [
        {"period": "2026-01", "count": 9, "share": 1.0, "low": pytest.approx(0.7, abs=0.01), "high": 1.0}
    ]
    assert by_question_json(_summed(_question("thumbs"), {1: 9}))["score"]["name"] == "up"


@given(
    st.lists(st.permutations("abcd").flatmap(lambda all_: st.integers(1, 4).map(lambda n: list(all_)[:n])), min_size=5)
)
def test_places_always_add_up(rankings: list[list[str]]) -> None:
    question = _question("ranking", *"abcd")
    found = by_question(question, {1: question}, {1: len(rankings)}, [_of(one, 1) for one in rankings])
    means = [one.rank.estimate for one in found.options if one.rank and one.rank.estimate is not None]
    assert sum(means) == pytest.approx(1 + 2 + 3 + 4)
    assert means == sorted(means)
    assert sum(one.chosen.count for one in found.options) == len(rankings)
