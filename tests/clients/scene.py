"""The service, killed and started again, a faulty proxy before it, and a client of others that posts through it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tactful.clock import SystemClock
from tactful.newproject import new_project
from tactful.store.opening import migrate
from tactful.store.projects import NewProject, create_project
from tests.support.databases import beside, url_of
from tests.support.processes import until
from tests.support.proxy import Exchange, Proxy
from tests.support.rows import acknowledged, execute
from tests.support.server import Server, serving
from tests.support.service import NO_RULES, a_survey, apply_to

HERE = Path(__file__).parent
NODE_MODULES = HERE / "node_modules"
#: A client that has not flushed by then never will.
FLUSH_WITHIN_S = 60.0

STEPS = tuple(f"Step {number}" for number in range(1, 7))


@dataclass
class Scene:
    """A project on a service that can be killed, behind a proxy that clients take for the service."""

    path: Path
    project: NewProject
    proxy: Proxy
    server: Server
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def restart(self) -> None:
        """Kill the service as a crash does and start it again on the same file."""
        self.server.kill()
        self._stack.close()
        self.server = self._stack.enter_context(serving(self.path, base_url=self.proxy.url))
        self.proxy.upstream = self.server.url

    async def killed(self, exchange: Exchange) -> None:
        """The service takes the request and is killed before its answer is through."""
        await exchange.forward()
        await asyncio.to_thread(self.restart)
        exchange.cut()

    async def killed_at_work(self, exchange: Exchange) -> None:
        """The service is killed while it has the request: nobody knows how far it came."""
        at_work = asyncio.create_task(exchange.forward())
        await asyncio.to_thread(self.restart)
        await at_work
        exchange.cut()

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """What lies in the database."""
        return execute(self.path, sql, *params)

    def repeat_everything(self) -> None:
        """Send everything that ever came once more, and check that it changed nothing but times of last contact."""
        before = acknowledged(self.path)
        self.proxy.replay()
        after = acknowledged(self.path)
        assert {table for table in before if before[table] != after[table]} <= {"people"}


@contextlib.contextmanager
def a_scene(path: Path, proxy: Proxy, origin: str = "http://site.test") -> Iterator[Scene]:
    """Make a project with pages at `origin` and run the service behind the proxy for the block."""
    project = a_project(path, origin)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(path, base_url=proxy.url))
        proxy.upstream = server.url
        yield Scene(path, project, proxy, server, stack)


def a_project(path: Path, origin: str, name: str = "P", events: Iterable[str] = STEPS) -> NewProject:
    """Make a project that counts each of these events by itself, so one that counts twice or never shows."""
    clock = SystemClock()
    counted = a_survey("counted", trigger={"any": [{"event": event, "nth": {"every": 2}} for event in events]})
    migrate(url_of(path), clock)
    project = new_project(clock, name, (origin,))
    beside(path, clock, create_project, project)
    apply_to(path, clock, project.project_id, counted, policy=NO_RULES)
    return project


@dataclass
class Client:
    """A client in a process of its own."""

    name: str
    process: subprocess.Popen[str]

    def call(self, name: str, *args: Any) -> None:
        """Make a call of the client's."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([name, *args]) + "\n")
        self.process.stdin.flush()

    def flush(self) -> None:
        """Flush the client and wait until that is through."""
        assert self.process.stdout is not None
        self.call("flush")
        watchdog = threading.Timer(FLUSH_WITHIN_S, self.process.kill)
        watchdog.start()
        assert self.process.stdout.readline() == "flushed\n", "the client did not flush"
        watchdog.cancel()


@contextlib.contextmanager
def a_client(name: str, url: str, write_key: str) -> Iterator[Client]:
    """Run the driver of a client (a file in `drivers/`) for the block, with the service at `url`."""
    [driver] = (HERE / "drivers").glob(f"{name}.*")
    program = sys.executable if driver.suffix == ".py" else node()
    process = subprocess.Popen(
        [program, str(driver), url, write_key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Client(name, process)
    finally:
        process.kill()
        process.communicate()


def node() -> str:
    """The program that runs the clients of Node."""
    found = shutil.which("node")
    assert found, "no Node: run the tests by `make test`"
    assert NODE_MODULES.is_dir(), "no clients: run the tests by `make test`, or `npm ci` in tests/clients"
    return found


def landed(scene: Scene, messages: int, steps: int) -> None:
    """Wait until so many messages came, and check that each of the first `steps` steps came once."""
    until(lambda: scene.rows("SELECT count(*) FROM messages")[0][0] >= messages)
    assert scene.rows("SELECT count(*) FROM messages") == [(messages,)]
    assert scene.rows("SELECT occurrences FROM counters") == [(1,)] * steps


def told(scene: Scene, traits: dict[str, Any], account_traits: dict[str, Any]) -> None:
    """Check what is known of the one person and of the one account."""
    people = scene.rows("SELECT user_id, traits, account_id FROM people WHERE merged_into IS NULL")
    [(user_id, known, account_id)] = people
    assert (user_id, account_id) == ("ann", "acme")
    assert traits.items() <= json.loads(known).items()
    [(known,)] = scene.rows("SELECT traits FROM accounts")
    assert account_traits.items() <= json.loads(known).items()
