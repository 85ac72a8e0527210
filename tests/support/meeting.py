"""Two scripts that meet on two nodes, at every place where they can.

On PostgreSQL the first one is held up before its nth statement, and in the end before its COMMIT, until the second has
ended or waits for it; once for every n, each time in a database as fresh. On SQLite scripts run one after the other, so
there are two orders.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg

from tactful.database_url import DatabaseUrl, read_database_url
from tactful.store.opening import open_database
from tactful.store.postgres import drive
from tactful.store.script import Database, Script
from tests.support.clock import SetClock
from tests.support.postgres import the_postgres
from tests.support.rows import TABLES

__all__ = ["Meeting", "Pair"]

Start = Callable[[], Script[Any]]
Pair = tuple[Start, Start]
Prepare = Callable[[Database], Awaitable[Pair]]
Judge = Callable[[Database, list[Any]], Awaitable[None]]

#: Somebody waits for a lock in this database.
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@dataclass
class _Held:
    """A connection that stops before its statement number `at`, or before its COMMIT if that comes sooner."""

    connection: Any
    at: int
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0

    async def stop(self) -> None:
        self.reached.set()
        await self.go_on.wait()

    async def _next(self, method: str, *args: Any) -> Any:
        if self.sent == self.at:
            await self.stop()
        self.sent += 1
        return await getattr(self.connection, method)(*args)

    def __getattr__(self, name: str) -> Any:
        return partial(self._next, name)

    async def run(self, start: Start) -> Any:
        async with self.connection.transaction():
            result = await drive(self, start())  # type: ignore[arg-type]  # it has what drive() uses
            if self.sent <= self.at:
                await self.stop()
            return result


@dataclass(frozen=True)
class Meeting:
    """Where scripts meet: a kind of database, a directory for its files, and the time."""

    kind: str
    directory: Path
    clock: SetClock

    async def everywhere(self, prepare: Prepare, judge: Judge) -> None:
        """Let the pair that `prepare` makes meet at every place, and `judge` what came of each (results or errors)."""
        await (self._in_both_orders if self.kind == "sqlite" else self._at_every_statement)(prepare, judge)

    async def _in_both_orders(self, prepare: Prepare, judge: Judge) -> None:
        for order in (1, -1):
            async with open_database(DatabaseUrl.of_file(self.directory / f"{order}.db"), self.clock) as db:
                pair = (await prepare(db))[::order]
                outcomes = await asyncio.gather(*(db.run(start) for start in pair), return_exceptions=True)
                await judge(db, outcomes[::order])

    async def _at_every_statement(self, prepare: Prepare, judge: Judge) -> None:
        url = read_database_url(the_postgres().fresh_database(self.clock))
        async with open_database(url, self.clock) as db, _connected(url) as held, _connected(url) as watching:
            # Whoever waits last finds a deadlock; here it is this connection, which is run again as the runner does.
            await held.execute("SET deadlock_timeout = '20ms'")
            made_fresh = await _made_fresh(watching)
            for at in count():
                first, second = await prepare(db)
                one = _Held(held, at)
                await judge(db, await _meet(db, one, watching, first, second))
                if one.sent <= at:
                    return
                await watching.execute(made_fresh)


@asynccontextmanager
async def _connected(url: DatabaseUrl) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url.text)
    try:
        yield connection
    finally:
        await connection.close()


async def _made_fresh(connection: Any) -> str:
    """Keep what is in this fresh database, and return the SQL that puts it in place of all that came later.

    It takes less than a millisecond, another fresh database sixty.
    """
    tables = [f'"{name}"' for (name,) in await connection.fetch(TABLES)]
    filled = [name for name in tables if await connection.fetchval(f"SELECT count(*) FROM {name}")]
    copies = (f"CREATE TABLE kept.{name} AS TABLE {name}" for name in filled)
    await connection.execute("; ".join(("CREATE SCHEMA kept", *copies)))
    # Neither foreign keys nor triggers have a say in it.
    begin, end = "SET session_replication_role = replica", "RESET session_replication_role"
    emptied = (f"DELETE FROM {name}" for name in tables)
    refilled = (f"INSERT INTO {name} SELECT * FROM kept.{name}" for name in filled)
    return "; ".join((begin, *emptied, *refilled, end))


async def _meet(db: Database, held: _Held, watching: Any, first: Start, second: Start) -> list[Any]:
    """Hold `first` up before a statement until `second` is done or waits; the outcomes of both."""
    one = asyncio.create_task(held.run(first))
    reached = asyncio.create_task(held.reached.wait())
    await asyncio.wait((one, reached), return_when=asyncio.FIRST_COMPLETED)
    other = asyncio.create_task(db.run(second))
    async with asyncio.timeout(60):
        while not other.done() and not await watching.fetchval(WAITING):
            pass
    held.go_on.set()
    outcomes: list[Any] = list(await asyncio.gather(one, other, return_exceptions=True))
    await asyncio.gather(reached)
    if isinstance(outcomes[0], asyncpg.DeadlockDetectedError):
        outcomes[0] = (await asyncio.gather(db.run(first), return_exceptions=True))[0]
    return outcomes
