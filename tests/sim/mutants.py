"""The product with one thing wrong, for each thing that must not be: what the simulation is worth.

A mutant is an executable patch of the real code: one function or one statement of it is another. The simulation must
find each of them, and say which promise it breaks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import ModuleType
from typing import Any

import pytest
from msgspec import structs

from tactful.core import decide, throttle
from tactful.store import asks, events, guarding, people
from tactful.store.asks import Asked, _record
from tactful.store.batches import commit_batch
from tactful.store.people import lock_person
from tactful.store.script import Script, one
from tests.sim import faults, requests, stores

__all__ = ["MUTANTS", "Mutant"]


@dataclass(frozen=True)
class Mutant:
    """`patch` makes the mistake; `breaks` are the promises of which the simulation may find one broken first."""

    patch: Callable[[pytest.MonkeyPatch], None]
    breaks: frozenset[str]


MUTANTS: dict[str, Mutant] = {}


def mutant(*breaks: str) -> Callable[[Callable[[pytest.MonkeyPatch], None]], Callable[[pytest.MonkeyPatch], None]]:
    """Enter a mutant into the table, under its function's name."""

    def enter(patch: Callable[[pytest.MonkeyPatch], None]) -> Callable[[pytest.MonkeyPatch], None]:
        MUTANTS[patch.__name__.replace("_", " ")] = Mutant(patch, frozenset(breaks))
        return patch

    return enter


def _reword(patching: pytest.MonkeyPatch, modules: tuple[ModuleType, ...], name: str, words: Mapping[str, str]) -> None:
    """Change a statement's words."""
    statement = getattr(modules[0], name)
    for old, new in words.items():
        assert old in statement, f"{name} does not say {old!r} any more"
        statement = statement.replace(old, new)
    for module in modules:
        patching.setattr(module, name, statement)


# The check and the time ---------------------------------------------------------------------------------------------


@mutant("1 cap", "4 once", "5 eligible", "11 clock")
def the_check_is_made_outside_the_transaction(patching: pytest.MonkeyPatch) -> None:
    real = requests.TakeUp.call

    def call(self: requests.TakeUp, node: Any) -> Any:
        made = real(self, node)
        if made is None:
            return None
        seen = node.store.dry(node.number, made.script, *made.args)
        return faults.Call(_as_seen, (*made.args, seen))

    patching.setattr(requests.TakeUp, "call", call)


def _as_seen(config: Any, offered: Any, _identity: Any, context: Any, seen: Any) -> Script[Any]:
    """Do what was decided a moment ago, whatever is so by now."""
    person = yield from lock_person(config.project_id, offered.person_id)
    if not isinstance(seen, Asked) or seen.again or person is None:
        return seen
    before = yield one(asks.FIND_ASK, config.project_id, person["person_id"], offered.offer_id)
    if before is not None:
        return structs.replace(seen, asked_at=before["asked_at"], again=True)
    known = seen.known._replace(person_id=person["person_id"], now=person["last_at"])
    return (yield from _record(config, offered, seen.live, known, context))


@mutant("11 clock", "1 cap", "16 liveness")
def the_time_is_read_before_the_lock(patching: pytest.MonkeyPatch) -> None:
    real = asks.facts

    def facts(*args: Any) -> Script[Any]:
        known = yield from real(*args)
        assert faults.RUNNING.call is not None
        return known and known._replace(now=faults.RUNNING.call.sent_at)

    patching.setattr(asks, "facts", facts)


@mutant("11 clock", "3 acknowledged", "16 liveness")
def a_clock_set_back_is_trusted(patching: pytest.MonkeyPatch) -> None:
    _reword(patching, (people, events), "LOCK_PERSON", {"greatest(last_at, now_ms())": "now_ms()"})


