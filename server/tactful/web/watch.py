"""The clock's watch: looks once a second whether the time can be believed, and stops asking where it cannot.

What counts is the database's clock, read with the statement that reads the alarm: on SQLite this machine's, on
PostgreSQL the server's. The judgement is `core/clockwatch.py`'s, the alarm is kept in the database, so that every node
stops and a restart changes nothing. Before an ask two local clocks are compared, which costs a microsecond, so that
none slips through between two looks where the local clock is the one that counts.
"""

from __future__ import annotations

import logging

from tactful.clock import Clock
from tactful.core.clockwatch import Jump, Reading, at_start, base_after, while_running
from tactful.core.spans import MINUTE_MS, format_span
from tactful.store.script import Database, Row
from tactful.store.stops import mark_clock, raise_alarm, read_clock

__all__ = ["ClockWatch"]

_log = logging.getLogger("tactful.clock")

#: The mark is written this often: a restart tells a clock set back by five minutes from one that is right.
MARK_EVERY_MS = MINUTE_MS


class ClockWatch:
    """What this process knows of the clock. `alarm` is that of the last look."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._base: Reading | None = None
        self._local = Reading(0, 0)
        self.alarm: Jump | None = None

    def jumped(self) -> bool:
        """Tell whether this machine's clock has jumped since the last look."""
        return while_running(self._local, self._read()) is not None

    def _read(self) -> Reading:
        return Reading(self._clock.now_ms(), self._clock.steady_ms())

    async def look(self) -> bool:
        """Look at the clock, and stop asking if it jumped; tell whether that is new. Raises as the database does."""
        self._local = self._read()
        row = await self._db.read(read_clock)
        now = Reading(row["now"], self._local.steady)
        base, self._base = self._base, now if self._base is None else base_after(self._base, now)
        found = at_start(now.wall, row["mark"]) if base is None else while_running(base, now)
        if found is not None:
            self._base = now
            return await self._stop(found, row)
        self.alarm = _alarm_of(row)
        if self.alarm is not None and base is None:
            _log.critical("The clock is still not believed: %s", _words(self.alarm))
        if self.alarm is None and now.wall - row["mark"] >= MARK_EVERY_MS:
            await self._db.run(mark_clock)
        return False

    async def _stop(self, jump: Jump, row: Row) -> bool:
        raised = await self._db.run(raise_alarm, jump)
        self.alarm = jump if raised else _alarm_of(row) or jump
        if raised:
            _log.critical("The clock is not believed: %s", _words(jump))
        return raised


def _alarm_of(row: Row) -> Jump | None:
    return None if row["alarm"] is None else Jump(row["alarm"], row["alarm_by"])


def _words(jump: Jump) -> str:
    away = format_span(jump.by_ms - jump.by_ms % 1_000)
    return (
        f"it is {away} {jump.way} of where it was left. Nobody is asked anything until somebody has looked at it "
        "and said `tactful doctor --clock accept`. Responses are taken."
    )
