"""What may be answered: the answers of one response, checked against the survey's version that was asked.

Answers come from a page, so each is typed and bounded here before anything is stored. A score must be a whole number
on its scale (`true` and `9.0` are not), a text is trimmed, in NFC, and never holds U+0000.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from tactful.core.kinds import band_of
from tactful.core.surveys import Question, Survey

__all__ = ["Answers", "Misfit", "read_answers"]


@dataclass(frozen=True, slots=True)
class Misfit:
    """An answer that its question does not take: where, and what it takes."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of a response, with its score, the band that falls in, and its first words."""

    values: Mapping[str, int | str]
    score: int | None
    band: str | None
    comment: str | None


def _read_scale(question: Question, value: object) -> int | Misfit:
    kind = question.kind
    if type(value) is int and kind.lowest <= value <= kind.highest:
        return value
    return Misfit(f"answers.{question.id}", f"expected a whole number from {kind.lowest} to {kind.highest}")


def _read_text(question: Question, value: object) -> str | Misfit:
    if not isinstance(value, str) or "\0" in value:
        return Misfit(f"answers.{question.id}", "expected a text without U+0000")
    text = unicodedata.normalize("NFC", value).strip()
    if len(text) > question.max_length:
        return Misfit(f"answers.{question.id}", f"expected at most {question.max_length} characters")
    return text


_READERS = {"scale": _read_scale, "text": _read_text}


def read_answers(survey: Survey, given: Mapping[str, object]) -> Answers | tuple[Misfit, ...]:
    """Check `given` against the questions of `survey`; an empty text is no answer."""
    questions = {question.id: question for question in survey.questions}
    values: dict[str, int | str] = {}
    misfits: list[Misfit] = []
    for name, value in given.items():
        question = questions.get(name)
        if question is None:
            misfits.append(Misfit("answers", f"this survey has no such question; it has {', '.join(questions)}"))
            continue
        read = _READERS[question.kind.control](question, value)
        if isinstance(read, Misfit):
            misfits.append(read)
        elif read != "":
            values[name] = read
    return tuple(misfits) if misfits else _summed_up(survey, values)


def _summed_up(survey: Survey, values: Mapping[str, int | str]) -> Answers:
    scored = survey.scored
    score = values.get(scored.id) if scored else None
    texts = (values.get(question.id) for question in survey.questions if question.kind.control == "text")
    comment = next((text for text in texts if isinstance(text, str)), None)
    if scored is None or not isinstance(score, int):
        return Answers(values, None, None, comment)
    return Answers(values, score, band_of(scored.kind, score), comment)
