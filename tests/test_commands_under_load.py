"""Commands beside a server at work: they get their turn, the server obeys what they changed, and no page notices.

The load never stops: twenty pages report events and take up whatever they are offered. A command is a process of its
own with a few short transactions; SQLite's lock keeps it and the server apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx2
import pytest

from tactful.clock import SystemClock
from tactful.store.projects import NewProject
from tests.support.server import Server, command, serving
from tests.support.service import ONE_AN_HOUR, SITE, a_survey, make_project
from tests.support.wire import Page, Wire, pass_of, until, wires

pytestmark = pytest.mark.anyio

PAGES = 20
OTHER = {"trigger": {"any": [{"event": "Other"}]}}
SURVEYS = (a_survey("nps"), a_survey("second", **OTHER))
TWO_AN_HOUR = {"id": "one", "surveys": "all", "count": "asked", "cap": 2, "window": "1h"}


@dataclass(frozen=True)
class Sent:
    """One request of the load: when it was sent, of which kind, and how it was answered."""

    at: float
    what: str
    survey: str | None
    status: int


@dataclass
class Load:
    """Pages that never stop asking, and everything that they were told."""

    passed: str
    project: NewProject
    server: Server
    sent: list[Sent] = field(default_factory=list)
    #: Whoever comes is new, so only the configuration can refuse them their first ask.
    people: int = 0

    async def live(self, wire: Wire) -> None:
        while True:
            self.people += 1
            page = Page(self.passed, f"user-{self.people}")
            await self.visit(wire, page, ("Done", "Other"))

    async def visit(self, wire: Wire, page: Page, events: tuple[str, ...]) -> list[int]:
        """Report `events`, then take up all that was offered; the replies' statuses."""
        offers = []
        for event in events:
            began = time.monotonic()
            reply = await page.event(wire, event)
            offer = reply.json().get("offer")
            self.sent.append(Sent(began, "events", offer and offer["survey"], reply.status))
            offers += [offer] if offer else []
        return [await self.take_up(wire, page, offer) for offer in offers]

    async def take_up(self, wire: Wire, page: Page, offer: dict[str, Any]) -> int:
        began = time.monotonic()
        reply = await page.take_up(wire, offer["token"])
        self.sent.append(Sent(began, "asks", offer["survey"], reply.status))
        return reply.status

    async def tactful(self, *args: str) -> CompletedProcess[str]:
        """Run a command beside the load."""
        return await asyncio.to_thread(command, self.server.path, *args, url=self.server.url)

    def since(self, at: float, what: str) -> Counter[tuple[str | None, int]]:
        """What was sent after `at`, by survey and status."""
        return Counter((one.survey, one.status) for one in self.sent if one.at > at and one.what == what)

    async def goes_on(self) -> None:
        """Wait until the load has got much further than it is now."""
        seen = len(self.sent) + 10 * PAGES
        await until(lambda: len(self.sent) > seen)


@contextlib.asynccontextmanager
async def load(path: Path) -> AsyncIterator[tuple[Load, Wire]]:
    """Serve a project under load; a connection is left for the test itself. In the end nobody got an error."""
    project = make_project(path, SystemClock(), surveys=SURVEYS, policy=ONE_AN_HOUR, name="Lantern")
    with serving(path) as server:
        async with wires(server.url, PAGES + 1) as [own, *connections]:
            running = Load(await pass_of(own, project.public_key), project, server)
            tasks = [asyncio.create_task(running.live(wire)) for wire in connections]
            try:
                await running.goes_on()
                yield running, own
                assert not any(task.done() for task in tasks), "the load went on all the time"
            finally:
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(one) for one in ended} == {asyncio.CancelledError}, ended
            statuses = Counter((one.what, one.status) for one in running.sent)
            print(f"the load was answered: {dict(statuses)}")  # noqa: T201  # a figure for -rP
            assert set(statuses) <= {("events", 200), ("asks", 200), ("asks", 409)}


def write(directory: Path, name: str, **definitions: Any) -> str:
    """Write definitions into a file, as JSON, which is YAML too; its name."""
    file = directory / name
    file.write_text(json.dumps(definitions), encoding="utf-8")
    return str(file)


async def test_a_paused_survey_is_asked_no_more_and_asked_again_when_it_is_live(path: Path, tmp_path: Path) -> None:
    paused = write(tmp_path, "paused.yaml", surveys=[a_survey("second", **OTHER, state="paused")])
    live = write(tmp_path, "live.yaml", surveys=[a_survey("second", **OTHER)])
    async with load(path) as (running, wire):
        page = Page(running.passed, "early")
        offered = (await page.event(wire, "Other")).json()["offer"]
        applied = await running.tactful("apply", paused, "--project", "Lantern")
        paused_at = time.monotonic()
        assert (applied.returncode, applied.stdout) == (0, "changed   second (version 1, live -> paused)\n")
        assert await running.take_up(wire, page, offered) == 409, "an offer made before is refused at once"
        await running.goes_on()
        until_live = running.since(paused_at, "events"), running.since(paused_at, "asks")
        assert {survey for survey, _ in until_live[0]} == {"nps", None}
        assert until_live[0]["nps", 200] > 0
        # What was offered before the pause may be taken up after it, and is refused.
        assert until_live[1]["second", 200] == 0

        assert (await running.tactful("apply", live, "--project", "Lantern")).returncode == 0
        live_at = time.monotonic()
        await until(lambda: ("second", 200) in running.since(live_at, "events"))
        noticed_s = next(one.at for one in running.sent if one.at > live_at and one.survey == "second") - live_at
        print(f"the first offer of a survey that is live again: {noticed_s:.2f} s after")  # noqa: T201  # for -rP


