"""What was answered on pages that come and go: it arrives, it arrives once, and no page sees an error.

tests/browser/test_widget.py has the server that is down and the page that is closed; here is what is left.
"""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import Error, Route, expect

from tests.support.server import Server
from tests.support.service import a_survey
from tests.support.widget import BUTTON, Host, Watched, a_host, ask, go_back, until

pytestmark = pytest.mark.browser

BACK_FORWARD_CACHE = True

BOTH = [({"score": 3, "why": "Too long"}, True)]


def answer(seen: Watched) -> None:
    """Answer all there is, up to the thanks."""
    seen.card.get_by_role("radio", name="3").click()
    seen.card.get_by_role("textbox").fill("Too long")
    seen.card.get_by_role("button", name="Send").click()
    expect(seen.card).to_have_accessible_name("Thank you!")


def kept(seen: Watched) -> int:
    """How many entries wait in the browser to be sent."""
    return int(seen.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('tactful-')).length"))


@pytest.mark.parametrize("reply", ["blocked", "lost"])
def test_an_answer_without_a_receipt_is_sent_again_and_counts_once(host: Host, seen: Watched, reply: str) -> None:
    """Of a request that was blocked and of one whose reply was lost the browser knows the same."""

    def lose(route: Route) -> None:
        # A try may be under way while the page is left.
        with contextlib.suppress(Error):
            if reply == "lost":
                route.fetch()
            route.abort()

    ask(host, seen)
    context = seen.page.context
    for path in ("**/w/responses", "**/w/closings"):
        context.route(path, lose)
    answer(seen)
    if reply == "lost":
        until(lambda: seen.page.evaluate("0") or host.responses() == BOTH)
    assert kept(seen) > 0
    for path in ("**/w/responses", "**/w/closings"):
        context.unroute(path, lose)
    seen.page.goto(host.page("/next"))
    until(lambda: kept(seen) == 0)
    assert host.responses() == BOTH
    assert len(host.asks()) == 1


def test_a_full_storage_costs_no_answer(host: Host, seen: Watched) -> None:
    """Reading works, and every write throws."""
    seen.page.goto(host.origin + "/stub")
    seen.page.evaluate(
        """() => {
          for (let size = 1 << 22; size >= 1; size >>= 1)
            try { for (let n = 0; ; n++) localStorage['their' + size + '-' + n] = 'x'.repeat(size) } catch {}
        }"""
    )
    ask(host, seen)
    answer(seen)
    until(lambda: host.responses() == BOTH)


def test_without_the_part_that_draws_it_a_question_is_left_out(server: Server, seen: Watched) -> None:
    consent = {"id": "may", "kind": "consent", "ask": "May we write?", "label": "Yes", "required": True}
    survey = a_survey()
    with a_host(server.url, server.path, survey | {"questions": [consent, *survey["questions"]]}) as host:
        seen.page.context.route("**/w/more-*", lambda route: route.abort())
        ask(host, seen)
        answer(seen)
        until(lambda: host.responses() == BOTH)


def test_a_card_goes_on_after_the_back_forward_cache(host: Host, seen: Watched) -> None:
    ask(host, seen)
    seen.page.evaluate("addEventListener('pageshow', (event) => { window.restored = event.persisted })")
    seen.card.get_by_role("radio", name="3").click()
    seen.card.get_by_role("textbox").fill("Too")
    seen.page.goto(host.page("/two"))
    until(lambda: host.responses() == [({"score": 3, "why": "Too"}, False)])
    go_back(seen.page)
    seen.page.wait_for_function("window.restored")
    field = seen.card.get_by_role("textbox")
    expect(field).to_have_value("Too")
    field.fill("Too long")
    seen.card.get_by_role("button", name="Send").click()
    until(lambda: host.responses() == BOTH)
    assert len(host.asks()) == 1


def test_a_card_stays_when_a_single_page_application_goes_on(host: Host, seen: Watched) -> None:
    ask(host, seen)
    seen.card.get_by_role("radio", name="3").click()
    seen.page.evaluate("history.pushState(0, '', '/two'); document.querySelector('main').replaceChildren(); 0")
    seen.track()
    seen.card.get_by_role("textbox").fill("Too long")
    seen.card.get_by_role("button", name="Send").click()
    until(lambda: host.responses() == BOTH)
    seen.page.go_back()
    expect(seen.card).to_have_accessible_name("Thank you!")
    assert len(host.asks()) == 1


PRERENDERED = """(() => {
  let prerendering = true
  const tell = (of, name, get) => Object.defineProperty(of, name, { get, configurable: true })
  tell(document, 'prerendering', () => prerendering)
  tell(document, 'hidden', () => prerendering)
  tell(document, 'visibilityState', () => (prerendering ? 'hidden' : 'visible'))
  window.activate = () => {
    prerendering = false
    for (const type of ['prerenderingchange', 'visibilitychange'])
      document.dispatchEvent(new Event(type, { bubbles: true }))
  }
})()"""


def test_a_prerendered_page_is_silent_until_somebody_sees_it(host: Host, seen: Watched) -> None:
    """What the page reports while nobody sees it is held, goes out once when it is seen, and only then is stored."""
    seen.page.add_init_script(PRERENDERED)
    early = host.script("/early", "tactful('track', 'Done')")
    loaded = "**/w/pk*.js"
    with seen.page.expect_response(loaded):
        seen.page.goto(host.page(attributes="data-user-id=ann", body=BUTTON + early))
    assert seen.stored() == 0
    assert seen.sent("/w/events") == 0
    seen.page.evaluate("activate()")
    answer(seen)
    until(lambda: host.responses() == BOTH)
    assert len(host.asks()) == 1
    reported = [one for one in seen.requests if one.endswith("/w/events")]
    assert len(reported) == 1, reported
