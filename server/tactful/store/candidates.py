"""Candidates that wait: for the person's tab, or for their hold to end.

A backend's event happens while nobody may be looking. What it makes a candidate is kept here until the person's tab
asks for it, it is cancelled by a later event, or its time is over. The row is the candidate: an offer made from it can
be taken up only while it is here, so a cancellation also reaches a card that is already on its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from tactful.core.catalogue import Candidate, Catalogue, EventValues, Held
from tactful.core.trigger import Cancelling, Event, cancels
from tactful.store.script import Script, one, rows, run

__all__ = ["Waiter", "add", "asked_for", "cancel", "consume", "is_waiting", "ready", "waiters"]

INSERT_CANDIDATE = """
INSERT INTO candidates (project_id, person_id, candidate_id, survey_key, message_id, per, event, same, delay_ms,
    not_before, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id, person_id, candidate_id) DO NOTHING
"""
READ_CANDIDATES = """
SELECT candidate_id, survey_key, message_id, per, event, delay_ms, not_before FROM candidates
WHERE project_id = ? AND person_id = ? AND expires_at > ? ORDER BY not_before LIMIT 100
"""
#: All of them: a cancellation that missed one would let somebody be asked about what is no longer so.
READ_CANCELLABLE = """
SELECT candidate_id, survey_key, same FROM candidates WHERE project_id = ? AND person_id = ? AND expires_at > ?
"""
FIND_CANDIDATE = """
SELECT candidate_id FROM candidates
WHERE project_id = ? AND person_id = ? AND candidate_id = ? AND not_before <= ? AND expires_at > ?
"""
DELETE_CANDIDATE = "DELETE FROM candidates WHERE project_id = ? AND person_id = ? AND candidate_id = ?"
REPLACE_PER = "DELETE FROM candidates WHERE project_id = ? AND person_id = ? AND survey_key = ? AND per = ?"
FIND_ASKED_FOR = """
SELECT ask_id FROM asks
WHERE project_id = ? AND person_id = ? AND survey_key = ? AND per = ? AND refunded_at IS NULL LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Waiter:
    """A row: a candidate by its survey's key, since the survey may have changed meanwhile."""

    candidate_id: str
    survey_key: str
    message_id: str
    per: str | None
    event: EventValues
    delay_ms: int
    not_before: int


def asked_for(project_id: str, person_id: str, survey_key: str, per: str) -> Script[bool]:
    """Tell whether the survey was asked for this value of its `per` already."""
    row = yield one(FIND_ASKED_FOR, project_id, person_id, survey_key, per)
    return row is not None


def add(project_id: str, person_id: str, held: Held, now: int) -> Script[bool]:
    """Let a candidate wait, and tell whether it does. A newer one for the same `per` takes the older one's place."""
    candidate = held.candidate
    survey_key = candidate.live.survey.key
    if candidate.per is not None:
        if (yield from asked_for(project_id, person_id, survey_key, candidate.per)):
            return False
        yield run(REPLACE_PER, project_id, person_id, survey_key, candidate.per)
    not_before = now + held.hold_ms
    yield run(
        INSERT_CANDIDATE, project_id, person_id, candidate.offer_id(project_id), survey_key, candidate.message_id,
        candidate.per, orjson.dumps(dict(candidate.event)).decode(), orjson.dumps(dict(held.same)).decode(),
        candidate.delay_ms, not_before, not_before + held.within_ms,
    )  # fmt: skip
    return True


def waiters(project_id: str, person_id: str, now: int) -> Script[tuple[Waiter, ...]]:
    """Every candidate of the person whose time is not over, the held ones too, the earliest first."""
    found = yield rows(READ_CANDIDATES, project_id, person_id, now)
    return tuple(
        Waiter(
            candidate_id=row["candidate_id"],
            survey_key=row["survey_key"],
            message_id=row["message_id"],
            per=row["per"],
            event=orjson.loads(row["event"]),
            delay_ms=row["delay_ms"],
            not_before=row["not_before"],
        )
        for row in found
    )


def ready(catalogue: Catalogue, waiting: Sequence[Waiter], now: int) -> list[Candidate]:
    """The candidates among `waiting` whose hold is over and whose survey is still there."""
    return [
        Candidate(live, row.message_id, row.delay_ms, row.event, row.per, row.candidate_id)
        for row in waiting
        if row.not_before <= now and (live := catalogue.surveys.get(row.survey_key)) is not None
    ]


def cancel(project_id: str, person_id: str, event: Event, cancelling: Sequence[Cancelling], now: int) -> Script[int]:
    """Take away every candidate that `event` cancels; return how many."""
    if not cancelling:
        return 0
    found = yield rows(READ_CANCELLABLE, project_id, person_id, now)
    cancelled = 0
    for row in found:
        values = orjson.loads(row["same"])
        if any(cancels(one, event, row["survey_key"], values) for one in cancelling):
            cancelled += yield run(DELETE_CANDIDATE, project_id, person_id, row["candidate_id"])
    return cancelled


def is_waiting(project_id: str, person_id: str, candidate_id: str, now: int) -> Script[bool]:
    """Tell whether the candidate is still here and its time has come."""
    row = yield one(FIND_CANDIDATE, project_id, person_id, candidate_id, now, now)
    return row is not None


def consume(project_id: str, person_id: str, candidate_id: str) -> Script[None]:
    """Take away the candidate that was asked."""
    yield run(DELETE_CANDIDATE, project_id, person_id, candidate_id)
