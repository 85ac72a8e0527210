"""A clock that stands where it was set."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START = 1_795_000_000_000


@dataclass
class SetClock:
    """A `Clock` for tests: time passes only when the test says so.

    A PostgreSQL server keeps its own time. `files` are read by the `now_ms()` of test databases at every call
    (tests/support/postgres.py), so what a test sets is what a statement reads after its lock, at once.
    """

    now: int = START
    files: list[Path] = field(default_factory=list, repr=False, compare=False)
    jumped: int = 0

    def now_ms(self) -> int:
        return self.now

    def steady_ms(self) -> int:
        return self.now - self.jumped

    def advance(self, by_ms: int) -> None:
        self.now += by_ms

    def jump(self, by_ms: int) -> None:
        """Set the clock forward or back without time passing."""
        self.jumped += by_ms
        self.now += by_ms

    def follow(self, file: Path) -> None:
        """Write the time into `file` from now on, whenever it is set."""
        _write(file, self.now)
        self.files.append(file)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "now":
            for file in getattr(self, "files", ()):
                _write(file, value)


def _write(file: Path, now: int) -> None:
    # One write of one length: whoever reads meanwhile finds the old time or the new one.
    with file.open("r+b" if file.exists() else "wb") as opened:
        opened.write(b"%020d" % now)
