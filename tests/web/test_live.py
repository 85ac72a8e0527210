"""The live stream: who may listen, what is heard and by whom, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tactful.clock import SystemClock
from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS, SECOND_MS
from tactful.tokens import PASS
from tactful.web import live
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.rows import execute
from tests.support.server import serving
from tests.support.service import NO_RULES, SITE, Site, a_site, a_survey, make_project
from tests.support.stream import WITHIN_S, Tab, listening, settled

pytestmark = [pytest.mark.anyio, pytest.mark.on_both]


def desk_survey(key: str = "desk", event: str = "Ticket Closed", **trigger: Any) -> dict[str, Any]:
    """Asks once a backend said `event`."""
    one = {"event": event, "source": "server", "per": "properties.ticket"} | trigger
    questions = [{"id": "score", "kind": "csat", "ask": "How did we do?"}]
    return a_survey(key, trigger={"any": [one]}, questions=questions)


@contextlib.asynccontextmanager
async def a_desk(where: Where, clock: SetClock, policy: Policy = NO_RULES, **trigger: Any) -> AsyncIterator[Site]:
    async with a_site(where, clock, surveys=(desk_survey(**trigger),), policy=policy) as site:
        yield site


@pytest.fixture
async def desk(where: Where, clock: SetClock) -> AsyncIterator[Site]:
    """A help desk that asks as soon as a ticket was closed."""
    async with a_desk(where, clock) as site:
        yield site


async def close(site: Site, user_id: str = "ann", ticket: int = 7, event: str = "Ticket Closed") -> None:
    await site.backend(event, user_id, properties={"ticket": ticket})


class TestHearing:
    @pytest.mark.on_both(soon=True)
    async def test_a_backend_event_is_heard_at_once(self, desk: Site) -> None:
        async with listening(desk) as tab:
            await tab.beaten()
            await close(desk)
            await tab.nudged()
            assert await desk.visit() is not None
            assert await tab.nudges() == 0

    async def test_after_its_hold(self, where: Where, clock: SetClock) -> None:
        async with a_desk(where, clock, hold="60ms") as site, listening(site) as tab:
            await close(site)
            assert await tab.nudges() == 0
            await tab.nudged()
            assert await site.visit() is None, "the server's clock has not moved"
            clock.advance(60)
            assert await site.visit() is not None

    async def test_what_waits_when_the_tab_opens(self, desk: Site) -> None:
        await close(desk)
        async with listening(desk) as tab:
            await tab.nudged()
        async with listening(desk, "bob") as tab:
            assert await tab.nudges() == 0

    async def test_what_is_held_when_the_tab_opens(self, where: Where, clock: SetClock) -> None:
        async with a_desk(where, clock, hold="60ms") as site:
            await close(site)
            async with listening(site) as tab:
                assert await tab.nudges() == 0
                await tab.nudged()

    async def test_one_held_after_the_other(self, where: Where, clock: SetClock) -> None:
        late = desk_survey("late", "Ticket Rated", hold="90ms")
        surveys = (desk_survey(hold="30ms"), late)
        async with a_site(where, clock, surveys=surveys, policy=NO_RULES) as site, listening(site) as tab:
            await close(site, event="Ticket Rated")
            await close(site)
            await tab.nudged()
            clock.advance(30)
            offer = await site.visit()
            assert offer is not None
            assert (await site.take_up(offer)).status_code == 200
            await tab.nudged()
            clock.advance(60)
            assert await site.visit() is not None

    async def test_only_the_person_hears(self, desk: Site) -> None:
        async with listening(desk) as ann, listening(desk, "bob") as bob, listening(desk) as other_tab:
            await close(desk)
            await ann.nudged()
            await other_tab.nudged()
            assert await bob.nudges() == 0
            await close(desk, "bob")
            await bob.nudged()
            assert await ann.nudges() == 0

    async def test_an_event_that_nothing_waits_for_is_not_heard(self, desk: Site) -> None:
        async with listening(desk) as tab:
            await desk.backend("Ticket Opened", properties={"ticket": 7})
            assert await tab.nudges() == 0

    async def test_what_an_anonymous_browser_left_is_heard_by_whom_it_became(self, desk: Site) -> None:
        await desk.backend("Ticket Closed", userId=None, anonymousId="b-1", properties={"ticket": 7})
        await desk.backend("Something", "ann")
        async with listening(desk, identity={"user_id": "ann", "anonymous_id": "b-1"}) as tab:
            await tab.nudged()
            await desk.backend("Ticket Closed", userId=None, anonymousId="b-1", properties={"ticket": 8})
            await tab.nudged()

    async def test_hearts_beat_a_handful_at_a_time(self, desk: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(live, "HEARTBEAT_S", 0.01)
        monkeypatch.setattr(live, "_BEATS_AT_ONCE", 2)
        beating = asyncio.create_task(desk.service.hub.beat())
        async with contextlib.AsyncExitStack() as stack:
            tabs = [await stack.enter_async_context(listening(desk, f"user-{number}")) for number in range(5)]
            for tab in tabs * 3:
                await tab.beaten()
        beating.cancel()


class TestThrottled:
    async def test_what_is_refused_for_a_time_stays_and_is_heard_again(self, where: Where, clock: SetClock) -> None:
        policy = Policy((Rule("one", "all", "asked", 1, SECOND_MS),), tenure_ms=0)
        async with a_desk(where, clock, policy) as site, listening(site) as tab:
            await close(site, ticket=1)
            await tab.nudged()
            offer = await site.visit()
            assert offer is not None
            assert (await site.take_up(offer)).status_code == 200
            clock.advance(SECOND_MS - 50)
            await close(site, ticket=2)
            await tab.nudged()
            assert await site.visit() is None
            await tab.nudged()
            clock.advance(50)
            assert await site.visit() is not None

    async def test_nobody_is_reminded_of_what_is_days_away(self, where: Where, clock: SetClock) -> None:
        policy = Policy((Rule("one", "all", "asked", 1, 3 * DAY_MS),), tenure_ms=0)
        async with a_desk(where, clock, policy, within="9d") as site, listening(site) as tab:
            await close(site, ticket=1)
            offer = await site.visit()
            assert offer is not None
            await site.take_up(offer)
            site.service.hub._timers.popitem()[1].cancel()  # what is to be looked at again after the offer
            await close(site, ticket=2)
            assert await site.visit() is None
            assert site.service.hub._timers == {}
            clock.advance(3 * DAY_MS)
            assert await site.visit() is not None, "it stayed"
            assert await tab.nudges() == 2


class TestAdmission:
    async def refused(self, site: Site, status: int, code: str, user_id: str | None = "ann", **fields: Any) -> None:
        async with listening(site, user_id, **fields) as tab:
            assert tab.status.result() == status
            assert json.loads(tab.problem)["code"] == code
        assert len(site.service.hub) == 0

    async def test_the_origin(self, desk: Site) -> None:
        for origin in (None, "http://evil.test"):
            await self.refused(desk, 403, "origin_refused", origin=origin)

    async def test_the_pass(self, desk: Site) -> None:
        await self.refused(desk, 401, "pass_invalid", **{"pass": "forged"})
        old = desk.service.tokens.sign(PASS, [desk.project.project_id], at_ms=desk.clock.now - 15 * DAY_MS)
        await self.refused(desk, 401, "pass_expired", **{"pass": old})

    async def test_the_identity(self, desk: Site) -> None:
        await self.refused(desk, 403, "not_live", None)
        await self.refused(desk, 403, "not_live", identity={"anonymous_id": "b-1"})
        await self.refused(desk, 401, "identity_refused", identity={"user_id": "ann", "user_hash": "0" * 64})

    async def test_an_unsigned_identity_where_only_signed_ones_count(self, desk: Site) -> None:
        execute(desk.url, "UPDATE projects SET identity_mode = 'enforce'")
        await self.refused(desk, 403, "not_live")

    async def test_a_project_that_hears_no_backend(self, site: Site) -> None:
        await self.refused(site, 403, "not_live")


class TestLeaving:
    async def test_nothing_is_left_of_a_tab_that_left(self, path: Path, clock: SetClock) -> None:
        async with a_desk(path, clock, hold="1h") as site:
            await settled()
            before = asyncio.all_tasks()
            async with listening(site), listening(site), listening(site, "bob"):
                await close(site)
                assert len(site.service.hub) == 3
                assert site.service.hub._timers
            await settled()
            hub = site.service.hub
            assert (len(hub), hub._streams, hub._timers, hub._beaten) == (0, {}, {}, {})
            assert asyncio.all_tasks() == before
            await close(site, ticket=8)
            assert hub._timers == {}, "nobody is there to be reminded"

    async def test_a_tab_that_leaves_in_mid_sentence(self, path: Path, clock: SetClock) -> None:
        async with a_desk(path, clock) as desk:
            await settled()
            before = asyncio.all_tasks()
            async with listening(desk) as tab:
                await tab.beaten()
                tab.reads.clear()
                await close(desk)
                await settled()
                tab.left.set()
                await settled()
                assert len(desk.service.hub) == 0
            assert asyncio.all_tasks() == before

    async def test_a_slow_reader_gets_what_matters_once(self, desk: Site) -> None:
        async with listening(desk) as tab:
            await tab.beaten()
            tab.reads.clear()
            for ticket in range(5):
                await close(desk, ticket=ticket)
                for stream in desk.service.hub:
                    stream.beat()
            await settled()
            tab.reads.set()
            assert await tab.nudges() == 2, "the one that was being said, and one for all that came meanwhile"

    async def test_the_service_stops(self, desk: Site) -> None:
        async with listening(desk) as tab, listening(desk, "bob") as slow:
            slow.reads.clear()
            desk.service.hub.close()
            async with asyncio.timeout(WITHIN_S):
                await tab.ended.wait()
            for stream in desk.service.hub:
                stream.nudge()
            slow.reads.set()
            async with asyncio.timeout(WITHIN_S):
                await slow.ended.wait()
            assert await slow.nudges() == 0
        async with listening(desk) as late:
            async with asyncio.timeout(WITHIN_S):
                await late.ended.wait()
        assert len(desk.service.hub) == 0

    async def test_nobody_is_reminded_by_a_service_that_stopped(self, where: Where, clock: SetClock) -> None:
        async with a_desk(where, clock, hold="1h") as site, listening(site):
            await close(site)
            assert len(site.service.hub._timers) == 1
            site.service.hub.close()
            assert site.service.hub._timers == {}

    async def test_tabs_that_a_browser_forgot_give_way(self, desk: Site) -> None:
        async with contextlib.AsyncExitStack() as stack:
            tabs: list[Tab] = []
            for _ in range(live.MOST_PER_PERSON + 3):
                tabs.append(await stack.enter_async_context(listening(desk)))  # noqa: PERF401  # one after the other
            await settled()
            assert [tab.ended.is_set() for tab in tabs] == [True] * 3 + [False] * live.MOST_PER_PERSON
            await close(desk)
            for tab in tabs[3:]:
                await tab.nudged()
        assert len(desk.service.hub) == 0


class TestTwoTabs:
    async def test_only_the_tab_that_took_it_up_is_told_again(self, desk: Site) -> None:
        await close(desk)
        offer = await desk.visit()
        assert offer is not None
        statuses = [(await take_up(desk, offer, visit)).status_code for visit in ("one", "one", "two", None)]
        assert statuses == [200, 200, 409, 200], "a page that tells no visit may be a retry"
        assert execute(desk.url, "SELECT count(*), min(visit) FROM asks") == [(1, "one")]


async def take_up(site: Site, offer: str, visit: str | None) -> Any:
    return await site.take_up(offer, context={"page": "http://site.test/", "locale": "en", "visit": visit})


class TestClient:
    async def test_an_identified_page_is_told_by_which_script_to_listen(self, desk: Site) -> None:
        body = {"pass": await desk.the_pass(), "identity": {"user_id": "ann"}, "events": []}
        told = (await desk.post("/w/events", body)).json()["live"]
        script = await desk.client.get(told["url"])
        assert script.status_code == 200
        assert "immutable" in script.headers["cache-control"]
        assert told["integrity"] == desk.app.state.widget.live.integrity
        assert "live" not in (await desk.post("/w/events", body | {"identity": {"anonymous_id": "b-1"}})).json()
        assert (await desk.event("bob", "Not Watched")).json()["live"] == told

    async def test_nobody_is_where_no_backend_is_heard(self, site: Site) -> None:
        body = {"pass": await site.the_pass(), "identity": {"user_id": "ann"}, "events": []}
        assert (await site.post("/w/events", body)).json() == {"offer": None}


class TestService:
    def test_it_stops_though_tabs_listen(self, path: Path) -> None:
        """uvicorn would wait for the streams; the hub ends them, and what they were told is a whole reply."""
        survey = desk_survey()
        project = make_project(path, SystemClock(), surveys=(survey,), policy=NO_RULES)
        with serving(path) as server, contextlib.ExitStack() as stack:
            url = f"{server.url}/w/{project.public_key}.json"
            body = {"pass": httpx2.get(url).json()["pass"], "identity": {"user_id": "ann"}}
            streams = [
                stack.enter_context(
                    httpx2.stream("POST", f"{server.url}/w/live", json=body, headers={"origin": SITE}, timeout=WITHIN_S)
                )
                for _ in range(3)
            ]
            heard = [stream.iter_raw() for stream in streams]
            assert [next(one) for one in heard] == [b": \n\n"] * 3
            begun = time.monotonic()
            server.process.terminate()
            assert [b"".join(one) for one in heard] == [b""] * 3
            assert server.process.wait(timeout=WITHIN_S) == -signal.SIGTERM
            took = time.monotonic() - begun
        print(f"the service stopped {took * 1000:.0f} ms after the signal")  # noqa: T201  # read for the number
