"""Limits: floods are refused cheaply and politely, and nobody's flood refuses what somebody has to say to an ask."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tactful.core.reading.questions import MOST_QUESTIONS
from tactful.core.spans import HOUR_MS, MINUTE_MS, SECOND_MS
from tactful.errors import Busy, TooSlow
from tactful.identity import Identity, hash_user
from tactful.store.journal import limited_counts
from tactful.web import bodies, limits
from tactful.web.limits import Buckets, Room, Rooms, Sender
from tests.support.clock import SetClock
from tests.support.service import CONTEXT, NO_RULES, SITE, Site, a_site, a_survey
from tests.support.wire import until

pytestmark = pytest.mark.anyio

BURST = limits.BURST_S  # of one a second


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals are told at once, as where many are held back already."""
    monkeypatch.setattr(limits, "MOST_HELD_BACK", 0)


def limited(path: Path, clock: SetClock, **settings: Any) -> Any:
    """A site whose survey always asks, with limits."""
    return a_site(path, clock, surveys=(a_survey(),), policy=NO_RULES, **settings)


async def flood(site: Site, times: int = BURST, **fields: Any) -> list[int]:
    """Send events of ever other people; their statuses."""
    return [(await site.event(f"somebody-{number}", **fields)).status_code for number in range(times)]


def assert_refused(answer: httpx2.Response, limit: str, *, seconds: int = 1) -> None:
    """A refusal that pages and SDKs understand."""
    assert answer.status_code == 429, answer.text
    assert answer.headers["retry-after"] == str(seconds)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["code"], told["limit"], told["status"]) == ("too_many_requests", limit, 429)
    assert "again in" in told["message"]


async def test_an_address_may_send_so_much_and_is_told_when_to_come_back(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_address=1) as site:
        assert await flood(site) == [200] * BURST
        refused = await site.event("somebody-else")
        assert_refused(refused, "address")
        assert refused.headers["access-control-allow-origin"] == SITE, "the page may read it"
        assert refused.headers["access-control-expose-headers"] == "Retry-After"
        clock.advance(SECOND_MS)
        assert await flood(site, 2) == [200, 429]


async def test_what_is_refused_by_its_address_is_not_even_received(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_address=1) as site:
        await flood(site)
        sent: list[Any] = []

        async def receive() -> Any:
            raise AssertionError("the body was asked for")

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/w/events", "headers": [], "client": ("127.0.0.1", 9)}
        await site.app(scope, receive, send)
        assert sent[0]["status"] == 429


async def test_a_batch_costs_what_is_in_it(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_address=1, rate_person=1, rate_project=1) as site:
        identity = {"user_id": "ann", "anonymous_id": None}
        events = [{"message_id": f"m{n}", "type": "track", "event": "Nothing"} for n in range(50)]
        body = {"pass": await site.the_pass(), "identity": identity, "context": CONTEXT, "events": events}
        assert (await site.post("/w/events", body)).status_code == 200, "what is larger than a bucket is let in"
        assert_refused(await site.event("ann"), "address", seconds=31)
        clock.advance(30 * SECOND_MS)
        assert_refused(await site.event("ann"), "address")


async def test_a_response_is_kept_whatever_else_is_refused(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_address=1, rate_person=1, rate_project=1) as site:
        asks = [await site.ask(f"user-{number}") for number in range(3)]
        await flood(site, 60)
        site.service.limits._waiting = lambda: 1_000_000
        assert (await site.event("ann")).status_code == 429
        assert (await site.respond(asks[0], 1)).status_code == 200
        assert (await site.respond(asks[0], 2, answers={"score": 3, "why": "slow"}, done=True)).status_code == 200
        for how, ask in (("seen", asks[1]), ("dismissed", asks[1]), ("opted_out", asks[2])):
            assert (await site.post("/w/closings", {"ask": ask, "how": how})).status_code == 200
        [kept] = (await site.manage("GET", "responses")).json()["data"]
        assert (kept["score"], kept["comment"]) == (3, "slow")


