"""Fixtures of all tests."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.clock import SetClock
from tests.support.service import Site, a_site, a_survey

# A test never fails for being slow: machines are shared. Where a run decides whether a change lands, its examples are
# the same each time; everywhere else every run looks for new ones.
settings.register_profile("shared", deadline=None)
settings.register_profile("landing", parent=settings.get_profile("shared"), derandomize=True)
settings.load_profile("landing" if os.environ.get("CI") else "shared")


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
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    """A page of a project with one live survey that asks at most once an hour."""
    async with a_site(path, clock, surveys=(a_survey(),)) as site:
        yield site
