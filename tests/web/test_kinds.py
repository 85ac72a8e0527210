"""Every kind of question over HTTP: what the card is told, what it may answer, and what is kept of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.support.members import log_in
from tests.support.pages import show
from tests.support.service import Site, a_survey

pytestmark = pytest.mark.anyio

OPTIONS = [{"id": one, "label": one.title()} for one in ("speed", "price", "sound")]
QUESTIONS: list[dict[str, Any]] = [
    {"id": "hello", "kind": "info", "ask": "Hello"},
    {"id": "score", "kind": "ces", "points": 5, "ask": "How easy?"},
    {"id": "thumb", "kind": "thumbs", "ask": "Good?"},
    {"id": "stars", "kind": "rating", "ask": "How many?"},
    {"id": "topic", "kind": "choice", "ask": "Which?", "options": OPTIONS, "other": True},
    {"id": "slow", "kind": "text", "ask": "Where?", "if": ["topic", "is", "speed"]},
    {"id": "topics", "kind": "choices", "ask": "Which?", "options": OPTIONS, "other": "None of these"},
    {"id": "order", "kind": "ranking", "ask": "Which first?", "options": OPTIONS},
    {"id": "day", "kind": "date", "ask": "When?"},
    {"id": "call", "kind": "consent", "ask": "May we?", "label": "Yes"},
]
ANSWERS: dict[str, Any] = {
    "score": 5,
    "thumb": 0,
    "stars": 4,
    "topic": "other",
    "topic.other": "the sea",
    "topics": ["sound", "other"],
    "topics.other": "nothing",
    "order": ["sound", "speed"],
    "day": "2026-12-24",
    "call": True,
}


async def _asked(site: Site, questions: list[dict[str, Any]]) -> str:
    answer = await site.manage("PUT", "surveys/kinds", json=a_survey("kinds", questions=questions))
    assert answer.status_code == 201, answer.text
    assert (await site.manage("PUT", "surveys/nps", json=a_survey(state="paused"))).status_code == 200
    return await site.ask()


@pytest.mark.on_both(soon=True)
async def test_every_kind_is_answered_and_kept(site: Site) -> None:
    ask = await _asked(site, QUESTIONS)
    answer = await site.respond(ask, 1, answers=ANSWERS, done=True)
    assert (answer.status_code, answer.content) == (200, b"{}")
    [response] = (await site.manage("GET", "responses")).json()["data"]
    assert response["answers"] == ANSWERS
    assert (response["score"], response["band"], response["comment"]) == (5, "easy", None)


async def test_what_the_answers_rule_out_is_said_to_be_left_out(site: Site) -> None:
    ask = await _asked(site, QUESTIONS)
    first = {"topic": "speed", "slow": "at night"}
    assert (await site.respond(ask, 1, answers=first)).content == b"{}"
    answer = await site.respond(ask, 2, answers=first | {"topic": "price"}, done=True)
    assert (answer.status_code, orjson.loads(answer.content)) == (200, {"left_out": ["slow"]})
    [response] = (await site.manage("GET", "responses")).json()["data"]
    assert (response["answers"], response["comment"]) == ({"topic": "price"}, None)


async def test_misfits_are_told_with_their_place(site: Site) -> None:
    ask = await _asked(site, QUESTIONS)
    answer = await site.respond(ask, 1, answers={"score": 7, "topic": "all", "day": "2026-02-30"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_answers")
    assert [fault["path"] for fault in answer.json()["faults"]] == ["answers.score", "answers.topic", "answers.day"]


async def test_a_survey_that_only_tells_is_responded_to_by_reading_it(site: Site) -> None:
    ask = await _asked(site, QUESTIONS[:1])
    answer = await site.respond(ask, 1, answers={})
    assert (answer.status_code, answer.json()["code"]) == (400, "no_answer")
    assert (await site.respond(ask, 1, answers={}, done=True)).status_code == 200
    results = (await site.manage("GET", "surveys/kinds/results")).json()
    assert results["rates"]["responded"]["count"] == 1


@pytest.mark.on_both(soon=True)
async def test_the_results_have_every_question(site: Site) -> None:
    ask = await _asked(site, QUESTIONS)
    assert (await site.respond(ask, 1, answers=ANSWERS | {"slow": "?"}, done=True)).status_code == 200
    results = (await site.manage("GET", "surveys/kinds/results")).json()
    assert (results["kind"], results["n"]) == ("ces", 1)
    found = {one["id"]: one for one in results["questions"]}
    assert list(found) == [one["id"] for one in QUESTIONS[1:]]
    assert {(one["n"], one["answered"]["of"]) for name, one in found.items() if name != "slow"} == {(1, 1)}
    assert (found["slow"]["n"], found["slow"]["answered"]["of"]) == (0, 1), "the answers rule it out"
    assert [bar["count"] for bar in found["score"]["distribution"]] == [0, 0, 0, 0, 1]
    assert {one["id"]: one["count"] for one in found["topics"]["options"]} == {
        "sound": 1,
        "speed": 0,
        "price": 0,
        "other": 1,
    }
    assert found["order"]["options"][0]["id"] == "sound"
    assert found["day"]["days"] == [{"period": "2026-12", "count": 1, "share": None, "low": None, "high": None}]


async def test_a_question_that_changed_sets_its_earlier_answers_aside(site: Site) -> None:
    ask = await _asked(site, QUESTIONS)
    assert (await site.respond(ask, 1, answers=ANSWERS, done=True)).status_code == 200
    changed = [one | {"points": 3} if one["id"] == "stars" else one for one in QUESTIONS]
    answer = await site.manage("PUT", "surveys/kinds", json=a_survey("kinds", questions=changed))
    assert (answer.json()["version"], answer.json()["change"]) == (2, "changed")
    [stars] = [
        one for one in (await site.manage("GET", "surveys/kinds/results")).json()["questions"] if one["id"] == "stars"
    ]
    assert (stars["n"], stars["set_aside"], stars["answered"]["of"]) == (0, 1, 0)


@pytest.mark.on_both(soon=True)
async def test_pages_show_what_was_answered_in_the_surveys_words(site: Site) -> None:
    ask = await _asked(site, QUESTIONS)
    assert (await site.respond(ask, 1, answers=ANSWERS, done=True)).status_code == 200
    await log_in(site.client, site.service, "viewer")
    page = await show(site, "surveys/kinds?range=all")
    text = page.text
    for told in ("How many?", "None of these", "the sea", "Dec 2026", "given by 1 of 1", "Answered by"):
        assert told.casefold() in text.casefold(), told
    assert "Shares are shown from 5 answers on" in text
    listed = await show(site, "responses")
    assert "Other" in listed.text
    [response] = (await site.manage("GET", "responses")).json()["data"]
    one = await show(site, f"responses/{response['id']}")
    for told in ("Other: the sea", "Sound", "24 Dec 2026", "Agreed:", "None of these: nothing", "Not answered"):
        assert told in one.text, told
    assert "Hello" not in one.text


async def test_the_scale_of_a_survey_stays(site: Site) -> None:
    await _asked(site, QUESTIONS)
    seven = [QUESTIONS[0], QUESTIONS[1] | {"points": 7}]
    answer = await site.manage("PUT", "surveys/kinds", json=a_survey("kinds", questions=seven))
    assert (answer.status_code, answer.json()["code"]) == (409, "scale_changed")
