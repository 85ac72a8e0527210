from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tactful.store.sqlite import SqliteDatabase
from tests.store import scripts
from tests.support.clock import SetClock
from tests.support.meeting import Meeting


@pytest.fixture(params=["sqlite", "postgres"])
def meeting(request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock) -> Meeting:
    return Meeting(request.param, tmp_path, clock)


@pytest.fixture
async def database(path: Path, clock: SetClock) -> AsyncIterator[SqliteDatabase]:
    """A database with the tables of `scripts`."""
    database = await SqliteDatabase.open(path, clock)
    await database.run(scripts.create_tables)
    yield database
    await database.close()
