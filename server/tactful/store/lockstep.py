"""Many scripts in one PostgreSQL transaction: who may go on, and which statements are sent together.

A transaction costs a commit and every statement a round trip, so scripts share both. All that wait for a statement of
the same text are sent as one group; a batch of asks takes some eight round trips and one commit, however many it has.

**What is hard.** Row locks do not keep scripts of one transaction apart: the second of two scripts that lock the same
person is let through at once, sees the first one half done, and both ask. So locks are kept here as well, before a
statement is sent, for ranges of rows (store/footprint.py):

1. *Nobody sees another half done.* What a script wrote is its own until it ends; whoever wants to read or write a range
   that overlaps waits until then. When it has ended, what it did may be seen: both commit together or not at all, so it
   is as if the first had committed before.
2. *Who has only read begins anew.* If a script wants to write what another has read, and that other has written
   nothing yet, the reader is put back to its beginning and waits until the writer has ended. It then takes what it
   reads as if it wrote it, so that a crowd at one row passes it in single file instead of putting each other back.
3. *Who has written keeps going.* What a script reads after its first write is not guarded against later writers, as it
   is not between transactions of PostgreSQL (READ COMMITTED) either. A script that must be right there takes its lock
   (a write) before it reads; that is what `LOCK_PERSON` is for.

So scripts of one batch are kept apart at least as well as transactions of their own. `Lockstep` decides this and does
no I/O; store/lanes.py sends what it says.

**What does not go on.** An exception in a script that has written nothing is that script's alone. After a write, its
writes are in the shared transaction and cannot be taken back one by one; nor can two scripts go on that wait for each
other. Then the transaction is rolled back. Those that failed (`lost`) run alone, each in a transaction of its own,
which is the same engine with a batch of one. Those that stood in each other's way (`stuck`) run again with the others,
but one by one when the others have ended, so that nobody is in anybody's way.

Groups of locking statements are sorted by what they lock, so two processes that lock the same people meet in the same
order; whoever still deadlocks is rolled back by the server and tries again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tactful.store.batches import Outcome, Start
from tactful.store.footprint import Range, Touch
from tactful.store.script import Statement

__all__ = ["Group", "Lockstep", "Touches"]

#: What a statement touches, by its text.
Touches = Callable[[str], Sequence[Touch]]


@dataclass(slots=True, eq=False)
class _Task:
    """One script under way. `wrote`: its rows cannot be taken back alone. `careful`: it was put back once."""

    number: int
    start: Start
    script: Generator[Statement, Any, Any] | None = None
    statement: Statement | None = None
    wants: list[tuple[Range, bool]] = field(default_factory=list)
    wrote: bool = False
    careful: bool = False
    outcome: Outcome | None = None


class Group(NamedTuple):
    """Statements of one text to be sent together. `writes` tells whether an answered row means a changed one."""

    sql: str
    tasks: tuple[_Task, ...]

    @property
    def params(self) -> list[tuple[Any, ...]]:
        return [task.statement.params for task in self.tasks if task.statement is not None]


class _Held:
    """Who holds which ranges. A range is entered under each of its beginnings, so overlaps are found by looking up."""

    def __init__(self) -> None:
        self._at: dict[Range, dict[_Task, None]] = {}
        self._below: dict[Range, dict[_Task, None]] = {}
        self._of: dict[_Task, set[Range]] = {}

    def others(self, task: _Task, wanted: Range) -> Iterator[_Task]:
        """Everybody else who holds a range that overlaps; the same one more than once."""
        for length in range(len(wanted) + 1):
            if holders := self._at.get(wanted[:length]):
                yield from (holder for holder in holders if holder is not task)
        if holders := self._below.get(wanted):
            yield from (holder for holder in holders if holder is not task)

    def add(self, task: _Task, held: Range) -> None:
        own = self._of.setdefault(task, set())
        if held not in own:
            own.add(held)
            self._at.setdefault(held, {})[task] = None
            for length in range(len(held)):
                self._below.setdefault(held[:length], {})[task] = None

    def drop(self, task: _Task) -> None:
        for held in self._of.pop(task, ()):
            _forget(self._at, held, task)
            for length in range(len(held)):
                _forget(self._below, held[:length], task)


def _forget(entries: dict[Range, dict[_Task, None]], key: Range, task: _Task) -> None:
    holders = entries.get(key)
    if holders is not None:
        holders.pop(task, None)
        if not holders:
            del entries[key]


class Lockstep:
    """One batch under way: `group` says what to send next, `answer` takes what came back, until there is no group."""

    def __init__(self, starts: Sequence[Start], touches: Touches, last: Collection[int] = ()) -> None:
        self._tasks = [_Task(number, start) for number, start in enumerate(starts)]
        self._touches = touches
        self._last = deque(task for task in self._tasks if task.number in last)
        self._written = _Held()
        self._read = _Held()
        self._ready: dict[_Task, None] = {}
        self._granted: dict[str, dict[_Task, None]] = {}
        self._waiting: dict[_Task, list[_Task]] = {}
        for task in self._tasks:
            if task.number not in last:
                self._begin(task)

    def group(self) -> Group | None:
        """The largest group that may be sent now; None when every script has ended or none can go on."""
        self._grant_all()
        while not self._granted and self._last and self._all_ended():
            self._begin(self._last.popleft())
            self._grant_all()
        if not self._granted:
            return None
        sql = max(self._granted, key=lambda text: len(self._granted[text]))
        tasks = self._granted.pop(sql)
        if not any(writes for _, writes in next(iter(tasks)).wants):
            return Group(sql, tuple(tasks))
        return Group(sql, tuple(sorted(tasks, key=lambda task: str(task.wants[0]))))

    def answer(self, group: Group, rows: Iterable[Any]) -> None:
        """Give each script of `group` its rows; the last column of each is its script's place in the group."""
        found: list[list[Any]] = [[] for _ in group.tasks]
        for row in rows:
            found[row[-1]].append(row)
        for task, own in zip(group.tasks, found, strict=True):
            assert task.statement is not None
            task.wrote = task.wrote or (bool(own) and any(writes for _, writes in self._writes(task)))
            self._advance(task, _wanted(task.statement, own))

    def answer_plain(self, group: Group) -> None:
        """Go on after a statement that has no rows and may have changed anything, such as a table's definition."""
        for task in group.tasks:
            task.wrote = True
            self._advance(task, 0)

    @property
    def outcomes(self) -> list[Outcome] | None:
        """Each script's outcome in order, to be told after the commit; None if the transaction has to be taken back."""
        found = [task.outcome for task in self._tasks if task.outcome is not None]
        return (
            found if len(found) == len(self._tasks) and not any(self._is_lost(task) for task in self._tasks) else None
        )

    @property
    def failed(self) -> list[Outcome]:
        """The outcomes of a batch that is rolled back, where every script has one: that of a script alone."""
        return [task.outcome for task in self._tasks if task.outcome is not None]

    @property
    def wrote(self) -> bool:
        """Tell whether the transaction has changed anything."""
        return any(task.wrote for task in self._tasks)

    @property
    def lost(self) -> frozenset[int]:
        """The places of the scripts that failed after they had written."""
        return frozenset(task.number for task in self._tasks if self._is_lost(task))

    @property
    def stuck(self) -> frozenset[int]:
        """The places of the scripts that have not ended."""
        return frozenset(task.number for task in self._tasks if task.outcome is None)

    @staticmethod
    def _is_lost(task: _Task) -> bool:
        return task.wrote and task.outcome is not None and task.outcome.error is not None

    def _all_ended(self) -> bool:
        return not self.lost and all(task.outcome is not None or task.script is None for task in self._tasks)

    def _grant_all(self) -> None:
        while self._ready:
            task = next(iter(self._ready))
            del self._ready[task]
            self._grant(task)

    def _begin(self, task: _Task) -> None:
        task.statement = None
        try:
            task.script = task.start()
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is the caller's and not the batch's
            task.outcome = Outcome(error=error)
            return
        self._advance(task, None)

    def _advance(self, task: _Task, answer: Any) -> None:
        assert task.script is not None
        try:
            statement = task.script.send(answer)
        except StopIteration as finished:
            self._end(task, Outcome(result=finished.value))
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is the caller's and not the batch's
            self._end(task, Outcome(error=error))
        else:
            task.statement = statement
            touched = self._touches(statement.sql)
            task.wants = [(touch.of(statement.params), touch.writes) for touch in touched]
            self._ready[task] = None

    def _end(self, task: _Task, outcome: Outcome) -> None:
        task.outcome = outcome
        task.statement = None
        # What it wrote stays its own if it failed: nobody may build on what will be taken back.
        if not self._is_lost(task):
            self._release(task)

    def _release(self, task: _Task) -> None:
        self._written.drop(task)
        self._read.drop(task)
        for waiter in self._waiting.pop(task, ()):
            if waiter.script is None:
                self._begin(waiter)
            else:
                self._ready[waiter] = None

    def _writes(self, task: _Task) -> Iterator[tuple[Range, bool]]:
        return ((wanted, writes) for wanted, writes in task.wants if writes)

    def _grant(self, task: _Task) -> None:
        """Let the task's statement be sent, unless it has to wait for somebody."""
        careful = task.careful and not task.wrote
        wants = [(wanted, writes or careful) for wanted, writes in task.wants]
        readers: dict[_Task, None] = {}
        for wanted, writes in wants:
            for holder in self._written.others(task, wanted):
                self._waiting.setdefault(holder, []).append(task)
                return
            if writes:
                readers.update((holder, None) for holder in self._read.others(task, wanted) if not holder.wrote)
        for reader in readers:
            self._put_back(reader, behind=task)
        for wanted, writes in wants:
            if writes:
                self._written.add(task, wanted)
            elif not task.wrote:
                self._read.add(task, wanted)
        assert task.statement is not None
        self._granted.setdefault(task.statement.sql, {})[task] = None

    def _put_back(self, task: _Task, behind: _Task) -> None:
        """Let `task`, which has only read, begin anew when `behind` has ended."""
        assert task.script is not None
        assert task.statement is not None
        task.script.close()
        granted = self._granted.get(task.statement.sql, {})
        granted.pop(task, None)
        if not granted:
            self._granted.pop(task.statement.sql, None)
        self._ready.pop(task, None)
        for waiters in self._waiting.values():
            if task in waiters:
                waiters.remove(task)
        task.script = None
        task.careful = True
        self._waiting.setdefault(behind, []).append(task)
        self._release(task)


def _wanted(statement: Statement, rows: list[Any]) -> Any:
    if statement.wants == "rows":
        return rows
    if statement.wants == "one":
        return rows[0] if rows else None
    return len(rows)
