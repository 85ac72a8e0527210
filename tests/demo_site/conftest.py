"""Lantern in this process, with or without a Tactful behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from demo_site.app import create_app
from demo_site.settings import Settings

GIVEN = {
    "LANTERN_TACTFUL_URL": "http://surveys.test:8000",
    "LANTERN_PUBLIC_KEY": "pk_1",
    "LANTERN_WRITE_KEY": "wk_1",
    "LANTERN_API_TOKEN": "at_1",
    "LANTERN_IDENTITY_SECRET": "0123456789abcdef0123456789abcdef0123456789abcdef",
}


@pytest.fixture
def settings() -> Settings:
    return Settings.read(GIVEN)


@pytest.fixture
def browser(settings: Settings) -> Iterator[TestClient]:
    """Somebody's browser on Lantern, with a cookie jar of its own and without scripts."""
    with TestClient(create_app(settings, posting=False), base_url="http://lantern.test") as client:
        yield client


def become(browser: TestClient, person: str) -> None:
    """Be `person` from here on, as the account menu does it."""
    answer = browser.post("/become", data={"person": person, "back": "/"}, follow_redirects=False)
    assert answer.status_code == 303
