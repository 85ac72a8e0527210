"""The panel's question, put to the real service in this process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

import demo_site
from demo_site.app import create_app
from demo_site.settings import Settings
from tactful.definitions import load
from tactful.store.projects import apply_definitions
from tactful.store.sqlite import run_once
from tests.demo_site.conftest import GIVEN
from tests.support.clock import SetClock
from tests.support.service import Site, a_site

SURVEYS = Path(demo_site.__file__).parent / "surveys.yaml"
pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def lantern(transport: httpx2.AsyncBaseTransport | None, token: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Lantern, reaching Tactful over `transport`, seen by a browser as Maya."""
    settings = Settings.read(GIVEN | {"LANTERN_API_TOKEN": token, "LANTERN_TACTFUL_URL": "http://service.test"})
    app = create_app(settings, transport, posting=False)
    inside = httpx2.ASGITransport(app=app)
    cookies = {"lantern_who": "maya-okafor"}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=inside, base_url="http://lantern.test", cookies=cookies) as client,
    ):
        yield client


@pytest.fixture
async def tactful(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    """The service with Lantern's own surveys."""
    async with a_site(path, clock) as site:
        definitions = load(SURVEYS.read_bytes(), SURVEYS.name).definitions
        run_once(path, clock, apply_definitions, site.project.project_id, definitions.policy, definitions.surveys)
        await site.service.configs.refresh()
        yield site


@pytest.fixture
async def browser(tactful: Site) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=tactful.app)
    async with lantern(transport, tactful.project.api_token) as client:
        yield client


async def surveys_of(browser: httpx2.AsyncClient, query: str = "") -> dict[str, dict[str, Any]]:
    told = (await browser.get(f"/panel/why{query}")).json()
    return {one["survey"]: one for one in told["surveys"]}


async def finish_lessons(tactful: Site, count: int, user_id: str = "maya-okafor") -> str | None:
    page = {"page": "http://lantern.test/course/memory/lesson/recall", "locale": "en", "width": 1280, "visit": "v"}
    offer = None
    for number in range(count):
        identity = {"user_id": user_id, "anonymous_id": None}
        event = {"message_id": f"{user_id}-{tactful.clock.now}-{number}", "type": "track", "event": "Lesson Finished"}
        body = {"pass": await tactful.the_pass(), "identity": identity, "context": page, "events": [event]}
        offer = (await tactful.post("/w/events", body)).json()["offer"]
    return offer and str(offer["token"])


async def test_somebody_not_met_yet_is_not_held_back(browser: httpx2.AsyncClient) -> None:
    told = (await browser.get("/panel/why")).json()
    assert told["met"] is False
    assert [one["survey"] for one in told["surveys"]] == [
        "lesson-nps",
        "quiz-ces",
        "course-csat",
        "feedback",
        "desk-csat",
    ]
    assert all(one["may_ask"] and one["when"] for one in told["surveys"])


async def test_after_an_ask_each_survey_says_why_not_and_until_when(tactful: Site, browser: httpx2.AsyncClient) -> None:
    offer = await finish_lessons(tactful, 2)
    assert offer is not None, "the second lesson brings the question up"
    page = {"page": "http://lantern.test/course/memory", "locale": "en", "width": 1280, "visit": "v"}
    assert (await tactful.take_up(offer, "maya-okafor", context=page)).status_code == 200

    surveys = await surveys_of(browser)
    assert list(surveys) == ["lesson-nps", "quiz-ces", "course-csat", "feedback", "desk-csat"], (
        "in the order of the file"
    )
    held = {one["rule"] or one["code"]: one for one in surveys["lesson-nps"]["refusals"]}
    assert {name: one["free_in_ms"] for name, one in held.items()} == {
        "visit": 20_000,
        "any-60s": 60_000,
        "repeat": 120_000,
    }
    assert (held["any-60s"]["count"], held["any-60s"]["cap"]) == (1, 1)
    assert surveys["quiz-ces"]["when"] == "On every “Quiz Finished”, after 2\u00a0s"

    tactful.clock.advance(60_000)
    surveys = await surveys_of(browser)
    assert surveys["quiz-ces"]["may_ask"]
    assert [one["code"] for one in surveys["lesson-nps"]["refusals"]] == ["repeat"]


async def test_a_visitor_is_known_by_the_widgets_id_alone(tactful: Site, browser: httpx2.AsyncClient) -> None:
    await finish_lessons(tactful, 1)
    browser.cookies.set("lantern_who", "visitor-0123456789ab")
    for query in ("", "?anonymous_id=", "?anonymous_id=nobody", "?anonymous_id=%00", "?user_id=maya-okafor"):
        assert (await browser.get(f"/panel/why{query}")).json()["met"] is False, query


async def test_the_token_stays_behind(tactful: Site, browser: httpx2.AsyncClient) -> None:
    await finish_lessons(tactful, 1)
    assert tactful.project.api_token not in (await browser.get("/panel/why")).text


async def test_a_token_that_tactful_refuses_is_said_in_words(tactful: Site) -> None:
    async with lantern(httpx2.ASGITransport(app=tactful.app), "wrong") as browser:
        answer = await browser.get("/panel/why")
    assert answer.status_code == 502
    assert answer.json()["trouble"] == "Tactful at http://service.test answered with status 401."


async def test_a_tactful_that_is_down_is_said_in_words() -> None:
    class Down(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            raise httpx2.ConnectError("refused")

    async with lantern(Down(), "token") as browser:
        answer = await browser.get("/panel/why")
        page = await browser.get("/course/memory")
    assert (answer.status_code, answer.json()["trouble"]) == (502, "Tactful does not answer at http://service.test.")
    assert page.status_code == 200, "Lantern goes on without"


async def test_something_else_at_tactfuls_address_is_said_in_words() -> None:
    class Stranger(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, text="<h1>It works!</h1>")

    async with lantern(Stranger(), "token") as browser:
        answer = await browser.get("/panel/why")
    assert answer.status_code == 502
    assert "does not understand" in answer.json()["trouble"]
