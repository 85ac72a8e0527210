"""Faults inside a batch: for every caller, acknowledged <=> present, whatever took the transaction down.

Each fault hits script `k` of 64 that share one transaction. Scripts count their starts here, which shows that a batch
really was lost and its scripts were run again, one by one.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tactful.errors import StorageFull
from tactful.store.batches import commit_batch
from tactful.store.connections import connect_writer
from tactful.store.script import Script, run
from tactful.store.sqlite import SqliteDatabase
from tests.sim.lossy_vfs import Disk, lossy_disk
from tests.store import scripts
from tests.store.contract import BATCH, FIRST_MIDDLE_LAST, assert_acknowledged_is_present
from tests.support.clock import SetClock

IOERR_FSYNC = sqlite3.SQLITE_IOERR_FSYNC
FULL = sqlite3.SQLITE_FULL


@dataclass
class Starts:
    """Scripts that count how often they were started, which only a test may do."""

    count: int = 0

    def put(self, item_id: int, note: str = "") -> Script[int]:
        self.count += 1
        return scripts.put(item_id, note)


async def put_all(database: SqliteDatabase, starts: Starts, notes: dict[int, str]) -> list[int | BaseException]:
    writes = (database.run(starts.put, i, notes.get(i, "")) for i in range(BATCH))
    return await asyncio.gather(*writes, return_exceptions=True)


def failures(outcomes: list[int | BaseException]) -> dict[int, BaseException]:
    return {i: outcome for i, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)}


@pytest.mark.anyio
@pytest.mark.parametrize("k", FIRST_MIDDLE_LAST)
async def test_full_database_in_one_script_of_many(database: SqliteDatabase, k: int) -> None:
    await database._on_writer(lambda connection: connection.execute("PRAGMA max_page_count = 50").close())
    starts = Starts()
    outcomes = await put_all(database, starts, {k: "x" * 500_000})
    assert starts.count == (k + 1) + BATCH
    assert {i: type(error) for i, error in failures(outcomes).items()} == {k: StorageFull}
    await assert_acknowledged_is_present(database, outcomes)


@pytest.mark.anyio
async def test_database_that_stays_full_answers_everybody(database: SqliteDatabase) -> None:
    await database._on_writer(lambda connection: connection.execute("PRAGMA max_page_count = 20").close())
    outcomes = await put_all(database, Starts(), dict.fromkeys(range(BATCH), "x" * 3_000))
    assert 0 < len(failures(outcomes)) < BATCH
    assert {type(error) for error in failures(outcomes).values()} == {StorageFull}
    await assert_acknowledged_is_present(database, outcomes)
    await database._on_writer(lambda connection: connection.execute("PRAGMA max_page_count = 1000").close())
    assert await database.run(scripts.put, 1_000) == 1_000


@asynccontextmanager
async def database_on(disk: Disk, clock: SetClock) -> AsyncIterator[SqliteDatabase]:
    database = await SqliteDatabase.open(disk.root / "tactful.db", clock)
    await database.run(scripts.create_tables)
    try:
        yield database
    finally:
        disk.fault = lambda _kind, _name: 0
        await database.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "code", "error"), [("sync", IOERR_FSYNC, sqlite3.OperationalError), ("write", FULL, StorageFull)]
)
@pytest.mark.parametrize("k", FIRST_MIDDLE_LAST)
async def test_disk_that_fails_the_commit(
    tmp_path: Path, clock: SetClock, kind: str, code: int, error: type[Exception], k: int
) -> None:
    """The disk refuses the commit of the batch and, when the scripts are run alone, that of script k."""
    with lossy_disk(tmp_path) as disk:
        async with database_on(disk, clock) as database:
            starts = Starts()
            failing = {BATCH, BATCH + k + 1}
            disk.fault = lambda what, _name: code if what == kind and starts.count in failing else 0
            outcomes = await put_all(database, starts, {})
            assert starts.count == 2 * BATCH
            assert {i: type(failure) for i, failure in failures(outcomes).items()} == {k: error}
            await assert_acknowledged_is_present(database, outcomes)
    reopened = await SqliteDatabase.open(tmp_path / "tactful.db", clock)
    await assert_acknowledged_is_present(reopened, outcomes)
    await reopened.close()


@pytest.mark.anyio
async def test_disk_that_stays_broken_answers_everybody_and_recovers(tmp_path: Path, clock: SetClock) -> None:
    with lossy_disk(tmp_path) as disk:
        async with database_on(disk, clock) as database:
            disk.fault = lambda what, _name: IOERR_FSYNC if what == "sync" else 0
            outcomes = await put_all(database, Starts(), {})
            assert len(failures(outcomes)) == BATCH
            assert await database.read(scripts.item_ids) == []
            disk.fault = lambda _kind, _name: 0
            outcomes = await put_all(database, Starts(), {})
            assert not failures(outcomes)
            await assert_acknowledged_is_present(database, outcomes)


def test_what_ends_programs_leaves_no_transaction_open(path: Path, clock: SetClock) -> None:
    def quits() -> Script[None]:
        yield run("CREATE TABLE gone (id)")
        raise SystemExit

    with closing(connect_writer(path, clock)) as connection:
        with pytest.raises(SystemExit):
            commit_batch(connection, [quits])
        assert not connection.in_transaction
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


KINDS = {
    "put": scripts.put,
    "refuse": scripts.put_then_refuse,
    "orphan": scripts.put_orphan,
    "twice": lambda item_id: scripts.put(item_id % 5),
    "huge": lambda item_id: scripts.put(item_id, "x" * 300_000),
}
BATCHES = st.lists(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=12), min_size=1, max_size=6)


@settings(deadline=None, max_examples=150)
@given(BATCHES)
def test_acknowledged_is_present_for_any_scripts_in_any_batches(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "tactful.db"
    with closing(connect_writer(path, SetClock(), synchronous="NORMAL")) as connection:
        commit_batch(connection, [scripts.create_tables])
        connection.execute("PRAGMA max_page_count = 30").close()
        acknowledged: list[int] = []
        next_id = 100
        for kinds in batches:
            starts = [partial(KINDS[kind], next_id + i) for i, kind in enumerate(kinds)]
            next_id += len(kinds)
            outcomes = commit_batch(connection, starts)
            assert not connection.in_transaction
            assert [
                outcome.error is None for outcome, kind in zip(outcomes, kinds, strict=True) if kind != "twice"
            ] == [kind == "put" for kind in kinds if kind != "twice"]
            acknowledged += [outcome.result for outcome in outcomes if outcome.error is None]
    with closing(sqlite3.connect(path)) as fresh:
        assert [row[0] for row in fresh.execute("SELECT item_id FROM items ORDER BY item_id")] == sorted(acknowledged)
