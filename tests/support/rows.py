"""What lies in the database, looked at from outside the product."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def counts(path: Path) -> dict[str, int]:
    """The number of rows of every table."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
            for table in tables
            if not table.startswith("sqlite_")
        }


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for the clock's mark, which a server moves on whatever happens."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: sorted(connection.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr)
            for table in counts(path)
            if table != "clock_watch"
        }


def execute(path: Path, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """Do what only somebody with the file can do: what no command or route offers yet."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(sql, params).fetchall()
        connection.commit()
        return found
