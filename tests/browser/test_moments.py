"""Moments: what a page tells by itself, in a real Chromium: leaving, scrolling, staying, resting."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.support.server import Server
from tests.support.service import a_survey
from tests.support.widget import Host, Watched, a_host, until

pytestmark = pytest.mark.browser

#: Some eight windows long.
TALL = "<br>" * 400
#: A file that has arrived listens only once it has run.
HEARS = """document.addEventListener('load', ({ target }) => {
  window.hears ||= String(target.src).includes('/w/moments-')
}, true)"""


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    """A browser whose pages tell when they hear of moments."""
    context.add_init_script(HEARS)
    return context


def waiting_for(page: str | None = None, **moment: Any) -> dict[str, Any]:
    """A survey that waits for a moment."""
    return a_survey(trigger={"any": [moment]} | ({"page": page} if page else {}))


def go(host: Host, seen: Watched, path: str = "/", body: str = "") -> None:
    seen.page.goto(host.page(path, attributes='data-user-id="ann"', body=body))


def leave(seen: Watched) -> None:
    """Move the mouse out of the window by its upper edge."""
    seen.page.mouse.move(600, 300)
    seen.page.evaluate(
        "document.dispatchEvent(new MouseEvent('mouseout', {bubbles: true, clientY: -1, relatedTarget: null}))"
    )


def test_whoever_is_about_to_leave_is_asked_once(server: Server, seen: Watched) -> None:
    with a_host(server.url, server.path, waiting_for(exit=True)) as host:
        go(host, seen)
        until(lambda: seen.page.evaluate("window.hears"))
        seen.page.evaluate(
            "document.dispatchEvent(new MouseEvent('mouseout', {bubbles: true, clientY: 5, relatedTarget: null}))"
        )
        assert not host.asks()
        leave(seen)
        expect(seen.card).to_be_visible()
        leave(seen)
        assert len(host.asks()) == 1


def test_a_page_is_scrolled_as_far_as_was_meant(server: Server, seen: Watched) -> None:
    with a_host(server.url, server.path, waiting_for(scroll=50)) as host:
        seen.page.clock.install()
        with seen.page.expect_response("**/w/events"):
            go(host, seen, body=TALL)
        until(lambda: seen.page.evaluate("window.hears"))
        seen.page.evaluate("scrollTo(0, 2500)")
        seen.page.clock.run_for(3_000)
        assert seen.sent("/w/events") == 1, "nothing but who is here"
        seen.page.evaluate("scrollTo(0, 4000)")
        seen.page.clock.run_for(1_000)
        expect(seen.card).to_be_visible()


@pytest.mark.parametrize("moment", [{"time_on_page": "1s"}, {"idle": "2s"}], ids=["staying", "resting"])
def test_whoever_stays_or_rests_is_asked(server: Server, seen: Watched, moment: dict[str, str]) -> None:
    with a_host(server.url, server.path, waiting_for(**moment)) as host:
        seen.page.clock.install()
        go(host, seen)
        until(lambda: seen.page.evaluate("window.hears"))
        seen.page.clock.run_for(2_500)
        expect(seen.card).to_be_visible()


def test_only_the_pages_that_a_survey_means_tell_anything(server: Server, seen: Watched) -> None:
    with a_host(server.url, server.path, waiting_for(page="/pricing*", exit=True)) as host:
        go(host, seen, "/home")
        until(lambda: seen.page.evaluate("window.hears"))
        before = len(seen.requests)
        leave(seen)
        assert [one for one in seen.requests[before:] if "/w/" in one] == []
        # A single-page application goes on: the next address is another page.
        seen.page.evaluate("history.pushState({}, '', '/pricing')")
        leave(seen)
        expect(seen.card).to_be_visible()


def test_nothing_is_loaded_where_no_survey_waits_for_a_moment(server: Server, seen: Watched) -> None:
    with a_host(server.url, server.path) as host:
        # Moments would be loaded before the page tells who is here.
        with seen.page.expect_response("**/w/events"):
            go(host, seen)
        assert seen.sent("/w/moments-") == 0
