"""Opening a SQLite file: what every connection of the product has set, and what SQLite's own errors become.

Two kinds of connection. A *writer* begins every transaction with BEGIN IMMEDIATE: a transaction that reads first and
writes later fails at once with SQLITE_BUSY_SNAPSHOT, and no timeout helps (275 of 4,800 requests, measured). A
*reader* cannot write at all and may therefore live on the event loop's thread, where a read by primary key takes
5-7 us from ten thousand to ten million people, against 90-270 us through another thread.

What is set, and why:

    journal_mode=WAL          readers never wait for the writer, nor it for them
    synchronous=FULL          at NORMAL a power loss takes acknowledged rows away (tests/store/test_power_loss.py)
    fullfsync=ON              on macOS a plain fsync stops at the drive's cache; elsewhere this does nothing
    foreign_keys=ON           as PostgreSQL always does
    wal_autocheckpoint=1000   4 MB: copying the log back stops the writer for some 7 ms, at 16,000 pages for 27 ms, and
                              asks per second are the same (a million people, 64 callers)
    journal_size_limit=64 MB  a log that grew behind somebody's long read is cut down again afterwards
    mmap_size=2 GB            for the reader, all that SQLite takes; memory comes as pages are touched, by the kernel

The clock enters SQL as the function `now_ms()`, so that a statement reads it inside the transaction, after the lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NoReturn

from tactful.clock import Clock
from tactful.errors import Busy, CannotStart, StorageFull

__all__ = [
    "BUSY_TIMEOUT_MS",
    "Synchronous",
    "begin",
    "check_version",
    "connect_reader",
    "connect_writer",
    "reraise",
    "rollback",
]

Synchronous = Literal["FULL", "NORMAL"]

BUSY_TIMEOUT_MS = 5_000

# Only the recovery of a crashed process's log keeps a reader waiting, and the reader holds up the event loop.
_READER_BUSY_TIMEOUT_MS = 100

# 3.35 brought RETURNING, 3.38 the operator ->>.
_OLDEST_SQLITE = (3, 38, 0)

# The product's statements are some hundreds; a statement compiled again costs ten times its run.
_CACHED_STATEMENTS = 512

_SYNCHRONOUS: dict[Synchronous, str] = {
    "FULL": "PRAGMA synchronous = FULL",
    "NORMAL": "PRAGMA synchronous = NORMAL",
}

_WRITER_SETTINGS = (
    "PRAGMA fullfsync = ON",
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 1000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -65536",
)

_READER_SETTINGS = (
    "PRAGMA query_only = ON",
    "PRAGMA mmap_size = 2147418112",
    "PRAGMA cache_size = -65536",
)

_BUSY_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def connect_writer(
    path: str | Path, clock: Clock, *, synchronous: Synchronous = "FULL", busy_timeout_ms: int = BUSY_TIMEOUT_MS
) -> sqlite3.Connection:
    """Open the database at `path` for writing and create it if absent. Raises `CannotStart`.

    The connection belongs to the calling thread and never begins a transaction by itself.
    """
    check_version()
    try:
        connection = _connect(_uri(path, "rwc"), clock, busy_timeout_ms)
    except sqlite3.Error as error:
        raise _cannot_open(path, error) from error
    try:
        _set_up_writer(connection, synchronous)
    except sqlite3.Error as error:
        connection.close()
        raise _cannot_open(path, error) from error
    return connection


def connect_reader(path: str | Path, clock: Clock) -> sqlite3.Connection:
    """Open the existing database at `path` on a connection that refuses to write. Raises `CannotStart`."""
    check_version()
    try:
        connection = _connect(_uri(path, "ro"), clock, _READER_BUSY_TIMEOUT_MS)
        for setting in _READER_SETTINGS:
            connection.execute(setting).close()
    except sqlite3.Error as error:
        raise _cannot_open(path, error) from error
    return connection


def begin(connection: sqlite3.Connection) -> None:
    """Begin a transaction that holds the write lock. Raises `Busy` when another process keeps it too long."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        reraise(error)


def rollback(connection: sqlite3.Connection) -> None:
    """Leave the transaction, if SQLite has not left it by itself."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def reraise(error: sqlite3.Error) -> NoReturn:
    """Raise the error of ours that `error` means, or `error` itself."""
    # Errors raised by the sqlite3 module itself (a misuse) carry no code.
    code: int = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in _BUSY_CODES:
        raise Busy("database_busy", "Another process is writing to the database; try again.") from error
    # A full disk shows as SHMSIZE when the log's shared index is what cannot grow.
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}:
        raise StorageFull("storage_full", "The disk or the database is full; free or add space.") from error
    raise error


def check_version(found: Sequence[int] = sqlite3.sqlite_version_info) -> None:
    """Raise `CannotStart` if the SQLite that Python is linked to lacks what our statements use."""
    if tuple(found) < _OLDEST_SQLITE:
        version, needed = (".".join(map(str, numbers)) for numbers in (found, _OLDEST_SQLITE))
        raise CannotStart(
            "sqlite_too_old",
            f"This Python is linked to SQLite {version}; Tactful needs {needed} or newer. "
            "Use a newer Python or system package of SQLite, or set TACTFUL_DATABASE_URL to a PostgreSQL database.",
        )


def _uri(path: str | Path, mode: Literal["ro", "rwc"]) -> str:
    return f"{Path(path).absolute().as_uri()}?mode={mode}"


def _connect(uri: str, clock: Clock, busy_timeout_ms: int) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=busy_timeout_ms / 1_000,
        isolation_level=None,
        cached_statements=_CACHED_STATEMENTS,
    )
    connection.row_factory = sqlite3.Row
    connection.create_function("now_ms", 0, clock.now_ms)
    connection.create_function("greatest", 2, _greatest, deterministic=True)
    return connection


def _set_up_writer(connection: sqlite3.Connection, synchronous: Synchronous) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise sqlite3.OperationalError(f"its journal mode stays {mode}; the file system may lack shared memory")
    connection.execute(_SYNCHRONOUS[synchronous]).close()
    for setting in _WRITER_SETTINGS:
        connection.execute(setting).close()


def _greatest(a: Any, b: Any) -> Any:
    """Return the larger one and ignore NULL, as PostgreSQL's GREATEST does (SQLite's max() returns the NULL)."""
    if a is None or b is None:
        return b if a is None else a
    return max(a, b)


def _cannot_open(path: str | Path, error: sqlite3.Error) -> CannotStart:
    return CannotStart(
        "database_unusable",
        f"Cannot open the database {path}: {error}. "
        "The directory must exist on a local disk, and it and the file must be writable by this user.",
        path=str(path),
    )
