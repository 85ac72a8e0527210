"""Projects, surveys and results in a real Chromium: for eyes, screen readers and keys, live, without script."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tactful.clock import SystemClock
from tactful.core.reading import read_receiver
from tactful.store.receivers import FirstSecret, put_receiver
from tactful.store.sqlite import run_once
from tactful.web.privacy import act
from tests.support.axe import faults_of
from tests.support.members import cookie_for
from tests.support.plenty import Plenty, fill
from tests.support.server import Server, serving
from tests.support.service import CONTEXT, KEY, NO_RULES, SITE, a_survey, apply_to, make_project
from tests.support.widget import until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("dashboard")]


SURVEYS = {
    "lesson-nps": ("nps", 4_000),
    "ticket-csat": ("csat", 300),
    "certificate-ces": ("ces", 60),
    "wow": ("text", 90),
    "few": ("nps", 6),
    "nobody": ("nps", 0),
}
RECEIVER_ID = "rcv_for_tests"
PAGES = {
    "projects": "/projects",
    "surveys": "surveys",
    "no surveys": "/projects/{empty}/surveys",
    "results": "surveys/lesson-nps",
    "filtered": "surveys/lesson-nps?range=all&band=detractor&trait=plan%3Dfree&by=month",
    "small sample": "surveys/ticket-csat?range=7d",
    "average": "surveys/certificate-ces?range=all",
    "words": "surveys/wow?range=all",
    "few": "surveys/few?range=all",
    "nobody": "surveys/nobody",
    "nothing fits": "surveys/lesson-nps?trait=plan%3Dgold",
    "identity": "settings/identity",
    "not there": "surveys/nope",
    "no receivers": "/projects/{empty}/receivers",
    "receivers": "receivers",
    "receiver": "receivers/chatwoot",
    "how a receiver reads": "receivers/chatwoot/edit",
    "trying a receiver": "receivers/chatwoot/try",
    "template": "receivers/templates/n8n",
}


@dataclass
class Place:
    """A running service with a project in which much was said, and one in which nothing was."""

    server: Server
    project_id: str
    empty_id: str
    public_key: str
    _asked: int = 0

    def address(self, path: str) -> str:
        below = path if path.startswith("/") else f"/projects/{self.project_id}/{path}"
        return self.server.url + below.format(empty=self.empty_id)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Origin": SITE, "Content-Type": "text/plain"}
        with urllib.request.urlopen(
            urllib.request.Request(self.server.url + path, json.dumps(body).encode(), headers)
        ) as reply:
            return dict(json.load(reply))

    def respond(self, score: int, comment: str, survey: str = "lesson-nps") -> None:
        """Somebody new answers, as the widget would send it."""
        self._asked += 1
        with urllib.request.urlopen(f"{self.server.url}/w/{self.public_key}.json") as reply:
            passed = json.load(reply)["pass"]
        who = {"user_id": f"visitor-{self._asked}", "anonymous_id": None}
        ask = self._post("/w/asks", {"show": survey, "pass": passed, "identity": who, "context": CONTEXT})["ask"]
        self._post("/w/responses", {"ask": ask, "rev": 1, "answers": {"score": score, "why": comment}, "done": True})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    path = tmp_path_factory.mktemp("dashboard") / "tactful.db"
    clock = SystemClock()
    surveys = tuple(
        a_survey(
            key,
            name=key.title(),
            questions=[
                {"id": "score", "kind": kind, "ask": "How was it?"},
                {"id": "why", "kind": "text", "ask": "Why?"},
            ],
        )
        for key, (kind, _) in SURVEYS.items()
    )
    project = make_project(path, clock, surveys=surveys, policy=NO_RULES, name="Lantern")
    empty = make_project(path, clock, name="A product with a name so long that no menu was made for it")
    for key, (kind, asks) in SURVEYS.items():
        fill(path, Plenty(project.project_id, key, kind, clock.now_ms(), asks=asks, seed=len(key)))
    receiver = read_receiver({"preset": "chatwoot", "key": "chatwoot"}).value
    assert receiver is not None
    secret = FirstSecret("what Chatwoot shows")
    run_once(path, clock, put_receiver, project.project_id, receiver, RECEIVER_ID, secret, act(clock, "command line"))
    with serving(path) as server:
        yield Place(server, project.project_id, empty.project_id, project.public_key)


@dataclass
class Visit:
    """A page that a member has open, and everything that it complained about."""

    page: Page
    complaints: list[str]

    def shows(self, text: str) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text)


@pytest.fixture
def visits(place: Place, chromium: Browser) -> Iterator[Any]:
    """Open pages as a member: `visits("surveys", viewport=...)`."""
    contexts: list[BrowserContext] = []
    cookie = cookie_for(place.server.path, KEY, "admin")

    def visit(path: str, *, complains: bool = False, **options: Any) -> Visit:
        context = chromium.new_context(**options)
        contexts.append(context)
        context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": place.server.url}])
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(place.address(path))
        return Visit(page, complaints)

    yield visit
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        *(pytest.param(*look, marks=pytest.mark.long) for look in ((390, "light"), (1280, "light"), (1280, "dark"))),
    ],
)
def test_is_accessible_fits_and_breaks_no_policy(
    visits: Any, name: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    """Under the page's own policy: a violation of it would be a message of the console."""
    visit = visits(PAGES[name], viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=False)
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width
    assert visit.complaints == [] or (name == "not there" and "404" in visit.complaints[0])
    for folded in visit.page.locator("main details:not(.drop)").all():
        folded.evaluate("one => { one.open = true }")
    assert faults_of(visit.page) == []


