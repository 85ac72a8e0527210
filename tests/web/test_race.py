"""Never too often, raced: a thousand people take up eight different offers each, all at once, under a cap of one.

Real sockets, the real server, the real database; only the clock stands where it is set. The same race is run with two
mutants of `take_up`, each wrong in one place, and must over-ask with both, or it would prove nothing:

- `decide_outside`: the check is made before the transaction, on facts read then, and the transaction only inserts.
- `time_before_lock`: the time is read when the request arrives, not by the statement that locks. It shows only when
  somebody waits for the lock while the window passes, so that race holds the database and moves the clock meanwhile.

Measured, people asked / asks granted: correct 1,000 / 1,000 in both races; `decide_outside` 1,000 / 8,000
(everybody eight times); `time_before_lock` 1,000 / 1,200 (the two hundred who waited are asked twice).
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tactful.app import create_app
from tactful.core.decide import Moment, decide
from tactful.core.policy import Policy, Rule
from tactful.core.spans import MINUTE_MS
from tactful.database_url import DatabaseUrl
from tactful.identity import Identity
from tactful.settings import Settings
from tactful.store.asks import FIND_ASK, Asked, Context, NotNow, Offered, _record, take_up
from tactful.store.people import Known, facts, peek
from tactful.store.projects import Config
from tactful.store.script import Database, Script, one
from tests.support.clock import SetClock
from tests.support.rates import NO_LIMITS
from tests.support.server import free_port
from tests.support.service import KEY, a_survey, make_project
from tests.support.wire import Page, Reply, Wire, pass_of, send_all, until, wires

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("race")]

PEOPLE = 1_000
OFFERS_EACH = 8
CONNECTIONS = 200
#: Shorter than an offer's life, so that the window passes and the offers are still good.
WINDOW_MS = 5 * MINUTE_MS
ONE_IN_FIVE_MINUTES = Policy((Rule("one", "all", "asked", 1, WINDOW_MS),), tenure_ms=0)
SURVEYS = (a_survey("nps"), a_survey("second", trigger={"any": [{"event": "Other"}]}))

TakeUp = Callable[[Database, SetClock, tuple[Config, Offered, Identity, Context]], Awaitable[Asked | NotNow]]


async def correct(db: Database, _clock: SetClock, args: tuple[Config, Offered, Identity, Context]) -> Asked | NotNow:
    return await db.run(take_up, *args)


async def decide_outside(
    db: Database, clock: SetClock, args: tuple[Config, Offered, Identity, Context]
) -> Asked | NotNow:
    """Mutant (a): read and decide, then insert in a transaction that asks nothing again."""
    config, offered, identity, context = args
    known = await db.read(peek, config.project_id, identity, config.catalogue.horizon_ms, clock.now_ms())
    assert known is not None
    refusals = _judge(config, offered, known, context)
    return NotNow(refusals) if refusals else await db.run(_only_insert, config, offered, known, context)


def _judge(config: Config, offered: Offered, known: Known, context: Context) -> Any:
    live = config.catalogue.surveys[offered.survey_key]
    return decide(live, config.catalogue.policy, known.person, Moment(known.now, context.page))


def _only_insert(config: Config, offered: Offered, known: Known, context: Context) -> Script[Asked]:
    live = config.catalogue.surveys[offered.survey_key]
    before = yield one(FIND_ASK, config.project_id, known.person_id, offered.offer_id)
    if before is not None:
        return Asked(offered.offer_id, before["asked_at"], live, known, {})
    return (yield from _record(config, offered, live, known, context))


async def time_before_lock(
    db: Database, clock: SetClock, args: tuple[Config, Offered, Identity, Context]
) -> Asked | NotNow:
    """Mutant (b): everything inside the transaction, but at the time when the request arrived."""
    return await db.run(_take_up_at, clock.now_ms(), *args)


def _take_up_at(
    now: int, config: Config, offered: Offered, _identity: Identity, context: Context
) -> Script[Asked | NotNow]:
    known = yield from facts(config.project_id, offered.person_id, config.catalogue.horizon_ms)
    assert known is not None
    known = known._replace(now=now)
    refusals = _judge(config, offered, known, context)
    return NotNow(refusals) if refusals else (yield from _only_insert(config, offered, known, context))


@dataclass
class WatchedDatabase:
    """The service's database, with `take_up` put in the place of the product's and a count of those who came."""

    inner: Database
    clock: SetClock
    take_up: TakeUp
    arrived: int = 0

    async def run(self, script: Callable[..., Script[Any]], *args: Any, **kwargs: Any) -> Any:
        if script is not take_up:
            return await self.inner.run(script, *args, **kwargs)
        self.arrived += 1
        return await self.take_up(self.inner, self.clock, (args[0], args[1], args[2], args[3]))

    async def read(self, script: Callable[..., Script[Any]], *args: Any, **kwargs: Any) -> Any:
        return await self.inner.read(script, *args, **kwargs)


@dataclass
class Race:
    """A served project, connections to it, and the offers that everybody holds, one person's after the other's."""

    database: WatchedDatabase
    connections: list[Wire]
    offers: list[tuple[Page, str]]
    path: Path
    clock: SetClock

    async def take_up(self, offers: list[tuple[Page, str]]) -> Counter[int]:
        """Take up `offers` on all connections at once; the replies by status."""

        async def job(page: Page, offer: str, wire: Wire) -> Reply:
            return await page.take_up(wire, offer)

        began = time.perf_counter()
        replies = await send_all(self.connections, (partial(job, page, offer) for page, offer in offers))
        rate = len(offers) / (time.perf_counter() - began)
        print(f"{len(offers):,} asks, {rate:,.0f} a second")  # noqa: T201  # a figure for -rP
        return Counter(reply.status for reply in replies)

    def asks_by_person(self) -> list[int]:
        """How many asks each person has, as the file says."""
        with closing(sqlite3.connect(self.path)) as file:
            return [n for (n,) in file.execute("SELECT count(*) FROM asks GROUP BY project_id, person_id")]


@contextlib.asynccontextmanager
async def served(path: Path, clock: SetClock, take_up: TakeUp) -> AsyncIterator[tuple[str, str, WatchedDatabase]]:
    """Serve a project on a real socket; its address, public key and database."""
    project = make_project(path, clock, surveys=SURVEYS, policy=ONE_IN_FIVE_MINUTES)
    port = free_port()
    settings = replace(Settings(DatabaseUrl.of_file(path), (KEY,), f"http://127.0.0.1:{port}"), **NO_LIMITS)
    app = create_app(settings, clock)
    server = uvicorn.Server(uvicorn.Config(app, port=port, access_log=False, log_level="error", lifespan="on"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started or serving.done())
    database = WatchedDatabase(app.state.service.db, clock, take_up)
    app.state.service.db = database
    try:
        yield f"http://127.0.0.1:{port}", project.public_key, database
    finally:
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def a_race(path: Path, clock: SetClock, people: int, take_up: TakeUp) -> AsyncIterator[Race]:
    """Let `people` come and get eight offers each: four events of each of two surveys, none taken up yet."""
    async with (
        served(path, clock, take_up) as (url, public_key, database),
        wires(url, CONNECTIONS) as connections,
    ):
        passed = await pass_of(connections[0], public_key)
        pages = [Page(passed, f"user-{number}") for number in range(people)]

        async def job(page: Page, wire: Wire) -> list[tuple[Page, str]]:
            offers = [await page.offer(wire, event) for event in ("Done", "Other") * (OFFERS_EACH // 2)]
            return [(page, offer) for offer in offers if offer is not None]

        held = await send_all(connections, [partial(job, page) for page in pages])
        offers = [pair for pairs in held for pair in pairs]
        assert len({offer for _, offer in offers}) == people * OFFERS_EACH, "everybody got different offers"
        yield Race(database, connections, offers, path, clock)


async def race_at_once(race: Race) -> Counter[int]:
    return await race.take_up(race.offers)


async def race_across_the_window(race: Race) -> Counter[int]:
    """Let one offer each of as many people as there are connections wait for the lock while the window passes."""
    first = race.offers[:: len(race.offers) // CONNECTIONS // OFFERS_EACH * OFFERS_EACH][:CONNECTIONS]
    assert len({page.user_id for page, _ in first}) == CONNECTIONS
    chosen = {offer for _, offer in first}
    with closing(sqlite3.connect(race.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(race.take_up(first))
        await until(lambda: race.database.arrived == CONNECTIONS)
        race.clock.advance(WINDOW_MS + 1_000)
        other.execute("ROLLBACK")
    statuses = await waiting
    return statuses + await race.take_up([pair for pair in race.offers if pair[1] not in chosen])


RACES = [race_at_once, race_across_the_window]


@pytest.mark.parametrize("run", RACES)
async def test_everybody_is_asked_exactly_once(
    path: Path, clock: SetClock, run: Callable[[Race], Awaitable[Counter[int]]]
) -> None:
    async with a_race(path, clock, PEOPLE, correct) as race:
        statuses = await run(race)
        assert statuses == {200: PEOPLE, 409: PEOPLE * (OFFERS_EACH - 1)}
        assert race.asks_by_person() == [1] * PEOPLE


@pytest.mark.parametrize(
    ("mutant", "run"),
    [
        (decide_outside, race_at_once),
        pytest.param(time_before_lock, race_across_the_window, marks=pytest.mark.long),
    ],
)
async def test_the_race_finds_a_mutant(
    path: Path, clock: SetClock, mutant: TakeUp, run: Callable[[Race], Awaitable[Counter[int]]]
) -> None:
    async with a_race(path, clock, PEOPLE, mutant) as race:
        statuses = await run(race)
        print(f"{mutant.__name__}: {statuses[200]:,} asks of {PEOPLE:,} people")  # noqa: T201  # a figure for -rP
        assert statuses[200] > PEOPLE
        assert max(race.asks_by_person()) > 1
