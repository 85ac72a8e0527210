"""Migrations: all of a step or nothing of it, once, and never on a database that is not for this version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tactful.errors import Busy, CannotStart
from tactful.store.connections import connect_writer
from tactful.store.migrate import Migration, _apply, load, migrate, pending, statements
from tests.support.clock import SetClock

START = Migration(1, "0001_start", "CREATE TABLE a (id INTEGER PRIMARY KEY);\nINSERT INTO a VALUES (1);\n")
NEXT = Migration(2, "0002_next", "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id));")


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def tables(path: Path) -> set[str]:
    with opened(path) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_steps_are_applied_once_and_recorded(path: Path, clock: SetClock) -> None:
    assert migrate(path, clock, [START]) == ["0001_start"]
    assert pending(path, clock, [START, NEXT]) == ["0002_next"]
    clock.now += 1
    assert migrate(path, clock, [START, NEXT]) == ["0002_next"]
    assert migrate(path, clock, [START, NEXT]) == []
    assert pending(path, clock, [START, NEXT]) == []
    with opened(path) as connection:
        assert connection.execute("SELECT * FROM migrations").fetchall() == [
            (1, "0001_start", clock.now - 1),
            (2, "0002_next", clock.now),
        ]


@pytest.mark.parametrize(
    "fault",
    [
        "INSERT INTO nowhere VALUES (1);",
        "INSERT INTO a VALUES (1);",
        "INSERT INTO b VALUES (1, 404);",
        "CREATE TABLE c (",
        "INSERT INTO a VALUES ('unfinished",
    ],
)
def test_step_that_fails_leaves_nothing(path: Path, clock: SetClock, fault: str) -> None:
    migrate(path, clock, [START])
    before = tables(path)
    broken = Migration(2, "0002_broken", f"{NEXT.sql} INSERT INTO a VALUES (2); {fault} INSERT INTO a VALUES (3);")
    with pytest.raises(sqlite3.Error):
        migrate(path, clock, [START, broken])
    assert tables(path) == before
    assert pending(path, clock, [START, broken]) == ["0002_broken"]
    with opened(path) as connection:
        assert connection.execute("SELECT id FROM a").fetchall() == [(1,)]
    assert migrate(path, clock, [START, NEXT]) == ["0002_next"]


def test_rows_that_refer_to_nothing_are_named(path: Path, clock: SetClock) -> None:
    orphan = Migration(1, "0001_orphan", f"{START.sql} {NEXT.sql} INSERT INTO b VALUES (1, 404);")
    with pytest.raises(sqlite3.IntegrityError, match="0001_orphan leaves rows that refer to nothing, in b"):
        migrate(path, clock, [orphan])
    assert tables(path) == set()


def test_table_may_be_built_anew_under_what_refers_to_it(path: Path, clock: SetClock) -> None:
    """SQLite's way to change a table, which enforced foreign keys would forbid."""
    rebuild = Migration(
        3,
        "0003_rebuild",
        "INSERT INTO b VALUES (1, 1); CREATE TABLE new_a (id INTEGER PRIMARY KEY, extra TEXT);"
        "INSERT INTO new_a (id) SELECT id FROM a; DROP TABLE a; ALTER TABLE new_a RENAME TO a;",
    )
    assert migrate(path, clock, [START, NEXT, rebuild]) == ["0001_start", "0002_next", "0003_rebuild"]


def test_newer_database_is_refused_in_words_that_help(path: Path, clock: SetClock) -> None:
    migrate(path, clock, [START, NEXT])
    for look in (migrate, pending):
        with pytest.raises(CannotStart) as caught:
            look(path, clock, [START])
        assert caught.value.code == "database_newer"
        for hint in (str(path), "newer", "0002_next", "0001_start", "Install that version again"):
            assert hint in caught.value.message
    with pytest.raises(CannotStart, match="this version's is none"):
        migrate(path, clock, [])


def test_database_of_another_branch_is_refused(path: Path, clock: SetClock) -> None:
    migrate(path, clock, [START, Migration(2, "0002_other", "")])
    with pytest.raises(CannotStart, match="0002_other"):
        migrate(path, clock, [START, NEXT])


def test_database_of_another_program_is_refused_untouched(path: Path, clock: SetClock) -> None:
    with opened(path) as connection:
        connection.execute("CREATE TABLE theirs (id)")
    before = path.read_bytes()
    with pytest.raises(CannotStart, match="another program"):
        migrate(path, clock, [START])
    assert path.read_bytes() == before


def test_database_held_by_another_process_is_busy(path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(path, clock, [START])
    monkeypatch.setattr("tactful.store.migrate.connect_writer", _impatient)
    with opened(path) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            migrate(path, clock, [START, NEXT])


def _impatient(path: Path, clock: SetClock) -> sqlite3.Connection:
    return connect_writer(path, clock, busy_timeout_ms=10)


def test_step_that_another_process_has_just_applied_is_left(path: Path, clock: SetClock) -> None:
    """Two processes that start together both find a step missing; the second sees it done once it holds the lock."""
    with closing(connect_writer(path, clock)) as connection:
        assert _apply(connection, START)
        assert not _apply(connection, START)
        assert not connection.in_transaction


def test_missing_database_is_not_made_by_looking(path: Path, clock: SetClock) -> None:
    with pytest.raises(CannotStart):
        pending(path, clock)
    assert not path.exists()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("", []),
        ("SELECT 1;\n-- the end", ["SELECT 1;", "-- the end"]),
        ("SELECT 1", ["SELECT 1;"]),
        ("SELECT 1; SELECT 2;\n", ["SELECT 1;", "SELECT 2;"]),
        ("SELECT ';';;\n;SELECT 2;", ["SELECT ';';", "SELECT 2;"]),
        ("-- first; second\nSELECT 1;", ["-- first; second\nSELECT 1;"]),
        ("/* a; b */ SELECT 1;", ["/* a; b */ SELECT 1;"]),
        (
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END; SELECT 1;",
            ["CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END;", "SELECT 1;"],
        ),
    ],
)
def test_sql_is_divided_into_statements(sql: str, expected: list[str]) -> None:
    assert list(statements(sql)) == expected


@pytest.mark.parametrize("names", [["0002_start.sql"], ["0001_start.sql", "0001_again.sql"], ["start.sql"]])
def test_misnumbered_files_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(ValueError, match=r"must be 000\d_something.sql"):
        load(tmp_path)


def test_own_migrations_apply(path: Path, clock: SetClock) -> None:
    names = [step.name for step in load()]
    assert names
    assert migrate(path, clock) == names
    assert migrate(path, clock) == []
