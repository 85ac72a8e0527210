"""Ten times what the server takes, and people who answer meanwhile.

    python -m bench overload

Three runs. *By its limits*: as installed, but for a project's rate, which is a tenth of what the server takes, and with
a flood from 64 addresses. *By its queues*: with all limits off, so that
nothing but the bounds of what waits protects it. *Made-up addresses*: a flood from one address that writes another
X-Forwarded-For into each request, beside the same without.

The flood is of events that are counted, each a write: first one client sends them as fast as they are taken, then
several offer ten times as many a second. The responses are to asks that were recorded before, one every 20 ms over
connections of their own, and are looked for in the database afterwards.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import statistics
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.report import Line
from bench.world import Target, World, get, load
from tactful.clock import SystemClock
from tests.support.server import serving
from tests.support.service import NO_RULES, a_survey, make_project

FLOODERS = 3
#: Of each: the few suffice to reach a rate, and the many to let more wait than may.
FEW, MANY = 64, 1_000
ADDRESSES = [f"127.0.1.{number}" for number in range(1, 65)]
TIMES = 10
SECONDS = 10.0
ANSWERS_A_SECOND = 50
TRIES = 5
#: What comes on top of the idle server, whatever is thrown at it: the rooms for bodies, and what they are made into.
MOST_MB_MORE = 300
SHARE = 0.99

COUNTED, ASKED = "Page Opened", "Lesson Finished"
_NO_LIMITS = {f"rate_{what}": 0 for what in ("project", "address", "person", "ingest")}


@dataclass
class Site:
    """A server, its file, and what a page needs."""

    world: World
    path: Path

    def mb(self, name: str) -> float:
        status = Path(f"/proc/{self.world.ours.pid}/status").read_text(encoding="ascii")
        return int(status.partition(f"{name}:")[2].split()[0]) / 1_024

    def forget_peak(self) -> None:
        Path(f"/proc/{self.world.ours.pid}/clear_refs").write_text("5", encoding="ascii")


def _surveys() -> tuple[dict[str, Any], ...]:
    counted = {"any": [{"event": COUNTED, "nth": {"every": 10_000}}]}
    return (a_survey("counted", trigger=counted), a_survey("asked", trigger={"any": [{"event": ASKED}]}))


def _start(plan: dict[str, Any], directory: Path, name: str) -> tuple[subprocess.Popen[bytes], Path]:
    plan_file, result_file = directory / f"{name}.plan.json", directory / f"{name}.result.json"
    plan_file.write_bytes(orjson.dumps(plan))
    return subprocess.Popen([sys.executable, "-m", "bench.flood", plan_file, result_file]), result_file


def _result(started: tuple[subprocess.Popen[bytes], Path]) -> dict[str, Any]:
    process, file = started
    if process.wait() != 0:
        raise RuntimeError("a client failed")
    found: dict[str, Any] = orjson.loads(file.read_bytes())
    return found


def _capacity(world: World) -> float:
    """Counted events a second, as fast as they are taken."""
    result = load(world.ours, [[world.event(COUNTED, f"user-{number % 500}")] for number in range(6_000)])
    return len(result["seconds"]) / float(result["elapsed"])


def _responses(world: World, count: int) -> list[list[str]]:
    """Responses to so many asks, which are recorded here."""
    users = [f"asked-{number}" for number in range(count)]
    offers = load(world.ours, [[world.event(ASKED, user)] for user in users], keep=True)["replies"]
    taken = [[world.ask(one["offer"]["token"], user)[0]] for one, user in zip(offers, users, strict=True)]
    asks = [reply["ask"] for reply in load(world.ours, taken, keep=True)["replies"]]
    bodies = [{"ask": ask, "rev": 1, "answers": {"score": n % 11}, "done": True} for n, ask in enumerate(asks)]
    return [["/w/responses", json.dumps(body)] for body in bodies]


def _flooded(site: Site, directory: Path, rate: float, jobs: list[list[str]], **plan: Any) -> list[dict[str, Any]]:
    """Flood the server while `jobs` are done; what came of both, and how long a loader took meanwhile."""
    world = site.world
    event = world.event(COUNTED, "@who")[1].replace('"message_id":"m', '"message_id":"@who-m')
    common = {"port": world.ours.port, "event": event, "rate": rate / FLOODERS} | plan
    floods = [_start(common | {"name": f"f{number}"}, directory, f"f{number}") for number in range(FLOODERS)]
    answers = {"port": world.ours.port, "connections": 16, "jobs": jobs, "rate": ANSWERS_A_SECOND, "tries": TRIES}
    answering = _start(answers, directory, "answers")
    loads = []
    while answering[0].poll() is None:
        begun = time.perf_counter()
        get(f"http://127.0.0.1:{world.ours.port}/w/{world.public_key}.js")
        loads.append(time.perf_counter() - begun)
        time.sleep(0.1)
    told = [_result(one) for one in floods]
    together = {key: sum(one[key] for one in told) for key in ("offered", "untaken", "rude")}
    for key in ("statuses", "codes"):
        together[key] = {name: sum(one[key].get(name, 0) for one in told) for one in told for name in one[key]}
    return [together, _result(answering) | {"loads": loads}]


def _kept(path: Path, jobs: list[list[str]]) -> set[int]:
    """Which of the responses are in the database, with the score that was sent."""
    with closing(sqlite3.connect(path)) as connection:
        found = {(row[0], row[1]) for row in connection.execute("SELECT ask_id, score FROM responses WHERE done = 1")}
    bodies = [json.loads(body) for _, body in jobs]
    return {number for number, body in enumerate(bodies) if (_ask_id(body["ask"]), body["answers"]["score"]) in found}


def _ask_id(token: str) -> str:
    """The ask that a token is of; its payload is signed, not hidden."""
    payload = token.split(".", maxsplit=1)[0]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))[2])


def _ms(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return f"{cuts[49] * 1_000:.0f} / {cuts[98] * 1_000:.0f} ms"


def _lines(name: str, rate: float, flood: dict[str, Any], answers: dict[str, Any], kept: set[int]) -> list[Line]:
    sent, acknowledged = answers["offered"], set(answers["acknowledged"])
    share, first = len(acknowledged) / sent, f"{answers['at_once'] / sent:.2%} at once"
    let_in, offered = flood["statuses"].get("200", 0), flood["offered"]
    refused = ", ".join(f"{count:,} {what}" for what, count in sorted(flood["codes"].items())) or "none"
    lost, rude = len(acknowledged - kept), flood["rude"]
    took, loader = _ms(answers["seconds"]), f"loader {_ms(answers['loads'])}"
    ratio, pace = f"{offered / max(let_in, 1):.1f}", f"at {rate:,.0f}/s"
    return [
        Line(f"{name}: responses acknowledged", f"{share:.2%} of {sent}", first, "", f">= {SHARE:.0%}", share >= SHARE),
        Line("  acknowledged and not in the database", f"{lost}", "", "", "0", lost == 0),
        Line("  a response takes, median / p99", took, loader, "", "", None),
        Line("  events let in", f"{let_in:,}", f"{offered:,} offered {pace}", ratio, "", None),
        Line("  refused, by what", refused, f"{flood['untaken']:,} found no connection", "", "", None),
        Line("  refusals without whole seconds in Retry-After", f"{rude}", "", "", "0", rude == 0),
    ]


def _run(where: tuple[Path, str], seconds: float, flooding: dict[str, Any], settings: dict[str, Any]) -> list[Line]:
    """One run on a server of its own."""
    directory, name = where[0] / where[1], where[1]
    directory.mkdir()
    path = directory / "tactful.db"
    key = make_project(path, SystemClock(), surveys=_surveys(), policy=NO_RULES).public_key
    with serving(path) as free:
        world = _world(free.url, free.process.pid, key)
        capacity, jobs = _capacity(world), _responses(world, int(ANSWERS_A_SECOND * seconds))
    rate = TIMES * capacity
    if "rate_project" not in settings:
        # So that a quiet time's worth is used up in a few seconds.
        settings = settings | {"rate_project": int(capacity / TIMES)}
    with serving(path, **settings) as server:
        site = Site(_world(server.url, server.process.pid, key), path)
        get(f"{server.url}/w/{key}.js")
        before = site.mb("VmRSS")
        site.forget_peak()
        flood, answers = _flooded(site, directory, rate, jobs, seconds=seconds, **flooding)
        peak, after = site.mb("VmHWM"), site.mb("VmRSS")
    memory = Line(
        "  memory before, at most, after",
        f"{before:.0f}, {peak:.0f}, {after:.0f} MB",
        "",
        "",
        f"<= {MOST_MB_MORE} MB more",
        peak - before <= MOST_MB_MORE,
    )
    return [*_lines(name, rate, flood, answers, _kept(path, jobs)), memory]


def _world(url: str, pid: int, key: str) -> World:
    target = Target("tactful", int(url.rpartition(":")[2]), pid)
    return World(target, target, key, orjson.loads(get(f"{url}/w/{key}.json"))["pass"])


def _made_up(directory: Path, seconds: float) -> list[Line]:
    """How many events one address gets in, with its own name and with ever other ones."""
    directory.mkdir()
    path = directory / "tactful.db"
    key = make_project(path, SystemClock(), surveys=_surveys(), policy=NO_RULES).public_key
    let_in = {}
    for forwarded in (False, True):
        with serving(path, rate_address=100, rate_project=0) as server:
            site = Site(_world(server.url, server.process.pid, key), path)
            flood, _ = _flooded(site, directory, 5_000, [], seconds=seconds, connections=FEW, forwarded=forwarded)
            let_in[forwarded] = flood["statuses"].get("200", 0)
    ratio = let_in[True] / let_in[False]
    return [
        Line(
            "made-up addresses: let in of one address",
            f"{let_in[True]:,}",
            f"{let_in[False]:,} by its own name",
            f"{ratio:.2f}",
            "<= 1.1 x",
            ratio <= 1.1,
        )
    ]


def measure(directory: Path, seconds: float = SECONDS) -> list[Line]:
    """All three runs."""
    directory.mkdir()
    return [
        *_run((directory, "by its limits"), seconds, {"connections": FEW, "addresses": ADDRESSES}, {}),
        *_run((directory, "by its queues"), seconds, {"connections": MANY}, _NO_LIMITS),
        *_made_up(directory / "forwarded", seconds / 2),
    ]
