"""The addresses of Segment's dialect: which there are, how they are written, and what they answer to whom."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from typing import Any

import pytest

from tactful.web.bodies import INGEST_LIMIT
from tactful.web.routes import INGEST_PATHS
from tests.support.rows import contents, execute
from tests.support.service import SITE, Site

pytestmark = pytest.mark.anyio

SUCCESS = b'{"success":true}'
BATCHES = ("/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch")
SINGLES = {
    "track": ("/v1/track", "/v1/t"),
    "identify": ("/v1/identify", "/v1/i"),
    "group": ("/v1/group", "/v1/g"),
    "page": ("/v1/page", "/v1/p"),
    "screen": ("/v1/screen", "/v1/s"),
    "alias": ("/v1/alias", "/v1/a"),
}
MESSAGE = {"userId": "ann", "event": "Done", "groupId": "acme", "previousId": "b1", "name": "Home", "type": "nonsense"}


def key(site: Site) -> dict[str, str]:
    return {"authorization": f"Bearer {site.project.write_key}"}


async def kept(site: Site) -> tuple[list[str], int, int, int]:
    """Names of events, people with an account, people, and other names than user ids."""
    names = [name for (name,) in execute(site.path, "SELECT name FROM events ORDER BY event_id")]
    [(people, members)] = execute(site.path, "SELECT count(*), count(account_id) FROM people")
    [(aliases,)] = execute(site.path, "SELECT count(*) FROM aliases WHERE alias = 'a:b1'")
    return names, members, people, aliases


def test_every_address_is_here() -> None:
    assert {*BATCHES, *(path for paths in SINGLES.values() for path in paths), "/v1/m", "/batch"} == set(INGEST_PATHS)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("kind", SINGLES)
async def test_the_address_of_a_single_message_is_its_type(site: Site, kind: str, slash: str) -> None:
    for number, path in enumerate(SINGLES[kind]):
        message = MESSAGE | {"messageId": f"m{number}"}
        answer = await site.client.post(path + slash, json=message, headers=key(site))
        assert (answer.status_code, answer.content) == (200, SUCCESS)
    wanted: dict[str, Any] = {
        "track": (["Done", "Done"], 0, 1, 0),
        "identify": ([], 0, 1, 0),
        "group": ([], 1, 1, 0),
        "page": (["page", "page"], 0, 1, 0),
        "screen": (["screen", "screen"], 0, 1, 0),
        "alias": ([], 0, 1, 1),
    }
    assert await kept(site) == wanted[kind]
    assert site.service.dropped == 0


@pytest.mark.parametrize("address", BATCHES)
async def test_a_batch_is_taken_at_each_of_its_addresses(site: Site, address: str) -> None:
    for slash in ("", "/"):
        body = {"batch": [MESSAGE | {"type": "track"}], "writeKey": site.project.write_key}
        assert (await site.client.post(address + slash, json=body)).content == SUCCESS
    assert (await kept(site))[0] == ["Done", "Done"]


async def test_a_beacon_says_its_key_in_the_query(site: Site) -> None:
    body = json.dumps({"batch": [MESSAGE | {"type": "track", "anonymousId": "b1"}]})
    path, headers = f"/beacon/v1/batch?writeKey={site.project.public_key}", {"content-type": "text/plain"}
    answer = await site.client.post(path, content=body, headers=headers | {"origin": SITE})
    assert (answer.status_code, answer.content) == (200, SUCCESS)
    assert execute(site.path, "SELECT survey_key FROM candidates") == [("nps",)]


async def test_measurements_of_a_client_are_let_go(site: Site) -> None:
    before = contents(site.path)
    for headers in ({}, {"origin": SITE}):
        answer = await site.client.post("/v1/m", content=b'{"series":[', headers=headers)
        assert (answer.status_code, answer.content) == (200, SUCCESS)
    assert contents(site.path) == before


@pytest.mark.parametrize("address", [*BATCHES, "/v1/track/", "/v1/m"])
async def test_a_preflight_needs_no_key(site: Site, address: str) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    answer = await site.client.options(address, headers=asked | {"origin": "http://anywhere.test"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"*", "authorization", "content-type", "x-retry-count", "anonymousid", "sentat"} <= allowed
    assert {"rsa-recovered", "rsa-retry-attempt", "rsa-retry-reason", "rsa-since-last-attempt"} <= allowed
    assert answer.headers["access-control-expose-headers"] == "Retry-After"
    assert int(answer.headers["access-control-max-age"]) >= 7_200


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "bad_json"),
        (b"[]", {}, 400, "bad_batch"),
        (b"{}", {"content-encoding": "gzip"}, 400, "bad_gzip"),
        (b'{"batch":[]}', {"authorization": "Bearer wk_wrong"}, 401, "bad_key"),
        (b" " * (INGEST_LIMIT + 1), {}, 413, "body_too_large"),
        (b'{"batch":[' + b"0," * 1_000_001 + b"0]}", {}, 413, "too_many_values"),
        (b'{"batch":[' + b"0," * 150_000 + b"0]}", {}, 413, "too_many_messages"),
    ],
    ids=["no JSON", "no object", "no gzip", "no key", "too large", "too many values", "too many messages"],
)
async def test_errors_are_such_that_no_client_tries_again(
    site: Site, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    """Old clients look for `code` and `message` in what they cannot retry; pages must be able to read that."""
    for origin in ({}, {"origin": SITE}):
        answer = await site.client.post("/v1/batch", content=body, headers=key(site) | headers | origin)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["message"]
        assert answer.headers["content-type"] == "application/problem+json"
        assert ("access-control-allow-origin" in answer.headers) == bool(origin)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "BREW"])
async def test_what_is_not_done_there_is_told_to_pages_too(site: Site, method: str) -> None:
    answer = await site.client.request(method, "/v1/track", headers={"origin": SITE})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json()["code"] == "method_not_allowed"


class TestGzip:
    async def test_a_body_of_several_members_is_one_body(self, site: Site) -> None:
        body = json.dumps({"batch": [MESSAGE | {"type": "track"}]}).encode()
        members = b"".join(gzip.compress(body[at : at + 20]) for at in range(0, len(body), 20))
        for packed in (members, members + b"\0" * 512, gzip.compress(b"") + members):
            assert (await site.client.post("/v1/batch", content=packed, headers=key(site))).content == SUCCESS
        assert (await kept(site))[0] == ["Done"] * 3

    @pytest.mark.parametrize(
        "packed",
        [
            gzip.compress(b'{"batch":[]}') + b"more",
            gzip.compress(b'{"batch":') + gzip.compress(b"[]}")[:-1],
            gzip.compress(b"") * 1_001,
        ],
        ids=["something else after it", "half a second member", "too many members"],
    )
    async def test_what_is_no_gzip(self, site: Site, packed: bytes) -> None:
        answer = await site.client.post("/v1/batch", content=packed, headers=key(site))
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_gzip")

    async def test_members_share_one_limit(self, site: Site) -> None:
        half = gzip.compress(b" " * (INGEST_LIMIT // 2), 1)
        answers = [await site.client.post("/v1/batch", content=half * n, headers=key(site)) for n in (2, 3)]
        assert [answer.json()["code"] for answer in answers] == ["bad_json", "body_too_large"]

    @pytest.mark.parametrize("members", [1, 50])
    async def test_a_bomb_takes_the_memory_of_what_it_may_hold_and_no_more(self, site: Site, members: int) -> None:
        bomb = gzip.compress(bytes(50 * INGEST_LIMIT // members), 1) * members
        assert len(bomb) < INGEST_LIMIT / 2
        tracemalloc.start()
        try:
            answer = await site.client.post("/v1/batch", content=bomb, headers=key(site))
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert most < 5 * INGEST_LIMIT

    @pytest.mark.parametrize("broken", ["its end", "another member"])
    async def test_what_comes_after_the_limit_is_not_even_looked_at(self, site: Site, broken: str) -> None:
        """Or a bomb of no more memory would still take its time: the whole of it is never decompressed."""
        if broken == "its end":
            packed = gzip.compress(b" " * 2 * INGEST_LIMIT)[:-8] + bytes(8)
        else:
            packed = gzip.compress(b" " * INGEST_LIMIT) + gzip.compress(b" ") + b"no gzip"
        answer = await site.client.post("/v1/batch", content=packed, headers=key(site))
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
