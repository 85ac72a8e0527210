"""Why people were not asked, summed up: the API's counts and the survey's page. And the events that came."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS
from tactful.store import journal as stored
from tactful.store.journal import DecisionCount, add_counts
from tactful.store.sqlite import run_once
from tactful.web import journal as web
from tests.support.clock import START, SetClock
from tests.support.members import log_in
from tests.support.pages import HOSTILE, show
from tests.support.service import Site, a_site, a_survey

pytestmark = pytest.mark.anyio

RULES = Policy((Rule("hour", "all", "asked", 1, HOUR_MS), Rule("day", "all", "asked", 1, DAY_MS)), tenure_ms=0)


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    surveys = (
        a_survey(priority=5),
        a_survey("less", trigger={"any": [{"event": "Done"}, {"event": "Paid", "source": "server"}]}),
        a_survey("feedback", trigger={"any": []}),
        a_survey("draft", state="draft"),
    )
    async with a_site(path, clock, surveys=surveys, policy=RULES) as site:
        await log_in(site.client, site.service, "viewer")
        yield site


async def live(site: Site) -> None:
    """One ask, and refusals in two hours: by both rules, then by the day's alone."""
    await site.ask("ann")
    site.clock.advance(30 * MINUTE_MS)
    for _ in range(3):
        await site.offer("ann")
    site.clock.advance(HOUR_MS)
    await site.offer("ann")
    await site.service.journal.write(site.service.db)


