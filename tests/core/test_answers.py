"""Answers: what each kind of question takes, and what a response comes to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.answers import Answers, Misfit, read_answers
from tactful.core.kinds import KINDS
from tactful.core.surveys import Question
from tactful.core.texts import plain
from tests.core.examples import a_survey
from tests.core.strategies import JSON, surveys

FULL = "abcde"
SURVEY = a_survey(
    questions=(
        Question("before", KINDS["text"], plain("?"), max_length=len(FULL)),
        Question("score", KINDS["nps"], plain("?")),
        Question("why", KINDS["text"], plain("?")),
        Question("effort", KINDS["ces"], plain("?")),
    )
)


def _read(given: dict[str, Any]) -> Answers:
    read = read_answers(SURVEY, given)
    assert isinstance(read, Answers), read
    return read


def _misfits(given: dict[str, Any]) -> tuple[Misfit, ...]:
    read = read_answers(SURVEY, given)
    assert isinstance(read, tuple), read
    return read


@pytest.mark.parametrize(
    ("score", "band"),
    [(0, "detractor"), (6, "detractor"), (7, "passive"), (8, "passive"), (9, "promoter"), (10, "promoter")],
)
def test_a_score_falls_in_its_band(score: int, band: str) -> None:
    assert _read({"score": score}) == Answers({"score": score}, score, band, None)


@pytest.mark.parametrize("value", [-1, 11, True, False, 9.0, 9.5, "9", None, [9], {"n": 9}, 2**70])
def test_a_score_is_a_whole_number_on_its_scale(value: object) -> None:
    assert _misfits({"score": value}) == (Misfit("answers.score", "expected a whole number from 0 to 10"),)


@pytest.mark.parametrize("value", [0, 8])
def test_each_scale_has_its_own_ends(value: int) -> None:
    assert _misfits({"effort": value}) == (Misfit("answers.effort", "expected a whole number from 1 to 7"),)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("fine", "fine"),
        ("  a b \n", "a b"),
        ("e\N{COMBINING ACUTE ACCENT}", "\N{LATIN SMALL LETTER E WITH ACUTE}"),
        (FULL, FULL),
        (f"  {FULL}  ", FULL),
        ("e\N{COMBINING ACUTE ACCENT}" * len(FULL), "\N{LATIN SMALL LETTER E WITH ACUTE}" * len(FULL)),
        ("\N{GRINNING FACE}" * len(FULL), "\N{GRINNING FACE}" * len(FULL)),
        ("a\nb", "a\nb"),
    ],
)
def test_a_text_is_trimmed_composed_and_measured_in_characters(text: str, kept: str) -> None:
    assert _read({"before": text}).values == {"before": kept}


@pytest.mark.parametrize("value", [5, True, None, ["a"], {"a": 1}, "a\0b"])
def test_a_text_is_a_text(value: object) -> None:
    assert _misfits({"before": value}) == (Misfit("answers.before", "expected a text without U+0000"),)


def test_a_text_is_not_too_long() -> None:
    assert _misfits({"before": FULL + "f"}) == (Misfit("answers.before", "expected at most 5 characters"),)


@pytest.mark.parametrize("empty", ["", "  ", "\n\t"])
def test_an_empty_text_is_no_answer(empty: str) -> None:
    assert _read({"score": 0, "why": empty}) == Answers({"score": 0}, 0, "detractor", None)
    assert _read({"why": empty}).values == {}


def test_a_survey_has_no_other_questions() -> None:
    [misfit] = _misfits({"sc\0re": 9})
    assert misfit.path == "answers", "a name from a page is not repeated"
    assert "before, score, why, effort" in misfit.message


def test_all_misfits_are_told_at_once() -> None:
    assert [one.path for one in _misfits({"score": 11, "why": 5, "x": 1, "effort": 1})] == [
        "answers.score",
        "answers.why",
        "answers",
    ]


@pytest.mark.parametrize(
    ("given", "comment"),
    [
        ({"why": "later", "before": "first"}, "first"),
        ({"why": "later", "before": " "}, "later"),
        ({"score": 3}, None),
    ],
)
def test_the_comment_is_the_first_text_of_the_survey(given: dict[str, Any], comment: str | None) -> None:
    assert _read(given).comment == comment


def test_the_score_is_that_of_the_first_scored_question() -> None:
    assert (_read({"effort": 7}).score, _read({"effort": 7}).band) == (None, None)
    assert _read({"effort": 7, "score": 2}).score == 2


def test_a_survey_without_a_score_has_comments_only() -> None:
    survey = a_survey(questions=(Question("why", KINDS["text"], plain("?")),))
    assert read_answers(survey, {"why": "so"}) == Answers({"why": "so"}, None, None, "so")


@given(data=st.data(), survey=surveys())
def test_whatever_is_sent_is_read_or_refused(data: st.DataObject, survey: Any) -> None:
    ids = st.sampled_from([question.id for question in survey.questions])
    given = data.draw(st.dictionaries(ids | st.text(max_size=3), JSON | st.integers(-1, 11), max_size=5))
    read = read_answers(survey, given)
    if isinstance(read, Answers):
        assert set(read.values) <= set(given)
        assert (read.score is None) == (read.band is None)
        assert read_answers(survey, read.values) == read, "what is kept would be kept again"
    else:
        assert read
