"""Batches of 100 messages where nothing, a hundredth, or all of it is watched, each beside the bare route.

    python -m bench ingest

The bare route parses the same body with orjson and answers. Messages are as segment-analytics-python sends them, each
of another person. Nothing is kept in the first three; the last one keeps all, as a new project does. A round with the
reference precedes every one of ours.

The last line is about everybody else: the longest that another request waits while a body of nearly 5 MiB is taken.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from bench.report import Line
from bench.world import WATCHED, Target, bare_server, get, load
from tactful.clock import SystemClock
from tactful.web.bodies import INGEST_LIMIT
from tests.support.server import serving
from tests.support.service import NO_RULES, a_survey, make_project

BATCH = 100
BATCHES = 400
#: Fewer where every message is written.
WRITTEN_BATCHES = 40
ROUNDS = 5
PEOPLE = 1_000
PEERS = 8
#: Messages in a body of nearly 5 MiB.
TINY = 95_000
#: Few enough that what waits for the database stays below what is let in.
CONNECTIONS = 8

Jobs = list[list[list[str]]]

_numbers = itertools.count()


@dataclass
class Case:
    """One mixture: how many messages of a batch are watched, its budget, and events a second of (bare, ours)."""

    what: str
    watched: int
    budget: float | None = None
    kept: bool = False
    rounds: list[tuple[float, float]] = field(default_factory=list)

    @property
    def batches(self) -> int:
        return WRITTEN_BATCHES if self.kept or self.watched == BATCH else BATCHES


CASES = (
    Case("nothing watched", 0, 0.5),
    Case("1 % watched", 1),
    Case("all watched", BATCH),
    Case("nothing watched, all kept", 0, kept=True),
)


def _message(event: str) -> dict[str, object]:
    number = next(_numbers)
    return {
        "integrations": {},
        "anonymousId": None,
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
        "event": event,
        "messageId": f"2edefd7b-c087-40eb-bc15-{number:012d}",
        "properties": {"ticket_id": f"T-{number}", "agent": "Maya", "amount": 12.5, "tags": ["a", "b"], "plan": "pro"},
        "timestamp": "2026-11-21T18:20:25.505000+00:00",
        "type": "track",
        "userId": f"user-{number % PEOPLE}",
    }


def _jobs(write_key: str, case: Case) -> Jobs:
    def batch() -> str:
        names = [WATCHED[0] if at < case.watched else f"Nobody Waits {at % PEERS}" for at in range(BATCH)]
        body = {"batch": [_message(name) for name in names], "sentAt": "2026-11-21T18:20:26Z", "writeKey": write_key}
        return json.dumps(body, separators=(",", ":"))

    return [[["/v1/batch", batch()]] for _ in range(case.batches)]


def _rate(target: Target, jobs: Jobs) -> float:
    """Events a second."""
    return len(jobs) * BATCH / float(load(target, jobs, connections=CONNECTIONS)["elapsed"])


@contextlib.contextmanager
def _ours(path: Path, *, kept: bool) -> Iterator[tuple[Target, str]]:
    """The service on a project whose survey counts the first watched event and may always ask; and its write key."""
    trigger = {"any": [{"event": WATCHED[0], "source": "server"}]}
    project = make_project(path, SystemClock(), surveys=(a_survey(trigger=trigger),), policy=NO_RULES)
    if not kept:
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE projects SET keep_events_ms = 0")
    with serving(path) as server:
        yield Target("tactful", int(server.url.rpartition(":")[2]), server.process.pid), project.write_key


def measure(directory: Path, cases: tuple[Case, ...] = CASES, rounds: int = ROUNDS) -> list[Line]:
    """Run all cases in turns, the reference before each of them."""
    with (
        bare_server() as bare,
        _ours(directory / "watched.db", kept=False) as watched,
        _ours(directory / "kept.db", kept=True) as kept,
    ):
        for _ in range(rounds + 1):  # the first fills every cache and meets everybody
            for case in cases:
                target, write_key = kept if case.kept else watched
                jobs = _jobs(write_key, case)
                case.rounds.append((_rate(bare, jobs), _rate(target, jobs)))
        stalls = [_longest_wait(target, write_key) for target, write_key in (watched, (bare, ""))]
    return [*(_line(case) for case in cases), _line_of_waits(*stalls)]


def _longest_wait(target: Target, write_key: str) -> float:
    """The longest that another request waits while 5 MiB of tiny messages are taken, in ms; the median of some."""
    message = '{"type":"track","event":"Nobody Waits","userId":"u"}'
    body = f'{{"writeKey":"{write_key}","batch":[{",".join([message] * TINY)}]}}'.encode()
    assert len(body) <= INGEST_LIMIT
    return statistics.median(_wait_beside(target, body) for _ in range(ROUNDS))


def _wait_beside(target: Target, body: bytes) -> float:
    waits = [0.0]
    with ThreadPoolExecutor(1) as pool:
        taking = pool.submit(_post, target, body)
        while not taking.done():
            begun = time.perf_counter()
            get(f"http://127.0.0.1:{target.port}/healthz")
            waits.append((time.perf_counter() - begun) * 1_000)
        assert taking.result() == HTTPStatus.OK
    return max(waits)


def _post(target: Target, body: bytes) -> int:
    connection = HTTPConnection("127.0.0.1", target.port, timeout=60)
    connection.request("POST", "/v1/batch", body)
    return connection.getresponse().status


def _line_of_waits(ours: float, bare: float) -> Line:
    what = f"  longest wait beside {TINY:,} messages at once"
    return Line(what, f"{ours:.0f} ms", f"{bare:.0f} ms bare", f"{ours / bare:.2f}", "", None)


def _line(case: Case) -> Line:
    rounds = case.rounds[1:]
    ratios = [ours / bare for bare, ours in rounds]
    ratio = statistics.median(ratios)
    bare, ours = (statistics.median(one[side] for one in rounds) for side in (0, 1))
    return Line(
        f"batches of {BATCH}: {case.what}",
        f"{ours:,.0f} events/s",
        f"{bare:,.0f}/s bare",
        f"{ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
        f">= {case.budget} x" if case.budget else "",
        ratio >= case.budget if case.budget else None,
    )
