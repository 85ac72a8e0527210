"""Rules beyond one person, reserves, spreads and quotas, from the wire to the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tactful.core.decide import share_of
from tactful.core.spans import DAY_MS, HOUR_MS, SECOND_MS
from tactful.store.forgetting import forget_old
from tactful.web import service as services
from tests.support import rows
from tests.support.clock import SetClock
from tests.support.service import NO_RULES, Site, a_site, a_survey, apply_to, policy_of

pytestmark = pytest.mark.anyio


def rule(scope: str, cap: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": "r", "scope": scope, "surveys": "all", "count": "asked", "cap": cap, "window": "1d"} | fields


def under(*rules: dict[str, Any]) -> Any:
    return policy_of({"tenure": "0s", "rules": list(rules)})


async def belongs(site: Site, user: str, account: str) -> None:
    body = {"userId": user, "groupId": account, "writeKey": site.project.write_key}
    assert (await site.client.post("/v1/group", json=body)).status_code == 200


async def has(site: Site, user: str, **traits: object) -> None:
    body = {"userId": user, "traits": traits, "writeKey": site.project.write_key}
    assert (await site.client.post("/v1/identify", json=body)).status_code == 200


async def status(site: Site, user: str, event: str = "Done") -> int | None:
    """Take up what an event offers: the ask's status, None where nothing is offered."""
    offer = await site.offer(user, event)
    return None if offer is None else (await site.take_up(offer, user)).status_code


async def test_an_account_is_asked_no_more_often_than_its_cap(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, surveys=(a_survey(),), policy=under(rule("account", 2))) as site:
        for user in ("ann", "bob", "cleo"):
            await belongs(site, user, "acme")
        await belongs(site, "dora", "other")
        assert [await status(site, user) for user in ("ann", "bob", "cleo", "dora", "eve")] == [
            200,
            200,
            None,
            200,
            200,
        ]
        told = (await site.why("cleo"))["nps"]
        assert told["refusals"][0]["rule"] == "r"
        assert told["rules"][0] | {"free_at": 0} == {
            "rule": "r", "scope": "account", "surveys": "all", "count": "asked", "counted": 2, "cap": 2,
            "window_ms": DAY_MS, "full": True, "unknown": False, "free_at": 0, "free_in_ms": DAY_MS,
        }  # fmt: skip
        clock.advance(DAY_MS)
        assert await status(site, "cleo") == 200


async def test_whoever_changes_accounts_takes_nothing_along(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, surveys=(a_survey(),), policy=under(rule("account"))) as site:
        await belongs(site, "ann", "acme")
        await belongs(site, "bob", "acme")
        assert await status(site, "ann") == 200
        await belongs(site, "ann", "other")
        clock.advance(1_000)
        assert [await status(site, user) for user in ("bob", "ann", "ann")] == [None, 200, None]


async def test_what_offers_hold_for_an_accounts_last_places_is_counted_when_they_are_taken_up(
    path: Path, clock: SetClock
) -> None:
    """Fifty people of one account hold an offer each, and five may be asked."""
    people = [f"p{number}" for number in range(50)]
    async with a_site(path, clock, surveys=(a_survey(),), policy=under(rule("account", 5))) as site:
        await asyncio.gather(*(belongs(site, user, "acme") for user in people))
        offers = [await site.offer(user) for user in people]
        assert all(offers)
        answers = await asyncio.gather(
            *(site.take_up(str(offer), user) for offer, user in zip(offers, people, strict=True))
        )
        assert Counter(answer.status_code for answer in answers) == {200: 5, 409: 45}


async def test_everybody_with_the_same_value_shares_a_cap_and_nobody_without_one_is_asked(
    path: Path, clock: SetClock
) -> None:
    async with a_site(path, clock, surveys=(a_survey(),), policy=under(rule("same(traits.region)"))) as site:
        for user, region in (("ann", "EU"), ("bob", "EU"), ("cleo", "US")):
            await has(site, user, region=region)
        assert [await status(site, user) for user in ("ann", "bob", "cleo", "dora")] == [200, None, 200, None]
        assert (await site.why("bob"))["nps"]["refusals"][0]["rule"] == "r"
        await site.event("dora")
        await has(site, "dora", plan="pro")
        assert [one["code"] for one in (await site.why("dora"))["nps"]["refusals"]] == ["same_missing"]


@pytest.mark.parametrize(
    ("counts", "does"), [("dismissed", {"how": "dismissed"}), ("responded", None)], ids=["dismissed", "responded"]
)
@pytest.mark.parametrize("scope", ["project", "account"])
async def test_dismissals_and_responses_of_others_count(
    path: Path, clock: SetClock, scope: str, counts: str, does: dict[str, str] | None
) -> None:
    async with a_site(path, clock, surveys=(a_survey(),), policy=under(rule(scope, count=counts))) as site:
        for user in ("ann", "bob", "cleo"):
            await belongs(site, user, "acme")
        ask = await site.ask("ann")
        assert await status(site, "bob") == 200, "an ask alone does not count"
        if does is None:
            assert (await site.respond(ask)).status_code == 200
        else:
            assert (await site.post("/w/closings", {"ask": ask, **does})).status_code == 200
        assert await status(site, "cleo") is None
        clock.advance(DAY_MS)
        assert await status(site, "cleo") == 200


