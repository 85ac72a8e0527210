"""Hostile fields: any type in any place is taken for what it is or refused with its path, and neighbours are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tactful.web.bodies import MESSAGE_LIMIT
from tests.support.hostile import ROUTES, is_clear, post
from tests.support.rows import acknowledged, acknowledgements, counts
from tests.support.service import CONTEXT, Site, a_survey

pytestmark = pytest.mark.anyio

WRONG: tuple[Any, ...] = (None, True, 0, -1, 1.5, 2**70, "", "x", "\0", "\u202e", [], [[]], {}, {"a": 1}, "x" * 30_000)


class Bodies:
    """A good body of every kind, made anew by a site for each try, and every field in it."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def good(self) -> dict[str, list[dict[str, Any]]]:
        site = self.site
        passed, identity = await site.the_pass(), {"user_id": "ann", "anonymous_id": "b1"}
        who = {"identity": identity, "context": CONTEXT}
        sharing = a_survey(thanks={"title": "Thanks", "share": {"text": "I do this"}})
        assert (await site.manage("PUT", "surveys/nps", json=sharing)).status_code == 200
        ask = await site.ask("zoe")
        site.clock.advance(3_600_000)
        offer = await site.offer("ann", identity=identity)
        track = {"message_id": "t", "type": "track", "event": "Done", "properties": {"a": 1}, "timestamp": "2026-11-21"}
        identify = {"message_id": "i", "type": "identify", "traits": {"plan": "pro"}}
        group = {"message_id": "g", "type": "group", "group_id": "acme", "traits": {"seats": 3}}
        return {
            "/w/events": [{"pass": passed, "sent_at": 1, "events": [one]} | who for one in (track, identify, group)],
            "/w/asks": [{"offer": offer} | who, {"show": "nps", "pass": passed} | who],
            "/w/responses": [{"ask": ask, "rev": 1, "answers": {"score": 9, "why": "x"}, "done": False}],
            "/w/closings": [{"ask": ask, "how": "seen"}, {"pass": passed, "how": "opted_out", "identity": identity}],
            "/w/clicks": [{"ask": ask, "what": "copy"}],
            "/v1/batch": [
                {"sentAt": "2026-11-21T18:00:00Z", "batch": [{"type": "track", "event": "Done", "userId": "ann"}]}
            ],
            "/v1/track": [{"userId": "ann", "event": "Done", "properties": {"a": 1}, "timestamp": "2026-11-21"}],
            "/v1/identify": [{"userId": "ann", "traits": {"a": 1}, "context": {"traits": {"b": 1}}}],
            "/v1/group": [{"userId": "ann", "groupId": "acme", "traits": {"a": 1}}],
            "/api/v1/surveys/nps": [a_survey()],
            "/api/v1/policy": [
                {
                    "rules": [
                        {"id": "a", "scope": "person", "surveys": "all", "count": "asked", "cap": 1, "window": "7d"}
                    ],
                    "tenure": "1d",
                }
            ],
        }


def replaced(value: Any, wrong: Any) -> list[Any]:
    """`value` with each part of it, however deep, made `wrong` in turn."""
    if isinstance(value, dict):
        return [value | {name: new} for name, part in value.items() for new in (wrong, *replaced(part, wrong))]
    if isinstance(value, list):
        return [
            [*value[:n], new, *value[n + 1 :]]
            for n, part in enumerate(value)
            for new in (wrong, *replaced(part, wrong))
        ]
    return []


@pytest.mark.parametrize("route", ROUTES)
async def test_any_field_of_any_type_is_taken_or_refused(site: Site, route: str) -> None:
    goods = (await Bodies(site).good())[route]
    with acknowledgements(site.path) as kept:
        for bad in (bad for good in goods for wrong in WRONG for bad in replaced(good, wrong)):
            before = kept()
            answer = await post(site, route, json.dumps(bad).encode())
            assert answer.status_code == 200 or is_clear(answer) or answer.status_code == 201, (bad, answer.text)
            if answer.status_code >= 400:
                assert kept() == before, bad


