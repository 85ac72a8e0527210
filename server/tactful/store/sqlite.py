"""The SQLite runner: one process's way to its database file.

    run()   -> waits in a queue -> the pump takes whoever waits, at most `batch_max` -> one call on the writer's
               thread commits them all (store/batches.py) -> each caller gets their outcome
    read()  -> at once, on the event loop's thread, on a connection that cannot write
    scan()  -> on a thread and a connection of its own: sums over many rows, which the loop must not wait for

There is no timer: a script that comes to an idle database is committed at once, and while that commit is under way
the next batch gathers by itself. The queue is bounded, since a request that would wait for seconds is better refused.
What must not wait for a flood of other things has a queue of its own that is emptied first: `run_first()`.

The writer is an aiosqlite connection for its thread and its orderly close. A batch is one call on that thread: one
call for each statement would cost a switch of threads (90-270 us) each, with the transaction open all the while.
The event loop itself never commits: with a disk of 3 ms per fsync the p99 of every request became 0.94 s (measured).

One server process writes to a file. Commands beside it are other processes with a few short transactions
(`run_once`); SQLite's lock keeps them apart, and `changed_by_others` tells the server that they were here.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import aiosqlite
import msgspec

from tactful.clock import Clock
from tactful.errors import Busy
from tactful.store.batches import Outcome, Start, commit_alone, commit_batch, drive
from tactful.store.connections import BUSY_TIMEOUT_MS, Synchronous, connect_reader, connect_writer, rollback
from tactful.store.script import Script

__all__ = ["SqliteDatabase", "read_once", "run_once", "scanning"]

T = TypeVar("T")
P = ParamSpec("P")

#: One batch holds the write lock for some 25 ms at most, and larger ones gain little (facts: 64 -> 256 gives 1.5x).
BATCH_MAX = 256

#: At the slowest rate measured this many are done within some five seconds.
QUEUE_MAX = 10_000

#: More would only take processor time from each other and from the loop.
SCANS_AT_ONCE = 2


class _Waiter(msgspec.Struct, frozen=True):
    start: Start
    future: asyncio.Future[Any]


class SqliteDatabase:
    """A `Database` (store/script.py) on one SQLite file; made by `open`, used on one event loop, ended by `close`."""

    def __init__(
        self,
        writer: aiosqlite.Connection,
        reader: sqlite3.Connection,
        path: Path,
        clock: Clock,
        *,
        batch_max: int = BATCH_MAX,
        queue_max: int = QUEUE_MAX,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._path = path.absolute()
        self._clock = clock
        self._scans = asyncio.Semaphore(SCANS_AT_ONCE)
        self._inode = _inode(self._path)
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._first: deque[_Waiter] = deque()
        self._waiting: deque[_Waiter] = deque()
        self._pump: asyncio.Task[None] | None = None
        self._closing = False
        self._data_version = 0

    @classmethod
    async def open(
        cls,
        path: str | Path,
        clock: Clock,
        *,
        synchronous: Synchronous = "FULL",
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
        batch_max: int = BATCH_MAX,
        queue_max: int = QUEUE_MAX,
    ) -> SqliteDatabase:
        """Open the file at `path`, created if absent. Raises `CannotStart`."""
        connect = partial(connect_writer, path, clock, synchronous=synchronous, busy_timeout_ms=busy_timeout_ms)
        # Tried here first: an error inside aiosqlite's thread would leave that thread behind for a moment.
        connect().close()
        async with AsyncExitStack() as undo:
            writer = await undo.enter_async_context(aiosqlite.Connection(connect, iter_chunk_size=64))
            reader = undo.enter_context(closing(connect_reader(path, clock)))
            database = cls(writer, reader, Path(path), clock, batch_max=batch_max, queue_max=queue_max)
            await database.changed_by_others()
            undo.pop_all()
        return database

    async def close(self) -> None:
        """Finish what waits, refuse what comes, and close the file."""
        self._closing = True
        if self._pump is not None:
            await asyncio.wait([self._pump])
        # The writer last: it may write, so it takes the log back into the file.
        self._reader.close()
        await self._writer.close()

    async def run(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` in one transaction and return its result after the commit, durable.

        A caller that is cancelled takes a script out of the queue; one that has begun is finished unheard. Raises
        `Busy` if another process holds the database, too many wait or it is closing, and `StorageFull`.
        """
        return cast("T", await self._submit(self._waiting, partial(script, *args, **kwargs)))

    async def run_first(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` as `run` does, before everything that waits in `run`, and even where too much does."""
        return cast("T", await self._submit(self._first, partial(script, *args, **kwargs)))

    def waiting(self) -> int:
        """How many scripts wait to be run."""
        return len(self._first) + len(self._waiting)

    async def _submit(self, queue: deque[_Waiter], start: Start) -> Any:
        if self._closing:
            raise Busy("database_closing", "The service is stopping; send the same request again.")
        if len(queue) >= self._queue_max:
            raise Busy("queue_full", "Too many writes are waiting; send the same request again.")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        queue.append(_Waiter(start, future))
        if self._pump is None:
            self._pump = asyncio.create_task(self._drain(), name="tactful-writer")
        return await future

    async def read(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` on a connection that cannot write, before anything else happens on the loop.

        For reads by key, which take microseconds; its statements need not see one moment.
        """
        return drive(self._reader, script(*args, **kwargs))

    async def scan(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` on a thread of its own, on a connection that cannot write; its statements see one moment."""
        async with self._scans:
            return await asyncio.to_thread(_scan, self._path, self._clock, partial(script, *args, **kwargs))

    async def changed_by_others(self) -> bool:
        """Tell whether another process has committed since the last call; cheap enough for every second."""
        seen, self._data_version = self._data_version, await self._on_writer(_read_data_version)
        return seen != self._data_version

    def in_place(self) -> bool:
        """Tell whether the file at the path is still the one that is open.

        After a deletion or a restore under a running server, SQLite goes on acknowledging writes into a file that has
        no name any more (tried). Whoever polls this must stop answering.
        """
        return self._inode == _inode(self._path)

    def tell(self, payload: str) -> None:
        """Tell nobody: one server process has the file."""

    def listen(self, callback: Callable[[str], None]) -> None:
        """Hear nothing: there is nobody to tell it."""

    async def _drain(self) -> None:
        """Commit batch after batch until nobody waits."""
        batch: list[_Waiter] = []
        try:
            while batch := self._take_batch():
                await self._commit(batch)
        finally:
            self._pump = None
            # Only a cancelled pump, on a loop that is being torn down, leaves anybody here.
            for waiter in (*batch, *self._first, *self._waiting):
                waiter.future.cancel()
            self._first.clear()
            self._waiting.clear()

    def _take_batch(self) -> list[_Waiter]:
        batch: list[_Waiter] = []
        while (queue := self._first or self._waiting) and len(batch) < self._batch_max:
            waiter = queue.popleft()
            if not waiter.future.done():
                batch.append(waiter)
        return batch

    async def _commit(self, batch: list[_Waiter]) -> None:
        queued_before = [(queue, len(queue)) for queue in (self._first, self._waiting)]
        try:
            outcomes = await self._on_writer(commit_batch, [waiter.start for waiter in batch])
        except Busy as error:
            # Whoever was queued before this try has waited the whole busy_timeout too, and must not wait it again.
            late = [queue.popleft() for queue, count in queued_before for _ in range(count)]
            _settle((*batch, *late), (Outcome(error=Busy(error.code, error.message)) for _ in (*batch, *late)))
        except Exception as error:  # noqa: BLE001 -- an error of the batch as a whole is each caller's
            _settle(batch, (Outcome(error=error) for _ in batch))
        else:
            _settle(batch, outcomes)

    async def _on_writer(self, work: Callable[..., T], *args: Any) -> T:
        """Call `work(connection, *args)` on the writer's thread.

        aiosqlite has public methods for single statements only. `_execute` is what each of them is made of; the
        dependency is pinned to its minor version and tests/store/test_aiosqlite.py guards what we rely on.
        """
        writer = self._writer
        result = await writer._execute(work, writer._conn, *args)  # type: ignore[no-untyped-call]  # noqa: SLF001 -- see above
        return cast("T", result)


def run_once(path: str | Path, clock: Clock, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one script on a connection of its own, for commands beside the server. Raises `Busy` and `CannotStart`.

    Everybody else's writes wait meanwhile: divide longer work into scripts of 50 ms at most.
    """
    with closing(connect_writer(path, clock)) as connection:
        return commit_alone(connection, script, *args, **kwargs)


def read_once(path: str | Path, clock: Clock, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one script that only reads, at one moment and without the write lock, for commands. Raises `CannotStart`."""
    return _scan(Path(path), clock, partial(script, *args, **kwargs))


@contextmanager
def scanning(path: str | Path, clock: Clock) -> Iterator[Callable[..., Any]]:
    """Give a way to run scripts, one after the other, on one connection that cannot write; each sees one moment.

    For commands that read much beside the server. Raises `CannotStart`.
    """
    with closing(connect_reader(path, clock)) as connection:

        def scan(script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
            connection.execute("BEGIN")
            try:
                return drive(connection, script(*args, **kwargs))
            finally:
                rollback(connection)

        yield scan


def _scan(path: Path, clock: Clock, start: Callable[[], Script[T]]) -> T:
    with scanning(path, clock) as scan:
        found: T = scan(start)
        return found


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _read_data_version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version


def _settle(waiters: Iterable[_Waiter], outcomes: Iterable[Outcome]) -> None:
    """Give each caller their outcome; a caller that was cancelled meanwhile hears nothing."""
    for waiter, outcome in zip(waiters, outcomes, strict=True):
        if waiter.future.done():
            continue
        if outcome.error is not None:
            waiter.future.set_exception(outcome.error)
        else:
            waiter.future.set_result(outcome.result)
