"""Lantern in a real Chromium before a real Tactful: accessible everywhere, and its panel tells what happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.axe import faults_of
from tests.support.browser import LOOKS
from tests.support.demo import VIOLATIONS, the_demo

# One demo, server and browser for all tests here: they stay in one process.
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("lantern")]

PAGES = [
    "/",
    "/course/night-sky",
    "/course/night-sky/lesson/finding-north",
    "/course/memory/quiz",
    "/course/memory/certificate",
    "/no-such-page",
]
LESSONS = ["dark-eyes", "finding-north", "sky-turns", "wanderers"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with the_demo(tmp_path_factory.mktemp("demo")) as (address, _results):
        yield address


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(VIOLATIONS)
    yield page
    assert page.evaluate("sessionStorage.getItem('violations')") is None
    assert errors == []
    context.close()


def become(page: Page, name: str) -> None:
    page.locator(".account > summary").click()
    page.get_by_role("button", name=name).click()
    expect(page.locator(".panel-name")).not_to_have_text("Visitor")


def finish(page: Page, site: str, *lessons: str) -> None:
    for lesson in lessons:
        page.goto(f"{site}/course/night-sky/lesson/{lesson}")
        page.get_by_role("button", name="Finish lesson").click()
        expect(page.get_by_text("Lesson finished", exact=True)).to_be_visible()
        expect(page.locator(".entry").first).to_contain_text(re.compile("Decision|Card|Asked"))


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_is_accessible(chromium: Browser, site: str, width: int, scheme: Literal["light", "dark"]) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for path in PAGES:
        page.goto(site + path)
        expect(page.locator(".survey")).to_have_count(5)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than the screen"
        assert faults_of(page) == [], path
        toggle = page.get_by_role("button", name="Behind the scenes")
        toggle.click()
        assert faults_of(page) == [], f"{path}, the panel {toggle.get_attribute('aria-expanded')}"
        toggle.click()
    context.close()


def test_two_lessons_bring_the_question_up_and_the_panel_tells_the_story(page: Page, site: str) -> None:
    page.goto(site)
    expect(page.get_by_text("Finish two lessons: you will be asked.")).to_be_visible()
    become(page, "Somebody new")
    finish(page, site, LESSONS[0])
    first = page.locator(".entry").first
    expect(first).to_contain_text("Event Lesson Finished")
    expect(first).to_contain_text("After a lesson: not its turn yet. On every 2nd")
    finish(page, site, LESSONS[1])
    expect(page.get_by_role("dialog")).to_be_visible()
    log = page.locator(".log")
    expect(log).to_contain_text("Decision may ask “After a lesson” in 1 s")
    expect(log).to_contain_text("Asked “After a lesson”")
    held = page.locator(".survey", has_text="After a quiz")
    expect(held).to_contain_text("Not now")
    expect(held.locator(".refusal", has_text="any-60s")).to_contain_text("asked 1 of 1 in 60 s")
    expect(page.get_by_text("Finish two lessons: you will be asked.")).to_be_hidden()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(log).to_contain_text("Dismissed")
    expect(page.locator(".refusal", has_text="dismissed-90s").first).to_contain_text("dismissed 1 of 1 in 90 s")


@pytest.mark.long
def test_a_countdown_ticks_in_place_until_the_survey_is_free(page: Page, site: str) -> None:
    page.goto(site)
    become(page, "Somebody new")
    finish(page, site, *LESSONS[:2])
    visit = page.locator(".survey", has_text="After a quiz").locator(".refusal", has_text="visit")
    expect(visit.locator(".refusal-clock")).to_have_text("0:14")
    page.evaluate("""() => {
      window.shifts = []
      const moved = (entry) => entry.sources.map(({ node }) => node?.outerHTML ?? 'a text')
      new PerformanceObserver((list) => window.shifts.push(...list.getEntries().flatMap(moved)))
        .observe({ type: 'layout-shift' })
    }""")
    expect(visit.locator(".refusal-clock")).to_have_text("0:09")
    assert page.evaluate("window.shifts") == []
    expect(visit).to_have_count(0)


def test_an_event_that_nobody_watches_stays_in_the_browser(page: Page, site: str) -> None:
    page.goto(f"{site}/course/memory")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.evaluate("""() => {
      document.dispatchEvent(new CustomEvent('lantern:track', { detail: { name: 'Video Paused', properties: {} } }))
      window.tactful('track', 'Video Paused')
    }""")
    expect(page.locator(".entry").first).to_contain_text("Stayed in the browser: no live survey watches it.")
    assert sent == []


def test_who_logs_out_leaves_nothing_to_the_visitor_after_them(page: Page, site: str) -> None:
    page.goto(site)
    become(page, "Somebody new")
    finish(page, site, *LESSONS[:2])
    expect(page.locator(".survey", has_text="After a quiz")).to_contain_text("Not now")
    page.locator(".account > summary").click()
    page.get_by_role("button", name="A visitor").click()
    expect(page.locator(".panel-name")).to_have_text("Visitor")
    expect(page.locator("[data-known-as]")).to_have_text("not known to Tactful yet")
    finish(page, site, LESSONS[2])
    expect(page.locator("[data-known-as]")).not_to_have_text("not known to Tactful yet")
    expect(page.locator(".survey", has_text="After a quiz")).to_contain_text("May be asked now")


def test_a_chinese_reader_is_asked_in_chinese(page: Page, site: str) -> None:
    page.goto(site)
    become(page, "林晓雨")
    for lesson in LESSONS[:2]:
        page.goto(f"{site}/course/night-sky/lesson/{lesson}")
        page.get_by_role("button", name="完成本课").click()
        expect(page.get_by_text("本课已完成")).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("您有多大可能向朋友或同事推荐")


def test_lantern_is_used_by_keyboard_alone(page: Page, site: str) -> None:
    page.goto(f"{site}/course/memory/quiz")
    for answer in ("Those who read once", "Tomorrow", "You practise choosing", "A cow trying"):
        page.get_by_role("radio", name=re.compile(answer)).focus()
        page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("[data-result]")).to_be_focused()
    expect(page.locator("[data-result]")).to_contain_text("4 of 4 right")
    page.locator(".account > summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Maya Okafor")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".account > summary")).to_be_focused()
    expect(page.get_by_role("button", name="Maya Okafor")).to_be_hidden()
