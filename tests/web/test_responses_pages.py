"""Responses: listed newest first, narrowed, paged, and each with everything that was around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.web.dashboard import responses as pages
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import HOSTILE, below, show
from tests.support.rows import execute
from tests.support.service import CONTEXT, NO_RULES, SITE, Site, a_site, a_survey, apply_to, make_project

pytestmark = pytest.mark.anyio

CSAT: dict[str, Any] = {
    "name": "After a ticket",
    "trigger": {"any": [{"event": "Ticket Closed", "source": "server", "per": "properties.ticket_id"}]},
    "questions": [
        {"id": "score", "kind": "csat", "ask": {"en": "How was {{event.agent|we}}?", "de": "Wie war {{event.agent}}?"}},
        {
            "id": "why",
            "kind": "text",
            "ask": {"by": {"satisfied": "What did {{event.agent}} do well?", "else": "What went wrong?"}},
        },
    ],
}


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    surveys = (a_survey(), a_survey("ticket", **CSAT))
    async with a_site(path, clock, surveys=surveys, policy=NO_RULES) as site:
        await log_in(site.client, site.service, "viewer")
        yield site


async def respond(site: Site, user_id: str, score: int, why: str = "", *, done: bool = True) -> str:
    """Let somebody answer the survey of `Done`; returns the response's id."""
    site.clock.advance(MINUTE_MS)
    ask = await site.ask(user_id)
    answers = {"score": score} | ({"why": why} if why else {})
    assert (await site.respond(ask, answers=answers, done=done)).status_code == 200
    [[found]] = execute(site.path, "SELECT response_id FROM responses ORDER BY created_at DESC LIMIT 1")
    return str(found)


async def respond_to_ticket(site: Site, locale: str = "en-GB") -> str:
    """Let ann answer about a ticket in three steps, a second apart; returns the response's id."""
    await site.client.post(
        "/v1/identify",
        json={"userId": "ann", "writeKey": site.project.write_key, "traits": {"name": "Ann Lee", "email": "a@x.test"}},
    )
    group = {"userId": "ann", "groupId": "acme", "traits": {"name": "Acme"}, "writeKey": site.project.write_key}
    await site.client.post("/v1/group", json=group)
    await site.backend("Ticket Closed", properties={"ticket_id": "T-1", "agent": "Noor", "secret": "x"})
    offer = await site.visit()
    assert offer is not None
    taken = await site.take_up(offer, context=CONTEXT | {"locale": locale, "page": f"{SITE}/desk?token=1"})
    ask = taken.json()["ask"]
    site.clock.advance(2_000)
    await site.post("/w/closings", {"ask": ask, "how": "seen"})
    site.clock.advance(9_000)
    await site.respond(ask, 1, answers={"score": 5})
    site.clock.advance(61_000)
    await site.respond(ask, 2, answers={"score": 5, "why": "Kind & quick"}, done=True)
    [[found]] = execute(site.path, "SELECT response_id FROM responses WHERE survey_key = 'ticket'")
    return str(found)


