"""Forgetting: what is past its time goes, chunk by chunk, and looking for it costs next to nothing."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from tactful.core.spans import DAY_MS
from tactful.store import forgetting
from tactful.store.connections import connect_writer
from tactful.store.forgetting import FORGET_AT_ONCE, REMEMBER_MESSAGES_MS, forget_old
from tactful.store.migrate import migrate
from tactful.store.postgres_connections import _BY_INDEX
from tactful.store.script import Database, Script, rows
from tactful.store.translate import numbered
from tests.support.asking import asking
from tests.support.clock import SetClock
from tests.support.postgres import the_postgres
from tests.support.rows import do

pytestmark = pytest.mark.anyio

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
#: One a millisecond, the last at the time given.
FILL_MESSAGES = (
    "INSERT INTO messages (project_id, message_id, received_at) "
    + _NUMBERS
    + "SELECT CAST(? AS TEXT), 's:' || (i * 7919 % 100003), CAST(? AS BIGINT) + i FROM n"
)
FILL_EVENTS = (
    "INSERT INTO events (project_id, person_id, event_id, name, properties, happened_at, received_at) "
    + _NUMBERS
    + "SELECT CAST(? AS TEXT), 'p', 'e' || i, 'Done', '{}', CAST(? AS BIGINT) + i, CAST(? AS BIGINT) + i FROM n"
)
COPY_PROJECT = """
INSERT INTO projects (project_id, name, public_key, origins, keep_events_ms, policy, created_at)
SELECT 'brief', 'Brief', 'pk_brief', '[]', CAST(? AS BIGINT), policy, created_at FROM projects WHERE project_id = ?
"""
OLDEST_MESSAGE = "SELECT count(*) AS found, min(received_at) AS oldest FROM messages"
EVENTS_LEFT = "SELECT project_id, count(*) AS found FROM events GROUP BY project_id ORDER BY project_id"


def listed(sql: str, *params: object) -> Script[list[tuple[object, ...]]]:
    return [tuple(row) for row in (yield rows(sql, *params))]


async def test_ids_go_in_chunks_and_not_a_millisecond_early(any_database: Database, clock: SetClock) -> None:
    project_id = (await asking(any_database, clock)).config.project_id
    over, still = 2 * FORGET_AT_ONCE + 10, 40
    start = clock.now - REMEMBER_MESSAGES_MS - over - 1
    await any_database.run(do, FILL_MESSAGES, 1, over + still, project_id, start)
    sizes = [await any_database.run(forget_old) for _ in range(4)]
    assert sizes == [FORGET_AT_ONCE, FORGET_AT_ONCE, 10, 0]
    [(found, oldest)] = await any_database.read(listed, OLDEST_MESSAGE)
    assert (found, oldest) == (still, clock.now - REMEMBER_MESSAGES_MS)


async def test_each_project_keeps_events_for_its_own_time(any_database: Database, clock: SetClock) -> None:
    project_id = (await asking(any_database, clock)).config.project_id
    await any_database.run(do, COPY_PROJECT, DAY_MS, project_id)
    many = FORGET_AT_ONCE + 5
    for project, age in ((project_id, 2 * DAY_MS), ("brief", 2 * DAY_MS)):
        await any_database.run(do, FILL_EVENTS, 1, many, project, clock.now - age, clock.now - age)
    assert [await any_database.run(forget_old) for _ in range(3)] == [FORGET_AT_ONCE, 5, 0]
    assert await any_database.read(listed, EVENTS_LEFT) == [(project_id, many)]


#: What each statement looks up, in which index, on either database.
LOOKED_UP = [
    ("FORGET_MESSAGES", (0, 1), "messages_by_time (received_at<?)"),
    ("FORGET_EVENTS", (0, 1), "events_by_time (project_id=? AND received_at<?)"),
    ("FORGET_CANDIDATES", (0, 1), "candidates_by_expiry (expires_at<?)"),
    ("FORGET_FIRINGS", (0, 1, 0), "firings_by_expiry (expires_at<?)"),
]


@pytest.mark.parametrize(("name", "params", "found"), LOOKED_UP)
async def test_what_is_over_is_looked_up_and_not_looked_for(
    path: Path, clock: SetClock, name: str, params: tuple[int, ...], found: str
) -> None:
    """By the plan: the time bounds the index, so that what is not over yet is never touched."""
    migrate(path, clock)
    with closing(connect_writer(path, clock)) as connection:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {getattr(forgetting, name)}", params).fetchall()
    assert any(found in step["detail"] for step in steps), [step["detail"] for step in steps]


@pytest.mark.parametrize(("name", "params", "found"), LOOKED_UP)
async def test_what_is_over_is_looked_up_on_postgres_too(
    clock: SetClock, name: str, params: tuple[int, ...], found: str
) -> None:
    connection = await asyncpg.connect(the_postgres().fresh_database(clock))
    for setting, value in _BY_INDEX.items():
        await connection.execute(f"SET {setting} = {value}")
    steps = [row[0] for row in await connection.fetch(f"EXPLAIN {numbered(getattr(forgetting, name))}", *params)]
    await connection.close()
    index, _, bounds = found.rstrip(")").partition(" (")
    [at] = [number for number, step in enumerate(steps) if re.search(rf" (using|on) {index}\b", step)]
    # Bounded by the condition of the index, not filtered afterwards.
    assert "Index Cond:" in steps[at + 1], steps
    assert f"({bounds.rpartition(' ')[2].removesuffix('<?')} <" in steps[at + 1], steps
