"""The SQLite runner: the contract of every database, and what only this one has."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from tactful.clock import SystemClock
from tactful.errors import Busy, CannotStart
from tactful.store.script import Script, one, run
from tactful.store.sqlite import SqliteDatabase, run_once
from tests.store import scripts
from tests.store.contract import DatabaseContract, assert_acknowledged_is_present, turn
from tests.support.clock import SetClock

pytestmark = pytest.mark.anyio


class TestSqlite(DatabaseContract):
    """The contract, on a file."""


def names_in(directory: Path) -> list[str]:
    return [file.name for file in directory.iterdir()]


HELD = 99_999


async def hold(database: SqliteDatabase) -> tuple[asyncio.Future[int], Callable[[], None]]:
    """Keep the writer's thread busy with putting item HELD until the returned function is called."""
    held, let_go = Event(), Event()

    def script() -> Script[int]:
        held.set()
        assert let_go.wait(30)
        return (yield from scripts.put(HELD))

    holding = asyncio.ensure_future(database.run(script))
    await asyncio.to_thread(held.wait, 30)
    assert not holding.done()
    return holding, let_go.set


async def test_time_is_read_by_the_statement(database: SqliteDatabase, clock: SetClock) -> None:
    def now() -> Script[tuple[int, int]]:
        before = yield one("SELECT now_ms() AS now")
        clock.now += 5
        after = yield one("SELECT now_ms() AS now")
        return before["now"], after["now"]

    start = clock.now
    assert await database.run(now) == (start, start + 5)
    assert await database.read(now) == (start + 5, start + 10)


async def test_read_does_not_wait_for_the_writer(database: SqliteDatabase) -> None:
    _, let_go = await hold(database)
    waiting = asyncio.ensure_future(database.run(scripts.put, 1))
    assert await database.read(scripts.item_ids) == []
    let_go()
    await waiting
    assert await database.read(scripts.item_ids) == [1, HELD]


async def test_read_cannot_write_beside_the_database_either(database: SqliteDatabase) -> None:
    def script() -> Script[None]:
        yield run("CREATE TEMP TABLE notes (note)")

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.read(script)


async def test_read_leaves_no_cursor_that_blocks_a_checkpoint(database: SqliteDatabase, path: Path) -> None:
    await asyncio.gather(*(database.run(scripts.put, i) for i in range(100)))
    assert len(await database.read(scripts.item_ids)) == 100
    with closing(sqlite3.connect(path)) as other:
        busy, frames, copied = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, frames, copied) == (0, 0, 0)


async def traced(database: SqliteDatabase, wanted: str) -> list[str]:
    """Return a list that grows by each statement of the writer's that is `wanted`."""
    found: list[str] = []
    await database._on_writer(
        lambda connection: connection.set_trace_callback(lambda sql: found.append(sql) if sql == wanted else None)
    )
    return found


async def test_waiting_scripts_share_a_commit(database: SqliteDatabase) -> None:
    commits = await traced(database, "COMMIT")
    _, let_go = await hold(database)
    writes = [asyncio.ensure_future(database.run(scripts.put, i)) for i in range(300)]
    await turn()
    let_go()
    await asyncio.gather(*writes)
    assert len(commits) == 3  # the one that held, then 256 and 44


async def test_failing_statement_is_named(database: SqliteDatabase) -> None:
    with pytest.raises(sqlite3.OperationalError) as caught:
        await database.run(_misspelt)
    assert caught.value.__notes__ == ["in the statement: SELECT nothing FROM nowhere"]


def _misspelt() -> Script[None]:
    yield one("SELECT nothing FROM nowhere")