async def refusals(site: Site, key: str = "nps", **query: str) -> Any:
    answer = await site.manage("GET", f"surveys/{key}/refusals", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestTheApi:
    async def test_counts_by_outcome_reason_rule_and_hour(self, site: Site) -> None:
        await live(site)
        told = await refusals(site)
        assert (told["survey"], told["dropped"], told["behind_ms"]) == ("nps", 0, 10_000)
        assert {name: count for name, count in told["outcomes"].items() if count} == {
            "asked": 1,
            "offered": 1,
            "not_offered": 4,
        }
        assert told["reasons"] == [
            {"code": "rule", "rule": "day", "message": "rule day is full", "count": 4},
            {"code": "rule", "rule": "hour", "message": "rule hour is full", "count": 3},
        ]
        assert [(one["hour"], one["outcomes"]["not_offered"]) for one in told["hours"]] == [
            ("2026-11-18T11:00:00.000Z", 3),
            ("2026-11-18T12:00:00.000Z", 1),
        ]
        assert [one["rule"] for one in told["hours"][1]["reasons"]] == ["day"]

    async def test_another_survey_going_first_is_a_reason_too(self, site: Site) -> None:
        await live(site)
        told = await refusals(site, "less")
        assert told["outcomes"]["outranked"] == 1
        assert {"code": "outranked", "rule": None, "message": "another survey was offered first", "count": 1} in told[
            "reasons"
        ]

    async def test_between_two_times(self, site: Site) -> None:
        await live(site)
        told = await refusals(site, **{"from": "2026-11-18T12:00:00Z", "until": "2026-11-18T12:30:00+00:00"})
        assert (told["from"], told["until"]) == ("2026-11-18T12:00:00.000Z", "2026-11-18T13:00:00.000Z")
        assert told["outcomes"]["not_offered"] == 1
        assert (await refusals(site, until="2026-11-18"))["outcomes"]["not_offered"] == 0
        site.clock.advance(8 * DAY_MS)
        assert (await refusals(site))["outcomes"]["not_offered"] == 0
        assert (await refusals(site, **{"from": "2026-11-01"}))["outcomes"]["not_offered"] == 4

    @pytest.mark.parametrize(
        "query",
        [
            {"from": "yesterday"},
            {"until": "2026-13-01"},
            {"from": "2026-11-18", "until": "2026-11-17"},
            {"from": "2025-01-01", "until": "2026-01-01"},
            {"from": "0001-01-01T00:00:00+14:00"},
        ],
    )
    async def test_what_is_no_time_is_refused(self, site: Site, query: dict[str, str]) -> None:
        answer = await site.manage("GET", "surveys/nps/refusals", params=query)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_query")

    async def test_what_there_is_not(self, site: Site) -> None:
        assert (await site.manage("GET", "surveys/nothing/refusals")).status_code == 404

    async def test_events(self, site: Site) -> None:
        assert (await site.manage("GET", "events")).json() == {
            "data": [],
            "next": None,
            "since": None,
            "behind_ms": 10_000,
        }
        await site.event("ann", properties={"course": "algebra"})
        site.clock.advance(5)
        await site.backend("Paid")
        await site.backend("Viewed")
        await site.service.journal.write(site.service.db)
        told = (await site.manage("GET", "events")).json()
        assert told["since"] == "2026-11-18T11:06:40.000Z"
        assert [(one["name"], one["source"], one["count"], one["surveys"]) for one in told["data"]] == [
            ("Done", "browser", 1, ["nps", "less"]),
            ("Paid", "server", 1, ["less"]),
            ("Viewed", "server", 1, []),
        ]
        assert told["data"][0]["properties"] == [{"name": "course", "types": ["text"]}]


class TestThePage:
    async def test_says_it_in_a_sentence_in_bars_and_in_a_table(self, site: Site) -> None:
        await live(site)
        shown = await show(site, "surveys/nps?range=custom&from=2026-11-18&to=2026-11-18")
        assert "80% of 5 decisions on 18 Nov 2026 were a no, most often because rule day is full." in shown.text
        assert "rule day is full 4 100%" in shown.text
        assert "rule hour is full 3 75%" in shown.text
        assert "18 Nov, 12:00 0 1 rule day is full 18 Nov, 11:00 1 3 rule day is full" in shown.text
        assert "Up to 10 seconds behind, kept for 90 days." in shown.text

    @pytest.mark.parametrize(
        ("query", "days", "first"),
        [
            ("?range=7d", "in the last 7 days", "18 Nov 2026 1 4"),
            ("", "in the last 90 days", "18 Nov 2026 1 4"),
            ("?range=all", "in the last 90 days", "18 Nov 2026 1 4"),
            ("?range=custom&from=2026-10-01&to=2026-11-30", "from 1 Oct 2026 to 18 Nov 2026", "18 Nov 2026 1 4"),
        ],
    )
    async def test_by_the_day(self, site: Site, query: str, days: str, first: str) -> None:
        await live(site)
        shown = await show(site, f"surveys/nps{query}")
        assert f"80% of 5 decisions {days} were a no" in shown.text
        assert first in shown.text
        # Two weeks at least, or as many days as are asked for, so that one day is no wall.
        assert len([one for one in shown.all("rect") if one.get("class") == "hit"]) in (7, 14)

    async def test_one_decision_is_one(self, site: Site) -> None:
        await site.offer("ann")
        await site.service.journal.write(site.service.db)
        assert (
            "Nothing refused in the last 90 days: the one decision was a yes." in (await show(site, "surveys/nps")).text
        )
        assert (
            "100% of 1 decision in the last 90 days was a no, most often because another survey was offered first."
            in ((await show(site, "surveys/less")).text)
        )
        await site.offer("bo")
        await site.service.journal.write(site.service.db)
        assert "all 2 decisions were a yes." in (await show(site, "surveys/nps")).text

    @pytest.mark.parametrize(
        ("key", "told"),
        [
            ("nps", "no Done came that made anybody a candidate. See which events come."),
            ("less", "no Done or Paid came that made anybody a candidate."),
            ("feedback", "nobody asked for it."),
        ],
    )
    async def test_nothing_is_said_in_words(self, site: Site, key: str, told: str) -> None:
        shown = await show(site, f"surveys/{key}")
        assert f"Nothing was decided in the last 90 days: {told}" in shown.text

    async def test_a_draft_leads_to_a_backtest_instead(self, site: Site) -> None:
        shown = await show(site, "surveys/draft")
        assert "Why people were not asked" not in shown.text
        assert shown.links("/backtest?survey=draft")

    async def test_a_rule_is_named_as_a_policy_writes_it(self, site: Site) -> None:
        counts = [
            DecisionCount(site.project.project_id, "nps", START // HOUR_MS, "not_offered", code, rule, 1)
            for code, rule in (("", ""), ("rule", "any-7d"), ("holdout", ""))
        ]
        run_once(site.path, site.clock, add_counts, counts)
        shown = await show(site, "surveys/nps")
        page = (await site.client.get(f"/projects/{site.project.project_id}/surveys/nps")).text
        assert "<code>any-7d</code>" in page
        assert "rule any-7d is full 1 100%" in shown.text
        assert "<code>holdout</code>" not in page, "words say it already"

    async def test_what_was_not_noted_is_told(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(web, "MOST_LINES", 1)
        await site.offer("ann")
        await site.service.journal.write(site.service.db)
        assert "1 decision of this project came too fast to be noted." in (await show(site, "surveys/nps")).text

    async def test_rare_reasons_are_named_by_their_number(self, site: Site) -> None:
        hour = START // HOUR_MS
        counts = [DecisionCount(site.project.project_id, "nps", hour, "not_offered", "", "", 50)]
        counts += [
            DecisionCount(site.project.project_id, "nps", hour, "not_offered", "rule", f"r{number}", number + 1)
            for number in range(14)
        ]
        run_once(site.path, site.clock, add_counts, counts)
        shown = await show(site, "surveys/nps?band=detractor")
        assert "rule r2 is full 3 6%" in shown.text
        assert "rule r1 is full" not in shown.text
        assert "of which 2 rarer ones are not shown." in shown.text
        assert "Of all people: counts know no band and no trait." in shown.text


class TestTheEvents:
    async def test_what_came_and_who_waits_for_it(self, site: Site) -> None:
        await site.event("ann", properties={"course": "algebra", "n": 1})
        site.clock.advance(HOUR_MS)
        for _ in range(2):
            await site.backend("Viewed", properties={"a": 1})
        await site.service.journal.write(site.service.db)
        await log_in(site.client, site.service, "viewer", "later@tactful.test")
        shown = await show(site, "events")
        assert "What came since 18 Nov 2026, 11:06 UTC" in shown.text
        assert "Viewed Backend 2 times last just now No live survey waits for it a number" in shown.text
        assert "Done Page 1 time last 1 hour ago Waited for by Nps, Less course text n number" in shown.text
        assert shown.text.index("Viewed Backend") < shown.text.index("Done Page")
        assert "Waited for, and never came Paid from a backend, for Less" in shown.text

    async def test_begins_with_what_to_do(self, site: Site) -> None:
        shown = await show(site, "events")
        assert "No event has come yet" in shown.text
        assert "Done for Nps, Less" in shown.text

    async def test_an_event_without_properties(self, site: Site) -> None:
        await site.backend("Paid")
        await site.backend("Done")
        await site.service.journal.write(site.service.db)
        shown = await show(site, "events")
        assert "Waited for by Less No properties" in shown.text
        assert "never came" not in shown.text

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    async def test_text_is_text(self, site: Site, text: str) -> None:
        await site.backend(text[:200], properties={text[:90]: text})
        await site.service.journal.write(site.service.db)
        hostile = await show(site, "events")
        assert " ".join(text[:60].split()) in hostile.text
        await site.backend("harmless")
        await site.service.journal.write(site.service.db)
        assert len((await show(site, "events")).all("li")) == len(hostile.all("li")) + 1


def test_counts_are_kept_as_long_as_pages_say() -> None:
    assert stored.KEEP_COUNTS_MS == 90 * DAY_MS
