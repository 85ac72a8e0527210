"""Projects, surveys, files and updates, as members of each role meet them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import brotli
import httpx2
import pytest

from tactful.core.spans import DAY_MS
from tactful.store.script import Script, run
from tactful.web.assets import assets
from tactful.web.updates import MOST_PER_MEMBER, MOST_REMEMBERED, Updates
from tests.support.answers import Written
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import HOSTILE, Shown, show
from tests.support.service import Site, a_site, a_survey

pytestmark = pytest.mark.anyio

CSAT = [{"id": "score", "kind": "csat", "ask": "How was it?"}]


@pytest.fixture
async def desk(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    """An admin of a project with a live, a paused, a draft and an ended survey."""
    surveys = (
        a_survey("over", state="ended"),
        a_survey("waits", state="draft"),
        a_survey("rests", state="paused", questions=CSAT),
        a_survey("nps", name="After a lesson"),
    )
    async with a_site(path, clock, surveys=surveys) as site:
        await log_in(site.client, site.service, "admin")
        yield site


async def page(site: Site, path: str, status: int = 200) -> Shown:
    answer = await site.client.get(path)
    assert answer.status_code == status, answer.text
    return Shown(answer.text)


async def make(site: Site, **form: str) -> httpx2.Response:
    return await site.client.post("/projects", data=form)


class TestSurveys:
    async def test_what_goes_on_comes_first_with_what_it_found(self, desk: Site) -> None:
        words = Written(desk.path, desk.project.project_id)
        words.say(desk.clock.now, [10] * 6 + [8] * 3 + [2])
        words.say(desk.clock.now - 40 * DAY_MS, [0] * 30)
        words.ask(desk.clock.now, 10)
        shown = await show(desk, "surveys")
        links = [link for link in shown.links("/surveys/") if link.endswith(("nps", "rests", "waits", "over"))]
        assert [link.rpartition("/")[2] for link in links] == ["nps", "rests", "waits", "over"]
        assert "After a lesson Live NPS on Done" in shown.text
        assert "Asked 20 Responded 10 50%" in shown.text
        assert len(shown.all("svg", **{"class": "gauge-line"})) == 1

    async def test_few_answers_are_no_score(self, desk: Site) -> None:
        Written(desk.path, desk.project.project_id).say(desk.clock.now, [10, 10])
        assert "2 answers: too few for a score" in (await show(desk, "surveys")).text

    async def test_a_project_without_surveys_is_told_how_to_begin(self, path: Path, clock: SetClock) -> None:
        async with a_site(path, clock) as site:
            await log_in(site.client, site.service, "viewer")
            assert "tactful apply surveys.yaml --project P" in (await show(site, "surveys")).text

    async def test_the_address_of_a_project_leads_to_its_surveys(self, desk: Site) -> None:
        for address, leads in (("/", "/projects"), (f"/projects/{desk.project.project_id}", "/surveys")):
            answer = await desk.client.get(address)
            assert answer.status_code == 303
            assert answer.headers["location"].endswith(leads)
        assert (await desk.client.get("/projects/nope")).status_code == 404


class TestProjects:
    async def test_all_are_listed_with_what_goes_on(self, desk: Site) -> None:
        words = Written(desk.path, desk.project.project_id)
        words.say(desk.clock.now - DAY_MS, [9, 9, 9])
        words.say(desk.clock.now, [9], test=True)
        shown = await page(desk, "/projects")
        assert "Live surveys 1 of 4 Responses, 30 days 3 Latest response 1 day ago" in shown.text

    async def test_an_admin_makes_one_and_sees_its_keys_once(self, desk: Site) -> None:
        answer = await make(desk, name="  Night   sky ", origins="https://App.example.com\nhttps://b.test:8443/ app")
        assert answer.status_code == 200
        shown = Shown(answer.text)
        assert "Night sky is ready" in shown.text
        keys = dict(re.findall(r"\b(pk|wk|api|ids)(_[0-9a-f]{20,})\b", shown.text))
        assert set(keys) == {"pk", "wk", "api", "ids"}
        config = await desk.service.configs.by_public_key("pk" + keys["pk"])
        assert config.origins == {"https://app.example.com", "https://b.test:8443", "app"}
        sent = await desk.client.post(
            "/v1/track", json={"userId": "ann", "event": "Seen"}, headers={"authorization": f"Bearer wk{keys['wk']}"}
        )
        assert sent.status_code == 200
        listed = await page(desk, "/projects")
        assert "Night sky" in listed.text
        assert keys["wk"] not in listed.text

    @pytest.mark.parametrize(
        ("form", "says"),
        [
            ({"name": "  "}, "Give the project a name"),
            ({"name": "x" * 81}, "Give the project a name"),
            ({"name": "a\u202eb"}, "Give the project a name"),
            ({"name": "New", "origins": "https://*.example.com"}, "nothing stands for many"),
            ({"name": "New", "origins": "ftp://x.test"}, "ftp://x.test"),
            ({"name": "P"}, "There is a project named"),
        ],
    )
    async def test_what_is_wrong_is_said_beside_the_form(self, desk: Site, form: dict[str, str], says: str) -> None:
        answer = await make(desk, **form)
        assert answer.status_code in (400, 409)
        shown = Shown(answer.text)
        assert says in shown.text
        [field] = shown.all("input", name="name")
        assert field["value"] == form["name"]

    @pytest.mark.parametrize("text", HOSTILE)
    async def test_a_name_is_text_everywhere(self, desk: Site, text: str) -> None:
        answer = await make(desk, name=text[:60], origins=text[:100])
        Shown(answer.text)
        Shown((await desk.client.get("/projects")).text)

    @pytest.mark.parametrize("role", ["viewer", "editor"])
    async def test_others_see_no_form_and_may_not_send_one(self, path: Path, clock: SetClock, role: str) -> None:
        async with a_site(path, clock) as site:
            await log_in(site.client, site.service, role)  # type: ignore[arg-type]  # one of the roles
            shown = await page(site, "/projects")
            assert not shown.all("textarea")
            assert (await make(site, name="Mine")).status_code == 403

    async def test_the_first_is_asked_for_where_there_is_none(self, path: Path, clock: SetClock) -> None:
        async with a_site(path, clock) as site:
            await log_in(site.client, site.service, "admin")
            await site.service.db.run(_forget_projects)
            assert "Make your first project" in (await page(site, "/projects")).text
            site.client.cookies.clear()
            await log_in(site.client, site.service, "viewer")
            assert "An admin makes the first one." in (await page(site, "/projects")).text


class TestFrame:
    async def test_every_page_needs_somebody_logged_in(self, site: Site) -> None:
        below = f"/projects/{site.project.project_id}"
        for path in ("/projects", below, f"{below}/surveys", f"{below}/surveys/nps"):
            answer = await site.client.get(path)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login")
        answer = await site.client.get(f"{below}/live", headers={"accept": "text/event-stream"})
        assert answer.status_code == 401

    async def test_it_says_where_one_is_and_who_one_is(self, desk: Site) -> None:
        await make(desk, name="Other")
        shown = await show(desk, "surveys")
        [here] = [link for link in shown.all("a") if link.get("aria-current") == "page"]
        assert str(here["href"]).endswith("/surveys")
        [current] = [link for link in shown.all("a") if link.get("aria-current") == "true"]
        assert desk.project.project_id in str(current["href"])
        assert "admin@tactful.test Admin" in shown.text
        assert "/members" in shown.links()
        assert "Other" in shown.text

    async def test_what_is_not_there_keeps_the_way_back(self, desk: Site) -> None:
        shown = await page(desk, "/projects/nope/surveys", 404)
        assert "There is no such project." in shown.text
        assert "/projects" in shown.links()


class TestFiles:
    async def test_every_file_of_a_page_is_served_for_ever(self, desk: Site) -> None:
        html = (await desk.client.get(f"/projects/{desk.project.project_id}/surveys/nps")).text
        addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', html)
        assert len(addresses) >= 5
        for address in addresses:
            answer = await desk.client.get(address, headers={"accept-encoding": "identity"})
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["x-content-type-options"] == "nosniff"
        for path in ("/static/pages.py", "/static/..%2frouting.py", "/static/loader.js"):
            assert (await desk.client.get(path)).status_code == 404

    async def test_they_are_packed_for_who_can_unpack(self, desk: Site) -> None:
        found = assets()["base.css"]
        request = desk.client.build_request("GET", found.address, headers={"accept-encoding": "br"})
        answer = await desk.client.send(request, stream=True)
        packed = b"".join([part async for part in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "br"
        assert brotli.decompress(packed) == found.body


class _Page:
    """An open page, as the server sees it: what it was sent, and its leaving."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.more = asyncio.Event()
        self.left = asyncio.Event()

    async def send(self, message: object) -> None:
        assert isinstance(message, dict)
        self.sent.append(message.get("body", b""))
        self.more.set()

    async def receive(self) -> dict[str, str]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def told(self) -> list[dict[str, str]]:
        """Wait for the next messages."""
        while not any(b"data" in body for body in self.sent):
            self.more.clear()
            await self.more.wait()
        found = [json.loads(line[6:]) for body in self.sent for line in body.splitlines() if line.startswith(b"data: ")]
        self.sent.clear()
        return found


