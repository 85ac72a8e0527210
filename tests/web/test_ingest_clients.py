"""Real clients: their requests as they came over the wire land, each message once."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tactful.core.spans import HOUR_MS
from tactful.store.projects import hash_key
from tests.support.backend import CAPTURED, events
from tests.support.clock import SetClock
from tests.support.rows import contents, execute
from tests.support.service import NO_RULES, Site, a_site, a_survey

pytestmark = pytest.mark.anyio

CAPTURES = Path(__file__).parents[1] / "cases" / "captures"
CLIENTS = sorted(file.stem for file in CAPTURES.glob("*.json"))
SUCCESS = b'{"success":true}'
LESSON = a_survey("lesson", trigger={"any": [{"event": "Lesson Finished", "per": "properties.lesson_id"}]})


@pytest.fixture
async def site(path: Path) -> AsyncIterator[Site]:
    async with a_site(path, SetClock(CAPTURED), surveys=(LESSON,), policy=NO_RULES) as site:
        yield site


class TestRealClients:
    """Requests as they came over the wire, byte for byte but for Host; gzip is made anew of the same bytes."""

    @pytest.mark.parametrize("client", CLIENTS)
    async def test_what_they_send_lands_once(self, site: Site, client: str) -> None:
        capture = json.loads((CAPTURES / f"{client}.json").read_text())
        await self.give_key(site, capture)
        await self.replay(site.client, capture)
        await self.check(site, from_page="public_key" in capture)
        before = contents(site.path)
        site.clock.advance(HOUR_MS)
        await self.replay(site.client, capture)
        after = contents(site.path)
        assert {table: rows for table, rows in after.items() if table != "people"} == {
            table: rows for table, rows in before.items() if table != "people"
        }, "sent again, only the time of the last contact moves"

    async def give_key(self, site: Site, capture: Any) -> None:
        if "public_key" in capture:
            execute(site.path, "UPDATE projects SET public_key = ?", capture["public_key"])
            return
        key = hash_key(capture["write_key"])
        execute(site.path, "INSERT INTO api_keys VALUES (?, ?, 'write', '[]', 0, NULL)", key, site.project.project_id)

    async def replay(self, client: httpx2.AsyncClient, capture: Any) -> None:
        for request in capture["requests"]:
            if request.get("method") == "OPTIONS":
                answer = await client.options(request["path"], headers=request["headers"])
                wanted = request["headers"]["Access-Control-Request-Headers"].split(",")
                allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
                assert (answer.status_code, set(wanted) <= set(allowed)) == (204, True)
                continue
            body = request["body"].encode()
            if request["headers"].get("Content-Encoding") == "gzip":
                body = gzip.compress(body)
            answer = await client.post(request["path"], content=body, headers=request["headers"])
            assert (answer.status_code, answer.content) == (200, SUCCESS)
            assert answer.headers["content-type"] == "application/json"
            if "Origin" in request["headers"]:
                assert answer.headers["access-control-allow-origin"] == "*"
                assert answer.headers["access-control-expose-headers"] == "Retry-After"

    async def check(self, site: Site, *, from_page: bool) -> None:
        [ada] = (await site.manage("GET", "people", params={"user_id": "u_42"})).json()["data"]
        assert ada["traits"]["email"] == "ada@example.test"
        assert ada["account_id"] == "acct_9"
        [(name,)] = execute(site.path, "SELECT traits ->> 'name' FROM accounts WHERE account_id = 'acct_9'")
        assert name == "Acme"
        [(mentioned,)] = execute(site.path, "SELECT event FROM candidates WHERE survey_key = 'lesson'")
        assert json.loads(mentioned) == {"lesson_id": "L7"}
        finished = [event for event in events(site) if event[0] == "Lesson Finished"]
        if from_page:
            assert finished == [], "events of pages are not kept"
            return
        [(_, properties, happened_at)] = finished
        assert json.loads(properties)["lesson_id"] == "L7"
        assert CAPTURED - 1_000 <= happened_at <= CAPTURED, "by our clock, whatever the client's says"

    async def test_every_kind_of_client_is_there(self) -> None:
        assert CLIENTS == [
            "rudder-sdk-node",
            "rudder-sdk-python",
            "rudderstack-analytics-js",
            "segment-analytics-next.batching",
            "segment-analytics-next.standard",
            "segment-analytics-node",
            "segment-analytics-python",
        ]
