"""Acts on receivers that meet on two nodes: what whoever acts is told, and what is on the record, is what happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import pytest

from tactful.core.reading import read_receiver
from tactful.core.receivers import Receiver
from tactful.errors import Conflict, NotFound
from tactful.store.audit import Act, list_acts
from tactful.store.receivers import (
    FirstSecret,
    Listed,
    NewSecret,
    change_receiver,
    change_secret,
    delete_receiver,
    end_previous_secret,
    list_receivers,
    put_receiver,
)
from tactful.store.script import Database, Script, one
from tests.support.asking import asking
from tests.support.clock import SetClock
from tests.support.meeting import Meeting, Pair
from tests.support.webhooks import PLAIN

pytestmark = pytest.mark.anyio

Acting = Callable[[str, Act], Script[Any]]

READ_THE_PROJECT = "SELECT project_id FROM projects"
COUNT_ENDED = "SELECT count(*) AS found FROM ended_receivers"


def _receiver(name: str, auth: str = "bearer") -> Receiver:
    read = read_receiver(PLAIN | {"key": "r", "name": name, "auth": {"kind": auth}}).value
    assert read is not None
    return read


def _change(project_id: str, act: Act) -> Script[Any]:
    return change_secret(project_id, "r", NewSecret("the second secret"), act)


def _end(project_id: str, act: Act) -> Script[Any]:
    return end_previous_secret(project_id, "r", act)


def _delete(project_id: str, act: Act) -> Script[Any]:
    return delete_receiver(project_id, "r", act)


def _rename(project_id: str, act: Act) -> Script[Any]:
    return change_receiver(project_id, _receiver("Another"), act)


def _open(project_id: str, act: Act) -> Script[Any]:
    return change_receiver(project_id, _receiver("A", "none"), act)


async def _pair(clock: SetClock, first: Acting, second: Acting, db: Database) -> Pair:
    """Two acts on a receiver that has one secret."""
    project_id, numbers = (await asking(db, clock)).config.project_id, count()
    made = Act("made", "x", "k")
    await db.run(put_receiver, project_id, _receiver("A"), "rcv_1", FirstSecret("the first secret"), made)

    def start(acting: Acting) -> Script[Any]:
        return acting(project_id, replace(made, id=f"act-{next(numbers)}"))

    return partial(start, first), partial(start, second)


def _left() -> Script[list[Listed]]:
    row = yield one(READ_THE_PROJECT)
    return (yield from list_receivers(row["project_id"]))


def _ended() -> Script[int]:
    return int((yield one(COUNT_ENDED))["found"])


async def _acts(db: Database) -> list[str]:
    return sorted(row["what"] for row in await db.read(list_acts, 9) if row["what"] != "receiver_made")


@pytest.mark.parametrize("other", [_end, _open])
async def test_no_secret_ends_off_the_record(meeting: Meeting, other: Acting) -> None:
    """Nor unnoticed by what a restore ends again."""

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert not [told for told in outcomes if isinstance(told, Exception) and not isinstance(told, Conflict)]
        [listed], acts = await db.read(_left), await _acts(db)
        ended = 1 + acts.count("receiver_secret_added") - len(listed.stored.secrets)
        assert acts.count("receiver_secret_ended") == min(ended, 1)
        assert await db.read(_ended) == ended

    await meeting.everywhere(partial(_pair, meeting.clock, other, _change), judge)


async def test_a_receiver_is_deleted_once(meeting: Meeting) -> None:
    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert [type(told) for told in outcomes if told is not None] == [NotFound]
        assert await _acts(db) == ["receiver_deleted"]

    await meeting.everywhere(partial(_pair, meeting.clock, _delete, _delete), judge)


@pytest.mark.parametrize("other", [_change, _rename])
async def test_nothing_that_comes_with_it_makes_a_deleted_receiver_again(meeting: Meeting, other: Acting) -> None:
    async def judge(db: Database, outcomes: list[Any]) -> None:
        deleted, changed = outcomes
        assert deleted is None
        assert await db.read(_left) == []
        assert len(await _acts(db)) == (1 if isinstance(changed, NotFound) else 2), changed

    await meeting.everywhere(partial(_pair, meeting.clock, _delete, other), judge)
