"""Events: what happened to a person, each once.

Only what somebody waits for or wants kept is written. A message id seen in the last seven days changes nothing, in the
same transaction as what it would have changed. Ids of pages and of backends are kept apart, so a page cannot use up
the id of a backend's message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import orjson

from tactful.core.catalogue import Candidate, Catalogue, Held, Waiting, candidates
from tactful.core.decide import LiveSurvey
from tactful.core.trigger import Cancelling, Event, on_page
from tactful.identity import Identity
from tactful.store.accounts import lay_over, set_account
from tactful.store.candidates import Waiter, add, asked_for, cancel, waiters
from tactful.store.people import LOCK_PERSON, Known, known_from, peek, recognise, set_traits
from tactful.store.scopes import complete, fire
from tactful.store.script import Row, Script, one, run

__all__ = ["Message", "Observed", "TakenIn", "describe_account", "met", "observe", "take_in"]

INSERT_MESSAGE = """
INSERT INTO messages (project_id, message_id, received_at) VALUES (?, ?, ?)
ON CONFLICT (project_id, message_id) DO NOTHING
"""
#: The same where nobody was locked, whose time it could be.
INSERT_MESSAGE_NOW = """
INSERT INTO messages (project_id, message_id, received_at) VALUES (?, ?, now_ms())
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
#: A project whose surveys wait for what a backend really sends tells its tabs to listen, from the first such event on.
HEAR_BACKEND = """
UPDATE projects SET hears_backend = 1, config_version = config_version + 1
WHERE project_id = ? AND hears_backend = 0
"""


class Message(msgspec.Struct, frozen=True):
    """One message about one person, from a page or a backend, checked and bounded."""

    message_id: str
    event: Event | None = None
    waiting: tuple[Waiting, ...] = ()
    event_id: str | None = None
    happened_at: int | None = None
    traits: dict[str, Any] | None = None
    created_at: int | None = None
    account_id: str | None = None
    account_traits: dict[str, Any] | None = None
    cancelling: tuple[Cancelling, ...] = ()
    page: str | None = None

    def is_where(self, live: LiveSurvey) -> bool:
        """Tell whether the message came from where `live` may appear; a backend's may concern any page."""
        return self.page is None or on_page(live.survey.trigger, self.page)

    @property
    def counters(self) -> frozenset[str]:
        return frozenset(one.counter for one in self.waiting if one.counter is not None)

    @property
    def has_effect(self) -> bool:
        """Tell whether there is anything to be taken in at all."""
        return bool(self.waiting) or self.must_write

    @property
    def changes_person(self) -> bool:
        """Tell whether observing this message changes the person's own row."""
        return self.traits is not None or self.account_id is not None

    @property
    def must_write(self) -> bool:
        """Tell whether observing this message changes anything, or only makes candidates to offer at once."""
        if self.traits is not None or self.account_id is not None or self.event_id is not None:
            return True
        event = self.event
        for waiting in self.waiting:
            if waiting.counter is not None or (event is not None and waiting.must_wait(event)):
                return True
            if waiting.live.survey.throttle.reserve_ms is not None:
                return True
        return bool(self.cancelling)


class Observed(msgspec.Struct, frozen=True):
    """The person after all messages, what may be offered at once, and everything that waits for them."""

    known: Known
    at_once: tuple[Candidate, ...] = ()
    waiting: tuple[Waiter, ...] = ()


class TakenIn(NamedTuple):
    """Whom messages were about, and how soon (milliseconds) the first thing comes due that waits for them, if any."""

    person_id: str
    due_in_ms: int | None


def met(
    project_id: str, identity: Identity, messages: Sequence[Message], catalogue: Catalogue, clock_now: int
) -> Script[Observed | None]:
    """Meet somebody whose messages change nothing, by reading only. None when only `observe` can tell."""
    known = yield from peek(project_id, identity, catalogue.horizon_ms, clock_now)
    if known is None:
        return None
    at_once: list[Candidate] = []
    for message in messages:
        at_once += _due(message, {})[0]
    return (yield from _observed(project_id, known, at_once, catalogue))


def observe(
    project_id: str, identity: Identity, messages: Sequence[Message], new_person_id: str, catalogue: Catalogue
) -> Script[Observed]:
    """Recognise the person and let every message that is new change what it changes."""
    row = yield from recognise(project_id, identity, new_person_id)
    at_once: list[Candidate] = []
    for message in messages:
        at_once += yield from _observe_one(project_id, row, message)
        row = yield one(LOCK_PERSON, project_id, row["person_id"])
    known = yield from known_from(project_id, row, catalogue.horizon_ms, row["last_at"])
    return (yield from _observed(project_id, known, at_once, catalogue))


