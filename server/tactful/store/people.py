"""People: who somebody is, recognised under a lock, with everything a decision needs to know.

A person is found by *aliases* (`u:` a user id, `a:` a browser's anonymous id). Recognising somebody who comes with two
ids may show that an anonymous person and a known one are the same: then the anonymous history is merged into the known
person in the same transaction, counts included. Two known people are never joined from a page.

The locking statement itself returns the time: the later of the database's clock *after* the lock and the person's
`last_at`. Read before the lock it over-asks: whoever waited for the lock would write a time that is already old, and
the next one would find the window open.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from tactful.core.people import PastAsk, Person
from tactful.identity import Identity
from tactful.store.accounts import READ_ACCOUNT, merged_traits
from tactful.store.clicks import MERGE_CLICKS
from tactful.store.guarding import LONGEST_CHAIN, Guarded, guard, guard_unlocked
from tactful.store.hashes import opted_out_before
from tactful.store.journal import join_decisions
from tactful.store.script import Row, Script, one, rows, run

__all__ = [
    "CLAIM_ALIAS",
    "SET_OPTED_OUT",
    "Guarded",
    "Known",
    "facts",
    "find_alias",
    "guard",
    "guard_unlocked",
    "lock_person",
    "merge",
    "merged_ask_id",
    "peek",
    "recognise",
    "set_opted_out",
    "set_test",
    "set_traits",
    "still_opted_out",
]

#: What a decision needs of a person comes first, here, in PEEK_PERSON and in READ_PERSON: `_known` takes it by place.
LOCK_PERSON = """
UPDATE people SET last_at = greatest(last_at, now_ms())
WHERE project_id = ? AND person_id = ?
RETURNING person_id, user_id, anonymous_id, first_seen_at, last_at, created_at, traits, account_id, opted_out_at, test,
    (SELECT config_version FROM projects WHERE projects.project_id = people.project_id) AS config_version,
    erasure_asked_at, refunded_at, merged_into
"""
FIND_ALIAS = "SELECT person_id FROM aliases WHERE project_id = ? AND alias = ?"
#: Concurrent first contacts all get the id of the one that came first.
CLAIM_ALIAS = """
INSERT INTO aliases (project_id, alias, person_id) VALUES (?, ?, ?)
ON CONFLICT (project_id, alias) DO UPDATE SET alias = excluded.alias
RETURNING person_id
"""
INSERT_PERSON = """
INSERT INTO people (project_id, person_id, user_id, anonymous_id, first_seen_at, last_at, traits)
VALUES (?, ?, ?, ?, now_ms(), now_ms(), '{}')
ON CONFLICT (project_id, person_id) DO NOTHING
"""
#: All that a decision needs, in one statement: a row for each ask that counts, or one without. An ask's columns are the
#: last, those of READ_ASKS.
PEEK_PERSON = """
SELECT p.person_id, p.user_id, p.anonymous_id, p.first_seen_at, p.last_at, p.created_at, p.traits, p.account_id,
    p.opted_out_at, p.test, j.config_version, c.traits AS account_traits,
    EXISTS (SELECT 1 FROM candidates w WHERE w.project_id = p.project_id AND w.person_id = p.person_id) AS waited_for,
    k.survey_key, k.kind, k.tags, k.asked_at, k.dismissed_at, k.responded_at, k.score, k.band
FROM aliases a
JOIN people p ON p.project_id = a.project_id AND p.person_id = a.person_id
JOIN projects j ON j.project_id = a.project_id
LEFT JOIN accounts c ON c.project_id = p.project_id AND c.account_id = p.account_id
LEFT JOIN asks k ON k.project_id = p.project_id AND k.person_id = p.person_id
    AND k.asked_at > ? AND k.refunded_at IS NULL
