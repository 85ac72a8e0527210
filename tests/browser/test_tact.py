"""When somebody is asked in a real Chromium, and what a page may say and change about it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.support.server import Server
from tests.support.service import a_survey
from tests.support.widget import BUTTON, Host, Watched, a_host, until

pytestmark = pytest.mark.browser

ANN = 'data-user-id="ann"'


def offered(seen: Watched) -> None:
    """Say what is watched, and hear the offer."""
    with seen.page.expect_response(lambda answer: '"track"' in (answer.request.post_data or "")) as told:
        seen.track()
    assert told.value.json()["offer"]


NOISES = {
    "a dialog": ("document.querySelector('dialog').showModal()", "document.querySelector('dialog').close()"),
    "a dialog of their own": (
        (
            "document.querySelector('main').insertAdjacentElement('beforeend', document.createElement('div'))"
            ".setAttribute('role', 'dialog'); document.querySelector('[role=dialog]').textContent = 'Cookies?'"
        ),
        "document.querySelector('[role=dialog]').hidden = true",
    ),
    "typing": ("document.querySelector('input').focus()", "document.querySelector('input').blur()"),
    "a call": (
        (
            "window.track = document.createElement('canvas').captureStream();"
            "document.querySelector('video').srcObject = track; document.querySelector('video').play().catch(() => 0)"
        ),
        "document.querySelector('video').pause()",
    ),
}


@pytest.mark.parametrize("noise", NOISES)
def test_nobody_is_asked_over_something_else(host: Host, seen: Watched, noise: str) -> None:
    begin, end = NOISES[noise]
    seen.page.clock.install()
    seen.page.goto(host.page(attributes=ANN, body="<dialog>Sure?</dialog><video muted></video>"))
    # Whoever types goes on typing; whatever else it is stays by itself.
    keys = "setInterval(() => document.activeElement.dispatchEvent(new InputEvent('input', {bubbles: true})), 50)"
    seen.page.evaluate(f"{begin}; {keys}; 0")
    offered(seen)
    seen.page.clock.run_for(10_000)
    assert seen.sent("/w/asks") == 0
    seen.page.evaluate(f"{end}; 0")
    seen.page.clock.run_for(1_500)
    expect(seen.page.locator("tactful-card")).to_have_count(1)
    assert len(host.asks()) == 1


def test_a_survey_waits_for_its_own_moment_and_for_its_place(server: Server, seen: Watched) -> None:
    look = {"position": "inline", "target": "place"}
    with a_host(server.url, server.path, a_survey(look=look, quiet={"for": "0s", "despite": ["media"]})) as host:
        seen.page.goto(host.page(attributes=ANN, body="<video muted></video>"))
        seen.page.evaluate(
            f"""{NOISES["a call"][0]}
            window.looked = 0
            const find = document.getElementById.bind(document)
            document.getElementById = (id) => (looked += id == 'place', find(id)); 0"""
        )
        offered(seen)
        until(lambda: seen.page.evaluate("looked > 2"))
        assert seen.sent("/w/asks") == 0
        seen.page.evaluate("document.querySelector('main').appendChild(document.createElement('p')).id = 'place'; 0")
        expect(seen.page.locator("#place tactful-card")).to_have_count(1)
        assert seen.page.evaluate("document.querySelector('video').paused") is False


def test_the_page_may_object(host: Host, seen: Watched) -> None:
    seen.page.goto(host.page(attributes=ANN))
    seen.page.evaluate(
        """window.heard = []
        window.answer = false
        tactful('on', 'before', async (it) => { heard.push(it.survey); return window.answer }); 0"""
    )
    offered(seen)
    until(lambda: seen.page.evaluate("heard.length") == 1)
    seen.page.evaluate("window.answer = true")
    seen.track()
    expect(seen.card).to_be_visible()
    assert seen.page.evaluate("heard") == ["nps", "nps"]
    assert seen.sent("/w/asks") == 1


def test_a_page_draws_by_itself(host: Host, seen: Watched) -> None:
    seen.page.goto(host.page(attributes=ANN))
    seen.page.evaluate(
        """window.heard = []
        for (const what of ['asked', 'answered', 'dismissed']) tactful('on', what, (it) => heard.push([what, it.done]))
        tactful('onAsk', (asked, hand) => { Object.assign(window, {asked, hand}); return () => heard.push('away') })
        0"""
    )
    offered(seen)
    until(lambda: seen.page.evaluate("!!window.asked"))
    assert seen.page.evaluate("asked.survey.questions.map((one) => one.id)") == ["score", "why"]
    seen.page.evaluate("hand.seen(); hand.respond({score: 9})")
    until(lambda: host.responses() == [({"score": 9}, False)] and host.asks("seen_at"))
    seen.page.evaluate("hand.respond({why: 'Short'}, true); hand.close(); hand.respond({score: 0})")
    until(lambda: host.responses() == [({"score": 9, "why": "Short"}, True)])
    assert seen.page.evaluate("heard") == [["asked", False], ["answered", False], ["answered", True]]
    assert seen.sent("/w/card-") == 0
    # And once more, for somebody who logs out over it, and for a page that cannot draw.
    offered(seen)
    until(lambda: seen.page.evaluate("heard.length") == 4)
    seen.page.evaluate("tactful('reset')")
    until(lambda: seen.page.evaluate("heard.at(-1)") == "away")
    with seen.page.expect_request("**/w/closings") as given_back:
        seen.page.evaluate("tactful('onAsk', () => Promise.reject(Error('no'))); tactful('show', 'nps')")
    assert given_back.value.post_data_json["how"] == "not_rendered"


def test_a_feedback_button_leads_into_the_card_and_back(host: Host, seen: Watched) -> None:
    seen.page.goto(host.page(attributes=ANN, body="<button data-tactful-show=nps>Feedback</button>"))
    seen.page.get_by_role("button", name="Feedback").focus()
    seen.page.keyboard.press("Enter")
    expect(seen.card).to_be_focused()
    seen.page.keyboard.press("Escape")
    expect(seen.card).to_have_count(0)
    expect(seen.page.get_by_role("button", name="Feedback")).to_be_focused()
    assert seen.sent("/w/events") == 1, "who it is; no event was needed"


def test_nothing_is_stored_or_sent_before_there_is_consent(host: Host, seen: Watched) -> None:
    seen.page.goto(host.page(attributes="data-user-id=ann data-consent=wait", body=BUTTON))
    seen.page.get_by_role("button", name="Finish").click()
    assert seen.stored() == 0
    assert seen.sent("/w/events") == 0
    seen.page.evaluate("tactful('consent', true)")
    expect(seen.card).to_be_visible()
    assert seen.sent("/w/events") == 1
    seen.page.evaluate("tactful('consent', false)")
    assert seen.page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_an_offer_that_comes_after_consent_has_gone_stores_nothing(host: Host, seen: Watched) -> None:
    held: list[Route] = []
    seen.page.route("**/w/events", lambda route: held.append(route))  # noqa: PLW0108  # Playwright binds no builtin
    seen.page.goto(host.page(body=BUTTON))
    with seen.page.expect_request("**/w/events"):
        seen.page.get_by_role("button", name="Finish").click()
    seen.page.evaluate("tactful('consent', false)")
    with seen.page.expect_response("**/w/events") as answered:
        held[0].continue_()
    assert answered.value.json()["offer"]
    # What is done with it is done in the turns before the one that looks.
    assert seen.stored() == 0


def test_withdrawn_consent_stops_what_is_on_its_way(host: Host, seen: Watched) -> None:
    seen.page.clock.install()
    seen.page.goto(host.page(attributes=f"{ANN} data-consent=wait", body="<dialog open>Sure?</dialog>"))
    seen.page.evaluate("tactful('consent', true)")
    offered(seen)
    before = len(seen.requests)
    seen.page.evaluate(
        "tactful('track', 'Done'); tactful('consent', false); tactful('track', 'Done');"
        "tactful('show', 'nps'); tactful('optOut'); document.querySelector('dialog').close()"
    )
    seen.page.clock.run_for(10_000)
    seen.page.evaluate("dispatchEvent(new Event('pagehide')); history.pushState(0, '', '/two')")
    assert seen.page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage), document.cookie]") == [""]
    assert seen.sent("/w/asks") == 0
    assert len(seen.requests) == before
    # Consent that an earlier page had is withdrawn on one that never began.
    seen.page.evaluate("localStorage.setItem('tactful', '{}'); localStorage.setItem('tactful-1', '[]')")
    seen.page.goto(host.page("/three", attributes=f"{ANN} data-consent=wait"))
    seen.page.evaluate("tactful('consent', false)")
    assert seen.page.evaluate("localStorage.length + sessionStorage.length") == 0


HOSTILE = """
for (const name of ['live', 'moments', 'tact', 'card', 'offer', 'quiet', 'target'])
  Object.prototype[name] = {url: EVIL, integrity: '', token: 'x', despite: 0}
