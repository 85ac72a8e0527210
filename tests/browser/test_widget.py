"""The widget in a real Chromium before a real server: no answer is lost and no page is hurt."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Request, Route, expect

from tactful.identity import hash_user
from tests.support.server import Server, serving
from tests.support.service import a_survey
from tests.support.widget import BUTTON, Host, Watched, a_host, ask, go_back, until, watch

pytestmark = pytest.mark.browser

BACK_FORWARD_CACHE = True


def port_of(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


# The way of an answer ---------------------------------------------------------------------------------------------


def test_a_score_is_saved_at_the_click_and_the_comment_after(host: Host, seen: Watched) -> None:
    ask(host, seen)
    until(lambda: host.asks("seen_at"))
    seen.card.get_by_role("radio", name="9").click()
    until(lambda: host.responses() == [({"score": 9}, False)])
    seen.card.get_by_role("textbox").fill("  Short and clear ")
    seen.card.get_by_role("button", name="Send").click()
    until(lambda: host.responses() == [({"score": 9, "why": "Short and clear"}, True)])
    assert len(host.asks()) == 1
    assert seen.page.context.cookies() == []


def test_an_answer_outlives_the_network_and_the_page(tmp_path: Path, context: BrowserContext) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(tmp_path / "tactful.db"))
        host = stack.enter_context(a_host(server.url, server.path))
        seen = watch(context)
        ask(host, seen)
        server.kill()
        seen.card.get_by_role("radio", name="3").click()
        seen.card.get_by_role("textbox").fill("Too long")
        with seen.page.expect_event("requestfailed", lambda request: request.url.endswith("/w/responses")):
            seen.card.get_by_role("button", name="Send").click()
        seen.page.goto(host.page("/next"))
        stack.enter_context(serving(server.path, port_of(server)))
        assert host.responses() == []
        seen.page.goto(host.page("/later"))
        until(lambda: host.responses() == [({"score": 3, "why": "Too long"}, True)])
        until(lambda: seen.page.evaluate("Object.keys(localStorage)") == ["tactful"])
        assert len(host.asks()) == 1
        assert seen.errors == []


def test_an_answer_waits_on_its_page_for_a_server_that_is_down(tmp_path: Path, context: BrowserContext) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(tmp_path / "tactful.db"))
        host = stack.enter_context(a_host(server.url, server.path))
        seen = watch(context)
        seen.page.clock.install()
        ask(host, seen)
        server.kill()
        with seen.page.expect_event("requestfailed", lambda request: request.url.endswith("/w/responses")):
            seen.card.get_by_role("radio", name="9").click()
        expect(seen.card.get_by_role("textbox")).to_be_visible()
        stack.enter_context(serving(server.path, port_of(server)))
        # It tries again by itself, ever more rarely.
        until(lambda: seen.page.clock.run_for(1_000) or host.responses() == [({"score": 9}, False)])
        assert seen.errors == []


def test_an_answer_that_is_refused_for_now_is_kept_and_sent_again(host: Host, seen: Watched) -> None:
    """The server sheds load by 429 and 503; neither costs an answer."""
    ask(host, seen)
    refusals = [429, 503]

    def refuse(route: Route) -> None:
        if not refusals:
            return route.fallback()
        headers = {"access-control-allow-origin": "*", "retry-after": "1"}
        return route.fulfill(status=refusals.pop(0), headers=headers, json={"code": "too_many_requests"})

    seen.page.route("**/w/responses", refuse)
    with seen.page.expect_response("**/w/responses") as reply:
        seen.card.get_by_role("radio", name="9").click()
    assert reply.value.status == 429
    for status in (503, 200):
        assert seen.page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('tactful-!')).length") == 1
        with seen.page.expect_response("**/w/responses") as reply:
            # It would come again by itself after some seconds; a look at the page does not wait for that.
            seen.page.evaluate("dispatchEvent(new Event('visibilitychange'))")
        assert reply.value.status == status
    until(lambda: host.responses() == [({"score": 9}, False)])
    until(lambda: seen.page.evaluate("Object.keys(localStorage)") == ["tactful"])


@pytest.mark.parametrize("leave", ["close", "navigate"])
def test_a_comment_typed_but_not_sent_is_kept(host: Host, seen: Watched, leave: str) -> None:
    ask(host, seen)
    seen.card.get_by_role("radio", name="10").click()
    seen.card.get_by_role("textbox").fill("Half a thou")
    if leave == "close":
        seen.page.close(run_before_unload=True)
    else:
        seen.page.goto(host.origin + "/stub")
    until(lambda: host.responses() == [({"score": 10, "why": "Half a thou"}, False)])


def test_closing_before_a_word_is_dismissing(host: Host, seen: Watched) -> None:
    ask(host, seen)
    seen.card.get_by_role("button", name="Close").click()
    expect(seen.card).to_have_count(0)
    until(lambda: host.asks("dismissed_at"))
    assert host.responses() == []


def test_closing_after_the_score_ends_the_response(host: Host, seen: Watched) -> None:
    ask(host, seen)
    seen.card.get_by_role("radio", name="7").click()
    seen.card.get_by_role("textbox").fill("never sent")
    seen.card.get_by_role("button", name="Close").click()
    until(lambda: host.responses() == [({"score": 7}, True)])
    assert host.asks("dismissed_at") == []


def test_opting_out_is_confirmed_and_final(host: Host, seen: Watched) -> None:
    ask(host, seen)
    seen.card.get_by_role("button", name="Don't ask me again").click()
    expect(seen.card).to_contain_text("We won't ask you again")
    # Nothing proved that this is Ann, so nothing is offered that would let somebody else have her asked again.
    expect(seen.card.get_by_role("button", name="Change this")).to_have_count(0)
    seen.card.get_by_role("button", name="Close").click()
    with seen.page.expect_response("**/w/events") as told:
        seen.track()
    assert told.value.json() == {"offer": None}


def test_who_is_vouched_for_can_end_their_opt_out_at_once(host: Host, seen: Watched) -> None:
    proof = hash_user(host.project.identity_secret, "ann")
    seen.page.goto(host.page(attributes=f"data-user-id=ann data-user-hash={proof}", body=BUTTON))
    seen.page.get_by_role("button", name="Finish").click()
    seen.card.get_by_role("button", name="Don't ask me again").click()
    with seen.page.expect_popup() as opened:
        seen.card.get_by_role("button", name="Change this").click()
    expect(opened.value.get_by_role("button", name="You may ask me again")).to_be_visible()
    assert opened.value.evaluate("opener") is None
    opened.value.close()


# A guest on the page ----------------------------------------------------------------------------------------------


def test_where_nothing_is_watched_the_loader_is_the_only_request(server: Server, seen: Watched) -> None:
    with a_host(server.url, server.path, a_survey(state="draft")) as host:
        attributes = 'data-user-id="ann" data-traits=\'{"plan": "pro"}\''
        seen.page.goto(host.page(attributes=attributes, body=BUTTON))
        seen.page.get_by_role("button", name="Finish").click()
        seen.page.evaluate("tactful('group', 'acme', {size: 3}); tactful('page'); history.pushState(0, '', '/two')")
        # An opt-out is always told. It comes after all that was said before it, which goes out in the same turn.
        with seen.page.expect_response("**/w/closings"):
            seen.page.evaluate("setTimeout(() => tactful('optOut'))")
        ours = [address.removeprefix(host.api) for address in seen.requests if address.startswith(host.api)]
        assert ours == [f"/w/{host.project.public_key}.js", "/w/closings"]


def test_an_unwatched_event_stays_on_the_page_and_an_unchanged_identify_too(host: Host, seen: Watched) -> None:
    address = host.page(attributes="data-user-id=ann")
    with seen.page.expect_response("**/w/events"):
        seen.page.goto(address)
    seen.track("Something else")
    seen.page.goto(address)
    seen.page.evaluate("tactful('identify', 'ann')")
    with seen.page.expect_request(lambda request: "pro" in (request.post_data or "")) as sent:
        seen.page.evaluate("tactful('identify', 'ann', {plan: 'pro'})")
    assert [event["type"] for event in sent.value.post_data_json["events"]] == ["identify"]
    assert seen.sent("/w/events") == 2, "who it is, and what is new of them"


def test_who_is_here_is_told_without_fetching_what_asks(host: Host, seen: Watched) -> None:
    with seen.page.expect_event("requestfinished", lambda request: request.url.endswith("/w/events")):
        seen.page.goto(host.page(attributes="data-user-id=ann"))
    assert seen.sent("/w/tact-") == 0
    seen.track()
    expect(seen.card).to_be_visible()
    assert seen.sent("/w/tact-") == 1


def test_what_another_version_left_in_the_storage_breaks_nothing(host: Host, seen: Watched) -> None:
    left = "localStorage['tactful-old'] = '{}'; localStorage['tactful-odd'] = 'x'; localStorage.tactful = '['"
    seen.page.goto(host.page(attributes="data-user-id=ann", body=host.script("/left.js", left)))
    seen.track()
    expect(seen.card).to_be_visible()


def test_calls_from_before_the_loader_go_out_as_one_request(host: Host, seen: Watched) -> None:
    early = host.script("/early", "tactful('identify', 'ann', {plan: 'pro'}); tactful('track', 'Done')")
    with seen.page.expect_request("**/w/events") as sent:
        seen.page.goto(host.page(body=early))
    body = sent.value.post_data_json
    assert [event["type"] for event in body["events"]] == ["identify", "track"]
    assert body["identity"]["user_id"] == "ann"
    expect(seen.card).to_be_visible()
    assert seen.sent("/w/") == 5, "the loader, the decision beside what asks, the ask beside the card"


CARD = "**/w/card-*"
#: What is blocked, and the last request that there is then: its address and body.
BLOCKED = {
    "the loader": ("**/w/pk*", "/w/pk"),
    "what asks": ("**/w/tact-*", '/w/events.*"Done"'),
    "the card": (CARD, "/w/closings"),
    "the events": ("**/w/events", '/w/events.*"Done"'),
    "the asks": ("**/w/asks", "/w/asks"),
}


@pytest.mark.parametrize("what", BLOCKED)
def test_whatever_is_blocked_the_page_does_not_notice(host: Host, seen: Watched, what: str) -> None:
    blocked, last = BLOCKED[what]
    seen.page.context.route(blocked, lambda route: route.abort())
    ended: list[str] = []

    def note(request: Request) -> None:
        ended.append(f"{request.url} {request.post_data}")

    seen.page.on("requestfinished", note)
    seen.page.on("requestfailed", note)
    seen.page.goto(host.page(attributes="data-user-id=ann", body=BUTTON))
    seen.page.get_by_role("button", name="Finish").click()
    until(lambda: seen.page.evaluate("0") or any(re.search(last, request) for request in ended))
    seen.page.evaluate("tactful('nonsense'); tactful(); tactful('identify'); tactful('on'); 0")
    seen.page.evaluate("const a = {}; a.a = a; tactful('track', 'Done', a); 0")
    # A promise that fails is told of in a turn after it.
    for _ in range(2):
        seen.page.evaluate("new Promise(setTimeout)")
    expect(seen.card).to_have_count(0)


def test_a_page_that_refuses_our_policy_hears_of_no_error(server: Server, context: BrowserContext) -> None:
    with a_host(server.url, server.path, policies="another") as host:
        seen = watch(context)
        seen.page.goto(host.page(attributes="data-user-id=ann", body=BUTTON))
        with seen.page.expect_response("**/w/events"):
            seen.page.get_by_role("button", name="Finish").click()
        until(lambda: seen.sent("/w/tact-") == 0 and any("'tactful'" in told for told in seen.violations))
        assert seen.errors == []


def test_a_card_that_cannot_be_drawn_gives_its_ask_back(host: Host, seen: Watched) -> None:
    seen.page.context.route(CARD, lambda route: route.abort())
    seen.page.goto(host.page(attributes="data-user-id=ann", body=BUTTON))
    with seen.page.expect_response("**/w/closings") as told:
        seen.page.get_by_role("button", name="Finish").click()
    assert told.value.request.post_data_json["how"] == "not_rendered"
    assert told.value.status == 200


NO_STORAGE = """for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, { get() { throw new DOMException('blocked', 'SecurityError') } })"""


def test_without_storage_only_known_people_are_asked(host: Host, seen: Watched) -> None:
    seen.page.add_init_script(NO_STORAGE)
    seen.page.goto(host.page(body=BUTTON))
    with seen.page.expect_response("**/w/events") as told:
        seen.page.get_by_role("button", name="Finish").click()
    assert told.value.json() == {"offer": None}
    assert "anonymous_id" not in told.value.request.post_data_json["identity"]
    seen.page.evaluate("tactful('identify', 'ann')")
    seen.page.get_by_role("button", name="Finish").click()
    expect(seen.card).to_be_visible()
    seen.card.get_by_role("radio", name="9").click()
    until(lambda: host.responses() == [({"score": 9}, False)])


def test_another_user_of_the_browser_gets_another_anonymous_id(host: Host, seen: Watched) -> None:
    seen.page.goto(host.page())
    ids = []
    for user in ("", "ann", "ben"):
        if user:
            seen.page.evaluate("user => tactful('identify', user)", user)
        with seen.page.expect_request(lambda request: "Done" in (request.post_data or "")) as sent:
            seen.track()
        ids.append(sent.value.post_data_json["identity"]["anonymous_id"])
    assert ids[0] == ids[1], "ann was here before she said who she is"
    assert ids[1] != ids[2], "ben was not"


@pytest.mark.parametrize("call", ["tactful('reset')", "tactful('identify', 'ben')", "tactful('consent', false)"])
def test_a_card_goes_with_the_person_it_asked(host: Host, seen: Watched, call: str) -> None:
    ask(host, seen)
    seen.page.evaluate(call)
    expect(seen.card).to_have_count(0)


@pytest.mark.parametrize("call", ["tactful('reset')", "tactful('identify', 'ben')"])
def test_a_card_on_its_way_is_for_nobody_else(host: Host, seen: Watched, call: str) -> None:
    held: list[Route] = []
    seen.page.route("**/w/card-*", lambda route: held.append(route))  # noqa: PLW0108  # Playwright binds no builtin
    seen.page.goto(host.page(attributes="data-user-id=ann"))
    with seen.page.expect_response("**/w/asks"):
        seen.track()
    seen.page.evaluate(call)
    with seen.page.expect_request("**/w/closings") as given_back:
        held[0].continue_()
    assert given_back.value.post_data_json["how"] == "not_rendered"
    expect(seen.card).to_have_count(0)
    until(lambda: host.asks("refunded_at"))


def test_listeners_hear_what_happens_and_undo_themselves(host: Host, seen: Watched) -> None:
    seen.page.goto(host.page(attributes="data-user-id=ann", body=BUTTON))
    seen.page.evaluate(
        """() => {
          window.heard = []
          for (const what of ['asked', 'answered', 'dismissed'])
            tactful('on', what, (it) => heard.push([what, it.survey]))
          tactful('on', 'asked', () => heard.push('never'))()
        }"""
    )
    seen.page.get_by_role("button", name="Finish").click()
    seen.card.get_by_role("radio", name="9").click()
    until(lambda: seen.page.evaluate("heard.length") == 2)
    assert seen.page.evaluate("heard") == [["asked", "nps"], ["answered", "nps"]]


def test_a_page_of_a_single_page_application_is_a_page(server: Server, seen: Watched) -> None:
    survey = a_survey(trigger={"any": [{"event": "page"}], "page": "/lesson/*"})
    with a_host(server.url, server.path, survey) as host:
        theirs = "const push = history.pushState; history.pushState = (...args) => push.apply(history, args)"
        seen.page.goto(host.page(body=host.script("/theirs", theirs)))
        until(lambda: seen.sent("/w/events") == 1)
        seen.page.evaluate("history.pushState(0, '', '/lesson/4?token=secret')")
        expect(seen.card).to_be_visible()
        assert seen.sent("/w/events") == 2


def test_a_page_from_the_back_forward_cache_goes_on(host: Host, seen: Watched) -> None:
    seen.page.goto(host.page(attributes="data-user-id=ann", body=BUTTON))
    seen.page.evaluate("addEventListener('pageshow', (event) => { window.restored = event.persisted })")
    seen.page.goto(host.page("/two"))
    go_back(seen.page)
    seen.page.wait_for_function("window.restored")
    seen.page.get_by_role("button", name="Finish").click()
    expect(seen.card).to_be_visible()


def test_an_offer_waits_for_somebody_to_look(host: Host, context: BrowserContext, seen: Watched) -> None:
    seen.page.add_init_script(
        """window.away = false
        window.looks = 0
        Object.defineProperty(document, 'hidden', { get: () => (looks++, away) })"""
    )
    seen.page.goto(host.page(attributes="data-user-id=ann"))
    seen.page.evaluate("window.away = true")
    # Not the answer to the identify that a page begins with, which may come later than the page is loaded.
    with seen.page.expect_response(lambda answer: '"track"' in (answer.request.post_data or "")) as told:
        seen.track()
    assert told.value.json()["offer"]
    looks = seen.page.evaluate("looks")
    until(lambda: seen.page.evaluate("looks") > looks + 2)
    assert seen.sent("/w/asks") == 0
    seen.page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(seen.card).to_be_visible()


def test_included_twice_it_asks_once(host: Host, seen: Watched) -> None:
    again = f'<script async src="{host.api}/w/{host.project.public_key}.js?again"></script>'
    told: list[str] = []
    seen.page.on("request", lambda request: told.append(request.post_data or ""))
    seen.page.goto(host.page(attributes="data-user-id=ann", body=BUTTON + again))
    assert seen.sent("/w/pk") == 2
    seen.page.get_by_role("button", name="Finish").click()
    expect(seen.card).to_have_count(1)
    # Both would have heard of the same click before anybody was asked.
    assert sum('"Done"' in body for body in told) == 1
    assert (seen.card.count(), len(host.asks())) == (1, 1)
    seen.card.get_by_role("button", name="Close").click()
    seen.track()
    expect(seen.card).to_be_visible()
