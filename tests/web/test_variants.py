"""Variants and arms from the ask to the results: who is told what, what is kept of it, and how groups compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tactful.core.reading import read_survey
from tactful.core.surveys import Survey
from tactful.core.variants import variant_for
from tactful.store import groups
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import HOSTILE, show
from tests.support.rows import execute
from tests.support.service import NO_RULES, Site, a_site, a_survey, apply_to

pytestmark = pytest.mark.anyio

VARIANTS = {"plain": {"weight": 1}, "warm": {"weight": 1, "texts": {"score.ask": "Tell a friend?"}}}
QUESTIONS = {"plain": "How likely?", "warm": "Tell a friend?"}


def in_variants(**fields: Any) -> dict[str, Any]:
    return a_survey(variants=VARIANTS, arm="traits.scoring", **fields)


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(path, clock, surveys=(in_variants(),), policy=NO_RULES) as site:
        await log_in(site.client, site.service, "viewer")
        yield site


def share(key: str, survey: str = "nps") -> str | None:
    """The variant that somebody who was never asked falls to."""
    return variant_for(_survey(survey), key, None)


def _survey(key: str) -> Survey:
    survey = read_survey(in_variants() | {"key": key}).value
    assert survey is not None
    return survey


def told(name: str, *, of: str, others: int = 50) -> list[str]:
    """People who fall to the variant `name`."""
    return [user for number in range(others) if share(user := f"{of}-{number}") == name]


async def asked(site: Site, user_id: str | None, **fields: Any) -> tuple[str, str]:
    """Ask somebody: the ask's token and the question that they are told."""
    offer = await site.offer(user_id, **fields)
    assert offer is not None
    answer = (await site.take_up(offer, user_id, **fields)).json()
    return answer["ask"], answer["survey"]["questions"][0]["ask"]


async def identify(site: Site, user_id: str, **traits: Any) -> None:
    message = {"userId": user_id, "traits": traits, "writeKey": site.project.write_key}
    assert (await site.client.post("/v1/identify", json=message)).status_code == 200


def kept(site: Site) -> list[tuple[Any, ...]]:
    return execute(site.path, "SELECT variant, arm FROM asks ORDER BY asked_at, ask_id")


