"""Two scripts that meet on two nodes, at every place where they can.

On PostgreSQL the first one is held up before its nth statement, and in the end before its COMMIT, until the second has
ended or waits for it; once for every n, each time in a fresh database. On SQLite scripts run one after the other, so
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

__all__ = ["Meeting", "Pair"]

Start = Callable[[], Script[Any]]
Pair = tuple[Start, Start]

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

    async def everywhere(
        self, prepare: Callable[[Database], Awaitable[Pair]], judge: Callable[[Database, list[Any]], Awaitable[None]]
    ) -> None:
        """Let the pair that `prepare` makes meet at every place, and `judge` what came of each (results or errors)."""
        if self.kind == "sqlite":
            for order in (1, -1):
                async with self._fresh(f"{order}") as (_, db):
                    pair = (await prepare(db))[::order]
                    outcomes = await asyncio.gather(*(db.run(start) for start in pair), return_exceptions=True)
                    await judge(db, outcomes[::order])
            return
        for at in count():
            async with self._fresh(f"{at}") as (url, db):
                first, second = await prepare(db)
                outcomes, sent = await _meet(url, db, first, second, at)
                await judge(db, outcomes)
                if sent <= at:
                    return

    @asynccontextmanager
    async def _fresh(self, name: str) -> AsyncIterator[tuple[DatabaseUrl, Database]]:
        on_file = self.kind == "sqlite"
        url = (
            DatabaseUrl.of_file(self.directory / f"{name}.db")
            if on_file
            else read_database_url(the_postgres().fresh_database(self.clock))
        )
        async with open_database(url, self.clock) as db:
            yield url, db


async def _meet(url: DatabaseUrl, db: Database, first: Start, second: Start, at: int) -> tuple[list[Any], int]:
    """Hold `first` up before statement `at` until `second` is done or waits; their outcomes, and what `first` sent."""
    connection, watching = await asyncpg.connect(url.text), await asyncpg.connect(url.text)
    try:
        # Whoever waits last finds a deadlock; here it is this connection, which is run again as the runner does.
        await connection.execute("SET deadlock_timeout = '20ms'")
        held = _Held(connection, at)
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
        return outcomes, held.sent
    finally:
        await connection.close()
        await watching.close()
