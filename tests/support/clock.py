"""A clock that stands where it was set."""

from __future__ import annotations

from dataclasses import dataclass

START = 1_795_000_000_000


@dataclass
class SetClock:
    """A `Clock` for tests: time passes only when the test says so."""

    now: int = START

    def now_ms(self) -> int:
        return self.now

    def advance(self, by_ms: int) -> None:
        self.now += by_ms