class TestAsking:
    async def test_everybody_is_told_the_variant_of_their_share_each_time(self, site: Site) -> None:
        for number in range(12):
            user = f"user-{number}"
            expected = QUESTIONS[str(share(user))]
            for _ in range(2):
                assert (await asked(site, user))[1] == expected
                site.clock.advance(1_000)
        assert {variant for variant, _ in kept(site)} == {"plain", "warm"}

    async def test_whoever_was_asked_keeps_theirs_when_weights_change(self, site: Site) -> None:
        warm, other = told("warm", of="w")[:2]
        assert (await asked(site, warm))[1] == QUESTIONS["warm"]
        site.clock.advance(1_000)
        closed = VARIANTS | {"warm": VARIANTS["warm"] | {"weight": 0}}
        apply_to(site.path, site.clock, site.project.project_id, in_variants() | {"variants": closed})
        await site.service.configs.refresh()
        assert (await asked(site, warm))[1] == QUESTIONS["warm"]
        assert (await asked(site, other))[1] == QUESTIONS["plain"]

    async def test_and_is_told_another_when_it_is_gone(self, site: Site) -> None:
        warm = told("warm", of="w")[0]
        await asked(site, warm)
        site.clock.advance(1_000)
        apply_to(site.path, site.clock, site.project.project_id, in_variants() | {"variants": {"plain": {}}})
        await site.service.configs.refresh()
        assert (await asked(site, warm))[1] == QUESTIONS["plain"]

    async def test_the_variant_comes_along_when_an_anonymous_person_logs_in(self, site: Site) -> None:
        browser = next(f"b-{n}" for n in range(50) if share(f"b-{n}") == "warm")
        user = told("plain", of="u")[0]
        anonymous = {"identity": {"user_id": None, "anonymous_id": browser}}
        assert (await asked(site, None, **anonymous))[1] == QUESTIONS["warm"]
        site.clock.advance(1_000)
        known = {"identity": {"user_id": user, "anonymous_id": browser}}
        assert (await asked(site, user, **known))[1] == QUESTIONS["warm"], "once asked, always the same"
        assert [variant for variant, _ in kept(site)] == ["warm", "warm"]

    async def test_an_ask_given_back_decides_nothing(self, site: Site) -> None:
        warm = told("warm", of="w")[0]
        ask, _ = await asked(site, warm)
        assert (await site.post("/w/closings", {"ask": ask, "how": "not_rendered"})).status_code == 200
        execute(site.path, "UPDATE asks SET variant = 'plain'")
        site.clock.advance(1_000)
        assert (await asked(site, warm))[1] == QUESTIONS["warm"]

    async def test_a_retry_is_told_the_same_words(self, site: Site) -> None:
        warm = told("warm", of="w")[0]
        offer = await site.offer(warm)
        assert offer is not None
        answers = [(await site.take_up(offer, warm)).json() for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[1]["survey"]["questions"][0]["ask"] == QUESTIONS["warm"]

    async def test_who_asks_to_give_feedback_is_told_theirs(self, site: Site) -> None:
        warm = told("warm", of="w")[0]
        body = {"show": "nps", "pass": await site.the_pass(), "identity": {"user_id": warm}, "context": {"page": "/"}}
        told_so = (await site.post("/w/asks", body)).json()["survey"]
        assert told_so["questions"][0]["ask"] == QUESTIONS["warm"]

    async def test_the_arm_is_kept_as_it_was_at_the_ask(self, site: Site) -> None:
        await identify(site, "ann", scoring="new")
        ask, _ = await asked(site, "ann")
        await identify(site, "ann", scoring="old")
        await site.respond(ask)
        site.clock.advance(1_000)
        await asked(site, "bob")
        assert [arm for _, arm in kept(site)] == ["new", None]
        [response] = (await site.manage("GET", "responses")).json()["data"]
        assert (response["variant"], response["arm"]) == (share("ann"), "new")

    async def test_a_survey_without_them_keeps_none(self, path: Path, clock: SetClock) -> None:
        async with a_site(path, clock, surveys=(a_survey(),)) as site:
            await asked(site, "ann")
            assert kept(site) == [(None, None)]


def say(site: Site, variant: str | None, arm: str | None, scores: list[int | None], **columns: Any) -> None:
    """Write asks by hand, each answered with its score or not at all."""
    project, now = site.project.project_id, site.clock.now
    for score in scores:
        number = execute(site.path, "SELECT count(*) FROM asks")[0][0]
        row = {
            "project_id": project, "person_id": f"p{number}", "ask_id": f"k{number}", "survey_key": "nps", "version": 1,
            "kind": "nps", "tags": "[]", "test": 0, "asked_for": 0, "locale": "en", "page": "", "event": "{}",
            "asked_at": now, "responded_at": None if score is None else now, "variant": variant, "arm": arm,
        } | columns  # fmt: skip
        _insert(site, "asks", row)
        person = {"traits": '{"plan": "pro"}' if number % 2 else "{}", "first_seen_at": now, "last_at": now}
        _insert(site, "people", {"project_id": project, "person_id": f"p{number}"} | person)
        if score is not None:
            band = "promoter" if score > 8 else "passive" if score > 6 else "detractor"
            said = {"rev": 1, "answers": f'{{"score": {score}}}', "score": score, "band": band, "done": 1}
            ids = {name: row[name] for name in ("project_id", "person_id", "ask_id", "survey_key", "version", "test")}
            times = {"response_id": f"r{number}", "created_at": now, "updated_at": now}
            _insert(site, "responses", ids | said | times)


def _insert(site: Site, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    execute(site.path, f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", *row.values())


class TestComparing:
    async def results(self, site: Site) -> Any:
        return (await site.manage("GET", "surveys/nps/results")).json()

    async def test_groups_are_compared_in_the_order_written(self, site: Site) -> None:
        say(site, "warm", None, [10] * 18 + [0] * 2 + [None] * 20)
        say(site, "plain", None, [0] * 18 + [10] * 2)
        say(site, "older", None, [10])
        found = (await self.results(site))["variants"]
        assert [(one["name"], one["asked"], one["n"]) for one in found["groups"]] == [
            ("plain", 20, 20),
            ("warm", 40, 20),
            ("older", 1, 1),
        ]
        warm = found["groups"][1]
        assert (warm["difference"]["estimate"], warm["difference"]["way"]) == (160, "higher")
        assert (warm["responded_difference"]["estimate"], warm["responded_difference"]["way"]) == (-0.5, "lower")
        assert (found["comparisons"], found["many"]) == (2, True)

    async def test_test_people_and_asks_given_back_count_nowhere(self, site: Site) -> None:
        say(site, "plain", "a", [9] * 5)
        say(site, "plain", "a", [0] * 5, test=1)
        say(site, "warm", "b", [None] * 5, refunded_at=site.clock.now)
        found = await self.results(site)
        assert [(one["name"], one["asked"], one["n"]) for one in found["variants"]["groups"]] == [
            ("plain", 5, 5),
            ("warm", 0, 0),
        ]
        assert [(one["name"], one["asked"]) for one in found["arms"]["groups"]] == [("a", 5)]

    async def test_the_largest_arms_are_compared(self, site: Site) -> None:
        for number in range(groups.MOST_ARMS + 3):
            say(site, "plain", f"arm-{number}", [9] * (number + 1))
        found = (await self.results(site))["arms"]["groups"]
        assert [one["asked"] for one in found] == list(range(groups.MOST_ARMS + 3, 3, -1))
        assert "Smaller ones are left out." in (await show(site, "surveys/nps")).text

    async def test_a_survey_without_groups_has_none(self, path: Path, clock: SetClock) -> None:
        async with a_site(path, clock, surveys=(a_survey(),)) as site:
            found = await self.results(site)
            assert (found["variants"], found["arms"]) == (None, None)

    async def test_the_page_says_what_differs_and_what_does_not(self, site: Site) -> None:
        say(site, "plain", "old", [0] * 18 + [10] * 2)
        say(site, "warm", "new", [10] * 18 + [0] * 2)
        shown = (await show(site, "surveys/nps")).text
        assert "Variants Of everybody who was asked in the last 90 days" in shown
        assert "higher than plain by 160 points, likely between" in shown
        assert "Response rate: no difference from plain can be told; it was 0 percentage points" in shown
        assert "By traits.scoring" in shown
        assert "comparisons." not in shown

    async def test_many_comparisons_come_with_a_warning(self, site: Site) -> None:
        for arm in ("a", "b", "c"):
            say(site, None, arm, [9] * 6)
        assert "2 comparisons. Each leaves out zero by chance" in (await show(site, "surveys/nps")).text

    async def test_filters_hold_for_groups_too(self, site: Site) -> None:
        say(site, "plain", None, [9, 0] * 6)
        whole, narrowed = [(await show(site, f"surveys/nps{query}")).text for query in ("", "?trait=plan=pro")]
        assert ("12 asked" in whole, "6 asked" in narrowed) == (True, True)
        assert "6 asked" not in whole
        say(site, "plain", None, [9], asked_at=site.clock.now - 10 * 86_400_000)
        shown = [(await show(site, f"surveys/nps?range={days}")).text for days in ("7d", "30d")]
        assert ["13 asked" in one for one in shown] == [False, True]

    async def test_a_band_is_compared_by_its_share(self, site: Site) -> None:
        say(site, "plain", None, [0] * 18 + [10] * 2)
        say(site, "warm", None, [10] * 18 + [0] * 2)
        shown = (await show(site, "surveys/nps?band=detractor")).text
        assert "lower than plain by 80 percentage points" in shown

    async def test_few_answers_are_no_score(self, site: Site) -> None:
        say(site, "plain", None, [9] * 3 + [None])
        shown = (await show(site, "surveys/nps")).text
        assert "3 answers: too few for a score" in shown
        assert "4 asked, 3 responded" in shown
        assert "0 asked No answers" in shown

    async def test_hostile_arms_are_text(self, site: Site) -> None:
        for text in HOSTILE[:8]:
            say(site, "plain", text[:100], [9] * 5)
        assert "<script>alert(1)</script>" in (await show(site, "surveys/nps")).text

    async def test_a_response_shows_its_variant_its_arm_and_the_words_it_answers(self, site: Site) -> None:
        warm = told("warm", of="w")[0]
        await identify(site, warm, scoring="new & <b>")
        ask, _ = await asked(site, warm)
        await site.respond(ask, done=True)
        [response] = (await site.manage("GET", "responses")).json()["data"]
        shown = (await show(site, f"responses/{response['id']}")).text
        assert "Tell a friend?" in shown
        assert "Variant warm" in shown
        assert "Arm new & <b>" in shown


def test_a_share_is_near_its_weight() -> None:
    found = Counter(share(f"user-{number}") for number in range(2_000))
    assert 880 < found["warm"] < 1_120
