"""PostHog's dialect: what its server SDKs send lands once, as the same things that Segment's would have been."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from tactful.core.spans import HOUR_MS
from tactful.web.posthog import as_segment
from tests.support.backend import SUCCESS, events
from tests.support.clock import SetClock
from tests.support.rows import acknowledged, execute
from tests.support.service import NO_RULES, Site, a_site, a_survey

pytestmark = pytest.mark.anyio

CAPTURES = Path(__file__).parents[1] / "cases" / "posthog"
CLIENTS = sorted(file.stem for file in CAPTURES.glob("*.json"))
DESK = a_survey("desk", trigger={"any": [{"event": "Ticket Closed", "source": "server"}]})


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(path, clock, surveys=(DESK,), policy=NO_RULES) as site:
        yield site


async def send(site: Site, *messages: Any, **fields: Any) -> httpx2.Response:
    body = {"api_key": site.project.write_key, "batch": list(messages)} | fields
    return await site.client.post("/batch/", json=body)


def an_event(name: Any = "Done", **fields: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": "ann", "uuid": "u1", "properties": {}} | fields


def people(site: Site) -> dict[str, tuple[str | None, Any]]:
    """The account and the traits of every person, by user id."""
    found = execute(site.path, "SELECT user_id, account_id, traits FROM people WHERE merged_into IS NULL")
    return {user_id: (account_id, json.loads(traits)) for user_id, account_id, traits in found}


class TestRealClients:
    """Requests as they came over the wire but for the key and what told of the machine; gzip is made anew."""

    @pytest.mark.parametrize("client", CLIENTS)
    async def test_what_they_send_lands_once(self, site: Site, client: str) -> None:
        capture = json.loads((CAPTURES / f"{client}.json").read_text())
        await self.replay(site, capture)
        assert people(site) == {"ann": ("acme", {"plan": "pro"})}, "and nobody is made up for what concerns nobody"
        assert execute(site.path, "SELECT account_id, traits FROM accounts") == [("acme", '{"seats":3}')]
        assert [(name, json.loads(properties)["n"]) for name, properties, _ in events(site)] == [("Ticket Closed", 1)]
        aliases = execute(site.path, "SELECT alias FROM aliases ORDER BY alias")
        assert aliases == [("a:anon-1",), ("u:ann",), ("u:anon-1",)]
        assert await site.visit("ann") is not None, "the event is a backend's, and its survey waits"
        before = acknowledged(site.path)
        site.clock.advance(HOUR_MS)
        await self.replay(site, capture)
        after = acknowledged(site.path)
        assert {**after, "people": None} == {**before, "people": None}
        assert people(site) == {"ann": ("acme", {"plan": "pro"})}

    async def replay(self, site: Site, capture: Any) -> None:
        for request in capture["requests"]:
            body = request["body"].replace(capture["api_key"], site.project.write_key).encode()
            if request["headers"].get("Content-Encoding") == "gzip":
                body = gzip.compress(body)
            answer = await site.client.post(request["path"], content=body, headers=request["headers"])
            assert (answer.status_code, answer.content) == (200, SUCCESS), "posthog takes nothing else for success"

    async def test_both_are_there(self) -> None:
        assert CLIENTS == ["posthog-node", "posthog-python"]


def said(*messages: Any, **fields: Any) -> list[dict[str, Any]]:
    """What messages come to, without what is empty."""
    batch = orjson.loads(as_segment(orjson.dumps({"batch": messages} | fields)))["batch"]
    return [{name: value for name, value in one.items() if value is not None} for one in batch]


class TestMapping:
    def test_an_event_keeps_its_own_properties(self) -> None:
        [track] = said(
            an_event(properties={"n": 1, "$lib": "x", "$geoip_disable": True}, timestamp="2026-11-21T10:00:00Z")
        )
        assert track == {
            "type": "track",
            "event": "Done",
            "userId": "ann",
            "messageId": "u1",
            "timestamp": "2026-11-21T10:00:00Z",
            "properties": {"n": 1},
        }

    @pytest.mark.parametrize(
        ("message", "traits"),
        [
            (an_event("$identify", properties={"$set": {"a": 1}, "$set_once": {"b": 2}}), {"a": 1}),
            (an_event("$set", **{"$set": {"a": 1, "$initial_os": "x"}}), {"a": 1}),
            (an_event("$identify"), {}),
        ],
    )
    def test_what_is_known_of_a_person(self, message: Any, traits: Any) -> None:
        [identify] = said(message)
        assert (identify["type"], identify["userId"], identify["traits"]) == ("identify", "ann", traits)

    def test_an_event_may_say_more_than_that_it_happened(self) -> None:
        several = said(an_event(properties={"$set": {"plan": "pro"}, "$groups": {"company": 7}}))
        assert [one["type"] for one in several] == ["identify", "track", "group"]
        assert len({one["messageId"] for one in several}) == 3, "or two of them would count as sent again"
        assert several[2]["groupId"] == "7"

    def test_whoever_logs_in_brings_their_browser_along(self) -> None:
        [identify] = said(an_event("$identify", properties={"$anon_distinct_id": "b-1"}))
        assert (identify["userId"], identify["anonymousId"]) == ("ann", "b-1")

    def test_a_member_is_told_once_in_a_batch(self) -> None:
        batch = [an_event(uuid=f"u{n}", distinct_id=who, properties={"$groups": {"company": "acme"}}) for n, who in
                 enumerate(("ann", "bob", "ann"))]  # fmt: skip
        assert [one["userId"] for one in said(*batch) if one["type"] == "group"] == ["ann", "bob"]

    @pytest.mark.parametrize(
        ("groups", "account"),
        [
            ({"company": "acme"}, "acme"),
            ({"team": "t", "organization": "o"}, "o"),
            ({"team": "7"}, "team:7"),
            ({"team": "7", "project": "8"}, None),
            ({"company": ""}, None),
            ({"company": True}, None),
            ({"company": ["acme"]}, None),
            ({}, None),
            ("acme", None),
        ],
    )
    def test_which_group_is_the_account(self, groups: Any, account: str | None) -> None:
        told = [one["groupId"] for one in said(an_event(properties={"$groups": groups})) if one["type"] == "group"]
        assert told == ([] if account is None else [account])

    def test_the_team_7_is_not_the_company_7(self) -> None:
        described = [
            an_event("$groupidentify", properties={"$group_type": kind, "$group_key": "7", "$group_set": {"a": 1}})
            for kind in ("company", "team")
        ]
        assert [(one["groupId"], one["traits"], "userId" in one) for one in said(*described)] == [
            ("7", {"a": 1}, False),
            ("team:7", {"a": 1}, False),
        ]

    @pytest.mark.parametrize(
        ("lib", "user_id", "previous_id"), [("posthog-python", "b", "a"), ("posthog-node", "a", "b"), (None, "a", "b")]
    )
    def test_two_names_of_one_person(self, lib: Any, user_id: str, previous_id: str) -> None:
        properties = {"distinct_id": "a", "alias": "b", "$lib": lib}
        [alias] = said(an_event("$create_alias", distinct_id="a", properties=properties))
        assert (alias["type"], alias["userId"], alias["previousId"]) == ("alias", user_id, previous_id)

    @pytest.mark.parametrize(("name", "kind"), [("$pageview", "page"), ("$screen", "screen")])
    def test_views(self, name: str, kind: str) -> None:
        [view] = said(an_event(name, properties={"name": "Home", "$current_url": "x"}))
        assert (view["type"], view["properties"]) == (kind, {"name": "Home"})

    @pytest.mark.parametrize(
        "message",
        [
            an_event("$feature_flag_called"),
            an_event("$exception"),
            an_event("$set_once", **{"$set_once": {"a": 1}}),
            an_event(properties={"$process_person_profile": False}),
            an_event("$groupidentify"),
            an_event("$groupidentify", properties={"$group_type": ["x"], "$group_key": "y"}),
            an_event(None),
            an_event({}),
            {"properties": []},
            [],
            "x",
            None,
            an_event(properties={"x": "y" * 40_000}),
            an_event(properties={"x": [[[[[[[[[1]]]]]]]]]}),
        ],
    )
    def test_what_says_nothing_to_us_is_counted_as_dropped(self, message: Any) -> None:
        assert said(message) == [{}]

    def test_the_key_and_the_time_go_where_segment_has_them(self) -> None:
        for body in ({"api_key": "k", "sent_at": "s"}, {"token": "k", "sent_at": "s"}):
            told = orjson.loads(as_segment(orjson.dumps(body | {"batch": []})))
            assert told == {"writeKey": "k", "sentAt": "s", "batch": []}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"[]", "bad_batch"),
        (b"{}", "bad_batch"),
        (b'{"batch": 1}', "bad_batch"),
        (b'{"batch": [NaN]}', "bad_json"),
        (b'{"batch": [' + b"[" * 100_000, "bad_json"),
        (b"\xff", "bad_json"),
        (b"\x1f\x8b\x00", "bad_gzip"),
    ],
)
async def test_what_is_no_batch_is_refused_for_good(site: Site, body: bytes, code: str) -> None:
    answer = await site.client.post("/batch/", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["message"], "posthog's Python client logs `detail`, and retries no 400"


@pytest.mark.parametrize("place", ["api_key", "sent_at"])
@pytest.mark.parametrize("value", ["9" * 30, "-9223372036854775809", "[" * 300 + "]" * 300])
async def test_numbers_and_depths_around_the_messages_are_no_bug_of_ours(site: Site, place: str, value: str) -> None:
    around = {"api_key": json.dumps(site.project.write_key), place: value, "batch": json.dumps([an_event()])}
    body = "{" + ",".join(f'"{name}":{written}' for name, written in around.items()) + "}"
    answer = await site.client.post("/batch/", content=body)
    assert answer.status_code == (200 if place == "sent_at" else 401), answer.text


async def test_millions_of_values_are_refused_before_they_are_made_into_anything(site: Site) -> None:
    answer = await site.client.post("/batch/", content=b'{"batch":[' + b"1," * 2_000_000 + b"1]}")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_values")


async def test_one_bad_message_never_fails_its_batch(site: Site) -> None:
    bad: list[Any] = [
        None,
        [],
        an_event(properties={"x": "\0"}),
        an_event(distinct_id=None),
        an_event(distinct_id="x" * 300),
    ]
    assert (await send(site, *bad, an_event(uuid="good"))).content == SUCCESS
    body = json.dumps({"api_key": site.project.write_key, "batch": [an_event(uuid="2", properties={"x": "CUT"})]})
    cut = await site.client.post("/batch", content=body.replace("CUT", "\\ud83d"))
    assert cut.content == SUCCESS
    assert [name for name, *_ in events(site)] == ["Done", "Done"]
    assert list(people(site)) == ["ann"]


async def test_an_account_may_be_described_before_anybody_belongs_to_it(site: Site) -> None:
    seats = {"$group_type": "company", "$group_key": "acme", "$group_set": {"seats": 3}}
    for _ in range(2):
        await send(site, an_event("$groupidentify", distinct_id="$company_acme", properties=seats))
    more = seats | {"$group_set": {"seats": None, "plan": "pro"}}
    await send(site, an_event("$groupidentify", uuid="u2", properties=more))
    assert execute(site.path, "SELECT account_id, traits FROM accounts") == [("acme", '{"plan":"pro"}')]
    assert people(site) == {}
    page = {"type": "group", "groupId": "acme", "traits": {"plan": "free"}, "writeKey": site.project.public_key}
    answer = await site.client.post("/v1/group", json=page, headers={"origin": "http://site.test"})
    assert answer.status_code == 200
    assert execute(site.path, "SELECT traits FROM accounts") == [('{"plan":"pro"}',)], "a page says it of itself alone"


@pytest.mark.parametrize("address", ["/flags/?v=4", "/i/v0/e/", "/i/v1/analytics/events", "/i/v0/ai/batch/"])
async def test_what_else_its_clients_call_is_refused_in_a_way_that_they_bear(site: Site, address: str) -> None:
    """Measured: a flag is then None, and nothing is retried."""
    answer = await site.client.post(address, json={"api_key": site.project.write_key, "distinct_id": "ann"})
    assert answer.status_code in (403, 404)
    assert answer.json()["detail"]
