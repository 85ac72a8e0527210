"""What grows with the number of people: a decision and an ask at 10 thousand, 1 and 10 million, on both databases.

Every fifth person was asked before. A decision is the read and the choice that an event of a page costs (`met`,
`choose`), one after the other for people drawn at random; an ask is the product's whole transaction (`take_up`), 64
callers at once, durable. Each size stands in a database of its own; the reference is the smallest one of the same
database in the same run.

    python -m bench growth --people 10000,1000000,10000000
"""

from __future__ import annotations

import asyncio
import random
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.report import Line
from tactful.clock import SystemClock, new_id
from tactful.core.catalogue import choose
from tactful.core.decide import Moment
from tactful.core.policy import DEFAULT_POLICY
from tactful.core.spans import DAY_MS
from tactful.core.trigger import Event
from tactful.database_url import DatabaseUrl, read_database_url
from tactful.identity import Identity
from tactful.newproject import new_project
from tactful.store.asks import Asked, Context, Offered, take_up
from tactful.store.events import Message, met
from tactful.store.opening import ServedDatabase, migrate, open_database
from tactful.store.projects import Config, apply_definitions, create_project, load_config
from tactful.store.script import Script, run
from tests.support.databases import beside
from tests.support.postgres import a_postgres
from tests.support.service import a_survey, surveys_of

__all__ = ["PEOPLE", "measure"]

PEOPLE = (10_000, 1_000_000, 10_000_000)
MOST_GROWTH = 2.0
DECISIONS, ASKS, CALLERS, ROUNDS = 2_000, 2_000, 64, 5

#: Numbers from 1; ids are as wide as they are high, so that they sort by number.
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
#: So many rows a statement: one of ten million would take longer than a server's connection waits.
_AT_ONCE = 500_000
FILL_PEOPLE = (
    "INSERT INTO people (project_id, person_id, user_id, first_seen_at, last_at, traits) "
    + _NUMBERS
    + "SELECT CAST(? AS TEXT), 'p' || (1000000000 + i), 'user-' || (1000000000 + i),"
    ' CAST(? AS BIGINT), CAST(? AS BIGINT), \'{"plan": "pro"}\' FROM n'
)
FILL_ALIASES = (
    "INSERT INTO aliases (project_id, alias, person_id) "
    + _NUMBERS
    + "SELECT CAST(? AS TEXT), 'u:user-' || (1000000000 + i), 'p' || (1000000000 + i) FROM n"
)
FILL_ASKS = (
    "INSERT INTO asks (project_id, person_id, ask_id, survey_key, version, kind, tags, test, asked_for, locale, page,"
    " event, asked_at, responded_at) "
    + _NUMBERS
    + "SELECT CAST(? AS TEXT), 'p' || (1000000000 + 5 * i), 'a' || (1000000000 + i), 'old', 1, 'csat', '[]', 0, 0,"
    " 'en', '', '{}', CAST(? AS BIGINT) + i / 100, CAST(? AS BIGINT) + i / 100 FROM n"
)


@dataclass(frozen=True)
class Figures:
    """Of one database of one size: what a decision costs, and asks a second."""

    decision_us: float
    asks_per_s: float


def _filled(sql: str, *params: object) -> Script[int]:
    rows: int = yield run(sql, *params)
    return rows


@contextmanager
def _sqlite(directory: Path, people: int) -> Iterator[DatabaseUrl]:
    place = directory / f"growth-{people}"
    place.mkdir()
    try:
        yield DatabaseUrl.of_file(place / "tactful.db")
    finally:
        shutil.rmtree(place)


@contextmanager
def _postgres(_directory: Path, _people: int) -> Iterator[DatabaseUrl]:
    with a_postgres("shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min") as server:
        yield read_database_url(server.url())


KINDS = {"SQLite": _sqlite, "PostgreSQL": _postgres}


def _identity(number: int) -> Identity:
    return Identity(f"user-{1_000_000_000 + number}", None, proved=True)


