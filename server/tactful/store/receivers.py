"""Receivers: what their owners decide, the secrets that they verify by, and what became of what came.

Whoever takes a webhook reads its receiver afresh, by the id in the address: a secret that was changed or a receiver
that was deleted counts at once, on every node. Secrets leave this module for verifying alone; lists say how many there
are. Whatever changes a receiver or its secrets is on the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import orjson

from tactful.core.reading import read_receiver, write_receiver
from tactful.core.reading.whole import MOST_RECEIVERS
from tactful.core.receivers import Open, Receiver, secret_fault
from tactful.errors import Conflict, NotFound
from tactful.store.audit import Act, record
from tactful.store.ended import DELETE_RECEIVER, DELETE_TALLIES, end_receiver, end_secrets, use_again
from tactful.store.profiles import comparable_email
from tactful.store.projects import HOLD_PROJECT
from tactful.store.script import Row, Script, one, rows, run

__all__ = [
    "FirstSecret",
    "Listed",
    "NewSecret",
    "Stored",
    "Tally",
    "add_receiver",
    "add_tallies",
    "change_receiver",
    "change_secret",
    "delete_receiver",
    "end_previous_secret",
    "find_by_email",
    "find_receiver",
    "is_known",
    "list_receivers",
    "put_receiver",
    "read_receiver_of",
]

FIND_RECEIVER = """
SELECT project_id, receiver_key, receiver_id, definition, secret, previous_secret, created_at, updated_at, secret_at
FROM receivers WHERE receiver_id = ?
"""
READ_RECEIVER = """
SELECT project_id, receiver_key, receiver_id, definition, secret, previous_secret, created_at, updated_at, secret_at
FROM receivers WHERE project_id = ? AND receiver_key = ?
"""
LIST_RECEIVERS = """
SELECT project_id, receiver_key, receiver_id, definition, secret, previous_secret, created_at, updated_at, secret_at
FROM receivers WHERE project_id = ? ORDER BY receiver_key
"""
LIST_TALLIES = "SELECT receiver_key, outcome, times, last_at FROM receiver_tallies WHERE project_id = ?"
COUNT_RECEIVERS = "SELECT count(*) AS found FROM receivers WHERE project_id = ?"
INSERT_RECEIVER = """
INSERT INTO receivers (project_id, receiver_key, receiver_id, definition, secret, created_at, updated_at, secret_at)
VALUES (?, ?, ?, ?, ?, now_ms(), now_ms(), CASE WHEN CAST(? AS TEXT) IS NULL THEN NULL ELSE now_ms() END)
"""
UPDATE_RECEIVER = """
UPDATE receivers SET definition = ?, updated_at = now_ms() WHERE project_id = ? AND receiver_key = ?
"""
FORGET_SECRETS = """
UPDATE receivers SET secret = NULL, previous_secret = NULL, secret_at = NULL WHERE project_id = ? AND receiver_key = ?
"""
UPDATE_SECRETS = """
UPDATE receivers SET secret = ?, previous_secret = ?, secret_at = now_ms() WHERE project_id = ? AND receiver_key = ?
"""
FORGET_PREVIOUS = "UPDATE receivers SET previous_secret = NULL WHERE project_id = ? AND receiver_key = ?"
#: What came for a receiver that was deleted meanwhile leaves nothing.
ADD_TALLY = """
INSERT INTO receiver_tallies (project_id, receiver_key, outcome, times, last_at)
SELECT r.project_id, r.receiver_key, ?, ?, ? FROM receivers r WHERE r.receiver_id = ?
ON CONFLICT (project_id, receiver_key, outcome) DO UPDATE
SET times = receiver_tallies.times + excluded.times, last_at = greatest(receiver_tallies.last_at, excluded.last_at)
"""
IS_KNOWN = "SELECT received_at FROM messages WHERE project_id = ? AND message_id = ?"
#: Known people alone: an address is no reason to believe that a browser is somebody's.
FIND_BY_EMAIL = """
SELECT user_id FROM people
WHERE project_id = ? AND lower(traits ->> 'email') = ? AND merged_into IS NULL AND user_id IS NOT NULL
ORDER BY person_id LIMIT 2
"""

#: `taken`: became an event; `ignored`: said nothing to take; `duplicate`: came before; `refused`: was not proved;
#: `unreadable`: was no JSON.
Outcome = Literal["taken", "ignored", "duplicate", "refused", "unreadable"]


class Stored(NamedTuple):
    """A receiver as it is stored, with the secrets that are live, the newest first. `receiver_id` is its address."""

    project_id: str
    receiver_id: str
    receiver: Receiver
    secrets: tuple[str, ...]
    created_at: int
    updated_at: int
    secret_at: int | None


class Tally(NamedTuple):
    """How often something became of what came, and when last."""

    receiver_id: str
    outcome: Outcome
    times: int
    last_at: int


class Listed(NamedTuple):
    """A receiver with what became of what came, by outcome."""

    stored: Stored
    tallies: dict[str, Tally]


class FirstSecret(NamedTuple):
    """The secret that was given along, and the one of ours that a new receiver gets where none was."""

    given: str | None = None
    ours: str | None = None


class NewSecret(NamedTuple):
    """A secret to change to, and whether the one before stays good until the sender has changed too."""

    secret: str
    keep_previous: bool = True


@lru_cache(maxsize=1_000)
def _read(definition: str) -> Receiver:
    """Read a stored definition, which was valid when it was stored."""
    reading = read_receiver(orjson.loads(definition))
    assert reading.value is not None, f"a stored receiver does not read: {reading.faults}"
    return reading.value


def _stored(row: Row) -> Stored:
    secrets = tuple(secret for secret in (row["secret"], row["previous_secret"]) if secret is not None)
    return Stored(
        row["project_id"],
        row["receiver_id"],
        _read(row["definition"]),
        secrets,
        row["created_at"],
        row["updated_at"],
        row["secret_at"],
    )


def find_receiver(receiver_id: str) -> Script[Stored | None]:
    """Find the receiver at this address."""
    row = yield one(FIND_RECEIVER, receiver_id)
    return row and _stored(row)


def read_receiver_of(project_id: str, key: str) -> Script[Listed]:
    """One receiver of the project. Raises `NotFound`."""
    stored = yield from _required(project_id, key)
    return Listed(stored, (yield from _tallies(project_id)).get(key, {}))


def list_receivers(project_id: str) -> Script[list[Listed]]:
    """All receivers of the project, by key."""
    found = yield rows(LIST_RECEIVERS, project_id)
    tallies = yield from _tallies(project_id)
    return [Listed(_stored(row), tallies.get(row["receiver_key"], {})) for row in found]


def _tallies(project_id: str) -> Script[dict[str, dict[str, Tally]]]:
    found: dict[str, dict[str, Tally]] = {}
    for row in (yield rows(LIST_TALLIES, project_id)):
        of_one = found.setdefault(row["receiver_key"], {})
        of_one[row["outcome"]] = Tally("", row["outcome"], row["times"], row["last_at"])
    return found


def _required(project_id: str, key: str) -> Script[Stored]:
    row = (yield one(READ_RECEIVER, project_id, key)) if "\0" not in key else None
    if row is None:
        raise NotFound("no_such_receiver", "There is no such receiver.")
    return _stored(row)


def put_receiver(
    project_id: str, receiver: Receiver, new_receiver_id: str, first: FirstSecret, act: Act
) -> Script[Literal["created", "changed", "unchanged"]]:
    """Make the receiver under its key what is given; a secret that was given along is what an old one changes to, if it
    is another than the newest. Doing it again changes nothing. Raises `Conflict`."""
    yield run(HOLD_PROJECT, project_id)
    row = yield one(READ_RECEIVER, project_id, receiver.key)
    if row is not None:
        return (yield from _change(_stored(row), receiver, first.given, act))
    yield from _add(project_id, receiver, new_receiver_id, first.ours if first.given is None else first.given, act)
    return "created"


def add_receiver(
    project_id: str, receiver: Receiver, new_receiver_id: str, secret: str | None, act: Act
) -> Script[bool]:
    """Make a receiver; False, and nothing is changed, where there is one under its key. Raises `Conflict`."""
    yield run(HOLD_PROJECT, project_id)
    if (yield one(READ_RECEIVER, project_id, receiver.key)) is not None:
        return False
    yield from _add(project_id, receiver, new_receiver_id, secret, act)
    return True


def _add(project_id: str, receiver: Receiver, new_receiver_id: str, secret: str | None, act: Act) -> Script[None]:
    if (yield one(COUNT_RECEIVERS, project_id))["found"] >= MOST_RECEIVERS:
        raise Conflict("too_many_receivers", f"A project has at most {MOST_RECEIVERS} receivers; delete one.")
    _refuse_unfit(receiver, secret)
    yield run(INSERT_RECEIVER, project_id, receiver.key, new_receiver_id, _written(receiver), secret, secret)
    yield from record(act, "receiver_made", project_id, receiver=receiver.key)


def change_receiver(project_id: str, receiver: Receiver, act: Act) -> Script[Literal["changed", "unchanged"]]:
    """Make the receiver that has this key what is given, and none where it was deleted meanwhile. Raises `NotFound`,
    and `Conflict` where its secret does not fit what is given."""
    yield run(HOLD_PROJECT, project_id)
    stored = yield from _required(project_id, receiver.key)
    return (yield from _change(stored, receiver, None, act))


def _written(receiver: Receiver) -> str:
    return orjson.dumps(write_receiver(receiver)).decode()


def _change(
    stored: Stored, receiver: Receiver, secret: str | None, act: Act
) -> Script[Literal["changed", "unchanged"]]:
    key = (stored.project_id, receiver.key)
    newest = stored.secrets[0] if stored.secrets else None
    if isinstance(receiver.auth, Open) and secret is None:
        yield run(FORGET_SECRETS, *key)
        yield from _record_secrets(act, stored, ())
    else:
        _refuse_unfit(receiver, newest if secret is None else secret)
    changed = stored.receiver != receiver
    if changed:
        yield run(UPDATE_RECEIVER, _written(receiver), *key)
        yield from record(act, "receiver_changed", stored.project_id, receiver=receiver.key)
    if secret is not None and secret != newest:
        yield run(UPDATE_SECRETS, secret, newest, *key)
        yield from _record_secrets(act, stored, (secret, newest))
        changed = True
    return "changed" if changed else "unchanged"


def _record_secrets(act: Act, stored: Stored, live: Sequence[str | None]) -> Script[None]:
    """Record what came to the secrets that were good, now that `live` are, and remember which have ended."""
    project_id, key = stored.project_id, stored.receiver.key
    added = [secret for secret in live if secret is not None and secret not in stored.secrets]
    ended = [secret for secret in stored.secrets if secret not in live]
    yield from use_again(project_id, stored.receiver_id, added)
    yield from end_secrets(project_id, stored.receiver_id, ended, act.spare_key)
    if added:
        yield from record(act.part("added"), "receiver_secret_added", project_id, receiver=key)
    if ended:
        yield from record(act.part("ended"), "receiver_secret_ended", project_id, receiver=key)


def _refuse_unfit(receiver: Receiver, secret: str | None) -> None:
    fault = "" if secret is None else secret_fault(receiver.auth, secret)
    if fault:
        raise Conflict("unfit_secret", f"The secret does not fit how webhooks are proved. {fault}")


def change_secret(project_id: str, key: str, new: NewSecret, act: Act) -> Script[Stored]:
    """Change to a new secret. Raises `NotFound`, and `Conflict` where the secret does not fit."""
    yield run(HOLD_PROJECT, project_id)
    stored = yield from _required(project_id, key)
    _refuse_unfit(stored.receiver, new.secret)
    newest = stored.secrets[0] if stored.secrets else None
    # Changing to what is there already must not push out the one before.
    previous = stored.secrets[1:2] if newest == new.secret else stored.secrets[:1]
    kept = previous[0] if previous and new.keep_previous else None
    yield run(UPDATE_SECRETS, new.secret, kept, project_id, key)
    yield from _record_secrets(act, stored, (new.secret, kept))
    return (yield from _required(project_id, key))


def end_previous_secret(project_id: str, key: str, act: Act) -> Script[None]:
    """Let only the newest secret be good from now on. Raises `NotFound`."""
    yield run(HOLD_PROJECT, project_id)
    stored = yield from _required(project_id, key)
    yield run(FORGET_PREVIOUS, project_id, key)
    yield from _record_secrets(act, stored, stored.secrets[:1])


def delete_receiver(project_id: str, key: str, act: Act) -> Script[None]:
    """Delete a receiver: its address leads nowhere from now on, for ever. Raises `NotFound`."""
    yield run(HOLD_PROJECT, project_id)
    stored = yield from _required(project_id, key)
    yield run(DELETE_RECEIVER, project_id, key)
    yield run(DELETE_TALLIES, project_id, key)
    yield from end_receiver(project_id, stored.receiver_id)
    yield from record(act, "receiver_deleted", project_id, receiver=key)


def add_tallies(tallies: Sequence[Tally]) -> Script[None]:
    """Add to what became of what came."""
    for tally in sorted(tallies):
        yield run(ADD_TALLY, tally.outcome, tally.times, tally.last_at, tally.receiver_id)


def is_known(project_id: str, message_id: str) -> Script[bool]:
    """Whether a message came before, as far back as that is remembered."""
    return (yield one(IS_KNOWN, project_id, message_id)) is not None


def find_by_email(project_id: str, email: str) -> Script[tuple[str, ...]]:
    """The user ids of known people with this address as their trait `email`: none, one, or two of several."""
    found = yield rows(FIND_BY_EMAIL, project_id, comparable_email(email))
    return tuple(row["user_id"] for row in found)
