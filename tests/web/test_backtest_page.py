"""The backtest's page: started by editors, run in a process of its own, told to whoever looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tactful.clock import SystemClock
from tactful.web import backtests
from tactful.web.backtests import Job
from tactful.web.dashboard.backtest import _points
from tests.support.kept import a_kept_project
from tests.support.members import log_in
from tests.support.pages import HOSTILE, Shown
from tests.support.service import Site, a_site, a_survey
from tests.support.wire import until

pytestmark = pytest.mark.anyio

STRICT = "policy: {tenure: 0s, rules: [{id: once, surveys: all, count: asked, cap: 1, window: 60d}]}"


class Desk:
    """A project with kept events, and a member's browser."""

    def __init__(self, site: Site, project_id: str) -> None:
        self.site, self.project_id = site, project_id
        self.backtests = site.service.backtests

    @property
    def address(self) -> str:
        return f"/projects/{self.project_id}/backtest"

    async def show(self, query: str = "") -> Shown:
        answer = await self.site.client.get(self.address + query)
        assert answer.status_code == 200, answer.text
        return Shown(answer.text)

    async def begin(self, **form: str) -> httpx2.Response:
        return await self.site.client.post(self.address, data={"text": STRICT, "margin": "5"} | form)

    async def over(self) -> Job:
        """The project's backtest, when it is over."""
        async with asyncio.timeout(60):
            await self.backtests.finish()
        job = self.backtests.latest(self.project_id)
        assert job is not None
        return job


@pytest.fixture
async def desk(path: Path) -> AsyncIterator[Desk]:
    clock = SystemClock()
    async with a_site(path, clock, surveys=(a_survey(),)) as site:
        project_id = a_kept_project(path, clock, events=400, people=80)
        await log_in(site.client, site.service, "editor")
        yield Desk(site, project_id)


async def test_an_editor_tries_a_policy_and_a_draft_and_sees_what_it_comes_to(desk: Desk) -> None:
    before = await desk.show("?survey=ticket-csat")
    assert "selected" in before.all("option", value="ticket-csat")[0]
    assert "400 events kept since" in before.text.replace("\N{NARROW NO-BREAK SPACE}", "")
    answer = await desk.begin(survey="ticket-csat")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{desk.address}#outcome")
    job = await desk.over()
    assert (job.state, job.read, job.events) == ("done", 400, 400), job.fault
    shown = await desk.show()
    for words in ("Really asked", "Present rules", "Proposed", "After a ticket", "rule once: 1 in 60d", "unknown"):
        assert words in shown.text
    assert len(shown.all("polyline")) == 3
    assert not shown.all("noscript"), "it is over, so the page need not load itself again"


async def test_the_present_rules_alone_are_replayed_without_a_proposal(desk: Desk) -> None:
    present = next(iter((await desk.show()).texts))
    assert present is not None
    await desk.begin(text="")
    job = await desk.over()
    assert job.result is not None, job.fault
    assert job.result["proposed"] is None
    assert len((await desk.show()).all("polyline")) == 2


async def test_what_is_as_it_is_need_not_be_tried(desk: Desk) -> None:
    area = (await desk.site.client.get(desk.address)).text.partition("<textarea")[2].partition(">")[2]
    await desk.begin(text=area.partition("</textarea>")[0].replace("\n", "\r\n").replace("&#34;", '"'))
    job = await desk.over()
    assert (job.text, job.state) == ("", "done")


async def test_faults_are_told_with_their_lines_and_nothing_runs(desk: Desk) -> None:
    answer = await desk.begin(text="policy:\n  rules: [{id: a, surveys: alle, count: asked, cap: 1, window: 1d}]")
    assert (answer.status_code, "Line 2" in answer.text, "did you mean" in answer.text) == (422, True, True)
    assert "surveys: alle" in answer.text, "what was written is still there"
    assert (await desk.begin(survey="nope")).status_code == 400
    assert desk.backtests.latest(desk.project_id) is None


@pytest.mark.parametrize("text", HOSTILE)
async def test_whatever_is_written_stays_text(desk: Desk, text: str) -> None:
    answer = await desk.begin(text=text)
    Shown(answer.text)
    assert answer.status_code in {303, 422}


async def test_what_fails_says_why(desk: Desk) -> None:
    changed = "surveys: [{key: lesson-nps, name: N, trigger: {event: Done}, questions: [{id: s, kind: ces, ask: How}]}]"
    await desk.begin(text=changed)
    job = await desk.over()
    assert (job.state, "kind nps" in job.fault) == ("failed", True)
    assert "kind nps" in (await desk.show()).text


async def test_one_runs_at_a_time_the_next_waits_and_either_can_be_cancelled(desk: Desk) -> None:
    other = desk.backtests.start(desk.site.project.project_id, "", None, 5.0)
    await desk.begin()
    job = desk.backtests.latest(desk.project_id)
    assert job is not None
    assert (other.state, job.state, desk.backtests.ahead(job)) == ("queued", "queued", 1)
    shown = await desk.show()
    assert "Waiting for its turn" in shown.text
    assert shown.all("meta", **{"http-equiv": "refresh"}), "without a script the page loads itself again"
    assert (await desk.begin()).status_code == 409
    await desk.site.client.post(f"{desk.address}/cancel")
    assert job.state == "cancelled"
    assert "Cancelled" in (await desk.show()).text
    desk.backtests.cancel(desk.project_id)
    desk.backtests.cancel("nobody's")
    await desk.begin()
    assert (await desk.over()).state == "done"
    assert other.is_over, "the one before came first"


async def test_what_runs_can_be_ended(desk: Desk) -> None:
    await desk.begin()
    job = desk.backtests.latest(desk.project_id)
    assert job is not None
    await until(lambda: job.process is not None)
    assert job.process is not None
    assert "Replaying" in (await desk.show()).text
    desk.backtests.cancel(desk.project_id)
    assert await job.process.wait() == -9
    assert job.state == "cancelled"


async def test_a_process_that_ends_by_itself_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtests.sys, "executable", "/bin/false")
    await desk.begin()
    job = await desk.over()
    assert (job.state, "ended by itself" in job.fault) == ("failed", True)
    monkeypatch.setattr(backtests.sys, "executable", "/nowhere/python")
    await desk.begin()
    job = await desk.over()
    assert (job.state, "could not start" in job.fault) == ("failed", True)


async def test_the_latest_of_so_many_projects_are_remembered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtests, "_MOST_KEPT", 1)
    first = desk.backtests.start("first", "", None, 5.0)
    desk.backtests.cancel("first")
    desk.backtests.start("second", "", None, 5.0)
    assert first.is_over
    assert desk.backtests.latest("first") is None
    desk.backtests.cancel("second")


async def test_a_viewer_looks_and_runs_nothing(path: Path, desk: Desk) -> None:
    del path
    await log_in(desk.site.client, desk.site.service, "viewer")
    assert "An editor can run a backtest." in (await desk.show()).text
    assert (await desk.begin()).status_code == 403


async def test_without_kept_events_it_says_how_to_get_some(desk: Desk) -> None:
    answer = await desk.site.client.get(f"/projects/{desk.site.project.project_id}/backtest")
    assert "No kept events yet" in answer.text


def test_one_day_is_a_level_line() -> None:
    left, right = _points([7], 7).split()
    assert left.partition(",")[2] == right.partition(",")[2]