def _made(url: DatabaseUrl, clock: SystemClock, people: int) -> str:
    """Make and fill a database; return its project."""
    migrate(url, clock)
    new = new_project(clock, "P", ())
    beside(url, clock, create_project, new)
    [survey] = surveys_of([a_survey()])
    beside(url, clock, apply_definitions, new.project_id, replace(DEFAULT_POLICY, tenure_ms=0), (survey,))
    long_ago = clock.now_ms() - 200 * DAY_MS
    asked = people // 5
    for sql, rows, times in ((FILL_PEOPLE, people, 2), (FILL_ALIASES, people, 0), (FILL_ASKS, asked, 2)):
        for first in range(1, rows + 1, _AT_ONCE):
            last = min(first + _AT_ONCE - 1, rows)
            beside(url, clock, _filled, sql, first, last, new.project_id, *(long_ago,) * times)
    if url.kind == "postgres":
        beside(url, clock, _filled, "ANALYZE")  # as autovacuum does within a minute
    return new.project_id


async def _decisions(db: ServedDatabase, config: Config, numbers: Sequence[int]) -> float:
    """The mean microseconds of a decision about these people, one after the other."""
    clock = SystemClock()
    event = Event("Done")
    waiting = config.catalogue.waiting_for(event, clock.now_ms())
    begun = time.perf_counter()
    for number in numbers:
        message = Message(f"b:{number}", event, waiting)
        found = await db.read(met, config.project_id, _identity(number), [message], config.catalogue, clock.now_ms())
        assert found is not None
        decision = choose(found.at_once, config.catalogue.policy, found.known.person, Moment(found.known.now))
        assert decision.offer is not None
    return (time.perf_counter() - begun) / len(numbers) * 1e6


async def _asks(db: ServedDatabase, config: Config, numbers: Sequence[int]) -> float:
    """Asks a second of these people, many callers at once."""
    clock = SystemClock()
    waiting = iter(numbers)

    async def asker() -> None:
        for number in waiting:
            offer = Offered(f"p{1_000_000_000 + number}", new_id(clock), "nps", 1)
            asked = await db.run(take_up, config, offer, _identity(number), Context("/app", "en"))
            assert isinstance(asked, Asked), asked

    begun = time.perf_counter()
    await asyncio.gather(*(asker() for _ in range(CALLERS)))
    return len(numbers) / (time.perf_counter() - begun)


async def _measure_one(url: DatabaseUrl, clock: SystemClock, project_id: str, people: int) -> Figures:
    chance = random.Random(people)
    async with open_database(url, clock) as db:
        config = await db.read(load_config, project_id)
        assert config is not None
        drawn = chance.sample(range(1, people + 1), min(people // 2, ROUNDS * ASKS))
        await _decisions(db, config, drawn[:500])  # statements are compiled, and pages met, once
        decisions, asks = [], []
        for turn in range(min(ROUNDS, len(drawn) // 1_000)):
            decisions.append(await _decisions(db, config, chance.choices(drawn[turn * 1_000 :], k=DECISIONS)))
            asks.append(await _asks(db, config, drawn[turn * 1_000 : (turn + 1) * 1_000]))
        return Figures(statistics.median(decisions), statistics.median(asks))


def measure(directory: Path, sizes: Sequence[int] = PEOPLE) -> list[Line]:
    """Measure both databases at every size."""
    clock = SystemClock()
    lines = []
    for kind, make in KINDS.items():
        smallest: Figures | None = None
        for people in sizes:
            with make(directory, people) as url:
                figures = asyncio.run(_measure_one(url, clock, _made(url, clock, people), people))
            smallest = smallest or figures
            lines += _lines(kind, people, figures, smallest)
    return lines


def _lines(kind: str, people: int, figures: Figures, smallest: Figures) -> list[Line]:
    decision, asks = figures.decision_us / smallest.decision_us, smallest.asks_per_s / figures.asks_per_s
    return [
        Line(
            f"{kind}, {people:,} people: a decision",
            f"{figures.decision_us:.0f} us",
            f"{smallest.decision_us:.0f} us",
            f"{decision:.2f}",
            f"<= {MOST_GROWTH:g}",
            decision <= MOST_GROWTH,
        ),
        Line(
            f"{kind}, {people:,} people: an ask, durable",
            f"{figures.asks_per_s:,.0f}/s",
            f"{smallest.asks_per_s:,.0f}/s",
            f"{asks:.2f}",
            f"<= {MOST_GROWTH:g}",
            asks <= MOST_GROWTH,
        ),
    ]