@pytest.mark.parametrize("selection", ["this", "kind:csat", "tag:short_one"])
@pytest.mark.parametrize("scope", ["project", "account", "same(traits.region)"])
async def test_a_rule_counts_the_surveys_that_it_selects(
    path: Path, clock: SetClock, scope: str, selection: str
) -> None:
    csat = [{"id": "score", "kind": "csat", "ask": "How was it?"}]
    other = a_survey("other", trigger={"any": [{"event": "Other"}]}, tags=["short", "shortxone"])
    mine = a_survey("mine", questions=csat, tags=["short_one"])
    policy = under(rule(scope, surveys=selection))
    async with a_site(path, clock, surveys=(mine, other), policy=policy) as site:
        for user in ("ann", "bob", "cleo"):
            await belongs(site, user, "acme")
            await has(site, user, region="EU")
        assert await status(site, "ann", "Other") == 200
        assert [await status(site, user) for user in ("bob", "cleo")] == [200, None]


async def test_test_people_and_asks_given_back_count_for_nobody(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, surveys=(a_survey(),), policy=under(rule("project"))) as site:
        ask = await site.ask("ann")
        assert (await site.post("/w/closings", {"ask": ask, "how": "not_rendered"})).status_code == 200
        rows.execute(path, "UPDATE people SET test = 1 WHERE user_id = 'ann'")
        clock.advance(1)
        assert await status(site, "ann") == 200
        assert [await status(site, user) for user in ("bob", "cleo")] == [200, None]


async def test_a_merge_keeps_the_marks_of_both(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, surveys=(a_survey(),), policy=under(rule("account", 2))) as site:
        anonymous = {"user_id": None, "anonymous_id": "b0"}
        group = {"type": "group", "group_id": "acme", "message_id": "g1"}
        await site.post(
            "/w/events",
            {
                "pass": await site.the_pass(),
                "identity": anonymous,
                "context": {"page": "", "locale": ""},
                "events": [group],
            },
        )
        offer = await site.offer(identity=anonymous)
        assert offer is not None
        assert (await site.take_up(offer, identity=anonymous)).status_code == 200
        await belongs(site, "ann", "acme")
        await site.event(identity={"user_id": "ann", "anonymous_id": "b0"})
        assert rows.execute(path, "SELECT count(DISTINCT person_id), count(*) FROM ask_scopes") == [(1, 1)]
        await belongs(site, "bob", "acme")
        await belongs(site, "cleo", "acme")
        assert [await status(site, user) for user in ("bob", "cleo")] == [200, None]


FIRST = a_survey(
    "first",
    priority=5,
    trigger={"any": [{"event": "Big"}]},
    throttle={"repeat": "2d", "reserve": "7d"},
)


async def test_a_survey_waits_for_the_one_that_reserves_and_is_free_when_it_was_asked(
    path: Path, clock: SetClock
) -> None:
    async with a_site(path, clock, surveys=(a_survey(throttle={"repeat": "1ms"}), FIRST), policy=NO_RULES) as site:
        assert await status(site, "ann", "Big") == 200
        clock.advance(HOUR_MS)
        assert await status(site, "ann") == 200, "what was asked reserves nothing"
        clock.advance(HOUR_MS)
        assert await site.offer("ann", "Big") is None, "it repeats after two days"
        assert await site.offer("ann") is None
        told = (await site.why("ann"))["nps"]["refusals"]
        assert [(one["code"], one["survey"], one["free_in_ms"]) for one in told] == [("reserved", "first", 7 * DAY_MS)]
        clock.advance(2 * DAY_MS)
        assert await site.offer("ann") is None, "it may be asked any time now"
        clock.advance(5 * DAY_MS)
        assert await site.offer("ann") is not None, "its reserve is over"
        clock.advance(1)
        await site.service.db.run(forget_old)
        assert rows.execute(path, "SELECT count(*) FROM firings") == [(0,)]


async def test_what_was_asked_for_its_ticket_reserves_nobody(path: Path, clock: SetClock) -> None:
    ticket = a_survey(
        "ticket",
        priority=5,
        trigger={"any": [{"event": "Big", "hold": "1s", "per": "properties.id"}]},
        throttle={"repeat": "1ms", "reserve": "7d"},
    )
    async with a_site(path, clock, surveys=(a_survey(), ticket), policy=NO_RULES) as site:
        await site.event("ann", "Big", properties={"id": 7})
        clock.advance(SECOND_MS)
        offer = await site.visit("ann")
        assert offer is not None
        assert (await site.take_up(offer, "ann")).status_code == 200
        clock.advance(SECOND_MS)
        await site.event("ann", "Big", properties={"id": 7})
        assert await status(site, "ann") == 200, "the ticket's survey waits for nothing"


