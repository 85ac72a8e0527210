"""What was answered to each question of a survey, added up: for the results page and the management API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tactful.core.by_question import ByQuestion, by_question
from tactful.core.surveys import Question, Survey
from tactful.store.by_question import SaidTo, Words, said_to
from tactful.store.figures import Slice
from tactful.web.service import Service

__all__ = ["Answered", "answered_by_question"]


@dataclass(frozen=True, slots=True)
class Answered:
    """The sums of one question, and the latest words that were written to it."""

    sums: ByQuestion
    words: tuple[Words, ...]


async def answered_by_question(
    service: Service, project_id: str, survey: Survey, part: Slice, questions: Sequence[Question]
) -> tuple[Answered, ...]:
    """Add up the answers to `questions`, which are the survey's as it is now."""
    if not questions:
        return ()
    said: SaidTo = await service.db.scan(said_to, project_id, survey.key, part, questions)
    versions = {
        version: await service.configs.survey_version(project_id, survey.key, version) for version in said.responses
    }
    return tuple(_answered(question, versions, said) for question in questions)


def _answered(question: Question, versions: dict[int, Survey], said: SaidTo) -> Answered:
    asked = {version: one for version, survey in versions.items() for one in survey.questions if one.id == question.id}
    sums = by_question(question, asked, said.responses, said.answers[question.id])
    return Answered(sums, said.words.get(question.id, ()))
