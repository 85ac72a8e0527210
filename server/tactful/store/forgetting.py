"""Forgetting what is past its time: ids of messages, kept events, candidates and firings, a chunk at a time.

Every statement finds what it deletes at one end of an index, so an hour in which there is nothing to forget costs next
to nothing, however much is remembered. For that the time is a parameter: PostgreSQL would not look a comparison with
`now_ms()` up in an index, since the function may tell something else for every row, but read all of it.
"""

from __future__ import annotations

from tactful.core.spans import DAY_MS
from tactful.store.journal import NOW
from tactful.store.script import Script, one, run

__all__ = ["FORGET_AT_ONCE", "REMEMBER_MESSAGES_MS", "forget_old"]

FORGET_MESSAGES = """
DELETE FROM messages WHERE (project_id, message_id) IN
    (SELECT project_id, message_id FROM messages WHERE received_at < ? ORDER BY received_at LIMIT ?)
"""
#: Each project says for how long; the order of the join is the one in which an index can be used.
FORGET_EVENTS = """
DELETE FROM events WHERE (project_id, person_id, event_id) IN
    (SELECT e.project_id, e.person_id, e.event_id FROM projects j CROSS JOIN events e
     WHERE e.project_id = j.project_id AND e.received_at < CAST(? AS BIGINT) - j.keep_events_ms LIMIT ?)
"""
FORGET_CANDIDATES = """
DELETE FROM candidates WHERE (project_id, person_id, candidate_id) IN
    (SELECT project_id, person_id, candidate_id FROM candidates WHERE expires_at < ? ORDER BY expires_at LIMIT ?)
"""
#: Asks twice whether it is over: the trigger may have fired again while the row was waited for.
FORGET_FIRINGS = """
DELETE FROM firings WHERE (project_id, person_id, survey_key) IN
    (SELECT project_id, person_id, survey_key FROM firings WHERE expires_at < ? ORDER BY expires_at LIMIT ?)
    AND expires_at < ?
"""

#: Retries of the slowest client end after half a day; a week leaves room for a queue that was switched off.
REMEMBER_MESSAGES_MS = 7 * DAY_MS
#: Small enough that a chunk holds the writer for some milliseconds only; measured with ten million ids, whose rows lie
#: anywhere, some 3 ms on SQLite.
FORGET_AT_ONCE = 250


def forget_old() -> Script[int]:
    """Delete a chunk each of message ids, kept events, candidates and firings past their time; return the largest's
    size."""
    now: int = (yield one(NOW))["now"]
    messages: int = yield run(FORGET_MESSAGES, now - REMEMBER_MESSAGES_MS, FORGET_AT_ONCE)
    events: int = yield run(FORGET_EVENTS, now, FORGET_AT_ONCE)
    waited: int = yield run(FORGET_CANDIDATES, now, FORGET_AT_ONCE)
    fired: int = yield run(FORGET_FIRINGS, now, FORGET_AT_ONCE, now)
    return max(messages, events, waited, fired)
