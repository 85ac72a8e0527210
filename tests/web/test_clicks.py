"""What people do with thanks: recorded once, for whoever holds the ask, and told wherever responses are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tactful.core.spans import DAY_MS
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.members import log_in
from tests.support.pages import show
from tests.support.rows import counts, execute
from tests.support.service import NO_RULES, Site, a_site, a_survey

pytestmark = pytest.mark.anyio

THANKS = {
    "by": {
        "promoter": {"title": "Thanks", "share": {"text": "I learn"}, "coupon": "MONTH"},
        "else": {"title": "Thanks", "action": {"label": "Talk to us", "url": "https://x.test/?who={{traits.plan}}"}},
    }
}
SURVEY = a_survey(thanks=THANKS)
BROWSER = {"anonymous_id": "browser-1", "user_id": None}


@pytest.fixture
async def site(where: Where, clock: SetClock) -> AsyncIterator[Site]:
    surveys = (SURVEY, a_survey("plain", trigger={"any": [{"event": "Plain"}]}))
    async with a_site(where, clock, surveys=surveys, policy=NO_RULES) as site:
        await log_in(site.client, site.service, "viewer")
        yield site


async def answered(site: Site, user_id: str, score: int = 10, **fields: Any) -> str:
    ask = await site.ask(user_id, **fields)
    assert (await site.respond(ask, answers={"score": score}, done=True)).status_code == 200
    return ask


async def click(site: Site, ask: str, what: str, status: int = 200) -> str | None:
    answer = await site.post("/w/clicks", {"ask": ask, "what": what})
    assert answer.status_code == status, answer.text
    code: str | None = answer.json().get("code")
    return code


async def told(site: Site) -> list[list[str]]:
    return [one["clicks"] for one in (await site.manage("GET", "responses")).json()["data"]]


@pytest.mark.on_both(soon=True)
async def test_each_thing_is_recorded_once(site: Site) -> None:
    ask = await answered(site, "ann")
    assert await told(site) == [[]]
    for what in ("coupon", "copy", "copy", "coupon"):
        await click(site, ask, what)
    assert await told(site) == [["copy", "coupon"]]
    narrowed = (await site.manage("GET", "responses?survey=nps")).json()["data"]
    assert [one["clicks"] for one in narrowed] == [["copy", "coupon"]]
    [result] = [one for one in (await site.manage("GET", "surveys/nps/results")).json()["clicks"] if one["count"] == 0]
    assert result == {
        "band": "promoter",
        "what": "share",
        "of": 1,
        "count": 0,
        "share": None,
        "low": None,
        "high": None,
    }


async def test_the_time_is_that_of_the_first(site: Site) -> None:
    ask = await answered(site, "ann")
    await click(site, ask, "copy")
    before = execute(site.path, "SELECT clicked_at FROM clicks")
    site.clock.advance(DAY_MS)
    await click(site, ask, "copy")
    assert execute(site.path, "SELECT clicked_at FROM clicks") == before


async def test_an_ask_takes_clicks_for_as_long_as_responses(site: Site) -> None:
    ask = await answered(site, "ann")
    site.clock.advance(30 * DAY_MS)
    await click(site, ask, "copy")
    site.clock.advance(2_000)
    assert await click(site, ask, "coupon", 401) == "ask_expired"
    assert counts(site.path)["clicks"] == 1


async def test_what_the_survey_does_not_offer_cannot_be_clicked(site: Site) -> None:
    plain = await site.ask("bo", "Plain")
    for what in ("action", "share", "copy", "coupon"):
        assert await click(site, plain, what, 409) == "not_offered"
    assert counts(site.path)["clicks"] == 0


@pytest.mark.on_both
async def test_clicks_go_along_when_people_turn_out_to_be_one(site: Site) -> None:
    """One message, sent before and after a login, asked two people: both asks, and both clicks, are kept."""
    asks = []
    for identity in (BROWSER, {"anonymous_id": None, "user_id": "ann"}):
        offer = await site.offer(identity=identity, message_id="same")
        assert offer is not None
        asks.append((await site.take_up(offer, identity=identity)).json()["ask"])
        await site.respond(asks[-1], answers={"score": 10}, done=True)
        await click(site, asks[-1], "copy")
    await site.offer(identity=BROWSER | {"user_id": "ann"})
    assert await told(site) == [["copy"], ["copy"]]
    await click(site, asks[0], "coupon")
    assert sorted(await told(site)) == [["copy"], ["copy", "coupon"]]


async def test_the_results_say_what_people_did_with_n_and_interval(site: Site) -> None:
    for number in range(10):
        ask = await answered(site, f"u{number}", 10 if number < 8 else 2)
        if number < 2:
            await click(site, ask, "coupon")
    await click(site, ask, "action")
    text = (await show(site, "surveys/nps")).text
    assert "What people did after" in text
    assert "Promoters Shared the text 0 of 8 0% 0% to 32% Copied the text 0 of 8" in text.replace("▲ ", "")
    assert "Copied the coupon 2 of 8 25% 7% to 59%" in text
    assert "Detractors Followed the link 1 of 2 too few" in text.replace("▼ ", "")
    narrow = (await show(site, "surveys/nps?band=promoter")).text
    assert ("Copied the coupon" in narrow, "Followed the link" in narrow) == (True, False)
    assert "What people did after" not in (await show(site, "surveys/plain")).text
    found = (await site.manage("GET", "surveys/nps/results")).json()["clicks"]
    assert [(one["band"], one["what"], one["count"], one["of"]) for one in found] == [
        ("promoter", "share", 0, 8),
        ("promoter", "copy", 0, 8),
        ("promoter", "coupon", 2, 8),
        ("detractor", "action", 1, 2),
    ]
    assert found[2]["share"] == 0.25
    assert (await site.manage("GET", "surveys/plain/results")).json()["clicks"] == []


async def test_a_filter_counts_only_those_who_fit(site: Site) -> None:
    for number, plan in enumerate(["pro"] * 6 + ["free"] * 6):
        await site.event(f"u{number}", type="identify", traits={"plan": plan})
        ask = await answered(site, f"u{number}")
        if number < 7:
            await click(site, ask, "coupon")
    text = (await show(site, "surveys/nps?trait=plan%3Dfree")).text
    assert "Copied the coupon 1 of 6" in text
    site.clock.advance(DAY_MS)
    await answered(site, "late")
    day = datetime.fromtimestamp(site.clock.now / 1_000, UTC).date()
    text = (await show(site, f"surveys/nps?range=custom&from={day}&to={day}")).text
    assert "Copied the coupon 0 of 1" in text


async def test_what_was_offered_before_still_counts_among_those_to_whom_it_was(site: Site) -> None:
    await click(site, await answered(site, "ann"), "coupon")
    changed = a_survey(thanks={"title": "Thanks"})
    assert (await site.manage("PUT", "surveys/nps", json=changed)).status_code == 200
    await answered(site, "bo")
    found = (await site.manage("GET", "surveys/nps/results")).json()["clicks"]
    assert {(one["what"], one["count"], one["of"]) for one in found} == {
        ("coupon", 1, 1),
        ("share", 0, 1),
        ("copy", 0, 1),
    }


async def test_a_responses_page_says_when(site: Site) -> None:
    ask = await answered(site, "ann", 3)
    site.clock.advance(5_000)
    await click(site, ask, "action")
    [[found]] = execute(site.path, "SELECT response_id FROM responses")
    assert "Followed the link 5 seconds later" in (await show(site, f"responses/{found}")).text


async def test_a_test_persons_clicks_count_nowhere(site: Site) -> None:
    ask = await answered(site, "ann")
    execute(site.path, "UPDATE responses SET test = 1")
    await click(site, ask, "coupon")
    assert (await site.manage("GET", "surveys/nps/results")).json()["clicks"] == []


async def test_a_value_of_a_page_stays_one_word_of_the_link(site: Site) -> None:
    await site.event("eve", type="identify", traits={"plan": "x&who=root#/../..//evil.test"})
    offer = await site.offer("eve")
    assert offer is not None
    thanks = (await site.take_up(offer, "eve")).json()["survey"]["thanks"]
    assert thanks["else"]["action"]["url"] == "https://x.test/?who=x%26who%3Droot%23%2F..%2F..%2F%2Fevil.test"


GATED = a_survey(
    thanks={
        "by": {
            "promoter": {"title": "T", "action": {"label": "R", "url": "https://g.page/r/x/review"}},
            "else": {"title": "T"},
        }
    }
)


async def test_a_review_for_the_content_alone_is_warned_about_by_the_api_and_the_definition_page(site: Site) -> None:
    for answer in (
        await site.manage("PUT", "surveys/nps", json=GATED),
        await site.manage("POST", "diff", json={"surveys": [GATED]}),
    ):
        [warning] = answer.json()["warnings"]
        assert warning["path"].endswith("thanks.by.promoter.action.url")
        assert "leads `promoter` to Google and `detractor` not" in warning["message"]
    text = (await show(site, "surveys/nps/definition")).text
    assert "A warning thanks.by.promoter.action.url leads promoter to Google and detractor not" in text
    assert "A warning" not in (await show(site, "surveys/plain/definition")).text
