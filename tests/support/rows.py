"""What lies in the database, looked at from outside the product."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tactful.clock import SystemClock
from tactful.store.script import Script, rows, run
from tests.support.databases import Where, beside, url_of

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"


def counts(where: Where) -> dict[str, int]:
    """The number of rows of every table."""
    return {table: execute(where, f'SELECT count(*) FROM "{table}"')[0][0] for table in _tables(where)}


#: What earlier requests leave behind is written now and then, not by the request at hand.
WRITTEN_BEHIND = frozenset({"decision_counts", "decisions", "event_names", "receiver_tallies"})


def acknowledged(where: Where) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that is written before the answer."""
    return {table: rows for table, rows in contents(where).items() if table not in WRITTEN_BEHIND}


@contextmanager
def acknowledgements(path: Path) -> Iterator[Callable[[], dict[str, list[tuple[Any, ...]]]]]:
    """What is acknowledged, time and again: read anew only when something has been written since."""
    version, found = -1, dict[str, list[tuple[Any, ...]]]()
    with closing(sqlite3.connect(path)) as connection:

        def look() -> dict[str, list[tuple[Any, ...]]]:
            nonlocal version, found
            # It changes with every commit of any other connection.
            [now] = connection.execute("PRAGMA data_version").fetchone()
            if now != version:
                version, found = now, acknowledged(path)
            return found

        yield look


def contents(where: Where) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for the clock's mark, which a server moves on whatever happens."""
    tables = [table for table in _tables(where) if table != "clock_watch"]
    return {table: sorted(execute(where, f'SELECT * FROM "{table}"'), key=repr) for table in tables}


def _tables(where: Where) -> list[str]:
    if url_of(where).kind == "postgres":
        return [name for (name,) in execute(where, TABLES)]
    found = execute(where, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return [name for (name,) in found if not name.startswith("sqlite_")]


def execute(where: Where, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    """Do what only somebody with the database can do: what no command or route offers yet."""
    path = where if isinstance(where, Path) else where.path
    if path is None:
        return beside(where, SystemClock(), _executed, sql, params)
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(sql, params).fetchall()
        connection.commit()
        return found


def _executed(sql: str, params: tuple[Any, ...]) -> Script[list[tuple[Any, ...]]]:
    return [tuple(row) for row in (yield rows(sql, *params))]


def do(sql: str, *params: Any) -> Script[int]:
    """One statement as a script of its own; how many rows it changed."""
    changed: int = yield run(sql, *params)
    return changed


def every_row(sql: str, *params: Any) -> Script[list[Any]]:
    """One question as a script of its own; its rows, by position and name."""
    found: list[Any] = yield rows(sql, *params)
    return found
