"""Projects never meet: what is another's looks, to the byte, like what does not exist."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tactful.store.projects import NewProject
from tactful.tokens import ASK, OFFER, PASS
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.rows import contents
from tests.support.service import NO_RULES, Site, a_site, a_survey, make_project
from tests.support.webhooks import PLAIN

pytestmark = [pytest.mark.anyio, pytest.mark.on_both]


@dataclass
class Two:
    """A page of one project, and another project in the same database, in which the same things happened."""

    site: Site
    theirs: Site
    ids: dict[str, str]


async def live_in(site: Site, user_id: str) -> dict[str, str]:
    """Let somebody be asked and answer; return every id that this made."""
    ask = await site.ask(user_id)
    await site.respond(ask, answers={"score": 3, "why": f"secret of {user_id}"})
    [response] = (await site.manage("GET", "responses")).json()["data"]
    return {"person": response["person"]["id"], "response": response["id"], "ask": ask, "user": user_id}


@pytest.fixture
async def two(where: Where, clock: SetClock) -> AsyncIterator[Two]:
    async with a_site(where, clock, surveys=(a_survey(), a_survey("ours")), policy=NO_RULES) as site:
        other: NewProject = make_project(
            where, clock, surveys=(a_survey(), a_survey("theirs")), policy=NO_RULES, name="Other"
        )
        theirs = Site(site.app, site.client, other, site.url, clock)
        ids = await live_in(theirs, "carol")
        await theirs.manage("PUT", "receivers/theirs", json=PLAIN | {"name": "secret of carol"})
        clock.advance(1_000)
        await live_in(site, "ann")
        yield Two(site, theirs, ids)


ABSENT = {"person": "0" * 26, "survey": "absent", "user": "nobody"}


def addresses(person: str, survey: str, user: str) -> dict[str, list[str]]:
    """Every management route that takes an id, with that id, by what is answered for an unknown one."""
    return {
        "404": [
            f"surveys/{survey}",
            f"surveys/{survey}/results",
            f"receivers/{survey}",
            f"people/{person}",
            f"people/{person}/why",
            f"people/{person}/preferences-link",
            f"people/{person}/why?survey=nps",
        ],
        "empty": [f"people?user_id={user}", f"people?anonymous_id={user}", f"responses?survey={survey}"],
    }


async def test_every_route_answers_anothers_id_like_an_absent_one(two: Two) -> None:
    theirs = addresses(two.ids["person"], "theirs", two.ids["user"])
    absent = addresses(**ABSENT)
    for kind, routes in theirs.items():
        for mine, none in zip(routes, absent[kind], strict=True):
            assert (await two.theirs.manage("GET", mine)).status_code == 200, "it exists for its owner"
            foreign, unknown = await two.site.manage("GET", mine), await two.site.manage("GET", none)
            assert foreign.status_code == unknown.status_code == (404 if kind == "404" else 200)
            assert foreign.content == unknown.content, mine
            assert dict(foreign.headers) == dict(unknown.headers), mine
            assert kind == "404" or foreign.json() == {"data": [], "next": None}


async def test_lists_hold_only_ones_own(two: Two) -> None:
    for route in ("surveys", "people", "responses", "policy", "surveys/nps/results", "receivers"):
        answer = await two.site.manage("GET", route)
        assert answer.status_code == 200
        for secret in ("carol", "theirs", two.ids["person"], two.ids["response"]):
            assert secret not in answer.text, (route, secret)
    assert (await two.site.manage("GET", "surveys/nps/results")).json()["n"] == 1


async def test_a_list_does_not_go_on_into_anothers(two: Two) -> None:
    for route, after in (
        ("people", f"after={'0' * 26}"),
        ("people", "after="),
        ("responses", "before=9007199254740991.zzzz"),
        ("responses", f"before=9999999999999.{two.ids['response']}"),
    ):
        told = (await two.site.manage("GET", f"{route}?{after}")).json()
        assert len(told["data"]) == 1
        assert "carol" not in str(told)


async def test_what_happens_there_changes_no_byte_here(two: Two) -> None:
    async def all_of_mine() -> list[bytes]:
        routes = ("surveys", "policy", "people", "responses", "surveys/nps/results", "surveys/nps")
        answers = [await two.site.manage("GET", route) for route in routes]
        config = await two.site.client.get(f"/w/{two.site.project.public_key}.json")
        return [answer.content for answer in answers] + [config.content]

    before = await all_of_mine()
    await two.theirs.ask("ann")
    await two.theirs.event("ann", type="identify", traits={"plan": "theirs"})
    closing = {"pass": await two.theirs.the_pass(), "identity": {"user_id": "ann"}, "how": "opted_out"}
    assert (await two.theirs.post("/w/closings", closing)).status_code == 200
    await two.theirs.manage("PUT", "surveys/nps", json=a_survey(name="Theirs", state="paused"))
    await two.theirs.manage("PUT", "policy", json={"rules": [], "tenure": "9d"})
    assert await all_of_mine() == before


async def test_writing_reaches_only_ones_own(two: Two) -> None:
    theirs = (await two.theirs.manage("GET", "surveys/theirs")).content
    made = await two.site.manage("PUT", "surveys/theirs", json=a_survey("theirs", name="Mine"))
    assert made.status_code == 201, "to us it is a new one"
    assert (await two.theirs.manage("GET", "surveys/theirs")).content == theirs
    theirs = (await two.theirs.manage("GET", "receivers/theirs")).content
    assert (await two.site.manage("DELETE", "receivers/theirs")).status_code == 404
    assert (await two.site.manage("PUT", "receivers/theirs", json=PLAIN)).status_code == 201, "to us it is a new one"
    assert (await two.theirs.manage("GET", "receivers/theirs")).content == theirs


async def test_a_token_of_one_project_takes_nothing_of_another(two: Two) -> None:
    """Signed by this installation, but naming things that do not belong together."""
    sign, ours = two.site.service.tokens.sign, two.site.project.project_id
    before = contents(two.site.url)
    forged: list[tuple[str, dict[str, Any]]] = [
        ("/w/asks", {"offer": sign(OFFER, [ours, two.ids["person"], "o" * 30, "nps", 1, {}])}),
        ("/w/asks", {"offer": sign(OFFER, [ours, ABSENT["person"], "o" * 30, "nps", 1, {}])}),
        ("/w/responses", {"ask": sign(ASK, [ours, two.ids["person"], "a", "nps", 1]), "rev": 1}),
        ("/w/responses", {"ask": sign(ASK, [ours, two.ids["person"], "a", "theirs", 1]), "rev": 1}),
        ("/w/closings", {"ask": sign(ASK, [ours, two.ids["person"], "a", "nps", 1]), "how": "opted_out"}),
        ("/w/clicks", {"ask": sign(ASK, [ours, two.ids["person"], "a", "nps", 1]), "what": "copy"}),
        ("/w/clicks", {"ask": sign(ASK, [ours, two.ids["person"], "a", "theirs", 1]), "what": "copy"}),
        ("/w/events", {"pass": sign(PASS, [ABSENT["person"]]), "events": []}),
        ("/w/preferences", {"pass": sign(PASS, [ABSENT["person"]])}),
    ]
    for route, body in forged:
        answer = await two.site.post(
            route, {"identity": {"user_id": "carol"}, "answers": {"score": 9}, "context": {}} | body
        )
        assert answer.status_code in (404, 409), (route, answer.text)
    assert contents(two.site.url) == before


@pytest.mark.parametrize(
    "route", ["/w/events", "/w/asks", "/w/responses", "/w/closings", "/w/clicks", "/w/preferences"]
)
async def test_no_token_opens_what_it_was_not_made_for(two: Two, route: str) -> None:
    sign, ours = two.site.service.tokens.sign, two.site.project.project_id
    payload = [ours, two.ids["person"], "a", "nps", 1, {}]
    right = {"/w/events": PASS, "/w/preferences": PASS, "/w/asks": OFFER}.get(route, ASK)
    field = {"/w/events": "pass", "/w/preferences": "pass", "/w/asks": "offer"}.get(route, "ask")
    before = contents(two.site.url)
    for purpose in {PASS, OFFER, ASK} - {right}:
        body = {
            field: sign(purpose, payload),
            "events": [],
            "rev": 1,
            "answers": {"score": 1},
            "how": "seen",
            "what": "copy",
        }
        answer = await two.site.post(route, body)
        assert (answer.status_code, answer.json()["code"]) == (401, f"{right.name}_invalid")
    assert contents(two.site.url) == before


async def test_keys_of_one_kind_open_nothing_of_another(two: Two) -> None:
    project = two.site.project
    keys = [
        project.public_key,
        project.write_key,
        project.identity_secret,
        project.project_id,
        await two.site.the_pass(),
    ]
    answers: list[httpx2.Response] = [
        await two.site.client.get("/api/v1/people", headers={"authorization": f"Bearer {key}"}) for key in keys
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    for key in (project.api_token, project.identity_secret, await two.site.the_pass()):
        assert (await two.site.client.get(f"/w/{key}.json")).status_code == 404


async def test_an_ask_answered_from_another_project_or_page_stays_its_own(two: Two) -> None:
    """An ask's token is all that a response needs: it finds its project by itself, whoever's page holds it."""
    before = (await two.site.manage("GET", "responses")).content
    assert (await two.site.respond(two.ids["ask"], 2, answers={"score": 10})).status_code == 200
    assert (await two.site.manage("GET", "responses")).content == before
    assert (await two.theirs.manage("GET", "responses")).json()["data"][0]["score"] == 10
