"""Answers: what each kind of question takes, and what a response comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.answers import Answers, Misfit, read_answers
from tactful.core.kinds import KINDS, fitted
from tactful.core.surveys import AnswerCondition, Option, Question, Survey
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


OPTIONS = tuple(Option(one, plain(one)) for one in ("speed", "price", "sound"))


def _of(kind: str, **fields: Any) -> Survey:
    return a_survey(
        questions=(Question("q", KINDS[kind], plain("?"), **fields), Question("z", KINDS["text"], plain("?")))
    )


CHOICE = _of("choice", options=OPTIONS, other=True)
CHOICES = _of("choices", options=OPTIONS, other=True, least=2, most=3)
RANKING = _of("ranking", options=OPTIONS, most=2)
DATE = _of("date", earliest="2026-02-01", latest="2026-12-31")
CONSENT = _of("consent", label=plain("Yes"), required=True)


@pytest.mark.parametrize(
    ("survey", "value"),
    [
        (CHOICE, "price"),
        (CHOICE, "other"),
        (CHOICES, ["sound", "other", "speed"]),
        (CHOICES, ["speed"]),
        (RANKING, ["sound", "price"]),
        (RANKING, ["speed"]),
        (DATE, "2026-02-01"),
        (DATE, "2026-12-31"),
        (_of("date"), "0001-01-01"),
        (CONSENT, True),
        (_of("thumbs"), 0),
        (_of("rating"), 5),
    ],
)
def test_an_answer_that_fits_is_kept_as_it_is(survey: Survey, value: Any) -> None:
    read = read_answers(survey, {"q": value})
    assert isinstance(read, Answers)
    assert (read.values, read.left_out) == ({"q": value}, ())
    assert type(read.values["q"]) is type(value)


@pytest.mark.parametrize(
    ("survey", "value", "expected"),
    [
        (CHOICE, "fast", "one of speed, price, sound, other"),
        (CHOICE, ["speed"], "one of speed, price, sound, other"),
        (_of("choice", options=OPTIONS), "other", "one of speed, price, sound"),
        (CHOICES, "speed", "a list of some of speed, price, sound, other"),
        (CHOICES, ["speed", 1], "a list of some of speed, price, sound, other"),
        (CHOICES, ["speed", ["speed"]], "a list of some of speed, price, sound, other"),
        (CHOICES, ["speed", "speed"], "each option once"),
        (CHOICES, ["speed", "price", "sound", "other"], "at most 3"),
        (RANKING, ["speed", "price", "sound"], "at most 2"),
        (RANKING, ["speed", "speed"], "each option once"),
        (DATE, "2026-01-31", "a day as YYYY-MM-DD from 2026-02-01 to 2026-12-31"),
        (DATE, "2027-01-01", "a day as YYYY-MM-DD from 2026-02-01 to 2026-12-31"),
        (_of("date"), "2026-02-30", "a day as YYYY-MM-DD"),
        (_of("date"), "20260203", "a day as YYYY-MM-DD"),
        (_of("date"), "2026-W06-2", "a day as YYYY-MM-DD"),
        (_of("date"), 20_260_203, "a day as YYYY-MM-DD"),
        (_of("date", latest="2026-01-01"), "2026-01-02", "a day as YYYY-MM-DD to 2026-01-01"),
        (CONSENT, False, "true, or no answer where nobody consents"),
        (CONSENT, 1, "true, or no answer where nobody consents"),
        (CONSENT, "yes", "true, or no answer where nobody consents"),
        (_of("info"), True, "nothing: it is no question"),
        (_of("thumbs"), 2, "a whole number from 0 to 1"),
        (_of("thumbs"), True, "a whole number from 0 to 1"),
        (_of("rating"), 6, "a whole number from 1 to 5"),
        (a_survey(questions=(Question("q", fitted(KINDS["ces"], 5), plain("?")),)), 6, "a whole number from 1 to 5"),
    ],
)
def test_an_answer_that_does_not_fit_is_told_what_would(survey: Survey, value: object, expected: str) -> None:
    assert read_answers(survey, {"q": value}) == (Misfit("answers.q", f"expected {expected}"),)


def test_what_somebody_writes_as_their_own_option_is_kept_beside_it() -> None:
    read = read_answers(CHOICES, {"q": ["other", "speed"], "q.other": "  the sea "})
    assert isinstance(read, Answers)
    assert read.values == {"q": ["other", "speed"], "q.other": "the sea"}
    assert read.comment is None, "it is an option and no comment"
    assert read_answers(CHOICE, {"q": "other", "q.other": 5}) == (
        Misfit("answers.q.other", "expected a text without U+0000"),
    )
    assert read_answers(CHOICE, {"q": "other", "q.other": "x" * 501}) == (
        Misfit("answers.q.other", "expected at most 500 characters"),
    )
    [misfit] = _as_misfits(read_answers(_of("choice", options=OPTIONS), {"q.other": "x"}))
    assert misfit.path == "answers"


def _as_misfits(read: object) -> tuple[Misfit, ...]:
    assert isinstance(read, tuple)
    return read


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"q": "speed", "q.other": "x"}, {"q": "speed"}),
        ({"q.other": "x", "z": "y"}, {"z": "y"}),
        ({"q": "other", "q.other": " "}, {"q": "other"}),
    ],
)
def test_words_for_an_option_that_was_not_chosen_are_left_out(given: dict[str, Any], kept: dict[str, Any]) -> None:
    read = read_answers(CHOICE, given)
    assert isinstance(read, Answers)
    assert read.values == kept
    assert read.left_out == (("q.other",) if given["q.other"].strip() else ())


def test_an_empty_list_is_no_answer() -> None:
    read = read_answers(CHOICES, {"q": [], "z": "y"})
    assert isinstance(read, Answers)
    assert (read.values, read.left_out) == ({"z": "y"}, ())


def test_what_the_other_answers_rule_out_is_left_out() -> None:
    survey = a_survey(
        questions=(
            Question("topics", KINDS["choices"], plain("?"), options=OPTIONS, other=True),
            Question("score", KINDS["nps"], plain("?"), condition=AnswerCondition("topics", "contains", "speed")),
            Question("why", KINDS["text"], plain("?"), condition=AnswerCondition("score", "lt", 7)),
        )
    )
    given = {"topics": ["speed"], "score": 3, "why": "slow"}
    assert read_answers(survey, given) == Answers(given, 3, "detractor", "slow")
    changed = read_answers(survey, given | {"topics": ["price"]})
    assert changed == Answers({"topics": ["price"]}, None, None, None, ("score", "why"))
    assert read_answers(survey, given | {"score": 9}) == Answers(
        {"topics": ["speed"], "score": 9}, 9, "promoter", None, ("why",)
    )


def test_a_response_may_lack_what_is_required_since_a_card_can_be_closed() -> None:
    assert read_answers(CONSENT, {"z": "so"}) == Answers({"z": "so"}, None, None, "so")


@given(data=st.data(), survey=surveys())
def test_whatever_is_sent_is_read_or_refused(data: st.DataObject, survey: Any) -> None:
    ids = st.sampled_from([question.id for question in survey.questions])
    given = data.draw(st.dictionaries(ids | st.text(max_size=3), JSON | st.integers(-1, 11), max_size=5))
    read = read_answers(survey, given)
    if isinstance(read, Answers):
        assert set(read.values).isdisjoint(read.left_out)
        assert {*read.values, *read.left_out} <= set(given)
        assert (read.score is None) == (read.band is None)
        assert read_answers(survey, read.values) == replace(read, left_out=()), "what is kept would be kept again"
    else:
        assert read
