"""What was answered to each question of a survey: every answer with how often, by version, and the latest words.

Answers are compared as JSON texts, which both databases keep as they were written. Words are all different, so of those
only their number is counted. Test people count nowhere. These are sums over many rows: run them by `scan`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from tactful.core.answers import other_key
from tactful.core.by_question import Given
from tactful.core.surveys import Question
from tactful.store.figures import Slice
from tactful.store.script import Row, Script, rows

__all__ = ["MOST_WORDS", "SaidTo", "Words", "said_to"]

RESPONSES_BY_VERSION = """
SELECT r.version, count(*) AS responses FROM responses r
WHERE r.project_id = ? AND r.survey_key = ? AND r.test = 0 AND r.created_at >= ? AND r.created_at < ?
    AND (CAST(? AS TEXT) IS NULL OR r.band = ?)
    AND (CAST(? AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM people p WHERE p.project_id = r.project_id
        AND p.person_id = r.person_id AND CAST(p.traits -> CAST(? AS TEXT) AS TEXT) IN (?, ?)))
GROUP BY r.version
"""
ANSWERS_BY_VERSION = """
SELECT version, said, count(*) AS responses FROM (
    SELECT r.version, CAST(r.answers -> CAST(? AS TEXT) AS TEXT) AS said FROM responses r
    WHERE r.project_id = ? AND r.survey_key = ? AND r.test = 0 AND r.created_at >= ? AND r.created_at < ?
        AND (CAST(? AS TEXT) IS NULL OR r.band = ?)
        AND (CAST(? AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM people p WHERE p.project_id = r.project_id
            AND p.person_id = r.person_id AND CAST(p.traits -> CAST(? AS TEXT) AS TEXT) IN (?, ?)))
) answered WHERE said IS NOT NULL GROUP BY version, said
"""
WORDS_BY_VERSION = """
SELECT version, count(said) AS responses FROM (
    SELECT r.version, CAST(r.answers -> CAST(? AS TEXT) AS TEXT) AS said FROM responses r
    WHERE r.project_id = ? AND r.survey_key = ? AND r.test = 0 AND r.created_at >= ? AND r.created_at < ?
        AND (CAST(? AS TEXT) IS NULL OR r.band = ?)
        AND (CAST(? AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM people p WHERE p.project_id = r.project_id
            AND p.person_id = r.person_id AND CAST(p.traits -> CAST(? AS TEXT) AS TEXT) IN (?, ?)))
) answered GROUP BY version
"""
# A key with a dot in it, as `topics.other` has, is no path in every database: so the key is looked for as it is
# written. Inside of a text its quotes would be escaped.
LATEST_WORDS = """
SELECT r.response_id, CAST(r.answers AS TEXT) AS said, r.created_at FROM responses r
WHERE r.project_id = ? AND r.survey_key = ? AND r.test = 0 AND r.created_at >= ? AND r.created_at < ?
    AND (CAST(? AS TEXT) IS NULL OR r.band = ?)
    AND (CAST(? AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM people p WHERE p.project_id = r.project_id
        AND p.person_id = r.person_id AND CAST(p.traits -> CAST(? AS TEXT) AS TEXT) IN (?, ?)))
    AND CAST(r.answers AS TEXT) LIKE ? ESCAPE '!'
ORDER BY r.created_at DESC, r.response_id DESC LIMIT ?
"""

MOST_WORDS = 5


class Words(NamedTuple):
    """What somebody wrote, in which response, and when that began."""

    text: str
    response_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class SaidTo:
    """`responses` by version; by the id of a question, its `answers` and the latest `words` (of a text, or of an option
    that people wrote themselves)."""

    responses: Mapping[int, int]
    answers: Mapping[str, tuple[Given, ...]] = field(default_factory=dict)
    words: Mapping[str, tuple[Words, ...]] = field(default_factory=dict)


def said_to(project_id: str, survey_key: str, part: Slice, questions: Sequence[Question]) -> Script[SaidTo]:
    """Gather what was answered to `questions` in the part of the survey that is looked at."""
    trait = part.trait
    has = (None, None, None, None) if trait is None else (trait.name, trait.name, *trait.values)
    where: tuple[Any, ...] = (project_id, survey_key, *part.times, part.band, part.band, *has)
    responses = yield rows(RESPONSES_BY_VERSION, *where)
    answers, words = {}, {}
    for question in questions:
        written = question.kind.answer == "text"
        found = yield rows(WORDS_BY_VERSION if written else ANSWERS_BY_VERSION, question.id, *where)
        answers[question.id] = tuple(_given(row, written=written) for row in found)
        if written or question.other:
            key = question.id if written else other_key(question)
            latest = yield rows(LATEST_WORDS, *where, _written_key(key), MOST_WORDS)
            words[question.id] = tuple(
                Words(said, row["response_id"], row["created_at"])
                for row in latest
                if isinstance(said := orjson.loads(row["said"])[key], str)
            )
    return SaidTo({row["version"]: row["responses"] for row in responses}, answers, words)


def _written_key(key: str) -> str:
    """What a LIKE looks for to find `key` among the answers."""
    return f'%"{key.replace("_", "!_")}":%'


def _given(row: Row, *, written: bool) -> Given:
    answer = None if written else orjson.loads(row["said"])
    return Given(row["version"], answer, row["responses"])
