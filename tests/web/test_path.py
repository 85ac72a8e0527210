"""The path: event -> offer -> ask -> response -> score, over HTTP."""

from __future__ import annotations

import pytest

from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS
from tests.support.service import Site, a_survey, apply_to

pytestmark = [pytest.mark.anyio, pytest.mark.on_both]


@pytest.mark.on_both(soon=True)
async def test_an_event_leads_to_a_score_with_its_comment(site: Site) -> None:
    ask = await site.ask()
    assert (await site.respond(ask, 1)).status_code == 200
    assert (await site.respond(ask, 2, answers={"score": 9, "why": " because "}, done=True)).status_code == 200
    results = (await site.manage("GET", "surveys/nps/results")).json()
    assert (results["n"], results["asked"]) == (1, 1)
    [response] = (await site.manage("GET", "responses")).json()["data"]
    assert (response["score"], response["band"], response["comment"]) == (9, "promoter", "because")
    assert (response["person"]["user_id"], response["done"]) == ("ann", True)


async def test_an_event_that_nobody_waits_for_makes_no_person(site: Site) -> None:
    assert await site.offer(event="Something Else") is None
    assert (await site.manage("GET", "people")).json()["data"] == []


@pytest.mark.on_both(soon=True)
async def test_a_second_ask_waits_for_the_window(site: Site) -> None:
    await site.ask()
    assert await site.offer() is None
    site.clock.advance(HOUR_MS - 1)
    assert await site.offer() is None
    site.clock.advance(1)
    assert await site.offer() is not None


@pytest.mark.on_both(soon=True)
async def test_an_offer_taken_up_twice_is_one_ask(site: Site) -> None:
    offer = await site.offer()
    assert offer is not None
    first, again = await site.take_up(offer), await site.take_up(offer)
    assert (first.status_code, again.status_code) == (200, 200)
    assert (await site.manage("GET", "surveys/nps/results")).json()["asked"] == 1


async def test_the_same_event_sent_again_makes_the_same_ask(site: Site) -> None:
    first = await site.offer(message_id="same")
    site.clock.advance(2_000)
    second = await site.offer(message_id="same")
    assert first is not None
    assert second is not None
    assert (await site.take_up(first)).status_code == 200
    assert (await site.take_up(second)).status_code == 200
    assert (await site.manage("GET", "surveys/nps/results")).json()["asked"] == 1


async def test_two_different_offers_are_one_ask_and_one_refusal(site: Site) -> None:
    offers = [await site.offer(), await site.offer()]
    answers = [await site.take_up(offer) for offer in offers if offer]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["code"] == "not_now"
    assert "rule" not in answers[1].json(), "the reasons are for `why`, not for the page"


async def test_an_offer_is_refused_to_somebody_else(site: Site) -> None:
    offer = await site.offer("ann")
    assert offer is not None
    assert (await site.take_up(offer, "bob")).status_code == 409
    assert (await site.take_up(offer, None)).status_code == 409


async def test_an_offer_expires_after_ten_minutes(site: Site) -> None:
    offer = await site.offer()
    assert offer is not None
    site.clock.advance(10 * MINUTE_MS + 1_000)
    answer = await site.take_up(offer)
    assert (answer.status_code, answer.json()["code"]) == (401, "offer_expired")


async def test_a_policy_that_was_tightened_binds_the_offers_already_made(site: Site) -> None:
    offer = await site.offer()
    assert offer is not None
    apply_to(site.url, site.clock, site.project.project_id, a_survey(state="paused"))
    assert (await site.take_up(offer)).status_code == 409


async def test_an_anonymous_history_counts_for_the_person_it_becomes(site: Site) -> None:
    browser = {"anonymous_id": "browser-1", "user_id": None}
    offer = await site.offer(identity=browser)
    assert offer is not None
    assert (await site.take_up(offer, identity=browser)).status_code == 200
    known = {"anonymous_id": "browser-1", "user_id": "ann"}
    await site.offer("bystander")
    assert await site.offer(identity=known) is None
    assert await site.offer("ann") is None, "the merged history follows the user id to every device"


