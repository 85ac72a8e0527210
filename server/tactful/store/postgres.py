"""The PostgreSQL runner: the way of one process, of many on many machines, to the database that they share.

    run()   -> a queue -> one lane commits batch after batch, scripts in lockstep (store/lanes.py, store/lockstep.py)
    read()  -> a queue -> lanes that cannot write; what waits is sent together, each statement a transaction
    scan()  -> a thread, an event loop and a connection of its own: sums over many rows, at one moment
    tell()  -> NOTIFY, listen() <- LISTEN (store/broadcast.py)

The driver is asyncpg. Its `fetchmany` sends one prepared statement for many scripts at once: 22,000 batched claims a
second against 9,400 of psycopg 3 in pipeline mode, and 52,000 reads by key against 22,000 (`python -m bench drivers`).

There is one writing lane, as on SQLite: while one batch commits the next gathers, and no two batches of a process meet
at a person. Two or three lanes gave no more asks a second (measured, four cores), since each batch is smaller then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

from tactful.clock import Clock
from tactful.errors import Busy
from tactful.store.batches import Start
from tactful.store.broadcast import Broadcast
from tactful.store.footprint import Footprints
from tactful.store.lanes import Lanes
from tactful.store.postgres_connections import (
    Connection,
    Durability,
    Kind,
    Link,
    cannot_reach,
    check_server,
    read_keys,
    reraise,
)
from tactful.store.script import Script, Statement
from tactful.store.translate import numbered

__all__ = ["PostgresDatabase", "drive"]

T = TypeVar("T")
P = ParamSpec("P")

BATCH_MAX = 256
QUEUE_MAX = 10_000
SCANS_AT_ONCE = 2

#: One lane keeps the processes of both sides busy; a second one only makes scripts of one process meet in the server.
WRITERS = 1
READERS = 2
#: Scripts that must run alone run beside the others, and beside each other.
ALONE = 4


class PostgresDatabase:
    """A `Database` (store/script.py) on PostgreSQL; made by `open`, used on one event loop, ended by `close`."""

    def __init__(self, url: str, footprints: Footprints, *, batch_max: int, queue_max: int) -> None:
        self._url = url
        self._footprints = footprints
        self._queue_max = queue_max
        self._closing = False
        writers_alone = Lanes(_links(url, "writer", ALONE), "writer", footprints)
        readers_alone = Lanes(_links(url, "reader", 1), "reader", footprints)
        self._writers = Lanes(_links(url, "writer", WRITERS), "writer", footprints, batch_max, writers_alone)
        self._readers = Lanes(_links(url, "reader", READERS), "reader", footprints, batch_max, readers_alone)
        self._lanes = (self._writers, self._readers, writers_alone, readers_alone)
        self._writing = (self._writers, writers_alone)
        self._scans = asyncio.Semaphore(SCANS_AT_ONCE)
        self._broadcast = Broadcast(Link(url, "writer"))

    @classmethod
    async def open(
        cls,
        url: str,
        clock: Clock,  # noqa: ARG003 -- the database's own clock counts; see now_ms() in postgres_migrate.py
        *,
        durability: Durability = "durable",
        batch_max: int = BATCH_MAX,
        queue_max: int = QUEUE_MAX,
    ) -> PostgresDatabase:
        """Open the database at `url`, `postgresql://user:password@host1:5432,host2:5432/name?...`.

        Raises `CannotStart` if the server does not answer, is too old, or may lose what it acknowledged and
        `durability` is not `any`.
        """
        link = Link(url, "writer")
        try:
            connection = await link.get()
            await check_server(connection, durability)
            footprints = Footprints(await read_keys(connection))
        except (Busy, OSError, ValueError) as error:
            raise cannot_reach(error.__cause__ or error) from error
        finally:
            await link.close()
        return cls(url, footprints, batch_max=batch_max, queue_max=queue_max)

    async def close(self) -> None:
        """Finish what waits, refuse what comes, and close the connections."""
        self._closing = True
        for lanes in self._lanes:
            await lanes.close()
        await self._broadcast.close()

    async def run(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` in one transaction and return its result after the commit, durable.

        A caller that is cancelled takes a script out of the queue; one that has begun is finished unheard. Raises
        `Busy` if the server stays away, somebody else holds a row for long, too many wait or it is closing; with the
        code `outcome_unknown` the script may have been done. Raises `StorageFull`.
        """
        start = partial(script, *args, **kwargs)
        return cast("T", await self._submit(self._writers.submit, len(self._writers), start))

    async def run_first(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` as `run` does, before everything that waits in `run`, and even where too much does."""
        start = partial(script, *args, **kwargs)
        return cast("T", await self._submit(self._writers.submit_first, self._writers.first(), start))

    def waiting(self) -> int:
        """How many scripts wait to be run."""
        return sum(len(lanes) + lanes.first() for lanes in self._writing)

    async def read(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` on a connection that cannot write. Its statements need not see one moment. Raises `Busy`."""
        start = partial(script, *args, **kwargs)
        return cast("T", await self._submit(self._readers.submit, len(self._readers), start))

    async def scan(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` on a thread and a connection of its own that cannot write; its statements see one moment."""
        async with self._scans:
            return await asyncio.to_thread(_scan, self._url, partial(script, *args, **kwargs))

    async def changed_by_others(self) -> bool:
        """Tell whether somebody else may have committed since the last call: yes, always, for there are others."""
        return True

    def in_place(self) -> bool:
        """Tell whether the database is still the one that was opened. A server's is wherever its address leads."""
        return True

    def tell(self, payload: str) -> None:
        """Tell `payload` to every other node, soon and perhaps never. For after a commit."""
        self._broadcast.tell(payload)

    def listen(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with what other nodes tell."""
        self._broadcast.listen(callback)

    async def _submit(self, submit: Callable[[Start], asyncio.Future[Any]], waiting: int, start: Start) -> Any:
        if self._closing:
            raise Busy("database_closing", "The service is stopping; send the same request again.")
        if waiting >= self._queue_max:
            raise Busy("queue_full", "Too many are waiting for the database; send the same request again.")
        return await submit(start)


def _links(url: str, kind: Kind, count: int) -> list[Link]:
    return [Link(url, kind) for _ in range(count)]


def _scan(url: str, start: Callable[[], Script[T]]) -> T:
    return asyncio.run(_scan_alone(url, start))


async def _scan_alone(url: str, start: Callable[[], Script[T]]) -> T:
    link = Link(url, "scanner")
    try:
        connection = await link.get()
        async with connection.transaction():
            return await drive(connection, start())
    finally:
        await link.close()


async def drive(connection: Connection, script: Script[T]) -> T:
    """Execute the statements that `script` yields one by one, send it their rows, and return its result."""
    answer: Any = None
    try:
        while True:
            answer = await _execute(connection, script.send(answer))
    except StopIteration as finished:
        result: T = finished.value
        return result
    finally:
        script.close()


async def _execute(connection: Connection, statement: Statement) -> Any:
    sql = numbered(statement.sql)
    try:
        if statement.wants == "rows":
            return await connection.fetch(sql, *statement.params)
        if statement.wants == "one":
            return await connection.fetchrow(sql, *statement.params)
        status = await connection.execute(sql, *statement.params)
    except Exception as error:  # noqa: BLE001 -- raised again, as ours where it is one of ours
        error.add_note(f"in the statement: {statement.sql}")
        reraise(error)
    count = status.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0
