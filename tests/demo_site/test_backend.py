"""Lantern's backend, through the library as it is, before a real `tactful serve`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

import demo_site
from demo_site.backend import Backend
from demo_site.people import AGENTS, CAST
from demo_site.settings import Settings
from demo_site.tickets import TicketBook
from tactful.clock import SystemClock
from tactful.definitions import load
from tactful.store.projects import apply_definitions
from tactful.store.sqlite import run_once
from tests.demo_site.conftest import GIVEN
from tests.support.server import serving
from tests.support.service import make_project

SURVEYS = Path(demo_site.__file__).parent / "surveys.yaml"
MAYA, NADIA = CAST["maya-okafor"], AGENTS["nadia-brandt"]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Lantern's settings before a running service that has Lantern's surveys."""
    path = tmp_path / "tactful.db"
    project = make_project(path, SystemClock())
    definitions = load(SURVEYS.read_bytes(), SURVEYS.name).definitions
    run_once(path, SystemClock(), apply_definitions, project.project_id, definitions.policy, definitions.surveys)
    given = {"LANTERN_WRITE_KEY": project.write_key, "LANTERN_API_TOKEN": project.api_token}
    with serving(path) as server:
        yield Settings.read(GIVEN | given | {"LANTERN_TACTFUL_URL": server.url})


@pytest.fixture
def backend(settings: Settings) -> Iterator[Backend]:
    backend = Backend(settings)
    yield backend
    backend.stop()


def delivered(backend: Backend) -> None:
    """Wait until everything that was said has been answered."""
    backend._client.flush()
    assert [note.trouble for note in backend._notes if note.trouble] == []


def ask(settings: Settings, path: str) -> Any:
    headers = {"authorization": f"Bearer {settings.api_token}"}
    answer = httpx2.get(f"{settings.tactful_url}/api/v1/{path}", headers=headers)
    answer.raise_for_status()
    return answer.json()


def waiting(settings: Settings) -> list[dict[str, Any]]:
    """What waits for Maya to be asked."""
    (person,) = ask(settings, "people?user_id=maya-okafor")["data"]
    told: list[dict[str, Any]] = ask(settings, f"people/{person['id']}/why?survey=desk-csat")["surveys"][0]["waiting"]
    return told


def test_tactful_hears_who_somebody_is_and_whom_they_belong_to(settings: Settings, backend: Backend) -> None:
    for person in CAST.values():
        backend.meets(person)
    delivered(backend)
    people = {one["user_id"]: one for one in ask(settings, "people")["data"]}
    assert people.keys() == CAST.keys()
    maya = people["maya-okafor"]
    assert (maya["traits"]["role"], maya["account_id"]) == ("employee", "sch-fernside")
    roles: dict[str, list[str]] = {}
    for one in people.values():
        roles.setdefault(one["account_id"], []).append(one["traits"]["role"])
    assert {account: sorted(set(found)) for account, found in roles.items()} == {
        "sch-fernside": ["employee", "owner"],
        "co-harbour-finch": ["employee", "owner"],
    }


def test_a_closed_ticket_waits_for_its_writer_until_it_is_reopened(settings: Settings, backend: Backend) -> None:
    book = TicketBook()
    ticket = book.open(MAYA, "My map is blank", "Nothing shows.")
    backend.opened(ticket)
    book.close(ticket, NADIA)
    closed_at = datetime.now(UTC)
    backend.closed(ticket, NADIA)
    delivered(backend)
    (held,) = waiting(settings)
    assert held["per"] == ticket.key
    assert held["event"] == {"ticket": ticket.key, "agent": "Nadia Brandt", "subject": "My map is blank"}
    assert datetime.fromisoformat(held["not_before"]) - closed_at >= timedelta(seconds=4.999), "to the millisecond"
    assert held["in_ms"] <= 5_000
    book.reopen(ticket)
    backend.reopened(ticket, NADIA.key)
    delivered(backend)
    assert waiting(settings) == []


def test_what_tactful_refuses_is_told_in_the_panel(settings: Settings) -> None:
    backend = Backend(replace(settings, write_key="wrong"))
    backend.meets(MAYA)
    backend._client.flush()
    assert all("401" in note.trouble for note in backend.notes_for("maya-okafor", 0))
    backend.stop()


def test_a_missing_library_is_said_in_words(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['segment'] = None; import runpy; runpy.run_module('{}', run_name='__main__')"
    for module, arguments in (("demo_site", []), ("tactful", ["demo", "--directory", str(tmp_path)])):
        command = [sys.executable, "-c", hidden.format(module), *arguments]
        ended = subprocess.run(command, env=GIVEN, capture_output=True, text=True, check=False, cwd=SURVEYS.parents[1])
        assert ended.returncode != 0
        assert "pip install 'tactful[demo]'" in ended.stderr
        assert "Traceback" not in ended.stderr
