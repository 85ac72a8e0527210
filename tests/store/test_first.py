"""What must not wait for a flood has its turn before it, and a place where the flood has none left."""

from __future__ import annotations

import asyncio

import pytest

from tactful.database_url import DatabaseUrl
from tactful.errors import Busy
from tactful.store.opening import ServedDatabase
from tactful.store.postgres import PostgresDatabase
from tactful.store.script import Script, run
from tactful.store.sqlite import SqliteDatabase
from tests.store import scripts
from tests.support.clock import SetClock

pytestmark = pytest.mark.anyio

MANY = 40


async def opened(url: DatabaseUrl, clock: SetClock, queue_max: int) -> ServedDatabase:
    """A database that commits four scripts at a time."""
    database: ServedDatabase
    if url.path is not None:
        database = await SqliteDatabase.open(url.path, clock, batch_max=4, queue_max=queue_max)
    else:
        database = await PostgresDatabase.open(url.text, clock, batch_max=4, queue_max=queue_max)
    await database.run(create_items)
    return database


def create_items() -> Script[None]:
    yield run("CREATE TABLE items (item_id BIGINT PRIMARY KEY, note TEXT NOT NULL)")


async def test_first_comes_before_whoever_waits_longer(any_url: DatabaseUrl, clock: SetClock) -> None:
    database = await opened(any_url, clock, queue_max=MANY)
    ended: list[int] = []
    waiting = [asyncio.create_task(database.run(scripts.put, number)) for number in range(MANY)]
    for task in waiting:
        task.add_done_callback(lambda done: ended.append(done.result()))
    await asyncio.sleep(0)
    assert database.waiting() >= MANY - 4
    first = asyncio.create_task(database.run_first(scripts.put, MANY))
    first.add_done_callback(lambda done: ended.append(done.result()))
    await asyncio.gather(first, *waiting)
    # One batch was under way when it came, and it is in the next.
    assert ended.index(MANY) <= 8
    assert database.waiting() == 0
    assert await database.read(scripts.item_ids) == list(range(MANY + 1))
    await database.close()


async def test_first_has_a_place_where_all_others_are_taken(any_url: DatabaseUrl, clock: SetClock) -> None:
    database = await opened(any_url, clock, queue_max=2)
    flood = [database.run(scripts.put, number) for number in range(9)]
    first = [database.run_first(scripts.put, number) for number in (10, 11, 12)]
    outcomes = await asyncio.gather(*flood, *first, return_exceptions=True)
    told = [getattr(outcome, "code", outcome) for outcome in outcomes]
    assert told.count("queue_full") >= 7
    assert told[9:11] == [10, 11]
    acknowledged = sorted(one for one in outcomes if not isinstance(one, BaseException))
    assert await database.read(scripts.item_ids) == acknowledged
    assert all(isinstance(one, Busy) for one in outcomes if isinstance(one, BaseException))
    await database.close()
