"""What the figures of a survey are made of: counts by day and outcome, of everybody or of those with one trait.

A day is a whole one in UTC, numbered from 1970. Test people count nowhere; an ask given back is no ask. These are
sums over many rows: run them by `scan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tactful.core.spans import DAY_MS
from tactful.store.results import COUNT_ASKS
from tactful.store.script import Row, Script, one, rows

__all__ = ["MOST_SAMPLED", "Counted", "Overview", "Slice", "Trait", "overview", "project_activity", "survey_counts"]

SCORES_BY_DAY = """
SELECT created_at / 86400000 AS day, score, count(*) AS responses FROM responses
WHERE project_id = ? AND survey_key = ? AND test = 0 AND score IS NOT NULL
    AND created_at / 86400000 >= ? AND created_at / 86400000 <= ?
GROUP BY created_at / 86400000, score
"""
SCORES_BY_DAY_OF_TRAIT = """
SELECT r.created_at / 86400000 AS day, r.score, count(*) AS responses FROM responses r
JOIN people p ON p.project_id = r.project_id AND p.person_id = r.person_id
WHERE r.project_id = ? AND r.survey_key = ? AND r.test = 0 AND r.score IS NOT NULL
    AND r.created_at / 86400000 >= ? AND r.created_at / 86400000 <= ? AND CAST(p.traits -> ? AS TEXT) IN (?, ?)
GROUP BY r.created_at / 86400000, r.score
"""
COUNT_ASKS_OF_TRAIT = """
SELECT count(*) AS asked, count(seen_at) AS seen, count(responded_at) AS responded, count(dismissed_at) AS dismissed,
    count(a.opted_out_at) AS opted_out,
    count(CASE WHEN responded_at IS NULL AND dismissed_at IS NULL AND a.opted_out_at IS NULL THEN 1 END) AS ignored
FROM asks a JOIN people p ON p.project_id = a.project_id AND p.person_id = a.person_id
WHERE a.project_id = ? AND a.survey_key = ? AND a.test = 0 AND a.refunded_at IS NULL
    AND a.asked_at >= ? AND a.asked_at < ? AND CAST(p.traits -> ? AS TEXT) IN (?, ?)
"""
COMMENTS = """
SELECT r.response_id, r.score, r.band, r.comment, r.created_at, r.person_id, p.user_id, p.anonymous_id, p.traits
FROM responses r
JOIN people p ON p.project_id = r.project_id AND p.person_id = r.person_id
WHERE r.project_id = ? AND r.survey_key = ? AND r.test = 0 AND r.comment IS NOT NULL
    AND r.created_at >= ? AND r.created_at < ? AND (CAST(? AS TEXT) IS NULL OR r.band = ?)
ORDER BY r.created_at DESC, r.response_id DESC LIMIT ?
"""
COMMENTS_OF_TRAIT = """
SELECT r.response_id, r.score, r.band, r.comment, r.created_at, r.person_id, p.user_id, p.anonymous_id, p.traits
FROM responses r
JOIN people p ON p.project_id = r.project_id AND p.person_id = r.person_id
WHERE r.project_id = ? AND r.survey_key = ? AND r.test = 0 AND r.comment IS NOT NULL
    AND r.created_at >= ? AND r.created_at < ? AND (CAST(? AS TEXT) IS NULL OR r.band = ?)
    AND CAST(p.traits -> ? AS TEXT) IN (?, ?)
