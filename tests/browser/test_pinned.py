"""The widget where a page trusts little: a loader pinned by its hash, a frame without an origin, no storage."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Route, expect

from tactful.clock import SystemClock
from tactful.store.installation import change_origins
from tactful.web.files import load_widget
from tactful.web.tags import pinned_tag
from tests.support.databases import beside
from tests.support.service import a_survey
from tests.support.widget import BUTTON, Host, Watched, until

pytestmark = pytest.mark.browser

#: The project would also listen for its backend, so that all there is runs.
SURVEYS = (a_survey(), a_survey("desk", trigger={"any": [{"event": "Ticket Closed", "source": "server"}]}))
OPAQUE = '<iframe sandbox="allow-scripts" src="/framed" width="900" height="700"></iframe>'


def open_pinned(host: Host, seen: Watched, *, key: str = "", integrity: str = "") -> None:
    """Open a page with the pinned loader; for another key, or with another hash than its own."""
    pinned = load_widget().pinned
    tag = pinned_tag(host.api, key or host.project.public_key, replace(pinned, integrity=integrity or pinned.integrity))
    named = tag.replace("data-key", "data-user-id=ann data-key")
    host.pages["/"] = f'<!doctype html><html lang="en"><title>Host</title><script src="/stub"></script>{named}{BUTTON}'
    seen.page.goto(host.origin)
    seen.page.get_by_role("button", name="Finish").click()


def test_a_pinned_loader_asks_as_the_other_does(host: Host, seen: Watched) -> None:
    """Also what was called before its configuration came is heard."""
    open_pinned(host, seen)
    seen.card.get_by_role("radio", name="9").click()
    until(lambda: host.responses() == [({"score": 9}, False)])
    assert seen.violations == []
    names = {address.rpartition("/")[2].partition("-")[0] for address in seen.requests if "/w/" in address}
    assert f"{host.project.public_key}.json" in names
    assert f"{host.project.public_key}.js" not in names


def test_a_pinned_loader_of_an_unknown_project_does_nothing(host: Host, seen: Watched) -> None:
    with seen.page.expect_event("requestfailed", lambda request: request.url.endswith("/w/pk_nobody.json")):
        open_pinned(host, seen, key="pk_nobody")
    seen.track()
    assert seen.sent("/w/events") == 0


def test_a_loader_with_other_bytes_is_not_run(host: Host, seen: Watched) -> None:
    with seen.page.expect_console_message(lambda message: "integrity" in message.text):
        open_pinned(host, seen, integrity="sha256-" + "A" * 43 + "=")
    assert seen.sent(".json") == 0


# Without an origin and without storage ----------------------------------------------------------------------------


def open_framed(host: Host, seen: Watched, attributes: str) -> None:
    """Open a page with the widget in a frame that has no origin, hence no storage and no locks."""
    host.page("/framed", attributes=attributes, body=BUTTON)
    host.pages["/"] = f'<!doctype html><html lang="en"><title>Host</title>{OPAQUE}'
    seen.page.goto(host.origin)
    seen.page.frame_locator("iframe").get_by_role("button", name="Finish").click()


def list_null(host: Host) -> None:
    beside(host.where, SystemClock(), change_origins, host.project.project_id, "null", listed=True)


def test_a_sandboxed_frame_asks_where_the_project_lists_null(host: Host, seen: Watched) -> None:
    list_null(host)
    open_framed(host, seen, "data-user-id=ann")
    card = seen.page.frame_locator("iframe").get_by_role("dialog")
    card.get_by_role("radio", name="2").click()
    card.get_by_role("textbox").fill("It is in a frame")
    card.get_by_role("button", name="Send").click()
    until(lambda: host.responses() == [({"score": 2, "why": "It is in a frame"}, True)])
    assert seen.violations == []


def test_a_sandboxed_frame_is_refused_otherwise(host: Host, seen: Watched) -> None:
    statuses = []

    def note(route: Route) -> None:
        """What the server said, which the frame itself may not read."""
        reply = route.fetch()
        statuses.append(reply.status)
        route.fulfill(response=reply)

    seen.page.route("**/w/events", note)
    open_framed(host, seen, "data-user-id=ann")
    until(lambda: seen.page.evaluate("0") or statuses)
    assert set(statuses) == {403}
    expect(seen.page.frame_locator("iframe").get_by_role("dialog")).to_have_count(0)
    assert host.asks() == []


def test_without_storage_nobody_is_asked_anonymously(host: Host, seen: Watched) -> None:
    list_null(host)
    with seen.page.expect_response("**/w/events") as told:
        open_framed(host, seen, "")
    assert told.value.json() == {"offer": None}
    expect(seen.page.frame_locator("iframe").get_by_role("dialog")).to_have_count(0)
