"""Connections to PostgreSQL: what each of them has set, what is asked of the server, and what its errors become.

Four kinds of connection. A *writer* runs transactions at READ COMMITTED: scripts lock first and then read what others
have committed up to that moment. A *reader* cannot write. A *scanner* sees one moment, for sums over many rows. A
*migrator* changes tables and is given the time that it takes.

Prepared statements are kept by each connection, since planning costs more than most of our statements do; so Tactful
talks to the server itself, or to a pooler that keeps sessions (PgBouncer's transaction mode does not).

What is set, and why:

    lock_timeout          whoever holds a row longer than this has stopped; everybody behind would wait with us
    idle_in_transaction   a process that was stopped in the middle of a transaction lets go of its people
    seqscan=off, ...      writers and readers find rows by an index, as all their statements are meant to
    DISCARD PLANS         a plan made while a table is small takes any index that begins alike, and is kept: 170 asks/s
                          instead of 9,000 until the server's own statistics come, a minute later. So a connection
                          forgets its plans each time its scripts have doubled in number
    jit=off               compiling a statement costs more than running ours
    target read-write     of several hosts in the address, the one that takes writes, also after a failover

A server that runs with synchronous_commit=off acknowledges what a crash takes away again: 77 of 82,624 in the
measurement, in four runs of four. Tactful does not start on one unless told to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias
from urllib.parse import parse_qs, urlsplit

import asyncpg
from asyncpg import exceptions as pg

from tactful.errors import Busy, CannotStart, StorageFull
from tactful.store.footprint import Keys

__all__ = [
    "PATIENCE_S",
    "Connection",
    "Durability",
    "Kind",
    "Link",
    "TaggedRow",
    "cannot_reach",
    "check_server",
    "connect",
    "connected",
    "is_lost",
    "is_retriable",
    "read_keys",
    "reraise",
    "unreachable",
]

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection
Kind = Literal["writer", "reader", "scanner", "migrator"]

#: `any` starts on a server that may lose acknowledged commits in a crash.
Durability = Literal["durable", "any"]

#: How long a caller waits for a server that is away: a failover to a standby takes seconds.
PATIENCE_S = 5.0

_CONNECT_TIMEOUT_S = 5.0
_OLDEST_SERVER = 150_000

# The product's statements are some hundreds, each with and without a tag.
_CACHED_STATEMENTS = 1_024

# What is planned for fewer rows is quick by any index.
_FIRST_PLANS = 64

_EVERYWHERE = {"application_name": "tactful", "jit": "off", "client_encoding": "UTF8"}
_BY_INDEX = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
_SETTINGS: dict[Kind, dict[str, str]] = {
    "writer": {
        **_BY_INDEX,
        "default_transaction_isolation": "read committed",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "30s",
    },
    "reader": {**_BY_INDEX, "default_transaction_read_only": "on"},
    "scanner": {"default_transaction_read_only": "on", "default_transaction_isolation": "repeatable read"},
    "migrator": {},
}
# A server that does not even say that it is gone is given up then. Nothing of ours takes as long, but sums and indexes.
_GIVE_UP_S: dict[Kind, float] = {"writer": 30.0, "reader": 30.0}

READ_SERVER = """
SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS version_name,
    current_setting('server_encoding') AS encoding, current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('fsync') AS fsync
