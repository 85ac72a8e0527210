"""The store's contract on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tactful.store.postgres import PostgresDatabase
from tests.store import scripts
from tests.store.contract import DatabaseContract
from tests.support.clock import SetClock
from tests.support.postgres import the_postgres


@pytest.fixture
async def database(clock: SetClock) -> AsyncIterator[PostgresDatabase]:
    """A database with the tables of `scripts`."""
    database = await PostgresDatabase.open(the_postgres().empty_database(clock), clock)
    await database.run(scripts.create_tables)
    yield database
    await database.close()


class TestPostgresContract(DatabaseContract):
    """Nothing is different here."""
