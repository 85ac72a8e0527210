"""Definitions, their versions and groups of asks, on both databases: applied by many at once, and read back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tactful.core.answers import Answers
from tactful.core.policy import DEFAULT_POLICY, Policy
from tactful.core.reading import read_survey
from tactful.core.surveys import Survey
from tactful.identity import Identity
from tactful.newproject import new_project
from tactful.store.asks import Asked, Context, Revision, close, respond, show
from tactful.store.figures import Slice, Trait
from tactful.store.groups import EVERYTHING, groups_of
from tactful.store.migrate import migrate
from tactful.store.people import recognise
from tactful.store.postgres import PostgresDatabase
from tactful.store.projects import Config, apply_definitions, create_project, load_config, plan_definitions
from tactful.store.script import Database, Script, run
from tactful.store.sqlite import SqliteDatabase
from tactful.store.versions import NEWEST, find_version, list_versions
from tests.support.clock import SetClock
from tests.support.postgres import the_postgres
from tests.support.service import a_survey

pytestmark = pytest.mark.anyio

#: Enough that two processes of PostgreSQL meet in the middle of it.
ROUNDS = 30
CONTEXT = Context("https://site.test/", "en")


@pytest.fixture(params=["sqlite", "postgres"])
async def databases(request: pytest.FixtureRequest, path: Path, clock: SetClock) -> AsyncIterator[list[Database]]:
    """Everything that may write to one database at once: a process of SQLite, or two of PostgreSQL."""
    found: list[Any]
    if request.param == "sqlite":
        migrate(path, clock)
        found = [await SqliteDatabase.open(path, clock)]
    else:
        url = the_postgres().fresh_database(clock)
        found = [await PostgresDatabase.open(url, clock) for _ in range(2)]
    yield found
    for one in found:
        await one.close()


@pytest.fixture
async def project_id(databases: list[Database], clock: SetClock) -> str:
    new = new_project(clock, "P", ())
    await databases[0].run(create_project, new)
    return new.project_id


def survey(**fields: Any) -> Survey:
    reading = read_survey(a_survey(**fields))
    assert reading.value is not None, reading.faults
    return reading.value


async def test_the_same_applied_by_many_at_once_makes_one_version(databases: list[Database], project_id: str) -> None:
    takers = (databases * 8)[:8]
    for version in range(1, ROUNDS + 1):
        definitions = (project_id, DEFAULT_POLICY, (survey(priority=version),))
        changes = await asyncio.gather(*(taker.run(apply_definitions, *definitions) for taker in takers))
        how = sorted(change.how for _, change in changes)
        assert how == ["created" if version == 1 else "changed"] + ["unchanged"] * 7
        assert {policy.how for policy, _ in changes} == {"unchanged"}
    found = await databases[0].read(list_versions, project_id, "nps", NEWEST, 2 * ROUNDS)
    assert [one.version for one in found] == list(range(ROUNDS, 0, -1))


async def test_what_was_planned_is_what_is_applied(databases: list[Database], project_id: str, clock: SetClock) -> None:
    database = databases[0]
    for policy, wanted in (
        (None, survey()),
        (Policy((), tenure_ms=0), survey(intro={"en": "a", "de": "b"})),
        (None, survey(intro={"de": "b", "en": "a"})),
        (None, survey(intro={"de": "b", "en": "a"}, state="paused")),
    ):
        clock.advance(1_000)
        planned = await database.scan(plan_definitions, project_id, policy, (wanted,))
        assert await database.run(apply_definitions, project_id, policy, (wanted,)) == planned
        assert {one.how for one in await database.scan(plan_definitions, project_id, policy, (wanted,))} == {
            "unchanged"
        }
    versions = await database.read(list_versions, project_id, "nps", NEWEST, 9)
    assert [(one.version, one.current) for one in versions] == [(3, True), (2, False), (1, False)]
    assert [one.created_at for one in versions] == [clock.now - 1_000, clock.now - 2_000, clock.now - 3_000]
    second = await database.read(find_version, project_id, "nps", 2)
    assert second is not None
    assert second.survey == survey(intro={"en": "a", "de": "b"}, state="paused")
    assert await database.read(find_version, project_id, "nps", 4) is None
    assert await database.read(list_versions, project_id, "nps", 1, 9) == ()


SET_TRAITS = "UPDATE people SET traits = ? WHERE project_id = ? AND user_id = ?"


def _traits(project_id: str, user_id: str, traits: str) -> Script[None]:
    yield from recognise(project_id, Identity(user_id, None, proved=True), f"p-{user_id}")
    yield run(SET_TRAITS, traits, project_id, user_id)


async def _asked(database: Database, config: Config, user_id: str, ask_id: str) -> Asked:
    identity = Identity(user_id, None, proved=True)
    asked = await database.run(show, config, "nps", (ask_id, f"p-{user_id}"), identity, CONTEXT)
    assert isinstance(asked, Asked)
    return asked


async def test_asks_are_gathered_by_variant_and_arm(
    databases: list[Database], project_id: str, clock: SetClock
) -> None:
    database = databases[0]
    variants = {"plain": {}, "warm": {}}
    wanted = survey(variants=variants, arm="traits.side")
    await database.run(apply_definitions, project_id, Policy((), tenure_ms=0), (wanted,))
    config = await database.read(load_config, project_id)
    assert config is not None
    told: dict[str, int] = {"plain": 0, "warm": 0}
    for number in range(8):
        user = f"user-{number}"
        await database.run(_traits, project_id, user, f'{{"side": {number % 2}, "plan": "pro"}}' if number else "{}")
        first, second = [await _asked(database, config, user, f"k{number}-{time}") for time in (1, 2)]
        assert (first.variant, first.variant in variants) == (second.variant, True)
        told[str(first.variant)] += 1
        answers = Answers({"score": 9}, score=9, band="promoter", comment=None)
        ids = (project_id, first.known.person_id)
        await database.run(respond, *ids, first.ask_id, Revision(1, answers, done=True, response_id=f"r{number}"))
        await database.run(close, *ids, second.ask_id, "not_rendered")
    found = await database.scan(groups_of, project_id, "nps", EVERYTHING, ["warm", "plain", "new"])
    assert [(one.name, one.funnel.asked, one.histogram) for one in found.variants] == [
        ("warm", told["warm"], {9: told["warm"]}),
        ("plain", told["plain"], {9: told["plain"]}),
        ("new", 0, {}),
    ]
    assert [(one.name, one.funnel.responded) for one in found.arms] == [("1", 4), ("0", 3)]
    pro = Slice(0, EVERYTHING.last, 0, Trait("plan", ('"pro"', '"pro"')))
    narrowed = await database.scan(groups_of, project_id, "nps", pro, ["plain", "warm"])
    assert sum(one.funnel.asked for one in narrowed.variants) == 7
    later = await database.scan(
        groups_of, project_id, "nps", Slice(clock.now // 86_400_000 + 1, EVERYTHING.last, 0), []
    )
    assert (later.variants, later.arms, later.more_arms) == ((), (), False)