async def test_two_known_people_of_one_browser_are_never_joined(site: Site) -> None:
    shared = {"anonymous_id": "browser-1"}
    assert await site.offer(identity=shared | {"user_id": "ann"})
    await site.ask("ann")
    assert await site.offer(identity=shared | {"user_id": "bob"}), "bob was never asked"
    assert not await site.offer("ann")


async def test_a_merge_of_two_histories_keeps_both(site: Site) -> None:
    apply_to(site.url, site.clock, site.project.project_id, a_survey("csat", trigger={"any": [{"event": "Other"}]}))
    browser = {"anonymous_id": "browser-1", "user_id": None}
    offer = await site.offer(identity=browser)
    assert offer is not None
    asked = await site.take_up(offer, identity=browser)
    await site.ask("ann")
    await site.offer(identity={"anonymous_id": "browser-1", "user_id": "ann"})
    why = await site.why("ann")
    assert why["nps"]["rules"][0]["counted"] == 2
    assert (await site.respond(asked.json()["ask"])).status_code == 200, "a response finds its ask after the merge"


async def test_nth_counts_each_message_once(site: Site) -> None:
    third = a_survey("third", trigger={"any": [{"event": "Step", "nth": {"every": 3}}]})
    apply_to(site.url, site.clock, site.project.project_id, third)
    site.service.configs._by_id.clear()
    assert [await site.offer(event="Step", message_id=f"s{n}") is not None for n in (1, 1, 2, 2, 3)] == [
        False,
        False,
        False,
        False,
        True,
    ]


async def test_backends_count_too(site: Site) -> None:
    second = a_survey("second", trigger={"any": [{"event": "Step", "nth": {"every": 2}}]})
    apply_to(site.url, site.clock, site.project.project_id, second)
    site.service.configs._by_id.clear()
    body = {"type": "track", "userId": "ann", "event": "Step", "messageId": "1", "writeKey": site.project.write_key}
    for _ in range(2):
        answer = await site.client.post("/v1/track", json=body)
        assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    assert await site.offer(event="Step")


async def test_opting_out_is_final(site: Site) -> None:
    ask = await site.ask()
    assert (await site.post("/w/closings", {"ask": ask, "how": "opted_out"})).status_code == 200
    site.clock.advance(400 * DAY_MS)
    site._pass = ""
    assert await site.offer() is None
    assert {refusal["code"] for refusal in (await site.why())["nps"]["refusals"]} == {"opted_out"}


async def test_opting_out_apart_from_any_card_survives_a_merge(site: Site) -> None:
    browser = {"anonymous_id": "browser-1", "user_id": None}
    closing = {"pass": await site.the_pass(), "identity": browser, "how": "opted_out"}
    assert (await site.post("/w/closings", closing)).status_code == 200
    assert await site.offer("ann")
    assert await site.offer(identity={"anonymous_id": "browser-1", "user_id": "ann"}) is None
    assert await site.offer("ann") is None


async def test_an_ask_that_was_not_rendered_is_given_back_once_a_day(site: Site) -> None:
    async def give_back() -> None:
        ask = await site.ask()
        assert (await site.post("/w/closings", {"ask": ask, "how": "not_rendered"})).status_code == 200

    await give_back()
    await give_back()
    assert await site.offer() is None, "the second one of the day stays counted"


async def test_an_ask_is_kept_once_it_was_seen_answered_or_is_old(site: Site) -> None:
    seen = await site.ask("seen")
    await site.post("/w/closings", {"ask": seen, "how": "seen"})
    answered = await site.ask("answered")
    await site.respond(answered)
    old = await site.ask("old")
    for ask, person in ((seen, "seen"), (answered, "answered"), (old, "old")):
        if person == "old":
            site.clock.advance(MINUTE_MS + 1)
        await site.post("/w/closings", {"ask": ask, "how": "not_rendered"})
        assert await site.offer(person) is None, person


