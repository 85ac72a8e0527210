"""What is told of a survey is kept where everybody is told the same, and never told to anybody whom it is not for."""

from __future__ import annotations

from typing import Any

import pytest

from tactful.web import tellings
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
