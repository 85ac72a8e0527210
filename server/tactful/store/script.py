"""Transaction scripts: what happens inside one transaction, written once for every database.

A script is a generator that yields statements and is sent their rows. It never awaits, never reads a clock and never
knows its database; a *runner* (`store/sqlite.py`) drives it inside one transaction. Because a runner may have to run
a script again (a lost batch, a deadlock), it takes the function and its arguments, never a started generator, and a
script must not touch anything outside its statements.

    def rename(project_id: str, name: str) -> Script[bool]:
        row = yield one(LOCK_PROJECT, project_id)
        if row is None:
            return False
        yield run(RENAME_PROJECT, name, project_id)
        return True
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Literal, ParamSpec, Protocol, TypeVar

import msgspec

__all__ = ["Database", "Row", "Script", "Statement", "one", "rows", "run"]

T = TypeVar("T")
P = ParamSpec("P")

#: A row is read by column name: `row["person_id"]`.
Row = Any


class Statement(msgspec.Struct, frozen=True):
    """SQL with `?` placeholders, its parameters, and what the script wants back.

    A struct, as whatever every request makes anew: a NamedTuple costs three times as much to make.
    """

    sql: str
    params: tuple[Any, ...]
    wants: Literal["one", "rows", "count"]


Script = Generator[Statement, Any, T]


def one(sql: str, *params: Any) -> Statement:
    """Ask for the first row, or None."""
    return Statement(sql, params, "one")


def rows(sql: str, *params: Any) -> Statement:
    """Ask for all rows, as a list."""
    return Statement(sql, params, "rows")


def run(sql: str, *params: Any) -> Statement:
    """Ask for the number of rows changed."""
    return Statement(sql, params, "count")


class Database(Protocol):
    """What the rest of the product knows of a database."""

    async def run(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` in one transaction and return its result after the commit, durable. Raises `Busy`."""

    async def run_first(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` as `run` does, before everything that waits to be run and beside what there is too much of."""

    async def read(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` on a connection that cannot write. Its statements need not see one moment."""

    async def scan(self, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `script` beside everything else, for sums over many rows; its statements see one moment."""
