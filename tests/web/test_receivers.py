"""Receivers: webhooks of other products become events, once, and whoever cannot prove one changes nothing."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS
from tactful.errors import Busy
from tactful.web.limits import ROOM_FOR_BATCHES
from tactful.web.receipts import MOST_RECEIPTS
from tactful.web.receivers import RECEIVER_LIMIT
from tests.core.receivers import CHATWOOT, INTERCOM, STANDARD, STRIPE
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.postgres import the_postgres
from tests.support.rows import acknowledged, execute
from tests.support.service import NO_RULES, Site, a_site, a_survey, make_project, running
from tests.support.webhooks import (
    PLAIN,
    SECRET,
    STANDARD_SECRET,
    Sender,
    a_chatwoot,
    a_receiver,
    chatwoot,
    intercom,
    resolved,
    standard,
    stripe,
)
from tests.web.test_nodes import two_nodes

pytestmark = pytest.mark.anyio

NOW = 1_795_285_826_000
RESOLVED = a_survey(
    "support",
    trigger={"any": [{"event": "Conversation Resolved", "source": "server", "per": "properties.conversation_id"}]},
)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
async def site(where: Where, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(where, clock, surveys=(RESOLVED,), policy=NO_RULES) as site:
        yield site


def events(site: Site) -> list[tuple[Any, ...]]:
    return execute(site.url, "SELECT name, happened_at FROM events ORDER BY event_id")


def receipts(site: Site, sender: Sender) -> list[tuple[str, str]]:
    last = site.service.receipts.last(site.project.project_id, sender.path.rpartition("/")[2])
    return [(one.outcome, one.code) for _, one in last]


# What real senders send


@pytest.mark.on_both(soon=True)
async def test_a_resolved_conversation_asks_its_user_once(site: Site) -> None:
    sender = await a_chatwoot(site)
    answer = await resolved(sender)
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')
    before = acknowledged(site.url)
    site.clock.advance(MINUTE_MS)
    again = await resolved(sender)
    assert again.json()["ignored"] == "duplicate"
    assert acknowledged(site.url) == before, "the sender was killed before it heard, and sent it again"
    asked = await site.client.post(
        "/w/events",
        content=orjson.dumps({"pass": await site.the_pass(), "identity": {"user_id": "user-42"}, "events": []}),
        headers={"content-type": "text/plain", "origin": "http://site.test"},
    )
    assert asked.json()["offer"]["survey"] == "support"
    assert events(site) == [("Conversation Resolved", 1_795_285_820_250)]
    assert receipts(site, sender) == [("duplicate", "duplicate"), ("taken", "read")]


async def test_every_preset_takes_what_its_sender_signs(site: Site) -> None:
    sent = {
        "intercom": (INTERCOM, intercom, "the client secret"),
        "stripe": (STRIPE, stripe, "whsec_of_stripe_itself"),
        "standard-webhooks": (STANDARD, standard, STANDARD_SECRET),
    }
    for preset, (payload, sign, secret) in sent.items():
        sender = await a_receiver(site, preset=preset, secret=secret)
        body = orjson.dumps(payload)
        answer = await sender.send(body, sign(secret, body, site.clock.now))
        assert answer.content == b'{"success":true}', (preset, answer.text)
        refused = await sender.send(body + b" ", sign(secret, body, site.clock.now))
        assert (refused.status_code, refused.json()["code"]) == (401, "signature_wrong"), preset
        await site.manage("DELETE", "receivers/r")
    assert {name for name, _ in events(site)} == {
        "Conversation Closed",
        "customer.subscription.deleted",
        "lesson.completed",
    }


async def test_the_id_that_was_signed_along_tells_a_message(site: Site) -> None:
    sender = await a_receiver(site, preset="standard-webhooks", secret=STANDARD_SECRET)
    body = orjson.dumps(STANDARD)
    for message_id, ignored in (("msg_1", None), ("msg_1", "duplicate"), ("msg_2", None)):
        headers = standard(STANDARD_SECRET, body, site.clock.now, message_id)
        assert (await sender.send(body, headers)).json().get("ignored") == ignored
        site.clock.advance(MINUTE_MS)
    assert len(events(site)) == 2


async def test_a_replay_is_known_for_a_week_and_too_old_from_then_on(site: Site) -> None:
    sender = await a_receiver(site, preset="intercom", secret="the client secret")
    body = orjson.dumps(INTERCOM)
    codes = []
    for wait in (0, HOUR_MS, 6 * DAY_MS, 2 * DAY_MS):
        site.clock.advance(wait)
        codes.append((await sender.send(body, intercom("the client secret", body, 0))).json().get("ignored"))
    assert codes == [None, "duplicate", "duplicate", "too_old"]
    assert len(events(site)) == 1


async def test_a_restart_forgets_nothing_that_was_taken(path: Path, clock: SetClock) -> None:
    project = make_project(path, clock, surveys=(RESOLVED,), policy=NO_RULES)
    async with running(project, path, clock) as before:
        sender = await a_chatwoot(before)
        assert (await resolved(sender)).json() == {"success": True}
    async with running(project, path, clock) as after:
        assert (await resolved(Sender(after, sender.path))).json()["ignored"] == "duplicate"
        assert (await after.manage("GET", "receivers/r")).json()["outcomes"]["taken"]["times"] == 1
        assert len(events(after)) == 1


async def test_other_nodes_know_at_once_what_one_has_taken_or_changed(clock: SetClock) -> None:
    async with two_nodes(the_postgres(), clock, RESOLVED) as two:
        here = await a_chatwoot(two.here)
        there = Sender(two.there, here.path)
        assert (await resolved(here)).json() == {"success": True}
        assert (await resolved(there)).json()["ignored"] == "duplicate"
        await two.there.manage("POST", "receivers/r/secret", json={"secret": "a newer secret", "keep_previous": False})
        assert (await resolved(here)).json()["code"] == "signature_wrong"
        await two.there.manage("DELETE", "receivers/r")
        assert (await resolved(here)).status_code == 404


# Refusals


@pytest.mark.on_both
async def test_what_is_not_proved_changes_nothing(site: Site) -> None:
    sender = await a_chatwoot(site)
    body = orjson.dumps(CHATWOOT)
    good = chatwoot(SECRET, body, site.clock.now)
    before = acknowledged(site.url)
    for headers, code in (
        ({}, "timestamp_missing"),
        (good | {"X-Chatwoot-Signature": ""}, "signature_missing"),
        (good | {"X-Chatwoot-Signature": "sha1=00"}, "signature_unreadable"),
        (chatwoot("another secret", body, site.clock.now), "signature_wrong"),
        (chatwoot(SECRET, body + b" ", site.clock.now), "signature_wrong"),
        (chatwoot(SECRET, body, site.clock.now - 6 * MINUTE_MS), "timestamp_old"),
        (chatwoot(SECRET, body, site.clock.now + 6 * MINUTE_MS), "timestamp_future"),
    ):
        answer = await sender.send(body, headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert SECRET not in answer.text
        assert receipts(site, sender)[0] == ("refused", code)
    assert acknowledged(site.url) == before
    lowered = {name.lower(): value for name, value in good.items()}
    assert (await sender.send(body, lowered)).status_code == 200


async def test_a_sender_may_send_so_much_and_whoever_makes_it_up_stands_in_nobodys_way(
    path: Path, clock: SetClock
) -> None:
    async with a_site(path, clock, rate_ingest=1, rate_address=1) as site:
        sender = await a_chatwoot(site)
        body = orjson.dumps(CHATWOOT)
        forged = [(await sender.send(body, {"X-Chatwoot-Signature": "sha256=00"})).status_code for _ in range(25)]
        assert forged == [401] * 20 + [429] * 5
        signed = chatwoot(SECRET, body, clock.now)
        statuses = [(await sender.send(body, signed)).status_code for _ in range(25)]
        assert statuses == [200] * 20 + [429] * 5, "by the rate of its own"


async def test_whoever_looks_for_an_address_is_refused_as_one_who_guesses_a_key(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, rate_address=1) as site:
        sender = await a_chatwoot(site)
        guessed = [(await site.client.get(f"{sender.path}{number}")).status_code for number in range(10)]
        guessed += [(await site.client.post(f"{sender.path}{number}")).status_code for number in range(15)]
        assert guessed == [404] * 20 + [429] * 5
        assert (await resolved(sender)).status_code == 200, "whoever can prove it stands apart"


async def test_what_is_dealt_with_has_its_room_in_memory(site: Site) -> None:
    sender = await a_chatwoot(site)
    room = site.service.limits.batches.whole
    assert (await resolved(sender)).status_code == 200
    assert (await sender.send(b"{")).status_code == 401
    assert room.held == 0
    room.take(ROOM_FOR_BATCHES)
    told = await resolved(sender, CHATWOOT | {"id": 2})
    assert (told.status_code, told.json()["code"]) == (503, "overloaded")
    room.give_back(ROOM_FOR_BATCHES)
    assert (await resolved(sender, CHATWOOT | {"id": 2})).json() == {"success": True}


async def test_unreadable_bodies_are_told(site: Site) -> None:
    sender = await a_receiver(site, **PLAIN)
    for body, headers, status, code in (
        (b"", {}, 400, "bad_json"),
        (b'{"a":NaN}', {}, 400, "bad_json"),
        (b"\xff", {}, 400, "bad_json"),
        (b"[" * 100_000, {}, 400, "bad_json"),
        (b"\x1f\x8bno", {}, 400, "bad_gzip"),
        (gzip.compress(b" " * (RECEIVER_LIMIT + 1)), {}, 413, "body_too_large"),
    ):
        answer = await sender.send(body, headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert receipts(site, sender)[0] == ("unreadable", code)
    assert (await sender.send(b" " * (RECEIVER_LIMIT + 1))).status_code == 413
    packed = gzip.compress(b'{"event":"Done","user":"ann"}')
    assert (await sender.send(packed, {"content-encoding": "gzip"})).json() == {"success": True}


async def test_what_says_nothing_to_take_is_answered_well(site: Site) -> None:
    sender = await a_chatwoot(site)
    before = acknowledged(site.url)
    for change, code in (
        ({"status": "open"}, "filtered"),
        ({"meta": {}}, "no_person"),
        ({"meta": {"sender": {"email": "nobody@x.test"}}}, "unknown_email"),
    ):
        answer = await resolved(sender, CHATWOOT | change)
        assert (answer.status_code, answer.json()["ignored"]) == (200, code)
        assert answer.json()["message"]
    assert (await resolved(sender, [1, 2])).json()["ignored"] == "filtered"
    assert acknowledged(site.url) == before


@pytest.mark.on_both
async def test_an_address_of_nobody_s_leads_nowhere(site: Site) -> None:
    sender = await a_chatwoot(site)
    for path in (
        f"{sender.path}0",
        "/v1/receivers/r",
        "/v1/receivers/%00",
        "/v1/receivers/" + "x" * 200,
        "/v1/receivers/é",
    ):
        for method in ("POST", "GET", "HEAD"):
            answer = await site.client.request(method, path)
            assert answer.status_code == 404, (method, path)
    await site.manage("DELETE", "receivers/r")
    assert (await resolved(sender)).json()["code"] == "no_such_receiver"
    assert (await site.client.get(sender.path)).status_code == 404


async def test_those_that_look_before_they_send_are_answered(site: Site) -> None:
    sender = await a_chatwoot(site)
    assert (await site.client.get(sender.path)).status_code == 200
    assert (await site.client.head(sender.path)).status_code == 200
    assert (await site.client.put(sender.path)).status_code == 405


# Whom it concerns


async def identify(site: Site, user_id: str, email: str) -> None:
    message = {"userId": user_id, "traits": {"email": email}, "writeKey": site.project.write_key}
    assert (await site.client.post("/v1/identify", json=message)).status_code == 200


@pytest.mark.on_both
async def test_an_address_names_the_one_known_person_who_has_it(site: Site) -> None:
    sender = await a_chatwoot(site)
    by_mail = CHATWOOT | {"meta": {"sender": {"identifier": None, "email": "Mia@Example.com"}}}
    people = "SELECT count(*) FROM people"
    assert (await resolved(sender, by_mail)).json()["ignored"] == "unknown_email"
    assert execute(site.url, people) == [(0,)], "nobody is made from an address"
    page = {"pass": await site.the_pass(), "identity": {"anonymous_id": "browser-1"}}
    event = {"message_id": "1", "type": "identify", "traits": {"email": "mia@example.com"}}
    await site.post("/w/events", page | {"events": [event]})
    assert (await resolved(sender, by_mail)).json()["ignored"] == "unknown_email", "a browser says so, nobody known"
    await identify(site, "user-42", "mia@example.COM")
    assert (await resolved(sender, by_mail)).json() == {"success": True}
    [(who,)] = execute(site.url, "SELECT p.user_id FROM events e JOIN people p ON p.person_id = e.person_id")
    assert who == "user-42"
    await identify(site, "user-43", "mia@example.com")
    assert (await resolved(sender, by_mail | {"id": 18})).json()["ignored"] == "ambiguous_email"
    assert len(events(site)) == 1


async def test_an_address_may_be_the_user_id(site: Site) -> None:
    sender = await a_receiver(site, **PLAIN | {"user_id": "$.email"})
    assert (await sender.send({"event": "Done", "email": "mia@example.com"})).json() == {"success": True}
    assert (await site.manage("GET", "people?user_id=mia@example.com")).json()["data"][0]["traits"] == {}


async def test_an_account_comes_along(site: Site) -> None:
    execute(site.url, "UPDATE projects SET keep_events_ms = 0, config_version = config_version + 1")
    sender = await a_receiver(site, **PLAIN | {"account_id": "$.account"})
    await site.service.configs.refresh()
    assert (await sender.send({"event": "Done", "user": "ann"})).json() == {"success": True}
    assert (await site.manage("GET", "people?user_id=ann")).json()["data"] == [], (
        "nothing waits for it and nothing keeps it"
    )
    await sender.send({"event": "Done", "user": "ann", "account": "acme"})
    [ann] = (await site.manage("GET", "people?user_id=ann")).json()["data"]
    assert ann["account_id"] == "acme"


# What is remembered of what came


async def test_the_last_of_what_came_is_kept_and_counted(site: Site) -> None:
    sender = await a_receiver(site, **PLAIN)
    for number in range(MOST_RECEIPTS + 5):
        await sender.send({"event": f"e{number}", "user": "ann", "n": number})
    last = site.service.receipts.last(site.project.project_id, sender.path.rpartition("/")[2])
    assert len(last) == MOST_RECEIPTS
    assert (last[0][1].event, last[0][1].who) == ("e24", "ann")
    await site.service.receipts.write(site.service.db)
    await sender.send({"event": "Done", "user": "ann"})
    await site.service.receipts.write(site.service.db)
    outcomes = (await site.manage("GET", "receivers/r")).json()["outcomes"]
    assert outcomes["taken"]["times"] == MOST_RECEIPTS + 6
    [ann] = (await site.manage("GET", "people?user_id=ann")).json()["data"]
    await site.manage("DELETE", f"people/{ann['id']}")
    assert site.service.receipts.last(site.project.project_id, sender.path.rpartition("/")[2]) == []


async def test_counts_that_could_not_be_written_are_kept(site: Site) -> None:
    sender = await a_receiver(site, **PLAIN)
    await sender.send({"event": "Done", "user": "ann"})
    await site.service.receipts.write(Refusing())
    await sender.send({"event": "Done", "user": "bob"})
    await site.service.receipts.write(site.service.db)
    assert (await site.manage("GET", "receivers/r")).json()["outcomes"]["taken"]["times"] == 2


class Refusing:
    """A database that somebody else holds."""

    async def run(self, *_args: Any, **_named: Any) -> Any:
        raise Busy("busy", "Somebody else writes.")

    read = scan = run


async def test_lists_that_nothing_came_for_lately_give_way(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tactful.web.receipts._MOST_LISTS", 1)
    first = await a_receiver(site, **PLAIN)
    await first.send({"event": "Done", "user": "ann"})
    await site.manage("PUT", "receivers/s", json=PLAIN)
    second = Sender(site, (await site.manage("GET", "receivers/s")).json()["address"])
    await second.send({"event": "Done", "user": "ann"})
    assert (len(receipts(site, first)), len(receipts(site, second))) == (0, 1)
