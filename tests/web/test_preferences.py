"""The page where a person sees and changes what they agreed to: who gets a link, what it opens, what it never shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tactful.core.spans import DAY_MS, HOUR_MS, SECOND_MS
from tactful.identity import hash_user
from tactful.tokens import ASK, ME, PREVIEW, SENT_ME, TEST
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.members import FROM_OURS, log_in
from tests.support.pages import HOSTILE, Shown, show
from tests.support.rows import acknowledged, contents, execute
from tests.support.service import CONTEXT, NO_RULES, Site, a_site, a_survey, make_project

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(where: Where, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(where, clock, surveys=(a_survey(),), policy=NO_RULES) as running:
        yield running


async def link(site: Site, identity: dict[str, Any], **fields: Any) -> str:
    """The link that a page gets, as a path."""
    body = {"pass": await site.the_pass(), "identity": identity, "context": CONTEXT | {"locale": ""}} | fields
    answer = await site.post("/w/preferences", body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"]).removeprefix("http://service.test")


def signed(site: Site, user_id: str) -> dict[str, str]:
    return {"user_id": user_id, "user_hash": hash_user(site.project.identity_secret, user_id)}


async def look(site: Site, path: str, status: int = 200) -> Shown:
    answer = await site.client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 'name="robots" content="noindex"' in answer.text
    return Shown(answer.text)


async def do(site: Site, path: str, what: str, status: int = 303, **form: str) -> None:
    answer = await site.client.post(path, data={"do": what} | form, headers=FROM_OURS)
    assert answer.status_code == status, answer.text


async def enforce(site: Site) -> None:
    answer = await site.manage("PUT", "identity", json={"mode": "enforce"})
    assert answer.status_code in {200, 201}, answer.text


async def answer_as(site: Site, user_id: str, said: str) -> str:
    ask = await site.ask(user_id)
    assert (await site.respond(ask, answers={"score": 4, "why": said}, done=True)).status_code == 200
    return ask


def acts(site: Site) -> list[tuple[str, str]]:
    return [(who, what) for who, what in execute(site.url, "SELECT who, what FROM audit ORDER BY audit_id")]


@pytest.mark.on_both
async def test_somebody_proved_sees_what_they_said_and_changes_it(site: Site) -> None:
    await answer_as(site, "ann", "too slow")
    path = await link(site, signed(site, "ann"))
    shown = await look(site, path)
    assert "You may be asked a short question" in shown.text
    assert "How likely? 4 Why? too slow" in shown.text
    await do(site, path, "stop")
    assert "You are not asked anything" in (await look(site, path)).text
    site.clock.advance(SECOND_MS)
    assert await site.offer("ann") is None
    await do(site, path, "allow")
    assert await site.offer("ann") is not None
    await do(site, path, "erase", sure="yes")
    assert "you asked for everything to be erased" in (await look(site, path)).text
    await do(site, path, "keep")
    assert "Have everything erased" in (await look(site, path)).text
    they = "the person"
    assert sorted(acts(site)) == [(they, "erasure_asked"), (they, "erasure_not_asked"), (they, "opt_out_ended")]


async def test_a_change_comes_back_to_the_page_in_its_language(site: Site) -> None:
    path = await link(site, signed(site, "ann"), context=CONTEXT | {"locale": "de-CH"})
    assert path.endswith("?lang=de-CH")
    answer = await site.client.post(path, data={"do": "stop"}, headers=FROM_OURS)
    assert answer.headers["location"] == f"{path.partition('?')[0]}?lang=de-CH&done#said"
    shown = await look(site, answer.headers["location"].partition("#")[0])
    assert "Gespeichert." in shown.text
    assert shown.all("html", lang="de", dir="ltr")
    assert (await look(site, path.replace("de-CH", "ar"))).all("html", lang="ar", dir="rtl")
    preferred = await site.client.get(path.partition("?")[0], headers={"accept-language": "fr-CA,en;q=0.8"})
    assert "Vos choix" in preferred.text


@pytest.mark.on_both
async def test_the_download_is_the_export(site: Site) -> None:
    await answer_as(site, "ann", "too slow")
    path = await link(site, signed(site, "ann"))
    told = (await site.client.get(f"{path}/data")).json()
    [person] = (await site.manage("GET", "people", params={"user_id": "ann"})).json()["data"]
    exported = (await site.manage("GET", f"people/{person['id']}/export")).json()
    assert told == exported
    assert told["tables"]["responses"][0]["comment"] == "too slow"


async def test_a_browser_nobody_logged_in_on_sees_its_own(site: Site) -> None:
    identity = {"anonymous_id": "browser-1"}
    offer = await site.offer(identity=identity)
    ask = (await site.take_up(str(offer), identity=identity)).json()
    await site.respond(ask["ask"], answers={"score": 7})
    for path in (await link(site, identity), ask["preferences"].removeprefix("http://service.test")):
        assert "How likely? 7" in (await look(site, path)).text


async def test_who_only_claims_to_be_somebody_sees_nothing_that_was_said(site: Site) -> None:
    await answer_as(site, "ann", "my secret")
    path = await link(site, {"user_id": "ann"})
    shown = await look(site, path)
    assert "my secret" not in shown.text
    assert "How likely?" not in shown.text
    assert "cannot tell for sure who you are" in shown.text
    before = acknowledged(site.url)
    for what in ("erase", "keep", "withdraw"):
        await do(site, path, what, 401, sure="yes", response="x", question="why")
    assert (await site.client.get(f"{path}/data")).status_code == 401
    assert acknowledged(site.url) == before
    await do(site, path, "stop")
    await do(site, path, "allow", 401)
    assert "You are not asked anything" in (await look(site, path)).text
    assert acts(site) == []


async def test_a_claim_joins_no_browser_to_anybody(site: Site) -> None:
    await answer_as(site, "ann", "my secret")
    await link(site, {"user_id": "ann", "anonymous_id": "a-strangers"})
    [person] = (await site.manage("GET", "people", params={"user_id": "ann"})).json()["data"]
    exported = (await site.manage("GET", f"people/{person['id']}/export")).json()
    assert "a-strangers" not in str(exported)


async def test_under_enforce_only_a_proof_opens_anything_of_somebody_known(site: Site) -> None:
    await answer_as(site, "ann", "my secret")
    claimed = await link(site, {"user_id": "ann"})
    await site.event(identity={"user_id": "ann", "anonymous_id": "anns"})
    await enforce(site)
    await look(site, claimed, 401)
    await do(site, claimed, "allow", 401)
    # An unsigned claim counts as its browser, and that is Ann's.
    body = {"pass": await site.the_pass(), "identity": {"user_id": "ann", "anonymous_id": "anns"}}
    answer = await site.post("/w/preferences", body)
    assert (answer.status_code, answer.json()["code"]) == (401, "identity_needed")
    wrong = await site.post("/w/preferences", body | {"identity": {"user_id": "ann", "user_hash": "0" * 64}})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "identity_refused")
    assert "my secret" not in (await look(site, await link(site, {"user_id": "ann", "anonymous_id": "new"}))).text
    assert "my secret" in (await look(site, await link(site, signed(site, "ann")))).text


@pytest.mark.on_both
async def test_a_link_of_a_browser_ends_when_somebody_logs_in_there(site: Site) -> None:
    path = await link(site, {"anonymous_id": "shared"})
    await look(site, path)
    await answer_as(site, "ann", "my secret")
    await site.event(identity={"user_id": "ann", "anonymous_id": "shared"})
    before = acknowledged(site.url)
    assert "This link has ended" in (await look(site, path, 401)).text
    for what in ("stop", "allow", "erase"):
        await do(site, path, what, 401, sure="yes")
    assert (await site.client.get(f"{path}/data")).status_code == 401
    assert acknowledged(site.url) == before


async def test_a_page_that_keeps_no_id_gets_no_link(site: Site) -> None:
    answer = await site.post("/w/preferences", {"pass": await site.the_pass(), "identity": {}})
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_person")


async def test_only_a_listed_page_gets_a_link(site: Site) -> None:
    site.origin = "http://evil.example"
    answer = await site.post("/w/preferences", {"pass": await site.the_pass(), "identity": {"anonymous_id": "a"}})
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused")


async def test_a_link_ends_after_an_hour_and_one_that_is_sent_after_a_week(site: Site) -> None:
    path = await link(site, signed(site, "ann"))
    [person] = (await site.manage("GET", "people", params={"user_id": "ann"})).json()["data"]
    told = (await site.manage("GET", f"people/{person['id']}/preferences-link")).json()
    sent = told["url"].removeprefix("http://service.test")
    site.clock.advance(HOUR_MS + SECOND_MS)
    assert "This link has ended" in (await look(site, path, 401)).text
    await look(site, sent)
    site.clock.advance(7 * DAY_MS)
    ended = await look(site, f"{sent}?lang=he", 401)
    assert ended.all("html", lang="he", dir="rtl")
    await do(site, sent, "stop", 401)


async def test_the_api_gives_a_link_to_its_own_people_alone(site: Site, where: Where) -> None:
    other = make_project(where, site.clock, surveys=(a_survey(),), name="Other")
    theirs = Site(site.app, site.client, other, site.url, site.clock)
    await theirs.event("carol")
    [carol] = (await theirs.manage("GET", "people", params={"user_id": "carol"})).json()["data"]
    foreign = await site.manage("GET", f"people/{carol['id']}/preferences-link")
    unknown = await site.manage("GET", f"people/{'0' * 26}/preferences-link")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    mixed = site.service.tokens.sign(ME, [site.project.project_id, carol["id"], "proved"])
    assert "carol" not in (await look(site, f"/me/{mixed}", 404)).text


async def test_no_other_token_opens_the_page(site: Site) -> None:
    await site.event("ann")
    [person] = (await site.manage("GET", "people", params={"user_id": "ann"})).json()["data"]
    payload = [site.project.project_id, person["id"], "proved"]
    good = site.service.tokens.sign(ME, payload)
    before = contents(site.url)
    for token in (
        "x",
        good[:-2],
        good.replace(".", "", 1),
        *(site.service.tokens.sign(p, payload) for p in (ASK, TEST, PREVIEW)),
    ):
        for path in (f"/me/{token}", f"/me/{token}/data"):
            assert (await site.client.get(path)).status_code == 401, path
        await do(site, f"/me/{token}", "stop", 401)
    assert contents(site.url) == before
    assert site.service.tokens.sign(SENT_ME, payload) != good


async def test_nothing_is_changed_from_elsewhere_or_by_looking(site: Site) -> None:
    path = await link(site, signed(site, "ann"))
    before = contents(site.url)
    for headers in ({}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "null"}):
        answer = await site.client.post(path, data={"do": "stop"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "from_elsewhere")
    for what, status in (("", 400), ("nothing", 400), ("erase", 400)):
        await do(site, path, what, status)
    await do(site, path, "withdraw", response="none", question="why")
    await look(site, path)
    assert contents(site.url) == before


async def test_whoever_is_erased_is_not_found_and_stays_opted_out(site: Site) -> None:
    await site.event("ann")
    path = await link(site, signed(site, "ann"))
    await do(site, path, "stop")
    [person] = (await site.manage("GET", "people", params={"user_id": "ann"})).json()["data"]
    assert (await site.manage("DELETE", f"people/{person['id']}")).status_code == 200
    await look(site, path, 404)
    await do(site, path, "stop", 404)
    assert await site.offer("ann") is None, "the opt-out outlived them"
    again = await link(site, signed(site, "ann"))
    assert "You are not asked anything" in (await look(site, again)).text
    await do(site, again, "allow")
    assert await site.offer("ann") is not None


@pytest.mark.on_both
async def test_an_opt_out_on_the_page_survives_a_log_in(site: Site) -> None:
    await do(site, await link(site, {"anonymous_id": "phone"}), "stop")
    await site.event(identity={"user_id": "ann", "anonymous_id": "phone"})
    assert "You are not asked anything" in (await look(site, await link(site, signed(site, "ann")))).text


async def test_members_see_who_wants_everything_erased(site: Site) -> None:
    await do(site, await link(site, {"anonymous_id": "phone"}), "erase", sure="yes")
    await site.event(identity={"user_id": "ann", "anonymous_id": "phone"})
    await log_in(site.client, site.service, "viewer")
    shown = await show(site, "people")
    assert "Who wants everything erased" in shown.text
    [person] = (await site.manage("GET", "people", params={"user_id": "ann"})).json()["data"]
    assert "Wants everything erased." in (await show(site, f"people/{person['id']}")).text
    await site.manage("DELETE", f"people/{person['id']}")
    assert "Who wants everything erased" not in (await show(site, "people")).text


async def test_what_was_written_is_shown_as_text(site: Site) -> None:
    for text in HOSTILE:
        ask = await site.ask("ann")
        await site.respond(ask, answers={"score": 1, "why": text[:2_000]})
        site.clock.advance(SECOND_MS)
    path = await link(site, signed(site, "ann"))
    shown = await look(site, path)
    assert len(shown.all("dl")) == len(HOSTILE)
    assert not shown.all("script")
    assert not shown.all("img")
    assert shown.links() == [f"{path}/data"]
    assert "<script>alert(1)</script>" in shown.text


QUESTIONS = [
    {"id": "score", "kind": "nps", "ask": {"en": "How likely?", "de": "Wie wahrscheinlich?"}},
    {
        "id": "topics",
        "kind": "choices",
        "ask": "Which?",
        "options": [{"id": "speed", "label": "Speed"}, {"id": "price", "label": "The price"}],
        "other": True,
    },
    {"id": "quote", "kind": "consent", "ask": "May we quote you?", "label": "You may quote me, {{project.name}}."},
]


async def test_everybody_sees_what_they_were_asked_themselves(path: Path, clock: SetClock) -> None:
    """The words of their band, in the one language of their card, with the project's own in place of ours."""
    why = {"by": {"promoter": {"en": "What is good?", "de": "Was ist gut?"}, "else": "Why?"}}
    options = [{"id": "fast", "label": "Fast"}, {"id": "slow", "label": "Slowly"}]
    how = {"id": "h", "kind": "choice", "ask": "How?", "options": options, "other": True}
    questions = [
        {"id": "score", "kind": "nps", "ask": {"en": "How likely?"}},
        {"id": "w", "kind": "text", "ask": why},
        how,
    ]
    async with a_site(path, clock, surveys=(a_survey(questions=questions),), policy=NO_RULES) as site:
        assert (await site.manage("PUT", "words", json={"words": {"en": {"other": "None of them"}}})).status_code == 200
        offer = await site.offer("ann")
        assert offer is not None
        ask = (await site.take_up(offer, "ann", context=CONTEXT | {"locale": "de"})).json()["ask"]
        answers = {"score": 9, "w": "All", "h": "other"}
        assert (await site.respond(ask, answers=answers, done=True)).status_code == 200
        shown = await look(site, await link(site, signed(site, "ann")))
        assert "How likely? 9 What is good? All How? None of them" in shown.text


