"""The simulation's nodes on PostgreSQL: each is a `PostgresDatabase` of its own, with its own connections.

Within a node the batch runs as the product runs it, many scripts in lockstep in one transaction; the nodes take turns,
so that one seed is one run here too. (What processes do to each other at the same moment is what the races of
`test_nodes_race.py` are about.) Scripts are told in the order in which they ended: whoever stood in another's way
ended after it. What changes counts without locking them, as a response does, goes before, by itself. A
process that dies closes its connections in the middle of the transaction, and a new one takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tactful.identity import Identity
from tactful.store.postgres import PostgresDatabase
from tactful.store.script import Script
from tests.sim.faults import Batch, Call, Died, Outcome, Watch
from tests.support.clock import SetClock
from tests.support.postgres import the_postgres

__all__ = ["PostgresStore"]


@dataclass(eq=False)
class _Order:
    """In which order scripts ended: each run of a script takes its place anew."""

    ended: int = 0

    def script(self, watch: Watch, call: Call, now: int) -> Script[Any]:
        def nothing() -> None:
            """A full disk of the server ends one script, never the batch."""

        inner = watch.script(call, lambda _: now, nothing)
        try:
            result = yield from inner
        except Exception:
            self._place(call)
            raise
        self._place(call)
        return result

    def _place(self, call: Call) -> None:
        self.ended += 1
        call.place = self.ended


class PostgresStore:
    """`Store` on a PostgreSQL database of its own."""

    name = "postgres"

    def __init__(self, nodes: int, now: int) -> None:
        self.clocks = [SetClock(now) for _ in range(nodes)]
        self._server = SetClock(now)
        self._url = the_postgres().fresh_database(self._server)
        # Nothing here is about power.
        name = self._url.rpartition("/")[2]
        the_postgres().execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)
        self._databases = [self._open(node) for node in range(nodes)]

    def _open(self, node: int) -> PostgresDatabase:
        return self._loop.run_until_complete(PostgresDatabase.open(self._url, self.clocks[node], durability="any"))

    def close(self) -> None:
        for database in self._databases:
            self._loop.run_until_complete(database.close())
        self._loop.close()
        the_postgres().execute(f"DROP DATABASE {self._url.rpartition('/')[2]} WITH (FORCE)")

    def set_times(self, wall: int, skews: Sequence[int]) -> None:
        self._server.now = wall
        for clock, skew in zip(self.clocks, skews, strict=True):
            clock.now = wall + skew

    def database_now(self, node: int) -> int:  # every node is told the server's time
        return self._server.now

    def together(self, batches: Sequence[Batch]) -> tuple[list[Outcome], list[int]]:
        outcomes: list[Outcome] = []
        dead: list[int] = []
        for batch in batches:
            watch, died = Watch(batch.die_at), False
            for calls in _groups(batch.calls):
                if not died:
                    found, died = self._loop.run_until_complete(self._one(batch.node, calls, watch))
                    outcomes += sorted(found, key=lambda outcome: outcome.call.place)
            if died:
                dead.append(batch.node)
                self._bury(batch.node)
        return outcomes, dead

    async def _one(self, node: int, calls: list[Call], watch: Watch) -> tuple[list[Outcome], bool]:
        """Ask the node everything at once; what was committed, and whether it died.

        A script that fails is run again by itself, after the others were committed, so a death may come in between."""
        order, database = _Order(), self._databases[node]
        waiting = [database.run(partial(order.script, watch, call, self._server.now)) for call in calls]
        found = await asyncio.gather(*waiting, return_exceptions=True)
        gone = [isinstance(one, asyncio.CancelledError | Died) for one in found]
        pairs = zip(calls, found, gone, strict=True)
        return [_outcome(call, one) for call, one, is_gone in pairs if not is_gone], any(gone)

    def _bury(self, node: int) -> None:
        """Break off every connection of a process that is gone."""
        for link in _links(self._databases[node]):
            link.drop()
        with contextlib.suppress(Exception):
            self._loop.run_until_complete(self._databases[node].close())
        self._databases[node] = self._open(node)

    def read(self, node: int, script: Callable[..., Script[Any]], *args: Any) -> Any:
        return self._loop.run_until_complete(self._databases[node].read(script, *args))

    def alone(self, script: Callable[..., Script[Any]], *args: Any) -> Any:
        return self._loop.run_until_complete(self._databases[0].run(script, *args))


def _groups(calls: Sequence[Call]) -> Iterator[list[Call]]:
    """What is asked at once. By itself goes what counts without locks, and what will or may fail: that is run again
    beside the others, and which of them ends first is nobody's seed's choice."""
    yield from ([call] for call in calls if call.apart)
    together = [call for call in calls if not call.apart and not _may_fail(call)]
    if together:
        yield together
    yield from ([call] for call in calls if not call.apart and _may_fail(call))


def _may_fail(call: Call) -> bool:
    """A disk is full, or whoever is at the page may act for nobody known, which shows only after the lock."""
    return call.full_at is not None or any(isinstance(arg, Identity) and arg.guarded for arg in call.args)


def _links(database: PostgresDatabase) -> Iterator[Any]:
    for lanes in database._lanes:
        yield from (*lanes._idle, *lanes._busy.values())


def _outcome(call: Call, found: Any) -> Outcome:
    if isinstance(found, Exception):
        return Outcome(call, error=found)
    return Outcome(call, result=found)
