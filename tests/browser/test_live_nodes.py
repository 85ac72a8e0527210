"""From a backend's event on one node to the card in a tab of another: two servers on one PostgreSQL, in Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from tactful.database_url import read_database_url
from tests.support.desk import a_desk
from tests.support.postgres import the_postgres
from tests.support.server import serving

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("people", [2, pytest.param(20, marks=pytest.mark.long)])
def test_an_event_on_one_node_shows_its_card_in_a_tab_of_the_other(context: BrowserContext, people: int) -> None:
    url = read_database_url(the_postgres().living_database())
    with serving(url) as pages, serving(url) as backend:
        assert pages.url != backend.url
        with a_desk(pages, context, backend=backend) as desk:
            print(f"event on one node -> card on the other: {desk.ask_many(people)}")  # noqa: T201  # read for it