async def test_database_held_by_another_process_is_busy(path: Path, clock: SetClock) -> None:
    database = await SqliteDatabase.open(path, clock, busy_timeout_ms=20)
    await database.run(scripts.create_tables)
    tries = await traced(database, "BEGIN IMMEDIATE")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        # More than one batch: those that waited behind the first try are not made to wait again.
        outcomes = await asyncio.gather(*(database.run(scripts.put, i) for i in range(300)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {Busy}
        assert len(tries) == 1
        assert len({id(outcome) for outcome in outcomes}) == 300
        assert await database.read(scripts.item_ids) == []
        other.execute("ROLLBACK")
    assert await database.run(scripts.put, 1) == 1
    await database.close()


async def test_full_queue_is_busy(path: Path, clock: SetClock) -> None:
    database = await SqliteDatabase.open(path, clock, queue_max=3)
    await database.run(scripts.create_tables)
    _, let_go = await hold(database)
    outcomes = asyncio.gather(*(database.run(scripts.put, i) for i in range(10)), return_exceptions=True)
    await turn()
    let_go()
    settled = await outcomes
    assert [outcome.code for outcome in settled if isinstance(outcome, Busy)] == ["queue_full"] * 7
    await assert_acknowledged_is_present(database, [*settled, HELD])
    await database.close()


async def test_close_finishes_what_waits_and_refuses_what_comes(database: SqliteDatabase, path: Path) -> None:
    _, let_go = await hold(database)
    writes = [asyncio.ensure_future(database.run(scripts.put, i)) for i in range(300)]
    await turn()
    closing_ = asyncio.ensure_future(database.close())
    await turn()
    with pytest.raises(Busy) as late:
        await database.run(scripts.put, 1_000)
    assert late.value.code == "database_closing"
    let_go()
    assert await asyncio.gather(*writes) == list(range(300))
    await closing_
    assert names_in(path.parent) == [path.name]  # the log was taken back
    await database.close()


async def test_cancelled_before_its_turn_is_not_run(database: SqliteDatabase) -> None:
    _, let_go = await hold(database)
    writes = [asyncio.ensure_future(database.run(scripts.put, i)) for i in range(4)]
    await turn()
    writes[1].cancel()
    let_go()
    await asyncio.gather(*writes, return_exceptions=True)
    assert await database.read(scripts.item_ids) == [0, 2, 3, HELD]


async def test_cancelled_during_its_turn_is_finished_unheard(database: SqliteDatabase) -> None:
    holding, let_go = await hold(database)
    write = asyncio.ensure_future(database.run(scripts.put, 1))
    await turn()
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    let_go()
    assert await write == 1
    assert await database.read(scripts.item_ids) == [1, HELD]


async def test_error_of_a_whole_batch_reaches_everybody(path: Path, clock: SetClock) -> None:
    database = await SqliteDatabase.open(path, clock)
    await database._on_writer(lambda connection: connection.close())
    outcomes = await asyncio.gather(*(database.run(scripts.put, i) for i in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [sqlite3.ProgrammingError] * 5
    await database.close()


async def test_torn_down_loop_leaves_no_caller_waiting(database: SqliteDatabase) -> None:
    _, let_go = await hold(database)
    write = asyncio.ensure_future(database.run(scripts.put, 1))
    await turn()
    assert database._pump is not None
    database._pump.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    let_go()
    assert await database.run(scripts.put, 2) == 2


async def test_commits_of_others_are_noticed(database: SqliteDatabase, path: Path, clock: SetClock) -> None:
    assert not await database.changed_by_others()
    await database.run(scripts.put, 1)
    assert not await database.changed_by_others()
    assert run_once(path, clock, scripts.put, 2) == 2
    assert await database.changed_by_others()
    assert not await database.changed_by_others()
    assert await database.read(scripts.item_ids) == [1, 2]


async def test_run_once_undoes_what_fails(database: SqliteDatabase, path: Path, clock: SetClock) -> None:
    with pytest.raises(scripts.Refused):
        run_once(path, clock, scripts.put_then_refuse, 1)
    with pytest.raises(sqlite3.IntegrityError):
        run_once(path, clock, scripts.put_orphan, 2)
    assert await database.read(scripts.item_ids) == []


def move(path: Path, name: str) -> Path:
    return path.rename(path.with_name(name))


@pytest.mark.parametrize("replaced", [False, True])
async def test_file_that_is_gone_is_noticed(path: Path, clock: SetClock, replaced: bool) -> None:
    database = await SqliteDatabase.open(path, clock)
    assert database.in_place()
    moved = move(path, "moved.db")
    if replaced:
        no_database(path.parent)
    assert not database.in_place()
    move(moved, path.name)
    assert database.in_place()
    await database.close()


_OTHER_PROCESS = """
import sys
from tactful.clock import SystemClock
from tactful.store.sqlite import run_once
from tests.store import scripts
print("ready", flush=True)
sys.stdin.readline()
for _ in range(100):
    run_once(sys.argv[1], SystemClock(), scripts.add, "n")
"""


async def test_two_processes_write_one_file(database: SqliteDatabase, path: Path) -> None:
    command = [sys.executable, "-c", _OTHER_PROCESS, str(path)]
    other = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert other.stdin is not None
    assert other.stdout is not None
    assert await other.stdout.readline() == b"ready\n"
    other.stdin.write(b"go\n")
    ended = asyncio.ensure_future(other.communicate())
    mine = 0
    while not ended.done():
        await database.run(scripts.add, "n")
        mine += 1
    assert other.returncode == 0
    assert await database.run(scripts.add, "n", 0) == 100 + mine


@pytest.mark.parametrize("place", ["nowhere/tactful.db", "."])
async def test_file_that_cannot_be_opened_is_explained(tmp_path: Path, place: str) -> None:
    with pytest.raises(CannotStart, match="directory must exist"):
        await SqliteDatabase.open(tmp_path / place, SystemClock())


def no_database(directory: Path) -> Path:
    path = directory / "tactful.db"
    path.write_bytes(b"no database" * 1_000)
    return path


async def test_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    path = no_database(tmp_path)
    with pytest.raises(CannotStart, match="file is not a database"):
        await SqliteDatabase.open(path, SystemClock())


async def test_path_may_hold_any_character(tmp_path: Path, clock: SetClock) -> None:
    path = tmp_path / "a b?c%20#d.db"
    database = await SqliteDatabase.open(path, clock)
    await database.close()
    assert names_in(tmp_path) == [path.name]


async def test_writer_is_set_up_to_survive_a_power_loss(database: SqliteDatabase) -> None:
    def settings(connection: sqlite3.Connection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "fullfsync")
        return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}

    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "fullfsync": 1}
    assert await database._on_writer(settings) == expected