WHERE a.project_id = ? AND a.alias = ?
"""
PEEK_ALIAS = """
SELECT p.person_id, p.user_id
FROM aliases a JOIN people p ON p.project_id = a.project_id AND p.person_id = a.person_id
WHERE a.project_id = ? AND a.alias = ?
"""
READ_ASKS = """
SELECT survey_key, kind, tags, asked_at, dismissed_at, responded_at, score, band FROM asks
WHERE project_id = ? AND person_id = ? AND asked_at > ? AND refunded_at IS NULL
"""
SET_USER = "UPDATE people SET user_id = ? WHERE project_id = ? AND person_id = ?"
SET_TRAITS = """
UPDATE people SET traits = ?, created_at = coalesce(CAST(? AS BIGINT), created_at)
WHERE project_id = ? AND person_id = ?
"""
SET_OPTED_OUT = """
UPDATE people SET opted_out_at = coalesce(opted_out_at, last_at) WHERE project_id = ? AND person_id = ?
"""
SET_TEST = "UPDATE people SET test = 1 WHERE project_id = ? AND person_id = ?"
MERGE_ALIASES = "UPDATE aliases SET person_id = ? WHERE project_id = ? AND person_id = ?"
#: Should both have an ask of the same id (one message sent under two identities), both still count: the loser's gets
#: the id that `merged_ask_id` tells.
MERGE_RESPONSES = """
UPDATE responses SET person_id = ?, ask_id = CASE
    WHEN EXISTS (SELECT 1 FROM asks b WHERE b.project_id = responses.project_id AND b.person_id = ?
        AND b.ask_id = responses.ask_id) THEN ask_id || '-' || person_id
    ELSE ask_id END
WHERE project_id = ? AND person_id = ?
"""
MERGE_ASKS = """
UPDATE asks SET person_id = ?, ask_id = CASE
    WHEN EXISTS (SELECT 1 FROM asks b WHERE b.project_id = asks.project_id AND b.person_id = ?
        AND b.ask_id = asks.ask_id) THEN ask_id || '-' || person_id
    ELSE ask_id END
WHERE project_id = ? AND person_id = ?
"""
MERGE_MARKS = """
UPDATE ask_scopes SET person_id = ?, ask_id = CASE
    WHEN EXISTS (SELECT 1 FROM asks b WHERE b.project_id = ask_scopes.project_id AND b.person_id = ?
        AND b.ask_id = ask_scopes.ask_id) THEN ask_id || '-' || person_id
    ELSE ask_id END
WHERE project_id = ? AND person_id = ?
"""
MERGE_FIRINGS = """
INSERT INTO firings (project_id, person_id, survey_key, fired_at, expires_at)
SELECT project_id, ?, survey_key, fired_at, expires_at FROM firings WHERE project_id = ? AND person_id = ?
ON CONFLICT (project_id, person_id, survey_key) DO UPDATE
SET fired_at = greatest(firings.fired_at, excluded.fired_at),
    expires_at = greatest(firings.expires_at, excluded.expires_at)
"""
DROP_FIRINGS = "DELETE FROM firings WHERE project_id = ? AND person_id = ?"
MERGE_COUNTERS = """
INSERT INTO counters (project_id, person_id, counter, occurrences)
SELECT project_id, ?, counter, occurrences FROM counters WHERE project_id = ? AND person_id = ?
ON CONFLICT (project_id, person_id, counter) DO UPDATE
SET occurrences = counters.occurrences + excluded.occurrences
"""
DROP_COUNTERS = "DELETE FROM counters WHERE project_id = ? AND person_id = ?"
MERGE_CANDIDATES = """
INSERT INTO candidates (project_id, person_id, candidate_id, survey_key, message_id, per, event, same, delay_ms,
    not_before, expires_at)
