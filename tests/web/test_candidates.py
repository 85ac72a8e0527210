"""Candidates of backend events: they wait for the tab, for their hold, for one value each, and may be cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tactful.core.spans import DAY_MS, HOUR_MS
from tactful.store.forgetting import forget_old
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.service import NO_RULES, Site, a_site, a_survey

pytestmark = [pytest.mark.anyio, pytest.mark.on_both]

TICKET = {
    "event": "Ticket Closed",
    "source": "server",
    "per": "properties.ticket",
    "hold": "2h",
    "within": "1d",
    "cancel_on": [{"event": "Ticket Reopened", "same": "properties.ticket"}],
}
QUESTIONS = [{"id": "score", "kind": "csat", "ask": "How did {{event.agent|we}} do on {{event.ticket}}?"}]


@pytest.fixture
async def desk(where: Where, clock: SetClock) -> AsyncIterator[Site]:
    """A help desk that asks, two hours after a ticket was closed, how it went."""
    survey = a_survey("desk", trigger={"any": [TICKET]}, questions=QUESTIONS)
    async with a_site(where, clock, surveys=(survey,), policy=NO_RULES) as site:
        yield site


async def close(site: Site, ticket: object = 7, **fields: object) -> None:
    await site.backend("Ticket Closed", properties={"ticket": ticket, "agent": "Bo"}, **fields)


async def asked(site: Site) -> int:
    return int((await site.manage("GET", "surveys/desk/results")).json()["asked"])


@pytest.mark.on_both(soon=True)
async def test_a_backend_event_waits_for_its_hold_and_for_the_tab(desk: Site) -> None:
    await close(desk)
    desk.clock.advance(2 * HOUR_MS - 1)
    assert await desk.visit() is None
    desk.clock.advance(1)
    offer = await desk.visit()
    assert offer is not None
    answer = await desk.take_up(offer)
    assert answer.json()["survey"]["questions"][0]["ask"] == "How did Bo do on 7?"
    assert await desk.visit() is None, "what was asked waits no longer"


async def test_a_candidate_does_not_wait_for_ever(desk: Site) -> None:
    await close(desk)
    desk.clock.advance(2 * HOUR_MS + DAY_MS - 1)
    offer = await desk.visit()
    assert offer is not None
    desk.clock.advance(1)
    assert await desk.visit() is None
    assert (await desk.take_up(offer)).status_code == 409, "its time was over while the card was on its way"


async def test_nobody_elses_candidate_is_offered(desk: Site) -> None:
    await close(desk)
    desk.clock.advance(3 * HOUR_MS)
    assert await desk.visit("bob") is None
    assert await desk.visit(None) is None


async def test_a_page_cannot_forge_what_only_a_backend_says(desk: Site) -> None:
    assert await desk.offer(event="Ticket Closed", properties={"ticket": 7}) is None
    desk.clock.advance(3 * HOUR_MS)
    assert await desk.visit() is None


async def test_the_event_that_cancels_takes_its_own_ticket_only(desk: Site) -> None:
    await close(desk, 7)
    await close(desk, 8)
    await desk.backend("Ticket Reopened", properties={"ticket": 7})
    desk.clock.advance(3 * HOUR_MS)
    offer = await desk.visit()
    assert offer is not None
    assert "8" in (await desk.take_up(offer)).json()["survey"]["questions"][0]["ask"]
    assert await desk.visit() is None


async def test_the_event_that_cancels_finds_its_ticket_among_however_many(desk: Site) -> None:
    for ticket in range(101):
        await close(desk, ticket)
        desk.clock.advance(1)
    for ticket in reversed(range(101)):
        await desk.backend("Ticket Reopened", properties={"ticket": ticket})
    desk.clock.advance(3 * HOUR_MS)
    assert await desk.visit() is None


async def test_a_cancellation_reaches_a_card_that_is_on_its_way(desk: Site) -> None:
    await close(desk)
    desk.clock.advance(3 * HOUR_MS)
    offer = await desk.visit()
    assert offer is not None
    await desk.backend("Ticket Reopened", properties={"ticket": 7})
    assert (await desk.take_up(offer)).status_code == 409
    assert await asked(desk) == 0


async def test_each_ticket_is_asked_for_once(desk: Site) -> None:
    await close(desk, 7)
    await close(desk, 7)
    desk.clock.advance(3 * HOUR_MS)
    offer = await desk.visit()
    assert offer is not None
    assert (await desk.take_up(offer)).status_code == 200
    assert await desk.visit() is None, "the second closing took the first one's place"
    await close(desk, 7)
    desk.clock.advance(3 * HOUR_MS)
    assert await desk.visit() is None, "this ticket was asked for"
    await close(desk, 8)
    desk.clock.advance(3 * HOUR_MS)
    assert await desk.visit() is not None


async def test_a_ticket_is_the_same_however_its_number_is_written(desk: Site) -> None:
    for ticket in (7, 7.0, "7"):
        await close(desk, ticket)
        desk.clock.advance(3 * HOUR_MS)
        offer = await desk.visit()
        if offer is not None:
            await desk.take_up(offer)
    assert await asked(desk) == 1


async def test_what_a_merge_brings_of_a_ticket_that_was_asked_for_stands_in_nobodys_way(desk: Site) -> None:
    await desk.backend("Ticket Closed", userId=None, anonymousId="browser-1", properties={"ticket": 7})
    desk.clock.advance(1)
    await close(desk, 7)
    desk.clock.advance(3 * HOUR_MS)
    offer = await desk.visit()
    assert offer is not None
    assert (await desk.take_up(offer)).status_code == 200
    both = {"anonymous_id": "browser-1", "user_id": "ann"}
    await desk.event(identity=both, type="identify", traits={})
    await close(desk, 8)
    desk.clock.advance(3 * HOUR_MS)
    answers = []
    for _ in range(2):
        offer = await desk.visit(identity=both)
        assert offer is not None
        answers.append((await desk.take_up(offer, identity=both)).status_code)
    assert answers == [409, 200]


async def test_an_event_without_the_value_that_it_is_asked_per_asks_nobody(desk: Site) -> None:
    await desk.backend("Ticket Closed", properties={"agent": "Bo"})
    desk.clock.advance(3 * HOUR_MS)
    assert await desk.visit() is None


async def test_why_tells_what_waits_for_whom_and_for_how_long(desk: Site) -> None:
    async def waiting() -> list[dict[str, object]]:
        person = (await desk.manage("GET", "people?user_id=ann")).json()["data"][0]["id"]
        told = (await desk.manage("GET", f"people/{person}/why")).json()
        return list(told["surveys"][0]["waiting"])

    await close(desk)
    desk.clock.advance(HOUR_MS)
    (held,) = await waiting()
    assert (held["per"], held["event"], held["in_ms"]) == ("7", {"ticket": 7, "agent": "Bo"}, HOUR_MS)
    desk.clock.advance(2 * HOUR_MS)
    assert [one["in_ms"] for one in await waiting()] == [0]
    await desk.backend("Ticket Reopened", properties={"ticket": 7})
    assert await waiting() == []


async def test_a_response_carries_what_it_is_about(desk: Site) -> None:
    await close(desk)
    desk.clock.advance(2 * HOUR_MS)
    offer = await desk.visit()
    assert offer is not None
    ask = (await desk.take_up(offer)).json()["ask"]
    body = {"ask": ask, "rev": 1, "answers": {"score": 5}, "done": True}
    assert (await desk.post("/w/responses", body)).status_code == 200
    (response,) = (await desk.manage("GET", "responses")).json()["data"]
    assert response["event"] == {"ticket": 7, "agent": "Bo"}


async def test_the_same_message_makes_one_candidate(desk: Site) -> None:
    await close(desk, messageId="once")
    desk.clock.advance(3 * HOUR_MS)
    offer = await desk.visit()
    assert offer is not None
    assert (await desk.take_up(offer)).status_code == 200
    await close(desk, messageId="once")
    desk.clock.advance(3 * HOUR_MS)
    assert await desk.visit() is None


async def test_taking_the_same_offer_up_again_is_the_same_ask(desk: Site) -> None:
    await close(desk)
    desk.clock.advance(3 * HOUR_MS)
    offer = await desk.visit()
    assert offer is not None
    assert [(await desk.take_up(offer)).status_code for _ in range(2)] == [200, 200]
    assert await asked(desk) == 1


async def test_what_waits_follows_the_person_through_a_merge(desk: Site) -> None:
    await desk.backend("Ticket Closed", userId=None, anonymousId="browser-1", properties={"ticket": 7})
    desk.clock.advance(3 * HOUR_MS)
    await desk.backend("Something", "ann")
    assert await desk.visit(identity={"user_id": "ann", "anonymous_id": "browser-1"}) is None, "not merged by asking"
    identity = {"user_id": "ann", "anonymous_id": "browser-1"}
    message = {"message_id": "i1", "type": "identify", "traits": {}}
    body = {"pass": await desk.the_pass(), "identity": identity, "context": {}, "events": [message]}
    await desk.post("/w/events", body)
    assert await desk.visit() is not None


async def test_candidates_are_forgotten_when_their_time_is_over(desk: Site) -> None:
    await close(desk)
    desk.clock.advance(2 * HOUR_MS + DAY_MS + 1)
    assert await desk.service.db.run(forget_old) == 1
    assert await desk.service.db.run(forget_old) == 0


async def test_tabs_listen_from_the_first_event_that_a_backend_sends(where: Where, clock: SetClock) -> None:
    async with a_site(where, clock, surveys=(a_survey(),)) as site:

        async def live() -> bool:
            site.service.configs._by_id.clear()
            return bool((await site.client.get(f"/w/{site.project.public_key}.json")).json()["live"])

        assert not await live(), "every event may yet come from pages"
        await site.backend("Done")
        assert await live()
        assert await site.visit() is not None


async def test_tabs_listen_at_once_where_only_a_backend_can_trigger(desk: Site) -> None:
    assert (await desk.client.get(f"/w/{desk.project.public_key}.json")).json()["live"] is True


async def test_a_browser_event_that_may_be_cancelled_is_offered_at_once(where: Where, clock: SetClock) -> None:
    trigger = {"any": [{"event": "Paid", "cancel_on": [{"event": "Refunded"}]}]}
    async with a_site(where, clock, surveys=(a_survey(trigger=trigger),)) as site:
        offer = await site.offer(event="Paid")
        assert offer is not None
        assert "Refunded" in (await site.client.get(f"/w/{site.project.public_key}.json")).json()["watch"]
        await site.offer(event="Refunded")
        assert (await site.take_up(offer)).status_code == 409
