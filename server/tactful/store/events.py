"""Events: what happened to a person, each once.

Only what somebody waits for or wants kept is written. A message id seen in the last seven days changes nothing, in the
same transaction as what it would have changed. Ids of pages and of backends are kept apart, so a page cannot use up
the id of a backend's message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tactful.core.catalogue import Waiting
from tactful.core.spans import DAY_MS
from tactful.core.trigger import Event
from tactful.identity import Identity
from tactful.store.people import LOCK_PERSON, Known, known_from, recognise, set_account, set_traits
from tactful.store.script import Row, Script, one, run

__all__ = ["Message", "Observed", "forget_old", "observe"]

INSERT_MESSAGE = """
INSERT INTO messages (project_id, message_id, received_at) VALUES (?, ?, ?)
ON CONFLICT (project_id, message_id) DO NOTHING
"""
COUNT_EVENT = """
INSERT INTO counters (project_id, person_id, counter, occurrences) VALUES (?, ?, ?, 1)
ON CONFLICT (project_id, person_id, counter) DO UPDATE SET occurrences = counters.occurrences + 1
RETURNING occurrences
"""
READ_COUNT = "SELECT occurrences FROM counters WHERE project_id = ? AND person_id = ? AND counter = ?"
INSERT_EVENT = """
INSERT INTO events (project_id, person_id, event_id, name, properties, happened_at, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
FORGET_MESSAGES = """
DELETE FROM messages WHERE (project_id, message_id) IN
    (SELECT project_id, message_id FROM messages WHERE received_at < now_ms() - ? ORDER BY received_at LIMIT ?)
"""
FORGET_EVENTS = """
DELETE FROM events WHERE (project_id, person_id, event_id) IN
    (SELECT e.project_id, e.person_id, e.event_id FROM events e JOIN projects j ON j.project_id = e.project_id
     WHERE e.received_at < now_ms() - j.keep_events_ms ORDER BY e.received_at LIMIT ?)
"""

#: Retries of the slowest client end after half a day; a week leaves room for a queue that was switched off.
REMEMBER_MESSAGES_MS = 7 * DAY_MS
#: Small enough that a chunk holds the writer for milliseconds only.
FORGET_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Message:
    """One message about one person, from a page or a backend, checked and bounded."""

    message_id: str
    event: Event | None = None
    waiting: tuple[Waiting, ...] = ()
    event_id: str | None = None
    happened_at: int | None = None
    traits: dict[str, Any] | None = None
    created_at: int | None = None
    account_id: str | None = None
    account_traits: dict[str, Any] = field(default_factory=dict)

    @property
    def counters(self) -> frozenset[str]:
        return frozenset(one.counter for one in self.waiting if one.counter is not None)


@dataclass(frozen=True, slots=True)
class Observed:
    """The person after all messages, and for each message the occurrences by counter."""

    known: Known
    counts: tuple[dict[str, int], ...]


def observe(
    project_id: str, identity: Identity, messages: Sequence[Message], new_person_id: str, horizon_ms: int
) -> Script[Observed]:
    """Recognise the person and let every message that is new change what it changes."""
    row = yield from recognise(project_id, identity, new_person_id)
    counts = []
    for message in messages:
        counts.append((yield from _observe_one(project_id, row, message)))
        row = yield one(LOCK_PERSON, project_id, row["person_id"])
    known = yield from known_from(project_id, row, horizon_ms, row["last_at"])
    return Observed(known, tuple(counts))


def _observe_one(project_id: str, row: Row, message: Message) -> Script[dict[str, int]]:
    new = yield run(INSERT_MESSAGE, project_id, message.message_id, row["last_at"])
    if not new:
        return (yield from _counted_before(project_id, row, message))
    if message.traits is not None:
        yield from set_traits(project_id, row, message.traits, message.created_at)
    if message.account_id is not None:
        yield from set_account(project_id, row, message.account_id, message.account_traits)
    if message.event is not None and message.event_id is not None:
        yield from _keep(project_id, row, message, message.event)
    counts: dict[str, int] = {}
    for counter in sorted(message.counters):
        counted = yield one(COUNT_EVENT, project_id, row["person_id"], counter)
        counts[counter] = counted["occurrences"]
    return counts


def _counted_before(project_id: str, row: Row, message: Message) -> Script[dict[str, int]]:
    """The counts as they stand: a message sent again is met as it was."""
    counts: dict[str, int] = {}
    for counter in sorted(message.counters):
        counted = yield one(READ_COUNT, project_id, row["person_id"], counter)
        counts[counter] = counted["occurrences"] if counted else 0
    return counts


def _keep(project_id: str, row: Row, message: Message, event: Event) -> Script[None]:
    properties = orjson.dumps(event.properties).decode()
    happened_at = message.happened_at if message.happened_at is not None else row["last_at"]
    yield run(
        INSERT_EVENT, project_id, row["person_id"], message.event_id, event.name, properties, happened_at,
        row["last_at"],
    )  # fmt: skip


def forget_old() -> Script[int]:
    """Delete one chunk of message ids and kept events that are past their time; return how many."""
    messages: int = yield run(FORGET_MESSAGES, REMEMBER_MESSAGES_MS, FORGET_AT_ONCE)
    events: int = yield run(FORGET_EVENTS, FORGET_AT_ONCE)
    return messages + events