SELECT project_id, ?, candidate_id, survey_key, message_id, per, event, same, delay_ms, not_before, expires_at
FROM candidates WHERE project_id = ? AND person_id = ?
ON CONFLICT (project_id, person_id, candidate_id) DO NOTHING
"""
DROP_CANDIDATES = "DELETE FROM candidates WHERE project_id = ? AND person_id = ?"
MERGE_EVENTS = "UPDATE events SET person_id = ? WHERE project_id = ? AND person_id = ?"
RETIRE_PERSON = "UPDATE people SET merged_into = ? WHERE project_id = ? AND person_id = ?"
TAKE_OVER = """
UPDATE people SET first_seen_at = ?, last_at = ?, created_at = ?, traits = ?, opted_out_at = ?, refunded_at = ?,
    account_id = ?, anonymous_id = ?, test = ?, erasure_asked_at = ?
WHERE project_id = ? AND person_id = ?
"""

#: Where in a row of PEEK_PERSON the person's own columns are, what is told of them besides, and those of an ask.
_PERSON, _BESIDES, _ASK = slice(11), slice(11, 13), slice(13, 21)

#: What may stand at both people: copied over, then dropped.
_MOVES = (
    (MERGE_COUNTERS, DROP_COUNTERS),
    (MERGE_CANDIDATES, DROP_CANDIDATES),
    (MERGE_FIRINGS, DROP_FIRINGS),
)


class Known(NamedTuple):
    """A person as one transaction or one read saw them. `waited_for` is False where no candidate can wait for them."""

    person_id: str
    user_id: str | None
    anonymous_id: str | None
    now: int
    config_version: int
    person: Person
    waited_for: bool = True


def merged_ask_id(ask_id: str, person_id: str) -> str:
    """The id that an ask of `person_id` got when they were merged into somebody with an ask of the same id."""
    return f"{ask_id}-{person_id}"


def _since(first: int | None, second: int | None) -> int | None:
    times = [at for at in (first, second) if at is not None]
    return min(times, default=None)


def _latest(first: int | None, second: int | None) -> int | None:
    times = [at for at in (first, second) if at is not None]
    return max(times, default=None)


def find_alias(project_id: str, alias: str) -> Script[str | None]:
    """Whom an alias leads to, if anybody."""
    row = yield one(FIND_ALIAS, project_id, alias)
    return row and str(row["person_id"])


def lock_person(project_id: str, person_id: str) -> Script[Row | None]:
    """Lock the person, merges followed, and read the time after the lock as `last_at`."""
    row = yield one(LOCK_PERSON, project_id, person_id)
    for _ in range(LONGEST_CHAIN):
        if row is None or row["merged_into"] is None:
            return row
        row = yield one(LOCK_PERSON, project_id, row["merged_into"])
    raise AssertionError(f"person {person_id} is merged in a circle")


def known_from(project_id: str, row: Row, horizon_ms: int, now: int) -> Script[Known]:
    """Read the facts about the person in `row`: their account's traits and every ask that a rule may count."""
    account = (yield one(READ_ACCOUNT, project_id, row["account_id"])) if row["account_id"] else None
    asks = yield rows(READ_ASKS, project_id, row["person_id"], now - horizon_ms)
    return _known(row, account["traits"] if account else None, asks, now)


def _known(
    row: Row, account_traits: str | None, asks: Iterable[Iterable[Any]], now: int, *, waited_for: bool = True
) -> Known:
    """The person of a row that begins as LOCK_PERSON's does, with asks as READ_ASKS has them. They are read by place:
    SQLite's rows find a name by comparing it with all those before it, and every decision reads every column."""
    person_id, user_id, anonymous_id, first_seen_at, _, created_at, traits, *more = row[_PERSON]
    account_id, opted_out_at, test, config_version = more
    person = Person(
        sample_key=user_id or anonymous_id or person_id,
        first_seen_at=first_seen_at,
        created_at=created_at,
        known=user_id is not None,
        opted_out=opted_out_at is not None,
        test=bool(test),
        traits=orjson.loads(traits) if traits != "{}" else {},
        account=orjson.loads(account_traits) if account_traits else {},
        asks=tuple([_past_ask(*ask) for ask in asks]),
        account_id=account_id,
    )
    return Known(person_id, user_id, anonymous_id, now, config_version, person, waited_for)


