"""The PostgreSQL runner's engine: connections, each of which commits one batch of scripts after the other.

    submit() -> waits -> a lane takes whoever waits, at most `batch_max` -> BEGIN, the scripts in lockstep, COMMIT ->
                each caller gets their outcome

As with SQLite there is no timer: what comes to an idle lane is committed at once, and while that is under way the next
batch gathers. The one rule: an outcome that is a result is told only after the COMMIT that holds it has returned.

What can happen to a batch, and what follows (always after a ROLLBACK, so nothing is done twice):

    deadlock, serialization      the same again, five times; then each script alone, with pauses
    a script failed after it     the others again without it; it runs alone
      had written
    scripts wait for each other  the same again, those one by one at the end
    a statement or COMMIT fails  each script alone, to get an outcome of its own
    the connection is lost       before COMMIT was sent: again on a new connection, for five seconds
                                 after it was sent: nobody knows whether it was done, so everybody is told to send the
                                 same again, never that it succeeded. Scripts are idempotent by their ids
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from asyncpg.exceptions import ReadOnlySQLTransactionError

from tactful.errors import Busy
from tactful.store.batches import Outcome, Start
from tactful.store.footprint import Footprints, Touch
from tactful.store.lockstep import Group, Lockstep
from tactful.store.postgres_connections import (
    Connection,
    Kind,
    Link,
    TaggedRow,
    is_lost,
    is_retriable,
    read_keys,
    reraise,
    unreachable,
)
from tactful.store.translate import numbered, tagged

__all__ = ["Lanes", "Waiter"]

_TRIES = 5
_TRIES_ALONE = 10
#: A batch that lost its connection so often in a row may itself be what ends the server's processes.
_MOST_LOSSES = 3


@dataclass(slots=True)
class Waiter:
    """A script and who waits for its outcome. `last`: it stood in others' way and runs when they have ended."""

    start: Start
    future: asyncio.Future[Any]
    last: bool = False

    def tell(self, outcome: Outcome) -> None:
        """Give the caller the outcome; one that was cancelled meanwhile hears nothing."""
        if self.future.done():
            return
        if outcome.error is not None:
            self.future.set_exception(outcome.error)
        else:
            self.future.set_result(outcome.result)


class _LostError(Exception):
    """The connection is gone and the transaction with it."""


class _UnknownError(Exception):
    """The connection went while committing."""