@pytest.mark.parametrize("route", ROUTES)
async def test_the_good_bodies_are_good(site: Site, route: str) -> None:
    for good in (await Bodies(site).good())[route]:
        answer = await post(site, route, json.dumps(good).encode())
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("route", "change", "at"),
    [
        ("/w/events", {"pass": 7}, "pass"),
        ("/w/events", {"identity": {"user_id": 7}}, "identity.user_id"),
        ("/w/events", {"identity": []}, "identity"),
        ("/w/events", {"context": {"width": "wide"}}, "context.width"),
        ("/w/events", {"events": {}}, "events"),
        ("/w/asks", {"offer": None}, "offer"),
        ("/w/asks", {"context": {"page": 1}}, "context.page"),
        ("/w/responses", {"rev": True}, "rev"),
        ("/w/responses", {"rev": 0}, "rev"),
        ("/w/responses", {"rev": 1.5}, "rev"),
        ("/w/responses", {"answers": []}, "answers"),
        ("/w/responses", {"done": "yes"}, "done"),
        ("/w/closings", {"how": "bored"}, "how"),
        ("/w/closings", {"how": "x - at `$.pass`"}, "how"),
        ("/w/closings", {"ask": {}}, "ask"),
        ("/w/clicks", {"what": "like"}, "what"),
        ("/w/clicks", {"what": ["copy"]}, "what"),
        ("/w/clicks", {"ask": 1}, "ask"),
    ],
)
async def test_a_wrong_type_is_told_with_its_path(site: Site, route: str, change: dict[str, Any], at: str) -> None:
    good = (await Bodies(site).good())[route][0]
    told = (await site.post(route, good | change)).json()
    assert (told["code"], told["path"]) == ("bad_field", at)
    assert told["message"].startswith(f"{at}: ")


@pytest.mark.parametrize("body", [b"[]", b'{"events":[]}'])
async def test_a_fault_of_the_whole_body_has_no_path(site: Site, body: bytes) -> None:
    told = (await site.post("/w/events", body)).json()
    assert (told["code"], told["path"]) == ("bad_field", "")


class TestScores:
    @pytest.mark.parametrize("score", [True, False, 9.0, "9", -1, 11, 2**70, None, [], [9], {}, {"a": 0}, "\0", 1e300])
    async def test_only_a_whole_number_on_the_scale(self, site: Site, score: Any) -> None:
        ask = await site.ask()
        before = acknowledged(site.path)
        answer = await site.respond(ask, answers={"score": score})
        assert is_clear(answer)
        told = answer.json()
        assert (answer.status_code, told["code"], told["faults"][0]["path"]) == (422, "bad_answers", "answers.score")
        assert acknowledged(site.path) == before

    @pytest.mark.parametrize("written", ["9.0", "9e0", "-0.0", "1E1", "NaN", "09", "+9", "0x9", "9" * 4_000])
    async def test_however_it_is_spelled(self, site: Site, written: str) -> None:
        ask = await site.ask()
        body = f'{{"ask":"{ask}","rev":1,"answers":{{"score":{written}}}}}'
        assert is_clear(await site.post("/w/responses", body.encode()))
        assert counts(site.path)["responses"] == 0

    async def test_the_last_of_duplicate_keys_counts(self, site: Site) -> None:
        body = f'{{"ask":"{await site.ask()}","rev":1,"answers":{{"score":0,"score":9}}}}'
        assert (await site.post("/w/responses", body.encode())).status_code == 200
        assert (await site.manage("GET", "responses")).json()["data"][0]["score"] == 9

    @pytest.mark.parametrize(
        "answers",
        [
            {},
            {"why": ""},
            {"why": " \n"},
            {"nope": 9},
            {"why": 7},
            {"why": "x" * 2_001},
            {"why": "a\0"},
            {"": 1},
            {"score": 9, "__proto__": 1},
            {str(n): 1 for n in range(51)},
            {"Score": 9},
        ],
        ids=repr,
    )
    async def test_other_answers_that_say_nothing(self, site: Site, answers: dict[str, Any]) -> None:
        ask = await site.ask()
        assert is_clear(await site.respond(ask, answers=answers))
        assert counts(site.path)["responses"] == 0


