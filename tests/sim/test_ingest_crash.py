"""A killed receiver loses no acknowledged event, and a message that comes again changes nothing.

Backends post batches to real `tactful serve` processes: one on a SQLite file, two on a PostgreSQL. At a moment drawn
from the seed a server process gets SIGKILL, or one of PostgreSQL's own processes does, which throws out all of them.
Whatever a 200 came back for must be there after that, exactly once: kept events, counts, candidates that wait, traits.
What got no answer is sent again, as clients do, to whichever node there is; in the end everything is sent again to
every node, after a restart, and nothing may change.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tactful.clock import SystemClock
from tactful.database_url import read_database_url
from tactful.store.projects import NewProject
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.postgres import a_postgres
from tests.support.rows import acknowledged, execute
from tests.support.server import Server, serving
from tests.support.service import NO_RULES, a_survey, make_project
from tests.support.wire import LostReplyError, Wire, a_moment, wires

pytestmark = pytest.mark.anyio

CLIENTS, PEOPLE, LARGEST = 6, 60, 12
#: So many batches more are acknowledged after a fault that leaves a node standing.
AFTERWARDS = 12
WITHIN_S = 120.0
SUCCESS = b'{"success":true}'
SURVEYS = (
    a_survey("counted", trigger={"any": [{"event": "Step", "nth": {"every": 10_000}}]}),
    a_survey(
        "desk",
        trigger={
            "any": [{"event": "Ticket Closed", "source": "server", "per": "properties.n", "hold": "1d", "within": "9d"}]
        },
    ),
)
KEPT = "SELECT properties ->> 'n' FROM events WHERE project_id = ? AND name = ?"
WAITING = "SELECT per FROM candidates WHERE project_id = ?"
TRAITS = "SELECT traits FROM people WHERE project_id = ?"
COUNTED = """
SELECT p.user_id, c.occurrences FROM counters c JOIN people p USING (project_id, person_id) WHERE c.project_id = ?
"""


@dataclass
class Backend:
    """A project's backend: what it sent, and what was acknowledged. `keeps`: its events are kept as well."""

    project: NewProject
    keeps: bool
    batches: list[list[int]] = field(default_factory=list)
    told: set[int] = field(default_factory=set)

    def message(self, number: int) -> dict[str, object]:
        """The message of a number: mostly steps, some tickets and some traits."""
        told = {"messageId": f"m{number}", "userId": user_of(number)}
        kind = kind_of(number)
        if kind == "identify":
            return told | {"type": "identify", "traits": {f"t{number}": number}}
        return told | {"type": "track", "event": kind, "properties": {"n": number}}

    async def post(self, wire: Wire, batch: list[int]) -> bool:
        """Send a batch, and remember if it was acknowledged. Raises `LostReplyError`."""
        body = json.dumps({"batch": [self.message(number) for number in batch]}).encode()
        key = base64.b64encode(f"{self.project.write_key}:".encode()).decode()
        reply = await wire.request("POST", "/v1/batch", body, f"Authorization: Basic {key}\r\n")
        if reply.status == 200:
            assert reply.body == SUCCESS
            self.told.update(batch)
        else:
            assert reply.status in (500, 503), reply
        return reply.status == 200

    def check(self, where: Where) -> None:
        """Compare what lies there with what was sent and what was acknowledged."""
        project_id = self.project.project_id
        for kind in ("Step", "Ticket Closed"):
            kept = execute(where, KEPT, project_id, kind)
            self._once(kind, kept) if self.keeps else self._never(kept)
        self._once("Ticket Closed", execute(where, WAITING, project_id))
        traits = execute(where, TRAITS, project_id)
        self._once("identify", [(number,) for (known,) in traits for number in json.loads(known).values()])
        counted = dict(execute(where, COUNTED, project_id))
        told, sent = self._steps(self.told), self._steps(self.sent)
        for user_id in sent:
            assert told[user_id] <= counted.get(user_id, 0) <= sent[user_id], (
                f"{user_id}: a step is lost, or counts twice"
            )

    def _once(self, kind: str, found: list[tuple[Any, ...]]) -> None:
        numbers = [int(number) for (number,) in found]
        assert len(numbers) == len(set(numbers)), f"{kind}: something is there twice"
        assert {n for n in self.told if kind_of(n) == kind} <= set(numbers), f"{kind}: what was acknowledged is lost"
        assert set(numbers) <= {n for n in self.sent if kind_of(n) == kind}

    @staticmethod
    def _never(found: list[tuple[Any, ...]]) -> None:
        assert found == [], "this project keeps no events"

    @staticmethod
    def _steps(numbers: Iterable[int]) -> Counter[str]:
        return Counter(user_of(number) for number in numbers if kind_of(number) == "Step")

    @property
    def sent(self) -> set[int]:
        return {number for batch in self.batches for number in batch}