async def test_one_ask_cannot_be_replayed_for_ever_and_stands_in_nobodys_way(path: Path, clock: SetClock) -> None:
    async with limited(path, clock) as site:
        replayed, other = await site.ask("ann"), await site.ask("bob")
        burst = limits.ASK_RATE.burst
        statuses = [(await site.respond(replayed, 1)).status_code for _ in range(burst + 5)]
        assert statuses == [200] * burst + [429] * 5
        assert_refused(await site.respond(replayed, 2), "ask")
        assert_refused(await site.post("/w/closings", {"ask": replayed, "how": "seen"}), "ask")
        assert (await site.respond(other, 1)).status_code == 200


@pytest.mark.parametrize("body", [b"not JSON", json.dumps({"ask": "made.up.token", "rev": 1, "answers": {}}).encode()])
async def test_made_up_tokens_are_charged_to_their_address(path: Path, clock: SetClock, body: bytes) -> None:
    async with limited(path, clock, rate_address=1) as site:
        ask = await site.ask("ann")
        statuses = [(await site.post("/w/responses", body)).status_code for _ in range(BURST)]
        assert set(statuses[: BURST - 2]) <= {400, 401}
        assert statuses[-1] == 429
        assert_refused(await site.post("/w/closings", body), "address")
        assert (await site.respond(ask)).status_code == 200, "and a good one from there is let in all the same"


async def test_a_flood_of_events_refuses_neither_asks_nor_opt_outs(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_project=1) as site:
        offer = await site.offer("ann")
        assert offer is not None
        await flood(site)
        assert_refused(await site.event("bob"), "project")
        body = {"show": "nps", "pass": await site.the_pass(), "identity": {"user_id": "bob"}, "context": CONTEXT}
        assert_refused(await site.post("/w/asks", body), "project")
        live = {"pass": await site.the_pass(), "identity": {"user_id": "bob"}}
        assert_refused(await site.post("/w/live", live), "project")
        assert (await site.take_up(offer, "ann")).status_code == 200
        body = {"pass": await site.the_pass(), "identity": {"user_id": "bob"}, "how": "opted_out"}
        assert (await site.post("/w/closings", body)).status_code == 200
        assert [(await site.post("/w/closings", body)).status_code for _ in range(BURST)] == [200] * (BURST - 1) + [429]


async def test_files_pages_and_the_api_go_on(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_address=1, rate_project=1) as site:
        await flood(site)
        site.service.limits._waiting = lambda: 1_000_000
        for address in (f"/w/{site.project.public_key}.js", "/healthz", "/readyz", "/login", "/docs"):
            assert (await site.client.get(address)).status_code == 200, address
        assert (await site.manage("GET", "responses")).status_code == 200


async def test_a_person_may_send_so_much_on_whatever_pages(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_person=1) as site:
        assert [(await site.event("ann")).status_code for _ in range(BURST)] == [200] * BURST
        assert_refused(await site.event("ann"), "person")
        assert (await site.event("bob")).status_code == 200
        assert (await site.event(identity={"user_id": None, "anonymous_id": "b1"})).status_code == 200
        nobody = {"user_id": None, "anonymous_id": None}
        assert [(await site.event(identity=nobody)).status_code for _ in range(30)] == [200] * 30, "a class is nobody"


async def test_nobody_uses_up_what_is_somebody_elses(path: Path, clock: SetClock) -> None:
    """Whoever says to be Ann from elsewhere has a bucket of their own, and so has Ann who proves it."""
    async with limited(path, clock, rate_person=1, trusted_proxies=1) as site:
        secret = site.project.identity_secret
        site.client.headers["x-forwarded-for"] = "203.0.113.1"
        assert [(await site.event("ann")).status_code for _ in range(BURST + 1)][-1] == 429
        proved = {"user_id": "ann", "anonymous_id": None, "user_hash": hash_user(secret, "ann")}
        assert (await site.event(identity=proved)).status_code == 200
        site.client.headers["x-forwarded-for"] = "203.0.113.2"
        assert (await site.event("ann")).status_code == 200
        assert [(await site.event(identity=proved)).status_code for _ in range(BURST)][-2:] == [200, 429], "one Ann"


async def test_a_forwarded_address_that_nobody_vouches_for_gains_nothing(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_address=1) as site:
        statuses = []
        for number in range(BURST + 10):
            site.client.headers["x-forwarded-for"] = f"203.0.113.{number}"
            statuses.append((await site.event(f"user-{number}")).status_code)
        assert statuses == [200] * BURST + [429] * 10


