"""Test people: whoever opens a page by a signed link is asked past every throttle, labelled, and counted nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS
from tactful.tokens import PASS, TEST
from tests.support.clock import SetClock
from tests.support.rows import execute
from tests.support.service import Site, a_site, a_survey

pytestmark = pytest.mark.anyio

#: Everybody is too new, and asked once for ever.
STRICT = Policy((Rule("one", "all", "asked", 1, 365 * DAY_MS),), tenure_ms=14 * DAY_MS)


@pytest.fixture
async def strict(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    survey = a_survey(throttle={"repeat": "90d"}, audience={"sample": 0.000001})
    async with a_site(path, clock, surveys=(survey,), policy=STRICT) as site:
        yield site


def link(site: Site, **fields: Any) -> str:
    return site.service.tokens.sign(TEST, [site.project.project_id], **fields)


async def open_page(site: Site, test: Any, user_id: str | None = "ann", **fields: Any) -> Any:
    """Ask what waits, as a page does that was opened by a link with `test`."""
    identity = fields.pop("identity", {"user_id": user_id})
    body = {"pass": await site.the_pass(), "identity": identity, "events": [], "test": test} | fields
    return await site.post("/w/events", body)


def who_tests(site: Site) -> list[str]:
    return [user for (user,) in execute(site.path, "SELECT user_id FROM people WHERE test = 1 AND merged_into IS NULL")]


async def test_they_are_asked_again_and_again_and_count_nowhere(strict: Site) -> None:
    assert await strict.offer() is None
    assert (await open_page(strict, link(strict))).json() == {"offer": None}
    for _ in range(2):
        assert (await strict.respond(await strict.ask(), done=True)).status_code == 200
    results = (await strict.manage("GET", "surveys/nps/results")).json()
    assert (results["asked"], results["n"]) == (0, 0)
    responses = (await strict.manage("GET", "responses")).json()["data"]
    assert [one["test"] for one in responses] == [True, True]
    [person] = (await strict.manage("GET", "people", params={"user_id": "ann"})).json()["data"]
    assert person["test"] is True
    why = (await strict.manage("GET", f"people/{person['id']}/why")).json()
    assert why["person"]["test"] is True
    assert why["surveys"][0]["may_ask"] is True


async def test_the_event_that_brings_the_link_is_decided_for_a_test_person(strict: Site) -> None:
    message = {"message_id": "m", "type": "track", "event": "Done"}
    assert (await open_page(strict, link(strict), events=[message])).json()["offer"] is not None


async def test_what_was_said_before_still_counts(site: Site) -> None:
    await site.respond(await site.ask(), done=True)
    await open_page(site, link(site))
    results = (await site.manage("GET", "surveys/nps/results")).json()
    assert (results["asked"], results["n"]) == (1, 1)


@pytest.mark.parametrize("kind", ["forged", "", "expired", "other purpose", "other project"])
async def test_a_bad_link_changes_nothing_and_refuses_nothing(site: Site, kind: str) -> None:
    tokens, project_id = site.service.tokens, site.project.project_id
    bad = {
        "expired": link(site, at_ms=site.clock.now - DAY_MS - 1_000),
        "other purpose": tokens.sign(PASS, [project_id]),
        "other project": tokens.sign(TEST, ["another"]),
    }.get(kind, kind)
    message = {"message_id": "m", "type": "track", "event": "Done"}
    answer = await open_page(site, bad, events=[message])
    assert answer.json()["offer"] is not None
    assert who_tests(site) == []


async def test_a_link_is_good_for_a_day(site: Site) -> None:
    made = link(site)
    site.clock.advance(DAY_MS)
    await open_page(site, made)
    assert who_tests(site) == ["ann"]


async def test_nobody_becomes_nobody(site: Site) -> None:
    assert (await open_page(site, link(site), identity={})).json() == {"offer": None}
    assert who_tests(site) == []


@pytest.mark.parametrize("test", [7, None, ["x"], "x" * 20_001])
async def test_what_is_no_token_is_refused_with_its_path(site: Site, test: Any) -> None:
    answer = await open_page(site, test)
    assert (answer.status_code, answer.json()["path"]) == (400, "test")


async def test_a_browser_stays_a_tester_when_its_user_logs_in(site: Site) -> None:
    await site.event("ann")
    await open_page(site, link(site), identity={"anonymous_id": "b-1"})
    assert who_tests(site) == [None]
    both = {"user_id": "ann", "anonymous_id": "b-1"}
    await site.event(identity=both, type="identify", traits={})
    assert who_tests(site) == ["ann"]
