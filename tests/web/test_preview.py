"""A survey in the card before anybody is asked: what is shown to whom, and that nothing of it is kept."""

from __future__ import annotations

import html
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tactful.core.spans import DAY_MS, SECOND_MS
from tactful.tokens import ASK, ME, PREVIEW
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.members import log_in
from tests.support.pages import HOSTILE, Shown
from tests.support.rows import contents
from tests.support.service import Site, a_site, a_survey, make_project

pytestmark = pytest.mark.anyio

DRAFT = a_survey(
    state="draft",
    questions=[
        {"id": "score", "kind": "nps", "ask": {"en": "How likely, {{project.name}}?", "he": "כמה סביר?"}},
        {
            "id": "why",
            "kind": "text",
            "ask": {"by": {"promoter": "What is best?", "else": "Why?"}},
            "if": ["score", "gte", 0],
        },
    ],
    thanks={"by": {"promoter": {"title": "Great"}, "else": {"title": "We hear you"}}},
    variants={"warm": {"texts": {"score.ask": "Warmly?"}}},
)


@pytest.fixture
async def site(where: Where, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(where, clock, surveys=(DRAFT, a_survey("plain"))) as running:
        yield running


def told(text: str) -> dict[str, Any]:
    """The survey that the card of a page is handed."""
    [frame] = Shown(text).all("iframe")
    inner = Shown(str(frame["srcdoc"]))
    [body] = inner.all("body")
    survey: dict[str, Any] = json.loads(str(body["data-asked"]))["survey"]
    return survey


def page(site: Site, query: str = "", key: str = "nps") -> str:
    return f"/projects/{site.project.project_id}/surveys/{key}/preview{query}"


def shared(site: Site, number: int = 1, key: str = "nps") -> str:
    return "/preview/" + site.service.tokens.sign(PREVIEW, [site.project.project_id, key, number])


@pytest.mark.on_both
async def test_a_draft_is_shown_by_a_link_and_nothing_is_written(site: Site) -> None:
    before = contents(site.url)
    answer = await site.client.get(shared(site))
    assert answer.status_code == 200
    assert told(answer.text)["questions"][0]["ask"] == "How likely, P?"
    assert contents(site.url) == before


async def test_the_toolbar_chooses_language_colours_variant_and_band(site: Site) -> None:
    async def of(query: str) -> dict[str, Any]:
        return told((await site.client.get(shared(site) + query)).text)

    assert (await of("?lang=he"))["dir"] == "rtl"
    assert (await of("?lang=xx"))["lang"] == "en"
    assert (await of("?scheme=dark"))["look"]["scheme"] == "dark"
    assert (await of("?variant=warm"))["questions"][0]["ask"] == "Warmly?"
    for band, ask, title in (("promoter", "What is best?", "Great"), ("passive", "Why?", "We hear you")):
        survey = await of(f"?band={band}")
        assert [(one["ask"], one["if"]) for one in survey["questions"]] == [(ask, None)]
        assert survey["thanks"]["else"]["title"] == title
    assert len((await of("?band=nobody"))["questions"]) == 2


async def test_a_survey_that_names_no_language_is_shown_in_each_of_the_cards(site: Site) -> None:
    text = (await site.client.get(shared(site, key="plain") + "?lang=ja")).text
    assert len(Shown(text).all("option")) > 12
    assert told(text)["questions"][0]["ask"] == "How likely?"


async def test_the_projects_own_words_are_shown_and_an_inline_card_has_its_place(site: Site) -> None:
    await site.manage("PUT", "words", json={"words": {"en": {"send": "Go"}}})
    await site.manage("PUT", "surveys/nps", json=DRAFT | {"look": {"position": "inline", "target": "theirs"}})
    text = (await site.client.get(shared(site, 2))).text
    assert told(text)["words"]["send"] == "Go"
    assert f'id="{told(text)["look"]["target"]}"' in html.unescape(text)


async def test_every_page_with_the_card_is_strict_and_kept_by_nobody(site: Site) -> None:
    await log_in(site.client, site.service, "viewer")
    for path in (page(site), shared(site)):
        answer = await site.client.get(path)
        policy = set(answer.headers["content-security-policy"].split("; "))
        assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"} <= policy
        assert {"frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types tactful"} <= policy
        assert answer.headers["cache-control"] == "no-store"
        [frame] = Shown(answer.text).all("iframe")
        assert "allow-same-origin" not in str(frame["sandbox"])


async def test_a_link_ends_and_opens_one_version_alone(site: Site) -> None:
    link = shared(site)
    await site.manage("PUT", "surveys/nps", json=DRAFT | {"intro": "New here"})
    assert "New here" not in (await site.client.get(link)).text
    assert "New here" in html.unescape((await site.client.get(shared(site, 2))).text)
    assert (await site.client.get(shared(site, 3))).status_code == 404
    assert (await site.client.get(shared(site, 1, "absent"))).status_code == 404
    payload = [site.project.project_id, "nps", 1]
    for token in (link[9:-1], "x", *(site.service.tokens.sign(purpose, payload) for purpose in (ASK, ME))):
        assert (await site.client.get(f"/preview/{token}")).status_code == 401
    site.clock.advance(7 * DAY_MS + SECOND_MS)
    assert (await site.client.get(link)).status_code == 401


async def test_a_project_shows_its_own_surveys_alone(site: Site, where: Where) -> None:
    make_project(where, site.clock, surveys=(a_survey("theirs"),), name="Other")
    await log_in(site.client, site.service, "admin")
    foreign = await site.client.get(page(site, key="theirs"))
    unknown = await site.client.get(page(site, key="absent"))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content.replace(b"theirs", b"absent") == unknown.content
    assert (await site.client.get(shared(site, key="theirs"))).status_code == 404


async def test_members_see_each_version_and_the_link_to_it(site: Site) -> None:
    await log_in(site.client, site.service, "viewer")
    await site.manage("PUT", "surveys/nps", json=DRAFT | {"intro": "New here"})
    first, second = [(await site.client.get(page(site, query))).text for query in ("?version=1", "")]
    assert told(first)["intro"] is None
    assert told(second)["intro"] == "New here"
    [code] = [part for part in second.split("<code>")[1:] if part.startswith("http")]
    link = code.partition("</code>")[0].removeprefix("http://service.test")
    assert told((await site.client.get(link)).text)["intro"] == "New here"
    assert not Shown(second).all("textarea"), "a viewer pastes nothing"
    for query in ("?version=3", "?version=x"):
        assert (await site.client.get(page(site, query))).status_code == 404


@pytest.mark.on_both
async def test_what_is_pasted_is_shown_with_what_applying_it_means_and_not_kept(site: Site) -> None:
    await log_in(site.client, site.service, "editor")
    before = contents(site.url)
    written = json.dumps({"surveys": [a_survey(intro="Pasted", state="live")]})
    answer = await site.client.post(page(site), data={"yaml": written, "scheme": "dark"})
    assert answer.status_code == 200
    assert told(answer.text)["intro"] == "Pasted"
    assert told(answer.text)["look"]["scheme"] == "dark"
    assert "Applying it would mean" in answer.text
    assert contents(site.url) == before


async def test_faults_of_a_draft_stand_beside_it_as_apply_says_them(site: Site) -> None:
    await log_in(site.client, site.service, "editor")
    before = contents(site.url)
    for text, said in (
        ("surveys:\n- key: nps\n  questions: []\n", "Line 3 surveys[0].questions"),
        ("surveys: [", "Line"),
        ("policy: { tenure: 3d }\n", "it holds no survey"),
        (json.dumps({"surveys": [a_survey(questions=[{"id": "s", "kind": "ces", "ask": "?"}])]}), "kind"),
    ):
        answer = await site.client.post(page(site), data={"yaml": text})
        assert answer.status_code == 422, text
        shown = Shown(answer.text)
        assert said in shown.text
        assert not shown.all("iframe")
        assert html.unescape(answer.text).count(text.strip()) == 1, "what was written is not lost"
    assert contents(site.url) == before


async def test_hostile_texts_stay_text(site: Site) -> None:
    await log_in(site.client, site.service, "editor")
    for text in HOSTILE:
        questions = [{"id": "score", "kind": "nps", "ask": text[:300]}]
        written = json.dumps({"surveys": [a_survey(name=text[:80].strip(), questions=questions)]})
        answer = await site.client.post(page(site), data={"yaml": written})
        if answer.status_code == 200:
            [frame] = Shown(answer.text).all("iframe")
            inner = Shown(str(frame["srcdoc"]))
            assert len(inner.all("script")) == 2
            assert not inner.all("img")
        else:
            assert answer.status_code == 422
