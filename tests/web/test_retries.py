"""What comes twice, late or under another name: a retry is the same ask, and never one more card."""

from __future__ import annotations

import pytest

from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS
from tests.support.service import SITE, Site

pytestmark = [pytest.mark.anyio, pytest.mark.on_both]

BROWSER = {"anonymous_id": "browser-1", "user_id": None}


@pytest.mark.on_both(soon=True)
async def test_a_message_id_used_again_much_later_shows_no_second_card(site: Site) -> None:
    """A client that numbers its messages anew on each page would else be drawn a card each time, and none counted."""
    first = await site.offer(message_id="1")
    assert first is not None
    assert (await site.take_up(first)).status_code == 200
    site.clock.advance(HOUR_MS)
    second = await site.offer(message_id="1")
    assert second is not None
    assert (await site.take_up(second)).status_code == 409


async def test_a_lost_reply_is_told_again_for_as_long_as_the_offer_lives(site: Site) -> None:
    offer = await site.offer()
    assert offer is not None
    site.clock.advance(9 * MINUTE_MS)
    assert [(await site.take_up(offer)).status_code for _ in range(2)] == [200, 200]
    site.clock.advance(MINUTE_MS)
    assert (await site.take_up(offer)).status_code == 200


async def test_an_ask_that_is_told_again_lives_no_longer(site: Site) -> None:
    offer = await site.offer()
    assert offer is not None
    await site.take_up(offer)
    site.clock.advance(9 * MINUTE_MS)
    ask = (await site.take_up(offer)).json()["ask"]
    site.clock.advance(30 * DAY_MS - 8 * MINUTE_MS)
    assert (await site.respond(ask)).json()["code"] == "ask_expired"


async def test_an_ask_is_not_told_again_to_somebody_who_opted_out_meanwhile(site: Site) -> None:
    offer = await site.offer()
    assert offer is not None
    ask = (await site.take_up(offer)).json()["ask"]
    await site.post("/w/closings", {"ask": ask, "how": "opted_out"})
    assert (await site.take_up(offer)).status_code == 409


@pytest.mark.parametrize("met", ["seen", "dismissed", "response"])
async def test_a_card_that_somebody_has_met_is_not_drawn_again(site: Site, met: str) -> None:
    """A duplicated tab goes on with the visit of the first, and may hold the same offer until somebody looks at it."""
    offer = await site.offer()
    assert offer is not None
    ask = (await site.take_up(offer)).json()["ask"]
    if met == "response":
        assert (await site.respond(ask)).status_code == 200
    else:
        assert (await site.post("/w/closings", {"ask": ask, "how": met})).status_code == 200
    assert (await site.take_up(offer)).status_code == 409


async def test_responses_to_both_asks_of_one_message_sent_under_two_names_are_kept(site: Site) -> None:
    """One message, sent before and after a login, asked two people who then turn out to be one."""
    asks = []
    for identity in (BROWSER, {"anonymous_id": None, "user_id": "ann"}):
        offer = await site.offer(identity=identity, message_id="same")
        assert offer is not None
        asks.append((await site.take_up(offer, identity=identity)).json()["ask"])
    assert (await site.respond(asks[1], 1, answers={"score": 9}, done=True)).status_code == 200
    await site.offer(identity=BROWSER | {"user_id": "ann"})
    assert (await site.respond(asks[0], 1, answers={"score": 3}, done=True)).status_code == 200
    scores = [one["score"] for one in (await site.manage("GET", "responses")).json()["data"]]
    assert sorted(scores) == [3, 9]


async def test_an_ask_that_was_dismissed_is_not_given_back(site: Site) -> None:
    ask = await site.ask()
    for how in ("dismissed", "not_rendered"):
        assert (await site.post("/w/closings", {"ask": ask, "how": how})).status_code == 200
    assert await site.offer() is None


async def test_the_first_page_after_a_start_or_an_edit_may_read_its_reply(site: Site) -> None:
    """A reply that the page cannot read looks to it like a lost one: the ask would count and no card be drawn."""
    offer = await site.offer()
    assert offer is not None
    site.service.configs._by_id.clear()
    answer = await site.take_up(offer)
    assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (200, SITE)