def user_of(number: int) -> str:
    return f"user-{number % PEOPLE}"


def kind_of(number: int) -> str:
    return "identify" if number % 11 == 0 else "Ticket Closed" if number % 7 == 0 else "Step"


class Nodes:
    """The server processes; one that was killed is started anew by `bring_up`."""

    def __init__(self, where: Where, count: int, stack: contextlib.ExitStack) -> None:
        self._where, self._stack = where, stack
        self._servers: list[Server | None] = [None] * count

    def bring_up(self) -> None:
        for place, server in enumerate(self._servers):
            if server is None or server.process.poll() is not None:
                self._servers[place] = self._stack.enter_context(serving(self._where))

    @property
    def running(self) -> list[Server]:
        return [one for one in self._servers if one is not None]


@dataclass
class Round:
    """One fault and the load around it. `over` once so much was acknowledged after it, or no node is left."""

    nodes: Nodes
    draw: random.Random
    fault: Callable[[], object]
    fault_after: int
    acknowledged: int = 0
    over: bool = False
    faulted: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self) -> None:
        self.acknowledged += 1
        if self.acknowledged == self.fault_after:
            # Anywhere in a batch, not only where the last answer left it.
            asyncio.get_running_loop().call_later(self.draw.random() * 0.01, self._fault)
        self.over = self.over or self.acknowledged >= self.fault_after + AFTERWARDS

    def _fault(self) -> None:
        self.fault()
        self.faulted.set()

    async def run(self, send: Callable[[Wire], Awaitable[bool]]) -> None:
        async with asyncio.timeout(WITHIN_S):
            async with asyncio.TaskGroup() as group:
                for _ in range(CLIENTS):
                    group.create_task(self._client(send))
            # Enough may be acknowledged before it comes; it must not come into what is done next.
            await self.faulted.wait()

    async def _client(self, send: Callable[[Wire], Awaitable[bool]]) -> None:
        """Post to nodes by turns until the round is over; one that does not answer is left alone from then on."""
        alive, opened = self.nodes.running, dict[str, Wire]()
        async with contextlib.AsyncExitStack() as stack:
            while alive and not self.over:
                url = self.draw.choice(alive).url
                try:
                    if url not in opened:
                        [opened[url]] = await stack.enter_async_context(wires(url, 1))
                    if await send(opened[url]):
                        self.add()
                    else:
                        await a_moment()
                except LostReplyError:
                    alive = [one for one in alive if one.url != url]


