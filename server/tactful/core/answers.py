"""What may be answered: the answers of one response, checked against the survey's version that was asked.

Answers come from a page, so each is typed and bounded here before anything is stored. A score must be a whole number
on its scale (`true` and `9.0` are not), a text is trimmed, in NFC, and never holds U+0000; what is chosen must be there
to be chosen, once. What somebody writes as an option of their own stands under the question's id and `.other`.

What a response lacks is no fault: it grows, and whoever closes the card halfway has said what they have said. So the
card alone sees to `required` and `least`. What the other answers rule out is left out of what is kept (`core/flow`): it
was not asked, or not any more once somebody went back and changed an answer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from tactful.core.flow import asked_questions
from tactful.core.kinds import Shaped, band_of
from tactful.core.surveys import LONGEST_OTHER, OTHER, Question, Survey

__all__ = ["Answer", "Answers", "Misfit", "other_key", "read_answers"]

#: A score, a text, the id of an option, a day, true, or the ids of several options.
Answer: TypeAlias = "int | str | list[str]"


@dataclass(frozen=True, slots=True)
class Misfit:
    """An answer that its question does not take: where, and what it takes."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of a response that are kept, with its score, the band that falls in, and its first words.

    `left_out` names what was given and is not kept, since the other answers rule it out.
    """

    values: Mapping[str, Answer]
    score: int | None
    band: str | None
    comment: str | None
    left_out: tuple[str, ...] = ()


def other_key(question: Question) -> str:
    """What the words of somebody's own option stand under among the answers."""
    return f"{question.id}.{OTHER}"


def _misfit(name: str, expected: str) -> Misfit:
    return Misfit(f"answers.{name}", f"expected {expected}")


def _read_score(question: Question, value: object) -> int | Misfit:
    kind = question.kind
    if type(value) is int and kind.lowest <= value <= kind.highest:
        return value
    return _misfit(question.id, f"a whole number from {kind.lowest} to {kind.highest}")


def _read_text(question: Question, value: object) -> str | Misfit:
    return _words(question.id, value, question.max_length)


def _words(name: str, value: object, longest: int) -> str | Misfit:
    if not isinstance(value, str) or "\0" in value:
        return _misfit(name, "a text without U+0000")
    text = unicodedata.normalize("NFC", value).strip()
    return text if len(text) <= longest else _misfit(name, f"at most {longest} characters")


def _read_option(question: Question, value: object) -> str | Misfit:
    if isinstance(value, str) and value in question.choices:
        return value
    return _misfit(question.id, f"one of {', '.join(question.choices)}")


def _read_options(question: Question, value: object) -> list[str] | Misfit:
    most = question.most or len(question.choices)
    if not isinstance(value, list) or not all(isinstance(one, str) and one in question.choices for one in value):
        return _misfit(question.id, f"a list of some of {', '.join(question.choices)}")
    if len(set(value)) < len(value):
        return _misfit(question.id, "each option once")
    return value if len(value) <= most else _misfit(question.id, f"at most {most}")


def _read_date(question: Question, value: object) -> str | Misfit:
    day = value if isinstance(value, str) and _is_day(value) else None
    # Days that are written the same way stand in the order of their texts.
    if day is None or not (question.earliest or day) <= day <= (question.latest or day):
        bounds = [f"{word} {bound}" for word, bound in (("from", question.earliest), ("to", question.latest)) if bound]
        return _misfit(question.id, " ".join(["a day as YYYY-MM-DD", *bounds]))
    return day


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _read_consent(question: Question, value: object) -> int | Misfit:
    return True if value is True else _misfit(question.id, "true, or no answer where nobody consents")


def _read_nothing(question: Question, _value: object) -> Misfit:
    return _misfit(question.id, "nothing: it is no question")


_READERS: Mapping[Shaped, Callable[[Question, object], Answer | Misfit]] = {
    "score": _read_score,
    "text": _read_text,
    "option": _read_option,
    "options": _read_options,
    "ranking": _read_options,
    "date": _read_date,
    "consent": _read_consent,
    "nothing": _read_nothing,
}


def read_answers(survey: Survey, given: Mapping[str, object]) -> Answers | tuple[Misfit, ...]:
    """Check `given` against the questions of `survey`; an empty text or list is no answer."""
    read = {name: _read_one(survey, name, value) for name, value in given.items()}
    misfits = [one for one in read.values() if isinstance(one, Misfit)]
    if misfits:
        return tuple(misfits)
    values: dict[str, Answer] = {
        name: one for name, one in read.items() if not isinstance(one, Misfit) and one not in ("", [])
    }
    return _summed_up(survey, asked_questions(survey, values), values)


def _read_one(survey: Survey, name: str, value: object) -> Answer | Misfit:
    for question in survey.questions:
        if name == question.id:
            return _READERS[question.kind.answer](question, value)
        if question.other and name == other_key(question):
            return _words(name, value, LONGEST_OTHER)
    known = ", ".join(question.id for question in survey.questions)
    return Misfit("answers", f"this survey has no such question; it has {known}")


def _summed_up(survey: Survey, asked: tuple[Question, ...], values: Mapping[str, Answer]) -> Answers:
    fits = {question.id for question in asked}
    fits |= {other_key(question) for question in asked if _chose_other(values.get(question.id))}
    kept = {name: value for name, value in values.items() if name in fits}
    left_out = tuple(name for name in values if name not in fits)
    scored = survey.scored
    score = kept.get(scored.id) if scored else None
    texts = (kept.get(question.id) for question in asked if question.kind.answer == "text")
    comment = next((text for text in texts if isinstance(text, str)), None)
    if scored is None or not isinstance(score, int):
        return Answers(kept, None, None, comment, left_out)
    return Answers(kept, score, band_of(scored.kind, score), comment, left_out)


def _chose_other(answer: Answer | None) -> bool:
    return answer == OTHER or (isinstance(answer, list) and OTHER in answer)
