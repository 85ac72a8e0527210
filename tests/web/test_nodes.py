"""Several nodes on one PostgreSQL: what is done on one shows on the other, and both come back after a crash of it.

Two services in this process are two nodes: they share nothing but the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tactful.database_url import DatabaseUrl, read_database_url
from tactful.web.updates import _Stream
from tests.support.clock import SetClock
from tests.support.postgres import PostgresServer, a_postgres, the_postgres
from tests.support.service import NO_RULES, Site, a_survey, make_project, policy_of, running
from tests.support.stream import listening

pytestmark = pytest.mark.anyio

WITHIN_S = 60.0
DESK = a_survey("desk", trigger={"any": [{"event": "Ticket Closed", "source": "server", "hold": "60ms"}]})
SURVEYS = (a_survey(), a_survey("now", trigger={"any": [{"event": "Ticket Closed", "source": "server"}]}))


@dataclass
class Two:
    """Two nodes; `here` hears of things and `there` has the pages open."""

    here: Site
    there: Site


@contextlib.asynccontextmanager
async def two_nodes(server: PostgresServer, clock: SetClock, *surveys: dict[str, object]) -> AsyncIterator[Two]:
    url: DatabaseUrl = read_database_url(server.fresh_database(clock))
    project = make_project(url, clock, surveys=surveys or SURVEYS, policy=NO_RULES)
    async with running(project, url, clock) as here, running(project, url, clock) as there:
        yield Two(here, there)


@pytest.fixture
async def two(clock: SetClock) -> AsyncIterator[Two]:
    async with two_nodes(the_postgres(), clock) as two:
        yield two


async def until_offered(site: Site, event: str, *, offered: bool) -> float:
    """Report the event until it is answered as wanted, and return how many seconds that took."""
    began = time.perf_counter()
    async with asyncio.timeout(WITHIN_S):
        while True:
            answer = await site.event("bob", event)
            if answer.status_code == 200 and (answer.json()["offer"] is not None) is offered:
                return time.perf_counter() - began


class TestFollowing:
    async def test_a_policy_is_followed_by_the_other_node(self, two: Two) -> None:
        """What is read with a person tells the version; what is not decided for anybody is looked at each second."""
        await two.there.offer("bob")
        project_id = two.here.project.project_id
        before = await two.there.service.configs.get(project_id)
        answer = await two.here.manage("PUT", "policy", json={"tenure": "30d", "rules": []})
        assert answer.status_code == 200, answer.text
        began = time.perf_counter()
        async with asyncio.timeout(WITHIN_S):
            while project_id in two.there.service.configs._by_id:  # noqa: ASYNC110  # a cache tells nobody
                await asyncio.sleep(0)
        print(f"another node followed after {time.perf_counter() - began:.2f} s")  # noqa: T201  # a figure for -rP
        after = await two.there.service.configs.get(project_id)
        assert (before.catalogue.policy, after.catalogue.policy.tenure_ms) == (NO_RULES, 30 * 86_400_000)

    async def test_a_survey_that_is_paused_is_offered_nowhere(self, two: Two) -> None:
        assert await two.there.offer("bob") is not None
        await two.here.manage("PUT", "surveys/nps", json=a_survey(state="paused"))
        seconds = await until_offered(two.there, "Done", offered=False)
        print(f"paused everywhere after {seconds:.2f} s")  # noqa: T201  # a figure for -rP

    async def test_members_pages_are_told_of_a_change(self, two: Two) -> None:
        page = _Stream("ann")
        two.there.service.updates._streams[two.there.project.project_id] = [page]
        await two.there.service.configs.refresh()
        await two.here.manage("PUT", "policy", json={"tenure": "1d", "rules": []})
        async with asyncio.timeout(WITHIN_S):
            await page.wake.wait()
        assert page.happened == {("change", "")}


class TestLive:
    async def test_a_backend_event_on_one_node_reaches_the_tab_on_the_other(self, two: Two) -> None:
        async with listening(two.there) as tab:
            await tab.beaten()
            began = time.perf_counter()
            await two.here.backend("Ticket Closed")
            await tab.nudged()
            print(f"nudged on another node after {time.perf_counter() - began:.3f} s")  # noqa: T201  # a figure
            assert await two.there.visit() is not None

    async def test_a_hold_rings_where_the_tab_is(self, clock: SetClock) -> None:
        async with two_nodes(the_postgres(), clock, DESK) as two, listening(two.there) as tab:
            await tab.beaten()
            await two.here.backend("Ticket Closed")
            async with asyncio.timeout(WITHIN_S):
                while not two.there.service.hub._timers:  # noqa: ASYNC110  # a hub tells nobody
                    await asyncio.sleep(0)
            await tab.nudged()

    async def test_what_is_refused_for_a_time_rings_where_the_tab_is(self, two: Two) -> None:
        """The tab asks on one node, its stream is open on the other: that one keeps the timer."""
        await two.here.manage("PUT", "policy", json=ONE_IN_HALF_A_MINUTE)
        async with listening(two.there) as tab:
            await tab.beaten()
            await two.here.ask()
            await two.here.backend("Ticket Closed")
            await tab.nudged()
            assert await two.here.visit() is None
            async with asyncio.timeout(WITHIN_S):
                while not two.there.service.hub._timers:  # noqa: ASYNC110  # a hub tells nobody
                    await asyncio.sleep(0)

    async def test_members_pages_hear_of_an_ask_and_an_answer(self, two: Two) -> None:
        page = _Stream("ann")
        two.there.service.updates._streams[two.there.project.project_id] = [page]
        await two.here.respond(await two.here.ask())
        async with asyncio.timeout(WITHIN_S):
            while page.happened != {("ask", "nps"), ("response", "nps")}:  # noqa: ASYNC110  # gathered for a while
                await asyncio.sleep(0)

    async def test_a_node_does_not_hear_itself(self, two: Two) -> None:
        async with listening(two.here) as own, listening(two.there) as other:
            await own.beaten()
            await two.here.backend("Ticket Closed")
            await own.nudged()
            await other.nudged()
            assert await own.nudges() == 0


ONE_IN_HALF_A_MINUTE = {
    "tenure": "0s",
    "rules": [{"id": "one", "scope": "person", "surveys": "all", "count": "asked", "cap": 1, "window": "30s"}],
}


async def test_both_nodes_come_back_after_a_crash_of_the_server(clock: SetClock) -> None:
    """Nothing is restarted: offers, followed configurations and messages between nodes all go on."""
    with a_postgres() as server:
        async with two_nodes(server, clock) as two, listening(two.there) as tab:
            await tab.beaten()
            assert policy_of(ONE_IN_HALF_A_MINUTE)
            kept = await two.here.ask("ann")
            await asyncio.to_thread(server.crash)
            for site in (two.here, two.there):
                seconds = await until_offered(site, "Done", offered=True)
                print(f"back after {seconds:.2f} s")  # noqa: T201  # a figure for -rP
            assert (await two.there.respond(kept)).status_code == 200, "what was acknowledged is there"
            async with asyncio.timeout(WITHIN_S):
                while (await two.here.client.get("/readyz")).status_code != 200:
                    pass
                number = 0
                while not await tab.nudges():
                    # A message may be lost while a node listens anew; the next is not.
                    await two.here.backend("Ticket Closed", messageId=f"after-{number}")
                    number += 1
            await two.here.manage("PUT", "surveys/nps", json=a_survey(state="paused"))
            await until_offered(two.there, "Done", offered=False)
