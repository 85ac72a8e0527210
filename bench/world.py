"""What is measured: a project in a temporary database, the service on it, and the reference beside it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tactful.clock import SystemClock
from tests.support.server import free_port, serving
from tests.support.service import NO_RULES, SITE, a_survey, make_project

CONNECTIONS = 32
WATCHED = ("Lesson Finished", "Ticket Closed", "Course Completed", "Plan Upgraded", "Report Exported")
_TICKS = os.sysconf("SC_CLK_TCK")

_numbers = itertools.count()


@dataclass(frozen=True)
class Target:
    """A server under load: where it listens, and the process whose time it costs."""

    name: str
    port: int
    pid: int

    def processor_s(self) -> float:
        """Processor time spent so far, all threads together; from /proc."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1_024


@dataclass(frozen=True)
class World:
    """Both servers, and the pass of a project whose surveys always ask."""

    ours: Target
    bare: Target
    public_key: str
    passed: str

    def event(self, event: str, user: str) -> list[str]:
        """The request of a page that reports `event`."""
        body = {
            "pass": self.passed,
            "sent_at": 1_795_000_000_000,
            "identity": {"anonymous_id": None, "user_id": user},
            "context": {"page": f"{SITE}/app/lesson", "locale": "en-GB", "width": 1280, "visit": "v1"},
            "events": [{"message_id": f"m{next(_numbers)}", "type": "track", "event": event, "properties": {"n": 1}}],
        }
        return ["/w/events", json.dumps(body, separators=(",", ":"))]

    def ask(self, offer: str, user: str) -> list[list[str]]:
        """The two requests of a page that takes an offer up and sends the score."""
        identity, context = {"user_id": user}, {"page": f"{SITE}/app/lesson", "locale": "en-GB"}
        ask = {"offer": offer, "identity": identity, "context": context}
        response = {"ask": "@ask", "rev": 1, "answers": {"score": 9}, "done": False}
        return [["/w/asks", json.dumps(ask)], ["/w/responses", json.dumps(response)]]


def get(url: str, **headers: str) -> bytes:
    """Fetch one of our own addresses."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        body: bytes = answer.read()
        return body


@contextlib.contextmanager
def bare_server() -> Iterator[Target]:
    """Run the reference until the end of the block."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.bare", str(port)])
    try:
        wait_for(port)
        yield Target("bare Starlette", port, process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Return as soon as the server answers."""
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            get(f"http://127.0.0.1:{port}/healthz")
            return
        time.sleep(0.002)
    raise TimeoutError("the server did not answer")


def make_database(path: Path) -> str:
    """Make a project with five surveys that may always ask; return its public key."""
    surveys = tuple(
        a_survey(f"survey-{number}", trigger={"any": [{"event": event}]}) for number, event in enumerate(WATCHED)
    )
    return make_project(path, SystemClock(), surveys=surveys, policy=NO_RULES).public_key


@contextlib.contextmanager
def a_world(directory: Path) -> Iterator[World]:
    """Run the service and the reference until the end of the block."""
    path = directory / "tactful.db"
    public_key = make_database(path)
    with serving(path) as server, bare_server() as bare:
        configuration = orjson.loads(get(f"{server.url}/w/{public_key}.json"))
        port = int(server.url.rpartition(":")[2])
        yield World(Target("tactful", port, server.process.pid), bare, public_key, configuration["pass"])


def load(target: Target, jobs: list[list[list[str]]], **plan: Any) -> dict[str, Any]:
    """Let a client process do `jobs` on `target`; adds the server's processor time. Raises on any other answer."""
    before = target.processor_s()
    wanted = {"port": target.port, "connections": CONNECTIONS, "jobs": jobs} | plan
    with tempfile.TemporaryDirectory() as directory:
        plan_file, result_file = Path(directory) / "plan.json", Path(directory) / "result.json"
        plan_file.write_bytes(orjson.dumps(wanted))
        subprocess.run([sys.executable, "-m", "bench.client", plan_file, result_file], check=True)
        result: dict[str, Any] = orjson.loads(result_file.read_bytes())
    if result["errors"]:
        raise RuntimeError(f"{target.name}: {len(result['errors'])} bad answers, the first: {result['errors'][0]}")
    return result | {"server": target.processor_s() - before}
