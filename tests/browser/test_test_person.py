"""A signed link makes a real browser's user a test person, from the page to what the management API says."""

from __future__ import annotations

import httpx2
import pytest
from playwright.sync_api import expect

from tactful.clock import SystemClock
from tactful.core.policy import Policy
from tactful.core.spans import DAY_MS
from tactful.tokens import TEST, Tokens
from tests.support.rows import execute
from tests.support.service import KEY, a_survey, apply_to
from tests.support.widget import Host, Watched, until

pytestmark = pytest.mark.browser


SURVEYS = (a_survey(throttle={"repeat": "90d"}),)


def test_a_link_makes_a_test_person_who_counts_nowhere(host: Host, seen: Watched) -> None:
    apply_to(host.where, SystemClock(), host.project.project_id, policy=Policy((), tenure_ms=14 * DAY_MS))
    become_a_test_person(host, seen)
    answer_twice(host, seen)
    counts_nowhere(host)


def become_a_test_person(host: Host, seen: Watched) -> None:
    address = host.page(attributes="data-user-id=ann")
    seen.page.goto(address)
    with seen.page.expect_response("**/w/events") as told:
        seen.track()
    assert told.value.json()["offer"] is None, "too new to be asked"
    seen.page.goto("about:blank")
    link = Tokens((KEY,), SystemClock()).sign(TEST, [host.project.project_id])
    with seen.page.expect_response("**/w/events"):
        seen.page.goto(f"{address}#tactful-test={link}")


def answer_twice(host: Host, seen: Watched) -> None:
    seen.page.goto(host.page("/lesson", attributes="data-user-id=ann"))
    for _ in range(2):
        seen.track()
        expect(seen.card).to_be_visible()
        seen.card.get_by_role("radio", name="9").click()
        seen.card.get_by_role("button", name="Close").click()
        expect(seen.card).to_have_count(0)
    until(lambda: len(host.responses()) == 2)
    pages = execute(host.where, "SELECT page FROM asks WHERE project_id = ?", host.project.project_id)
    assert not any("tactful-test" in page for (page,) in pages)


def counts_nowhere(host: Host) -> None:
    headers = {"authorization": f"Bearer {host.project.api_token}"}
    with httpx2.Client(base_url=f"{host.api}/api/v1/", headers=headers) as api:
        assert [one["test"] for one in api.get("responses").json()["data"]] == [True, True]
        [person] = api.get("people", params={"user_id": "ann"}).json()["data"]
        assert person["test"] is True
        assert api.get(f"people/{person['id']}/why").json()["person"]["test"] is True
        assert api.get("surveys/nps/results").json()["asked"] == 0
