"""What was said: sums of a survey, lists of responses, and people, as pages and the management API read them.

Test people count nowhere; an ask given back is no ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tactful.core.catalogue import Catalogue
from tactful.store.people import Known, known_from
from tactful.store.scopes import complete
from tactful.store.script import Row, Script, one, rows

__all__ = [
    "END_OF_TIME",
    "Sums",
    "Window",
    "find_people",
    "list_responses",
    "person_row",
    "read_person",
    "survey_sums",
]

COUNT_ASKS = """
SELECT count(*) AS asked, count(seen_at) AS seen, count(responded_at) AS responded, count(dismissed_at) AS dismissed,
    count(opted_out_at) AS opted_out,
    count(CASE WHEN responded_at IS NULL AND dismissed_at IS NULL AND opted_out_at IS NULL THEN 1 END) AS ignored
FROM asks
WHERE project_id = ? AND survey_key = ? AND test = 0 AND refunded_at IS NULL AND asked_at >= ? AND asked_at < ?
"""
COUNT_SCORES = """
SELECT score, count(*) AS responses FROM responses
WHERE project_id = ? AND survey_key = ? AND test = 0 AND score IS NOT NULL AND created_at >= ? AND created_at < ?
GROUP BY score ORDER BY score
"""
#: `clicks` has a bit for each of `core.clicks.CLICKS` that was done.
LIST_RESPONSES = """
SELECT r.response_id, r.survey_key, r.version, r.rev, r.answers, r.score, r.band, r.comment, r.done, r.test,
    r.created_at, r.updated_at, r.person_id, p.user_id, p.anonymous_id, p.traits, a.event, a.variant, a.arm,
    (SELECT sum(CASE c.what WHEN 'action' THEN 1 WHEN 'share' THEN 2 WHEN 'copy' THEN 4 WHEN 'coupon' THEN 8 END)
        FROM clicks c WHERE c.project_id = a.project_id AND c.person_id = a.person_id AND c.ask_id = a.ask_id) AS clicks
FROM responses r JOIN people p ON p.project_id = r.project_id AND p.person_id = r.person_id
JOIN asks a ON a.project_id = r.project_id AND a.person_id = r.person_id AND a.ask_id = r.ask_id
WHERE r.project_id = ? AND (r.created_at, r.response_id) < (?, ?)
ORDER BY r.created_at DESC, r.response_id DESC LIMIT ?
"""
LIST_SURVEY_RESPONSES = """
SELECT r.response_id, r.survey_key, r.version, r.rev, r.answers, r.score, r.band, r.comment, r.done, r.test,
    r.created_at, r.updated_at, r.person_id, p.user_id, p.anonymous_id, p.traits, a.event, a.variant, a.arm,
    (SELECT sum(CASE c.what WHEN 'action' THEN 1 WHEN 'share' THEN 2 WHEN 'copy' THEN 4 WHEN 'coupon' THEN 8 END)
        FROM clicks c WHERE c.project_id = a.project_id AND c.person_id = a.person_id AND c.ask_id = a.ask_id) AS clicks
FROM responses r JOIN people p ON p.project_id = r.project_id AND p.person_id = r.person_id
JOIN asks a ON a.project_id = r.project_id AND a.person_id = r.person_id AND a.ask_id = r.ask_id
WHERE r.project_id = ? AND r.survey_key = ? AND (r.created_at, r.response_id) < (?, ?)
ORDER BY r.created_at DESC, r.response_id DESC LIMIT ?
"""
READ_PERSON = """
SELECT p.person_id, p.user_id, p.anonymous_id, p.first_seen_at, p.last_at, p.created_at, p.traits, p.account_id,
    p.opted_out_at, p.test, j.config_version, p.erasure_asked_at, p.refunded_at, p.merged_into
FROM people p JOIN projects j ON j.project_id = p.project_id
WHERE p.project_id = ? AND p.person_id = ?
"""
LIST_PEOPLE = """
SELECT person_id, user_id, anonymous_id, first_seen_at, last_at, created_at, traits, account_id, opted_out_at, test
FROM people WHERE project_id = ? AND merged_into IS NULL AND person_id > ? ORDER BY person_id LIMIT ?
"""
FIND_PEOPLE = """
SELECT p.person_id, p.user_id, p.anonymous_id, p.first_seen_at, p.last_at, p.created_at, p.traits, p.account_id,
    p.opted_out_at, p.test
FROM aliases a JOIN people p ON p.project_id = a.project_id AND p.person_id = a.person_id
WHERE a.project_id = ? AND a.alias = ?
"""
#: Later than everything.
END_OF_TIME = 2**53


@dataclass(frozen=True, slots=True)
class Window:
    """From (inclusive) until (exclusive), in milliseconds."""

    since: int = 0
    until: int = END_OF_TIME


@dataclass(frozen=True, slots=True)
class Sums:
    """A survey summed up: responses by score, and how its asks went."""

    scores: Mapping[int, int]
    asked: int
    seen: int
    responded: int
    dismissed: int
    opted_out: int
    ignored: int


def survey_sums(project_id: str, survey_key: str, window: Window = Window()) -> Script[Sums]:
    """Sum up a survey's asks and scores in `window`."""
    where = (project_id, survey_key, window.since, window.until)
    asks = yield one(COUNT_ASKS, *where)
    scores = yield rows(COUNT_SCORES, *where)
    return Sums(
        scores={row["score"]: row["responses"] for row in scores},
        **{name: asks[name] for name in ("asked", "seen", "responded", "dismissed", "opted_out", "ignored")},
    )


def list_responses(
    project_id: str, survey_key: str | None, before: tuple[int, str] | None, most: int
) -> Script[list[Row]]:
    """Responses, newest first, older than `before` (created_at, response_id)."""
    page = (*(before or (END_OF_TIME, "")), most)
    if survey_key is None:
        found: list[Row] = yield rows(LIST_RESPONSES, project_id, *page)
    else:
        found = yield rows(LIST_SURVEY_RESPONSES, project_id, survey_key, *page)
    return found


def find_people(project_id: str, alias: str | None, after: str, most: int) -> Script[list[Row]]:
    """The person behind `alias`, or all people by id, after the id `after`."""
    if alias is not None:
        found: list[Row] = yield rows(FIND_PEOPLE, project_id, alias)
    else:
        found = yield rows(LIST_PEOPLE, project_id, after, most)
    return found


def person_row(project_id: str, person_id: str) -> Script[Row]:
    """The row of a person who is known to exist."""
    row: Row = yield one(READ_PERSON, project_id, person_id)
    return row


def read_person(project_id: str, person_id: str, catalogue: Catalogue, clock_now: int) -> Script[Known | None]:
    """Read the facts about a person by id, merges followed: all that deciding any survey needs."""
    row = yield one(READ_PERSON, project_id, person_id)
    while row is not None and row["merged_into"] is not None:
        row = yield one(READ_PERSON, project_id, row["merged_into"])
    if row is None:
        return None
    now = max(clock_now, row["last_at"])
    known = yield from known_from(project_id, row, catalogue.horizon_ms, now)
    return (yield from complete(project_id, known, catalogue.surveys.values()))
