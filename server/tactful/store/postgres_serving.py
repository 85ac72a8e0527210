"""Who has a PostgreSQL database: its nodes, many at once, or a restore, alone.

What a lock file is to SQLite (store/lock.py), an advisory lock is here. A node shares it on the connection on which it
hears others (store/broadcast.py): so it is let go however the node ends, and taken again when the connection is.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from tactful.errors import CannotStart
from tactful.store.postgres_connections import Connection, connected

__all__ = ["alone", "look_whether_alone", "share"]

SHARE = "SELECT pg_try_advisory_lock_shared(7106195226014377)"
TAKE = "SELECT pg_try_advisory_lock(7106195226014377)"


async def share(connection: Connection) -> bool:
    """Hold, as a node, the database as long as `connection` lives; False while somebody has it alone."""
    return bool(await connection.fetchval(SHARE))


async def look_whether_alone(url: str) -> None:
    """Raises `CannotStart` while somebody has the database alone: a node must not begin then."""
    async with connected(url) as connection:
        if not await share(connection):
            raise CannotStart("database_restored", "A backup is being restored into this database: start afterwards.")


@contextlib.asynccontextmanager
async def alone(url: str) -> AsyncIterator[None]:
    """Keep nodes off the database. Raises `CannotStart` where one serves it."""
    async with connected(url) as connection:
        if not await connection.fetchval(TAKE):
            raise CannotStart(
                "already_serving",
                "A Tactful server serves this database: stop every node first, or restore into another database.",
            )
        yield
