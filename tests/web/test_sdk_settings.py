"""What browsers' SDKs read before they begin: enough for the real clients, the same for any page, and no oracle."""

from __future__ import annotations

import base64

import httpx2
import pytest

from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.service import Site, a_site

pytestmark = pytest.mark.anyio

PAGE = {"origin": "https://any.page.test"}
SEGMENT = "/v1/projects/{key}/settings"
RUDDER = "/sourceConfig/?p=npm&v=3.34.1&build=modern&writeKey={key}&lockIntegrationsVersion=true"
ADDRESSES = [SEGMENT, RUDDER, RUDDER.replace("Config/", "Config")]
#: Keys that open nothing; {write} and {api} are the project's own secrets.
WRONG = ["x", "wk_browser", "{write}", "{api}", "%00", "%ff", "%F0%9F%94%91", "pk", "x" * 5_000, "%2e%2e", "' OR 1=1"]


def basic(user: str, colon: str = ":") -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode((user + colon).encode()).decode()}"}


async def get(site: Site, address: str, key: str, **headers: str) -> httpx2.Response:
    return await site.client.get(address.format(key=key), headers=PAGE | headers)


async def test_analytics_js_is_told_where_to_send(site: Site) -> None:
    answer = await get(site, SEGMENT, site.project.public_key)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "integrations": {
            "Segment.io": {"apiKey": site.project.public_key, "apiHost": "service.test/v1", "protocol": "http"}
        },
        "metrics": {"sampleRate": 0},
    }


async def test_a_service_under_a_path_says_so(where: Where, clock: SetClock) -> None:
    async with a_site(where, clock, base_url="https://shop.test:8443/surveys") as site:
        told = (await site.client.get(f"https://shop.test/v1/projects/{site.project.public_key}/settings")).json()
        segment = told["integrations"]["Segment.io"]
        assert (segment["protocol"], segment["apiHost"]) == ("https", "shop.test:8443/surveys/v1")


@pytest.mark.parametrize("address", ADDRESSES[1:])
async def test_rudderstack_is_told_to_begin_and_to_load_nothing(site: Site, address: str) -> None:
    key = site.project.public_key
    answer = await get(site, address, key, **basic(key))
    assert answer.status_code == 200, "and no redirect, with a slash or without"
    told = answer.json()
    source = told.pop("source")
    assert (source.pop("id"), source.pop("workspaceId"), source.pop("writeKey")) == (key, key, key)
    assert source.pop("config") == {"statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}}
    assert source == {"name": "Tactful", "enabled": True, "connections": [], "destinations": []}
    assert told == {"updatedAt": "2026-01-01T00:00:00.000Z"}
    assert site.project.name != "Tactful", "what a project is called is not for every page"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ("basic", ""),
        ("no colon", ""),
        ("nothing", "?writeKey={key}"),
        ("broken", "?writeKey={key}"),
        ("basic", "?writeKey=x"),
    ],
)
async def test_the_key_is_found_in_either_place(site: Site, headers: str, query: str) -> None:
    key = site.project.public_key
    sent = {
        "basic": basic(key),
        "no colon": basic(key, ""),
        "nothing": {},
        "broken": {"authorization": "Basic \u00e9\u00e9"},
    }[headers]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    answer = await site.client.get(f"/sourceConfig/{query.format(key=key)}", headers=raw)
    assert answer.json()["source"]["writeKey"] == key
    assert answer.headers["vary"] == "Authorization", "a cache may not take one project's for another's"


@pytest.mark.parametrize("address", ADDRESSES)
async def test_any_page_may_read_it_and_any_cache_keep_it(site: Site, address: str) -> None:
    answer = await get(site, address, site.project.public_key)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "public, max-age=300" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_preflight_needs_no_key(site: Site, address: str) -> None:
    asked = PAGE | {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    answer = await site.client.options(address.format(key="x"), headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert int(answer.headers["access-control-max-age"]) >= 7200


@pytest.mark.on_both(soon=True)
async def test_keys_that_open_nothing_are_answered_alike(site: Site) -> None:
    write, api = site.project.write_key, site.project.api_token
    told = set()
    for address in ADDRESSES:
        for key in WRONG:
            answer = await get(site, address, key.format(write=write, api=api))
            told.add((answer.status_code, answer.content))
            assert answer.headers["access-control-allow-origin"] == "*", "or the page learns nothing of it"
            assert answer.headers["cache-control"] == "no-store"
    assert (await site.client.get("/w/%00.js")).status_code == 404
    answer = await get(site, "/sourceConfig/", "", **basic(write))
    [(status, body)] = told | {(answer.status_code, answer.content)}
    assert status == 404
    assert answer.json()["code"] == "no_such_key"
    assert "public key" in answer.json()["message"]
    assert write.encode() not in body


async def test_there_is_no_analytics_js_here_and_the_answer_says_where_it_is(site: Site) -> None:
    answer = await get(site, "/analytics.js/v1/{key}/analytics.min.js", site.project.public_key)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_analytics_js")
    assert "_cdn" in answer.json()["message"]
