"""What is written behind, on both databases: added to by several at once, and following whoever is merged meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from tactful.clock import Clock
from tactful.core.journal import Noted
from tactful.core.spans import HOUR_MS
from tactful.identity import Identity
from tactful.newproject import new_project
from tactful.store.journal import (
    KEEP_COUNTS_MS,
    DecisionCount,
    EventSeen,
    PeriodCount,
    add_counts,
    add_decisions,
    add_names,
    counts_of,
    event_names,
    forget_journal,
    recent_decisions,
)
from tactful.store.people import recognise
from tactful.store.projects import create_project
from tactful.store.script import Database
from tactful.store.why import lately
from tests.core.test_journal import a_noted
from tests.support.clock import START, SetClock

pytestmark = pytest.mark.anyio

HOUR = START // HOUR_MS


async def a_project(any_database: Database, clock: Clock) -> str:
    new = new_project(clock, "P", ())
    await any_database.run(create_project, new)
    return new.project_id


async def test_counts_add_up_over_writers_and_periods(any_database: Database) -> None:
    counts = [
        DecisionCount("p", "nps", HOUR - 1, "offered", "", "", 2),
        DecisionCount("p", "nps", HOUR, "not_offered", "", "", 3),
        DecisionCount("p", "nps", HOUR, "not_offered", "rule", "any-7d", 3),
        DecisionCount("p", "", HOUR, "dropped", "", "", 1),
        DecisionCount("p", "other", HOUR, "offered", "", "", 7),
        DecisionCount("q", "nps", HOUR, "offered", "", "", 7),
    ]
    await asyncio.gather(*(any_database.run(add_counts, counts if turn % 2 else counts[::-1]) for turn in range(8)))
    assert await any_database.read(counts_of, "p", "nps", (HOUR - 1, HOUR + 1), 1) == [
        PeriodCount(HOUR - 1, "offered", "", "", 16),
        PeriodCount(HOUR, "dropped", "", "", 8),
        PeriodCount(HOUR, "not_offered", "", "", 24),
        PeriodCount(HOUR, "not_offered", "rule", "any-7d", 24),
    ]
    by_day = await any_database.scan(counts_of, "p", "nps", (0, HOUR + 1), 24)
    assert {(one.period, one.outcome, one.reason): one.times for one in by_day}[HOUR // 24, "not_offered", "rule"] == 24
    assert await any_database.read(counts_of, "p", "nps", (HOUR + 1, HOUR + 9), 1) == []


async def test_histories_of_several_writers_are_joined(any_database: Database, clock: SetClock) -> None:
    project = await a_project(any_database, clock)
    for person in ("a", "b", "c"):
        await any_database.run(recognise, project, Identity(person, None), person)

    def part(turn: int) -> list[tuple[str, str, list[Noted]]]:
        people = [(project, person, [a_noted(turn, f"s{turn % 4}")]) for person in ("a", "b", "c")]
        return people if turn % 2 else people[::-1]

    await asyncio.gather(*(any_database.run(add_decisions, part(turn)) for turn in range(16)))
    for person in ("a", "b", "c"):
        found = await any_database.read(recent_decisions, project, person)
        assert sorted((one.survey, one.times) for one in found) == [("s0", 4), ("s1", 4), ("s2", 4), ("s3", 4)]


async def test_a_history_follows_a_merge_whichever_comes_first(any_database: Database, clock: SetClock) -> None:
    project = await a_project(any_database, clock)
    for number in range(12):
        user, browser = Identity(f"u{number}", None), Identity(None, f"b{number}")
        both = Identity(f"u{number}", f"b{number}")
        known = (await any_database.run(recognise, project, user, f"known{number}"))["person_id"]
        other = (await any_database.run(recognise, project, browser, f"other{number}"))["person_id"]
        await any_database.run(
            add_decisions, [(project, known, [a_noted(0, "before")]), (project, other, [a_noted(1, "x")])]
        )
        merge = any_database.run(recognise, project, both, f"new{number}")
        write = any_database.run(add_decisions, [(project, other, [a_noted(2, "meanwhile")])])
        await asyncio.gather(*((merge, write) if number % 2 else (write, merge)))
        counts, recent = await any_database.read(lately, project, known)
        assert counts == {}
        assert {"before", "x"} <= {one.survey for one in recent}
        await any_database.run(add_decisions, [(project, other, [a_noted(3, "after")])])
        assert "after" in {one.survey for one in await any_database.read(recent_decisions, project, known)}


async def test_names_of_several_writers(any_database: Database, clock: SetClock) -> None:
    names = [
        EventSeen("p", "Done", "server", 1, START, START + 1, {"a": ["text"]}),
        EventSeen("p", "Done", "browser", 1, START, START, {}),
        EventSeen("p", "Paid", "server", 1, START, START, {"b": ["number"]}),
    ]
    await asyncio.gather(*(any_database.run(add_names, names if turn % 2 else names[::-1]) for turn in range(6)))
    await any_database.run(add_names, [EventSeen("p", "Done", "server", 1, START + 5, START, {"a": ["number"]})])
    assert await any_database.read(event_names, "p") == [
        EventSeen("p", "Done", "browser", 6, START, START, {}),
        EventSeen("p", "Done", "server", 7, START, START + 1, {"a": ["number", "text"]}),
        EventSeen("p", "Paid", "server", 6, START, START, {"b": ["number"]}),
    ]


async def test_what_is_old_is_forgotten(any_database: Database, clock: SetClock) -> None:
    await any_database.run(
        add_counts, [DecisionCount("p", f"s{number}", HOUR, "offered", "", "", 1) for number in range(300)]
    )
    await any_database.run(add_names, [EventSeen("p", "Done", "server", 1, START, START, {})])
    clock.advance(KEEP_COUNTS_MS + HOUR_MS)
    turns = [await any_database.run(forget_journal) for _ in range(3)]
    assert (sum(turns), turns[-1]) == (300, 0)
    assert await any_database.read(event_names, "p") == []
