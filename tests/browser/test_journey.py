"""The README's first command in a real Chromium: finish lessons, be asked, choose 9, write a comment, read both.

Lantern is on another origin than the service and sends `default-src 'self'` with the service in script-src and
connect-src, and requires Trusted Types; the snippet is the one documented for such a page.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tactful.demo import MEMBER
from tests.support.demo import VIOLATIONS, the_demo

pytestmark = pytest.mark.browser


def finish_lesson(page: Page) -> None:
    page.get_by_role("button", name="Finish lesson").click()
    expect(page.get_by_role("link", name="Next lesson")).to_be_visible()


def test_finish_lessons_choose_nine_write_a_comment_and_read_both(tmp_path: Path, chromium: Browser) -> None:
    with the_demo(tmp_path) as (site, password):
        page = chromium.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(VIOLATIONS)
        page.goto(f"{site}/course/night-sky/lesson/dark-eyes")
        finish_lesson(page)
        page.get_by_role("link", name="Next lesson").click()
        page.wait_for_url("**/lesson/finding-north")
        finish_lesson(page)

        card = page.get_by_role("dialog")
        expect(card).to_be_visible()
        card.get_by_role("radio", name="9").click()
        card.get_by_role("textbox").fill("Short, and I did it on the balcony.")
        card.get_by_role("button", name="Send").click()
        expect(card.get_by_text("That made our day")).to_be_visible()

        assert page.evaluate("sessionStorage.getItem('violations')") is None
        assert errors == []
        assert [cookie.get("name") for cookie in page.context.cookies()] == ["lantern_who"], "the widget sets none"

        page.goto(f"{site}/")
        dashboard = page.get_by_role("link", name="Open the results").get_attribute("href")
        assert dashboard is not None
        page.goto(dashboard)
        page.get_by_label("E-mail address").fill(MEMBER)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("main").get_by_role("link", name="After a lesson").click()
        expect(page.get_by_text("Short, and I did it on the balcony.")).to_be_visible()
        expect(page.locator("main")).to_contain_text("9")
        expect(page.locator("main")).to_contain_text("Too few")