@pytest.mark.on_both
async def test_a_consent_is_taken_back_and_what_was_agreed_to_stays_known(where: Where, clock: SetClock) -> None:
    survey = a_survey(questions=QUESTIONS)
    async with a_site(where, clock, surveys=(survey,), policy=NO_RULES) as site:
        said = {"score": 4, "topics": ["price", "other"], "topics.other": "Tea", "quote": True}
        answer = await site.respond(await site.ask("ann"), answers=said, done=True)
        assert answer.status_code == 200, answer.text
        site.clock.advance(DAY_MS)
        path = await link(site, signed(site, "ann"))
        shown = await look(site, path)
        assert "How likely? 4 Which? The price, Tea" in shown.text
        assert "May we quote you?You may quote me, P." in shown.text
        [button] = shown.all("button", value="withdraw")
        response = str(shown.all("input", name="response")[0]["value"])
        await do(site, path, "withdraw", response=response, question="score")
        assert (await look(site, path)).all("button", value="withdraw") == [button]
        await do(site, path, "withdraw", response=response, question="quote")
        shown = await look(site, path)
        assert "Given on 2026-11-18, taken back on 2026-11-19" in shown.text
        assert not shown.all("button", value="withdraw")
        [told] = (await site.manage("GET", "responses")).json()["data"]
        assert told["answers"] == {name: said[name] for name in said if name != "quote"}
        assert acts(site) == [("the person", "consent_withdrawn")]


@pytest.mark.on_both
async def test_a_card_that_is_still_open_does_not_give_a_consent_again_that_was_taken_back(
    where: Where, clock: SetClock
) -> None:
    async with a_site(where, clock, surveys=(a_survey(questions=QUESTIONS),), policy=NO_RULES) as site:
        ask = await site.ask("ann")
        assert (await site.respond(ask, 1, answers={"quote": True})).status_code == 200
        path = await link(site, signed(site, "ann"))
        response = str((await look(site, path)).all("input", name="response")[0]["value"])
        await do(site, path, "withdraw", response=response, question="quote")
        assert (await site.respond(ask, 2, answers={"quote": True, "score": 9}, done=True)).status_code == 200
        [told] = (await site.manage("GET", "responses")).json()["data"]
        assert told["answers"] == {"score": 9}
        assert not (await look(site, path)).all("button", value="withdraw")
