"""Other processes: which there are, and waiting for what they do."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

__all__ = ["WITHIN_S", "is_alive", "until", "workers_of"]

WITHIN_S = 60.0


def workers_of(pid: int) -> set[int]:
    """The processes that `pid` started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return {int(one) for one in found.stdout.split()}


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and that nobody has asked about runs no more."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


def until(true: Callable[[], bool]) -> None:
    """Wait until `true()` is."""
    give_up_at = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
