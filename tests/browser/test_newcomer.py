"""A newcomer's journey, with nothing but what the product says: from the set-up link to the first response, seen live.

A new service prints a link. Behind it are the first admin, a project, and a snippet, which goes into a page on another
origin as it is shown; a survey is applied from a file; the page is opened as a test person; the backend posts an event;
the card appears; and the answer appears on the results page, which nobody reloads.
"""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import pages_on_another_origin
from tests.support.demo import VIOLATIONS
from tests.support.server import Server, command, serving

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"
SURVEY = """
policy: { tenure: 14d }
surveys:
  - key: desk
    name: After a ticket
    state: live
    trigger: { any: [{ event: Ticket Closed, source: server }] }
    questions:
      - { id: score, kind: csat, ask: "How did {{event.agent|we}} do?" }
      - { id: why, kind: text, ask: "What should we know?" }
"""


def become_the_first_admin(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("E-mail address").fill("ada@example.test")
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    page.get_by_role("button", name="Create the admin").click()
    page.wait_for_url("**/projects")


def make_a_project(page: Page, origin: str) -> dict[str, str]:
    """Make the project Shop; returns its keys by their headings."""
    page.get_by_label("Name").fill("Shop")
    page.get_by_label("Origins of your pages").fill(origin)
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("heading", name="Shop is ready")).to_be_visible()
    keys = {}
    for key in page.locator("main li").all():
        keys[key.get_by_role("heading").inner_text().removesuffix("shown once").strip()] = key.locator(
            "code"
        ).inner_text()
    return keys


def shown_snippet(page: Page) -> str:
    """The snippet as the install page shows it for a page under a strict policy."""
    page.get_by_role("link", name="Install the snippet").click()
    page.get_by_text("Strict content security policy").click()
    return page.get_by_role("region", name="Strict content security policy").inner_text()


def answer(card_page: Page) -> None:
    card = card_page.get_by_role("dialog")
    expect(card).to_contain_text("How did Bo do?")
    card.get_by_role("radio", name="5").click()
    card.get_by_role("textbox").fill("Quick and kind.")
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_text("Thank you")).to_be_visible()


def walk(server: Server, link: str, browser: Browser, tmp_path: Path) -> None:
    site_pages: dict[str, str] = {}
    policy = f"default-src 'self'; script-src 'self' {server.url}; connect-src 'self' {server.url}; "
    policy += "require-trusted-types-for 'script'; trusted-types tactful"
    with pages_on_another_origin(site_pages, policy) as origin:
        admin = browser.new_page()
        admin.add_init_script(VIOLATIONS)
        become_the_first_admin(admin, link)
        write_key = make_a_project(admin, origin)["Write key"]
        site_pages["/"] = f"<!doctype html><title>Shop</title><h1>Shop</h1>{shown_snippet(admin)}"

        file = tmp_path / "surveys.yaml"
        file.write_text(SURVEY, encoding="utf-8")
        applied = command(server.path, "apply", str(file), "--project", "Shop")
        assert applied.returncode == 0, applied.stderr

        admin.reload()
        test_link = admin.get_by_role("link", name=re.compile("Open as a test person")).get_attribute("href")
        assert test_link is not None
        admin.get_by_role("link", name="Surveys").first.click()
        admin.get_by_role("link", name="After a ticket").click()

        tester = browser.new_context().new_page()
        tester.add_init_script(VIOLATIONS)
        with tester.expect_response(lambda response: response.url.endswith("/w/live")):
            tester.goto(test_link)
        event = {"userId": "user-42", "event": "Ticket Closed", "properties": {"agent": "Bo"}, "writeKey": write_key}
        assert httpx2.post(f"{server.url}/v1/track", json=event).json() == {"success": True}
        answer(tester)

        expect(admin.get_by_text("Quick and kind.")).to_be_visible()
        expect(admin.get_by_role("region", name=re.compile("test people", re.IGNORECASE))).to_contain_text(
            "Quick and kind."
        )
        for page in (admin, tester):
            assert page.evaluate("sessionStorage.getItem('violations')") is None


def test_from_the_set_up_link_to_the_first_response(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], chromium: Browser
) -> None:
    with serving(tmp_path / "tactful.db") as server:
        link = re.search(r"http://\S+/setup/\S+", "".join(capfd.readouterr()))
        assert link is not None, "the first start prints the set-up link"
        walk(server, link[0], chromium, tmp_path)
