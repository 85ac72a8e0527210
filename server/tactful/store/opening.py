"""Opening the database that the settings name: a SQLite file or PostgreSQL. Nobody else asks which of the two it is.

A server keeps a database open (`open_database`); a command runs a few short scripts (`run_once`) beside it. Both find
the schema brought up to date (`migrate`). PostgreSQL's driver is an extra, imported where such a database is named.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache, partial
from typing import Any, Literal, ParamSpec, Protocol, TypeVar

from tactful.clock import Clock
from tactful.database_url import DatabaseUrl
from tactful.errors import CannotStart
from tactful.store import migrate as migrations
from tactful.store import sqlite
from tactful.store.lock import ServerLock
from tactful.store.script import Database, Script, rows

__all__ = [
    "ServedDatabase",
    "alone",
    "migrate",
    "missing_migrations",
    "open_database",
    "pending",
    "read_once",
    "run_once",
    "scanning",
]

T = TypeVar("T")
P = ParamSpec("P")


class ServedDatabase(Database, Protocol):
    """A database as a server keeps it open."""

    async def changed_by_others(self) -> bool:
        """Tell whether another process may have committed since the last call."""

    def waiting(self) -> int:
        """How many scripts wait to be run."""

    def in_place(self) -> bool:
        """Tell whether this is still the database that was opened."""

    def tell(self, payload: str) -> None:
        """Tell `payload` to every other server process on this database, soon and perhaps never."""

    def listen(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with what other server processes tell."""

    async def close(self) -> None:
        """Finish what waits, refuse what comes, and close."""


@contextlib.contextmanager
def _the_driver() -> Iterator[None]:
    """Say in words that PostgreSQL's driver is missing, where an import inside needs it. Raises `CannotStart`."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if missing.name != "asyncpg":
            raise
        raise CannotStart(
            "no_postgres_driver",
            "TACTFUL_DATABASE_URL names a PostgreSQL database, and its driver is missing: "
            "pip install 'tactful[postgres]'",
        ) from missing


@contextlib.asynccontextmanager
async def open_database(
    url: DatabaseUrl, clock: Clock, *, allow_async_commit: bool = False
) -> AsyncIterator[ServedDatabase]:
    """Open the database for a server, brought up to date; close it in the end.

    A SQLite file belongs to one server at a time. Raises `CannotStart` and `Busy`.
    """
    async with contextlib.AsyncExitStack() as stack:
        if url.path is not None:
            stack.enter_context(ServerLock(url.path))
            migrations.migrate(url.path, clock)
            db: ServedDatabase = await sqlite.SqliteDatabase.open(url.path, clock)
        else:
            await _refuse_while_restored(url)
            await _migrate_postgres(url)
            db = await _open_postgres(url, clock, "any" if allow_async_commit else "durable")
        stack.push_async_callback(db.close)
        yield db


@contextlib.contextmanager
def alone(url: DatabaseUrl) -> Iterator[None]:
    """Keep servers off the database for the block. Raises `CannotStart` where one serves it.

    As `run_once` it needs a thread without an event loop.
    """
    if url.path is not None:
        with ServerLock(url.path):
            yield
        return
    with _the_driver():
        from tactful.store import postgres_serving  # noqa: PLC0415  # the driver is an extra
    with asyncio.Runner() as runner:
        held = postgres_serving.alone(url.text)
        runner.run(held.__aenter__())
        try:
            yield
        finally:
            runner.run(held.__aexit__(None, None, None))


async def _refuse_while_restored(url: DatabaseUrl) -> None:
    with _the_driver():
        from tactful.store import postgres_serving  # noqa: PLC0415  # the driver is an extra
    await postgres_serving.look_whether_alone(url.text)


async def _open_postgres(url: DatabaseUrl, clock: Clock, durability: Literal["any", "durable"]) -> ServedDatabase:
    with _the_driver():
        from tactful.store.postgres import PostgresDatabase  # noqa: PLC0415  # the driver is an extra
    return await PostgresDatabase.open(url.text, clock, durability=durability)


async def _migrate_postgres(url: DatabaseUrl) -> list[str]:
    with _the_driver():
        from tactful.store.postgres_migrate import migrate_postgres  # noqa: PLC0415  # the driver is an extra
    return await migrate_postgres(url.text)


def migrate(url: DatabaseUrl, clock: Clock) -> list[str]:
    """Bring the database up to date and return the names of what was applied. Raises `CannotStart` and `Busy`."""
    if url.path is not None:
        return migrations.migrate(url.path, clock)
    return asyncio.run(_migrate_postgres(url))


def pending(url: DatabaseUrl, clock: Clock) -> list[str]:
    """Name what `migrate` would apply to an existing database. Raises `CannotStart`."""
    if url.path is not None:
        return migrations.pending(url.path, clock)
    with _the_driver():
        from tactful.store.postgres_migrate import pending_postgres  # noqa: PLC0415  # the driver is an extra
    return asyncio.run(pending_postgres(url.text))


def run_once(url: DatabaseUrl, clock: Clock, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one script in a transaction of its own, for commands beside the server. Raises `Busy` and `CannotStart`.

    On PostgreSQL it runs an event loop, so whoever has one must call it on another thread.
    """
    if url.path is not None:
        return sqlite.run_once(url.path, clock, script, *args, **kwargs)
    return asyncio.run(_once(url, clock, lambda db: db.run(script, *args, **kwargs)))


def read_once(url: DatabaseUrl, clock: Clock, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one script that only reads, at one moment, as `run_once` does. Raises `CannotStart`."""
    if url.path is not None:
        return sqlite.read_once(url.path, clock, script, *args, **kwargs)
    return asyncio.run(_once(url, clock, lambda db: db.scan(script, *args, **kwargs)))


@contextlib.contextmanager
def scanning(url: DatabaseUrl, clock: Clock) -> Iterator[Callable[..., Any]]:
    """Give a way to run scripts, one after the other, on one connection that cannot write; each sees one moment.

    For commands that read much beside the server; as `run_once` it needs a thread without an event loop. Raises
    `CannotStart`.
    """
    if url.path is not None:
        with sqlite.scanning(url.path, clock) as scan:
            yield scan
        return
    with _the_driver():
        from tactful.store.postgres_scan import Scanner  # noqa: PLC0415  # the driver is an extra
    with asyncio.Runner() as runner:
        scanner = Scanner(url.text)
        try:
            yield lambda script, *args, **kwargs: runner.run(scanner.scan(partial(script, *args, **kwargs)))
        finally:
            runner.run(scanner.close())


async def _once(url: DatabaseUrl, clock: Clock, work: Callable[[Database], Awaitable[T]]) -> T:
    # Whether this database may forget is for a server to ask: only a server acknowledges anything to others.
    db = await _open_postgres(url, clock, "any")
    try:
        return await work(db)
    finally:
        await db.close()


@cache
def _needed() -> tuple[str, ...]:
    return tuple(step.name for step in migrations.load())


def missing_migrations() -> Script[list[str]]:
    """Name the migrations that this version needs and an open database does not have."""
    applied = {row["name"] for row in (yield rows(migrations.APPLIED))}
    return [name for name in _needed() if name not in applied]
