"""Versions of a survey and what would change, over the API and on the page for members."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import HOSTILE, show
from tests.support.rows import contents
from tests.support.service import Site, a_site, a_survey, apply_to

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    """A project whose survey has three versions, made a second apart."""
    async with a_site(path, clock, surveys=(a_survey(),)) as site:
        for fields in ({"priority": 1}, {"priority": 1, "intro": "Hello"}):
            clock.advance(1_000)
            apply_to(path, clock, site.project.project_id, a_survey(**fields))
        await log_in(site.client, site.service, "viewer")
        yield site


async def diff(site: Site, body: dict[str, Any], status: int = 200) -> Any:
    answer = await site.manage("POST", "diff", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


class TestApi:
    async def test_versions_are_listed_from_the_newest(self, site: Site) -> None:
        listed = (await site.manage("GET", "surveys/nps/versions")).json()
        assert [(one["version"], one["current"]) for one in listed["data"]] == [(3, True), (2, False), (1, False)]
        times = [one["created_at"] for one in listed["data"]]
        assert times == sorted(times, reverse=True)
        assert len(set(times)) == 3

    async def test_and_page_by_page(self, site: Site) -> None:
        found, address = [], "surveys/nps/versions?limit=2"
        while address:
            told = (await site.manage("GET", address)).json()
            found += [one["version"] for one in told["data"]]
            address = (told["next"] or "").partition("/api/v1/")[2]
        assert found == [3, 2, 1]

    async def test_a_version_tells_what_it_says_and_what_it_changed(self, site: Site) -> None:
        told = (await site.manage("GET", "surveys/nps/versions/3")).json()
        assert (told["definition"]["intro"], told["current"]) == ("Hello", True)
        assert "state" not in told["definition"]
        assert told["diff"].startswith("--- nps, version 2\n+++ nps, version 3\n")
        assert "\n+intro: Hello\n" in told["diff"]
        first = (await site.manage("GET", "surveys/nps/versions/1")).json()["diff"]
        assert first.startswith("--- nothing\n+++ nps, version 1\n")
        against = (await site.manage("GET", "surveys/nps/versions/3?against=1")).json()["diff"]
        assert against.startswith("--- nps, version 1\n")
        assert "\n+priority: 1\n" in against

    @pytest.mark.parametrize(
        ("address", "status"),
        [
            ("surveys/x/versions", 404),
            ("surveys/nps/versions/4", 404),
            ("surveys/nps/versions/0", 404),
            ("surveys/nps/versions/x", 404),
            ("surveys/nps/versions/99999999999999999999", 404),
            ("surveys/%00/versions/1", 404),
            ("surveys/x/versions/1", 404),
            ("surveys/nps/versions/1?against=9", 404),
            ("surveys/nps/versions/1?against=x", 400),
            ("surveys/nps/versions?before=-1", 400),
        ],
    )
    async def test_what_is_none_is_told(self, site: Site, address: str, status: int) -> None:
        assert (await site.manage("GET", address)).status_code == status

    async def test_a_diff_says_what_would_change_and_changes_nothing(self, site: Site) -> None:
        before = contents(site.path)
        body = {
            "surveys": [a_survey(priority=1, intro="Hello", state="paused"), a_survey("new", nam="x")],
            "policy": {"rules": [], "tenure": "0s"},
        }
        told = await diff(site, body)
        policy, paused, new = told["data"]
        assert (policy["survey"], policy["change"], policy["version"]) == (None, "changed", None)
        assert policy["means"] == ["Rule `one` is removed: it holds nobody back any more."]
        assert policy["diff"].startswith("--- policy, as it is\n+++ policy, as applied\n")
        assert (paused["change"], paused["version"], paused["before"], paused["diff"]) == ("changed", 3, 3, "")
        assert paused["state"] == {"from": "live", "to": "paused"}
        assert (new["change"], new["version"], new["before"]) == ("created", 1, None)
        assert new["diff"].startswith("--- nothing\n+++ new, version 1\n")
        assert "did you mean `name`?" in told["warnings"][-1]["message"]
        assert contents(site.path) == before

    async def test_what_could_not_be_applied_is_refused_the_same(self, site: Site) -> None:
        other = a_survey(questions=[{"id": "score", "kind": "csat", "ask": "How?"}])
        assert (await diff(site, {"surveys": [other]}, 409))["code"] == "kind_changed"
        assert (await diff(site, {"surveys": 3}, 422))["code"] == "invalid_definition"

    async def test_a_policy_is_told_to_who_may_read_it(self, site: Site) -> None:
        from tests.web.test_manage import scoped  # noqa: PLC0415  # its module is full of tests

        headers = {"authorization": scoped(site, "surveys:read")}
        for body, status in (({"surveys": []}, 200), ({"policy": {}}, 403)):
            assert (await site.client.post("/api/v1/diff", json=body, headers=headers)).status_code == status


class TestPage:
    async def test_the_results_lead_to_it(self, site: Site) -> None:
        assert len((await show(site, "surveys/nps")).links("/surveys/nps/definition")) == 1

    async def test_the_definition_is_shown_with_its_versions(self, site: Site) -> None:
        shown = await show(site, "surveys/nps/definition")
        assert "surveys: - key: nps name: Nps state: live priority: 1" in shown.text
        assert "Version 3 Current" in shown.text
        assert "Changed intro" in shown.text
        assert "The first" in shown.text
        assert "tactful show --project P --survey nps > nps.yaml" in shown.text
        assert shown.links("?from=") == ["?from=2&to=3#changed", "?from=1&to=2#changed"]

    @pytest.mark.parametrize("query", ["from=1&to=3", "from=3&to=1"])
    async def test_any_two_are_compared_the_older_first(self, site: Site, query: str) -> None:
        shown = await show(site, f"surveys/nps/definition?{query}")
        assert "What changed from version 1 to version 3" in shown.text
        assert "From line 1 on" in shown.text
        assert "@@" not in shown.text
        assert "+added priority: 1" in shown.text
        assert "+added intro: Hello" in shown.text
        assert "removed" not in shown.text.replace("Lines that were removed", "")

    async def test_two_that_say_the_same_are_told_to(self, site: Site) -> None:
        assert "Nothing: the two say the same." in (await show(site, "surveys/nps/definition?from=2&to=2")).text

    @pytest.mark.parametrize("query", ["from=x&to=2", "from=2", "before=x", "from=99999999999999999&to=1"])
    async def test_an_address_that_says_nothing_shows_the_definition(self, site: Site, query: str) -> None:
        assert "What changed" not in (await show(site, f"surveys/nps/definition?{query}")).text

    async def test_what_does_not_exist_is_told(self, site: Site) -> None:
        await show(site, "surveys/none/definition", 404)
        await show(site, "surveys/nps/definition?from=1&to=9", 404)

    async def test_many_versions_have_pages(self, site: Site) -> None:
        for number in range(50):
            apply_to(site.path, site.clock, site.project.project_id, a_survey(priority=number + 2))
        shown = await show(site, "surveys/nps/definition")
        assert len(shown.links("?from=")) == 50
        assert shown.links("?before=") == ["?before=4"]
        older = await show(site, "surveys/nps/definition?before=4")
        assert older.links("?from=") == ["?from=2&to=3#changed", "?from=1&to=2#changed"]
        assert "Newest" in older.text
        assert "There are none this old." in (await show(site, "surveys/nps/definition?before=1")).text

    async def test_hostile_texts_are_texts(self, site: Site) -> None:
        for text in HOSTILE:
            written = a_survey(name=text[:150], intro=text[:400].replace("{{", "{"))
            apply_to(site.path, site.clock, site.project.project_id, written)
        shown = await show(site, "surveys/nps/definition?from=4&to=9")
        assert "<script>alert(1)</script>" in shown.text
