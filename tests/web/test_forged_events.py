"""An event that a survey wants from a backend cannot be told by anything that stands in a page, wherever it is sent.

What a page has: the public key, its pass, an offer's and an ask's token. Each is put into every place in which any
dialect looks for a key, at every address that takes a POST, with the page's origin and without one. Nothing may come
of it: no candidate, no kept event, no offer. The write key, sent the same way, shows that the request is a good one.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.routing import Route

from tactful.web.routes import INGEST_PATHS, ROUTES
from tests.core.receivers import CHATWOOT
from tests.support.clock import SetClock
from tests.support.rows import execute
from tests.support.service import CONTEXT, NO_RULES, SITE, Site, a_site, a_survey
from tests.support.webhooks import a_chatwoot, chatwoot, resolved

pytestmark = pytest.mark.anyio

PAID = a_survey(
    "paid",
    trigger={
        "any": [{"event": name, "source": "server"} for name in ("Paid", "page", "screen", "Conversation Resolved")]
    },
)
SEEN = a_survey("seen")
#: Every address outside the pages for members, whose forms no script of another page can send. A stream is opened at
#: `/w/live` and tells nothing to the service.
ADDRESSES = sorted(
    {
        route.path
        for route in ROUTES
        if isinstance(route, Route)
        and route.methods is not None
        and {"POST", "PUT"} & route.methods
        and route.path != "/w/live"
        and route.path.startswith(("/w/", "/v1/", "/beacon/", "/batch", "/api/"))
    }
)
Headers = dict[str, str]


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(path, clock, surveys=(PAID, SEEN), policy=NO_RULES) as site:
        # Where requests without an origin are a page's too, that is one way more.
        execute(site.path, "UPDATE projects SET origins = ?, config_version = config_version + 1", f'["{SITE}","app"]')
        await site.service.configs.refresh()
        yield site


def places(key: str, body: dict[str, Any]) -> Iterator[tuple[str, Headers, dict[str, Any]]]:
    """The query, the headers and the body of a request that has `key` in one place, then in all of them."""
    basic = {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
    bearer = {"authorization": f"Bearer {key}"}
    named = dict.fromkeys(("writeKey", "api_key", "token", "pass"), key)
    yield "", basic, body
    yield "", bearer, body
    yield f"?writeKey={key}&api_key={key}", {}, body
    yield "", {}, body | named
    yield f"?writeKey={key}", basic, body | named


def a_claim(**fields: Any) -> dict[str, Any]:
    """One body that says in every dialect at once that Ann paid, and that a backend says so."""
    who = {"user_id": "ann", "userId": "ann", "distinct_id": "ann", "user": "ann"}
    message = who | {
        "type": "track",
        "event": "Paid",
        "source": "server",
        "channel": "server",
        "context": {"source": "server"},
        "properties": {"source": "server", "$lib": "posthog-python"},
        "message_id": "p1",
        "messageId": "p1",
        "uuid": "p1",
    }
    return (
        message | {"batch": [message], "events": [message], "identity": {"user_id": "ann"}, "context": CONTEXT} | fields
    )


async def happened(site: Site) -> list[Any]:
    """What came of it: candidates of the survey that listens to backends, and events that only backends have kept."""
    await site.service.configs.refresh()
    return execute(site.path, "SELECT survey_key FROM candidates WHERE survey_key = 'paid'") + execute(
        site.path, "SELECT name FROM events"
    )


async def held_by_a_page(site: Site) -> list[str]:
    """Everything that a page has or can get."""
    offer = await site.offer("zoe")
    assert offer is not None
    taken = await site.take_up(offer, "zoe")
    return [site.project.public_key, await site.the_pass(), offer, taken.json()["ask"], ""]


def test_every_address_of_the_ingest_is_tried() -> None:
    assert set(INGEST_PATHS) < set(ADDRESSES)


@pytest.mark.parametrize("address", ADDRESSES)
async def test_what_a_page_has_makes_no_backend(site: Site, address: str) -> None:
    await site.backend("Nothing")
    execute(site.path, "DELETE FROM events")
    path = address.format(receiver_id=site.project.public_key, key="paid")
    for key in await held_by_a_page(site):
        for query, headers, body in places(key, a_claim()):
            for origin in ({"origin": SITE}, {"origin": "http://evil.test"}, {}):
                answer = await site.client.request(
                    "POST", path + query, content=orjson.dumps(body), headers=headers | origin
                )
                assert answer.status_code < 500, (key, query, headers, answer.text)
                assert b'"survey":"paid"' not in answer.content
    assert await happened(site) == []
    assert await site.visit("ann") is None


@pytest.mark.parametrize("address", [one for one in INGEST_PATHS if one != "/v1/m"])
async def test_the_same_with_the_write_key_is_heard(site: Site, address: str) -> None:
    """Or the test above would find nothing wherever it looked. From a page even that is refused."""
    told = {"identify", "i", "group", "g", "alias", "a"}
    for number, (query, headers, body) in enumerate(places(site.project.write_key, a_claim())):
        claimed = orjson.loads(orjson.dumps(body).replace(b'"p1"', b'"p%d"' % number))
        content = orjson.dumps(claimed)
        refused = await site.client.post(address + query, content=content, headers=headers | {"origin": SITE})
        assert (refused.status_code, refused.json()["code"]) == (403, "write_key_in_page")
        assert await happened(site) == []
        heard = await site.client.post(address + query, content=content, headers=headers)
        assert heard.content == b'{"success":true}'
        assert bool(await happened(site)) is (address.rpartition("/")[2] not in told)
        execute(site.path, "DELETE FROM candidates")
        execute(site.path, "DELETE FROM events")


async def test_no_key_signs_another_product_s_webhook(site: Site) -> None:
    sender, body = await a_chatwoot(site), orjson.dumps(CHATWOOT)
    for key in [
        *await held_by_a_page(site),
        site.project.write_key,
        site.project.api_token,
        site.project.identity_secret,
    ]:
        for query, headers, _ in places(key, {}):
            for signed in ({}, chatwoot(key, body, site.clock.now)):
                answer = await site.client.post(sender.path + query, content=body, headers=headers | signed)
                assert answer.status_code == 401, answer.text
    assert await happened(site) == []
    assert (await resolved(sender)).status_code == 200
    assert await happened(site) != []


async def test_a_key_speaks_for_its_own_project_only(site: Site, tmp_path: Path, clock: SetClock) -> None:
    async with a_site(tmp_path / "other.db", clock, surveys=(PAID,), policy=NO_RULES) as other:
        for address in INGEST_PATHS:
            for query, headers, body in places(other.project.write_key, a_claim()):
                answer = await site.client.post(address + query, content=orjson.dumps(body), headers=headers)
                assert answer.status_code == (200 if address == "/v1/m" else 401)
    assert await happened(site) == []