class Crashes:
    """The rounds of one test."""

    def __init__(self, where: Where, nodes: Nodes, seed: int) -> None:
        self.where, self.nodes, self.draw = where, nodes, random.Random(seed)
        kept, watched = (
            make_project(where, SystemClock(), surveys=SURVEYS, policy=NO_RULES, name=n) for n in ("K", "W")
        )
        execute(where, "UPDATE projects SET keep_events_ms = 0 WHERE project_id = ?", watched.project_id)
        self.backends = (Backend(kept, keeps=True), Backend(watched, keeps=False))
        self._numbers = itertools.count()

    async def send(self, wire: Wire) -> bool:
        """Send a new batch, or one that was sent before, acknowledged or not."""
        backend = self.draw.choice(self.backends)
        if backend.batches and self.draw.random() < 0.3:
            batch = self.draw.choice(backend.batches)
        else:
            batch = list(itertools.islice(self._numbers, self.draw.randint(1, LARGEST)))
            backend.batches.append(batch)
        return await backend.post(wire, batch)

    async def round(self, fault: Callable[[], object]) -> None:
        self.nodes.bring_up()
        self.check()
        one = Round(self.nodes, self.draw, fault, self.draw.randrange(1, 120))
        await one.run(self.send)

    def check(self) -> None:
        for backend in self.backends:
            backend.check(self.where)

    def kill_a_node(self) -> None:
        process = self.draw.choice(self.nodes.running).process
        process.kill()
        process.wait()

    async def finish(self) -> None:
        """Send everything to every node until all of it is acknowledged; then once more, after a restart."""
        self.nodes.bring_up()
        self.check()
        lost = sum(len(backend.sent - backend.told) for backend in self.backends)
        await self._send_all()
        assert all(backend.told == backend.sent for backend in self.backends)
        self.check()
        before = settled(self.where)
        self.nodes.running[0].kill()
        self.nodes.bring_up()
        await self._send_all()
        assert settled(self.where) == before, "what came again changed something"
        sent = sum(len(backend.sent) for backend in self.backends)
        print(f"{sent} messages sent, {lost} of them acknowledged only when sent again")  # noqa: T201  # for -rP

    async def _send_all(self) -> None:
        for server in self.nodes.running:
            async with wires(server.url, 1) as [wire]:
                for backend in self.backends:
                    for batch in backend.batches:
                        assert await backend.post(wire, batch)


def settled(where: Where) -> dict[str, list[tuple[Any, ...]]]:
    """All that is acknowledged, but for when people were last heard of, and the link that each start prints."""
    people = execute(where, "SELECT project_id, person_id, user_id, traits FROM people ORDER BY person_id")
    return acknowledged(where) | {"people": people, "member_links": []}


def a_seed(seed: int | None) -> int:
    seed = seed if seed is not None else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  # what a failure is repeated with
    return seed


FEW_AND_MANY = [(2, 1), pytest.param(40, None, marks=pytest.mark.long)]


@pytest.mark.parametrize(("kills", "seed"), FEW_AND_MANY, ids=["few", "many"])
async def test_a_killed_receiver_loses_nothing_that_it_acknowledged(path: Path, kills: int, seed: int | None) -> None:
    with contextlib.ExitStack() as stack:
        crashes = Crashes(path, Nodes(path, 1, stack), a_seed(seed))
        for _ in range(kills):
            await crashes.round(crashes.kill_a_node)
        await crashes.finish()


@pytest.mark.parametrize(("kills", "seed"), FEW_AND_MANY, ids=["few", "many"])
async def test_nor_do_two_nodes_on_one_postgresql_killed_with_it(clock: SetClock, kills: int, seed: int | None) -> None:
    with a_postgres() as server, contextlib.ExitStack() as stack:
        url = read_database_url(server.fresh_database(clock))
        crashes = Crashes(url, Nodes(url, 2, stack), a_seed(seed))

        def kill_a_backend() -> None:
            """SIGKILL to a process that works for a node: PostgreSQL throws out everybody and recovers."""
            found = server.execute(
                "SELECT pid FROM pg_stat_activity WHERE query ~* '^(insert|update|select)' "
                "AND application_name <> 'psql' AND backend_type = 'client backend'"
            )
            os.kill(int(crashes.draw.choice(found.split())), signal.SIGKILL)

        for number in range(kills):
            await crashes.round(kill_a_backend if number % 2 else crashes.kill_a_node)
        await crashes.finish()
