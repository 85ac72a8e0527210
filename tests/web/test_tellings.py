"""What is told of a survey is kept where everybody is told the same, and never told to anybody whom it is not for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tactful.core.decide import LiveSurvey
from tactful.core.reading import read_survey
from tactful.core.surveys import Survey
from tactful.core.telling import lookup_in, tell
from tactful.core.words import OwnWords
from tactful.store.asks import Asked
from tactful.store.migrate import migrate
from tactful.store.projects import Config
from tactful.store.sqlite import SqliteDatabase
from tactful.web import tellings
from tactful.web.tellings import Tellings
from tests.core.strategies import surveys
from tests.support.asking import asking
from tests.support.clock import SetClock
from tests.support.service import CONTEXT, Site, a_survey

pytestmark = pytest.mark.anyio


async def _told(site: Site, user_id: str, locale: str = "en", **properties: object) -> dict[str, Any]:
    offer = await site.offer(user_id, properties=properties)
    assert offer is not None
    answer = await site.take_up(offer, user_id, context=CONTEXT | {"locale": locale})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()["survey"]
    return told


async def _put(site: Site, path: str, written: object) -> None:
    answer = await site.manage("PUT", path, json=written)
    assert answer.status_code in (200, 201), answer.text


async def test_everybody_is_told_the_same_as_the_first(site: Site) -> None:
    first = await _told(site, "ann")
    assert len(site.service.tellings) == 1
    assert await _told(site, "bob") == first
    assert len(site.service.tellings) == 1
    assert (await _told(site, "cem", "de"))["words"]["send"] == "Senden"


async def test_a_text_about_somebody_is_told_to_nobody_else(site: Site) -> None:
    questions = [{"id": "score", "kind": "nps", "ask": {"en": "How was {{event.course}}?", "de": "Wie war es?"}}]
    await _put(site, "surveys/nps", a_survey(questions=questions))
    asks = [(await _told(site, user, course=user.title()))["questions"][0]["ask"] for user in ("ann", "bob")]
    assert asks == ["How was Ann?", "How was Bob?"]
    assert (await _told(site, "cem", "de", course="Cem"))["questions"][0]["ask"] == "Wie war es?"


async def test_options_are_shuffled_for_each_person(site: Site) -> None:
    options = [{"id": f"o{number}", "label": f"Option {number}"} for number in range(12)]
    topic = {"id": "topic", "kind": "choice", "ask": "Which?", "options": options, "shuffle": True}
    await _put(site, "surveys/nps", a_survey(questions=[{"id": "score", "kind": "nps", "ask": "How likely?"}, topic]))
    ann, bob = [(await _told(site, user))["questions"][1]["options"] for user in ("ann", "bob")]
    assert sorted(ann) == sorted(bob)
    assert ann != bob


async def test_what_has_changed_is_told_anew(site: Site) -> None:
    assert (await _told(site, "ann"))["questions"][0]["ask"] == "How likely?"
    await _put(site, "surveys/nps", a_survey(questions=[{"id": "score", "kind": "nps", "ask": "Would you?"}]))
    assert (await _told(site, "bob"))["questions"][0]["ask"] == "Would you?"
    await _put(site, "words", {"words": {"en": {"send": "Off it goes"}}})
    assert (await _told(site, "cem"))["words"]["send"] == "Off it goes"


async def test_no_more_are_kept_than_there_is_room_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tellings, "MOST_KEPT", 2)
    for user, locale in (("ann", "en"), ("bob", "de"), ("cem", "fr")):
        await _told(site, user, locale)
    assert len(site.service.tellings) == 1


@pytest.fixture
async def ask(path: Path, clock: SetClock) -> AsyncIterator[tuple[Config, Asked]]:
    """A project, and the ask of somebody there."""
    migrate(path, clock)
    database = await SqliteDatabase.open(path, clock)
    world = await asking(database, clock)
    asked = await world.take_up("ann", await world.person())
    assert isinstance(asked, Asked)
    yield world.config, asked
    await database.close()


LOCALES = ("", "en", "en-GB", "en_US", "de-AT", "de", "nl-BE", "nl", "nb", "pt", "pt-PT", "pt-BR", "zh-TW", "fa", "xx")
OWN: tuple[OwnWords, ...] = ({}, {"nl": {"send": "Weg"}, "de-AT": {"send": "Ab"}, "en-GB": {"send": "Off"}})


def is_told_the_same(config: Config, asked: Asked) -> None:
    memory = Tellings()
    for variant in (None, *(one.name for one in asked.live.survey.variants)):
        theirs = structs.replace(asked, variant=variant)
        for locale in LOCALES:
            told = orjson.loads(memory.told(config, theirs, locale))
            assert told == plainly(memory, config, theirs, locale), (locale, variant)


async def test_whoever_is_told_from_memory_is_told_the_same(ask: tuple[Config, Asked]) -> None:
    """Whatever was kept before, for whomever: memory changes nothing."""
    config, asked = ask

    @settings(max_examples=50)
    @given(surveys(), st.sampled_from(OWN))
    def told_alike(survey: Survey, own: OwnWords) -> None:
        is_told_the_same(replace(config, words=own), structs.replace(asked, live=LiveSurvey(survey, 1, ())))

    told_alike()


async def test_near_languages_are_told_apart_where_any_text_does(ask: tuple[Config, Asked]) -> None:
    config, asked = ask
    near = {language: language for language in ("en", "pt", "pt-BR", "nl-BE", "no", "zh-Hant-HK")}
    questions = [{"id": "first", "kind": "nps", "ask": "?"}, {"id": "then", "kind": "text", "ask": near}]
    survey = read_survey(a_survey(questions=questions)).value
    assert survey is not None
    for own in OWN:
        is_told_the_same(replace(config, words=own), structs.replace(asked, live=LiveSurvey(survey, 1, ())))


def plainly(memory: Tellings, config: Config, asked: Asked, locale: str) -> Any:
    """What the card is told, without any memory."""
    known = asked.known
    values = known.person.values(known.now) | {"project": {"name": config.name}, "event": asked.event}
    told = tell(asked.live, locale, lookup_in(values), asked.variant, known.person.sample_key, config.words)
    return orjson.loads(orjson.dumps(told | memory.more_for(asked.live.survey)))


def odd_locales(number: int) -> list[str]:
    """As many locales as a page may make up: of languages that there are, of none, and of no form."""
    return [f"{language}-x{n}" for n in range(number // 4) for language in ("en", "de", "qq", "\u202e{")]


async def test_odd_locales_take_no_room(ask: tuple[Config, Asked]) -> None:
    """There are no more tellings than languages were written in, however many locales pages make up."""
    config, asked = ask
    memory = Tellings()
    honest = {locale: memory.told(config, asked, locale) for locale in ("en", "de")}
    kept = len(memory)
    for locale in odd_locales(20_000):
        told = orjson.loads(memory.told(config, asked, locale))
        assert told["words"]["send"] == ("Senden" if locale.startswith("de") else "Send")
    assert len(memory) == kept + 1, "those in no language that is spoken are told one thing"
    assert {locale: memory.told(config, asked, locale) for locale in honest} == honest
