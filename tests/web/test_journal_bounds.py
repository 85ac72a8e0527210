"""What is written behind, when there is too much of it, the database refuses, or the service ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tactful import app as app_module
from tactful.errors import Busy
from tactful.store.journal import event_names
from tactful.web import journal as web
from tactful.web.journal import Journal
from tests.support.clock import SetClock
from tests.support.rows import execute
from tests.support.service import Site, a_site, a_survey
from tests.support.wire import until
from tests.web.test_journal import counts, history, site, write

__all__ = ["site"]

pytestmark = pytest.mark.anyio


class TestBounds:
    async def test_too_many_lines_are_counted_as_dropped(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web, "MOST_LINES", 3)
        for user in ("a", "b", "c", "d"):
            await site.offer(user)
        await write(site)
        lines = execute(site.path, "SELECT recent FROM decisions")
        assert sum(len(json.loads(recent)) for [recent] in lines) == 3
        assert counts(site)["", "dropped", "", ""] == 5
        assert counts(site)["nps", "offered", "", ""] == 4

    async def test_too_many_kinds_of_counts(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web, "MOST_COUNTS", 1)
        await site.offer("ann")
        await site.offer("bo")
        await write(site)
        assert counts(site) == {("nps", "offered", "", ""): 2, ("", "dropped", "", ""): 2}

    async def test_there_is_room_again_after_writing(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web, "MOST_LINES", 2)
        for user in ("a", "b"):
            await site.offer(user)
            await write(site)
        assert execute(site.path, "SELECT count(*) FROM decisions") == [(2,)]

    async def test_many_people_are_written_in_turns(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web, "_AT_ONCE", 2)
        for number in range(5):
            await site.offer(f"u{number}")
        await write(site)
        assert execute(site.path, "SELECT count(*) FROM decisions") == [(5,)]


class Unwilling:
    """A database that refuses for a while, after some scripts."""

    def __init__(self, db: Any, after: int = 0) -> None:
        self.db, self.left = db, after

    async def run(self, *args: Any) -> Any:
        if self.left == 0:
            raise Busy("database_busy", "Somebody holds the database.")
        self.left -= 1
        return await self.db.run(*args)


class TestTrouble:
    @pytest.mark.parametrize("after", [0, 1, 2])
    async def test_what_is_refused_is_written_later_and_once(self, site: Site, after: int) -> None:
        await site.ask("ann")
        await site.backend("Kept")
        db: Any = Unwilling(site.service.db, after)
        await site.service.journal.write(db)
        await site.backend("Kept", properties={"a": 1})
        await site.offer("bo")
        await write(site)
        assert counts(site)["nps", "asked", "", ""] == 1
        assert counts(site)["nps", "offered", "", ""] == 2
        assert len(await history(site)) == 3
        [kept] = [one for one in await site.service.db.read(event_names, site.project.project_id) if one.name == "Kept"]
        assert (kept.times, kept.properties) == (2, {"a": ["number"]})

    async def test_what_finds_no_room_on_its_way_back_is_dropped_and_counted(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for user in ("a", "b"):
            await site.offer(user)
        monkeypatch.setattr(web, "MOST_LINES", 2)
        monkeypatch.setattr(web, "MOST_EVENTS", 2)
        db: Any = Unwilling(site.service.db)
        await site.service.journal.write(db)
        await site.service.journal.write(db)
        await write(site)
        assert execute(site.path, "SELECT count(*) FROM decisions") == [(1,)]
        assert counts(site)["", "dropped", "", ""] == 2

    async def test_what_came_meanwhile_wins_for_the_same_person(self, site: Site) -> None:
        await site.offer("ann")
        first = site.service.journal._notes

        class Slow(Unwilling):
            async def run(self, *args: Any) -> Any:
                await site.offer("ann")
                return await super().run(*args)

        db: Any = Slow(site.service.db)
        await site.service.journal.write(db)
        assert site.service.journal._notes is not first
        await write(site)
        assert counts(site)["nps", "offered", "", ""] == 2
        assert counts(site)["", "dropped", "", ""] == 2


async def test_the_service_writes_by_itself_and_when_it_ends(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "WRITE_EVERY_S", 0.001)
    async with a_site(path, clock, surveys=(a_survey(),)) as site:
        await site.offer("ann")
        await until(lambda: bool(counts(site)))
        monkeypatch.setattr(app_module, "WRITE_EVERY_S", 3_600.0)
        await site.offer("ann")
    [[times]] = execute(path, "SELECT times FROM decision_counts")
    assert times == 2


async def test_it_goes_on_after_what_nobody_expected(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app_module, "WRITE_EVERY_S", 0.001)
    async with a_site(path, clock, surveys=(a_survey(),)) as site:

        async def broken(db: Any) -> None:
            monkeypatch.undo()
            raise RuntimeError("never seen before")

        monkeypatch.setattr(Journal, "write", lambda _self, db: broken(db))
        await until(lambda: "going on with what comes" in caplog.text)
        await site.offer("ann")
    assert execute(path, "SELECT times FROM decision_counts") == [(1,)]
