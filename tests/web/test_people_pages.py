"""People: found by what is known of them, and of each why they may or may not be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS, FOREVER, HOUR_MS, MINUTE_MS, SECOND_MS
from tactful.tokens import TEST
from tactful.web import formats
from tactful.web.dashboard import people as pages
from tests.core.examples import a_person
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import HOSTILE, Shown, below, show
from tests.support.rows import execute
from tests.support.service import Site, a_site, a_survey, apply_to, make_project

pytestmark = pytest.mark.anyio

KNOWN = a_person()

RULES = Policy(
    (
        Rule("any-7d", "all", "asked", 1, 7 * DAY_MS),
        Rule("nps-90d", "kind:nps", "asked", 2, 90 * DAY_MS),
        Rule("own", "this", "responded", 1, 30 * DAY_MS),
        Rule("annoyed", "all", "dismissed", 1, FOREVER),
    ),
    tenure_ms=0,
)


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    surveys = (
        a_survey(priority=5),
        a_survey("pro", audience={"where": [["traits.plan", "is", "pro"]]}, priority=3),
        a_survey("draft", state="draft"),
        a_survey("feedback", trigger={"any": []}),
    )
    async with a_site(path, clock, surveys=surveys, policy=RULES) as site:
        await log_in(site.client, site.service, "viewer")
        yield site


async def identify(site: Site, user_id: str, **traits: Any) -> str:
    """Let the project's backend say who somebody is; returns the person's id."""
    message = {"userId": user_id, "traits": traits, "writeKey": site.project.write_key}
    assert (await site.client.post("/v1/identify", json=message)).status_code == 200
    return person_id(site, f"u:{user_id}")


def person_id(site: Site, alias: str) -> str:
    [[found]] = execute(site.path, "SELECT person_id FROM aliases WHERE alias = ?", alias)
    return str(found)


async def meet(site: Site, anonymous_id: str) -> str:
    identity = {"user_id": None, "anonymous_id": anonymous_id}
    await site.event(None, type="identify", event=None, traits={}, identity=identity)
    return person_id(site, f"a:{anonymous_id}")


class TestTheList:
    async def test_who_was_seen_last_comes_first(self, site: Site) -> None:
        first = await identify(site, "ann", name="Ann Lee", email="ann@x.test")
        site.clock.advance(HOUR_MS)
        second = await meet(site, "browser-0001")
        site.clock.advance(HOUR_MS)
        shown = await show(site, "people")
        assert [link.rpartition("/")[2] for link in shown.links("/people/")] == [second, first]
        assert "Anonymous browser- never asked Seen 1 hour ago" in shown.text
        assert "Ann Lee ann@x.test never asked Seen 2 hours ago" in shown.text
        await site.respond(await site.ask("ann"))
        assert "Ann Lee ann@x.test 1 asked, 1 answered Seen just now" in (await show(site, "people")).text

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            ("user-1", ["user-1", "user-11"]),
            ("user-11", ["user-11"]),
            ("USER-1", []),
            ("ann@", ["user-1"]),
            ("ANN@X.TEST", ["user-1"]),
            ("ann@x.test", ["user-1"]),
            ("browser", ["browser-7"]),
            ("nobody", []),
            ("%", []),
            ("u:user-1", []),
        ],
    )
    async def test_is_searched_by_the_beginning_of_ids_and_addresses(
        self, site: Site, wanted: str, found: list[str]
    ) -> None:
        known = {
            await identify(site, "user-1", email="Ann@X.test"): "user-1",
            await identify(site, "user-11", email=7): "user-11",
            await meet(site, "browser-7"): "browser-7",
        }
        shown = await show(site, f"people?q={wanted.replace('%', '%25')}")
        assert sorted(known[link.rpartition("/")[2]] for link in shown.links("/people/")) == found
        assert ("Nobody found" in shown.text) is (not found)

    async def test_whoever_fits_twice_is_there_once(self, site: Site) -> None:
        await identify(site, "ann@x.test", email="ann@x.test")
        assert len((await show(site, "people?q=ann")).links("/people/")) == 1

    async def test_is_paged_without_gap_or_double(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "PAGE", 3)
        ids = []
        for number in range(8):
            site.clock.advance(number // 3)  # some are seen in the same millisecond
            ids.append(await identify(site, f"u{number}"))
        seen: list[str] = []
        path = "people"
        while path:
            shown = await show(site, path)
            page = [link.rpartition("/")[2] for link in shown.links("/people/")]
            assert 0 < len(page) <= 3
            seen += page
            older = shown.links("before=")
            path = below(site, older[0]) if older else ""
        assert sorted(seen) == sorted(ids)
        assert len(set(seen)) == len(seen)
        assert "Nobody was seen before that." in (await show(site, "people?before=1.x")).text

    async def test_marks_those_who_are_not_like_others(self, site: Site) -> None:
        await identify(site, "ann")
        identity = {"user_id": "ann", "anonymous_id": None}
        await site.post("/w/closings", {"pass": await site.the_pass(), "identity": identity, "how": "opted_out"})
        token = site.service.tokens.sign(TEST, [site.project.project_id])
        await site.visit("bo", test=token)
        text = (await show(site, "people")).text
        assert "bo Test person" in text
        assert "ann Opted out" in text

    async def test_merged_people_are_one(self, site: Site) -> None:
        old = await meet(site, "b1")
        await identify(site, "ann")
        identity = {"user_id": "ann", "anonymous_id": "b1"}
        await site.event(type="identify", event=None, traits={}, identity=identity)
        shown = await show(site, "people")
        assert len(shown.links("/people/")) == 1
        answer = await site.client.get(f"/projects/{site.project.project_id}/people/{old}")
        assert answer.status_code == 303
        assert answer.headers["location"] == shown.links("/people/")[0]
        text = (await show(site, f"people/{person_id(site, 'u:ann')}")).text
        assert "User id ann Anonymous id b1" in text

    async def test_begins_with_what_to_do(self, site: Site) -> None:
        shown = await show(site, "people")
        assert "Nobody has been here yet" in shown.text
        assert "install" in shown.links("install")


class TestOne:
    async def test_shows_who_it_is(self, site: Site) -> None:
        found = await identify(site, "ann", name="Ann Lee", plan="pro", seats=12, beta=True, tags=["a"], long="x" * 900)
        group = {"userId": "ann", "groupId": "acme", "traits": {"owner": "Priya"}, "writeKey": site.project.write_key}
        await site.client.post("/v1/group", json=group)
        text = (await show(site, f"people/{found}")).text
        for told in (
            "Ann Lee ann · Seen just now",
            "User id ann First seen just now Last seen just now Opted out no",
            "beta yes long xxx",
            'plan pro seats 12 tags ["a"]',
            "Account acme owner Priya",
            "This person has never been asked.",
        ):
            assert told.replace("· ", "") in text.replace("· ", "")
        assert "x" * 301 not in text

    async def test_says_why_and_why_not(self, site: Site) -> None:
        found = await identify(site, "ann")
        before = (await show(site, f"people/{found}")).text
        assert "By 2 of 3 live surveys, now." in before
        assert "Nps ✓ Yes Waits for Done." in before
        assert "Pro ✕ No The survey's audience" not in before
        assert "Pro ✕ No This person is not in the survey's audience." in before
        assert "Draft draft The survey is not live." in before
        assert "Feedback ✓ Yes Waits for a page to call tactful('show', 'feedback')." in before
        await site.respond(await site.ask("ann"))
        site.clock.advance(2 * DAY_MS)
        shown = await show(site, f"people/{found}")
        assert (
            "Nps ✕ Not yet: in 28 days Responded once in 30 days by this survey; rule own allows 1. Free in 28 days."
        ) in shown.text
        assert "By none of the 3 live surveys now; by the first in 5 days." in shown.text
        assert "Asked once in 7 days; rule any-7d allows 1. Free in 5 days." in shown.text
        assert "✕refuses any-7d 1 of 1 asks of any survey in 7 days: free in 5 days" in shown.text
        assert "✓passes nps-90d 1 of 2 asks of surveys of kind nps in 90 days" in shown.text
        assert "The survey is live ✓passes –" in shown.text

    async def test_a_rule_without_end_is_never_free_again(self, site: Site) -> None:
        ask = await site.ask("ann")
        await site.post("/w/closings", {"ask": ask, "how": "dismissed"})
        text = (await show(site, f"people/{person_id(site, 'u:ann')}")).text
        assert "Dismissed once in all time; rule annoyed allows 1." in text
        assert "✕refuses annoyed 1 of 1 dismissals of any survey in all time: never free again" in text
        assert "Nps ✕ No" in text

    async def test_how_every_ask_went(self, site: Site) -> None:
        asks = [await site.ask("ann")]
        for _ in range(3):
            site.clock.advance(100 * DAY_MS)
            site._pass = ""  # it is good for 14 days
            asks.append(await site.ask("ann", "Done"))
        site.clock.advance(8 * SECOND_MS)
        await site.respond(asks[3], answers={"score": 10, "why": "Great"}, done=True)
        answer = await site.post(
            "/w/asks",
            {"show": "feedback", "pass": await site.the_pass(), "identity": {"user_id": "ann", "anonymous_id": None}},
        )
        site.clock.advance(3 * SECOND_MS)
        await site.post("/w/closings", {"ask": answer.json()["ask"], "how": "seen"})
        site.clock.advance(HOUR_MS)
        await log_in(site.client, site.service, "viewer", "later@tactful.test")
        shown = await show(site, f"people/{person_id(site, 'u:ann')}")
        assert "Nps Great Responded after 8 seconds 1 hour ago" in shown.text
        assert "Feedback Seen after 3 seconds, nothing said 1 hour ago They asked for it" in shown.text
        assert shown.text.count("Not seen: the card was not in view") == 3
        assert len(shown.links("/responses/")) == 1

    @pytest.mark.parametrize(
        ("how", "told"),
        [
            ("dismissed", "Dismissed after 2 seconds"),
            ("opted_out", "Asked after 2 seconds never to be asked again"),
            ("not_rendered", "Given back: the card could not be drawn, so it does not count"),
        ],
    )
    async def test_how_an_ask_ended(self, site: Site, how: str, told: str) -> None:
        ask = await site.ask("ann")
        site.clock.advance(2_100)
        await site.post("/w/closings", {"ask": ask, "how": how})
        shown = await show(site, f"people/{person_id(site, 'u:ann')}")
        assert told in shown.text
        assert ("Never to be asked again." in shown.text) is (how == "opted_out")

    async def test_test_people_pass_what_is_marked(self, site: Site) -> None:
        await site.visit("ann", test=site.service.tokens.sign(TEST, [site.project.project_id]))
        await site.respond(await site.ask("ann"))
        shown = await show(site, f"people/{person_id(site, 'u:ann')}")
        assert "Test person: counts nowhere" in shown.text
        assert "Nps ✓ Yes" in shown.text
        assert "✓passes any-7d 1 of 1 asks of any survey in 7 days: test people pass" in shown.text
        assert "In the survey's sample ✓passes test people pass" in shown.text

    async def test_what_waits_for_their_tab(self, site: Site) -> None:
        held = {"any": [{"event": "Closed", "source": "server", "hold": "2h", "within": "3d"}]}
        apply_to(site.path, site.clock, site.project.project_id, a_survey("held", trigger=held))
        await site.service.configs.refresh()
        await site.backend("Closed")
        shown = await show(site, f"people/{person_id(site, 'u:ann')}")
        assert "Held: held, may be offered in 2 hours, given up in 4 days." in shown.text
        site.clock.advance(3 * HOUR_MS)
        shown = await show(site, f"people/{person_id(site, 'u:ann')}")
        assert "Held: offered as soon as their tab is there, given up in 3 days." in shown.text

    async def test_several_of_a_survey_wait_in_one_line(self, site: Site) -> None:
        ticket = {"event": "Closed", "source": "server", "per": "properties.ticket", "hold": "2h", "within": "3d"}
        apply_to(site.path, site.clock, site.project.project_id, a_survey("held", trigger={"any": [ticket]}))
        await site.service.configs.refresh()
        for number in range(3):
            await site.backend("Closed", properties={"ticket": f"T-{number}"})
            site.clock.advance(HOUR_MS)
        shown = await show(site, f"people/{person_id(site, 'u:ann')}")
        assert "Held 2 times : offered as soon as" in shown.text.replace("times:", "times :")
        assert "given up in 3 days." in shown.text
        assert "Held: held, may be offered in 1 hour" in shown.text

    async def test_what_another_project_owns_is_not_there(self, site: Site) -> None:
        found = await identify(site, "ann")
        other = make_project(site.path, site.clock, name="Other")
        theirs = await site.client.get(f"/projects/{other.project_id}/people/{found}")
        assert theirs.status_code == 404
        assert "There is no such person in this project." in theirs.text
        assert "ann" not in theirs.text
        await show(site, "people/%00", 404)
        nowhere = await site.client.get(f"/projects/nowhere/people/{found}")
        assert nowhere.status_code == 404

    async def test_a_project_without_surveys(self, path: Path, clock: SetClock) -> None:
        async with a_site(path, clock) as site:
            await log_in(site.client, site.service, "viewer")
            found = await identify(site, "ann")
            assert "This project has no survey yet." in (await show(site, f"people/{found}")).text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_text_is_text(site: Site, text: str) -> None:
    """The pages have the same elements whatever was written, and what was written is there to be read."""

    async def shown(user_id: str, words: str) -> tuple[Shown, Shown]:
        found = await identify(site, user_id, name=words, email=words, **{words: words})
        group = {"userId": user_id, "groupId": words[:250], "traits": {words: words}}
        await site.client.post("/v1/group", json=group | {"writeKey": site.project.write_key})
        return await show(site, f"people?q={user_id}"), await show(site, f"people/{found}")

    hostile, harmless = await shown("ann", text), await shown("bob", "x" * len(text))
    for one, other in zip(hostile, harmless, strict=True):
        assert [tag for tag, _ in one.elements] == [tag for tag, _ in other.elements]
        assert " ".join(text[:60].split()) in one.text


@pytest.mark.parametrize(
    ("left_ms", "told"),
    [
        (-1, "now"),
        (0, "now"),
        (1, "in 1 second"),
        (59_001, "in 1 minute"),
        (90 * SECOND_MS, "in 2 minutes"),
        (59 * MINUTE_MS + 1, "in 1 hour"),
        (47 * HOUR_MS, "in 47 hours"),
        (2 * DAY_MS - 1, "in 2 days"),
        (81 * DAY_MS, "in 81 days"),
        (FOREVER, "never"),
    ],
)
def test_ahead(left_ms: int, told: str) -> None:
    assert formats.ahead(left_ms + 5, 5) == told


@pytest.mark.parametrize(
    ("length_ms", "told"),
    [
        (0, "less than a second"),
        (999, "less than a second"),
        (1_000, "1 second"),
        (61_000, "1 minute"),
        (2 * HOUR_MS, "2 hours"),
        (90 * DAY_MS, "90 days"),
    ],
)
def test_span(length_ms: int, told: str) -> None:
    assert formats.span(length_ms) == told
