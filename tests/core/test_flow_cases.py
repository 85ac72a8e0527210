"""tests/cases/flow.json is shared with the widget: our side of bands, conditions on answers and the flow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tactful.core.flow import asked_questions, holds
from tactful.core.kinds import KINDS, band_of, fitted
from tactful.core.reading.conditions import ANSWER_OPERATORS
from tactful.core.surveys import AnswerCondition, Question
from tactful.core.texts import plain
from tests.core.examples import a_survey

CASES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "cases" / "flow.json").read_text(encoding="utf-8")
)
SCORE = Question("score", KINDS["nps"], plain("?"))


@pytest.mark.parametrize("case", CASES["bands"], ids=lambda case: f"{case['kind']} {case['score']}")
def test_bands_are_the_kinds_own(case: dict[str, Any]) -> None:
    kind = fitted(KINDS[case["kind"]], case.get("points"))
    assert [[band.name, band.highest] for band in kind.bands] == case["bands"]
    assert band_of(kind, case["score"]) == case["band"]


def _condition(question: str, op: str, value: object) -> AnswerCondition:
    return AnswerCondition(question, op, tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    "case", CASES["conditions"], ids=lambda case: f"{case['answer']!r} {case['op']} {case['value']!r}"
)
def test_a_condition_means_the_same_here_and_on_the_card(case: dict[str, Any]) -> None:
    assert holds(_condition("score", case["op"], case["value"]), SCORE, case["answer"]) is case["holds"]


@pytest.mark.parametrize("case", CASES["flow"], ids=lambda case: case["name"])
def test_the_flow_is_the_same_here_and_on_the_card(case: dict[str, Any]) -> None:
    questions = tuple(
        Question(one["id"], KINDS[one["kind"]], plain("?"), condition=_condition(*one["if"]) if "if" in one else None)
        for one in case["questions"]
    )
    asked = asked_questions(a_survey(questions=questions), case["answers"])
    assert [question.id for question in asked] == case["asked"]


def test_the_cases_cover_every_operator_on_answers() -> None:
    assert {case["op"] for case in CASES["conditions"]} == set(ANSWER_OPERATORS)