@pytest.mark.parametrize("menu", ["Project Lantern", "Account", "Custom"])
def test_what_opens_is_accessible_and_closes_by_escape(visits: Any, menu: str) -> None:
    page = visits("surveys/lesson-nps", viewport={"width": 390, "height": 844}).page
    opener = page.locator("summary, button").filter(has_text=menu).first
    opener.focus()
    page.keyboard.press("Enter")
    inside = page.locator("[popover]:popover-open a, .drop[open] input[type=date]").first
    expect(inside).to_be_visible()
    assert faults_of(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(inside).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_trend_is_read_by_arrow_keys(visits: Any) -> None:
    visit = visits("surveys/lesson-nps?range=90d&by=week")
    trend = visit.page.get_by_role("slider", name="Net Promoter Score by week")
    trend.focus()
    last = int(str(trend.get_attribute("aria-valuemax")))
    assert trend.get_attribute("aria-valuenow") == str(last)
    words = []
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowLeft", "End"):
        visit.page.keyboard.press(key)
        words.append(str(trend.get_attribute("aria-valuetext")))
    assert words[1] == words[3] != words[2]
    rows = visit.page.locator("#trend-table tbody tr")
    assert rows.count() == last + 1
    title, told = str(rows.nth(1).get_attribute("data-title")), rows.nth(1).get_attribute("data-words")
    assert words[1].startswith(f"{title}, {told} (")
    assert "answers" in words[1]
    before = trend.screenshot()
    visit.page.keyboard.press("ArrowLeft")
    assert trend.screenshot() != before, "the tooltip moves along"


def test_the_skip_link_leads_to_the_page(visits: Any) -> None:
    page = visits("surveys").page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_a_response_appears_without_taking_anybody_from_their_place(place: Place, visits: Any) -> None:
    visit = visits("surveys/few?range=all", viewport={"width": 1280, "height": 600})
    page = visit.page
    page.evaluate("window.stillHere = true")
    page.locator("#how summary").click()
    page.locator("#how summary").focus()
    page.evaluate("scrollTo(0, 1e6)")
    before = page.evaluate("scrollY")
    for number in range(6):
        place.respond(10, f"Right now {number}", "few")
    visit.shows("Right now 5")
    expect(page.get_by_role("status")).to_contain_text("answers")
    assert page.evaluate("window.stillHere") is True
    assert page.locator("#how").evaluate("one => one.open") is True
    expect(page.locator("#how summary")).to_be_focused()
    assert page.evaluate("scrollY") >= before
    assert visit.complaints == []


def test_a_survey_goes_on_to_be_followed_after_a_filter(place: Place, visits: Any) -> None:
    visit = visits("surveys/lesson-nps")
    page = visit.page
    page.evaluate("window.stillHere = true")
    page.get_by_label("Band").focus()
    page.get_by_label("Band").select_option("detractor")
    visit.shows("Latest comments of detractors")
    assert "band=detractor" in page.url
    expect(page.get_by_label("Band")).to_be_focused()
    page.get_by_role("link", name="30 days").click()
    expect(page.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "true")
    assert "range=30d&band=detractor" in page.url
    place.respond(1, "Seen while filtered")
    visit.shows("Seen while filtered")
    place.respond(10, "Not a detractor")
    page.go_back()
    expect(page.get_by_role("link", name="90 days")).to_have_attribute("aria-current", "true")
    page.go_back()
    visit.shows("Not a detractor")
    expect(page.get_by_label("Band")).to_have_value("")
    assert page.evaluate("window.stillHere") is True
    assert visit.complaints == []


def test_a_list_of_surveys_follows_too(place: Place, visits: Any) -> None:
    visit = visits("surveys")
    line = visit.page.locator("#survey-nobody")
    expect(line).to_contain_text("No answers")
    place.respond(9, "First", "nobody")
    expect(line).to_contain_text("1 answer")


def test_a_page_in_the_background_keeps_no_stream(place: Place, visits: Any) -> None:
    visit = visits("surveys/lesson-nps")
    page = visit.page
    with page.expect_event("requestfailed", lambda request: "/live?" in request.url):
        page.evaluate(
            "Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
    place.respond(2, "While nobody looked")
    assert "While nobody looked" not in page.get_by_role("main").inner_text()
    page.evaluate("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))")
    visit.shows("While nobody looked")


def test_nothing_is_missed_while_the_stream_is_on_its_way(place: Place, visits: Any) -> None:
    visit = visits("surveys/lesson-nps")
    with visit.page.expect_request("**/live?age=*"):
        visit.page.route("**/live?age=*", lambda stream: (place.respond(9, "Just in time"), stream.continue_()))
        visit.page.reload()
    visit.shows("Just in time")


def test_whoever_is_logged_out_meanwhile_is_told(place: Place, visits: Any) -> None:
    visit = visits("surveys/lesson-nps")
    visit.page.context.clear_cookies()
    place.respond(3, "Not for you any more")
    expect(visit.page.get_by_role("status")).to_contain_text("You have been logged out. Log in")
    assert "Not for you" not in visit.page.get_by_role("main").inner_text()


def test_everything_works_without_a_script(visits: Any) -> None:
    page = visits("surveys/lesson-nps", java_script_enabled=False).page
    page.get_by_label("Band").select_option("promoter")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("main")).to_contain_text("Latest comments of promoters")
    page.locator("summary", has_text="Custom").click()
    page.get_by_label("From").fill("2026-01-01")
    page.get_by_role("button", name="Show these days").click()
    assert "from=2026-01-01" in page.url
    assert "band=promoter" in page.url
    page.locator("summary", has_text="The same as a table").click()
    expect(page.get_by_role("table").filter(has_text="Interval")).to_be_visible()


def test_a_project_is_made_and_its_snippet_found(visits: Any) -> None:
    page = visits("/projects").page
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Name").fill("Made by hand")
    page.get_by_label("Origins of your pages").fill("https://app.example.com")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("heading", name="Made by hand is ready")).to_be_visible()
    assert page.locator(".key").count() == 4
    assert faults_of(page) == []
    page.get_by_role("link", name="To the surveys").click()
    expect(page.get_by_role("main")).to_contain_text("No surveys yet")