class TestEvents:
    """One bad message of a page is dropped and counted; its neighbours are kept."""

    BAD: tuple[Any, ...] = (
        None,
        [],
        "x",
        {},
        {"message_id": "b"},
        {"message_id": "b", "type": "alias"},
        {"message_id": "", "type": "track", "event": "Done"},
        {"message_id": "x" * 257, "type": "track", "event": "Done"},
        {"message_id": 7, "type": "track", "event": "Done"},
        {"message_id": "b", "type": "track", "event": ["Done"]},
        {"message_id": "b", "type": "track", "event": ""},
        {"message_id": "b", "type": "track", "event": "x" * 201},
        {"message_id": "b", "type": "track", "event": "Done", "properties": []},
        {"message_id": "b\0", "type": "track", "event": "Done"},
        {"message_id": "b", "type": "identify", "traits": {"a\0": 1}},
        {"message_id": "b", "type": "identify", "traits": {"a": "\0"}},
        {"message_id": "b", "type": "identify", "traits": {"a": 2**63}},
        {"message_id": "b", "type": "identify", "traits": {"a": int("9" * 4_000)}},
        {"message_id": "b", "type": "identify", "traits": {"a": [[[[[[[[1]]]]]]]]}},
        {"message_id": "b", "type": "identify", "traits": {"a": [0] * 1_000}},
        {"message_id": "b", "type": "identify", "traits": {"a": "x" * MESSAGE_LIMIT}},
    )

    async def test_a_bad_one_is_dropped_alone(self, site: Site) -> None:
        for number, bad in enumerate(self.BAD):
            who = {"user_id": f"user-{number}", "anonymous_id": None}
            traits = [{"message_id": f"{number}{n}", "type": "identify", "traits": {n: number}} for n in "ab"]
            body = {"pass": await site.the_pass(), "identity": who, "events": [traits[0], bad, traits[1]]}
            answer = await site.post("/w/events", body)
            assert (answer.status_code, answer.content) == (200, b'{"offer":null}'), bad
            [person] = (await site.manage("GET", "people", params={"user_id": f"user-{number}"})).json()["data"]
            assert person["traits"] == {"a": number, "b": number}, bad
        assert site.service.dropped == len(self.BAD)

    @pytest.mark.parametrize(
        "identity",
        [{"user_id": "x" * 257}, {"user_id": "a\0"}, {"anonymous_id": "\0"}, {"anonymous_id": "x" * 257}],
    )
    async def test_ids_that_none_can_have(self, site: Site, identity: dict[str, str]) -> None:
        before = acknowledged(site.path)
        assert (await site.event(identity=identity)).json()["code"] == "bad_id"
        assert acknowledged(site.path) == before

    async def test_nobody_is_nobody(self, site: Site) -> None:
        before = acknowledged(site.path)
        for identity in ({}, {"user_id": ""}, {"user_id": None, "anonymous_id": " "}):
            assert (await site.event(identity=identity)).content == b'{"offer":null}'
            shown = {"show": "nps", "pass": await site.the_pass(), "identity": identity}
            assert (await site.post("/w/asks", shown)).status_code == 409
            closing = {"how": "opted_out", "pass": await site.the_pass(), "identity": identity}
            assert (await site.post("/w/closings", closing)).status_code == 200
        assert acknowledged(site.path) == before

    async def test_pages_and_locales(self, site: Site) -> None:
        offer = await site.offer()
        for context in ({"page": "\0"}, {"locale": "\0"}):
            assert (await site.take_up(offer or "", context=context)).json()["code"] == "bad_text"
        odd = {"page": "x" * 50_000, "locale": "\u202e" * 1_000, "width": -1e300, "visit": "v" * 1_000}
        assert (await site.take_up(offer or "", context=odd)).status_code == 200

    async def test_more_events_than_a_page_has(self, site: Site) -> None:
        body = {"pass": await site.the_pass(), "events": [{}] * 51}
        assert (await site.post("/w/events", body)).json()["path"] == "events"


class TestOffersWithLongValues:
    async def test_an_offer_that_is_signed_can_be_taken_up(self, site: Site) -> None:
        texts = " ".join(f"{{{{event.p{n}}}}}" for n in range(10))
        survey = a_survey(intro=texts, questions=[{"id": "score", "kind": "nps", "ask": "How?"}])
        assert (await site.manage("PUT", "surveys/nps", json=survey)).status_code == 200
        properties = {f"p{n}": "\u6f22" * 200 for n in range(10)}
        offer = await site.offer(properties=properties)
        assert offer is not None
        answer = await site.take_up(offer)
        assert answer.status_code == 200, answer.text
        assert answer.json()["survey"]["intro"] == " ".join(properties.values())
