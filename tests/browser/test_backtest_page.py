"""The backtest's page in a real Chromium: for eyes and screen readers, followed as it runs, and without a script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tactful.clock import SystemClock
from tests.support.axe import faults_of
from tests.support.kept import a_kept_project
from tests.support.members import cookie_for
from tests.support.server import Server, serving
from tests.support.service import KEY, make_project

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("backtest")]

STRICT = "policy: {tenure: 0s, rules: [{id: once, surveys: all, count: asked, cap: 1, window: 60d}]}"
Scheme = Literal["light", "dark"]
FAULTY = STRICT.replace("all", "alle")


@dataclass(frozen=True)
class Place:
    """A running service with a project in which events are kept, and one without."""

    server: Server
    project_id: str
    empty_id: str

    def address(self, project_id: str | None = None) -> str:
        return f"{self.server.url}/projects/{project_id or self.project_id}/backtest"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    path = tmp_path_factory.mktemp("backtest") / "tactful.db"
    clock = SystemClock()
    project_id = a_kept_project(path, clock, events=3_000, people=600)
    empty_id = make_project(path, clock, name="Empty").project_id
    with serving(path) as server:
        yield Place(server, project_id, empty_id)


def opened(
    place: Place,
    chromium: Browser,
    width: int = 1280,
    scheme: Scheme = "light",
    *,
    script: bool = True,
) -> Page:
    """A member's page, whose console has to stay empty."""
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, java_script_enabled=script
    )
    name, value = cookie_for(place.server.path, KEY, "editor")
    context.add_cookies([{"name": name, "value": value, "url": place.server.url}])
    page = context.new_page()
    page.on("console", lambda message: pytest.fail(message.text) if "422" not in message.text else None)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


def tried(page: Page, text: str) -> None:
    page.get_by_label("Policy, as YAML").fill(text)
    page.get_by_label("As if it were live").select_option("ticket-csat")
    page.get_by_role("button", name="Run the backtest").click()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        *(pytest.param(*look, marks=pytest.mark.long) for look in ((390, "light"), (1280, "light"), (1280, "dark"))),
    ],
)
def test_a_backtest_is_followed_to_its_end_and_accessible_on_every_screen(
    place: Place, chromium: Browser, width: int, scheme: Scheme
) -> None:
    page = opened(place, chromium, width, scheme)
    page.goto(place.address())
    assert faults_of(page) == []
    tried(page, FAULTY)
    expect(page.get_by_role("alert")).to_contain_text("did you mean all")
    assert faults_of(page) == []
    tried(page, STRICT)
    expect(page.get_by_role("heading", name="Asks per day")).to_be_visible()
    expect(page.get_by_role("status").last).to_contain_text("The backtest is done")
    expect(page.get_by_label("Policy, as YAML")).to_have_value(STRICT)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for folded in page.locator("main details").all():
        folded.evaluate("one => { one.open = true }")
    assert faults_of(page) == []
    page.context.close()


def test_without_a_script_the_page_loads_itself_until_it_is_done(place: Place, chromium: Browser) -> None:
    page = opened(place, chromium, script=False)
    page.goto(place.address())
    tried(page, STRICT)
    expect(page.get_by_role("heading", name="Asks per day")).to_be_visible()
    page.context.close()


def test_a_project_without_kept_events_is_told_how_to_get_some(place: Place, chromium: Browser) -> None:
    page = opened(place, chromium, 390)
    page.goto(place.address(place.empty_id))
    expect(page.get_by_role("heading", name="No kept events yet")).to_be_visible()
    assert faults_of(page) == []
    page.context.close()
