"""Which questions a response is asked: each whose condition on the answers before it holds.

The card goes the same way (`widget/src/card/conditions.ts`); both read tests/cases/flow.json. The flow only goes
forward: an answer to a question that is not asked counts as none, so whoever goes back and changes an answer is asked
what follows from the new one.
"""

from __future__ import annotations

from collections.abc import Mapping

from tactful.core.conditions import OPERATORS
from tactful.core.kinds import band_of
from tactful.core.surveys import AnswerCondition, Question, Survey

__all__ = ["asked_questions", "holds"]


def asked_questions(survey: Survey, given: Mapping[str, object]) -> tuple[Question, ...]:
    """The questions of `survey` that whoever answers `given`, by the ids of questions, is asked, in their order."""
    asked: dict[str, Question] = {}
    for question in survey.questions:
        condition = question.condition
        earlier = asked.get(condition.question) if condition else None
        answer = given.get(earlier.id) if earlier else None
        if condition is None or holds(condition, earlier, answer):
            asked[question.id] = question
    return tuple(asked.values())


def holds(condition: AnswerCondition, earlier: Question | None, answer: object) -> bool:
    """Tell whether `answer` to the question `earlier` (None: not given, or not asked) passes `condition`."""
    if condition.op == "answered":
        return (answer is not None) is condition.value
    if condition.op == "band_is":
        return earlier is not None and type(answer) is int and band_of(earlier.kind, answer) == condition.value
    operator = OPERATORS[condition.op]
    return operator.passes_missing if answer is None else operator.test(answer, condition.value, 0)
