"""Every page of the documentation in a real Chromium, under its own policy: read by axe, by keyboard and on a phone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tactful.web.docs.book import PAGES
from tests.support.axe import faults_of
from tests.support.demo import VIOLATIONS
from tests.support.server import Server, command, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("docs")]

ADDRESSES = ["/docs", "/docs?q=trusted+types", "/docs?q=xyzzy", *(f"/docs/{name}" for name in PAGES)]
PHONE, DESKTOP = 390, 1440
#: Load also what a reader would have to scroll to; a picture that is none rejects.
EVERY_PICTURE = """
Promise.all([...document.images].map((image) => { image.loading = 'eager'; return image.decode() })).then(() => true)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    database = tmp_path_factory.mktemp("docs") / "tactful.db"
    json.loads(command(database, "project", "create", "Shop", "--json").stdout)
    with serving(database) as server:
        yield server


def opened(page: Page, address: str) -> list[str]:
    """Open a page; return what it complains of, as it comes."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(VIOLATIONS)
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200
    return complaints


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("width", [320, 1100])
def test_fits_and_breaks_no_policy(chromium: Browser, server: Server, address: str, width: int) -> None:
    with chromium.new_context(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        complaints = opened(page, server.url + address)
        page.evaluate(EVERY_PICTURE)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate("sessionStorage.violations || ''") == ""
        assert complaints == []


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (PHONE, "dark"),
        # The others are left to `make test-all`: most faults of a look show in this one.
        pytest.param(PHONE, "light", marks=pytest.mark.long),
        pytest.param(DESKTOP, "dark", marks=pytest.mark.long),
        pytest.param(DESKTOP, "light", marks=pytest.mark.long),
    ],
)
def test_is_accessible(
    chromium: Browser, server: Server, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    with chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:
        page = context.new_page()
        opened(page, server.url + address)
        assert faults_of(page) == []


def test_the_menus_of_a_phone_open_lead_and_close_by_keyboard(chromium: Browser, server: Server) -> None:
    with chromium.new_context(viewport={"width": PHONE, "height": 800}) as context:
        page = context.new_page()
        opened(page, f"{server.url}/docs/throttling")
        menu = page.get_by_role("navigation", name="On this page")
        expect(menu).to_be_hidden()
        page.get_by_role("button", name="On this page").focus()
        page.keyboard.press("Enter")
        expect(menu).to_be_visible()
        page.keyboard.press("Escape")
        expect(menu).to_be_hidden()
        page.get_by_role("button", name="On this page").click()
        menu.get_by_role("link", name="Tenure").click()
        expect(menu).to_be_hidden()
        expect(page.get_by_role("heading", name="Tenure")).to_be_in_viewport()
        page.get_by_role("button", name="Pages").click()
        page.get_by_role("navigation", name="Documentation").get_by_role("link", name="Signing users").click()
        expect(page.get_by_role("heading", name="Signing users")).to_be_visible()


def test_menus_work_without_scripts(chromium: Browser, server: Server) -> None:
    with chromium.new_context(viewport={"width": PHONE, "height": 800}, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{server.url}/docs/start")
        page.get_by_role("button", name="Pages").click()
        page.get_by_label("Search the documentation").fill("hold")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="From the event to the card")).to_be_visible()


def test_a_sample_is_copied_as_it_stands(chromium: Browser, server: Server) -> None:
    with chromium.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        complaints = opened(page, f"{server.url}/docs/start")
        sample = page.locator(".sample", has_text="first-survey")
        sample.get_by_role("button").focus()
        page.keyboard.press("Enter")
        expect(sample.get_by_role("button")).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == sample.locator("code").text_content()
        assert copied.startswith("surveys:\n  - key: first-survey\n")
        assert complaints == []


def test_the_section_that_is_read_is_marked(chromium: Browser, server: Server) -> None:
    with chromium.new_context(viewport={"width": DESKTOP, "height": 800}) as context:
        page = context.new_page()
        opened(page, f"{server.url}/docs/surveys")
        page.get_by_role("heading", name="Thanks").scroll_into_view_if_needed()
        page.get_by_role("navigation", name="On this page").get_by_role("link", name="Texts").click()
        current = page.locator('.docs-toc [aria-current="true"]')
        expect(current).to_have_text("Texts")


def test_it_prints_as_text_alone(chromium: Browser, server: Server) -> None:
    with chromium.new_context(viewport={"width": DESKTOP, "height": 800}) as context:
        page = context.new_page()
        opened(page, f"{server.url}/docs/throttling")
        page.emulate_media(media="print")
        expect(page.get_by_role("heading", name="Throttling")).to_be_visible()
        for name in ("Documentation", "On this page", "Next and previous page"):
            expect(page.get_by_role("navigation", name=name)).to_be_hidden()


def test_a_member_chooses_whose_keys_the_samples_carry(chromium: Browser, tmp_path: Path) -> None:
    database = tmp_path / "tactful.db"
    keys = [json.loads(command(database, "project", "create", name, "--json").stdout) for name in ("Lantern", "Shop")]
    with serving(database) as server, chromium.new_context(viewport={"width": DESKTOP, "height": 800}) as context:
        invited = command(database, "member", "add", "ada@lantern.test", "--role", "viewer", url=server.url)
        page = context.new_page()
        page.goto(invited.stdout.strip())
        for field in page.locator("input[type=password]").all():
            field.fill("a password that nobody guesses")
        page.locator("main button[type=submit]").click()
        complaints = opened(page, f"{server.url}/docs/snippet")
        expect(page.locator("article")).to_contain_text("/w/PUBLIC_KEY.js")
        page.get_by_label("Keys in the samples").select_option(label="Shop")
        page.get_by_role("button", name="Use").click()
        expect(page.locator("article")).to_contain_text(f"/w/{keys[1]['public_key']}.js")
        page.get_by_role("link", name="Start", exact=True).click()
        expect(page.locator("article")).to_contain_text(f"/w/{keys[1]['public_key']}.js")
        assert faults_of(page) == []
        assert complaints == []
