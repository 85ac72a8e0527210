"""Log-in in a real Chromium: by keyboard alone, under the strict policy, and not from another site's page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tactful.cli_members import first_link
from tactful.clock import SystemClock
from tactful.database_url import DatabaseUrl
from tactful.settings import Settings
from tests.support.axe import faults_of
from tests.support.browser import pages_on_another_origin
from tests.support.demo import VIOLATIONS
from tests.support.server import Server, serving
from tests.support.service import KEY

pytestmark = pytest.mark.browser

ANN = "ann@lantern.test"
PASSWORD = "correct horse battery"


@dataclass
class Door:
    """A running service whose first admin is Ann."""

    server: Server
    browser: Browser

    def visit(self, path: str, width: int = 1280, scheme: Literal["light", "dark"] = "light") -> Page:
        """Open a page in a browser of its own, in which nobody is logged in."""
        context = self.browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page = context.new_page()
        page.add_init_script(VIOLATIONS)
        page.goto(self.server.url + path)
        return page

    def enter(self, path: str, width: int = 1280, scheme: Literal["light", "dark"] = "light") -> Page:
        """Open a page that takes a member, as Ann."""
        page = self.visit(path, width, scheme)
        log_in(page)
        expect(page).to_have_url(self.server.url + path)
        return page


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(ANN)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Door]:
    path = tmp_path_factory.mktemp("door") / "tactful.db"
    with serving(path) as server:
        link = first_link(Settings(DatabaseUrl.of_file(path), (KEY,), server.url), SystemClock())
        assert link is not None
        page = chromium.new_page()
        page.goto(link)
        expect(page.get_by_text("You are the first here")).to_be_visible()
        page.get_by_label("E-mail address").fill(ANN)
        page.get_by_label("New password", exact=True).fill(PASSWORD)
        page.get_by_label("New password again").fill(PASSWORD)
        page.get_by_role("button", name="Create the admin").click()
        expect(page).to_have_url(f"{server.url}/projects")
        [cookie] = page.context.cookies()
        assert (cookie.get("name"), cookie.get("httpOnly"), cookie.get("sameSite")) == ("tactful", True, "Lax")
        assert page.evaluate("document.cookie") == ""
        page.context.close()
        yield Door(server, chromium)


def clean(page: Page) -> None:
    """Close the page, on which nothing was forbidden."""
    assert page.evaluate("sessionStorage.getItem('violations')") is None
    page.context.close()


def test_in_and_out_by_keyboard_alone(door: Door) -> None:
    page = door.visit("/account?done=sessions")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    for keys in (ANN, "a wrong password"):
        page.keyboard.type(keys)
        page.keyboard.press("Tab" if keys == ANN else "Enter")
    # The answer takes a slow hash, which a busy machine makes slower still.
    expect(page.get_by_role("alert")).to_have_text("E-mail address or password is wrong.")
    expect(page.get_by_label("E-mail address")).to_have_value(ANN)
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{door.server.url}/account?done=sessions")
    expect(page.get_by_text("This device")).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="Log out").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{door.server.url}/login")
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible()
    clean(page)


def test_an_admin_invites_somebody_and_removes_them_again(door: Door) -> None:
    page = door.enter("/members")
    page.get_by_label("E-mail address").fill("bo@lantern.test")
    page.get_by_label("Role", exact=True).select_option("editor")
    page.get_by_role("button", name="Add and make a link").click()
    link = page.get_by_label("The link").input_value()
    theirs = door.browser.new_context().new_page()
    theirs.goto(link)
    theirs.get_by_label("New password", exact=True).fill("another password")
    theirs.get_by_label("New password again").fill("another password")
    theirs.get_by_role("button", name="Save and log in").click()
    theirs.wait_for_url("**/projects")
    page.goto(f"{door.server.url}/members")
    row = page.get_by_role("listitem").filter(has_text="bo@lantern.test")
    expect(row).to_contain_text("Last here")
    row.get_by_role("button", name="More").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Remove").press("Enter")
    expect(page.get_by_role("status")).to_have_text("The member is removed, and their sessions have ended.")
    expect(page.get_by_text("bo@lantern.test")).to_have_count(0)
    theirs.reload()
    expect(theirs).to_have_url(re.compile("/login"))
    theirs.context.close()
    clean(page)


PAGE_OF_ANOTHER = """<!doctype html><title>Another</title>
<form id="out" method="post" action="URL/logout" target="hole"></form>
<form id="add" method="post" action="URL/members" target="hole">
  <input name="email" value="mallory@evil.example"><input name="role" value="admin"></form>