for (const kind of [Array, String, Number]) kind.prototype.toJSON = function () { return 'bent' }
const real = window.fetch
window.fetch = function (...all) { return real.apply(this, all) }
"""


def test_a_page_that_bends_what_all_share_is_asked_as_any_other(host: Host, seen: Watched) -> None:
    bent = host.script("/bent.js", f"const EVIL = '{host.api}/evil.js';{HOSTILE}")
    seen.page.goto(host.page(attributes=ANN, body=bent))
    seen.page.evaluate("tactful('__proto__'); tactful('constructor', 1); tactful('toString')")
    seen.track()
    expect(seen.card).to_be_visible()
    assert seen.card.get_attribute("offer") is None
    seen.card.get_by_role("radio", name="9").click()
    until(lambda: host.responses() == [({"score": 9}, False)])
    assert seen.sent("evil") == 0


def test_a_page_whose_fetch_throws_does_not_notice(host: Host, seen: Watched) -> None:
    broken = host.script("/broken.js", "window.fetch = () => { throw Error('no') }")
    seen.page.goto(host.page(attributes=ANN, body=broken + "<button data-tactful-show=nps>Feedback</button>"))
    seen.track()
    seen.page.get_by_role("button", name="Feedback").click()
    until(lambda: seen.sent("/w/tact-") == 1)
    expect(seen.card).to_have_count(0)
