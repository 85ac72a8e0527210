"""Fixtures of all tests."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import settings

from tactful.database_url import DatabaseUrl, read_database_url
from tactful.store.migrate import migrate
from tactful.store.postgres import PostgresDatabase
from tactful.store.script import Database
from tactful.store.sqlite import SqliteDatabase
from tests.support.cli import Run, runner
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.postgres import the_postgres
from tests.support.service import Site, a_site, a_survey

# A test never fails for being slow: machines are shared. Where a run decides whether a change lands, its examples are
# the same each time; everywhere else every run looks for new ones.
settings.register_profile("shared", deadline=None)
settings.register_profile("landing", parent=settings.get_profile("shared"), derandomize=True)
settings.register_profile(
    "quick", parent=settings.get_profile("landing" if os.environ.get("CI") else "shared"), max_examples=40
)
settings.register_profile("thorough", parent=settings.get_profile("shared"), max_examples=100)
# Nor for waiting: httpx2 gives an answer five seconds, unless it is told otherwise.
for part in ("connect", "read", "write", "pool"):
    setattr(httpx2._config.DEFAULT_TIMEOUT_CONFIG, part, 60.0)
# `make test` has ten minutes, `make test-all` as long as it takes (scripts/test).
settings.load_profile(os.environ.get("TACTFUL_TEST_PROFILE", "quick"))


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
def run(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `tactful` with arguments: returns the exit code, what it printed and what it complained of."""
    return runner(path, monkeypatch, capsys)


def _made(kind: str, path: Path, clock: SetClock) -> DatabaseUrl:
    if kind == "sqlite":
        return DatabaseUrl.of_file(path)
    return read_database_url(the_postgres().fresh_database(clock))


@pytest.fixture(params=["sqlite", "postgres"])
def any_url(request: pytest.FixtureRequest, path: Path, clock: SetClock) -> DatabaseUrl:
    """An empty database of each kind. The SQLite file does not exist yet, PostgreSQL's has every migration."""
    return _made(request.param, path, clock)


@pytest.fixture
def where(request: pytest.FixtureRequest, path: Path, clock: SetClock) -> Where:
    """Where a site keeps its data: a SQLite file, and in tests marked `on_both` PostgreSQL as well."""
    return path if not hasattr(request, "param") else _made(request.param, path, clock)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("on_both")
    if mark is not None and "where" in metafunc.fixturenames:
        long = () if mark.kwargs.get("soon") else (pytest.mark.long,)
        metafunc.parametrize("where", ["sqlite", pytest.param("postgres", marks=long)], indirect=True)


@pytest.fixture
async def site(where: Where, clock: SetClock) -> AsyncIterator[Site]:
    """A page of a project with one live survey that asks at most once an hour."""
    async with a_site(where, clock, surveys=(a_survey(),)) as site:
        yield site


@pytest.fixture(params=["sqlite", "postgres"])
async def any_database(request: pytest.FixtureRequest, path: Path, clock: SetClock) -> AsyncIterator[Database]:
    """A database with every migration: a test that takes it runs once on each kind."""
    database: SqliteDatabase | PostgresDatabase
    if request.param == "sqlite":
        migrate(path, clock)
        database = await SqliteDatabase.open(path, clock)
    else:
        database = await PostgresDatabase.open(the_postgres().fresh_database(clock), clock)
    yield database
    await database.close()
