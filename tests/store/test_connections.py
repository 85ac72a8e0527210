"""Opening a file: versions, and what SQLite's errors become."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tactful.errors import Busy, CannotStart, StorageFull
from tactful.store.connections import check_version, connect_writer, reraise
from tests.sim.lossy_vfs import lossy_disk
from tests.support.clock import SetClock


def test_old_sqlite_is_refused_in_words_that_help() -> None:
    with pytest.raises(CannotStart, match=r"SQLite 3\.37\.2; Tactful needs 3\.38\.0 or newer"):
        check_version((3, 37, 2))


@pytest.mark.parametrize("found", [(3, 38, 0), (3, 40, 1), (4, 0, 0)])
def test_newer_sqlite_is_taken(found: tuple[int, int, int]) -> None:
    check_version(found)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_BUSY, Busy),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Busy),
        (sqlite3.SQLITE_LOCKED, Busy),
        (sqlite3.SQLITE_FULL, StorageFull),
        (sqlite3.SQLITE_IOERR_SHMSIZE, StorageFull),
        (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.OperationalError),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.OperationalError),
    ],
)
def test_error_of_sqlite_becomes_ours_or_stays(code: int, expected: type[Exception]) -> None:
    error = sqlite3.OperationalError("it went wrong")
    error.sqlite_errorcode = code
    with pytest.raises(expected) as caught:
        reraise(error)
    assert caught.value is error or caught.value.__cause__ is error


def test_file_system_without_shared_memory_is_refused(tmp_path: Path) -> None:
    with lossy_disk(tmp_path, shared_memory=False), pytest.raises(CannotStart, match="journal mode stays delete"):
        connect_writer(tmp_path / "tactful.db", SetClock())


def test_misuse_of_the_module_stays() -> None:
    with pytest.raises(sqlite3.ProgrammingError):
        reraise(sqlite3.ProgrammingError("Incorrect number of bindings supplied"))
