"""Power loss: at synchronous=FULL every acknowledged row survives it, at every moment; at NORMAL it does not.

The second half is what makes the first worth something: it shows that the disk of tests/sim/lossy_vfs.py really loses
what was not synced.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tactful.store.connections import Synchronous, connect_writer
from tactful.store.migrate import Migration, migrate, pending
from tactful.store.sqlite import SqliteDatabase
from tests.sim.lossy_vfs import Disk, lossy_disk
from tests.store import scripts
from tests.support.clock import SetClock

CALLERS = 8
ROWS_EACH = 40
NAME = "tactful.db"


@dataclass
class Run:
    """What a run wrote to its disk, and by when each row had been acknowledged."""

    disk: Disk
    acknowledged: list[tuple[int, int]] = field(default_factory=list)

    def promised(self, moment: int) -> set[int]:
        return {item_id for acknowledged_at, item_id in self.acknowledged if acknowledged_at <= moment}

    def moments(self, step: int = 1) -> Iterator[int]:
        return iter(range(0, len(self.disk.log) + 1, step))


async def write(database: SqliteDatabase, result: Run, caller: int, rows: range) -> None:
    for row in rows:
        item_id = caller * 1_000 + row
        await database.run(scripts.put, item_id, "x" * (item_id % 700))
        result.acknowledged.append((len(result.disk.log), item_id))


async def write_rows(disk: Disk, synchronous: Synchronous) -> Run:
    """Let several callers write, take the log back in the middle, write on, and close."""
    result = Run(disk)
    path = disk.root / NAME
    database = await SqliteDatabase.open(path, SetClock(), synchronous=synchronous)
    await database.run(scripts.create_tables)
    half = ROWS_EACH // 2
    await asyncio.gather(*(write(database, result, caller, range(half)) for caller in range(CALLERS)))
    with closing(connect_writer(path, SetClock(), synchronous=synchronous)) as other:
        assert other.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()["busy"] == 0
    await asyncio.gather(*(write(database, result, caller, range(half, ROWS_EACH)) for caller in range(CALLERS)))
    await database.close()
    assert len(result.acknowledged) == CALLERS * ROWS_EACH
    return result


def recorded(tmp_path: Path, synchronous: Synchronous) -> Run:
    root = tmp_path / "written"
    root.mkdir()
    with lossy_disk(root) as disk:
        return asyncio.run(write_rows(disk, synchronous))


def found_after(directory: Path) -> list[int]:
    """Open what a power loss left, as the service would, and return the rows; none if the table never came to be."""
    with closing(connect_writer(directory / NAME, SetClock())) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        try:
            return [row["item_id"] for row in connection.execute("SELECT item_id FROM items")]
        except sqlite3.OperationalError:
            return []


def lost_rows(result: Run, tmp_path: Path, moment: int, survivors: Random | None = None) -> set[int]:
    name = f"moment-{moment}" if survivors is None else f"moment-{moment}-some"
    result.disk.restore(moment, tmp_path / name, survivors)
    found = found_after(tmp_path / name)
    assert len(found) == len(set(found))
    return result.promised(moment) - set(found)


def test_full_loses_nothing_at_any_moment(tmp_path: Path) -> None:
    result = recorded(tmp_path, "FULL")
    for moment in result.moments():
        assert not lost_rows(result, tmp_path, moment), f"after {moment} of {len(result.disk.log)} operations"


@pytest.mark.parametrize("seed", range(4))
def test_full_loses_nothing_when_some_unsynced_writes_survive(tmp_path: Path, seed: int) -> None:
    result = recorded(tmp_path, "FULL")
    random = Random(seed)
    for moment in result.moments(step=2):
        assert not lost_rows(result, tmp_path, moment, random), f"seed {seed}, after {moment} operations"


def test_migration_and_its_record_survive_or_perish_together(tmp_path: Path) -> None:
    steps = [
        Migration(n, f"{n:04}_step", f"CREATE TABLE t{n} (id); CREATE INDEX i{n} ON t{n} (id);") for n in (1, 2, 3)
    ]
    root = tmp_path / "written"
    root.mkdir()
    with lossy_disk(root) as disk:
        migrate(root / NAME, SetClock(), steps)
    random = Random(1)
    seen = set()
    for moment in range(len(disk.log) + 1):
        directory = tmp_path / f"moment-{moment}"
        disk.restore(moment, directory, random)
        with closing(connect_writer(directory / NAME, SetClock())) as connection:
            tables = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        missing = pending(directory / NAME, SetClock(), steps)
        assert len(missing) == 3 - len(tables - {"migrations"}), f"after {moment} operations"
        assert migrate(directory / NAME, SetClock(), steps) == missing
        seen.add(len(missing))
    assert seen == {0, 1, 2, 3}


def test_normal_loses_acknowledged_rows(tmp_path: Path) -> None:
    result = recorded(tmp_path, "NORMAL")
    losses = {moment: len(lost_rows(result, tmp_path, moment)) for moment in result.moments()}
    worst = max(losses.values())
    assert worst >= CALLERS * ROWS_EACH // 4, f"the disk loses too little to prove anything: {worst} rows at worst"