class Lanes:
    """`count` connections that take from one queue. `alone` are the lanes for scripts that must run alone; lanes
    without them have batches of one."""

    def __init__(
        self, links: Iterable[Link], kind: Kind, footprints: Footprints, batch_max: int = 1, alone: Lanes | None = None
    ) -> None:
        self._idle = list(links)
        self._kind = kind
        self._footprints = footprints
        self._batch_max = batch_max
        self._alone = alone
        self._first: deque[Waiter] = deque()
        self._waiting: deque[Waiter] = deque()
        self._busy: dict[asyncio.Task[None], Link] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def first(self) -> int:
        """How many wait to be first."""
        return len(self._first)

    def submit(self, start: Start) -> asyncio.Future[Any]:
        """Let a script wait for its turn. The future is told its result after the commit, or its error."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.enqueue((Waiter(start, future),))
        return future

    def submit_first(self, start: Start) -> asyncio.Future[Any]:
        """Let a script have its turn before all who only wait."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._first.append(Waiter(start, future))
        self.enqueue(())
        return future

    def enqueue(self, waiters: Iterable[Waiter]) -> None:
        """Let scripts wait whose callers wait already."""
        self._waiting.extend(waiters)
        if (self._first or self._waiting) and self._idle:
            link = self._idle.pop()
            task = asyncio.create_task(self._drain(link), name=f"tactful-{self._kind}")
            self._busy[task] = link
            task.add_done_callback(self._end)

    async def close(self) -> None:
        """Finish what waits and close the connections."""
        while self._busy:
            await asyncio.wait(tuple(self._busy))
        for link in self._idle:
            await link.close()

    def _end(self, task: asyncio.Task[None]) -> None:
        link = self._busy.pop(task)
        self._idle.append(link)
        if task.cancelled():
            # Only a loop that is being torn down does this.
            link.drop()
            for waiter in (*self._first, *self._waiting):
                waiter.future.cancel()
            self._first.clear()
            self._waiting.clear()
        else:
            self.enqueue(())

    async def _drain(self, link: Link) -> None:
        batch: list[Waiter] = []
        try:
            while batch := self._take():
                self.enqueue(())
                await self._settle(link, batch)
        finally:
            for waiter in batch:
                waiter.future.cancel()

    def _take(self) -> list[Waiter]:
        batch: list[Waiter] = []
        while (queue := self._first or self._waiting) and len(batch) < self._batch_max:
            waiter = queue.popleft()
            if not waiter.future.done():
                batch.append(waiter)
        return batch

    async def _settle(self, link: Link, batch: list[Waiter]) -> None:
        """Run the batch to the end: every waiter is told, or handed to the lanes for those that run alone."""
        tries = losses = 0
        while batch and (connection := await self._connection(link, batch)) is not None:
            final: Exception | None = None
            try:
                batch = await self._try(link, connection, batch)
            except _UnknownError as error:
                link.drop()
                self._fail(batch, _unknown(error))
                batch = []
            except _LostError as error:
                link.drop()
                losses += 1
                final = unreachable() if losses == _MOST_LOSSES else None
                batch = self._divide(batch, final, error)
            except Exception as error:  # noqa: BLE001 -- an error of the batch as a whole is each caller's
                tries += 1
                batch = self._divide(batch, self._final(error, tries), error)
                if self._alone is None:
                    await asyncio.sleep(0.002 * 2**tries)

    async def _connection(self, link: Link, batch: list[Waiter]) -> Connection | None:
        """The link's connection; without one, everybody is told why."""
        before = [(queue, len(queue)) for queue in (self._first, self._waiting)]
        try:
            return await link.get()
        except Exception as error:  # noqa: BLE001 -- whatever keeps us from the server is everybody's
            # Whoever was queued before has waited for the server as long, and must not wait again.
            late = [queue.popleft() for queue, count in before for _ in range(min(count, len(queue)))]
            self._fail((*batch, *late), error)
            return None

    def _final(self, error: Exception, tries: int) -> Exception | None:
        """The error that a caller is told after so many tries; None where another try may go through."""
        if not is_retriable(error):
            return error
        return _too_many() if tries >= (_TRIES_ALONE if self._alone is None else _TRIES) else None

    def _divide(self, batch: list[Waiter], final: Exception | None, error: Exception) -> list[Waiter]:
        """Who has to be tried again here; with a `final` error, each script runs alone or, if it did, fails with it."""
        if final is None:
            return batch
        if self._alone is not None and (len(batch) > 1 or final is not error):
            self._alone.enqueue(batch)
        else:
            final.__cause__ = error if final is not error else error.__cause__
            self._fail(batch, final)
        return []

    @staticmethod
    def _fail(waiters: Iterable[Waiter], error: Exception) -> None:
        for waiter in waiters:
            # Each caller gets an error of their own: raising one adds to its traceback.
            own = Busy(error.code, error.message) if isinstance(error, Busy) else error
            waiter.tell(Outcome(error=own))

    async def _try(self, link: Link, connection: Connection, batch: list[Waiter]) -> list[Waiter]:
        """Run the batch in one transaction, tell whoever has an outcome, and return who has to run again."""
        lockstep = self._lockstep(batch)
        try:
            await link.plan_again(len(batch))
            outcomes = await self._transaction(connection, lockstep)
        except (_LostError, _UnknownError):
            raise
        except Exception as error:
            await _roll_back(connection)
            if connection.is_closed() or is_lost(error) or (self._kind == "writer" and _is_demoted(error)):
                raise _LostError from error
            if len(batch) == 1:
                reraise(error)
            raise
        if outcomes is None and len(batch) == 1:
            outcomes = lockstep.failed
        if outcomes is not None:
            for waiter, outcome in zip(batch, outcomes, strict=True):
                waiter.tell(outcome)
            return []
        return self._set_apart(batch, lockstep)

    def _lockstep(self, batch: Sequence[Waiter]) -> Lockstep:
        touches = self._footprints.of if self._kind == "writer" else _nothing
        last = {number for number, waiter in enumerate(batch) if waiter.last}
        return Lockstep([waiter.start for waiter in batch], touches, last)

    def _set_apart(self, batch: list[Waiter], lockstep: Lockstep) -> list[Waiter]:
        """Send those that failed to run alone, and return the others, to be run again."""
        lost, stuck = lockstep.lost, lockstep.stuck
        if not lost:
            assert not any(batch[number].last for number in stuck), "one by one nobody is in anybody's way"
            for number in stuck:
                batch[number].last = True
            return batch
        assert self._alone is not None
        self._alone.enqueue(batch[number] for number in lost)
        return [waiter for number, waiter in enumerate(batch) if number not in lost]

    async def _transaction(self, connection: Connection, lockstep: Lockstep) -> list[Outcome] | None:
        """Drive the scripts to their ends and commit; None, rolled back, where they cannot end together."""
        writes = self._kind == "writer"
        if writes:
            await connection.execute("BEGIN")
        while (group := lockstep.group()) is not None:
            await self._send(connection, group, lockstep)
        outcomes = lockstep.outcomes
        if outcomes is None:
            await connection.execute("ROLLBACK")
        elif writes:
            await _commit(connection, lockstep)
        return outcomes

    async def _send(self, connection: Connection, group: Group, lockstep: Lockstep) -> None:
        """Send the group's statements together and hand out the rows."""
        sql = tagged(group.sql)
        if sql is not None:
            args = [(*params, tag) for tag, params in enumerate(group.params)]
            lockstep.answer(group, await connection.fetchmany(sql, args, record_class=TaggedRow))
            return
        for params in group.params:
            await connection.execute(numbered(group.sql), *params)
        # It may have made a table.
        self._footprints.learn(await read_keys(connection))
        lockstep.answer_plain(group)


def _nothing(sql: str) -> tuple[Touch, ...]:  # noqa: ARG001 -- whoever cannot write needs no lock
    return ()


async def _commit(connection: Connection, lockstep: Lockstep) -> None:
    try:
        await connection.execute("COMMIT")
    except Exception as error:
        if not (connection.is_closed() or is_lost(error)):
            raise
        # A script that has written nothing may be run again whatever became of the commit.
        raise (_UnknownError if lockstep.wrote else _LostError) from error


async def _roll_back(connection: Connection) -> None:
    if connection.is_closed() or not connection.is_in_transaction():
        return
    try:
        await connection.execute("ROLLBACK")
    except Exception:  # noqa: BLE001 -- the server rolls back what it loses sight of
        connection.terminate()


def _is_demoted(error: Exception) -> bool:
    """Tell whether the server has become one that takes no writes, as the old primary after a failover."""
    return isinstance(error, ReadOnlySQLTransactionError)


def _unknown(error: Exception) -> Busy:
    busy = Busy(
        "outcome_unknown",
        "The connection to the database was lost while it committed, so this may be stored or not; send the same "
        "request again.",
    )
    busy.__cause__ = error
    return busy


def _too_many() -> Busy:
    return Busy("database_busy", "Too many others write to the same rows; send the same request again.")
