"""Idle live streams: what each costs in memory, and what all of them cost everybody else.

`python -m bench live`. A request's time is that of an event that nothing waits for, sent at a
fixed rate, before the streams are open and while they are, for longer than a heart's beat.
"""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson

from bench.report import Line
from bench.world import Target, get, load
from tactful.clock import SystemClock
from tests.support.server import serving
from tests.support.service import NO_RULES, a_survey, make_project

STREAMS = 5_000
BUDGET_KB = 20
RATE = 200
#: Longer than a heartbeat, so that every heart beats meanwhile.
PACED_S = 25
FILES = 16_384


@contextlib.contextmanager
def _streams(target: Target, passed: str, users: list[str]) -> Iterator[list[str]]:
    """Hold one stream open for each user during the block; what came is in the list afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.live_client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    came: list[str] = []
    try:
        plan = {"port": target.port, "passed": passed, "users": users}
        process.stdin.write(orjson.dumps(plan) + b"\n")
        process.stdin.flush()
        if process.stdout.readline() != b"open\n":
            raise RuntimeError("the streams did not open")
        yield came
        process.stdin.write(b"\n")
        process.stdin.flush()
        came += process.stdout.readline().decode().split()
    finally:
        process.kill()
        process.wait()


def _times(target: Target, passed: str) -> tuple[float, float]:
    """p50 and p99 of the request that decides nothing, in ms, at a fixed rate."""
    message = {"type": "track", "event": "Nobody Waits"}
    bodies = (
        {"pass": passed, "identity": {"user_id": "somebody"}, "events": [message | {"message_id": f"m{number}"}]}
        for number in range(int(RATE * PACED_S))
    )
    jobs = [[["/w/events", orjson.dumps(body).decode()]] for body in bodies]
    seconds = sorted(load(target, jobs, rate=RATE)["seconds"])
    return seconds[len(seconds) // 2] * 1_000, seconds[len(seconds) * 99 // 100] * 1_000


def measure(directory: Path, streams: int = STREAMS) -> list[Line]:
    """Measure requests without and with the streams, and the streams' memory, on one server."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))
    trigger = {"any": [{"event": "Ticket Closed", "source": "server"}]}
    path = directory / "live.db"
    project = make_project(path, SystemClock(), surveys=(a_survey(trigger=trigger),), policy=NO_RULES)
    with serving(path) as server:
        target = Target("tactful", int(server.url.rpartition(":")[2]), server.process.pid)
        passed = orjson.loads(get(f"{server.url}/w/{project.public_key}.json"))["pass"]
        with _streams(target, passed, [f"early-{number}" for number in range(100)]):
            pass  # what is loaded once is loaded
        without = _times(target, passed)
        before = target.resident_mb()
        with _streams(target, passed, [f"user-{number}" for number in range(streams)]) as came:
            after = target.resident_mb()
            beside = _times(target, passed)
    each_kb = (after - before) * 1_024 / streams
    beats = int(came[0]) - streams
    return [
        Line(
            f"memory per idle live stream ({streams})", f"{each_kb:.1f} kB", f"{before:.0f} -> {after:.0f} MB", "-",
            f"<= {BUDGET_KB} kB", each_kb <= BUDGET_KB,
        ),
        _compared("p50 of an event beside them", without[0], beside[0]),
        _compared("p99 of an event beside them", without[1], beside[1]),
        Line(f"hearts beaten in {PACED_S} s", str(beats), f"{streams} streams", "-", "each once", beats >= streams),
    ]  # fmt: skip


def _compared(what: str, without: float, beside: float) -> Line:
    return Line(what, f"{beside:.2f} ms", f"{without:.2f} ms without", f"{beside / without:.2f}", "-", None)
