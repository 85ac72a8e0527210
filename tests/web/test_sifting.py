"""What concerns nobody is counted and shown, and no more: nothing of it is read but its name and whom it names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tactful.store.journal import event_names
from tactful.web.journal import MOST_EXAMPLES
from tests.support.backend import CAPTURED, SUCCESS, a_track, post, send
from tests.support.clock import SetClock
from tests.support.rows import contents, execute
from tests.support.service import NO_RULES, SITE, Site, a_site, a_survey

pytestmark = pytest.mark.anyio

CANCELLED = a_survey(
    "cancelled", trigger={"any": [{"event": "Step", "hold": "1h", "cancel_on": [{"event": "Stepped Back"}]}]}
)


@pytest.fixture
async def site(path: Path) -> AsyncIterator[Site]:
    """A project that keeps nothing."""
    async with a_site(path, SetClock(CAPTURED), surveys=(CANCELLED,), policy=NO_RULES) as site:
        execute(path, "UPDATE projects SET keep_events_ms = 0")
        yield site


async def names(site: Site) -> dict[str, tuple[int, dict[str, list[str]]]]:
    """The catalogue of events: how often each name came, and its properties' types."""
    await site.service.journal.write(site.service.db)
    found = await site.service.db.read(event_names, site.project.project_id)
    return {one.name: (one.times, {name: list(types) for name, types in one.properties.items()}) for one in found}


def told(site: Site) -> list[tuple[str, str, str | None]]:
    found = site.service.arrivals.events(site.project.project_id)
    return [(one.name, one.outcome, one.who) for _, one in reversed(found)]


async def test_what_is_waited_for_is_found_among_what_is_not(site: Site) -> None:
    await send(site, *(a_track(event=f"Other {n}", userId=f"u{n}") for n in range(120)), a_track())
    assert execute(site.path, "SELECT survey_key FROM candidates") == [("cancelled",)]
    assert execute(site.path, "SELECT user_id FROM people") == [("ann",)]
    await send(site, a_track(event="Other"), a_track(event="Stepped Back"))
    assert execute(site.path, "SELECT survey_key FROM candidates") == []


async def test_every_name_is_counted_and_one_of_each_shows_its_properties(site: Site) -> None:
    batch = [a_track(event=f"Other {n % 2}", properties={"n": n, "text": "x"}) for n in range(1_001)]
    assert (await send(site, *batch)).content == SUCCESS
    types = {"n": ["number"], "text": ["text"]}
    assert await names(site) == {"Other 0": (501, types), "Other 1": (500, types)}
    assert site.service.arrivals.total(site.project.project_id) == 1_001


async def test_what_comes_often_is_looked_at_no_longer_until_it_was_written(site: Site) -> None:
    await send(site, *(a_track(event="Other") for _ in range(MOST_EXAMPLES)))
    await send(site, a_track(event="Other", properties={"late": 1}))
    assert await names(site) == {"Other": (MOST_EXAMPLES + 1, {})}
    await send(site, a_track(event="Other", properties={"late": 1}))
    assert await names(site) == {"Other": (MOST_EXAMPLES + 2, {"late": ["number"]})}


@pytest.mark.parametrize(
    "properties",
    [7, {"a": "x" * 32_768}, {"a\0": 1}, {"a": [[[[[[[[[1]]]]]]]]]}, {"a": 2**63}],
    ids=["no object", "too large", "NUL", "too deep", "a number beyond all"],
)
async def test_an_example_that_is_none_shows_no_properties(site: Site, properties: Any) -> None:
    assert (await send(site, a_track(event="Other", properties=properties))).content == SUCCESS
    assert await names(site) == {"Other": (1, {})}


async def test_what_is_no_message_is_dropped_though_it_concerns_nobody(site: Site) -> None:
    before = contents(site.path)
    other = a_track(event="Other")
    body = [other | {"userId": None}, other | {"event": "a\0b"}, other | {"event": ""}, other | {"type": "x"}, 7, None]
    await send(site, *body, other)
    await post(site, b'{"batch":[1e999,{"type":1e999},{"type":"track","event":"Other","userId":1e999}]}')
    assert site.service.dropped == len(body) + 3
    assert contents(site.path) == before
    assert told(site)[:7] == [
        ("Other", "dropped", None),
        ("a\0b", "dropped", "ann"),
        ("track", "dropped", "ann"),
        ("Other", "dropped", "ann"),
        ("unreadable", "dropped", None),
        ("unreadable", "dropped", None),
        ("Other", "heard", "ann"),
    ]


async def test_others_get_a_turn_while_a_large_body_is_taken(site: Site) -> None:
    message = '{"type":"track","event":"Other","userId":"u"}'
    body = f'{{"batch":[{",".join([message] * 50_000)}]}}'.encode()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    assert (await post(site, body)).content == SUCCESS
    beside.cancel()
    assert turns > 50, "one after each of a hundred slices, or nearly"
    assert (await names(site))["Other"][0] == 50_000


class TestLimits:
    """Backends by their key, pages as any page, and wrong keys by their address."""

    async def test_a_backend_may_send_so_much(self, path: Path) -> None:
        async with a_site(path, SetClock(CAPTURED), rate_ingest=1) as site:
            assert (await send(site, *[a_track()] * 20)).content == SUCCESS
            refused = await send(site, a_track())
            assert (refused.status_code, refused.json()["limit"]) == (429, "ingest")
            assert int(refused.headers["retry-after"]) >= 1

    async def test_a_page_may_send_so_much_and_can_read_when_to_come_back(self, path: Path) -> None:
        async with a_site(path, SetClock(CAPTURED), rate_project=1) as site:
            body = {"batch": [a_track()] * 20, "writeKey": site.project.public_key}
            answers = [await site.client.post("/v1/b", json=body, headers={"origin": SITE}) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [200, 429]
            assert answers[1].headers["access-control-expose-headers"] == "Retry-After"
            assert (await send(site, a_track())).content == SUCCESS, "a page's flood keeps no backend out"

    async def test_keys_are_not_for_guessing(self, path: Path) -> None:
        async with a_site(path, SetClock(CAPTURED), rate_address=1) as site:
            guesses = [
                await site.client.post("/v1/batch", json={"batch": [], "writeKey": f"wk_{n}"}) for n in range(21)
            ]
            assert [answer.status_code for answer in guesses] == [401] * 20 + [429]
            assert (await send(site, a_track())).content == SUCCESS, "who has the key is not kept out by who guesses"

    async def test_an_address_from_which_pages_send_too_much_is_not_even_heard(self, path: Path) -> None:
        async with a_site(path, SetClock(CAPTURED), rate_address=1) as site:
            body = json.dumps({"batch": [], "writeKey": site.project.public_key})
            answers = [await site.client.post("/v1/b", content=body, headers={"origin": SITE}) for _ in range(21)]
            assert {answer.status_code for answer in answers[:20]} == {200}
            assert answers[20].json()["limit"] == "address"
