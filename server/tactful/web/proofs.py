"""The report of who would be refused: what came of the proofs that pages gave, and which secrets made them.

Counted in memory and written behind, like everything that nothing is decided by. It holds a count for each project, day
and outcome, of which there are a dozen, and no id of anybody, so it is bounded by itself and there is nothing in it to
be erased. In the mode `off` nobody is expected to sign, so only what is refused is counted.
"""

from __future__ import annotations

import logging

from tactful.clock import Clock
from tactful.core.spans import DAY_MS
from tactful.errors import TactfulError
from tactful.identity import Belief, Refused, believe
from tactful.store.identity import IdentityCount, add_counts, mark_used
from tactful.store.projects import Config
from tactful.store.script import Database
from tactful.web.wire import IdentityPart

__all__ = ["Proofs"]

_log = logging.getLogger("tactful.proofs")

_Key = tuple[str, int, str]


class Proofs:
    """What this process has counted and not written yet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[_Key, tuple[int, int, str]] = {}
        self._used: dict[tuple[str, str], int] = {}

    def judge(self, config: Config, part: IdentityPart, origin: str | None) -> Belief:
        """Decide what a page's claim is worth, and count it. Raises `Refused`."""
        now = self._clock.now_ms()
        try:
            belief = believe(part.claim, config.identity, now)
        except Refused as refused:
            self._note(config, refused.reason, origin, now)
            raise
        for secret_id in belief.secret_ids:
            self._used[config.project_id, secret_id] = now
        if config.identity.mode != "off" and (belief.secret_ids or belief.unsigned):
            self._note(config, "signed" if belief.secret_ids else "unsigned", origin, now)
        return belief

    def guarded(self, config: Config, origin: str | None) -> None:
        """Count a request by which somebody known was spoken for by their browser alone, where that takes a proof or
        will take one."""
        if config.identity.mode != "off":
            self._note(config, "browser", origin, self._clock.now_ms())

    def _note(self, config: Config, outcome: str, origin: str | None, now: int) -> None:
        key = (config.project_id, now // DAY_MS, outcome)
        times = self._counts[key][0] if key in self._counts else 0
        self._counts[key] = (times + 1, now, origin or "app")

    async def write(self, db: Database) -> None:
        """Write everything that was counted. What the database refuses is kept for the next time."""
        counts, self._counts = self._counts, {}
        used, self._used = self._used, {}
        try:
            if counts:
                await db.run(add_counts, [IdentityCount(*key, *counted) for key, counted in counts.items()])
                counts = {}
            if used:
                await db.run(mark_used, used)
        except TactfulError as refused:
            _log.warning("How identities were proved could not be written yet (%s); it is kept.", refused.code)
            self._take_back(counts, used)

    def _take_back(self, counts: dict[_Key, tuple[int, int, str]], used: dict[tuple[str, str], int]) -> None:
        for key, (times, at, origin) in counts.items():
            since, last_at, last_origin = self._counts.get(key, (0, at, origin))
            self._counts[key] = (since + times, last_at, last_origin)
        self._used = used | self._used
