"""What came for receivers, as their pages show it: the last webhooks of each with what became of them, and counts.

The last ones are kept in memory alone, on the node that took them, since they answer "why was it refused just now?".
No payload and no secret is kept. Counts are written behind, as the journal is.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import NamedTuple

from tactful.clock import Clock
from tactful.errors import TactfulError
from tactful.store.receivers import Outcome, Stored, Tally, add_tallies
from tactful.store.script import Database

__all__ = ["MOST_RECEIPTS", "Receipt", "Receipts"]

_log = logging.getLogger("tactful.receivers")

MOST_RECEIPTS = 20
_LONGEST = 200
#: Projects may have some dozens of receivers each; the lists of those that nothing came for lately give way.
_MOST_LISTS = 2_000


class Receipt(NamedTuple):
    """One webhook that came. `code` and `message` say why it was refused or ignored; `secret` is the place of the
    secret that fitted (1: still the previous one), `who` the user id, else the anonymous id or the address."""

    outcome: Outcome
    code: str
    message: str
    event: str | None = None
    who: str | None = None
    secret: int | None = None


class Receipts:
    """The last receipts of every receiver since the service started, the newest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[tuple[str, str], deque[tuple[int, Receipt]]] = {}
        self._counted: dict[tuple[str, Outcome], Tally] = {}

    def came(self, stored: Stored, receipt: Receipt) -> None:
        """Remember a receipt and count it; what is long in it is cut."""
        now = self._clock.now_ms()
        key = (stored.project_id, stored.receiver_id)
        last = self._last.pop(key, None) or deque(maxlen=MOST_RECEIPTS)
        event, who = receipt.event, receipt.who
        last.append((now, receipt._replace(event=event and event[:_LONGEST], who=who and who[:_LONGEST])))
        self._last[key] = last
        if len(self._last) > _MOST_LISTS:
            del self._last[next(iter(self._last))]
        self._count(Tally(stored.receiver_id, receipt.outcome, 1, now))

    def _count(self, tally: Tally) -> None:
        key = (tally.receiver_id, tally.outcome)
        before = self._counted.get(key)
        if before is not None:
            tally = tally._replace(times=before.times + tally.times, last_at=max(before.last_at, tally.last_at))
        self._counted[key] = tally

    def last(self, project_id: str, receiver_id: str) -> list[tuple[int, Receipt]]:
        """The last receipts of a receiver with their times (milliseconds), the newest first."""
        return list(reversed(self._last.get((project_id, receiver_id), ())))

    def uncounted(self, receiver_id: str) -> dict[Outcome, Tally]:
        """What came for a receiver since the counts were written last, by outcome."""
        return {outcome: tally for (one, outcome), tally in self._counted.items() if one == receiver_id}

    def forget(self, project_id: str) -> None:
        """Let go of the project's last receipts: somebody whom they name was erased."""
        for key in [key for key in self._last if key[0] == project_id]:
            del self._last[key]

    async def write(self, db: Database) -> None:
        """Write the counts. What the database refuses is kept for the next time."""
        counted, self._counted = self._counted, {}
        if not counted:
            return
        try:
            await db.run(add_tallies, list(counted.values()))
        except TactfulError as refused:
            _log.warning("What came for receivers could not be counted yet (%s); it is kept.", refused.code)
            for tally in counted.values():
                self._count(tally)
