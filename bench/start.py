"""From exec to the first answer, and what an idle process holds in memory; the reference does the same."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.report import Line
from bench.world import Target, make_database, wait_for
from tests.support.server import environment, free_port

STARTS = 7
IDLE_S = 1.0


def _start(command: Callable[[int], list[str]], path: Path) -> tuple[float, float]:
    port = free_port()
    begun = time.perf_counter()
    process = subprocess.Popen(
        command(port), env=environment(path, f"http://127.0.0.1:{port}"), stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        answered = time.perf_counter() - begun
        time.sleep(IDLE_S)
        return answered, Target("", port, process.pid).resident_mb()
    finally:
        process.terminate()
        process.wait()


def measure(directory: Path) -> list[Line]:
    """Start both in turns."""
    path = directory / "start.db"
    make_database(path)
    commands: dict[str, Callable[[int], list[str]]] = {
        "ours": lambda port: [sys.executable, "-m", "tactful", "serve", "--port", str(port)],
        "bare": lambda port: [sys.executable, "-m", "bench.bare", str(port)],
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(STARTS):
        for name, command in commands.items():
            found[name].append(_start(command, path))
    seconds, memory = (
        {name: statistics.median(one[column] for one in found[name]) for name in commands} for column in (0, 1)
    )
    return [
        Line(
            "first answer after exec",
            f"{seconds['ours']:.2f} s",
            f"{seconds['bare']:.2f} s bare",
            f"{seconds['ours'] / seconds['bare']:.2f}",
            "<= 0.5 s",
            seconds["ours"] <= 0.5,
        ),
        Line(
            "resident, idle",
            f"{memory['ours']:.0f} MB",
            f"{memory['bare']:.0f} MB bare",
            f"{memory['ours'] / memory['bare']:.2f}",
            "<= 60 MB",
            memory["ours"] <= 60,
        ),
    ]