def _past_ask(survey_key: str, kind: str, tags: str, *rest: Any) -> PastAsk:
    return PastAsk(survey_key, kind, _tags(tags), *rest)


@lru_cache(maxsize=1_000)
def _tags(written: str) -> frozenset[str]:
    return frozenset(orjson.loads(written))


def peek(project_id: str, identity: Identity, horizon_ms: int, clock_now: int) -> Script[Known | None]:
    """Read, without a lock, what is known of `identity`. None when only `recognise` can tell (nobody yet, or an
    anonymous history that has to be merged). Raises `Guarded`."""
    aliases = identity.aliases
    found = (yield rows(PEEK_PERSON, clock_now - horizon_ms, project_id, aliases[0])) if aliases else ()
    if not found:
        return None
    first = found[0]
    person_id, user_id, last_at = first[0], first[1], first[4]
    account_traits, waited_for = first[_BESIDES]
    guard(identity, user_id)
    for alias in aliases[1:]:
        other = yield one(PEEK_ALIAS, project_id, alias)
        if other is None or (other["person_id"] != person_id and other["user_id"] is None):
            return None
    asks = [row[_ASK] for row in found] if first[_ASK.start] is not None else ()
    return _known(first, account_traits, asks, max(clock_now, last_at), waited_for=bool(waited_for))


def facts(project_id: str, person_id: str, horizon_ms: int) -> Script[Known | None]:
    """Lock the person and read the facts, for a decision that will be recorded."""
    row = yield from lock_person(project_id, person_id)
    if row is None:
        return None
    return (yield from known_from(project_id, row, horizon_ms, row["last_at"]))


def recognise(project_id: str, identity: Identity, new_person_id: str) -> Script[Row]:
    """Return the locked person of `identity`: found, made, or merged from an anonymous and a known one. Raises
    `Guarded`."""
    assert identity.aliases, "nobody can be recognised without an id"
    first = yield from _claim(project_id, identity, identity.aliases[0], new_person_id)
    if len(identity.aliases) == 1:
        return first
    other = yield from _other(project_id, identity, first)
    if other is not None and other["person_id"] == first["person_id"]:
        return other
    if other is None or other["user_id"] is not None:
        return first
    yield from merge(project_id, loser=other, winner=first)
    row: Row = yield one(LOCK_PERSON, project_id, first["person_id"])
    return row


def _claim(project_id: str, identity: Identity, alias: str, new_person_id: str) -> Script[Row]:
    """Lock the person behind `alias`. A user id met for the first time belongs to the browser's anonymous person."""
    taken = yield one(FIND_ALIAS, project_id, alias)
    if taken is not None:
        yield from guard_unlocked(project_id, identity, taken["person_id"])
    wanted = new_person_id
    if taken is None and identity.user_id is not None and identity.anonymous_id is not None:
        anonymous = yield from _anonymous_person(project_id, identity.anonymous_id)
        wanted = anonymous or new_person_id
    claimed = yield one(CLAIM_ALIAS, project_id, alias, wanted)
    if claimed["person_id"] == new_person_id:
        yield run(INSERT_PERSON, project_id, new_person_id, identity.user_id, identity.anonymous_id)
    row = yield from lock_person(project_id, claimed["person_id"])
    assert row is not None, "an alias leads to nobody"
    guard(identity, row["user_id"])
    if taken is None or claimed["person_id"] == new_person_id:  # whoever it led to may have been erased since
        row = yield from still_opted_out(project_id, alias, row)
    if identity.user_id is not None and row["user_id"] is None:
        yield run(SET_USER, identity.user_id, project_id, row["person_id"])
        row = yield one(LOCK_PERSON, project_id, row["person_id"])
    return row


