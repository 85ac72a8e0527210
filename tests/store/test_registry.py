"""The registry of what belongs to a person names every table that has a person in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tactful.store.migrate import migrate
from tactful.store.registry import BELONGINGS
from tests.support.clock import SetClock


def columns(path: Path) -> dict[str, list[str]]:
    """The columns of every table."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')] for table in tables}


def test_every_table_with_a_person_in_it_is_registered(path: Path, clock: SetClock) -> None:
    migrate(path, clock)
    with_person = {table for table, names in columns(path).items() if "person_id" in names}
    registered = [one.table for one in BELONGINGS]
    assert set(registered) == with_person, "name the table in store/registry.py: how it is read, and how erased"
    assert len(registered) == len(set(registered))


def test_each_reads_and_erases_its_own_table() -> None:
    for one in BELONGINGS:
        assert f" {one.table} WHERE project_id = ? AND person_id = ?" in one.read
        assert one.erase == f"DELETE FROM {one.table} WHERE project_id = ? AND person_id = ?"
