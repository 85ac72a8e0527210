"""From the backend to the card in a real Chromium: at once, in one tab, without taking the connections that answer."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tactful.clock import SystemClock
from tactful.core.spans import DAY_MS
from tactful.tokens import PASS, Tokens
from tests.support.desk import Desk, a_desk, desk_survey, look
from tests.support.server import Server, serving
from tests.support.service import a_survey
from tests.support.widget import a_host, go_back, until, watch

pytestmark = pytest.mark.browser

BACK_FORWARD_CACHE = True

TABS = 8
KEY = "a-key-for-tests-of-32-characters!"


@pytest.fixture
def desk(server: Server, context: BrowserContext) -> Iterator[Desk]:
    with a_desk(server, context) as made:
        yield made


# At once ----------------------------------------------------------------------------------------------------------


def test_a_backend_event_shows_its_card_in_the_open_tab(desk: Desk) -> None:
    print(f"backend event -> card visible: {desk.ask_many(10)}")  # noqa: T201  # what this test is read for


def test_the_card_uses_no_name_of_the_page(desk: Desk) -> None:
    tab = desk.tab(listens=False)
    names = "Object.getOwnPropertyNames(window).filter((name) => !/^\\d+$/.test(name))"
    before = set(tab.page.evaluate(names))
    desk.say("Ticket Closed")
    expect(tab.card).to_be_visible()
    assert set(tab.page.evaluate(names)) - before <= {"tactful"}
    assert "tactful" in before


# Taken back -------------------------------------------------------------------------------------------------------


def test_a_ticket_that_is_reopened_before_the_card_shows_is_not_asked_about(
    server: Server, context: BrowserContext
) -> None:
    with a_desk(server, context, desk_survey(delay="2s")) as desk:
        tab = desk.tab()
        with tab.page.expect_response("**/w/asks") as told:
            with tab.page.expect_response(lambda reply: "/w/events" in reply.url and bool(reply.json()["offer"])):
                ticket = desk.say("Ticket Closed")
            desk.say("Ticket Reopened", ticket=ticket)
        assert told.value.status == 409
        expect(tab.card).to_have_count(0)
        other = desk.say("Ticket Closed")
        expect(tab.card).to_contain_text(f"on {other}?")


def test_a_held_ticket_that_is_reopened_is_never_offered(server: Server, context: BrowserContext) -> None:
    with a_desk(server, context, desk_survey(hold="1s")) as desk:
        tab = desk.tab()
        ticket = desk.say("Ticket Closed")
        desk.say("Ticket Reopened", ticket=ticket)
        # Its hold ends after the first one's would have ended, and the earliest is offered first.
        other = desk.say("Ticket Closed")
        expect(tab.card).to_contain_text(f"on {other}?")
        assert tab.sent("/w/asks") == 1


# Many tabs --------------------------------------------------------------------------------------------------------


def answer_everywhere(desk: Desk) -> None:
    """Ask for the other survey in every tab, and answer in every tab."""
    for tab in desk.tabs:
        tab.page.evaluate("tactful('show', 'nps')")
    for tab in desk.tabs:
        tab.page.bring_to_front()
        tab.card.get_by_role("radio", name="9").click()
    until(lambda: len(nines(desk)) == len(desk.tabs))


def nines(desk: Desk) -> list[Any]:
    return [answers for answers, _ in desk.host.responses() if answers.get("score") == 9]


def test_eight_tabs_get_one_card_and_can_all_answer(server: Server, context: BrowserContext) -> None:
    with a_desk(server, context, desk_survey(), a_survey()) as desk:
        desk.tab()
        for number in range(1, TABS):
            desk.tab(listens=False, path=f"/{number}")
        for tab in desk.tabs:
            with tab.page.expect_response("**/w/events") as told:
                tab.track()
            assert told.value.status == 200
            expect(tab.card).to_be_visible()
            # A tab in the background draws once a second, and a click waits for it to stand still.
            tab.page.bring_to_front()
            tab.card.get_by_role("button", name="Close").click()
            expect(tab.card).to_have_count(0)
        assert desk.streams() == [1] + [0] * (TABS - 1), "one stream for all"
        desk.say("Ticket Closed")
        until(lambda: sum(desk.cards()) > 0)
        assert desk.cards() == [1] + [0] * (TABS - 1)
        desk.tabs[0].page.bring_to_front()
        desk.tabs[0].card.get_by_role("button", name="Close").click()
        expect(desk.tabs[0].card).to_have_count(0)
        answer_everywhere(desk)
        assert desk.streams() == [1] + [0] * (TABS - 1), "nor did any other begin to listen"


def test_when_the_listening_tab_is_left_another_one_listens(desk: Desk) -> None:
    first, second = desk.tab(), desk.tab(listens=False, path="/two")
    with second.page.expect_response("**/w/live"):
        look(first, away=True)
    desk.say("Ticket Closed")
    expect(second.card).to_be_visible()
    expect(first.card).to_have_count(0)
    with first.page.expect_response("**/w/live"):
        look(first, away=False)
        second.page.close()
    desk.say("Ticket Closed")
    expect(first.card).to_be_visible()


def test_without_locks_two_tabs_in_view_show_one_card(desk: Desk) -> None:
    desk.context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined })")
    asked: list[int] = []
    desk.context.on("response", lambda reply: asked.append(reply.status) if reply.url.endswith("/w/asks") else None)
    first, second = (desk.tab(path=path).page for path in ("/", "/two"))
    with first.expect_response("**/w/events") as one, second.expect_response("**/w/events") as other:
        desk.say("Ticket Closed")
    offers = [bool(reply.value.json()["offer"]) for reply in (one, other)]
    until(lambda: sum(desk.cards()) > 0 and len(asked) == sum(offers))
    assert sorted(asked) == [200, 409][: sum(offers)]
    assert sum(desk.cards()) == 1
    assert len(desk.host.asks()) == 1


# Nobody looks -----------------------------------------------------------------------------------------------------


def test_a_tab_out_of_view_gets_nothing_and_the_next_visit_all(desk: Desk) -> None:
    tab = desk.tab()
    with tab.page.expect_event("requestfailed", lambda request: request.url.endswith("/w/live")):
        look(tab, away=True)
    before = tab.sent("")
    desk.say("Ticket Closed")
    desk.ask_another()
    assert (tab.sent(""), desk.cards()) == (before, [0])
    tab.page.close()
    visit = desk.tab(listens=False, path="/next")
    expect(visit.card).to_be_visible()


def test_a_tab_that_comes_back_into_view_is_asked_there(desk: Desk) -> None:
    tab = desk.tab()
    look(tab, away=True)
    desk.say("Ticket Closed")
    look(tab, away=False)
    expect(tab.card).to_be_visible()


def test_a_listening_page_is_kept_in_the_back_forward_cache_and_listens_again(desk: Desk) -> None:
    tab = desk.tab()
    tab.page.evaluate("addEventListener('pageshow', (event) => { window.restored = event.persisted })")
    tab.page.goto(desk.host.origin + "/stub")
    with tab.page.expect_response("**/w/live"):
        go_back(tab.page)
    assert tab.page.evaluate("window.restored")
    desk.say("Ticket Closed")
    expect(tab.card).to_be_visible()


# Who is here ------------------------------------------------------------------------------------------------------


def test_a_tab_listens_for_whoever_is_there_now(desk: Desk) -> None:
    tab = desk.tab("ann")
    with tab.page.expect_response("**/w/live"), tab.page.expect_response("**/w/events"):
        tab.page.evaluate("tactful('identify', 'ben')")
    before = tab.sent("/w/events")
    desk.say("Ticket Closed", "ann")
    ticket = desk.say("Ticket Closed", "ben")
    expect(tab.card).to_contain_text(f"on {ticket}?")
    assert tab.sent("/w/events") == before + 1, "it did not hear of ann"


@pytest.mark.parametrize("call", ["tactful('reset')", "tactful('consent', false)"])
def test_nobody_is_listened_for_when_nobody_is_there(desk: Desk, call: str) -> None:
    tab = desk.tab()
    with tab.page.expect_event("requestfailed", lambda request: request.url.endswith("/w/live")):
        tab.page.evaluate(call)
    desk.say("Ticket Closed")
    look(tab, away=True)
    look(tab, away=False)
    assert tab.page.evaluate("localStorage.length + sessionStorage.length") == 0 or "consent" not in call
    # Whoever comes next is the first who is listened for.
    with tab.page.expect_request("**/w/live") as stream:
        tab.page.evaluate("tactful('consent', true); tactful('identify', 'ben')")
    assert stream.value.post_data_json["identity"]["user_id"] == "ben"
    assert (desk.streams(), desk.cards()) == ([2], [0])


def test_anonymous_people_and_other_projects_listen_to_nothing(server: Server, context: BrowserContext) -> None:
    with a_host(server.url, server.path, a_survey()) as host:
        seen = watch(context)
        seen.page.goto(host.page(attributes="data-user-id=ann"))
        seen.track()
        expect(seen.card).to_be_visible()
        assert seen.sent("/w/live") == 0
    with a_host(server.url, server.path, desk_survey()) as host:
        # The first who says anything, and who is listened for, is whom the page names in the end.
        with seen.page.expect_request("**/w/events") as said, seen.page.expect_request("**/w/live") as stream:
            seen.page.goto(host.page())
            seen.page.evaluate("tactful('identify', 'ben')")
        assert [told.value.post_data_json["identity"]["user_id"] for told in (said, stream)] == ["ben", "ben"]


# The server -------------------------------------------------------------------------------------------------------


def test_a_stream_outlives_the_server(tmp_path: Path, context: BrowserContext) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(tmp_path / "tactful.db"))
        desk = stack.enter_context(a_desk(server, context))
        tab = desk.tab()
        with tab.page.expect_event("requestfailed", lambda request: request.url.endswith("/w/live")):
            server.kill()
        # It tries ever more rarely, for as long as the server takes to start.
        with tab.page.expect_response("**/w/live", timeout=120_000):
            stack.enter_context(serving(server.path, int(server.url.rpartition(":")[2])))
        desk.say("Ticket Closed")
        expect(tab.card).to_be_visible()


def test_a_stream_that_has_fallen_silent_is_opened_anew(tmp_path: Path, context: BrowserContext) -> None:
    with serving(tmp_path / "tactful.db") as server, a_desk(server, context) as desk:
        context.clock.install()
        tab = desk.tab()
        server.process.send_signal(signal.SIGSTOP)
        try:
            with tab.page.expect_event("requestfailed", lambda request: request.url.endswith("/w/live")):
                tab.page.clock.fast_forward(46_000)
        finally:
            server.process.send_signal(signal.SIGCONT)
        with tab.page.expect_response("**/w/live"):
            tab.page.clock.fast_forward(4_000)
        desk.say("Ticket Closed")
        expect(tab.card).to_be_visible()


def test_a_pass_that_is_over_is_renewed(desk: Desk) -> None:
    project_id = desk.host.project.project_id
    old = Tokens((KEY,), clock := SystemClock()).sign(PASS, [project_id], at_ms=clock.now_ms() - 15 * DAY_MS)
    fresh = httpx2.get(f"{desk.host.api}/w/{desk.host.project.public_key}.json").json()["pass"]

    def grow_old(route: Route) -> None:
        loader = route.fetch()
        route.fulfill(response=loader, body=loader.text().replace(fresh, old))

    desk.context.route("**/w/pk*", grow_old)
    tab = desk.tab()
    desk.say("Ticket Closed")
    expect(tab.card).to_be_visible()


def answered(page: Page, status: int, body: str) -> None:
    """Answer the page's next stream with `status`."""

    def answer(route: Route) -> None:
        headers = {"access-control-allow-origin": "*"}
        route.fulfill(status=status, headers=headers, body=body, content_type="application/problem+json")

    page.route("**/w/live", answer, times=1)


