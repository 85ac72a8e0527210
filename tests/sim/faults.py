"""What goes wrong inside a transaction: a process that dies between two statements, a disk that fills up.

A transaction of the product is a generator that yields statements, so a fault is a generator around it: nothing of the
product is replaced. `tick_ms` passes on the database's clock while the script waits for its turn, so that a time that
was read before the lock is never the time after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tactful.errors import StorageFull
from tactful.store.script import Script

__all__ = ["RUNNING", "Batch", "Call", "Died", "Outcome", "Watch"]


class Died(BaseException):
    """The process is gone. No `Exception`: nothing of the product may catch it and go on."""


@dataclass(eq=False, slots=True)
class Call:
    """One transaction that a node was asked for. `now` is the database's clock when it ran, told by the harness."""

    script: Callable[..., Script[Any]]
    args: tuple[Any, ...]
    tick_ms: int = 0
    #: The statement at which the disk is full (and whether that takes the whole transaction down); None: never.
    full_at: int | None = None
    takes_all: bool = False
    counts_for_death: bool = True
    sent_at: int = 0
    now: int = 0
    node: int = 0
    #: The how manieth script it was that ended.
    place: int = 0
    filled: bool = False
    #: What others read without a lock is changed by this: whoever asks at the same moment may find it done or not.
    apart: bool = False
    #: The request that it is made for, and what that was understood as.
    note: Any = None
    told: Any = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a transaction came to, told after its commit."""

    call: Call
    result: Any = None
    error: Exception | None = None


@dataclass(eq=False, slots=True)
class Batch:
    """What one node is asked at once. It dies before its `die_at`-th statement; past the last one: after the commit,
    before anybody heard (`None`: it lives)."""

    node: int
    calls: list[Call]
    die_at: int | None = None


@dataclass(eq=False, slots=True)
class Running:
    """Which transaction is under way: what a mutant may know that the product does not."""

    call: Call | None = None


RUNNING = Running()


@dataclass(eq=False, slots=True)
class Watch:
    """Counts the statements of one batch, and lets its process die."""

    die_at: int | None = None
    seen: int = 0
    fired: set[int] = field(default_factory=set)

    def script(self, call: Call, tick: Callable[[int], int], drop: Callable[[], None]) -> Script[Any]:
        """`call`'s script with its faults around it."""
        # A batch that was lost runs its scripts again, at the time that it is then.
        call.now = tick(0 if id(call) in self.fired else call.tick_ms)
        self.fired.add(id(call))
        RUNNING.call = call
        inner = call.script(*call.args)
        answer: Any = None
        number = 0
        while True:
            try:
                statement = inner.send(answer)
            except StopIteration as end:
                return end.value
            if call.counts_for_death:
                if self.seen == self.die_at:
                    raise Died
                self.seen += 1
            if number == call.full_at:
                call.full_at, call.filled = None, True
                if call.takes_all:
                    drop()
                raise StorageFull("storage_full", "The disk is full.")
            number += 1
            answer = yield statement
