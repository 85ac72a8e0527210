"""Ingest: what real backends' libraries send lands, once, and nothing that one message holds harms its neighbours."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tactful.app import create_app
from tactful.core.spans import DAY_MS
from tactful.database_url import DatabaseUrl
from tactful.settings import Settings
from tactful.store.forgetting import forget_old
from tactful.store.projects import hash_key
from tests.support.backend import CAPTURED, SUCCESS, a_track, events, post, send
from tests.support.clock import SetClock
from tests.support.rows import contents, counts, execute
from tests.support.service import KEY, NO_RULES, Site, a_site, a_survey

pytestmark = pytest.mark.anyio

COUNTED = a_survey("counted", trigger={"any": [{"event": "Step", "nth": {"every": 2}}]})


@pytest.fixture
def clock() -> SetClock:
    return SetClock(CAPTURED)


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(path, clock, surveys=(a_survey(), COUNTED), policy=NO_RULES) as site:
        yield site


class TestDedupe:
    async def test_a_message_counts_once_however_often_it_comes(self, site: Site) -> None:
        first = a_track(messageId="1")
        await send(site, first, first)
        await asyncio.gather(*(send(site, first) for _ in range(20)))
        assert execute(site.path, "SELECT occurrences FROM counters") == [(1,)]
        await send(site, a_track(messageId="2"), first)
        assert execute(site.path, "SELECT occurrences FROM counters") == [(2,)]
        assert len(events(site)) == 2

    async def test_a_restart_forgets_nothing(self, tmp_path: Path, clock: SetClock) -> None:
        path, first = tmp_path / "restarted.db", a_track(messageId="1")
        async with a_site(path, clock, surveys=(COUNTED,)) as before:
            await send(before, first)
        again = create_app(Settings(DatabaseUrl.of_file(path), (KEY,), "http://service.test"), clock)
        transport = httpx2.ASGITransport(app=again)
        async with (
            again.router.lifespan_context(again),
            httpx2.AsyncClient(transport=transport, base_url="http://service.test") as client,
        ):
            body = {"batch": [first, a_track(messageId="2")], "writeKey": before.project.write_key}
            assert (await client.post("/v1/batch", json=body)).content == SUCCESS
        assert execute(path, "SELECT occurrences FROM counters") == [(2,)]

    async def test_ids_are_remembered_for_a_week_and_not_for_ever(self, site: Site) -> None:
        first = a_track(messageId="1")
        await send(site, first)
        site.clock.advance(7 * DAY_MS)
        await site.service.db.run(forget_old)
        await send(site, first)
        assert execute(site.path, "SELECT occurrences FROM counters") == [(1,)]
        site.clock.advance(7 * DAY_MS + 1)
        await site.service.db.run(forget_old)
        assert counts(site.path)["messages"] == 0

    async def test_a_page_cannot_use_up_a_backends_id(self, site: Site) -> None:
        await site.event("ann", "Step", message_id="1")
        await send(site, a_track(messageId="1"))
        assert execute(site.path, "SELECT occurrences FROM counters") == [(2,)]

    async def test_messages_without_an_id_are_all_different(self, site: Site) -> None:
        await send(site, a_track(), a_track(), a_track(messageId=None))
        assert execute(site.path, "SELECT occurrences FROM counters") == [(3,)]

    async def test_another_project_has_its_own_ids(self, site: Site) -> None:
        other = "0" * 26
        execute(
            site.path,
            "INSERT INTO projects (project_id, name, public_key, origins, keep_events_ms, policy, created_at) "
            "SELECT ?, 'Other', 'pk_o', origins, keep_events_ms, policy, 0 FROM projects",
            other,
        )
        execute(site.path, "INSERT INTO api_keys VALUES (?, ?, 'write', '[]', 0, NULL)", hash_key("wk_other"), other)
        await send(site, a_track(messageId="1"))
        body = {"batch": [a_track(messageId="1")], "writeKey": "wk_other"}
        assert (await site.client.post("/v1/batch", json=body)).content == SUCCESS
        assert execute(site.path, "SELECT project_id FROM events ORDER BY 1") == [(other,), (site.project.project_id,)]


DEEP: Any = 1
for _ in range(9):
    DEEP = {"a": DEEP}

BAD_MESSAGES: dict[str, Any] = {
    "no object": "track",
    "null": None,
    "a list": [],
    "a number": 7,
    "nothing in it": {},
    "no type": {"userId": "ann", "event": "Step"},
    "an unknown type": a_track(type="pageview"),
    "a screen of nobody": {"type": "screen", "name": "Home"},
    "an alias of nobody": {"type": "alias", "previousId": "browser-1"},
    "an alias of one name": {"type": "alias", "userId": "ann"},
    "an alias that is an object": {"type": "alias", "userId": "ann", "previousId": {}},
    "an alias too long": {"type": "alias", "userId": "ann", "previousId": "x" * 257},
    "NUL in the event": a_track(event="a\0b"),
    "a type that is no text": a_track(type=["track"]),
    "nobody": a_track(userId=None),
    "an empty id": a_track(userId=" "),
    "an id that is an object": a_track(userId={"$ne": ""}),
    "an id that is a fraction": a_track(userId=1.5),
    "an id that is true": a_track(userId=True),
    "an id too long": a_track(userId="x" * 257),
    "NUL in the id": a_track(userId="a\0b"),
    "NUL in a key": a_track(properties={"a\0b": 1}),
    "NUL in a value": a_track(properties={"a": ["x\0"]}),
    "NUL in an unused field": a_track(context={"ip": "\0"}),
    "no event": {"type": "track", "userId": "ann"},
    "an empty event": a_track(event=""),
    "an event too long": a_track(event="x" * 201),
    "an event that is no text": a_track(event=7),
    "a message id too long": a_track(messageId="x" * 257),
    "an empty message id": a_track(messageId=""),
    "a message id that is no text": a_track(messageId=7),
    "too deep": a_track(properties=DEEP),
    "too many values": a_track(properties={"a": [0] * 1_000}),
    "too many keys": a_track(properties={str(n): n for n in range(1_001)}),
    "too large": a_track(properties={"a": "x" * 32_768}),
    "an integer that no database keeps": a_track(properties={"a": 2**63}),
    "an integer that JavaScript does not know": a_track(properties={"a": 2**53 + 1}),
    "a group of no name": {"type": "group", "userId": "ann"},
    "a group that is an object": {"type": "group", "userId": "ann", "groupId": {}},
    "a group too long": {"type": "group", "userId": "ann", "groupId": "x" * 257},
    "NUL in a trait": {"type": "identify", "userId": "ann", "traits": {"a": "\0"}},
}


class TestOneBadMessage:
    @pytest.mark.parametrize("name", BAD_MESSAGES)
    async def test_is_dropped_and_counted_alone(self, site: Site, name: str) -> None:
        around = [a_track(messageId="before", event="Done"), a_track(messageId="after", event="Done")]
        answer = await send(site, around[0], BAD_MESSAGES[name], around[1])
        assert (answer.status_code, answer.content) == (200, SUCCESS)
        assert site.service.dropped == 1
        assert execute(site.path, "SELECT message_id FROM messages ORDER BY 1") == [("s:after",), ("s:before",)]
        assert (counts(site.path)["people"], counts(site.path)["events"]) == (1, 2)

    async def test_alone_is_acknowledged_and_changes_nothing(self, site: Site) -> None:
        before = contents(site.path)
        for message in BAD_MESSAGES.values():
            assert (await send(site, message)).content == SUCCESS
        assert contents(site.path) == before
        assert site.service.dropped == len(BAD_MESSAGES)

    @pytest.mark.parametrize(
        "fields",
        [
            {"properties": None},
            {"properties": "text"},
            {"properties": [1]},
            {"context": 7},
            {"context": {"traits": "x"}},
            {"timestamp": 7},
            {"timestamp": "yesterday"},
            {"timestamp": "0001-01-01T00:00:00+14:00"},
            {"timestamp": "9999-12-31T23:59:59-14:00"},
            {"timestamp": "x" * 10_000},
            {"originalTimestamp": {}},
            {"sentAt": []},
            {"messageId": "m\u202e'\";--"},
            {"userId": 42},
            {"anonymousId": 7},
            {"integrations": False},
        ],
        ids=str,
    )
    async def test_what_is_merely_odd_is_taken(self, site: Site, fields: dict[str, Any]) -> None:
        assert (await send(site, a_track(**fields))).content == SUCCESS
        assert (site.service.dropped, counts(site.path)["events"]) == (0, 1)

    async def test_numbers_are_ids(self, site: Site) -> None:
        await send(site, a_track(userId=42), {"type": "group", "userId": "42", "groupId": 7})
        [person] = (await site.manage("GET", "people")).json()["data"]
        assert (person["user_id"], person["account_id"]) == ("42", "7")

    async def test_traits_come_from_both_places(self, site: Site) -> None:
        context = {"traits": {"a": "context", "b": "context"}}
        await send(site, {"type": "identify", "userId": "ann", "traits": {"a": "own"}, "context": context})
        [person] = (await site.manage("GET", "people")).json()["data"]
        assert person["traits"] == {"a": "own", "b": "context"}

    @pytest.mark.parametrize(
        ("created", "kept"),
        [("2024-01-02T03:04:05Z", 1_704_164_645_000), ("2024-01-02", 1_704_153_600_000), ("soon", None), (7, None)],
    )
    async def test_a_backend_vouches_for_when_somebody_came(self, site: Site, created: Any, kept: int | None) -> None:
        await send(site, {"type": "identify", "userId": "ann", "traits": {"createdAt": created}})
        assert execute(site.path, "SELECT created_at FROM people") == [(kept,)]


class TestBodies:
    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "image/png", ""])
    async def test_any_content_type_is_taken(self, site: Site, content_type: str) -> None:
        assert (await post(site, b'{"batch":[]}', **{"content-type": content_type})).content == SUCCESS

    async def test_gzip_is_told_by_its_header_or_its_first_bytes(self, site: Site) -> None:
        packed = gzip.compress(json.dumps({"batch": [a_track()]}).encode())
        for headers in ({}, {"content-encoding": "gzip"}, {"content-encoding": "GZIP"}, {"content-encoding": "x-gzip"}):
            assert (await post(site, packed, **headers)).content == SUCCESS
        assert len(events(site)) == 4

    @pytest.mark.parametrize("kind", ["track", "identify", "group"])
    async def test_the_path_of_a_single_message_is_its_type(self, site: Site, kind: str) -> None:
        message = {"userId": "ann", "event": "Done", "groupId": "acme", "traits": {"a": 1}, "type": "nonsense"}
        assert (await post(site, json.dumps(message).encode(), f"/v1/{kind}")).content == SUCCESS
        assert (counts(site.path)["people"], counts(site.path)["messages"], site.service.dropped) == (1, 1, 0)

    @pytest.mark.parametrize("body", [b"{}", b'{"batch":null}', b'{"batch":{}}', b'{"batch":"x"}', b'{"messages":[]}'])
    async def test_a_batch_is_a_list(self, site: Site, body: bytes) -> None:
        answer = await post(site, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_batch")

    async def test_a_large_batch_goes_in_several_goes(self, site: Site) -> None:
        answer = await send(site, *(a_track(messageId=f"m{n}", userId=f"u{n % 7}", event="Done") for n in range(1_201)))
        assert answer.content == SUCCESS
        assert (counts(site.path)["events"], counts(site.path)["people"]) == (1_201, 7)

    async def test_an_empty_batch_is_a_good_one(self, site: Site) -> None:
        before = contents(site.path)
        assert (await send(site)).content == SUCCESS
        assert contents(site.path) == before


async def test_what_nobody_waits_for_and_nothing_keeps_touches_no_row(site: Site) -> None:
    execute(site.path, "UPDATE projects SET keep_events_ms = 0, config_version = config_version + 1")
    await site.service.configs.refresh()
    before = contents(site.path)
    assert (await send(site, a_track(event="Unwatched"), a_track(event="Nothing"))).content == SUCCESS
    assert contents(site.path) == before
    await send(site, a_track(event="Step"))
    after = counts(site.path)
    assert (after["people"], after["counters"], after["messages"], after["events"]) == (1, 1, 1, 0)


async def test_kept_events_are_kept_as_they_were_sent(site: Site) -> None:
    properties = {"text": "\u202e</script> \U0001f600", "n": -1.5, "deep": {"list": [None, True, {}]}}
    await send(site, a_track(event="Unwatched", properties=properties))
    [(name, kept, _)] = events(site)
    assert (name, json.loads(kept)) == ("Unwatched", properties)