class TestTheList:
    async def test_newest_first_with_who_said_it_about_what(self, site: Site) -> None:
        first = await respond(site, "ann", 10, "Clear and short")
        await respond(site, "bo", 3, "Too fast", done=False)
        site.clock.advance(3 * 60 * MINUTE_MS)
        shown = await show(site, "responses")
        assert "3 Too fast" in shown.text.replace("Score ", "")
        assert shown.text.index("Too fast") < shown.text.index("Clear and short")
        assert "Detractor Nps bo 3 hours ago Not finished" in shown.text.replace("▼ ", "").replace("·", "")
        assert shown.links(first) == [f"/projects/{site.project.project_id}/responses/{first}"]
        assert len(shown.links("/people/")) == 2
        assert "These are all." in shown.text

    async def test_is_narrowed_by_survey_band_and_words(self, site: Site) -> None:
        await respond(site, "ann", 10, "Sehr gut, ÜBERALL")
        await respond(site, "bo", 2, "Too fast")
        await respond(site, "cy", 8)
        await respond_to_ticket(site)

        async def said(query: str) -> list[str]:
            text = (await show(site, f"responses?{query}")).text
            return [word for word in ("überall", "fast", "No words", "Kind") if word.casefold() in text.casefold()]

        assert await said("") == ["überall", "fast", "No words", "Kind"]
        assert await said("survey=ticket") == ["Kind"]
        assert await said("band=detractor") == ["fast"]
        assert await said("q=FAST") == ["fast"]
        assert await said("q=%C3%BCberall") == ["überall"]
        assert await said("survey=nps&band=promoter&q=sehr") == ["überall"]
        shown = await show(site, "responses?survey=nps&band=passive")
        assert [one["value"] for one in shown.all("option") if "selected" in one] == ["nps", "passive"]

    async def test_says_when_nothing_fits(self, site: Site) -> None:
        await respond(site, "ann", 10, "Fine")
        text = (await show(site, "responses?q=%3Cb%3E")).text
        assert "No response fits Nobody wrote “<b>”" in text
        assert "All responses" in text

    async def test_is_paged_without_gap_or_double(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "PAGE", 4)
        ids = [await respond(site, f"u{n}", 10 if n % 3 else 0, f"number {n}") for n in range(10)]
        for query, expected in (("", ids), ("band=promoter", [one for n, one in enumerate(ids) if n % 3])):
            seen: list[str] = []
            path = f"responses?{query}"
            while path:
                shown = await show(site, path)
                page = [link.rpartition("/")[2] for link in shown.links("/responses/")]
                assert len(page) <= 4
                seen += page
                older = shown.links("before=")
                path = below(site, older[0]) if older else ""
            assert seen == list(reversed(expected))

    async def test_a_long_search_stops_and_goes_on_when_asked(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pages, "MOST_LOOKED_AT", 4)
        monkeypatch.setattr(pages, "_AT_ONCE", 2)
        wanted = await respond(site, "ann", 10, "needle")
        for number in range(6):
            await respond(site, f"u{number}", 10, "hay")
        shown = await show(site, "responses?q=needle")
        assert "Nothing yet None of the 4 responses back to" in shown.text
        assert "Look further back" in shown.text
        further = await show(site, below(site, shown.links("before=")[0]))
        assert further.links(wanted)

    async def test_begins_with_what_to_do(self, site: Site) -> None:
        shown = await show(site, "responses")
        assert "Nobody has responded yet" in shown.text
        assert not shown.all("form", role="search")
        assert shown.links("install#test")

    async def test_a_project_without_surveys_is_told_how_to_begin(self, path: Path, clock: SetClock) -> None:
        async with a_site(path, clock) as site:
            await log_in(site.client, site.service, "viewer")
            assert "tactful apply surveys.yaml --project P" in (await show(site, "responses")).text
            assert "That was all" in (await show(site, "responses?before=1.x")).text

    @pytest.mark.parametrize(
        ("query", "status"),
        [("survey=other", 404), ("before=x", 400), ("before=1.", 400), ("q=%00", 400), (f"q={'x' * 300}", 400)],
    )
    async def test_refuses_what_it_does_not_know(self, site: Site, query: str, status: int) -> None:
        await show(site, f"responses?{query}", status)