@pytest.mark.parametrize("how", ["seen", "dismissed"])
async def test_an_ask_given_back_counts_again_when_its_card_is_met_after_all(site: Site, how: str) -> None:
    """Two tabs went on with one visit: one of them could not draw the card, the other one could."""
    ask = await site.ask()
    await site.post("/w/closings", {"ask": ask, "how": "not_rendered"})
    await site.post("/w/closings", {"ask": ask, "how": how})
    assert await site.offer() is None
    assert (await site.respond(ask)).status_code == 200


async def test_an_offer_given_back_is_spent(site: Site) -> None:
    offer = await site.offer()
    assert offer is not None
    ask = (await site.take_up(offer)).json()["ask"]
    await site.post("/w/closings", {"ask": ask, "how": "not_rendered"})
    assert (await site.take_up(offer)).status_code == 409
    assert (await site.respond(ask)).status_code == 409


async def test_a_dismissal_counts_unless_there_was_a_response(site: Site) -> None:
    ask = await site.ask("ann")
    await site.post("/w/closings", {"ask": ask, "how": "dismissed"})
    answered = await site.ask("bob")
    await site.respond(answered)
    await site.post("/w/closings", {"ask": answered, "how": "dismissed"})
    rates = (await site.manage("GET", "surveys/nps/results")).json()["rates"]
    assert (rates["dismissed"]["count"], rates["responded"]["count"]) == (1, 1)


async def test_responses_are_idempotent_and_final(site: Site) -> None:
    ask = await site.ask()
    revisions = [(1, 7, False), (3, 9, True), (2, 1, False), (3, 2, True), (1, 0, True)]
    statuses = [
        (await site.respond(ask, rev, answers={"score": score}, done=done)).status_code
        for rev, score, done in revisions
    ]
    assert statuses == [200, 200, 200, 200, 200], "the same or an older revision changes nothing"
    late = await site.respond(ask, 4, answers={"score": 0})
    assert (late.status_code, late.json()["code"]) == (409, "response_final")
    [response] = (await site.manage("GET", "responses")).json()["data"]
    assert response["score"] == 9


async def test_a_response_comes_for_thirty_days(site: Site) -> None:
    ask = await site.ask()
    site.clock.advance(30 * DAY_MS)
    assert (await site.respond(ask)).status_code == 200
    site.clock.advance(1_000)
    assert (await site.respond(ask, 2)).json()["code"] == "ask_expired"


async def test_a_person_who_asks_to_be_asked_is_not_throttled_but_counted(site: Site) -> None:
    await site.ask()
    body = {"show": "nps", "pass": await site.the_pass(), "identity": {"user_id": "ann"}, "context": {}}
    assert (await site.post("/w/asks", body)).status_code == 200
    assert (await site.why())["nps"]["rules"][0]["counted"] == 2
    assert (await site.post("/w/asks", body | {"show": "nothing"})).status_code == 409


async def test_an_expired_pass_is_answered_with_a_fresh_one(site: Site) -> None:
    await site.the_pass()
    site.clock.advance(15 * DAY_MS)
    answer = await site.event()
    assert (answer.status_code, answer.json()["code"]) == (401, "pass_expired")
    site._pass = answer.json()["pass"]
    assert (await site.event()).status_code == 200


async def test_a_survey_keeps_its_kind(site: Site) -> None:
    questions = [{"id": "score", "kind": "csat", "ask": "How satisfied?"}]
    answer = await site.manage("PUT", "surveys/nps", json=a_survey(questions=questions))
    assert (answer.status_code, answer.json()["code"]) == (409, "kind_changed")


async def test_traits_do_not_grow_without_end(site: Site) -> None:
    for name in ("a", "b", "c"):
        traits = {name: "x" * 30_000}
        message = {"type": "identify", "userId": "ann", "traits": traits, "messageId": name}
        await site.client.post("/v1/batch", json={"batch": [message], "writeKey": site.project.write_key})
    [ann] = (await site.manage("GET", "people", params={"user_id": "ann"})).json()["data"]
    assert list(ann["traits"]) == ["a", "b"], "the one that is too much is left out"