@mutant("11 clock", "1 cap", "16 liveness")
def an_account_is_not_locked(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(asks, "locks_for", lambda _rules, _person: ())


@mutant("1 cap", "5 eligible", "16 liveness", "15 sticky sample")
def an_old_configuration_is_obeyed(patching: pytest.MonkeyPatch) -> None:
    def fresh(config: Any, _known: Any) -> Script[Any]:
        return config
        yield

    patching.setattr(asks, "_fresh", fresh)


# Counting -----------------------------------------------------------------------------------------------------------


def _free_at(shift_ms: int) -> Callable[..., tuple[int, int | None]]:
    real = throttle.free_at

    def free_at(times: Any, *, cap: int, window_ms: int, now: int) -> tuple[int, int | None]:
        return real(times, cap=cap, window_ms=window_ms, now=now + shift_ms)

    return free_at


@mutant("16 liveness", "1 cap")
def what_is_exactly_a_window_old_still_counts(patching: pytest.MonkeyPatch) -> None:
    """`<` for `<=` at the window's edge."""
    times = throttle._times
    patching.setattr(throttle, "_times", lambda rule, this, asked, after: times(rule, this, asked, after - 1))
    patching.setattr(throttle, "free_at", _free_at(-1))


@mutant("1 cap")
def a_window_ends_a_millisecond_early(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(throttle, "free_at", _free_at(1))


@mutant("1 cap")
def asks_count_when_they_are_seen(patching: pytest.MonkeyPatch) -> None:
    for name in ("READ_ASKS", "PEEK_PERSON"):
        _reword(patching, (people,), name, {"refunded_at IS NULL": "refunded_at IS NULL AND seen_at IS NOT NULL"})


@mutant("15 sticky sample", "16 liveness", "1 cap")
def a_sample_is_drawn_anew_each_time(patching: pytest.MonkeyPatch) -> None:
    draw = Random(1)
    patching.setattr(decide, "share_of", lambda *_: draw.random())


@mutant("1 cap")
def a_reserve_is_ignored(patching: pytest.MonkeyPatch) -> None:
    checks = tuple(check for check in decide.CHECKS if check.find is not decide._reserved)
    patching.setattr(decide, "CHECKS", checks)
    patching.setattr(decide, "_ALL_FINDERS", decide._by_who(checks))


@mutant("5 eligible")
def what_was_asked_for_already_is_asked_again(patching: pytest.MonkeyPatch) -> None:
    """`per` is ignored."""

    def asked_for(*_: Any) -> Script[bool]:
        return False
        yield

    patching.setattr(asks, "asked_for", asked_for)


# Once ---------------------------------------------------------------------------------------------------------------


@mutant("4 once")
def every_ask_has_an_id_of_its_own(patching: pytest.MonkeyPatch) -> None:
    numbers = itertools.count()
    real = asks._record

    def record(config: Any, offered: Any, *args: Any, **fields: Any) -> Script[Any]:
        return (yield from real(config, structs.replace(offered, offer_id=f"ask-{next(numbers)}"), *args, **fields))

    patching.setattr(asks, "_record", record)


@mutant("1 cap", "3 acknowledged", "16 liveness")
def a_message_counts_each_time_it_comes(patching: pytest.MonkeyPatch) -> None:
    _reword(patching, (events,), "INSERT_MESSAGE", {"DO NOTHING": "DO UPDATE SET received_at = excluded.received_at"})


@mutant("3 acknowledged")
def a_response_is_revised_after_it_was_done(patching: pytest.MonkeyPatch) -> None:
    _reword(patching, (asks,), "FIND_RESPONSE", {"rev, done": "rev, 0 AS done"})


@mutant("3 acknowledged", "1 cap", "16 liveness")
def asks_are_given_back_as_often_as_one_likes(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(asks, "REFUND_EVERY_MS", 0)


@mutant("3 acknowledged", "1 cap", "16 liveness")
def asks_are_given_back_however_late(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(asks, "REFUND_WITHIN_MS", 10**12)


@mutant("3 acknowledged", "5 one ask", "10 identity", "1 cap", "4 once", "5 eligible", "6 opt-out final", "11 clock")
def callers_are_answered_before_the_commit(patching: pytest.MonkeyPatch) -> None:
    numbers = itertools.count(1)

    def answered(connection: Any, batch: Any) -> Any:
        if next(numbers) % 50:
            return commit_batch(connection, batch)
        return stores.in_vain(connection, batch)

    patching.setattr(stores, "commit_batch", answered)


# People -------------------------------------------------------------------------------------------------------------


@mutant("1 cap", "3 acknowledged", "16 liveness", "8 export = registry", "5 eligible")
def a_merge_drops_one_history(patching: pytest.MonkeyPatch) -> None:
    drop = "DELETE FROM asks WHERE CAST(? AS TEXT) = CAST(? AS TEXT) AND project_id = ? AND person_id = ?"
    patching.setattr(people, "MERGE_ASKS", drop)


@mutant("1 cap", "3 acknowledged", "16 liveness", "8 export = registry")
def a_merge_drops_one_count(patching: pytest.MonkeyPatch) -> None:
    (move, drop), *others = people._MOVES
    assert move == people.MERGE_COUNTERS
    move = move.replace("counters.occurrences + excluded.occurrences", "counters.occurrences")
    patching.setattr(people, "_MOVES", ((move, drop), *others))


@mutant("6 opt-out final", "3 acknowledged")
def a_merge_forgets_an_opt_out(patching: pytest.MonkeyPatch) -> None:
    real = people.merge

    def merge(project_id: str, *, loser: Any, winner: Any) -> Script[None]:
        return (yield from real(project_id, loser={**dict(loser), "opted_out_at": None}, winner=winner))

    patching.setattr(people, "merge", merge)


@mutant("6 opt-out final")
def an_opt_out_is_erased_with_its_person(patching: pytest.MonkeyPatch) -> None:
    def opted_out_before(*_: Any) -> Script[bool]:
        return False
        yield

    patching.setattr(people, "opted_out_before", opted_out_before)


@mutant("10 identity", "5 eligible", "11 clock", "16 liveness")
def an_unsigned_user_is_believed(patching: pytest.MonkeyPatch) -> None:
    real = requests.believe
    patching.setattr(requests, "believe", lambda claim, terms, now: real(claim, terms._replace(mode="off"), now))


@mutant("10 identity")
def a_browser_speaks_for_whoever_used_it(patching: pytest.MonkeyPatch) -> None:
    for module in (guarding, people, asks):
        patching.setattr(module, "guard", lambda _identity, _user_id: None)


@mutant("10 identity", "5 eligible", "11 clock", "16 liveness", "1 cap", "8 export = registry")
def people_are_found_in_any_project(patching: pytest.MonkeyPatch) -> None:
    for module in (people, asks):
        statement = "SELECT person_id FROM aliases WHERE CAST(? AS TEXT) <> '' AND alias = ? ORDER BY project_id"
        patching.setattr(module, "FIND_ALIAS", statement)
