"""In a real Chromium: a survey in the preview, which leaves nothing behind, and a person's own page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tactful.clock import SystemClock
from tactful.store.projects import NewProject
from tactful.tokens import ME, PREVIEW, Tokens
from tests.support.axe import faults_of
from tests.support.rows import contents, execute
from tests.support.server import Server, serving
from tests.support.service import KEY, a_survey, make_project

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("own-pages")]

DRAFT = a_survey(
    state="draft",
    questions=[
        {"id": "score", "kind": "nps", "ask": {"en": "How likely, {{project.name}}?", "ar": "ما مدى احتمال ذلك؟"}},
        {"id": "why", "kind": "text", "ask": "Why?"},
    ],
    thanks={"by": {"promoter": {"title": "Great"}, "else": {"title": "We hear you"}}},
)
#: The card loads another file for it.
APART = a_survey("apart", state="draft", questions=[{"id": "day", "kind": "date", "ask": "Which day?"}])


class Place:
    """A running service with a project that has one draft."""

    def __init__(self, server: Server, project: NewProject) -> None:
        self.server = server
        self.project = project
        self._tokens = Tokens((KEY,), SystemClock())

    def preview(self, query: str = "", key: str = "nps") -> str:
        return f"{self.server.url}/preview/{self._tokens.sign(PREVIEW, [self.project.project_id, key, 1])}{query}"

    def own_page(self, person_id: str, query: str = "") -> str:
        return f"{self.server.url}/me/{self._tokens.sign(ME, [self.project.project_id, person_id, 'proved'])}{query}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    path: Path = tmp_path_factory.mktemp("own") / "tactful.db"
    project = make_project(path, SystemClock(), surveys=(DRAFT, APART))
    with serving(path) as server:
        yield Place(server, project)


def opened(chromium: Browser, width: int, scheme: str) -> BrowserContext:
    size = {"width": width, "height": 800}
    return chromium.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]  # Playwright's own literals


def test_answers_in_a_preview_reach_nobody(chromium: Browser, place: Place) -> None:
    said: list[str] = []
    with opened(chromium, 1280, "light") as context:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.method != "GET" else None)
        before = contents(place.server.path)
        page.goto(place.preview())
        frame = page.frame_locator("iframe")
        for _ in range(2):
            frame.get_by_role("radio", name="10").click()
            frame.get_by_role("textbox").fill("All of it")
            frame.get_by_role("button", name="Send").click()
            expect(frame.get_by_text("Great").first).to_be_visible()
            frame.get_by_role("button", name="Show it again").click()
        expect(frame.get_by_text("How likely, P?").first).to_be_visible()
        page.goto(place.preview(key="apart"))
        expect(frame.get_by_text("Which day?").first).to_be_visible()
        assert contents(place.server.path) == before
        assert said == []


def test_a_preview_follows_its_toolbar(chromium: Browser, place: Place) -> None:
    with opened(chromium, 1280, "light") as context:
        page = context.new_page()
        page.goto(place.preview())
        for label, value in (("Language", "ar"), ("Colours", "dark"), ("Width", "phone")):
            page.get_by_label(label).select_option(value)
        page.get_by_role("button", name="Show").first.click()
        frame = page.frame_locator("iframe")
        expect(frame.locator("html[dir=rtl].dark")).to_have_count(1)
        expect(frame.get_by_text("ما مدى احتمال ذلك؟").first).to_be_visible()
        box = page.locator("iframe").bounding_box()
        assert box is not None
        assert box["width"] == 375
        page.goto(place.preview("?band=detractor"))
        frame.get_by_role("textbox").fill("x")
        frame.get_by_role("button", name="Send").click()
        expect(frame.get_by_text("We hear you").first).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), pytest.param(1280, "light", marks=pytest.mark.long)])
def test_both_pages_are_for_everybody(chromium: Browser, place: Place, width: int, scheme: str) -> None:
    person_id, now = f"person-{width}", int(time.time() * 1_000)
    statement = "INSERT INTO people (project_id, person_id, first_seen_at, last_at, traits) VALUES (?, ?, ?, ?, '{}')"
    execute(place.server.path, statement, place.project.project_id, person_id, now, now)
    with opened(chromium, width, scheme) as context:
        page = context.new_page()
        page.goto(place.preview())
        expect(page.frame_locator("iframe").get_by_role("radio").first).to_be_visible()
        assert faults_of(page) == []
        page.goto(place.own_page(person_id, "?lang=ar"))
        page.locator("summary").click()
        assert faults_of(page) == []
        page.locator("button[value=stop]").click()
        expect(page.get_by_role("status")).to_have_text("تم الحفظ.")
        page.locator("button[value=allow]").click()
        page.locator("summary").click()
        page.get_by_role("checkbox").check()
        page.locator("button[value=erase]").click()
        expect(page.locator("button[value=keep]")).to_be_visible()
        assert faults_of(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
