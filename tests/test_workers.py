"""`tactful serve --workers N`: real processes at one socket, and what becomes of them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tactful.database_url import DatabaseUrl, read_database_url
from tactful.store.projects import NewProject
from tests.support.clock import SetClock
from tests.support.postgres import the_postgres
from tests.support.processes import WITHIN_S, is_alive, until, workers_of
from tests.support.server import Server, command, environment, free_port, serving
from tests.support.service import CONTEXT, NO_RULES, SITE, a_survey, make_project

pytestmark = pytest.mark.xdist_group("workers")

SURVEYS = (a_survey(), a_survey("desk", trigger={"any": [{"event": "Ticket Closed", "source": "server"}]}))


@pytest.fixture
def url(clock: SetClock) -> DatabaseUrl:
    return read_database_url(the_postgres().fresh_database(clock))


@pytest.fixture
def project(url: DatabaseUrl, clock: SetClock) -> NewProject:
    return make_project(url, clock, surveys=SURVEYS, policy=NO_RULES)


def say_done(server: Server, project: NewProject, user_id: str) -> object:
    """Report an event on a connection of its own; the offer."""
    passed = httpx2.get(f"{server.url}/w/{project.public_key}.json").json()["pass"]
    message = {"message_id": user_id, "type": "track", "event": "Done"}
    body = {"pass": passed, "identity": {"user_id": user_id}, "context": CONTEXT, "events": [message]}
    answer = httpx2.post(f"{server.url}/w/events", content=json.dumps(body), headers={"origin": SITE})
    assert answer.status_code == 200, answer.text
    return answer.json()["offer"]


@contextlib.contextmanager
def a_tab(server: Server, project: NewProject) -> Iterator[Iterator[str]]:
    """Listen as a tab does; what is said, line by line."""
    passed = httpx2.get(f"{server.url}/w/{project.public_key}.json").json()["pass"]
    body = json.dumps({"pass": passed, "identity": {"user_id": "ann"}, "context": CONTEXT})
    given: dict[str, Any] = {"content": body, "headers": {"origin": SITE}, "timeout": WITHIN_S}
    with httpx2.stream("POST", f"{server.url}/w/live", **given) as said:
        assert said.status_code == 200
        yield said.iter_lines()


def test_two_workers_serve_and_stop_though_tabs_listen(url: DatabaseUrl, project: NewProject) -> None:
    """A tab of one worker hears what a backend tells any of them, and a signal ends both of them and every stream."""
    with serving(url, None, "--workers", "2") as server, contextlib.ExitStack() as stack:
        until(lambda: len(workers_of(server.process.pid)) == 2)
        workers = workers_of(server.process.pid)
        assert all(say_done(server, project, f"user-{number}") for number in range(8))
        tabs = [stack.enter_context(a_tab(server, project)) for _ in range(6)]
        assert [next(tab) for tab in tabs] == [": "] * 6
        message = {"userId": "ann", "event": "Ticket Closed", "writeKey": project.write_key}
        assert httpx2.post(f"{server.url}/v1/track", json=message).status_code == 200
        assert all("event: nudge" in (next(tab), next(tab)) for tab in tabs)
        server.process.send_signal(signal.SIGTERM)
        # A stream that is ended ends in order; one that was cut off would raise here.
        assert all("event: nudge" not in list(tab) for tab in tabs)
        assert server.process.wait(WITHIN_S) == 0
        assert not any(map(is_alive, workers))


def test_a_worker_that_dies_is_replaced(url: DatabaseUrl, project: NewProject) -> None:
    with serving(url, None, "--workers", "2") as server:
        until(lambda: len(workers_of(server.process.pid)) == 2)
        before = workers_of(server.process.pid)
        os.kill(min(before), signal.SIGKILL)
        until(lambda: len(workers_of(server.process.pid) - before) == 1)
        os.kill(max(before), signal.SIGKILL)
        until(lambda: len(workers_of(server.process.pid) - before) == 2)
        until(lambda: httpx2.get(f"{server.url}/readyz").status_code == 200)
        assert say_done(server, project, "ann")


def test_workers_end_when_their_parent_is_killed(url: DatabaseUrl, project: NewProject) -> None:
    with serving(url, None, "--workers", "2") as server:
        until(lambda: len(workers_of(server.process.pid)) == 2)
        workers = workers_of(server.process.pid)
        server.kill()
        until(lambda: not any(map(is_alive, workers)))


def test_an_interrupted_terminal_ends_them_in_order(url: DatabaseUrl, project: NewProject) -> None:
    with serving(url, None, "--workers", "2") as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(WITHIN_S) == 0


def test_an_address_in_use_is_told_in_a_sentence(url: DatabaseUrl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = command(url, "serve", "--workers", "2", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "Cannot listen on 127.0.0.1 port" in done.stderr
    assert "Traceback" not in done.stderr


def test_workers_that_cannot_start_end_all_of_it(url: DatabaseUrl, tmp_path: Path) -> None:
    """The parent finds nothing wrong, but no worker can start: here the driver is gone by then."""
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text("import sys\nif 'tactful.workers' in sys.orig_argv: sys.modules['asyncpg'] = None\n")
    given = environment(url, "http://localhost:8000")
    done = subprocess.run(
        [sys.executable, "-m", "tactful", "serve", "--workers", "2", "--port", str(free_port())],
        env=given | {"PYTHONPATH": f"{tmp_path}:{given.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "A worker could not start" in done.stderr


def test_a_sqlite_file_has_one_worker(path: Path) -> None:
    done = command(path, "serve", "--workers", "2")
    assert done.returncode == 1
    assert "One server process writes to a SQLite file" in done.stderr
    assert command(path, "serve", "--workers", "0").returncode == 2