def test_the_page_follows_what_another_process_does(place: Place, visits: Any) -> None:
    """A command beside the server applies a survey: the list shows it."""
    visit = visits("/projects/{empty}/surveys")
    visit.shows("No surveys yet")
    apply_to(place.server.path, SystemClock(), place.empty_id, a_survey("fresh", name="Fresh from a file"))
    until(lambda: "Fresh from a file" in visit.page.get_by_role("main").inner_text())


def test_a_receiver_is_made_changed_and_tried_without_a_script(visits: Any) -> None:
    page = visits("/projects/{empty}/receivers", java_script_enabled=False).page
    page.get_by_role("button", name="Add User name and password").click()
    assert page.locator(".fresh code").inner_text().startswith("rs_")
    page.get_by_role("link", name="Change it").click()
    expect(page.get_by_label("User name", exact=True)).to_be_visible()
    page.get_by_label("A signature").check()
    expect(page.get_by_label("User name", exact=True)).to_be_hidden()
    page.get_by_label("A token").check()
    page.get_by_label("Conditions").fill("- [$.status, is, done]")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Try it").first.click()
    expect(page.get_by_role("heading", name="It would be taken")).to_be_visible()
    page.get_by_label("Payload").fill('{"event": "Closed", "user_id": "ann", "status": "open"}')
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("heading", name="It would be left out")).to_be_visible()


@pytest.mark.long
def test_what_a_receiver_took_appears_while_one_looks(place: Place, visits: Any) -> None:
    visit = visits("receivers/chatwoot")
    visit.shows("Nothing has arrived yet")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(urllib.request.Request(f"{place.server.url}/v1/receivers/{RECEIVER_ID}", b"{}"))
    visit.shows("1 refused")
    visit.shows("The time that is signed along is missing")
    assert visit.complaints == []
