"""Thanks that act, in a real Chromium: by mouse, by keyboard, without a clipboard, and never lost."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_card import asked
from tests.support.cards import faults_of_card
from tests.support.rows import execute
from tests.support.service import a_survey
from tests.support.widget import BUTTON, Host, Watched, until

pytestmark = pytest.mark.browser

SHARED = "I learn with Lantern https://lantern.test/?from=ann"
SURVEY = a_survey(
    questions=[{"id": "score", "kind": "nps", "ask": "How likely are you to recommend Lantern?"}],
    thanks={
        "by": {
            "promoter": {
                "title": "Thank you!",
                "text": "Tell somebody.",
                "share": {"text": "I learn with Lantern", "url": "https://lantern.test/?from={{traits.nobody|ann}}"},
                "coupon": "MONTH-ON-US",
            },
            "else": {
                "title": "Thank you for being honest",
                "promise": {"by": "{{account.owner|Noor Aziz}}", "text": "I read this today."},
                "action": {"label": "Book a call", "url": "https://calendar.invalid/"},
            },
        }
    },
)
SURVEYS = (SURVEY,)


def clicks(host: Host) -> list[str]:
    found = execute(host.where, "SELECT what FROM clicks WHERE project_id = ? ORDER BY what", host.project.project_id)
    return [what for (what,) in found]


def thanked(chromium: Browser, host: Host, score: str, **options: Any) -> Watched:
    seen = asked(chromium, host, **options)
    seen.page.evaluate("() => { window.told = []; tactful('on', 'clicked', (detail) => told.push(detail.what)) }")
    seen.card.get_by_role("radio", name=score, exact=True).click()
    expect(seen.card).to_have_accessible_name("Thank you!" if score == "10" else "Thank you for being honest")
    return seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_may_be_done_is_accessible_and_stays(chromium: Browser, host: Host, scheme: str) -> None:
    for score, width in (("10", 320), ("2", 1280)):
        seen = thanked(chromium, host, score, viewport={"width": width, "height": 720}, color_scheme=scheme)
        assert faults_of_card(seen) == []
        boxes = [one.bounding_box() for one in seen.card.locator("a, button, textarea").all()]
        assert all(box and box["height"] >= 44 and box["width"] >= 24 for box in boxes), boxes
        assert seen.errors == seen.violations == []
        seen.page.context.close()


def test_a_text_and_a_coupon_are_copied_by_keyboard_and_that_is_said(chromium: Browser, host: Host) -> None:
    seen = thanked(chromium, host, "10", permissions=["clipboard-read", "clipboard-write"])
    seen.card.get_by_role("textbox", name="Your code").focus()
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.press("Enter")
    expect(seen.card.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    assert seen.page.evaluate("navigator.clipboard.readText()") == "MONTH-ON-US"
    seen.card.get_by_role("button", name="Copy", exact=True).click()
    expect(seen.card.get_by_role("button", name="Copied")).to_have_count(2)
    assert seen.page.evaluate("navigator.clipboard.readText()") == SHARED
    until(lambda: clicks(host) == ["copy", "coupon"])
    assert seen.page.evaluate("told") == ["coupon", "copy"]
    seen.page.context.close()


def test_without_a_clipboard_the_text_stays_selected(chromium: Browser, host: Host) -> None:
    seen = thanked(chromium, host, "10")
    seen.page.evaluate("""() => {
        Object.defineProperty(navigator, 'clipboard', { value: undefined })
        document.execCommand = () => false
    }""")
    seen.card.get_by_role("button", name="Copy", exact=True).first.click()
    field = seen.card.get_by_role("textbox", name="Your code")
    expect(field).to_be_focused()
    assert field.evaluate("one => one.value.slice(one.selectionStart, one.selectionEnd)") == "MONTH-ON-US"
    expect(seen.card.get_by_role("button", name="Copied")).to_have_count(0)
    seen.page.context.close()


def test_a_device_that_can_share_does_and_a_change_of_mind_is_none(chromium: Browser, host: Host) -> None:
    seen = asked(chromium, host)
    seen.page.evaluate("""() => {
        window.told = []
        const share = async (what) => {
          if (told.push(what) == 1) throw new Error('no')
        }
        Object.defineProperty(navigator, 'share', { value: share })
    }""")
    seen.card.get_by_role("radio", name="10").click()
    for _ in range(2):
        seen.card.get_by_role("button", name="Share").click()
    until(lambda: clicks(host) == ["share"])
    told = {"text": "I learn with Lantern", "url": "https://lantern.test/?from=ann"}
    assert seen.page.evaluate("told") == [told, told]
    assert seen.errors == []
    seen.page.context.close()


def test_a_link_opens_beside_the_page_and_the_promise_is_said(chromium: Browser, host: Host) -> None:
    seen = thanked(chromium, host, "2")
    expect(seen.card.get_by_role("status").filter(has_text="I read this today.")).to_have_count(1)
    expect(seen.card).to_contain_text("Noor Aziz")
    link = seen.card.get_by_role("link", name="Book a call")
    assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noopener")
    with seen.page.context.expect_page():
        link.click()
    until(lambda: clicks(host) == ["action"])
    expect(seen.card).to_be_visible()
    seen.page.context.close()


def test_a_click_that_cannot_be_sent_is_sent_from_the_next_page(chromium: Browser, host: Host) -> None:
    seen = thanked(chromium, host, "10")
    until(lambda: len(host.responses()) == 1)
    seen.page.context.route("**/w/clicks", lambda route: route.abort())
    seen.card.get_by_role("button", name="Copy", exact=True).first.click()
    until(lambda: seen.sent("/w/clicks"))
    assert clicks(host) == []
    seen.page.context.unroute("**/w/clicks")
    seen.page.goto(host.page("/next", attributes="data-user-id=ann", body=BUTTON))
    until(lambda: clicks(host) == ["coupon"])
    seen.page.context.close()


def test_an_address_that_a_browser_would_run_is_no_link(chromium: Browser, host: Host) -> None:
    """The server refuses such an address; whatever stands between may not bring one either."""

    def forge(route: Any) -> None:
        answer = route.fetch()
        body = answer.text().replace("https://calendar.invalid/", "javascript:alert(1)")
        route.fulfill(response=answer, body=body)

    context = chromium.new_context()
    context.route("**/w/asks", forge)
    page = context.new_page()
    page.goto(host.page(attributes="data-user-id=ann", body=BUTTON))
    page.get_by_role("button", name="Finish").click()
    card = page.get_by_role("dialog")
    card.get_by_role("radio", name="2").click()
    expect(card).to_contain_text("I read this today.")
    expect(card.get_by_role("link")).to_have_count(0)
    context.close()
