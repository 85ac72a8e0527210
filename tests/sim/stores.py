"""The databases that a simulation runs on: each carries out batches of transactions and tells them in their order.

SQLite runs as the product runs it, batch after batch through `commit_batch`, on a file that is shared by several
connections: the server's and those of commands beside it, each with a clock of its own. `synchronous` is NORMAL, since
no power fails here. A process that dies closes its connection in the middle of the transaction.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tactful.errors import TactfulError
from tactful.store import batches
from tactful.store.batches import commit_alone, commit_batch, drive
from tactful.store.connections import begin, connect_reader, connect_writer, rollback
from tactful.store.migrate import migrate
from tactful.store.script import Script
from tests.sim.faults import Batch, Died, Outcome, Watch
from tests.support.clock import SetClock

__all__ = ["SqliteStore", "Store", "in_vain"]


class Store(Protocol):
    """A database under simulation, used by `nodes` processes. Times are set by the world, in milliseconds."""

    name: str
    clocks: list[SetClock]

    def together(self, batches: Sequence[Batch]) -> tuple[list[Outcome], list[int]]:
        """Carry out the batches at once; return what was committed, in an order in which it could have happened one
        by one, and the nodes that died before their commit."""

    def read(self, node: int, script: Callable[..., Script[Any]], *args: Any) -> Any:
        """Run a script that only reads, on `node`."""

    def alone(self, script: Callable[..., Script[Any]], *args: Any) -> Any:
        """Run a script with nothing else going on and no faults, to set up and to compare."""

    def set_times(self, wall: int, skews: Sequence[int]) -> None:
        """Set every node's clock, and the database's."""

    def database_now(self, node: int) -> int:
        """The time that a transaction of `node` is told."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Empty:
    """A migrated file, copied for every world: migrating takes longer than most worlds."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> _Empty:
        if not path.exists():
            migrate(path, SetClock())
        return cls(path)


def in_vain(connection: Any, batch: Sequence[Callable[[], Script[Any]]]) -> list[Any]:
    """Carry out a batch and take it back, and tell of it as if it had been committed: a mistake of mutants."""
    begin(connection)
    try:
        return [batches.Outcome(drive(connection, start())) for start in batch]
    except TactfulError:
        rollback(connection)
        return commit_batch(connection, batch)
    finally:
        rollback(connection)


class SqliteStore:
    """`Store` on a SQLite file."""

    name = "sqlite"

    def __init__(self, folder: Path, nodes: int, now: int) -> None:
        self.clocks = [SetClock(now) for _ in range(nodes)]
        self.path = folder / "world.db"
        self._forget_files()
        shutil.copy(_Empty.at(folder / "empty.db").path, self.path)
        self._writers = [self._connect(node) for node in range(nodes)]
        self._readers = [connect_reader(self.path, clock) for clock in self.clocks]

    def _connect(self, node: int) -> Any:
        return connect_writer(self.path, self.clocks[node], synchronous="NORMAL")

    def _forget_files(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        for connection in (*self._writers, *self._readers):
            connection.close()
        self._forget_files()

    def set_times(self, wall: int, skews: Sequence[int]) -> None:
        for clock, skew in zip(self.clocks, skews, strict=True):
            clock.now = wall + skew

    def database_now(self, node: int) -> int:
        return self.clocks[node].now

    def together(self, batches: Sequence[Batch]) -> tuple[list[Outcome], list[int]]:
        outcomes: list[Outcome] = []
        dead: list[int] = []
        for batch in batches:
            try:
                outcomes += self._one(batch)
            except Died:
                dead.append(batch.node)
                self._writers[batch.node].close()
                self._writers[batch.node] = self._connect(batch.node)
        return outcomes, dead

    def _one(self, batch: Batch) -> list[Outcome]:
        clock, connection = self.clocks[batch.node], self._writers[batch.node]

        def tick(by_ms: int) -> int:
            clock.advance(by_ms)
            return clock.now

        watch = Watch(batch.die_at)
        starts = [partial(watch.script, call, tick, partial(rollback, connection)) for call in batch.calls]
        found = commit_batch(connection, starts)
        return [Outcome(call, one.result, one.error) for call, one in zip(batch.calls, found, strict=True)]

    def read(self, node: int, script: Callable[..., Script[Any]], *args: Any) -> Any:
        return drive(self._readers[node], script(*args))

    def dry(self, node: int, script: Callable[..., Script[Any]], *args: Any) -> Any:
        """What a script would come to now; it changes nothing."""
        connection = self._writers[node]
        begin(connection)
        try:
            return drive(connection, script(*args))
        finally:
            rollback(connection)

    def alone(self, script: Callable[..., Script[Any]], *args: Any) -> Any:
        return commit_alone(self._writers[0], script, *args)
