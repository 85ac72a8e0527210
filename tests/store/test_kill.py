"""A killed server: what it had acknowledged is there, and its file opens without help."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tactful.store.connections import connect_writer
from tests.support.clock import SetClock

_SERVER = """
import asyncio, itertools, sys
from tactful.clock import SystemClock
from tactful.store.sqlite import SqliteDatabase
from tests.store import scripts

async def caller(database, ids):
    for item_id in ids:
        await database.run(scripts.put, item_id)
        print(item_id, flush=True)

async def main():
    database = await SqliteDatabase.open(sys.argv[1], SystemClock())
    await database.run(scripts.create_tables)
    await asyncio.gather(*(caller(database, itertools.count(i, 16)) for i in range(16)))

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 17, 100, 1_000])
def test_killed_server_keeps_what_it_acknowledged(path: Path, acknowledged: int) -> None:
    with subprocess.Popen([sys.executable, "-c", _SERVER, str(path)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(acknowledged)]
        server.kill()
        lines += server.stdout.readlines()
    # The last line may have been cut off by the kill.
    told = {int(line) for line in lines if line.endswith("\n")}
    assert len(told) >= acknowledged
    with closing(connect_writer(path, SetClock())) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        found = [row["item_id"] for row in connection.execute("SELECT item_id FROM items")]
    assert len(found) == len(set(found))
    assert told <= set(found)
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("SELECT count(*) FROM items").fetchone() == (len(found),)
