"""A clock that jumps stops all asking, on every node and over restarts, until somebody says what time it is; a project
that was restored is quiet. Responses are taken meanwhile."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tactful.core.clockwatch import Jump
from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tactful.store.stops import accept_clock, lift_quiet, pull_back, raise_alarm
from tactful.web.privacy import act
from tests.support.canary import become_test
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.rows import execute
from tests.support.service import NO_RULES, Site, a_site, a_survey, running
from tests.web.test_erasure import person_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def free(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    """A project without rules, so that only the clock keeps anybody from being asked."""
    async with a_site(path, clock, surveys=(a_survey(),), policy=NO_RULES) as site:
        yield site


async def ask_status(site: Site, user_id: str = "ann") -> int:
    """Go from an event to an ask as far as it goes: 204 where there is no offer."""
    offer = await site.offer(user_id)
    return 204 if offer is None else (await site.take_up(offer, user_id)).status_code


def alarm(site: Site) -> str | None:
    [(found,)] = execute(site.path, "SELECT alarm FROM clock_watch")
    return found and str(found)


@pytest.mark.parametrize("by", [91 * DAY_MS, HOUR_MS, -8 * DAY_MS, -5 * MINUTE_MS])
async def test_nobody_is_asked_after_a_jump(free: Site, by: int) -> None:
    asked = await free.ask()
    free.clock.jump(by)
    free._pass = ""
    offer = await free.offer("bob")
    assert offer is not None, "nobody has looked at the clock yet"
    answer = await free.take_up(offer, "bob")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_now")
    assert alarm(free) == ("ahead" if by > 0 else "behind")
    assert await free.offer("cleo") is None
    shown = {"show": "nps", "pass": await free.the_pass(), "identity": {"user_id": "ann"}, "context": {}}
    assert (await free.post("/w/asks", shown)).status_code == 409
    assert len(execute(free.path, "SELECT 1 FROM asks")) == 1
    if by < 30 * DAY_MS:  # its token is too old else
        assert (await free.respond(asked)).status_code == 200


@pytest.mark.parametrize("by", [30 * SECOND_MS, HOUR_MS - 1, -4 * MINUTE_MS])
async def test_a_step_of_a_clock_that_ran_badly_is_none(free: Site, by: int) -> None:
    free.clock.jump(by)
    assert await ask_status(free) == 200
    assert alarm(free) is None


async def test_a_machine_that_slept_asks_on(free: Site) -> None:
    free.clock.advance(9 * HOUR_MS)
    assert await ask_status(free) == 200


async def test_a_machine_that_was_paused_does_not(free: Site) -> None:
    free.clock.jump(9 * HOUR_MS)
    assert await ask_status(free) == 409


async def test_a_clock_that_comes_back_has_jumped_all_the_same(free: Site) -> None:
    free.clock.jump(91 * DAY_MS)
    await free.service.look_at_clock()
    free.clock.jump(-91 * DAY_MS)
    await free.service.look_at_clock()
    assert alarm(free) == "ahead"
    assert await free.offer() is None


async def test_it_is_said_once_and_shown_everywhere(free: Site, caplog: pytest.LogCaptureFixture) -> None:
    await log_in(free.client, free.service, "viewer")
    page = f"/projects/{free.project.project_id}/surveys"
    assert "clock jumped" not in (await free.client.get(page)).text
    assert (await free.client.get("/readyz")).text == "ready\n"
    await free.event()
    free.clock.jump(2 * HOUR_MS)
    with caplog.at_level(logging.CRITICAL):
        for _ in range(3):
            await free.service.look_at_clock()
    assert [record.levelname for record in caplog.records if record.name == "tactful.clock"] == ["CRITICAL"]
    assert "2h ahead" in caplog.text
    assert "the clock jumped forward by 2 hours" in (await free.client.get(page)).text
    assert "clock jumped" in (await free.client.get("/projects")).text
    ready = await free.client.get("/readyz")
    assert (ready.status_code, "clock" in ready.text) == (200, True)
    person = await person_of(free, "ann")
    told = (await free.manage("GET", f"people/{person['id']}/why", headers={"cookie": ""})).json()["surveys"][0]
    assert ("clock", None) in [(refusal["code"], refusal["free_at"]) for refusal in told["refusals"]]


async def test_accepting_ends_it(free: Site) -> None:
    free.clock.jump(91 * DAY_MS)
    await free.service.look_at_clock()
    assert await free.service.db.run(accept_clock, act(free.clock, "x")) is True
    assert await free.service.db.run(accept_clock, act(free.clock, "x")) is False
    await free.service.look_at_clock()
    await free.service.configs.refresh()
    free._pass = ""
    assert await ask_status(free) == 200
    assert free.service.watch.alarm is None
    assert [row for (row,) in execute(free.path, "SELECT what FROM audit")] == ["clock_accepted"]


async def test_a_node_that_has_not_looked_stops_too(free: Site) -> None:
    """Another node raised the alarm: the lock of the ask tells that the configuration is newer."""
    offer = await free.offer()
    assert offer is not None
    await free.service.db.run(raise_alarm, Jump("ahead", HOUR_MS))
    assert free.service.watch.alarm is None
    assert (await free.take_up(offer)).status_code == 409
    await free.service.look_at_clock()
    assert free.service.watch.alarm == Jump("ahead", HOUR_MS)


async def test_test_people_stop_too(free: Site) -> None:
    await become_test(free, "ann")
    free.clock.jump(HOUR_MS)
    assert await ask_status(free) == 409


# Across a restart


def again(site: Site, path: Path) -> AbstractAsyncContextManager[Site]:
    """The service started anew on the same database."""
    return running(site.project, path, site.clock)


async def stopped(path: Path, clock: SetClock) -> Site:
    """A service that has asked ann, and stopped."""
    async with a_site(path, clock, surveys=(a_survey(),), policy=NO_RULES) as site:
        assert await ask_status(site) == 200
        return site


@pytest.mark.parametrize(
    ("away", "status"),
    [
        (10 * MINUTE_MS, 200),
        (29 * DAY_MS, 200),
        (31 * DAY_MS, 204),
        (-4 * MINUTE_MS, 200),
        (-6 * MINUTE_MS, 204),
        (-8 * DAY_MS, 204),
    ],
)
async def test_a_start_compares_with_the_last_mark(path: Path, clock: SetClock, away: int, status: int) -> None:
    site = await stopped(path, clock)
    clock.now += away
    async with again(site, path) as started:
        assert await ask_status(started, user_id="bob") == (200 if status == 200 else 204)
        assert (alarm(started) is None) == (status == 200)


async def test_an_alarm_outlives_a_restart(path: Path, clock: SetClock, caplog: pytest.LogCaptureFixture) -> None:
    site = await stopped(path, clock)
    clock.now -= DAY_MS
    async with again(site, path):
        pass
    clock.now += DAY_MS
    caplog.clear()
    async with again(site, path) as started:
        assert await ask_status(started) == 204
        assert alarm(started) == "behind"
    assert "1d behind" in caplog.text


async def test_the_mark_moves_on_by_itself_and_never_falls(free: Site) -> None:
    marks = []
    for step in (30 * SECOND_MS, 31 * SECOND_MS, -MINUTE_MS, 2 * MINUTE_MS):
        free.clock.advance(step)
        await free.service.look_at_clock()
        [(mark,)] = execute(free.path, "SELECT mark FROM clock_watch")
        marks.append(mark - free.clock.now)
    assert marks == [-30 * SECOND_MS, 0, MINUTE_MS, 0]


async def test_what_fired_ahead_of_the_clock_reserves_no_longer_than_it_would(path: Path, clock: SetClock) -> None:
    first = a_survey("first", priority=5, trigger={"any": [{"event": "Big"}]}, throttle={"reserve": "7d"})
    async with a_site(path, clock, surveys=(a_survey(), first), policy=NO_RULES) as site:
        clock.advance(91 * DAY_MS)
        await site.event("ann", "Big")
        clock.advance(-91 * DAY_MS)
        assert await site.service.db.run(pull_back, site.project.project_id) == 1
        assert execute(path, "SELECT fired_at, expires_at FROM firings") == [(clock.now, clock.now + 7 * DAY_MS)]


async def test_what_was_written_ahead_of_the_clock_is_dated_to_the_present(free: Site) -> None:
    free.clock.advance(91 * DAY_MS)
    await free.service.look_at_clock()
    await free.respond(await free.ask("new"))
    free.clock.advance(-91 * DAY_MS)
    free._pass = ""
    await free.ask("bob")
    now = free.clock.now
    project_id, db = free.project.project_id, free.service.db
    assert [await db.run(pull_back, project_id) for _ in range(2)] == [1, 0]
    assert await db.run(accept_clock, act(free.clock, "x"), reset=True) is True
    assert execute(free.path, "SELECT DISTINCT first_seen_at, last_at FROM people") == [(now, now)]
    assert execute(free.path, "SELECT DISTINCT asked_at FROM asks") == [(now,)]
    assert execute(
        free.path, "SELECT responded_at, created_at, updated_at FROM asks JOIN responses USING (ask_id)"
    ) == [(now, now, now)]
    assert execute(free.path, "SELECT what FROM audit") == [("clock_reset",)]


# Quiet after a restore


async def test_a_quiet_project_asks_nobody_until_no_window_can_be_broken(site: Site) -> None:
    await site.event()
    execute(site.path, "UPDATE projects SET quiet_since = ?, config_version = config_version + 1", site.clock.now)
    assert await site.offer() is None
    [refusal] = (await site.why())["nps"]["refusals"]
    assert (refusal["code"], refusal["free_in_ms"], refusal["window_ms"]) == ("quiet", HOUR_MS, HOUR_MS)
    await log_in(site.client, site.service, "viewer")
    assert "Quiet since a backup" in (await site.client.get(f"/projects/{site.project.project_id}/people")).text
    site.clock.advance(HOUR_MS - 1)
    assert await site.offer() is None
    site.clock.advance(1)
    assert await ask_status(site) == 200


async def test_quiet_can_be_lifted_and_does_not_bind_test_people(site: Site) -> None:
    await become_test(site, "tester")
    execute(site.path, "UPDATE projects SET quiet_since = ?, config_version = config_version + 1", site.clock.now)
    assert await site.offer("tester") is not None
    assert await site.offer() is None
    project_id = site.project.project_id
    assert [await site.service.db.run(lift_quiet, act(site.clock, "x"), project_id) for _ in range(2)] == [True, False]
    assert await ask_status(site) == 200