def test_a_stream_that_is_refused_for_its_pass_asks_for_another_and_comes_back(desk: Desk) -> None:
    tab = watch(desk.context)
    desk.tabs.append(tab)
    answered(tab.page, 401, '{"code": "pass_expired"}')
    with tab.page.expect_response(lambda reply: reply.url.endswith("/w/live") and reply.status == 200):
        tab.page.goto(desk.host.page(attributes="data-user-id=ann"))
    assert tab.sent("/w/events") >= 2, "whoever asks is given a fresh pass"


def test_a_stream_that_is_refused_stays_away(desk: Desk) -> None:
    desk.context.clock.install()
    tab = watch(desk.context)
    desk.tabs.append(tab)
    answered(tab.page, 403, '{"code": "not_live"}')
    with tab.page.expect_response("**/w/live"):
        tab.page.goto(desk.host.page(attributes="data-user-id=ann"))
    tab.page.clock.run_for(60_000)
    assert desk.streams() == [1]


@pytest.mark.parametrize("what", ["**/w/live-*", "**/w/live"])
def test_what_is_blocked_is_missed_by_nobody(desk: Desk, what: str) -> None:
    desk.context.route(what, lambda route: route.abort())
    with desk.context.expect_event("requestfailed", lambda request: "/w/live" in request.url):
        tab = desk.tab(listens=False)
    desk.say("Ticket Closed")
    desk.ask_another()
    assert (tab.sent("/w/asks"), desk.cards()) == (0, [0])
    tab.page.goto(desk.host.page("/next", attributes="data-user-id=ann"))
    expect(tab.card).to_be_visible()
