"""Everything that the database holds of one project, beside everything that the oracle says it must hold."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson

from tactful.store.script import Script, rows
from tests.sim.oracle import Human, Oracle, require
from tests.sim.stores import Store

__all__ = ["compare"]

ALIASES = "SELECT alias, person_id FROM aliases WHERE project_id = ?"
PEOPLE = """
SELECT person_id, user_id, anonymous_id, first_seen_at, last_at, created_at, opted_out_at, refunded_at, account_id,
    test, merged_into, traits
FROM people WHERE project_id = ?
"""
ASKS = """
SELECT a.person_id, a.survey_key, a.version, a.kind, a.test, a.asked_for, a.per, a.asked_at, a.seen_at, a.dismissed_at,
    a.responded_at, a.opted_out_at, a.refunded_at, r.rev, r.score, r.done
FROM asks a
LEFT JOIN responses r ON r.project_id = a.project_id AND r.person_id = a.person_id AND r.ask_id = a.ask_id
WHERE a.project_id = ?
"""
ORPHANS = """
SELECT r.ask_id FROM responses r
LEFT JOIN asks a ON a.project_id = r.project_id AND a.person_id = r.person_id AND a.ask_id = r.ask_id
    AND a.survey_key = r.survey_key AND a.version = r.version
WHERE r.project_id = ? AND a.ask_id IS NULL
"""
COUNTERS = "SELECT person_id, occurrences FROM counters WHERE project_id = ?"
CANDIDATES = """
SELECT person_id, candidate_id, survey_key, per, not_before, expires_at FROM candidates WHERE project_id = ?
"""
FIRINGS = "SELECT person_id, survey_key, fired_at, expires_at FROM firings WHERE project_id = ?"
ACCOUNTS = "SELECT account_id, traits FROM accounts WHERE project_id = ?"

Held = dict[str, list[tuple[Any, ...]]]


def everything(project: str) -> Script[Held]:
    """Read it all."""
    found: Held = {}
    for name, statement in _STATEMENTS.items():
        read = yield rows(statement, project)
        found[name] = [tuple(row) for row in read]
    return found


_STATEMENTS = {
    "aliases": ALIASES,
    "people": PEOPLE,
    "asks": ASKS,
    "orphans": ORPHANS,
    "counters": COUNTERS,
    "candidates": CANDIDATES,
    "firings": FIRINGS,
    "accounts": ACCOUNTS,
}


def _by_person(found: list[tuple[Any, ...]]) -> dict[str, Counter[tuple[Any, ...]]]:
    by: dict[str, Counter[tuple[Any, ...]]] = {}
    for person, *row in found:
        by.setdefault(person, Counter())[tuple(row)] += 1
    return by


def _same(found: Counter[tuple[Any, ...]], must: Counter[tuple[Any, ...]], what: str, invariant: str) -> None:
    if found != must:
        require(False, invariant, f"{what}: found {dict(found - must)}, must be {dict(must - found)}")


def compare(store: Store, oracle: Oracle) -> None:
    """Raise the `Violation` of the first promise that the database breaks."""
    held = store.alone(everything, oracle.project)
    require(not held["orphans"], "5 one ask", "responses to no ask", held["orphans"])
    aliases = {alias: human.id for alias, human in oracle.humans.items()}
    require(
        dict(held["aliases"]) == aliases, "10 identity", "aliases", sorted(set(held["aliases"]) ^ {*aliases.items()})
    )
    people = {row[0]: row for row in held["people"]}
    require(people.keys() == oracle.people.keys(), "10 identity", "people", people.keys() ^ oracle.people.keys())
    asks, counters = _by_person(held["asks"]), _by_person(held["counters"])
    waits, fired = _by_person(held["candidates"]), _by_person(held["firings"])
    for human in oracle.people.values():
        if human.merged_into is not None:
            require(people[human.id][10] == human.merged_into.id, "10 identity", human.id, "was merged")
            continue
        _compare_person(people[human.id], human)
        name = f"of {human.id}"
        _same(asks.pop(human.id, Counter()), Counter(ask.row() for ask in human.asks), f"asks {name}", "3 acknowledged")
        counted = Counter((count,) for count in human.counters.values())
        _same(counters.pop(human.id, Counter()), counted, f"counters {name}", "1 cap")
        waiting = Counter((one.id, one.survey, one.per, one.not_before, one.expires_at) for one in human.waits.values())
        _same(waits.pop(human.id, Counter()), waiting, f"candidates {name}", "3 acknowledged")
        firing = Counter((key, *times) for key, times in human.fired.items())
        _same(fired.pop(human.id, Counter()), firing, f"firings {name}", "1 cap")
    require(not (fired or asks or counters or waits), "5 one ask", "of nobody:", asks, counters, waits)
    accounts = {account: orjson.loads(traits) for account, traits in held["accounts"]}
    require(accounts == oracle.accounts, "3 acknowledged", "accounts", accounts, oracle.accounts)


def _compare_person(row: tuple[Any, ...], human: Human) -> None:
    found = (*row[1:10], orjson.loads(row[11]))
    must = human.row()
    if found == must:
        return
    opted_out = (found[5] is None) != (must[5] is None)
    who = found[:2] != must[:2]
    invariant = "6 opt-out final" if opted_out else "11 clock" if found[3] != must[3] else "3 acknowledged"
    invariant = "10 identity" if who else invariant
    require(False, invariant, f"{human.id} is {found}, must be {must}")
