"""The card in a real Chromium: for every hand, eye and screen, and never in the way."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.cards import faults_of_card, settle
from tests.support.server import Server
from tests.support.service import a_survey
from tests.support.widget import BUTTON, Host, Watched, a_host, until, watch

pytestmark = pytest.mark.browser

#: Every kind, every text, and an accent on which white would not be read.
FULL = a_survey(
    intro="Three questions, half a minute.",
    questions=[
        {"id": "score", "kind": "nps", "ask": "How likely are you to recommend Lantern to a friend?"},
        {"id": "ease", "kind": "ces", "ask": "How easy was it?", "if": ["score", "band_is", "promoter"]},
        {"id": "why", "kind": "text", "ask": {"by": {"promoter": "What do you like?", "else": "Why this score?"}}},
    ],
    thanks={"by": {"promoter": {"title": "You made our day"}, "else": {"title": "Thanks", "text": "We read it."}}},
    look={"accent": "#ffd43b"},
)
SURVEYS = (FULL,)


def asked(chromium: Browser, host: Host, body: str = BUTTON, **options: Any) -> Watched:
    """A page of a browser context with `options` on which the card stands still."""
    seen = watch(chromium.new_context(**options))
    seen.page.goto(host.page(attributes="data-user-id=ann", body=body))
    seen.page.get_by_role("button", name="Finish").click()
    expect(seen.card).to_be_visible()
    settle(seen)
    return seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_every_step_is_accessible(chromium: Browser, host: Host, width: int, scheme: str) -> None:
    seen = asked(chromium, host, viewport={"width": width, "height": 720}, color_scheme=scheme)
    assert faults_of_card(seen) == []
    seen.card.get_by_role("radio", name="9").click()
    expect(seen.card.get_by_role("radio")).to_have_count(7)
    assert faults_of_card(seen) == []
    seen.card.get_by_role("radio", name="7").click()
    expect(seen.card.get_by_role("textbox", name="What do you like?")).to_be_visible()
    assert faults_of_card(seen) == []
    seen.card.get_by_role("button", name="Send").click()
    expect(seen.card).to_have_accessible_name("You made our day")
    assert faults_of_card(seen) == []
    assert seen.errors == seen.violations == []
    seen.page.context.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_targets_are_large_and_the_card_fits(chromium: Browser, host: Host, width: int) -> None:
    seen = asked(chromium, host, viewport={"width": width, "height": 640})
    boxes = [one.bounding_box() for one in seen.card.locator("input, button:visible").all()]
    assert all(box and box["width"] >= 24 and box["height"] >= 44 for box in boxes), boxes
    card = seen.card.bounding_box()
    assert card is not None
    assert card["x"] >= 0
    assert card["x"] + card["width"] <= width
    assert card["y"] + card["height"] <= 640
    rows = {box["y"] for one in seen.card.get_by_role("radio").all() if (box := one.bounding_box())}
    assert len(rows) == (1 if width > 520 else 2)
    assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    seen.page.context.close()


def test_it_comes_without_moving_the_page_or_its_focus(chromium: Browser, host: Host) -> None:
    context = chromium.new_context()
    seen = watch(context)
    seen.page.goto(host.page(attributes="data-user-id=ann", body=BUTTON))
    seen.page.evaluate(
        """() => {
          window.shift = 0
          new PerformanceObserver((list) => list.getEntries().forEach((one) => (window.shift += one.value)))
            .observe({ type: 'layout-shift', buffered: true })
        }"""
    )
    seen.page.get_by_label("Name").focus()
    seen.track()
    expect(seen.card).to_be_visible()
    settle(seen)
    seen.page.keyboard.type("still here")
    expect(seen.page.get_by_label("Name")).to_have_value("still here")
    expect(seen.page.get_by_role("status")).to_have_text(
        "Three questions, half a minute. " + FULL["questions"][0]["ask"]
    )
    assert seen.page.evaluate("shift") == 0
    context.close()


def test_the_keyboard_alone_goes_all_the_way_and_back(chromium: Browser, host: Host) -> None:
    seen = asked(chromium, host)
    press = seen.page.keyboard.press
    seen.page.get_by_role("button", name="Finish").focus()
    press("Tab")
    expect(seen.card.get_by_role("radio", name="0", exact=True)).to_be_focused()
    expect(seen.card.get_by_role("radio", name="0", exact=True)).to_have_accessible_description("Not at all likely")
    press("Space")
    for _ in range(6):
        press("ArrowRight")
    expect(seen.card.get_by_role("radio", name="6")).to_be_checked()
    assert host.responses() == [], "an arrow key chooses nothing for good"
    press("Enter")
    expect(seen.card.get_by_role("textbox", name="Why this score?")).to_be_focused()
    seen.page.keyboard.type("Hints!")
    press("Tab")
    expect(seen.card.get_by_role("button", name="Don't ask me again")).to_be_focused()
    press("Tab")
    expect(seen.card.get_by_role("button", name="Back")).to_be_focused()
    press("Tab")
    press("Enter")
    expect(seen.card).to_have_accessible_name("Thanks")
    expect(seen.card).to_have_accessible_description("We read it.")
    press("Escape")
    expect(seen.card).to_have_count(0)
    expect(seen.page.get_by_role("button", name="Finish")).to_be_focused()
    until(lambda: host.responses() == [({"score": 6, "why": "Hints!"}, True)])
    seen.page.context.close()


def test_keys_in_the_card_are_not_the_pages_shortcuts(chromium: Browser, host: Host) -> None:
    seen = asked(chromium, host)
    seen.page.evaluate("window.keys = ''; document.addEventListener('keydown', (event) => { keys += event.key }); 0")
    seen.page.keyboard.press("Escape")
    expect(seen.card).to_be_visible()
    seen.card.get_by_role("radio", name="2").click()
    seen.page.keyboard.type("jk")
    expect(seen.card.get_by_role("textbox")).to_have_value("jk")
    assert seen.page.evaluate("keys") == "Escape"
    seen.page.context.close()


HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{traits.name|</p>}}'


def test_a_text_is_a_text(server: Server, chromium: Browser) -> None:
    survey = a_survey(
        intro=HOSTILE,
        questions=[
            {"id": "score", "kind": "csat", "ask": HOSTILE, "low": HOSTILE, "high": HOSTILE},
            {"id": "why", "kind": "text", "ask": HOSTILE, "placeholder": HOSTILE},
        ],
        thanks={"title": HOSTILE, "text": HOSTILE},
    )
    with a_host(server.url, server.path, survey) as host:
        seen = asked(chromium, host)
        expect(seen.card.get_by_role("group")).to_contain_text("<img src=x")
        seen.card.get_by_role("radio", name="5").click()
        seen.card.get_by_role("button", name="Send").click()
        expect(seen.card.locator("#ask")).to_contain_text("<script>")
        assert seen.page.evaluate("window.hacked") is None
        assert seen.errors == seen.violations == []
        seen.page.context.close()


def test_the_page_cannot_disfigure_it_and_it_speaks_the_pages_language(server: Server, chromium: Browser) -> None:
    survey = a_survey(questions=[{"id": "score", "kind": "csat", "ask": {"en": "Well?", "ar": "كيف كان؟"}}])
    with a_host(server.url, server.path, survey) as host:
        address = host.page(attributes="data-user-id=ann", body=BUTTON)
        host.pages["/"] = (
            host.pages["/"]
            .replace('lang="en"', 'lang="ar"')
            .replace("<title>", '<link rel="stylesheet" href="/css"><title>')
        )
        host.pages["/css"] = "* { display: none !important } main, main *, body, html { display: block !important }"
        seen = watch(chromium.new_context(viewport={"width": 1280, "height": 800}))
        seen.page.goto(address)
        seen.page.get_by_role("button", name="Finish").click()
        expect(seen.card.get_by_role("group", name="كيف كان؟")).to_be_visible()
        expect(seen.card).to_have_attribute("dir", "rtl")
        first, last = (seen.card.get_by_role("radio", name=name).bounding_box() for name in ("1", "5"))
        assert first is not None
        assert last is not None
        assert first["x"] > last["x"], "a scale reads as the language does"
        seen.page.context.close()


def test_thanks_leave_by_themselves_unless_somebody_reads_them(chromium: Browser, host: Host) -> None:
    context = chromium.new_context()
    seen = watch(context)
    seen.page.clock.install()
    seen.page.goto(host.page(attributes="data-user-id=ann", body=BUTTON))
    seen.page.get_by_role("button", name="Finish").click()
    seen.page.clock.run_for(1_000)
    seen.card.get_by_role("radio", name="3").click()
    seen.card.get_by_role("button", name="Send").click()
    expect(seen.card).to_have_accessible_name("Thanks")
    seen.card.hover()
    seen.page.clock.run_for(60_000)
    expect(seen.card).to_be_visible()
    seen.page.mouse.move(0, 0)
    seen.page.clock.run_for(10_000)
    expect(seen.card).to_have_count(0)
    context.close()


def test_who_wants_less_motion_gets_none(chromium: Browser, host: Host) -> None:
    seen = asked(chromium, host, reduced_motion="reduce")
    running = "document.querySelector('tactful-card').shadowRoot.getAnimations().length"
    assert seen.page.evaluate(running) == 0
    assert seen.card.evaluate("card => getComputedStyle(card).animationName") == "none"
    seen.page.context.close()