def _anonymous_person(project_id: str, anonymous_id: str) -> Script[str | None]:
    """The person of this browser, if nobody has logged in there."""
    taken = yield one(FIND_ALIAS, project_id, f"a:{anonymous_id}")
    row = (yield from lock_person(project_id, taken["person_id"])) if taken else None
    return row["person_id"] if row is not None and row["user_id"] is None else None


def _other(project_id: str, identity: Identity, first: Row) -> Script[Row | None]:
    """Lock the person behind the anonymous id of somebody who also has a user id."""
    alias = f"a:{identity.anonymous_id}"
    taken = yield one(FIND_ALIAS, project_id, alias)
    row = (yield from lock_person(project_id, taken["person_id"])) if taken is not None else None
    if row is not None:
        return row
    # Nobody's yet, or that of somebody who was erased since we looked.
    claimed = yield one(CLAIM_ALIAS, project_id, alias, first["person_id"])
    row = yield from lock_person(project_id, claimed["person_id"])
    return (yield from still_opted_out(project_id, alias, row)) if row is not None else None


def still_opted_out(project_id: str, alias: str, row: Row) -> Script[Row]:
    """Opt the locked person out who came by `alias` for the first time, if its owner had opted out and was erased."""
    if row["opted_out_at"] is not None or not (yield from opted_out_before(project_id, alias)):
        return row
    yield run(SET_OPTED_OUT, project_id, row["person_id"])
    return (yield one(LOCK_PERSON, project_id, row["person_id"]))


def merge(project_id: str, *, loser: Row, winner: Row) -> Script[None]:
    """Give everything that the anonymous `loser` has to `winner`, the opt-out too."""
    to, gone = winner["person_id"], loser["person_id"]
    for statement in (MERGE_RESPONSES, MERGE_CLICKS, MERGE_MARKS, MERGE_ASKS):
        yield run(statement, to, to, project_id, gone)
    for move, drop in _MOVES:
        yield run(move, to, project_id, gone)
        yield run(drop, project_id, gone)
    for statement in (MERGE_EVENTS, MERGE_ALIASES, RETIRE_PERSON):
        yield run(statement, to, project_id, gone)
    yield from join_decisions(project_id, gone, to)
    yield run(
        TAKE_OVER,
        min(winner["first_seen_at"], loser["first_seen_at"]),
        max(winner["last_at"], loser["last_at"]),
        _since(winner["created_at"], loser["created_at"]),
        orjson.dumps(orjson.loads(loser["traits"]) | orjson.loads(winner["traits"])).decode(),
        _since(winner["opted_out_at"], loser["opted_out_at"]),
        _latest(winner["refunded_at"], loser["refunded_at"]),
        winner["account_id"] or loser["account_id"],
        winner["anonymous_id"] or loser["anonymous_id"],
        max(winner["test"], loser["test"]),
        _since(winner["erasure_asked_at"], loser["erasure_asked_at"]),
        project_id,
        to,
    )


def set_traits(project_id: str, row: Row, traits: dict[str, Any], created_at: int | None) -> Script[None]:
    """Lay `traits` over the person's. `created_at` is given only where a backend vouches for it."""
    written = merged_traits(row["traits"], traits)
    yield run(SET_TRAITS, written, created_at, project_id, row["person_id"])


def set_opted_out(project_id: str, identity: Identity, new_person_id: str) -> Script[None]:
    """Record that this person is never to be asked again."""
    row = yield from recognise(project_id, identity, new_person_id)
    yield run(SET_OPTED_OUT, project_id, row["person_id"])


def set_test(project_id: str, identity: Identity, new_person_id: str) -> Script[None]:
    """Make this person a test person: asked past every throttle, labelled, and counted nowhere."""
    row = yield from recognise(project_id, identity, new_person_id)
    yield run(SET_TEST, project_id, row["person_id"])