async def test_whom_a_proxy_vouches_for_has_a_limit_of_their_own(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_address=1, trusted_proxies=1) as site:
        site.client.headers["x-forwarded-for"] = "2001:db8:1:2::1"
        await flood(site)
        site.client.headers["x-forwarded-for"] = "6.6.6.6, 2001:db8:1:2:3::2"
        assert_refused(await site.event("ann"), "address")
        site.client.headers["x-forwarded-for"] = "2001:db8:1:3::1"
        assert (await site.event("ann")).status_code == 200


async def test_a_project_that_does_not_exist_takes_no_place(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_address=100, rate_person=1, rate_project=1, rate_ingest=1) as site:
        body = {"pass": "made.up.pass", "identity": {"user_id": "ann"}, "events": []}
        assert (await site.post("/w/events", body)).status_code == 401
        assert (await site.client.post("/v1/track", json={"userId": "a", "event": "b"})).status_code == 401
        kept = site.service.limits
        assert [len(kept._people), len(kept._projects), len(kept._asks), len(kept._keys)] == [0, 0, 0, 0]


async def test_while_much_waits_for_the_database_events_are_refused_and_responses_are_not(
    path: Path, clock: SetClock
) -> None:
    async with limited(path, clock) as site:
        ask, offer = await site.ask("ann"), await site.offer("bob")
        assert offer is not None
        site.service.limits._waiting = lambda: limits.PAGES_MAY_WAIT
        for refused in (await site.event("bob"), await site.take_up(offer, "bob")):
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert refused.headers["retry-after"].isdigit()
            assert refused.headers["access-control-allow-origin"] == SITE
        assert (await site.respond(ask)).status_code == 200
        site.service.limits._waiting = lambda: limits.PAGES_MAY_WAIT - 1
        assert (await site.event("bob")).status_code == 200


async def test_bodies_that_are_dealt_with_have_so_much_room(path: Path, clock: SetClock) -> None:
    async with limited(path, clock) as site:
        ask = await site.ask("ann")
        site.service.limits.pages = Rooms(600)
        refused = await site.event("bob", properties={"long": "x" * 600})
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert (await site.respond(ask, answers={"score": 9, "why": "x" * 1_500})).status_code == 200
        assert (await site.event("bob")).status_code == 200
        kept = site.service.limits
        rooms = (kept.pages, kept.holders, kept.batches)
        assert [(one.whole.held, one.parts.held) for one in rooms] == [(0, 0)] * 3


def in_pieces(*pieces: bytes, more: bool = False) -> Any:
    """A body that comes in pieces; with `more` it never ends."""
    waiting = list(pieces)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting) or more}

    return receive


async def test_what_has_arrived_of_a_body_is_counted_until_it_is_whole() -> None:
    room = Room(100)
    assert await bodies.receive_bytes(in_pieces(b"a" * 60, b"b" * 40), b"", 1_000, room) == b"a" * 60 + b"b" * 40
    assert room.held == 0
    with pytest.raises(Busy):
        await bodies.receive_bytes(in_pieces(b"a" * 60, b"b" * 41), b"", 1_000, room)
    assert room.held == 0
    assert await bodies.receive_bytes(in_pieces(b"a" * 500), b"", 1_000, room) == b"a" * 500, "a whole one needs none"


async def test_a_body_that_stops_arriving_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "ARRIVES_WITHIN_S", 0.01)
    room = Room(100)
    with pytest.raises(TooSlow) as slow:
        await bodies.receive_bytes(in_pieces(b"a" * 60, more=True), b"", 1_000, room)
    assert (slow.value.status, room.held) == (408, 0)


