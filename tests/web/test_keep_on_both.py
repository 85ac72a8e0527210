"""What must survive, and what must not, on either database: erasures, opt-outs, a clock's alarm, a restore."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tactful.core.clockwatch import Jump
from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS
from tactful.store.backup import dump, no_progress
from tactful.store.erasure import erase
from tactful.store.stops import accept_clock, read_clock
from tactful.web.privacy import act
from tests.store.test_backup import back_up, put_back
from tests.support.canary import CANARY, SURVEYS, live_a_life
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.service import NO_RULES, Site, a_site
from tests.web.test_erasure import opt_out, person_of
from tests.web.test_watch import ask_status

pytestmark = [pytest.mark.anyio, pytest.mark.on_both(soon=True)]


@pytest.fixture
async def lived(where: Where, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(where, clock, surveys=SURVEYS, policy=NO_RULES) as site:
        yield site


async def everything(site: Site) -> bytes:
    """Every row of every table that a backup has."""
    lines: list[bytes] = []
    await site.service.db.scan(dump, lines.append, no_progress)
    return b"".join(lines)


async def test_no_row_of_a_person_is_left_and_their_opt_out_holds(lived: Site) -> None:
    person_id = await live_a_life(lived)
    await opt_out(lived, user_id=CANARY)
    told = (await lived.manage("GET", f"people/{person_id}/export")).json()["tables"]
    assert CANARY.encode() in await everything(lived)
    erased = (await lived.manage("DELETE", f"people/{person_id}")).json()["erased"]
    assert erased == {table: len(rows) for table, rows in told.items()}
    left = await everything(lived)
    assert CANARY.encode() not in left
    assert person_id.encode() not in left
    assert (await lived.manage("DELETE", f"people/{person_id}")).status_code == 404
    new = {"user_id": None, "anonymous_id": "a new browser"}
    assert await lived.offer(identity=new) is not None
    assert await lived.offer(identity=new | {"user_id": CANARY}) is None
    assert (await person_of(lived, CANARY))["opted_out"] is True


async def test_a_jump_stops_asking_until_it_is_accepted(lived: Site) -> None:
    lived.clock.jump(9 * HOUR_MS)
    assert await ask_status(lived) == 409
    row = await lived.service.db.read(read_clock)
    assert (row["alarm"], row["alarm_by"]) == ("ahead", 9 * HOUR_MS)
    assert lived.service.watch.alarm == Jump("ahead", 9 * HOUR_MS)
    assert await lived.service.db.run(accept_clock, act(lived.clock, "x")) is True
    assert await ask_status(lived, "bob") == 200


async def test_a_restore_undoes_nothing_that_binds(lived: Site, where: Where, tmp_path: Path) -> None:
    gone = await live_a_life(lived)
    await lived.offer("old")
    backup = back_up(where, lived.clock, tmp_path / "all.backup")
    lived.clock.advance(DAY_MS)
    await lived.service.db.run(erase, lived.project.project_id, gone, act(lived.clock, "x"))
    for user in ("old", "new"):
        await opt_out(lived, user_id=user)
    await lived.ask("asked")
    done = put_back(backup, where, lived.clock, replace=True)
    assert (done.stayed, done.quiet) == (1, 0)
    assert done.skipped > 10
    left = await everything(lived)
    assert CANARY.encode() not in left
    assert b'"asked"' in left
    await lived.service.configs.refresh()
    assert [await lived.offer(user) for user in ("old", "new")] == [None, None]
    assert await lived.offer("somebody") is not None


async def test_a_restore_into_nothing_is_quiet(lived: Site, clock: SetClock, tmp_path: Path) -> None:
    backup = back_up(lived.url, clock, tmp_path / "all.backup")
    assert put_back(backup, tmp_path / "new.db", clock).quiet == 1


async def test_small_steps_are_believed(lived: Site) -> None:
    lived.clock.jump(-MINUTE_MS)
    assert await ask_status(lived) == 200
