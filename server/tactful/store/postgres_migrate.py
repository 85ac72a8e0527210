"""Migrations on PostgreSQL: the same files as on SQLite (store/migrate.py), said as PostgreSQL takes them.

Each migration is one transaction together with the record that it was applied. An advisory lock keeps processes that
start at the same time apart: the second waits and finds it done.

The time is a function of the database, `now_ms()`, which reads the server's clock when it is called: in a statement
that waited for a row's lock, after the lock. One clock decides for every node, however far theirs are apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tactful.database_url import read_database_url
from tactful.store.migrate import APPLIED, CREATE_RECORD, INSERT_RECORD, Migration, load, missing, statements
from tactful.store.postgres_connections import Connection, connected
from tactful.store.translate import numbered, to_postgres_ddl

__all__ = ["migrate_postgres", "migrate_postgres_now", "pending_postgres"]

LOCK_MIGRATIONS = "SELECT pg_advisory_xact_lock(7106195226014376)"
SERVER_TABLES = "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
HAS_CLOCK = "SELECT to_regprocedure('now_ms()') IS NOT NULL AS found"
CREATE_CLOCK = """
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE
AS 'SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)'
"""


async def migrate_postgres(url: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Bring the database at `url` up to date and return the names of what was applied.

    Safe to call from several processes at once. Raises `CannotStart` if the database is newer than this version, is
    not ours or cannot be reached, and the server's error if a migration fails, which leaves no trace.
    """
    steps = load() if migrations is None else migrations
    async with connected(url) as connection:
        # A database that will be refused is not written to first.
        todo = missing(_named(url), await _tables(connection), await _applied(connection), steps)
        return [step.name for step in todo if await _apply(connection, step)]


def migrate_postgres_now(url: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """`migrate_postgres` for whoever has no event loop."""
    return asyncio.run(migrate_postgres(url, migrations))


async def pending_postgres(url: str, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Name what `migrate_postgres` would apply. Raises `CannotStart` as it does."""
    steps = load() if migrations is None else migrations
    async with connected(url) as connection:
        found = missing(_named(url), await _tables(connection), await _applied(connection), steps)
        return [step.name for step in found]


def _named(url: str) -> str:
    """The address without its password, which may also stand among its parameters."""
    return str(read_database_url(url))


async def _tables(connection: Connection) -> set[str]:
    return {row["name"] for row in await connection.fetch(SERVER_TABLES)}


async def _applied(connection: Connection) -> list[str]:
    if "migrations" not in await _tables(connection):
        return []
    return [row["name"] for row in await connection.fetch(APPLIED)]


async def _apply(connection: Connection, step: Migration) -> bool:
    """Apply `step` unless another process has just done so."""
    async with connection.transaction():
        await connection.execute(LOCK_MIGRATIONS)
        if not await connection.fetchval(HAS_CLOCK):
            await connection.execute(CREATE_CLOCK)
        await connection.execute(to_postgres_ddl(CREATE_RECORD))
        if step.name in await _applied(connection):
            return False
        for statement in statements(step.sql):
            await connection.execute(to_postgres_ddl(statement))
        await connection.execute(numbered(INSERT_RECORD), step.number, step.name)
    return True