async def test_refusals_are_counted_where_members_look(path: Path, clock: SetClock) -> None:
    async with limited(path, clock, rate_project=1) as site:
        await flood(site, BURST + 7)
        await site.service.journal.write(site.service.db)
        found = await site.service.db.read(limited_counts, site.project.project_id, clock.now // HOUR_MS)
        assert found == {"limited_page": 7}


async def test_the_log_tells_once_a_minute_and_of_nobody(
    path: Path, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with limited(path, clock, rate_address=1) as site:
        with caplog.at_level(logging.WARNING, "tactful.limits"):
            await flood(site, BURST + 9)
            clock.advance(MINUTE_MS)
            await flood(site, BURST + 1)
        told = [record.getMessage() for record in caplog.records]
        assert len(told) == 2
        assert "address 1." in told[0]
        assert "address 9." in told[1], "the eight that were not told of, and this one"
        assert "127.0.0.1" not in "".join(told)


async def test_a_refusal_is_held_back_while_few_are(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_HELD_BACK", 2)
    monkeypatch.setattr(limits, "HOLD_BACK_S", 60.0)
    async with limited(path, clock, rate_address=1) as site:
        await flood(site)
        held = [asyncio.create_task(site.event(f"held-{number}")) for number in range(2)]
        await until(lambda: site.service.limits._held_back == 2)
        assert (await site.event("one-more")).status_code == 429, "more than two are told at once"
        assert not any(task.done() for task in held)
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        assert site.service.limits._held_back == 0


# Buckets


def test_there_are_so_many_buckets_at_most_and_nobody_washes_away_what_others_used() -> None:
    buckets = Buckets(1, most=100)
    assert [buckets.take("attacker", 0) for _ in range(BURST)] == [0] * BURST
    let_in = sum(buckets.take(f"fresh-{number}", 0) == 0 for number in range(5_000))
    assert len(buckets) == 100
    assert buckets.take("attacker", 0) == SECOND_MS, "its bucket is still there, and empty"
    assert let_in == 99 + BURST * limits.CROWD, "whoever is new shares one"
    assert buckets.take("fresh-1", 0) == 0, "and who was there has what was left to them"


def test_a_bucket_that_is_full_again_makes_room() -> None:
    buckets = Buckets(1, most=2)
    assert [buckets.take(key, 0) for key in ("a", "b")] == [0, 0]
    assert [buckets.take(key, SECOND_MS, BURST) for key in ("c", "d", "e")] == [0, 0, 0]
    assert len(buckets) == 2
    assert buckets.take("c", SECOND_MS) == SECOND_MS
    assert buckets.take("e", SECOND_MS) == 0, "which had no room, and was charged to the crowd"


def test_what_is_full_again_is_forgotten_by_itself() -> None:
    buckets = Buckets(1)
    for number in range(3):
        assert buckets.take(f"k{number}", number * SECOND_MS) == 0
    assert buckets.take("k0", 3 * SECOND_MS, 5) == 0
    for seconds, left in ((0, 3), (2, 2), (3, 1), (7, 1), (8, 0)):
        buckets.tidy(seconds * SECOND_MS)
        assert len(buckets) == left, seconds
    Buckets(0).tidy(0)


def test_many_are_forgotten_a_handful_at_a_time() -> None:
    buckets = Buckets(1)
    for number in range(2_500):
        buckets.take(f"k{number}", 0)
    left = []
    for _ in range(4):
        buckets.tidy(SECOND_MS)
        left.append(len(buckets))
    assert left == [1_500, 500, 0, 0]


def test_what_is_given_back_was_never_taken() -> None:
    buckets = Buckets(1)
    assert buckets.take("a", 0, BURST) == 0
    buckets.give_back("a", BURST)
    buckets.give_back("nobody", 5)
    assert [buckets.take("a", 0) for _ in range(BURST + 1)] == [0] * BURST + [SECOND_MS]


def test_no_rate_is_no_limit_and_remembers_nothing() -> None:
    buckets = Buckets(0)
    assert (buckets.take("a", 0, 1_000_000), buckets.take("a", 0), len(buckets)) == (0, 0, 0)


def test_what_names_a_bucket_is_short_and_names_one_person() -> None:
    def key(user_id: str | None, anonymous_id: str | None = None, **said: Any) -> str | None:
        identity = Identity(user_id, anonymous_id, said.get("proved", False))
        return Sender(said.get("address", "1.1.1.1"), identity).key("p" * 26)

    long = "\U0001f600" * 256
    keys = [key("ann"), key("ann", proved=True), key("ann", address="2.2.2.2"), key("bob"), key(long), key(long + "x")]
    assert len({*keys}) == len(keys)
    assert all(len(one) <= limits._LONGEST_KEY for one in keys if one)
    assert key("ann", proved=True) == key("ann", proved=True, address="2.2.2.2")
    assert key("ann", "b1") == key("ann", "b2")
    assert key(None) is None


def test_an_ask_has_room_for_any_card() -> None:
    assert limits.ASK_RATE.burst >= MOST_QUESTIONS + 5, "an answer to each at once, and how the card went"
