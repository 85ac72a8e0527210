"""Two names become one person wherever two such statements meet, on both databases."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tactful.clock import new_id
from tactful.identity import Identity
from tactful.store.joining import join
from tactful.store.people import recognise, set_opted_out
from tactful.store.script import Database
from tests.support.asking import asking
from tests.support.meeting import Meeting, Pair
from tests.support.rows import every_row

pytestmark = pytest.mark.anyio

PEOPLE = "SELECT person_id, user_id, opted_out_at FROM people WHERE merged_into IS NULL"
ALIASES = "SELECT DISTINCT person_id FROM aliases"


async def is_one_person(db: Database) -> Any:
    """The only person there is, to whom every name leads."""
    [person] = await db.read(every_row, PEOPLE)
    [(led_to,)] = [tuple(row) for row in await db.read(every_row, ALIASES)]
    assert led_to == person["person_id"]
    return person


@pytest.mark.parametrize("there", [False, True], ids=["nobody is known yet", "both are known"])
async def test_two_that_say_the_opposite_make_one_person(meeting: Meeting, *, there: bool) -> None:
    async def prepare(db: Database) -> Pair:
        world = await asking(db, meeting.clock)
        project_id = world.config.project_id
        if there:
            await world.person("ann")
            await world.person("old")
            await db.run(set_opted_out, project_id, Identity("old", None, proved=True), new_id(meeting.clock))
        ids = [new_id(meeting.clock) for _ in range(2)]
        return partial(join, project_id, "old", "ann", ids[0]), partial(join, project_id, "ann", "old", ids[1])

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert not any(isinstance(outcome, Exception) for outcome in outcomes), outcomes
        person = await is_one_person(db)
        assert (person["opted_out_at"] is not None) == there, "an opt-out outlives any merge"

    await meeting.everywhere(prepare, judge)


async def test_somebody_who_comes_under_the_old_name_meanwhile_is_the_same(meeting: Meeting) -> None:
    async def prepare(db: Database) -> Pair:
        project_id = (await asking(db, meeting.clock)).config.project_id
        ids = [new_id(meeting.clock) for _ in range(2)]
        old = Identity(None, "browser", proved=True)
        return partial(join, project_id, "browser", "ann", ids[0]), partial(recognise, project_id, old, ids[1])

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert not any(isinstance(outcome, Exception) for outcome in outcomes), outcomes
        assert (await is_one_person(db))["user_id"] == "ann"

    await meeting.everywhere(prepare, judge)
