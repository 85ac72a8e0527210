"""Whoever is erased is forgotten by every process that serves the database, in its memory too, whoever erased them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest

from tactful.core.spans import SECOND_MS
from tactful.errors import Busy
from tactful.store.erasure import erase
from tactful.web.limits import BURST_S
from tactful.web.privacy import act
from tactful.web.service import Service
from tests.support.canary import CANARY, SURVEYS, live_a_life
from tests.support.clock import SetClock
from tests.support.databases import Where, beside
from tests.support.members import log_in
from tests.support.memory import texts_held
from tests.support.service import NO_RULES, Site, a_site, make_project, running
from tests.web.test_erasure import erased

pytestmark = [pytest.mark.anyio, pytest.mark.on_both(soon=True)]


def holds(site: Site, *marks: str) -> set[str]:
    return {text for text in texts_held(site.service) if any(mark in text for mark in marks)}


async def live_and_be_looked_at(site: Site) -> str:
    """Live a life that everybody looks at: programs, members, and the person; returns the person's id."""
    person_id = await live_a_life(site)
    await site.offer(CANARY)
    for asked in ("", "/why", "/export", "/preferences-link"):
        answer = await site.manage("GET", f"people/{person_id}{asked}")
        assert answer.status_code == 200
    assert (await site.client.get(httpx2.URL(answer.json()["url"]).path)).status_code == 200
    await log_in(site.client, site.service, "admin")
    page = f"/projects/{site.project.project_id}"
    for asked in (f"people/{person_id}", f"people?q={CANARY}", "install", "receivers/plain", "responses"):
        shown = await site.client.get(f"{page}/{asked}")
        assert (shown.status_code, CANARY in shown.text) == (200, True), asked
    return person_id


async def until_forgotten(site: Site, *marks: str) -> None:
    """Nudges are gathered for a moment before other nodes are told."""
    async with asyncio.timeout(60):
        while holds(site, *marks):  # noqa: ASYNC110  # memory tells nobody
            await asyncio.sleep(0)


async def nobody_looks(_: Service) -> None:
    """In place of a look at the clock: it would take a day that a life is long for a jump, if it passed during one."""


async def erase_elsewhere(site: Site, person_id: str) -> None:
    """By another node, or by a command beside the only one."""
    if site.url.kind == "sqlite":
        beside(site.path, site.clock, erase, site.project.project_id, person_id, act(site.clock, "command line"))
        return
    async with running(site.project, site.url, site.clock) as other:
        assert (await erased(other, person_id))["people"] > 0


async def test_a_process_lets_go_of_somebody_who_was_erased_elsewhere(
    where: Where, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tactful.app.NOTICE_EVERY_S", 0.01)
    monkeypatch.setattr("tactful.app.WRITE_EVERY_S", 3_600)
    monkeypatch.setattr("tactful.app._look_at_clock", nobody_looks)
    async with a_site(where, clock, surveys=SURVEYS, policy=NO_RULES) as site:
        await live_a_life(site, "somebody-else")
        person_id = await live_and_be_looked_at(site)
        assert holds(site, CANARY)
        assert holds(site, person_id)
        await erase_elsewhere(site, person_id)
        await until_forgotten(site, CANARY, person_id)


async def test_the_process_that_erases_somebody_lets_go_at_once(
    where: Where, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for every in ("NOTICE_EVERY_S", "WRITE_EVERY_S"):
        monkeypatch.setattr(f"tactful.app.{every}", 3_600)
    async with a_site(where, clock, surveys=SURVEYS, policy=NO_RULES) as site:
        person_id = await live_and_be_looked_at(site)
        await erased(site, person_id)
        for list_of in ("install", "receivers/plain"):
            text = (await site.client.get(f"/projects/{site.project.project_id}/{list_of}")).text
            assert ("the list begins anew" in text.lower(), "somebody" in text) == (True, True), list_of
        assert not holds(site, CANARY)
        await until_forgotten(site, person_id)


async def test_whoever_is_erased_is_forgotten_even_where_erasures_cannot_be_counted(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(_: Service) -> None:
        raise Busy("closed", "Nobody can read.")

    async with a_site(path, clock, surveys=SURVEYS, policy=NO_RULES) as site:
        person_id = await live_a_life(site)
        monkeypatch.setattr(Service, "notice_erasures", busy)
        assert (await erased(site, person_id))["people"] > 0
        assert not site.service.arrivals.events(site.project.project_id)


async def test_a_list_begins_anew_once_for_each_erasure(
    where: Where, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not again when its process looks for those of others, nor for one from before the process was started."""
    monkeypatch.setattr("tactful.app.NOTICE_EVERY_S", 3_600)
    project = make_project(where, clock, surveys=SURVEYS, policy=NO_RULES)
    for erases in (True, False):
        async with running(project, where, clock) as site:
            if erases:
                await erased(site, await live_a_life(site))
            await site.event("somebody-else")
            [listed] = site.service.arrivals.events(project.project_id)
            await site.service.notice_erasures()
            assert site.service.arrivals.events(project.project_id) == [listed], erases


async def test_limits_forget_who_came_once_their_share_is_whole_again(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tactful.app.NOTICE_EVERY_S", 0.01)
    rates = {"rate_address": 50, "rate_person": 5, "rate_project": 500}
    async with a_site(path, clock, trusted_proxies=1, **rates) as site:
        site.client.headers["x-forwarded-for"] = "203.0.113.7"
        await site.event("somebody-who-came", event="Nobody waits for this")
        site.service.arrivals.forget(site.project.project_id)
        for mark in ("somebody-who-came", "203.0.113.7"):
            assert holds(site, mark)
        clock.advance(BURST_S * SECOND_MS)
        await until_forgotten(site, "somebody-who-came", "203.0.113.7")
