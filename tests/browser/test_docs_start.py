"""The page `start` done as it says, in a real browser, under the policies that the page `snippet` gives."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tactful.web.docs.book import source
from tactful.web.docs.markup import fences
from tests.support.browser import pages_on_another_origin
from tests.support.demo import VIOLATIONS
from tests.support.server import command, free_port, serving

pytestmark = pytest.mark.browser

EXAMPLE = "https://surveys.example.com"


def saved(name: str) -> str:
    """What the page `start` tells people to save under `name`."""
    [code] = [code for _, title, code in fences(source("start")) if title == name]
    return code


def policy_of_the_docs() -> str:
    """Every line of a policy in `snippet`, and nothing else allowed."""
    lines = [code.strip() for language, _, code in fences(source("snippet")) if language == "text"]
    assert any("trusted-types" in line for line in lines)
    return "; ".join(["default-src 'none'", *lines])


def test_five_minutes_lead_to_the_first_response(tmp_path: Path, chromium: Browser) -> None:
    database, url = tmp_path / "tactful.db", f"http://127.0.0.1:{free_port()}"
    (tmp_path / "surveys.yaml").write_text(saved("surveys.yaml"))
    pages: dict[str, str] = {}
    with pages_on_another_origin(pages, policy_of_the_docs().replace(EXAMPLE, url)) as origin:
        created = command(database, "project", "create", "Shop", "--origin", origin, "--json", url=url)
        key = json.loads(created.stdout)["public_key"]
        assert command(database, "apply", str(tmp_path / "surveys.yaml"), "--project", "Shop").returncode == 0
        pages["/"] = saved("index.html").replace(EXAMPLE, url).replace("PUBLIC_KEY", key)
        with serving(database, int(url.rpartition(":")[2])):
            answer_as_told(chromium, origin)
        why = command(database, "why", "--project", "Shop", "--user", "user-42")
    assert re.search("this survey was asked within 90d; free again ", why.stdout)


def answer_as_told(browser: Browser, origin: str) -> None:
    """Press the button, choose a score, say why; press it again: nothing."""
    page = browser.new_page()
    page.add_init_script(VIOLATIONS)
    page.goto(origin)
    page.get_by_role("button", name="Place another order").click()
    card = page.get_by_role("dialog")
    expect(card).to_contain_text("How likely are you to recommend us to a friend?")
    with page.expect_response("**/w/responses") as kept:
        card.get_by_role("radio", name="9").click()
    assert kept.value.status == 200
    expect(card).to_contain_text("What do you like most?")
    page.keyboard.press("Escape")
    with page.expect_response("**/w/events") as heard:
        page.get_by_role("button", name="Place another order").click()
    assert heard.value.json() == {"offer": None}
    assert page.evaluate("sessionStorage.violations || ''") == ""
