"""Responses, people and installing in a real Chromium: for eyes, for screen readers, by keyboard, and as it happens."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tactful.clock import SystemClock, new_id, new_secret
from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.store.members import NewMember, NewSession, Role, add_member, use_link
from tactful.store.projects import NewProject
from tactful.store.sqlite import run_once
from tactful.tokens import SESSION, Tokens
from tests.support.axe import faults_of
from tests.support.clock import SetClock
from tests.support.members import NO_PASSWORD
from tests.support.pages import HOSTILE
from tests.support.rows import execute
from tests.support.server import Server, serving
from tests.support.service import CONTEXT, KEY, SITE, Site, a_site, a_survey, apply_to, make_project, policy_of

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("people-pages")]

VARIANTS = {"plain": {}, "warm": {"texts": {"intro": "<b>Hi</b>"}}}


POLICY = policy_of(
    {
        "tenure": "0s",
        "rules": [
            {"id": "any-7d", "scope": "person", "surveys": "all", "count": "asked", "cap": 1, "window": "7d"},
            {"id": "nps-90d", "scope": "person", "surveys": "kind:nps", "count": "asked", "cap": 2, "window": "90d"},
        ],
    }
)


@dataclass
class Place:
    """A running service with a project in which much was said, and one in which nothing was."""

    server: Server
    project: NewProject
    empty_id: str

    def address(self, path: str, project_id: str | None = None) -> str:
        return f"{self.server.url}/projects/{project_id or self.project.project_id}/{path}"

    def one(self, statement: str) -> str:
        [[found]] = execute(self.server.path, statement)
        return str(found)

    def cookie(self, role: Role = "admin") -> tuple[str, str]:
        """The cookie of a new member."""
        clock, path = SystemClock(), self.server.path
        new = NewMember(new_id(clock), f"{new_id(clock)}@tactful.test", role)
        session, token = NewSession(new_secret("ses"), new_id(clock), "Chromium"), new_secret("setup")
        run_once(path, clock, add_member, new, token)
        run_once(path, clock, use_link, token, "setup", NO_PASSWORD, session, new)
        return "tactful", Tokens((KEY,), clock).sign(SESSION, [session.secret])

    def send(self, path: str, body: Any, origin: str = SITE) -> Any:
        """Post as a page of `origin` does; returns what was answered, a refusal too."""
        headers = {"Origin": origin, "Content-Type": "text/plain"}
        request = urllib.request.Request(self.server.url + path, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            return json.load(refused)

    def event(self, name: str, user_id: str, origin: str = SITE) -> Any:
        with urllib.request.urlopen(f"{self.server.url}/w/{self.project.public_key}.json") as answer:
            passed = json.load(answer)["pass"]
        message = {"message_id": new_id(SystemClock()), "type": "track", "event": name}
        identity = {"user_id": user_id, "anonymous_id": None}
        return self.send(
            "/w/events", {"pass": passed, "identity": identity, "context": CONTEXT, "events": [message]}, origin
        )

    def respond(self, user_id: str, score: int, why: str) -> None:
        """Let somebody be asked and answer."""
        offer = self.event("Done", user_id)["offer"]["token"]
        identity = {"user_id": user_id, "anonymous_id": None}
        asked = self.send("/w/asks", {"offer": offer, "identity": identity, "context": CONTEXT})
        self.send(
            "/w/responses", {"ask": asked["ask"], "rev": 1, "answers": {"score": score, "why": why}, "done": True}
        )


async def _live_a_little(path: Path) -> NewProject:
    """Let people answer, hostile ones among them, be asked again and be refused."""
    clock = SetClock(SystemClock().now_ms() - 3 * DAY_MS)
    ticket = {"any": [{"event": "Ticket Closed", "source": "server", "hold": "9d"}]}
    surveys = (
        a_survey(),
        a_survey("ticket", trigger=ticket, name="After a ticket"),
        a_survey("draft", state="draft", name="Relaunch"),
    )
    async with a_site(path, clock, surveys=surveys, policy=POLICY) as site:
        apply_to(path, clock, site.project.project_id, a_survey(intro="Hello", variants=VARIANTS, arm="traits.plan"))
        for number, text in enumerate((*HOSTILE, "Short lessons, good questions.", "讲得很清楚。", "line\n" * 300)):
            await _say(site, f"user-{number}", number % 11, text)
        await site.respond(await site.ask("quiet"), answers={"score": 7})
        await site.backend("Ticket Closed", "user-1")
        return site.project


async def _say(site: Site, user_id: str, score: int, text: str) -> None:
    traits = {"name": text, "email": f"{user_id}@x.test", text[:100]: text, "plan": "pro"}
    for kind, fields in (("identify", {"traits": traits}), ("group", {"groupId": text[:250], "traits": traits})):
        message = {"userId": user_id, "writeKey": site.project.write_key} | fields
        await site.client.post(f"/v1/{kind}", json=message)
    site.clock.advance(20 * MINUTE_MS)
    await site.respond(await site.ask(user_id), answers={"score": score, "why": text[:1_999]}, done=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    path = tmp_path_factory.mktemp("people") / "tactful.db"
    with ThreadPoolExecutor(1) as thread:  # Playwright has a loop running on this one
        project = thread.submit(asyncio.run, _live_a_little(path)).result()
    empty = make_project(path, SystemClock(), name="Empty")
    with serving(path) as server:
        yield Place(server, project, empty.project_id)


@pytest.fixture(scope="module")
def admin(place: Place) -> tuple[str, str]:
    return place.cookie()


PAGES = {
    "responses": "responses",
    "narrowed": "responses?survey=nps&band=detractor&q=a",
    "none fits": "responses?q=nothing+like+it",
    "response": "responses/{response}",
    "people": "people",
    "found": "people?q=user-1",
    "nobody found": "people?q=%3Cb%3E",
    "person": "people/{person}",
    "install": "install",
    "events": "events",
    "refusals": "surveys/nps",
    "definition": "surveys/nps/definition?from=1&to=2",
    "variants": "surveys/nps",
}


def enter(context: BrowserContext, place: Place, cookie: tuple[str, str]) -> tuple[Page, list[str]]:
    """Open a page of somebody who is logged in; what the console says gathers in the list."""
    context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": place.server.url}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page, complaints


def filled(place: Place, path: str) -> str:
    return path.format(
        response=place.one("SELECT response_id FROM responses ORDER BY created_at LIMIT 1 OFFSET 1"),
        person=place.one("SELECT person_id FROM people WHERE user_id = 'user-1'"),
    )


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        # The others are left to `make test-all`: most faults of a look show in the smallest.
        *(pytest.param(*look, marks=pytest.mark.long) for look in ((320, "light"), (1280, "light"), (1280, "dark"))),
    ],
)
def test_fits_and_can_be_used_by_everybody(
    chromium: Browser,
    place: Place,
    admin: tuple[str, str],
    name: str,
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    with chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:
        page, complaints = enter(context, place, admin)
        page.goto(place.address(filled(place, PAGES[name])))
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.name = ''; one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert faults_of(page) == []
        assert complaints == []


def test_a_phone_shows_every_section_at_once(chromium: Browser, place: Place, admin: tuple[str, str]) -> None:
    with chromium.new_context(viewport={"width": 360, "height": 800}) as context:
        page, _ = enter(context, place, admin)
        page.goto(place.address("surveys"))
        last = page.get_by_role("navigation", name="P", exact=True).get_by_role("link", name="Install").bounding_box()
        assert last is not None
        assert last["x"] + last["width"] <= 360


@pytest.mark.parametrize("path", ["responses", "people", "install", "responses?before=1.x", "people?before=1.x"])
def test_empty_pages_too(chromium: Browser, place: Place, admin: tuple[str, str], path: str) -> None:
    with chromium.new_context(viewport={"width": 390, "height": 800}) as context:
        page, complaints = enter(context, place, admin)
        page.goto(place.address(path, place.empty_id))
        assert faults_of(page) == []
        assert complaints == []


def test_everything_works_without_script(chromium: Browser, place: Place) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page, _ = enter(context, place, place.cookie())
        page.goto(place.address("responses"))
        page.get_by_label("Words in the comment").fill("good questions")
        page.get_by_role("button", name="Show").click()
        page.locator("a.whole").click()
        expect(page.get_by_role("heading", level=3, name="Why?")).to_be_visible()
        page.get_by_role("link", name="Short lessons").first.click()
        expect(page.get_by_role("heading", name="May they be asked?")).to_be_visible()
        page.get_by_text("Every check").first.click()
        expect(page.get_by_role("row", name="The survey is live").first).to_be_visible()
        expect(page.get_by_role("listitem").filter(has_text="any-7d").first).to_contain_text("1 of 1")
        page.goto(place.address("install"))
        page.get_by_label("Another origin").fill("https://later.test")
        page.get_by_role("button", name="List it", exact=True).first.click()
        expect(page.locator(".origins").first).to_contain_text("https://later.test")
        page.get_by_role("button", name="Remove https://later.test").click()
        expect(page.locator(".origins").first).not_to_contain_text("https://later.test")


def test_everything_works_by_keyboard(chromium: Browser, place: Place, admin: tuple[str, str]) -> None:
    with chromium.new_context() as context:
        page, _ = enter(context, place, admin)
        page.goto(place.address("people"))
        page.get_by_label("User id").focus()
        page.keyboard.type("user-12")
        page.keyboard.press("Enter")
        page.wait_for_url("**/people?q=user-12")
        tab_to(page, "a.whole")
        page.keyboard.press("Enter")
        page.wait_for_url("**/people/*")
        tab_to(page, ".reason summary")
        page.keyboard.press("Enter")
        expect(page.locator(".reason details").first).to_have_attribute("open", "")
        tab_to(page, ".asks a.whole")
        page.keyboard.press("Enter")
        page.wait_for_url("**/responses/*")
        page.goto(place.address("install"))
        tab_to(page, ".choices details:nth-child(2) summary")
        page.keyboard.press("Space")
        expect(page.get_by_role("region", name="Strict content security policy")).to_be_visible()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is on the first match, and look that one can see it there."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement === document.querySelector(wanted)", selector):
            outline = "e => [e, '::after'].map(p => getComputedStyle(e, p === e ? null : p).outlineStyle).join()"
            assert "solid" in page.locator(selector).first.evaluate(outline)
            return
    raise AssertionError(f"no Tab leads to {selector}")


def test_what_arrives_is_shown_as_it_arrives(chromium: Browser, place: Place, admin: tuple[str, str]) -> None:
    with chromium.new_context() as context:
        page, complaints = enter(context, place, admin)
        page.goto(place.address("install"))
        page.evaluate("window.sameDocument = true")
        place.event("Done", "live & <b>well</b>")
        arrived = page.locator(".arrivals li").first
        expect(arrived).to_contain_text("Done")
        expect(arrived).to_contain_text("live & <b>well</b>")
        expect(page.get_by_role("status")).to_contain_text("New event: Done")
        place.event("Done", "ann", "https://unlisted.test")
        refused = page.locator(".callers li").first
        expect(refused).to_contain_text("1 refused")
        assert page.evaluate("window.sameDocument")
        refused.get_by_role("button", name="List it").click()
        expect(page.locator(".callers")).not_to_contain_text("Not listed")
        assert "offer" in place.event("Done", "ann", "https://unlisted.test")
        assert complaints == []


def test_a_sample_is_copied(chromium: Browser, place: Place, admin: tuple[str, str]) -> None:
    with chromium.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        page, _ = enter(context, place, admin)
        page.goto(place.address("install"))
        sample = page.locator("#snippet .sample").first
        sample.hover()
        sample.get_by_role("button", name="Copy").click()
        expect(sample.get_by_role("button")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == sample.locator("code").text_content()


def test_a_response_appears_where_responses_are_listed(chromium: Browser, place: Place, admin: tuple[str, str]) -> None:
    with chromium.new_context() as context:
        page, complaints = enter(context, place, admin)
        page.goto(place.address("responses"))
        page.evaluate("window.sameDocument = true")
        place.respond("somebody-new", 10, "This came while you looked.")
        expect(page.locator(".responses li").first).to_contain_text("This came while you looked.")
        person = place.one("SELECT person_id FROM people WHERE user_id = 'somebody-new'")
        assert page.evaluate("window.sameDocument")
        page.goto(place.address(f"people/{person}"))
        expect(page.locator(".asks li")).to_have_count(1)
        assert complaints == []


def test_a_viewer_changes_nothing(chromium: Browser, place: Place) -> None:
    with chromium.new_context() as context:
        page, _ = enter(context, place, place.cookie("viewer"))
        page.goto(place.address("install"))
        expect(page.get_by_text("An admin can change this list.")).to_be_visible()
        assert page.locator("main form").count() == 0
        assert page.locator("a[href*='tactful-test']").count() == 0