class TestOne:
    async def test_shows_what_was_asked_and_answered_and_everything_about_it(self, site: Site) -> None:
        shown = await show(site, f"responses/{await respond_to_ticket(site)}")
        for told in (
            "Ann Lee",
            "How was Noor?",
            "5, satisfied, on a scale of 1 to 5",
            "Very dissatisfied",
            "Very satisfied",
            "What did Noor do well? Kind & quick",
            "ticket_id T-1",
            "agent Noor",
            "Seen 2 seconds later",
            "First answer 9 seconds later",
            "Last answer 1 minute later Done",
            "Account Acme",
            "Page site.test/desk",
            "Locale en-GB",
            "ticket, version 1",
        ):
            assert told in shown.text
        assert "secret" not in shown.text
        [chosen] = shown.all("li", **{"class": "chosen"})
        assert chosen is not None
        [page] = shown.links(f"{SITE}/desk?token=1")
        assert shown.all("a", href=page)[0]["rel"] == "noreferrer noopener external"

    async def test_asks_in_the_language_and_the_words_of_its_version(self, site: Site) -> None:
        response_id = await respond_to_ticket(site, locale="de-AT")
        changed = a_survey("ticket", **CSAT | {"questions": [{"id": "score", "kind": "csat", "ask": "Another?"}]})
        apply_to(site.path, site.clock, site.project.project_id, changed)
        await site.service.configs.refresh()
        text = (await show(site, f"responses/{response_id}")).text
        assert "Wie war Noor?" in text
        assert "Another?" not in text
        assert "version 1 (an earlier one)" in text

    async def test_shows_a_card_in_its_one_language_with_the_projects_words(self, site: Site) -> None:
        labels = [{"id": "price", "label": {"en": "The price", "de": "Der Preis"}}, {"id": "speed", "label": "Speed"}]
        topics = {"id": "topics", "kind": "choices", "ask": {"en": "Which?", "de": "Welche?"}, "options": labels}
        score = {"id": "score", "kind": "nps", "ask": {"en": "How likely?"}}
        apply_to(site.path, site.clock, site.project.project_id, a_survey(questions=[score, topics | {"other": True}]))
        words = {"en": {"other": "Something else", "very_likely": "Any time"}}
        assert (await site.manage("PUT", "words", json={"words": words})).status_code == 200
        await site.service.configs.refresh()
        offer = await site.offer("ann")
        assert offer is not None
        ask = (await site.take_up(offer, context=CONTEXT | {"locale": "de"})).json()["ask"]
        answers = {"score": 9, "topics": ["price", "other"], "topics.other": "Tea"}
        assert (await site.respond(ask, answers=answers)).status_code == 200
        [[response_id]] = execute(site.path, "SELECT response_id FROM responses")
        text = (await show(site, f"responses/{response_id}")).text
        for told in ("Any time", "Which? The price Something else: Tea"):
            assert told in text
        assert "Welche?" not in text

    async def test_says_what_was_not_answered(self, site: Site) -> None:
        text = (await show(site, f"responses/{await respond(site, 'ann', 4, done=False)}")).text
        assert "Why? Not answered" in text
        assert "Not finished" in text
        assert "Not done: more may come for 30 days after the ask" in text
        assert "What it was about" not in text

    async def test_what_another_project_owns_is_not_there(self, site: Site) -> None:
        response_id = await respond(site, "ann", 9)
        other = make_project(site.path, site.clock, name="Other")
        mine = await site.client.get(f"/projects/{site.project.project_id}/responses/nothing")
        theirs = await site.client.get(f"/projects/{other.project_id}/responses/{response_id}")
        assert (mine.status_code, theirs.status_code) == (404, 404)
        assert "There is no such response in this project." in theirs.text
        await show(site, "responses/%00", 404)

    @pytest.mark.parametrize("page", ["javascript:alert(1)", "", "http://[", "x" * 1_999])
    async def test_a_page_that_is_no_address_is_no_link(self, site: Site, page: str) -> None:
        offer = await site.offer("ann")
        assert offer is not None
        ask = (await site.take_up(offer, context=CONTEXT | {"page": page, "locale": ""})).json()["ask"]
        await site.respond(ask)
        [[response_id]] = execute(site.path, "SELECT response_id FROM responses")
        shown = await show(site, f"responses/{response_id}")
        assert not shown.all("a", rel="noreferrer noopener external")
        assert "Locale not said" in shown.text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_text_is_text(site: Site, text: str) -> None:
    """The page has the same elements whatever was written, and what was written is there to be read."""
    traits = {"name": text, "email": text}
    identify = {"userId": "ann", "writeKey": site.project.write_key, "traits": traits}
    await site.client.post("/v1/identify", json=identify)
    response_id = await respond(site, "ann", 9, text[:1_999])
    kept = " ".join(text[:1_999].split())
    listed, one = await show(site, "responses"), await show(site, f"responses/{response_id}")
    assert kept[:300] in listed.text
    assert kept in one.text
    harmless = await respond(site, "bo", 9, "x")
    plain = await show(site, f"responses/{harmless}")
    assert {tag for tag, _ in one.elements} == {tag for tag, _ in plain.elements}


async def test_a_day_later_the_date_is_said(site: Site) -> None:
    await respond(site, "ann", 9)
    site.clock.advance(20 * DAY_MS)
    await log_in(site.client, site.service, "viewer", "later@tactful.test")
    assert "Nov 2026" in (await show(site, "responses")).text
