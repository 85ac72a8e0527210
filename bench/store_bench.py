"""Durable one-row scripts a second: the runner's group commit beside one commit each, in the same run.

"one commit each" is the same runner with batches of one; "no thread" is one connection on this thread, which is as
fast as commits one after the other can be, and which a server cannot do without stopping its event loop.

    python bench/store_bench.py [directory]

The directory decides the disk; the default is a temporary one. Rounds of the cases are interleaved, and the ratio is
that of the medians, because a shared machine's absolute figures say little.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import closing
from itertools import count
from pathlib import Path

from tactful.clock import SystemClock
from tactful.store.batches import commit_alone
from tactful.store.connections import Synchronous, connect_writer
from tactful.store.script import Script, run
from tactful.store.sqlite import BATCH_MAX, SqliteDatabase

CALLERS = (1, 64, 256)
ROUNDS = 5
ROUND_S = 1.0
REFERENCE = "one commit each, 64 callers"

#: The seconds that each script took, by case.
Results = dict[str, list[float]]


def create() -> Script[None]:
    yield run("CREATE TABLE items (item_id INTEGER PRIMARY KEY, note TEXT NOT NULL, at INTEGER NOT NULL)")


def put(item_id: int) -> Script[int]:
    yield run("INSERT INTO items (item_id, note, at) VALUES (?, 'a note of some length', now_ms())", item_id)
    return item_id


async def grouped(database: SqliteDatabase, ids: count[int], callers: int) -> list[float]:
    """Let `callers` write through the runner for one round; return the seconds of each script."""
    end = time.perf_counter() + ROUND_S
    waits: list[float] = []

    async def caller() -> None:
        while (begun := time.perf_counter()) < end:
            await database.run(put, next(ids))
            waits.append(time.perf_counter() - begun)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return waits


def one_each(path: Path, ids: count[int], synchronous: Synchronous) -> list[float]:
    """Commit each script by itself for one round, on this thread and without the runner."""
    waits: list[float] = []
    with closing(connect_writer(path, SystemClock(), synchronous=synchronous)) as connection:
        end = time.perf_counter() + ROUND_S
        while (begun := time.perf_counter()) < end:
            commit_alone(connection, put, next(ids))
            waits.append(time.perf_counter() - begun)
    return waits


async def round_of_all(
    databases: dict[int, SqliteDatabase], path: Path, synchronous: Synchronous, ids: count[int]
) -> Results:
    results = {
        REFERENCE: await grouped(databases[1], ids, 64),
        "no thread, 1 caller": one_each(path, ids, synchronous),
    }
    for callers in CALLERS:
        results[f"group commit, {callers} callers"] = await grouped(databases[BATCH_MAX], ids, callers)
    return results


async def measure(directory: Path, synchronous: Synchronous) -> None:
    path = directory / f"{synchronous}.db"
    ids = count(1)
    databases = {
        batch_max: await SqliteDatabase.open(path, SystemClock(), synchronous=synchronous, batch_max=batch_max)
        for batch_max in (1, BATCH_MAX)
    }
    await databases[1].run(create)
    rates: dict[str, list[float]] = {}
    waits: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, seconds in (await round_of_all(databases, path, synchronous, ids)).items():
            rates.setdefault(name, []).append(len(seconds) / ROUND_S)
            waits.setdefault(name, []).extend(seconds)
    for database in databases.values():
        await database.close()
    report(synchronous, rates, waits)


def report(synchronous: str, rates: dict[str, list[float]], waits: dict[str, list[float]]) -> None:
    reference = statistics.median(rates[REFERENCE])
    for name, found in rates.items():
        rate = statistics.median(found)
        p50, p99 = (statistics.quantiles(waits[name], n=100)[at] * 1_000 for at in (49, 98))
        print(
            f"{synchronous:8} {name:28} {rate:8,.0f}/s ({min(found):,.0f}-{max(found):,.0f})"
            f"  x {rate / reference:5.2f}   p50 {p50:6.2f} ms  p99 {p99:6.2f} ms"
        )


def main() -> None:
    place = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=place) as directory:
        for synchronous in ("FULL", "NORMAL"):
            asyncio.run(measure(Path(directory), synchronous))


if __name__ == "__main__":
    main()