def take_in(
    project_id: str, identity: Identity, messages: Sequence[Message], new_person_id: str, catalogue: Catalogue
) -> Script[TakenIn]:
    """Let messages change what they change where nobody reads a reply: `observe` without what only an offer needs."""
    row = yield from recognise(project_id, identity, new_person_id)
    for message in messages:
        yield from _observe_one(project_id, row, message)
        if message.changes_person:
            row = yield one(LOCK_PERSON, project_id, row["person_id"])
    first = None
    if any(message.waiting for message in messages) and catalogue.keeps_candidates():
        waiting = yield from waiters(project_id, row["person_id"], row["last_at"])
        first = min((one.not_before for one in waiting), default=None)
    return TakenIn(row["person_id"], None if first is None else max(0, first - row["last_at"]))


def describe_account(project_id: str, message: Message) -> Script[None]:
    """Lay what a message says over the traits of its account, which nobody need belong to."""
    assert message.account_id is not None
    if (yield run(INSERT_MESSAGE_NOW, project_id, message.message_id)):
        yield from lay_over(project_id, message.account_id, message.account_traits or {})


def _observed(project_id: str, known: Known, at_once: Sequence[Candidate], catalogue: Catalogue) -> Script[Observed]:
    """Read what waits for the person, and what deciding about all of it needs beyond them."""
    waiting: tuple[Waiter, ...] = ()
    if known.waited_for and catalogue.keeps_candidates():
        waiting = yield from waiters(project_id, known.person_id, known.now)
    if any(candidate.per is not None for candidate in at_once):
        at_once = yield from _unasked(project_id, known.person_id, at_once)
    lives = [candidate.live for candidate in at_once]
    lives += [live for one in waiting if (live := catalogue.surveys.get(one.survey_key)) is not None]
    if lives:
        known = yield from complete(project_id, known, lives)
    return Observed(known, tuple(at_once), waiting)


def _unasked(project_id: str, person_id: str, made: Sequence[Candidate]) -> Script[list[Candidate]]:
    """Those of `made` that were not asked for their `per` already: to offer one would only keep others from being."""
    kept = []
    for candidate in made:
        survey_key, per = candidate.live.survey.key, candidate.per
        done = per is not None and (yield from asked_for(project_id, person_id, survey_key, per))
        if not done:
            kept.append(candidate)
    return kept


def _due(message: Message, counts: Mapping[str, int]) -> tuple[list[Candidate], list[Held]]:
    if message.event is None:
        return [], []
    return candidates(message.waiting, counts, message.message_id, message.event)


def _observe_one(project_id: str, row: Row, message: Message) -> Script[list[Candidate]]:
    """Let one message change what it changes; return what may be offered at once."""
    new = yield run(INSERT_MESSAGE, project_id, message.message_id, row["last_at"])
    if not new:
        counts = yield from _counted_before(project_id, row, message)
        return _due(message, counts)[0]
    if message.traits is not None:
        yield from set_traits(project_id, row, message.traits, message.created_at)
    if message.account_id is not None:
        yield from set_account(project_id, row, message.account_id, message.account_traits or {})
    if message.event is None:
        return []
    return (yield from _happened(project_id, row, message, message.event))


def _happened(project_id: str, row: Row, message: Message, event: Event) -> Script[list[Candidate]]:
    """Keep, count and let cancel a new event, and let its candidates wait that must."""
    if message.event_id is not None:
        yield from _keep(project_id, row, message, event)
    yield from cancel(project_id, row["person_id"], event, message.cancelling, row["last_at"])
    counts: dict[str, int] = {}
    for counter in sorted(message.counters):
        counted = yield one(COUNT_EVENT, project_id, row["person_id"], counter)
        counts[counter] = counted["occurrences"]
    at_once, held = _due(message, counts)
    # What was asked for its `per` already waits for nothing, and reserves nobody.
    fired = [made.live for made in (yield from _unasked(project_id, row["person_id"], at_once))]
    for wait in held:
        waits = yield from add(project_id, row["person_id"], wait, row["last_at"])
        fired += [wait.candidate.live] if waits else []
    for live in fired:
        if live.survey.throttle.reserve_ms is not None and message.is_where(live):
            yield from fire(project_id, row["person_id"], live, row["last_at"])
    if message.waiting and (event.source == "server" or not event.answered):
        yield run(HEAR_BACKEND, project_id)
    return at_once


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
