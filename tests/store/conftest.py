from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tactful.store.sqlite import SqliteDatabase
from tests.store import scripts


@dataclass
class SetClock:
    """A clock that stands where it was set."""

    now: int = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.now


@pytest.fixture
def anyio_backend() -> str:
    """Run async tests on asyncio, the only loop that the product runs on."""
    return "asyncio"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tactful.db"


@pytest.fixture
async def database(path: Path, clock: SetClock) -> AsyncIterator[SqliteDatabase]:
    """A database with the tables of `scripts`."""
    database = await SqliteDatabase.open(path, clock)
    await database.run(scripts.create_tables)
    yield database
    await database.close()
