"""Driving scripts on a SQLite connection: one alone, or many in one transaction (group commit).

A transaction's cost is the fsync of its commit, so whoever waits shares one: 33,000-50,000 one-row scripts a second
at synchronous=FULL, against 2,300-4,500 with a commit each (measured, same machine).

    BEGIN IMMEDIATE
      SAVEPOINT script   ... first caller's statements ...    RELEASE script
      SAVEPOINT script   ... second caller's: an exception    ROLLBACK TO script; RELEASE script
      ...
    COMMIT

Sharing must not show. An exception in one script undoes that script alone. But some errors take the whole
transaction down: SQLITE_FULL inside one script rolls everybody back, and a COMMIT may fail for a deferred constraint
of one script or for the disk. Nobody has been answered then, so every result is discarded and every script runs
again in a transaction of its own, to be answered by its own outcome. This is why a batch is made of functions to
start, not of started generators, and why a script may touch nothing but its statements.

The one rule of this module: an outcome that is a result leaves it only after the COMMIT that holds it has returned.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, ParamSpec, TypeVar

from tactful.store.connections import begin, reraise, rollback
from tactful.store.script import Script, Statement

__all__ = ["Outcome", "Start", "commit_alone", "commit_batch", "drive"]

T = TypeVar("T")
P = ParamSpec("P")

#: A script's function with its arguments bound; called once for every try.
Start = Callable[[], Script[Any]]


class Outcome(NamedTuple):
    """What a script came to: an error, or else its result."""

    result: Any = None
    error: Exception | None = None


class _BatchLostError(Exception):
    """The shared transaction is gone, and nobody in it has been answered."""


def drive(connection: sqlite3.Connection, script: Script[T]) -> T:
    """Execute the statements that `script` yields, send it their rows, and return its result.

    A statement's error is not raised inside the script: on PostgreSQL it would have ended the transaction anyway.
    """
    answer: Any = None
    try:
        while True:
            answer = _execute(connection, script.send(answer))
    except StopIteration as finished:
        result: T = finished.value
        return result
    finally:
        script.close()


def commit_alone(
    connection: sqlite3.Connection, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run one script in a transaction of its own and return its result after the commit. Raises `Busy`."""
    begin(connection)
    try:
        result = drive(connection, script(*args, **kwargs))
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        reraise(error)
    finally:
        rollback(connection)
    return result


def commit_batch(connection: sqlite3.Connection, batch: Sequence[Start]) -> list[Outcome]:
    """Run the scripts of `batch` in one transaction and return each one's outcome, in order, after the commit.

    Raises `Busy` if the transaction could not begin; no script has run then.
    """
    begin(connection)
    try:
        return _commit_together(connection, batch)
    except _BatchLostError:
        return [_outcome_alone(connection, start) for start in batch]
    finally:
        # Only a bug gets here with the transaction open, and the next batch must not inherit it.
        rollback(connection)


def _commit_together(connection: sqlite3.Connection, batch: Sequence[Start]) -> list[Outcome]:
    try:
        outcomes = [_run_in_savepoint(connection, start) for start in batch]
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        rollback(connection)
        raise _BatchLostError from error
    return outcomes


def _run_in_savepoint(connection: sqlite3.Connection, start: Start) -> Outcome:
    connection.execute("SAVEPOINT script")
    try:
        outcome = Outcome(result=drive(connection, start()))
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the caller's and not the batch's
        outcome = Outcome(error=error)
    if not connection.in_transaction:
        raise _BatchLostError from outcome.error
    if outcome.error is not None:
        connection.execute("ROLLBACK TO script")
    connection.execute("RELEASE script")
    return outcome


def _outcome_alone(connection: sqlite3.Connection, start: Start) -> Outcome:
    try:
        return Outcome(result=commit_alone(connection, start))
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is the caller's and not the batch's
        return Outcome(error=error)


def _execute(connection: sqlite3.Connection, statement: Statement) -> Any:
    try:
        cursor = connection.execute(statement.sql, statement.params)
        # Always to the end: an open cursor would keep the commit, or a checkpoint, from going through.
        rows = cursor.fetchall()
    except sqlite3.Error as error:
        error.add_note(f"in the statement: {statement.sql}")
        reraise(error)
    if statement.wants == "rows":
        return rows
    if statement.wants == "one":
        return rows[0] if rows else None
    return cursor.rowcount
