"""Migrations: how an empty or older database becomes the one this version needs.

A migration is a numbered file of SQL, `migrations/0001_start.sql`, applied once and never edited after a release. It
and the record that it was applied commit in one transaction, so a crash or a failing statement leaves either both or
neither. It is therefore executed statement by statement: sqlite3's `executescript` would commit first.

Foreign keys are not enforced while a migration runs, because SQLite changes a table by building it anew and swapping
the names (https://sqlite.org/lang_altertable.html#otheralter). They are checked as a whole before the commit.

What was applied must be a beginning of what this version knows. Otherwise the database was written by a newer or
another Tactful, and everything stops here, in words, rather than later, in a column that is missing.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tactful.clock import Clock
from tactful.errors import CannotStart
from tactful.store.connections import begin, connect_reader, connect_writer, rollback

__all__ = ["MIGRATIONS", "Migration", "load", "migrate", "missing", "pending", "statements"]

MIGRATIONS = Path(__file__).parent / "migrations"

_FILE_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")

CREATE_RECORD = """
CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)
"""
INSERT_RECORD = "INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, now_ms())"
APPLIED = "SELECT name FROM migrations ORDER BY number"
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
CHECK_FOREIGN_KEYS = "PRAGMA foreign_key_check"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step, from 1 upwards without gaps; `name` is its file's, without the suffix."""

    number: int
    name: str
    sql: str


def load(directory: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """Read the migrations in `directory`, in order."""
    migrations = []
    for number, path in enumerate(sorted(directory.glob("*.sql")), start=1):
        name = _FILE_NAME.fullmatch(path.name)
        if name is None or int(name["number"]) != number:
            raise ValueError(f"{path.name}: the name of migration {number} must be {number:04}_something.sql")
        migrations.append(Migration(number, path.stem, path.read_text("utf-8")))
    return tuple(migrations)


def migrate(path: str | Path, clock: Clock, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Bring the database at `path`, created if absent, up to date and return the names of what was applied.

    Safe to call from several processes at once. Raises `CannotStart` if the database is newer than this version or
    is not ours, `Busy` if another process holds it, and sqlite3.Error if a migration fails, which leaves no trace.
    """
    steps = load() if migrations is None else migrations
    if Path(path).exists():
        # A database that will be refused is not written to first, not even to set its journal mode.
        pending(path, clock, steps)
    with closing(connect_writer(path, clock)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        return [step.name for step in _missing(path, connection, steps) if _apply(connection, step)]


def pending(path: str | Path, clock: Clock, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Name what `migrate` would apply to the existing database at `path`. Raises `CannotStart` as it does."""
    steps = load() if migrations is None else migrations
    with closing(connect_reader(path, clock)) as connection:
        return [step.name for step in _missing(path, connection, steps)]


def statements(sql: str) -> Iterator[str]:
    """Divide a file of SQL into its statements; semicolons in strings, comments and triggers divide nothing."""
    statement = ""
    for piece in sql.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip() != ";":
                yield statement.strip()
            statement = ""
    # What follows the last semicolon got one too many; a comment alone is no statement but executes as nothing.
    if rest := statement.removesuffix(";").strip():
        yield rest


def missing(
    database: str | Path, tables: set[str], applied: Sequence[str], steps: Sequence[Migration]
) -> Sequence[Migration]:
    """The steps that a database with these tables and records lacks. Raises `CannotStart` if it is newer than this
    version or is not ours; `database` names it in words."""
    if tables and "migrations" not in tables:
        raise CannotStart(
            "database_not_ours",
            f"{database} is a database of another program: it has tables, but no record of Tactful's migrations. "
            "Name another one in TACTFUL_DATABASE_URL.",
        )
    if list(applied) != [step.name for step in steps[: len(applied)]]:
        known = steps[-1].name if steps else "none"
        raise CannotStart(
            "database_newer",
            f"The database {database} was last used by a newer or another version of Tactful: its last migration is "
            f"{applied[-1]}, this version's is {known}. Install that version again, or restore a backup made before "
            "it was installed.",
            applied=list(applied),
        )
    return steps[len(applied) :]


def _missing(path: str | Path, connection: sqlite3.Connection, steps: Sequence[Migration]) -> Sequence[Migration]:
    tables = {row["name"] for row in connection.execute(TABLES).fetchall()}
    applied = connection.execute(APPLIED).fetchall() if "migrations" in tables else []
    return missing(path, tables, [row["name"] for row in applied], steps)


def _apply(connection: sqlite3.Connection, step: Migration) -> bool:
    """Apply `step` unless another process has just done so."""
    begin(connection)
    try:
        connection.execute(CREATE_RECORD)
        if step.name in {row["name"] for row in connection.execute(APPLIED).fetchall()}:
            return False
        for statement in statements(step.sql):
            connection.execute(statement)
        connection.execute(INSERT_RECORD, (step.number, step.name))
        _check_foreign_keys(connection, step)
        connection.execute("COMMIT")
    finally:
        rollback(connection)
    return True


def _check_foreign_keys(connection: sqlite3.Connection, step: Migration) -> None:
    broken = connection.execute(CHECK_FOREIGN_KEYS).fetchall()
    if broken:
        tables = ", ".join(sorted({row["table"] for row in broken}))
        raise sqlite3.IntegrityError(f"migration {step.name} leaves rows that refer to nothing, in {tables}")
