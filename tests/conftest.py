"""Fixtures of all tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clock import SetClock
from tests.support.service import Site, a_site, a_survey


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