class TestUpdates:
    async def opened(
        self, updates: Updates, project: str = "p", member: str = "m", age_s: float | None = None
    ) -> tuple[_Page, asyncio.Task[None]]:
        opened = _Page()
        task = asyncio.create_task(updates.serve(project, member, opened.receive, opened.send, age_s=age_s))
        await opened.more.wait()
        return opened, task

    async def test_an_open_page_hears_each_kind_once(self) -> None:
        updates = Updates()
        opened, task = await self.opened(updates)
        other, other_task = await self.opened(updates, "q")
        for _ in range(1_000):
            updates.tell("p", "response", "nps")
        updates.tell("p", "ask", "nps")
        updates.tell("nobody", "ask")
        assert await opened.told() == [{"type": "ask", "survey": "nps"}, {"type": "response", "survey": "nps"}]
        updates.tell_all("change")
        assert await opened.told() == [{"type": "change", "survey": ""}]
        assert await other.told() == [{"type": "change", "survey": ""}]
        opened.left.set()
        await task
        assert len(updates) == 1
        updates.close()
        await other_task
        assert len(updates) == 0

    async def test_a_member_has_so_many_and_no_more(self) -> None:
        updates = Updates()
        pages = [await self.opened(updates) for _ in range(MOST_PER_MEMBER + 1)]
        await pages[0][1]
        assert len(updates) == MOST_PER_MEMBER
        updates.close()
        await asyncio.gather(*(task for _, task in pages))
        late, task = await self.opened(updates)
        await task
        assert late.sent[-1] == b""

    async def test_where_nothing_happens_a_beat_keeps_the_connection(self) -> None:
        updates = Updates(beat_s=0)
        opened, task = await self.opened(updates)
        while len(opened.sent) < 4:
            opened.more.clear()
            await opened.more.wait()
        assert opened.sent[1:4] == [b": \n\n"] * 3
        opened.left.set()
        await task

    async def test_a_stream_ends_so_that_the_next_is_asked_who_it_is(self) -> None:
        updates = Updates(lives_s=0)
        opened, task = await self.opened(updates)
        await task
        assert opened.sent == [b"", b": \n\n", b""]
        assert len(updates) == 0

    async def test_a_moment_that_is_over_before_it_is_told_tells_nobody(self) -> None:
        updates = Updates()
        opened, task = await self.opened(updates)
        updates.tell("p", "ask", "nps")
        updates.close()
        await task
        assert not any(b"data" in body for body in opened.sent)

    async def told_at_once(self, updates: Updates, age_s: float | None) -> set[str]:
        """What a page of this age is told by its stream's opening; what happens afterwards marks the end."""
        opened, task = await self.opened(updates, age_s=age_s)
        updates.tell("p", "end")
        told: set[str] = set()
        while "end" not in told:
            told |= {message["type"] for message in await opened.told()}
        opened.left.set()
        await task
        return told - {"end"}

    async def test_a_page_is_told_what_happened_while_its_stream_was_on_the_way(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loop = asyncio.get_running_loop()
        real, passed = loop.time, 0.0
        monkeypatch.setattr(loop, "time", lambda: real() + passed)
        updates = Updates()
        for kind in ("ask", "response", "closing"):
            passed += 60
            updates.tell("p", kind, "nps")
            updates.tell("q", f"{kind} elsewhere", "other")
            assert await self.told_at_once(updates, age_s=None) == set()
        updates.tell_all("backtest")
        assert await self.told_at_once(updates, 0) == {"closing", "backtest"}
        assert await self.told_at_once(updates, 60) == {"response", "closing", "backtest"}
        assert await self.told_at_once(updates, 600) == {"change"}, "this process was not there yet"
        for number in range(MOST_REMEMBERED):
            updates.tell("r", "ask", str(number))
        assert await self.told_at_once(updates, 0) == {"change"}, "forgotten"

    async def test_asks_responses_and_closings_are_told_after_they_are_kept(self, desk: Site) -> None:
        opened, task = await self.opened(desk.service.updates, desk.project.project_id)
        ask = await desk.ask()
        assert {"type": "ask", "survey": "nps"} in await opened.told()
        await desk.respond(ask)
        assert {"type": "response", "survey": "nps"} in await opened.told()
        assert "1 answer" in (await show(desk, "surveys/nps")).text
        await desk.post("/w/closings", {"ask": ask, "how": "dismissed"})
        assert {"type": "closing", "survey": "nps"} in await opened.told()
        opened.left.set()
        await task


def _forget_projects() -> Script[None]:
    for table in ("survey_versions", "surveys", "api_keys", "identity_secrets", "projects"):
        yield run(f"DELETE FROM {table}")
