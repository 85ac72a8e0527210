"""Write keys are looked for where clients put them: Basic user name, Bearer, query, body, first message."""

from __future__ import annotations

import base64
import itertools
from typing import Any

import pytest

from tests.support.rows import execute
from tests.support.service import Site

pytestmark = pytest.mark.anyio

SUCCESS = b'{"success":true}'
PLACES = ("basic", "bearer", "query", "body", "first")


async def send(site: Site, **keys: str) -> int:
    """Send a batch with a key in each of the places given, and return the status."""
    message: dict[str, Any] = {"type": "track", "event": "Done", "userId": "ann"}
    headers = {}
    if "basic" in keys:
        headers["authorization"] = f"Basic {base64.b64encode((keys['basic'] + ':').encode()).decode()}"
    if "bearer" in keys:
        headers["authorization"] = f"Bearer {keys['bearer']}"
    first = message | ({"writeKey": keys["first"]} if "first" in keys else {})
    body = {"batch": [first]} | ({"writeKey": keys["body"]} if "body" in keys else {})
    query = {"writeKey": keys["query"]} if "query" in keys else {}
    answer = await site.client.post("/v1/batch", json=body, headers=headers, params=query)
    assert answer.status_code == 200 or answer.json()["code"] == "bad_key"
    return answer.status_code


@pytest.mark.parametrize("place", PLACES)
async def test_in_every_place(site: Site, place: str) -> None:
    assert await send(site, **{place: site.project.write_key}) == 200


@pytest.mark.parametrize(("first", "second"), [(a, b) for a in PLACES for b in PLACES if a != b])
async def test_in_this_order(site: Site, first: str, second: str) -> None:
    if {first, second} == {"basic", "bearer"}:
        return
    is_before = PLACES.index(first) < PLACES.index(second)
    status = await send(site, **{first: site.project.write_key, second: "wk_wrong"})
    assert status == (200 if is_before else 401)


async def test_basic_without_a_colon_or_padding_or_with_a_password(site: Site) -> None:
    for credentials in (site.project.write_key, f"{site.project.write_key}:ignored:too", f"{site.project.write_key}:"):
        padded = base64.b64encode(credentials.encode()).decode()
        for basic, scheme in itertools.product((padded, padded.rstrip("=")), ("Basic", "basic", "BASIC")):
            headers = {"authorization": f"{scheme} {basic}"}
            assert (await site.client.post("/v1/batch", json={"batch": []}, headers=headers)).content == SUCCESS


@pytest.mark.parametrize("kind", ["api_token", "identity_secret", "project_id"])
async def test_no_other_key_writes(site: Site, kind: str) -> None:
    assert await send(site, bearer=getattr(site.project, kind)) == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic ",
        "Basic !!!!",
        "Basic =",
        "Basic /w==",
        "Basic \u00e9",
        "Bearer",
        "Bearer \u00e9",
        "Digest x",
        "Basic",
    ],
)
async def test_what_is_no_key(site: Site, authorization: str) -> None:
    headers = {"authorization": authorization.encode("latin-1")}
    answer = await site.client.post("/v1/batch", json={"batch": []}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_key")


async def test_a_revoked_key_writes_nothing(site: Site) -> None:
    execute(site.path, "UPDATE api_keys SET revoked_at = 1")
    assert await send(site, bearer=site.project.write_key) == 401


@pytest.mark.parametrize("key", [None, 7, {"$ne": ""}, ["a"], "wk_\u00e9", "wk_\0", ""])
async def test_a_key_in_the_body_that_is_none(site: Site, key: Any) -> None:
    answer = await site.client.post("/v1/batch", json={"batch": [{"writeKey": key}], "writeKey": key})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_key")


@pytest.mark.parametrize("query", ["writeKey", "writeKey=%ff", "writeKey=a&writeKey=b", "writeKey=" + "&a" * 200, "%"])
async def test_a_query_that_has_no_key(site: Site, query: str) -> None:
    answer = await site.client.post(f"/v1/batch?{query}", json={"batch": []})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_key")
