"""Overload: many times what is let in, all at once, and every response is kept; the rest is told when to come again."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from bench import overload
from tactful.web import limits
from tests.support.clock import SetClock
from tests.support.service import NO_RULES, Site, a_site, a_survey

pytestmark = pytest.mark.anyio

PEOPLE = 40
EVENTS = 400
COUNTED = a_survey("counted", trigger={"any": [{"event": "Opened", "nth": {"every": 10_000}}]})


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HOLD_BACK_S", 0.0)


async def overloaded(site: Site) -> tuple[Counter[int], list[httpx2.Response]]:
    """Send events of many people and a response to each of some asks, all at once; how the events ended, and the
    responses."""
    asks = [await site.ask(f"asked-{number}") for number in range(PEOPLE)]
    limits_of_site = site.service.limits
    limits_of_site._projects = limits.Buckets(1)
    events = [site.event(f"user-{number % PEOPLE}", "Opened") for number in range(EVENTS)]
    responses = [site.respond(ask, answers={"score": number % 11}, done=True) for number, ask in enumerate(asks)]
    answers = await asyncio.gather(*events, *responses)
    refused = [answer for answer in answers[:EVENTS] if answer.status_code != 200]
    assert all(answer.headers["retry-after"].isdigit() for answer in refused)
    return Counter(answer.status_code for answer in answers[:EVENTS]), answers[EVENTS:]


async def kept(site: Site) -> Counter[int]:
    """The scores that are kept, and how often."""
    found = (await site.manage("GET", "responses", params={"limit": 100})).json()["data"]
    return Counter(one["score"] for one in found if one["done"])


async def test_a_flood_is_refused_and_every_response_is_kept(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, surveys=(a_survey(), COUNTED), policy=NO_RULES) as site:
        statuses, responses = await overloaded(site)
        assert statuses == {200: limits.BURST_S, 429: EVENTS - limits.BURST_S}
        assert [answer.status_code for answer in responses] == [200] * PEOPLE
        assert await kept(site) == Counter(number % 11 for number in range(PEOPLE))


async def test_what_waits_is_bounded_and_every_response_is_kept(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAGES_MAY_WAIT", 10)
    monkeypatch.setattr(limits, "BURST_S", 1_000_000)
    async with a_site(path, clock, surveys=(a_survey(), COUNTED), policy=NO_RULES) as site:
        statuses, responses = await overloaded(site)
        assert statuses[200] >= 10
        assert statuses[503] > 0
        assert statuses[200] + statuses[503] == EVENTS
        assert [answer.status_code for answer in responses] == [200] * PEOPLE
        assert await kept(site) == Counter(number % 11 for number in range(PEOPLE))


@pytest.mark.long
def test_ten_times_what_a_server_takes(tmp_path: Path) -> None:
    lines = overload.measure(tmp_path / "overload", 6.0)
    assert [line.what for line in lines if line.within is False] == []