ORDER BY r.created_at DESC, r.response_id DESC LIMIT ?
"""
LATEST_TRAITS = """
SELECT p.traits FROM responses r JOIN people p ON p.project_id = r.project_id AND p.person_id = r.person_id
WHERE r.project_id = ? AND r.survey_key = ? AND r.test = 0 AND r.created_at >= ? AND r.created_at < ?
ORDER BY r.created_at DESC, r.response_id DESC LIMIT ?
"""
LATEST_TESTS = """
SELECT r.response_id, r.score, r.band, r.comment, r.created_at, r.person_id, p.user_id, p.anonymous_id, p.traits
FROM responses r JOIN people p ON p.project_id = r.project_id AND p.person_id = r.person_id
WHERE r.project_id = ? AND r.survey_key = ? AND r.test = 1
ORDER BY r.created_at DESC LIMIT ?
"""
EVER_ASKED = """
SELECT min(asked_at) AS first_at FROM asks WHERE project_id = ? AND survey_key = ? AND test = 0 AND refunded_at IS NULL
"""
COUNT_PROJECT = """
SELECT count(*) AS responses, max(created_at) AS last_at FROM responses
WHERE project_id = ? AND test = 0 AND created_at >= ?
"""

#: Traits are offered as the latest of those who answered have them.
MOST_SAMPLED = 1_000
_MOST_COMMENTS = 20
_MOST_TESTS = 3


@dataclass(frozen=True, slots=True)
class Trait:
    """People whose trait `name` is one of two JSON texts: a value as a text, or as the number that it may also be."""

    name: str
    values: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a survey is looked at: days `first` to `last`, both counted; `before` is the first day of the
    period that it is compared with. `band` narrows the comments alone."""

    first: int
    last: int
    before: int
    trait: Trait | None = None
    band: str | None = None

    @property
    def times(self) -> tuple[int, int]:
        """The same days as a time from (counted) and until (not counted), in milliseconds."""
        return self.first * DAY_MS, (self.last + 1) * DAY_MS


@dataclass(frozen=True, slots=True)
class Counted:
    """`scores` are (day, score, answers) from `before` on; `asks` one row of outcomes; `traits` JSON texts. `tests` are
    the latest responses of test people, which nothing else here counts."""

    scores: tuple[tuple[int, int, int], ...]
    asks: Row
    comments: Sequence[Row]
    traits: tuple[str, ...]
    tests: Sequence[Row]
    ever_asked: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """One survey in few numbers."""

    asks: Row
    histogram: dict[int, int]


def survey_counts(project_id: str, survey_key: str, part: Slice) -> Script[Counted]:
    """Count what one survey's page shows."""
    where, bands = (project_id, survey_key), (part.band, part.band)
    days, times = (part.before, part.last), part.times
    if part.trait is None:
        scores = yield rows(SCORES_BY_DAY, *where, *days)
        asks = yield one(COUNT_ASKS, *where, *times)
        comments = yield rows(COMMENTS, *where, *times, *bands, _MOST_COMMENTS)
    else:
        has: tuple[Any, ...] = (part.trait.name, *part.trait.values)
        scores = yield rows(SCORES_BY_DAY_OF_TRAIT, *where, *days, *has)
        asks = yield one(COUNT_ASKS_OF_TRAIT, *where, *times, *has)
        comments = yield rows(COMMENTS_OF_TRAIT, *where, *times, *bands, *has, _MOST_COMMENTS)
    traits = yield rows(LATEST_TRAITS, *where, *times, MOST_SAMPLED)
    tests = yield rows(LATEST_TESTS, *where, _MOST_TESTS)
    first = yield one(EVER_ASKED, *where)
    return Counted(
        tuple((row["day"], row["score"], row["responses"]) for row in scores),
        asks,
        comments,
        tuple(row["traits"] for row in traits),
        tests,
        first["first_at"] is not None,
    )


def overview(project_id: str, survey_keys: Sequence[str], part: Slice) -> Script[dict[str, Overview]]:
    """Count each survey of a list."""
    found = {}
    for key in survey_keys:
        asks = yield one(COUNT_ASKS, project_id, key, *part.times)
        histogram: dict[int, int] = {}
        for row in (yield rows(SCORES_BY_DAY, project_id, key, part.first, part.last)):
            histogram[row["score"]] = histogram.get(row["score"], 0) + row["responses"]
        found[key] = Overview(asks, histogram)
    return found


def project_activity(project_ids: Sequence[str], since_ms: int) -> Script[dict[str, Row]]:
    """How many responses each project had since then, and when the last one began."""
    found = {}
    for project_id in project_ids:
        found[project_id] = yield one(COUNT_PROJECT, project_id, since_ms)
    return found
