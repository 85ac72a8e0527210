"""What is written behind, through the real service: who was decided about, how often, and which events came."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tactful.core.journal import Noted
from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS, HOUR_MS
from tactful.core.trigger import Event
from tactful.identity import Identity
from tactful.store import journal as stored
from tactful.store.journal import (
    KEEP_COUNTS_MS,
    DecisionCount,
    EventSeen,
    add_counts,
    add_decisions,
    add_names,
    event_names,
    forget_journal,
    recent_decisions,
)
from tactful.store.people import recognise
from tactful.store.sqlite import run_once
from tactful.tokens import OFFER, TEST
from tactful.web import journal as web
from tactful.web.journal import Journal
from tests.core.test_journal import a_noted
from tests.support.clock import START, SetClock
from tests.support.rows import execute
from tests.support.service import Site, a_site, a_survey, apply_to, make_project

pytestmark = pytest.mark.anyio

RULES = Policy((Rule("hour", "all", "asked", 1, HOUR_MS), Rule("day", "all", "asked", 1, DAY_MS)), tenure_ms=0)


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    surveys = (a_survey(priority=5), a_survey("less"), a_survey("feedback", trigger={"any": []}))
    async with a_site(path, clock, surveys=surveys, policy=RULES) as site:
        yield site


async def write(site: Site) -> None:
    await site.service.journal.write(site.service.db)


async def history(site: Site, alias: str = "u:ann") -> list[tuple[str, str, int, list[str | None]]]:
    await write(site)
    [[person_id]] = execute(site.path, "SELECT person_id FROM aliases WHERE alias = ?", alias)
    found = await site.service.db.read(recent_decisions, site.project.project_id, person_id)
    return [
        (one.survey, one.outcome, one.times, [reason.rule or reason.code for reason in one.reasons]) for one in found
    ]


def counts(site: Site) -> dict[tuple[str, str, str, str], int]:
    found = execute(site.path, "SELECT survey_key, outcome, reason, rule, times FROM decision_counts")
    return {tuple(row[:4]): row[4] for row in found}  # type: ignore[misc]  # four of five columns


class TestDecisions:
    async def test_an_offer_and_an_ask(self, site: Site) -> None:
        await site.ask("ann")
        assert sorted(await history(site)) == [
            ("less", "outranked", 1, []),
            ("nps", "asked", 1, []),
            ("nps", "offered", 1, []),
        ]
        assert counts(site) == {
            ("less", "outranked", "", ""): 1,
            ("nps", "asked", "", ""): 1,
            ("nps", "offered", "", ""): 1,
        }

    async def test_what_refuses_is_counted_once_for_the_decision_and_once_for_each_reason(self, site: Site) -> None:
        await site.ask("ann")
        for _ in range(30):
            site.clock.advance(1_000)
            assert await site.offer("ann") is None
        found = await history(site)
        assert ("nps", "not_offered", 30, ["hour", "day"]) in found
        assert ("less", "not_offered", 30, ["hour", "day"]) in found
        assert {outcome for _, outcome, _, _ in found} == {"asked", "offered", "outranked", "not_offered"}
        for survey in ("nps", "less"):
            assert counts(site)[survey, "not_offered", "", ""] == 30
            assert counts(site)[survey, "not_offered", "rule", "hour"] == 30
            assert counts(site)[survey, "not_offered", "rule", "day"] == 30

    async def test_what_was_written_is_added_to(self, site: Site) -> None:
        await site.ask("ann")
        for _ in range(3):
            site.clock.advance(1_000)
            await site.offer("ann")
            await write(site)
        assert counts(site)["nps", "not_offered", "", ""] == 3
        assert ("nps", "not_offered", 3, ["hour", "day"]) in await history(site)

    async def test_after_more_than_an_hour_it_is_another_line(self, site: Site) -> None:
        await site.offer("ann")
        for _ in range(2):
            site.clock.advance(HOUR_MS + 1)
            await site.offer("ann")
            await site.offer("ann")
        found = await history(site)
        assert [times for survey, _, times, _ in found if survey == "nps"] == [2, 2, 1]

    async def test_counts_are_by_the_hour(self, site: Site) -> None:
        await site.offer("ann")
        site.clock.advance(HOUR_MS)
        await site.offer("ann")
        await write(site)
        hours = execute(site.path, "SELECT hour, times FROM decision_counts WHERE survey_key = 'nps' ORDER BY hour")
        assert hours == [(START // HOUR_MS, 1), (START // HOUR_MS + 1, 1)]

    async def test_an_offer_that_could_not_be_taken_up(self, site: Site) -> None:
        offers = [await site.offer("ann") for _ in range(2)]
        assert offers[0]
        assert offers[1]
        assert (await site.take_up(offers[0])).status_code == 200
        site.clock.advance(1_000)
        assert (await site.take_up(offers[1])).status_code == 409
        assert (await site.take_up(offers[1], "bo")).status_code == 409
        found = await history(site)
        assert ("nps", "not_asked", 1, ["hour", "day"]) in found
        assert ("nps", "not_asked", 1, ["wrong_person"]) in found
        assert counts(site)["nps", "not_asked", "", ""] == 2

    async def test_an_ask_told_again_is_one_ask(self, site: Site) -> None:
        offer = await site.offer("ann")
        assert offer
        for _ in range(3):
            assert (await site.take_up(offer)).status_code == 200
        assert ("nps", "asked", 1, []) in await history(site)
        assert counts(site)["nps", "asked", "", ""] == 1

    async def test_an_offer_about_somebody_who_never_was_is_nobody_s(self, site: Site) -> None:
        token = site.service.tokens.sign(OFFER, [site.project.project_id, "nobody", "o", "nps", 1, {}, None, None])
        assert (await site.take_up(token)).status_code == 409
        await write(site)
        assert counts(site) == {}

    async def test_somebody_who_asks_for_it_is_told_apart(self, site: Site) -> None:
        identity = {"user_id": "ann", "anonymous_id": None}
        body = {"pass": await site.the_pass(), "identity": identity}
        assert (await site.post("/w/asks", body | {"show": "feedback"})).status_code == 200
        assert (await site.post("/w/asks", body | {"show": "nothing"})).status_code == 409
        apply_to(site.path, site.clock, site.project.project_id, a_survey("less", state="paused"))
        assert (await site.post("/w/asks", body | {"show": "less"})).status_code == 409
        assert sorted(await history(site)) == [("feedback", "shown", 1, []), ("less", "not_shown", 1, ["not_live"])]

    async def test_test_people_have_a_history_and_count_nowhere(self, site: Site) -> None:
        await site.visit("ann", test=site.service.tokens.sign(TEST, [site.project.project_id]))
        await site.ask("ann")
        await site.offer("ann")
        assert len(await history(site)) >= 3
        assert counts(site) == {}

    async def test_a_page_is_told_by_its_path_alone(self, site: Site) -> None:
        offer = await site.offer("ann")
        assert offer
        await site.take_up(offer, context={"page": "https://[broken", "locale": "en", "width": 1})
        await write(site)
        [[recent]] = execute(site.path, "SELECT recent FROM decisions")
        assert [one[6] for one in json.loads(recent)] == ["", "/app/lesson", "/app/lesson"]

    async def test_it_moves_with_the_person(self, site: Site) -> None:
        browser = {"user_id": None, "anonymous_id": "b1"}
        both = {"user_id": "ann", "anonymous_id": "b1"}
        await site.offer("ann")
        site.clock.advance(2 * HOUR_MS)
        await site.offer(None, identity=browser)
        await write(site)
        await site.offer(None, identity=browser)  # noted before the merge, written after it
        await site.event(type="identify", event=None, traits={}, identity=both)
        found = await history(site)
        assert [(survey, times) for survey, outcome, times, _ in found if outcome == "offered"] == [
            ("nps", 2),
            ("nps", 1),
        ]
        assert execute(site.path, "SELECT count(*) FROM decisions") == [(1,)]

    async def test_whoever_has_no_history_brings_none(self, site: Site) -> None:
        both = {"user_id": "ann", "anonymous_id": "b1"}
        for identity in ({"user_id": "ann", "anonymous_id": None}, {"user_id": None, "anonymous_id": "b1"}, both):
            await site.event(type="identify", event=None, traits={}, identity=identity)
        assert execute(site.path, "SELECT count(*) FROM decisions") == [(0,)]

    async def test_whoever_is_gone_leaves_nothing(self, site: Site) -> None:
        await site.offer("ann")
        execute(site.path, "DELETE FROM people")
        await write(site)
        assert execute(site.path, "SELECT count(*) FROM decisions") == [(0,)]
        assert counts(site)["nps", "offered", "", ""] == 1


class TestEvents:
    async def names(self, site: Site) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
        await write(site)
        found = await site.service.db.read(event_names, site.project.project_id)
        return {(one.name, one.source): (one.times, dict(one.properties)) for one in found}

    async def test_names_sources_and_properties(self, site: Site) -> None:
        await site.backend("Done", properties={"course": "algebra"})
        await site.backend("Done", properties={"course": 7, "pro": True})
        await site.backend("Unwatched")
        await site.event("ann", properties={"course": "algebra"})
        await site.event("ann", "Nobody Waits")
        assert await self.names(site) == {
            ("Done", "server"): (2, {"course": ["number", "text"], "pro": ["true or false"]}),
            ("Done", "browser"): (1, {"course": ["text"]}),
            ("Unwatched", "server"): (1, {}),
        }
        site.clock.advance(9)
        await site.backend("Done", properties={"course": None})
        assert (await self.names(site))["Done", "server"] == (
            3,
            {"course": ["null", "number", "text"], "pro": ["true or false"]},
        )
        [seen] = [one for one in await site.service.db.read(event_names, site.project.project_id) if one.times == 3]
        assert (seen.first_at, seen.last_at) == (START, START + 9)

    async def test_what_says_who_somebody_is_is_no_event(self, site: Site) -> None:
        await site.client.post("/v1/identify", json={"userId": "ann", "traits": {}, "writeKey": site.project.write_key})
        await site.event(type="identify", event=None, traits={})
        await site.client.post("/v1/batch", json={"batch": [7], "writeKey": site.project.write_key})
        assert await self.names(site) == {}

    async def test_more_names_than_there_is_room_for(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web, "MOST_EVENTS", 2)
        for number in range(4):
            await site.backend(f"E{number}")
        assert set(await self.names(site)) == {("E0", "server"), ("E1", "server")}
        assert counts(site)["", "dropped_events", "", ""] == 2

    async def test_a_project_has_so_many_names(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stored, "MOST_NAMES", 2)
        for number in range(4):
            await site.backend(f"E{number}")
        await site.backend("E0")
        assert {name: times for (name, _), (times, _) in (await self.names(site)).items()} == {"E0": 2, "E1": 1}
        await site.backend("E0")
        await site.backend("E3")
        assert {name: times for (name, _), (times, _) in (await self.names(site)).items()} == {"E0": 3, "E1": 1}
        await write(site)
        assert counts(site)["", "dropped_events", "", ""] == 3

    async def test_many_names_are_written_in_turns(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web, "_AT_ONCE", 2)
        for number in range(5):
            await site.backend(f"E{number}")
        assert len(await self.names(site)) == 5


def test_what_is_old_is_forgotten(path: Path, clock: SetClock) -> None:
    project = make_project(path, clock).project_id
    hour = START // HOUR_MS
    run_once(path, clock, add_counts, [DecisionCount(project, "nps", hour, "offered", "", "", 5)])
    run_once(path, clock, add_names, [EventSeen(project, "Done", "server", 1, START, START, {})])
    clock.advance(KEEP_COUNTS_MS)
    assert run_once(path, clock, forget_journal) == 0
    clock.advance(HOUR_MS)
    assert run_once(path, clock, forget_journal) == 1
    assert run_once(path, clock, forget_journal) == 0
    for table in ("decision_counts", "event_names"):
        assert execute(path, f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_chain_of_merges_is_followed(path: Path, clock: SetClock) -> None:
    project = make_project(path, clock).project_id
    for person in ("p1", "p2", "p3"):
        run_once(path, clock, recognise, project, Identity(person, None), person)
    for gone, to in (("p1", "p2"), ("p2", "p3")):
        execute(path, "UPDATE people SET merged_into = ? WHERE person_id = ?", to, gone)
    run_once(path, clock, add_decisions, [(project, "p1", [a_noted()]), (project, "p2", [a_noted(1)])])
    found: tuple[Noted, ...] = run_once(path, clock, recent_decisions, project, "p3")
    assert [one.times for one in found] == [2]
    assert execute(path, "SELECT person_id FROM decisions") == [("p3",)]


def test_an_event_s_name_is_cut(clock: SetClock) -> None:
    journal = Journal(clock)
    journal.came("p", Event("x" * 5_000))
    [[_, name, _]] = journal._notes.events
    assert len(name) == 200