async def test_a_policy_binds_at_once_and_why_tells_its_numbers(path: Path, tmp_path: Path) -> None:
    loose = write(tmp_path, "loose.yaml", policy={"rules": [TWO_AN_HOUR], "tenure": "0s"})
    tight = write(tmp_path, "tight.yaml", policy={"rules": [TWO_AN_HOUR | {"cap": 1}], "tenure": "0s"})
    both = ("Done", "Other")
    async with load(path) as (running, wire):
        assert await running.visit(wire, Page(running.passed, "ann"), both) == [200, 409]
        assert (await running.tactful("apply", loose, "--project", "Lantern")).stdout == "changed   policy\n"
        assert await running.visit(wire, Page(running.passed, "bob"), both) == [200, 200]
        cleo = Page(running.passed, "cleo")
        offers = [(await cleo.event(wire, event)).json()["offer"] for event in both]
        assert await running.take_up(wire, cleo, offers[0]) == 200
        assert (await running.tactful("apply", tight, "--project", "Lantern")).stdout == "changed   policy\n"
        assert await running.take_up(wire, cleo, offers[1]) == 409, "the offer was made under the looser rule"
        assert await running.visit(wire, Page(running.passed, "dan"), both) == [200, 409]

        told = await running.tactful("why", "--project", "Lantern", "--user", "bob", "--survey", "nps")
        assert told.returncode == 0, told.stderr
        assert told.stdout.startswith("bob: may be asked next ")
        assert "\nnps: not before " in told.stdout
        assert "full rule one: asked 2 of 1 in 1h; free again " in told.stdout
        as_data = await running.tactful("why", "--project", "Lantern", "--user", "bob", "--json")
        [rule] = json.loads(as_data.stdout)["surveys"][0]["rules"]
        assert (rule["rule"], rule["counted"], rule["cap"], rule["window_ms"]) == ("one", 2, 1, 3_600_000)
        nobody = await running.tactful("why", "--project", "Lantern", "--user", "zoe")
        assert (nobody.returncode, nobody.stdout) == (1, "")
        assert "zoe" in nobody.stderr


async def test_a_second_server_is_refused_in_words(path: Path) -> None:
    async with load(path) as (running, _wire):
        second = await running.tactful("serve", "--port", "0")
        assert second.returncode == 1
        for words in (f"process {running.server.process.pid}", "already serves this database", "Stop that process"):
            assert words in second.stderr
        several = await running.tactful("serve", "--port", "0", "--workers", "2")
        assert several.returncode == 1
        assert "--workers 1" in several.stderr
        assert "Traceback" not in second.stderr + several.stderr


async def test_migrate_and_project_create_work_beside_the_load(path: Path) -> None:
    async with load(path) as (running, wire):
        migrated = await running.tactful("migrate")
        assert (migrated.returncode, migrated.stdout) == (0, "The database is up to date.\n")
        created = await running.tactful("project", "create", "Another", "--origin", SITE, "--json")
        assert created.returncode == 0, created.stderr
        keys = json.loads(created.stdout)
        assert set(keys) >= {"public_key", "write_key", "api_token", "identity_secret"}
        assert await pass_of(wire, keys["public_key"]), "the server knows the new project"
        again = await running.tactful("project", "create", "Another")
        assert again.returncode == 1
        assert "already" in again.stderr


async def test_a_faulty_file_is_refused_with_its_places_and_changes_nothing(path: Path, tmp_path: Path) -> None:
    good = write(tmp_path, "good.yaml", surveys=[a_survey("third")])
    bad = tmp_path / "bad.yaml"
    bad.write_text(
        "surveys:\n"
        "  - key: fourth\n"
        "    name: Fourth\n"
        "    questions:\n"
        "      - { id: score, kind: nsp, ask: How likely? }\n"
        "policy:\n"
        "  rules: [{ id: one, surveys: all, count: asked, cap: many, window: 1h }]\n",
        encoding="utf-8",
    )
    async with load(path) as (running, wire):
        refused = await running.tactful("apply", good, str(bad), "--project", "Lantern")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert f"{bad}:5:22 " in refused.stderr
        assert f"{bad}:7:50 " in refused.stderr
        assert "Traceback" not in refused.stderr
        headers = f"Authorization: Bearer {running.project.api_token}\r\n"
        surveys = (await wire.request("GET", "/api/v1/surveys", headers=headers)).json()["data"]
        assert [survey["key"] for survey in surveys] == ["nps", "second"]
        policy = (await wire.request("GET", "/api/v1/policy", headers=headers)).json()
        assert [rule["cap"] for rule in policy["rules"]] == [1]


def test_a_server_whose_file_is_taken_away_stops_acknowledging(path: Path) -> None:
    with serving(path) as server:
        path.rename(path.with_suffix(".gone"))
        server.process.wait(timeout=60)
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{server.url}/healthz")
