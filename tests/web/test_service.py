"""The caches behind the routes: what is kept between requests is never obeyed once it is old, and stays bounded."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tactful.core.spans import DAY_MS
from tactful.tokens import ASK, PASS
from tactful.web import service as service_module
from tests.support.clock import SetClock
from tests.support.rows import execute
from tests.support.service import NO_RULES, SITE, Site, a_site, a_survey, apply_to

pytestmark = pytest.mark.anyio


async def test_a_person_read_brings_the_news_of_a_change(site: Site) -> None:
    """Another process pauses the survey; nobody told this one, but the next read of a person does."""
    apply_to(site.path, site.clock, site.project.project_id, policy=NO_RULES)
    await site.service.configs.refresh()
    assert await site.offer("ann") is not None
    apply_to(site.path, site.clock, site.project.project_id, a_survey(state="paused"))
    assert (await site.service.configs.get(site.project.project_id)).catalogue.surveys["nps"].survey.state == "live"
    offer = await site.offer("ann")
    assert offer is None or (await site.take_up(offer)).status_code == 409, "an offer is counted by nobody"
    assert (await site.service.configs.get(site.project.project_id)).catalogue.surveys["nps"].survey.state == "paused"
    assert await site.offer("ann") is None


async def test_a_poll_drops_only_what_has_moved_on(site: Site) -> None:
    before = await site.service.configs.get(site.project.project_id)
    await site.service.configs.refresh()
    assert await site.service.configs.get(site.project.project_id) is before
    apply_to(site.path, site.clock, site.project.project_id, a_survey(state="ended"))
    await site.service.configs.refresh()
    assert await site.service.configs.get(site.project.project_id) is not before


async def test_passes_and_versions_are_kept_in_bounds(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "_MOST_PASSES", 3)
    monkeypatch.setattr(service_module, "_MOST_VERSIONS", 1)
    for day in range(8):
        passed = site.service.tokens.sign(PASS, [site.project.project_id], at_ms=site.clock.now - day * DAY_MS)
        assert (await site.post("/w/events", {"pass": passed, "events": []})).status_code == 200
        assert len(site.service._passes) <= 3
    for name in ("One", "Two", "Three"):
        await site.manage("PUT", "surveys/nps", json=a_survey(name=name))
        assert (await site.respond(await site.ask(name))).status_code == 200
        assert len(site.service.configs._versions) == 1


async def test_a_version_that_is_gone_takes_no_response(site: Site) -> None:
    await site.ask()
    [(person, ask)] = execute(site.path, "SELECT person_id, ask_id FROM asks")
    token = site.service.tokens.sign(ASK, [site.project.project_id, person, ask, "nps", 99])
    answer = await site.respond(token)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_survey")


@pytest.mark.parametrize(
    "body", [{"how": "opted_out"}, {"how": "seen", "pass": "x"}, {"how": "opted_out", "identity": {}}]
)
async def test_a_closing_names_an_ask_or_a_person(site: Site, body: dict[str, object]) -> None:
    answer = await site.post("/w/closings", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_field")


async def test_an_event_brings_its_values_to_the_card(site: Site) -> None:
    intro = "{{event.course}} {{event.lessons}} {{event.share}} {{event.flag|-}} {{event.list|-}} {{event.none|-}}"
    await site.manage("PUT", "surveys/nps", json=a_survey(intro=intro))
    values = {"course": "x" * 300, "lessons": 7, "share": 0.5, "flag": True, "list": ["a"], "other": "not mentioned"}
    offer = await site.offer(properties=values)
    assert offer is not None
    told = (await site.take_up(offer)).json()["survey"]["intro"]
    assert told == f"{'x' * 200} 7 0.5 - - -"
    [(kept,)] = execute(site.path, "SELECT event FROM asks")
    assert "not mentioned" not in kept


async def test_an_offer_says_what_moment_and_which_place_it_waits_for(site: Site) -> None:
    usual = (await site.event()).json()["offer"]
    assert usual.keys() == {"token", "survey", "delay_ms"}
    look, quiet = {"position": "inline", "target": "place"}, {"give_up": "30s", "despite": ["typing", "media"]}
    await site.manage("PUT", "surveys/nps", json=a_survey(look=look, quiet=quiet))
    offer = (await site.event()).json()["offer"]
    assert offer["target"] == "place"
    assert offer["quiet"] == {"for_ms": 1_000, "give_up_ms": 30_000, "despite": ["media", "typing"]}


@pytest.mark.parametrize(
    ("locale", "languages", "told"),
    [("", "zh-CN,zh;q=0.9", "zh"), ("", "en-GB;q=0.8, zh", "en"), ("en", "zh", "en"), ("", "", "en"), ("zh", "", "zh")],
)
async def test_a_page_that_names_no_language_is_asked_in_its_users(
    site: Site, locale: str, languages: str, told: str
) -> None:
    asks = {"id": "score", "kind": "nps", "ask": {"en": "How?", "zh": "如何？"}}
    await site.manage("PUT", "surveys/nps", json=a_survey(intro={"en": "Hello", "zh": "你好"}, questions=[asks]))
    offer = await site.offer()
    body = {"offer": offer, "identity": {"user_id": "ann"}, "context": {"locale": locale}}
    headers = {"origin": SITE, "accept-language": languages}
    asked = await site.client.post("/w/asks", content=json.dumps(body).encode(), headers=headers)
    assert asked.json()["survey"]["intro"] == {"en": "Hello", "zh": "你好"}[told]
    [(kept,)] = execute(site.path, "SELECT locale FROM asks")
    assert kept == (locale or languages.partition(",")[0].partition(";")[0])


async def test_changes_are_noticed_again_after_a_database_in_trouble(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tactful.app.NOTICE_EVERY_S", 0.001)
    async with a_site(path, clock, surveys=(a_survey(),)) as site, asyncio.timeout(60):
        execute(path, "ALTER TABLE projects RENAME TO gone")
        while "Could not look for changes" not in caplog.text:  # noqa: ASYNC110  # a log tells nobody when it changes
            await asyncio.sleep(0)
        execute(path, "ALTER TABLE gone RENAME TO projects")
        await site.the_pass()
        apply_to(path, clock, site.project.project_id, a_survey(name="Another"))
        while site.service.configs._by_id:  # noqa: ASYNC110  # nor does a cache
            await asyncio.sleep(0)
