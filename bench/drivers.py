"""The drivers for PostgreSQL at what the runner needs of them: reads by key, and many statements sent together.

    python -m bench drivers

psycopg is measured where it is installed (`pip install 'psycopg[binary]'`); the product uses asyncpg, which is there.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg

from bench.report import Line
from tests.support.postgres import a_postgres

BATCH = 64
BATCHES = 40
READS = 2_000
ROUNDS = 5

CREATE = """
CREATE TABLE claimers (person TEXT PRIMARY KEY, last_at BIGINT NOT NULL);
CREATE TABLE claims (claim_id BIGSERIAL PRIMARY KEY, person TEXT NOT NULL, at BIGINT NOT NULL);
INSERT INTO claimers SELECT 'p' || n, 0 FROM generate_series(1, 10000) n;
ANALYZE;
"""
READ = "SELECT person, last_at FROM claimers WHERE person = $1"
TAKE = "UPDATE claimers SET last_at = $2 WHERE person = $1 RETURNING person, last_at"
NOTE = "INSERT INTO claims (person, at) VALUES ($1, $2) RETURNING claim_id"


def _people(batch: int) -> list[tuple[str, int]]:
    return [(f"p{(batch * BATCH + n) % 10_000 + 1}", batch + 1) for n in range(BATCH)]


async def _rate(number: int, work: Callable[[], Awaitable[None]]) -> float:
    begun = time.perf_counter()
    await work()
    return number / (time.perf_counter() - begun)


async def of_asyncpg(url: str) -> tuple[float, float]:
    """Reads and batched claims a second."""
    connection = await asyncpg.connect(url)

    async def reads() -> None:
        for n in range(READS):
            await connection.fetchrow(READ, f"p{n + 1}")

    async def batches() -> None:
        for batch in range(BATCHES):
            async with connection.transaction():
                await connection.fetchmany(TAKE, _people(batch))
                await connection.fetchmany(NOTE, _people(batch))

    await reads()
    found = await _rate(READS, reads), await _rate(BATCH * BATCHES, batches)
    await connection.close()
    return found


async def of_psycopg(url: str) -> tuple[float, float]:
    """Reads and batched claims a second, in pipeline mode."""
    psycopg = importlib.import_module("psycopg")
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    connection.prepare_threshold = 0
    read, take, note = (_in_percents(sql) for sql in (READ, TAKE, NOTE))

    async def reads() -> None:
        for n in range(READS):
            await (await connection.execute(read, {"a": f"p{n + 1}"})).fetchone()

    async def one_batch(people: Sequence[tuple[str, int]]) -> None:
        async with connection.transaction(), connection.pipeline() as pipeline:
            for sql in (take, note):
                cursors: list[Any] = [await connection.execute(sql, {"a": who, "b": at}) for who, at in people]
                await pipeline.sync()
                for cursor in cursors:
                    await cursor.fetchall()

    async def batches() -> None:
        for batch in range(BATCHES):
            await one_batch(_people(batch))

    await reads()
    found = await _rate(READS, reads), await _rate(BATCH * BATCHES, batches)
    await connection.close()
    return found


def _in_percents(sql: str) -> str:
    return sql.replace("$1", "%(a)s").replace("$2", "%(b)s")


def measure() -> list[Line]:
    """Measure each driver that is installed, in turns."""
    drivers = {"asyncpg": of_asyncpg}
    if importlib.util.find_spec("psycopg"):
        drivers["psycopg"] = of_psycopg
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in drivers}
    with a_postgres() as server:
        server.execute(CREATE)
        for _ in range(ROUNDS):
            for name, work in drivers.items():
                rates[name].append(asyncio.run(work(server.url())))
    lines = []
    for at, what in enumerate(("reads by key, one at a time", f"claims in batches of {BATCH}, a commit each")):
        of = {name: statistics.median(found[at] for found in rates[name]) for name in drivers}
        other = of.get("psycopg")
        reference, ratio = (f"psycopg {other:,.0f}/s", f"{of['asyncpg'] / other:.2f}") if other else ("-", "-")
        lines.append(Line(f"asyncpg: {what}", f"{of['asyncpg']:,.0f}/s", reference, ratio, "", None))
    return lines