"""
READ_KEYS = """
SELECT c.relname AS "table", k.attname AS "column"
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute k ON k.attrelid = i.indexrelid
WHERE i.indisprimary AND c.relnamespace = to_regnamespace(current_schema())
ORDER BY c.relname, k.attnum
"""

#: The transaction was rolled back for another's sake; the same again may go through.
_RETRIABLE = (
    pg.DeadlockDetectedError,
    pg.SerializationError,
    pg.InvalidCachedStatementError,
)
#: The connection, or the server behind it, is no use any more.
_LOST = (
    pg.PostgresConnectionError,
    pg.AdminShutdownError,
    pg.CrashShutdownError,
    pg.CannotConnectNowError,
    pg.IdleInTransactionSessionTimeoutError,
    pg.DatabaseDroppedError,
    pg.TooManyConnectionsError,
    OSError,
    TimeoutError,
)


class TaggedRow(asyncpg.Record):
    """A row whose last column is its tag (store/translate.py), which only `row[-1]` shows."""

    __slots__ = ()

    def __iter__(self) -> Any:
        return iter(self[:-1])

    def keys(self) -> Any:
        return list(super().keys())[:-1]


async def connect(url: str, kind: Kind) -> Connection:
    """Open a connection to the first host of `url` that takes it. Raises what `is_lost` knows, and pg errors."""
    wanted: Any = parse_qs(urlsplit(url).query).get("target_session_attrs", ["read-write"])[-1]
    if kind in {"reader", "scanner"} and wanted == "read-write":
        # Ours refuse to write by themselves, which would be taken for the server's refusal.
        wanted = "primary"
    return await asyncpg.connect(
        url,
        timeout=_CONNECT_TIMEOUT_S,
        command_timeout=_GIVE_UP_S.get(kind),
        statement_cache_size=_CACHED_STATEMENTS,
        max_cached_statement_lifetime=0,
        server_settings=_EVERYWHERE | _SETTINGS[kind],
        target_session_attrs=wanted,
    )


async def check_server(connection: Connection, durability: Durability) -> None:
    """Raise `CannotStart` if the server is too old, speaks another encoding, or may lose what it acknowledged."""
    server = await connection.fetchrow(READ_SERVER)
    assert server is not None
    if server["version"] < _OLDEST_SERVER:
        raise CannotStart(
            "postgres_too_old",
            f"The server is PostgreSQL {server['version_name']}; Tactful needs {_OLDEST_SERVER // 10_000} or newer.",
        )
    if server["encoding"] != "UTF8":
        raise CannotStart(
            "postgres_encoding",
            f"The database's encoding is {server['encoding']}; Tactful needs UTF8. Make the database anew with "
            "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
        )
    if durability == "durable":
        for setting in ("synchronous_commit", "fsync"):
            if server[setting] == "off":
                raise _may_forget(setting)


def _may_forget(setting: str) -> CannotStart:
    return CannotStart(
        f"{setting}_off",
        f"The server runs with {setting} = off, so a crash takes away asks and answers that were acknowledged, and "
        f"people would be asked again. Set {setting} = on in postgresql.conf (or with ALTER SYSTEM, and for the role "
        "with ALTER ROLE), or tell Tactful that this may be.",
        setting=setting,
    )


async def read_keys(connection: Connection) -> Keys:
    """The primary keys of the tables of our schema."""
    keys: dict[str, list[str]] = {}
    for row in await connection.fetch(READ_KEYS):
        keys.setdefault(row["table"], []).append(row["column"])
    return keys


def is_retriable(error: BaseException) -> bool:
    """Tell whether the same transaction may go through the next time."""
    return isinstance(error, _RETRIABLE)


def is_lost(error: BaseException) -> bool:
    """Tell whether `error` means that the connection, or the server behind it, is no use any more."""
    return isinstance(error, _LOST)


def _is_hopeless(error: BaseException) -> bool:
    """Tell whether a refused connection will be refused again: a wrong password, no such database."""
    return isinstance(error, pg.InvalidAuthorizationSpecificationError | pg.InvalidCatalogNameError)


def reraise(error: Exception) -> NoReturn:
    """Raise the error of ours that `error` means, or `error` itself."""
    if isinstance(error, pg.LockNotAvailableError | pg.QueryCanceledError):
        raise Busy("database_busy", "Somebody else holds what this needs; send the same request again.") from error
    if isinstance(error, pg.DiskFullError | pg.OutOfMemoryError):
        raise StorageFull("storage_full", "The database's disk is full; free or add space.") from error
    raise error


def unreachable() -> Busy:
    """The error for whoever waited for a server in vain."""
    return Busy("database_unreachable", "The database does not answer at the moment; send the same request again.")


def cannot_reach(error: BaseException) -> CannotStart:
    """The error for a server that could not be reached when it was first needed."""
    return CannotStart(
        "database_unusable",
        f"Cannot open the PostgreSQL database: {error}. Check the address in TACTFUL_DATABASE_URL (user, password, "
        "hosts, name), that the server runs, and that it takes connections from here.",
    )


class Link:
    """One connection that is made when it is needed and made again after it was lost."""

    def __init__(self, url: str, kind: Kind) -> None:
        self._url = url
        self._kind: Kind = kind
        self._connection: Connection | None = None
        self._scripts = 0
        self._plan_again_at = _FIRST_PLANS

    async def plan_again(self, scripts: int) -> None:
        """Count `scripts` that are about to run, and let the server forget its plans when there were many."""
        self._scripts += scripts
        if self._connection is not None and self._scripts >= self._plan_again_at:
            self._plan_again_at = 2 * self._scripts
            await self._connection.execute("DISCARD PLANS")

    async def get(self) -> Connection:
        """The open connection. Raises `Busy` when the server stays away for `PATIENCE_S`."""
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + PATIENCE_S
        pause = 0.02
        while True:
            try:
                async with asyncio.timeout_at(give_up_at):
                    connection = await connect(self._url, self._kind)
            except (pg.PostgresError, pg.InterfaceError, OSError) as error:
                if loop.time() + pause >= give_up_at or _is_hopeless(error):
                    raise unreachable() from error
            else:
                self._connection = connection
                return connection
            await asyncio.sleep(pause)
            pause = min(2 * pause, 0.5)

    def drop(self) -> None:
        """Forget the connection; the next `get` makes another."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def close(self) -> None:
        """Close the connection in order."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            await connection.close(timeout=_CONNECT_TIMEOUT_S)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection for the block that may change tables. Raises `CannotStart` when the server cannot be reached."""
    link = Link(url, "migrator")
    try:
        connection = await link.get()
    except (Busy, OSError, ValueError) as error:
        raise cannot_reach(error.__cause__ or error) from error
    try:
        yield connection
    finally:
        await link.close()