<form id="in" method="post" action="URL/login" target="hole">
  <input name="email" value="mallory@evil.example"><input name="password" value="mallory's password"></form>
<iframe name="hole"></iframe><iframe id="framed" src="URL/login"></iframe>
<script>
  async function attack() {
    const told = []
    for (const path of ['/logout', '/members', '/account/sessions/end', '/account/password']) {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
        await fetch('URL' + path, {method: 'POST', credentials: 'include', mode: 'no-cors',
          headers: {'content-type': type}, body: 'email=mallory@evil.example&role=admin'})
      }
      try {
        await fetch('URL' + path, {method: 'DELETE', credentials: 'include', headers: {authorization: 'Bearer x'}})
        told.push('read ' + path)
      } catch { /* no preflight is allowed */ }
    }
    try { told.push(await (await fetch('URL/account', {credentials: 'include'})).text()) } catch { /* not readable */ }
    return told
  }
</script>"""


def test_a_page_of_another_origin_changes_nothing_and_reads_nothing(door: Door) -> None:
    """On the same site (this machine), so that the browser sends the cookie with every one of these."""
    page = door.enter("/members")
    with pages_on_another_origin({"/": PAGE_OF_ANOTHER.replace("URL", door.server.url)}, "") as other:
        attacker = page.context.new_page()
        answered: list[int] = []

        def note(response: Response) -> None:
            if response.request.method == "POST":
                answered.append(response.status)

        attacker.goto(other)
        attacker.on("response", note)
        for form in ("out", "add", "in"):
            with attacker.expect_response(lambda response: response.request.method == "POST"):
                attacker.evaluate(f"document.getElementById('{form}').submit()")
        assert attacker.evaluate("attack()") == []
        expect(attacker.frame_locator("#framed").get_by_label("Password")).to_have_count(0)
        assert answered == [403] * 11
    page.reload()
    expect(page.get_by_text("The only admin")).to_be_visible()
    assert "mallory" not in page.content()
    clean(page)


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def finished(page: Page) -> Page:
    """Wait until nothing fades in any more."""
    page.evaluate("Promise.all(document.getAnimations().map(one => one.finished))")
    return page


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (320, "dark"),
        *(pytest.param(*look, marks=pytest.mark.long) for look in ((320, "light"), (1280, "light"), (1280, "dark"))),
    ],
)
def test_every_page_is_accessible_and_fits(door: Door, width: int, scheme: Literal["light", "dark"]) -> None:
    page = door.visit("/members", width, scheme)
    seen: dict[str, list[str]] = {}

    def look(name: str) -> None:
        seen[name] = faults_of(finished(page)) + [f"overflows by {over}" for over in [overflow(page)] if over]

    page.get_by_text("Forgot your password?").click()
    look("log-in")
    log_in(page, "a wrong password")
    expect(page.get_by_role("alert")).to_be_visible()
    look("log-in refused")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Members")).to_be_visible()
    look("members")
    page.get_by_label("E-mail address").fill(f"somebody.with.a.long.name.{scheme}.{width}@customers.example.test")
    page.get_by_role("button", name="Add and make a link").click()
    link = page.get_by_label("The link").input_value()
    look("members with a link")
    page.goto(link)
    look("choose a password")
    page.goto(f"{door.server.url}/members")
    page.get_by_role("button", name="More").last.click()
    look("members, one opened")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_be_visible()
    look("members, one removed")
    page.goto(f"{door.server.url}/account?done=session")
    look("account")
    page.goto(link)
    look("spent link")
    page.goto(f"{door.server.url}/login")
    clean(page)
    assert {name: faults for name, faults in seen.items() if faults} == {}