async def test_what_was_asked_for_its_per_is_offered_no_more_and_keeps_nobody_from_the_next(
    path: Path, clock: SetClock
) -> None:
    once = a_survey("once", priority=5, trigger={"any": [{"event": "Done", "per": "properties.ticket"}]})
    async with a_site(path, clock, surveys=(a_survey(), once), policy=NO_RULES) as site:
        for wanted in ("once", "nps"):
            answer = (await site.event(properties={"ticket": 7})).json()["offer"]
            assert answer["survey"] == wanted
            assert (await site.take_up(answer["token"])).status_code == 200
            clock.advance(1)


async def test_a_survey_reserves_only_where_it_may_appear(path: Path, clock: SetClock) -> None:
    far = FIRST | {"trigger": {"any": [{"event": "Big"}], "page": "/admin/*"}}
    async with a_site(path, clock, surveys=(a_survey(), far), policy=NO_RULES) as site:
        await site.event("ann", "Big")
        assert await site.offer("ann") is not None
        await site.backend("Big", "ann")
        assert await site.offer("ann") is None, "a backend's event may concern any page"


async def test_a_merge_keeps_the_later_firing(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, surveys=(a_survey(), FIRST), policy=NO_RULES) as site:
        anonymous = {"user_id": None, "anonymous_id": "b0"}
        await site.event(event="Big", identity=anonymous)
        clock.advance(DAY_MS)
        await site.event("ann", "Big")
        await site.event(identity={"user_id": "ann", "anonymous_id": "b0"})
        assert rows.execute(path, "SELECT fired_at FROM firings") == [(clock.now,)]


async def test_a_new_survey_meets_its_people_over_its_spread(path: Path, clock: SetClock) -> None:
    survey = a_survey(throttle={"repeat": "1ms", "spread": "10d"})
    async with a_site(path, clock, surveys=(survey,), policy=NO_RULES) as site:
        people = [f"p{number}" for number in range(40)]
        for day in range(1, 11):
            clock.advance(DAY_MS)
            turns = {user for user in people if share_of("spread", "nps", user) * 10 < day}
            assert {user for user in people if await site.offer(user) is not None} == turns
        apply_to(path, clock, site.project.project_id, survey | {"state": "paused"})
        apply_to(path, clock, site.project.project_id, survey | {"name": "Edited"})
        await site.service.configs.refresh()
        assert await site.offer("p0") is not None, "its people have met it"


async def test_a_survey_ends_with_its_quota_and_while_its_score_is_known(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "COUNT_EVERY_S", 0.0)
    surveys = (
        a_survey("some", quota={"responses": 2}),
        a_survey("close", trigger={"any": [{"event": "Other"}]}, enough={"margin": 100, "per": "30d"}),
    )
    async with a_site(path, clock, surveys=surveys, policy=NO_RULES) as site:
        for user in ("ann", "bob"):
            assert await site.offer("cleo") is not None
            await site.respond(await site.ask(user))
        assert await site.offer("cleo") is None
        assert [one["code"] for one in (await site.why("cleo"))["some"]["refusals"]] == ["quota"]
        for number in range(5):
            assert await site.offer("cleo", "Other") is not None
            await site.respond(await site.ask(f"p{number}", "Other"))
        assert await site.offer("cleo", "Other") is None, "five answers tell a score, and any margin is enough"
        clock.advance(31 * DAY_MS)
        site._pass = ""
        assert await site.offer("cleo", "Other") is not None


async def test_quotas_are_counted_now_and_then_and_not_for_every_event(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, surveys=(a_survey(quota={"responses": 1}),), policy=NO_RULES) as site:
        await site.respond(await site.ask("ann"))
        counted = [await site.service.configs.get(site.project.project_id) for _ in range(3)]
        assert len({id(config) for config in counted}) == 1
        await asyncio.gather(*(site.offer(f"p{number}") for number in range(3)))


async def test_a_rule_that_appears_between_an_event_and_its_answer_is_read_with_its_counts(
    path: Path, clock: SetClock
) -> None:
    """The configuration that observed knew no rule over accounts; the one that decides does."""
    async with a_site(path, clock, surveys=(a_survey(),), policy=NO_RULES) as site:
        for user in ("ann", "bob"):
            await belongs(site, user, "acme")
        assert await status(site, "ann") == 200
        apply_to(path, clock, site.project.project_id, policy=under(rule("account")))
        assert await site.offer("bob") is None
        apply_to(path, clock, site.project.project_id, a_survey("nps", trigger={"any": []}))
        assert await site.offer("bob") is None
