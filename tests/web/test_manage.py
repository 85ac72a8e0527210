"""The management API: scopes, lists that end, definitions in JSON and YAML, and faults with their places."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
import yaml
from starlette.routing import Route

from tactful.store.projects import hash_key
from tactful.web.openapi import OPERATIONS
from tactful.web.routes import ROUTES
from tests.support.hostile import is_clear
from tests.support.rows import contents, counts, execute
from tests.support.service import Site, a_survey

pytestmark = [pytest.mark.anyio, pytest.mark.on_both]

MANAGED = [
    (method, route.path)
    for route in ROUTES
    if isinstance(route, Route) and route.path.startswith("/api/v1/")
    for method in sorted((route.methods or set()) - {"HEAD"})
]
SCOPES = {(one.method, one.path): one.scope for one in OPERATIONS}


async def call(site: Site, method: str, route: str, token: str | None, **fields: Any) -> httpx2.Response:
    address = route.replace("{key}", "nps").replace("{person_id}", "0" * 26)
    headers = {} if token is None else {"authorization": token.encode("latin-1")}
    return await site.client.request(method, address, headers=headers, **fields)


def scoped(site: Site, *scopes: str) -> str:
    """A token that may do only this."""
    token = "api_" + "-".join(scopes)
    key = (hash_key(token), site.project.project_id, json.dumps(scopes))
    execute(site.url, "INSERT INTO api_keys VALUES (?, ?, 'api', ?, 0, NULL) ON CONFLICT DO NOTHING", *key)
    return f"Bearer {token}"


class TestTokens:
    @pytest.mark.parametrize(("method", "route"), MANAGED)
    async def test_every_route_needs_one(self, site: Site, method: str, route: str) -> None:
        before = contents(site.url)
        good = site.project.api_token
        tokens = (None, "", "Bearer", "Bearer ", f"Basic {good}", good, "Bearer x", f"Bearer {good}x", "Bearer \u00e9")
        bad = [await call(site, method, route, token, content=b"{}") for token in tokens]
        assert {(answer.status_code, answer.json()["code"]) for answer in bad} == {(401, "bad_token")}
        assert all(is_clear(answer) for answer in bad)
        assert contents(site.url) == before

    @pytest.mark.parametrize(("method", "route"), MANAGED)
    async def test_and_its_scope(self, site: Site, method: str, route: str) -> None:
        scope = SCOPES[method, route]
        before = contents(site.url)
        others = sorted(set(SCOPES.values()) - {scope})
        refused = await call(site, method, route, scoped(site, *others), content=b"{}")
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        assert (await call(site, method, route, scoped(site), content=b"{}")).status_code == 403
        for token in (scoped(site, scope), scoped(site, "*")):
            assert (await call(site, method, route, token, content=b"[]")).status_code in (200, 404, 422)
        after = contents(site.url)
        assert {name: rows for name, rows in after.items() if name != "api_keys"} == {
            name: rows for name, rows in before.items() if name != "api_keys"
        }

    async def test_a_revoked_one_opens_nothing(self, site: Site) -> None:
        execute(site.url, "UPDATE api_keys SET revoked_at = 1 WHERE purpose = 'api'")
        assert (await site.manage("GET", "surveys")).status_code == 401


class TestLists:
    async def all_pages(self, site: Site, route: str, limit: int) -> list[dict[str, Any]]:
        """Follow `next` from page to page, as a client does, to the end."""
        found, address = [], f"{route}{'&' if '?' in route else '?'}limit={limit}"
        for _ in range(50):
            answer = await site.manage("GET", address)
            assert answer.status_code == 200, answer.text
            told = answer.json()
            assert len(told["data"]) <= limit
            found += told["data"]
            if told["next"] is None:
                return found
            address = told["next"].removeprefix("http://service.test/api/v1/")
            assert address != told["next"]
        raise AssertionError("a list without an end")

    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 100])
    async def test_each_entry_comes_once(self, site: Site, limit: int) -> None:
        for number in range(6):
            await site.respond(await site.ask(f"user-{number}"), answers={"score": number})
        responses = await self.all_pages(site, "responses?survey=nps", limit)
        assert sorted(one["score"] for one in responses) == [0, 1, 2, 3, 4, 5]
        people = await self.all_pages(site, "people", limit)
        assert sorted(one["user_id"] for one in people) == [f"user-{number}" for number in range(6)]
        assert [one["id"] for one in people] == sorted(one["id"] for one in people)

    async def test_what_comes_meanwhile_disturbs_no_page(self, site: Site) -> None:
        for number in range(3):
            await site.respond(await site.ask(f"user-{number}"), answers={"score": number})
            site.clock.advance(1_000)
        first = (await site.manage("GET", "responses?limit=2")).json()
        await site.respond(await site.ask("late"), answers={"score": 10})
        rest = (
            await site.client.get(first["next"], headers={"authorization": f"Bearer {site.project.api_token}"})
        ).json()
        assert [one["score"] for one in first["data"] + rest["data"]] == [2, 1, 0]

    async def test_one_person_is_a_list_that_ends(self, site: Site) -> None:
        await site.ask("ann")
        assert len(await self.all_pages(site, "people?user_id=ann", 1)) == 1

    @pytest.mark.parametrize("name", ["user_id", "anonymous_id"])
    @pytest.mark.parametrize("written", ["", "%20", "nobody"])
    async def test_an_empty_id_is_nobodys(self, site: Site, name: str, written: str) -> None:
        """A program that looks up an id it does not have must not be handed everybody."""
        await site.ask("ann")
        assert (await site.manage("GET", f"people?{name}={written}")).json() == {"data": [], "next": None}

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "\u00b2", "%00", "9" * 5_000, " 1", "1e1", "0001"])
    async def test_a_limit_is_a_small_number(self, site: Site, limit: str) -> None:
        for route in ("people", "responses"):
            answer = await site.manage("GET", f"{route}?limit={limit}")
            assert is_clear(answer)
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_query")

    @pytest.mark.parametrize(
        "before", ["", "x", "1", "1.", ".x", "-1.x", "1.x%00", "9" * 17 + ".x", "\u0663.x", "9" * 5_000 + ".x"]
    )
    async def test_a_cursor_is_what_next_says(self, site: Site, before: str) -> None:
        answer = await site.manage("GET", f"responses?before={before}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_query")

    @pytest.mark.parametrize("query", ["survey=%00", "user_id=%00", "after=%00", "user_id=" + "x" * 257])
    async def test_other_parameters(self, site: Site, query: str) -> None:
        route = "responses" if query.startswith("survey") else "people"
        assert is_clear(await site.manage("GET", f"{route}?{query}"))


ODD_IDS = [
    "%00",
    "%FF",
    "%ED%A0%80",
    "..",
    "'",
    '"',
    "%",
    "\u202e",
    "x" * 10_000,
    "%0d%0aX:%20y",
    "{{7*7}}",
    "<script>",
]


class TestPaths:
    @pytest.mark.parametrize("odd", ODD_IDS)
    async def test_an_odd_id_is_one_that_does_not_exist(self, site: Site, odd: str) -> None:
        for route in ("surveys/{}", "surveys/{}/results", "people/{}", "people/{}/why"):
            answer = await site.manage("GET", route.format(quote(odd, safe="%")))
            assert answer.status_code == 404
            assert is_clear(answer)

    @pytest.mark.parametrize("odd", ODD_IDS[4:])
    async def test_an_odd_key_is_no_key_of_a_survey(self, site: Site, odd: str) -> None:
        before = counts(site.url)
        answer = await site.manage("PUT", f"surveys/{quote(odd, safe='')}", json=a_survey(key=odd))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_definition")
        assert counts(site.url) == before

    async def test_why_of_a_survey_that_is_not(self, site: Site) -> None:
        await site.ask("ann")
        [person] = (await site.manage("GET", "people")).json()["data"]
        answer = await site.manage("GET", f"people/{person['id']}/why?survey=absent")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_survey")
        told = (await site.manage("GET", f"people/{person['id']}/why?survey=nps")).json()
        assert [one["survey"] for one in told["surveys"]] == ["nps"]
        [rule] = told["surveys"][0]["rules"]
        assert (rule["counted"], rule["cap"], rule["free_in_ms"]) == (1, 1, 3_600_000)
        assert (await site.manage("GET", f"people/{person['id']}")).json() == person


class TestDefinitions:
    async def put(self, site: Site, route: str, data: Any, how: str) -> httpx2.Response:
        if how == "json":
            return await site.manage("PUT", route, json=data)
        headers = {"content-type": how}
        return await site.manage("PUT", route, content=yaml.safe_dump(data).encode(), headers=headers)

    @pytest.mark.parametrize("how", ["json", "application/yaml", "text/yaml; charset=utf-8", "application/x-yaml"])
    async def test_in_either_language_and_once(self, site: Site, how: str) -> None:
        written = a_survey("fresh", name="\u6f22\u5b57 </script>")
        del written["key"]
        first = await self.put(site, "surveys/fresh", written, how)
        again = await self.put(site, "surveys/fresh", written, how)
        assert (first.status_code, first.json()["change"], first.json()["version"]) == (201, "created", 1)
        assert (again.status_code, again.json()["change"], again.json()["version"]) == (200, "unchanged", 1)
        told = (await site.manage("GET", "surveys/fresh")).json()
        assert told["name"] == "\u6f22\u5b57 </script>"
        back = await self.put(
            site, "surveys/fresh", {k: v for k, v in told.items() if k not in ("version", "kind")}, how
        )
        assert back.json()["change"] == "unchanged", "what is read can be written back"

    async def test_a_change_is_a_version_and_a_pause_is_none(self, site: Site) -> None:
        renamed = await site.manage("PUT", "surveys/nps", json=a_survey(name="New"))
        paused = await site.manage("PUT", "surveys/nps", json=a_survey(name="New", state="paused"))
        assert [(one.json()["change"], one.json()["version"]) for one in (renamed, paused)] == [("changed", 2)] * 2
        assert (await site.manage("GET", "surveys/nps")).json()["state"] == "paused"

    async def test_a_policy_too(self, site: Site) -> None:
        rule = {"id": "a", "scope": "person", "surveys": "all", "count": "asked", "cap": 2, "window": "7d"}
        for how, change in (("json", "changed"), ("application/yaml", "unchanged")):
            answer = await self.put(site, "policy", {"rules": [rule], "tenure": "1d"}, how)
            assert (answer.status_code, answer.json()["change"]) == (200, change)
        assert (await site.manage("GET", "policy")).json()["rules"] == [rule]
        back = await self.put(site, "policy", (await site.manage("GET", "policy")).json(), "json")
        assert back.json()["change"] == "unchanged"

    async def test_words_too_and_the_next_card_says_them(self, site: Site) -> None:
        own = {"words": {"en": {"send": "Go"}}}
        for how, change in (("json", "changed"), ("application/yaml", "unchanged")):
            answer = await self.put(site, "words", own, how)
            assert (answer.status_code, answer.json()["change"]) == (200, change)
        back = await site.manage("GET", "words")
        assert back.json() == own
        assert (await self.put(site, "words", back.json(), "json")).json()["change"] == "unchanged"
        asked = await site.take_up(await site.offer())
        assert asked.json()["survey"]["words"]["send"] == "Go"
        wrong = await site.manage("PUT", "words", json={"words": {"en": {"sent": "Go"}}})
        assert [fault["path"] for fault in wrong.json()["faults"]] == ["words.en.sent"]
        planned = await site.manage("POST", "diff", json={"words": {}})
        [told] = planned.json()["data"]
        assert (told["change"], told["survey"], told["diff"].splitlines()[0]) == (
            "changed",
            None,
            "--- words, as it is",
        )

    async def test_what_is_doubtful_is_told(self, site: Site) -> None:
        wrapped = await site.manage("PUT", "policy", json={"policy": {"rules": []}})
        assert wrapped.status_code == 200
        assert [warning["path"] for warning in wrapped.json()["warnings"]] == ["policy"]
        typo = await site.manage("PUT", "surveys/nps", json=a_survey(thorttle={"repeat": "1d"}))
        assert [warning["path"] for warning in typo.json()["warnings"]] == ["thorttle"]
        assert (await site.manage("PUT", "surveys/nps", json=a_survey())).json()["warnings"] == []

    async def test_every_fault_has_its_path_and_its_line(self, site: Site) -> None:
        before = contents(site.url)
        body = b"name: 7\nstate: alive\nquestions:\n- {id: score, kind: nops, ask: How?}\n- {id: why}\n"
        answer = await site.manage("PUT", "surveys/x", content=body, headers={"content-type": "text/yaml"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_definition")
        places = {fault["path"]: fault["line"] for fault in answer.json()["faults"]}
        assert places["questions[0].kind"] == 4
        assert places["questions[1].kind"] == 5
        assert {"name", "state"} <= places.keys()
        assert all(fault["message"] for fault in answer.json()["faults"])
        assert contents(site.url) == before

    @pytest.mark.parametrize(
        "body",
        [
            b"a: &a [x]\nb: *a",
            b"a: !!python/object/apply:os.system ['true']",
            b"--- 1\n--- 2",
            b"a: 1\na: 2",
            b"\t- x",
            b"a: \x07",
            b"? {a: 1}\n: 2",
            b"[" * 100_000,
            b"a: " + b"9" * 4_000,
        ],
        ids=["alias", "tag", "two documents", "twice", "tab", "bell", "key", "deep", "digits"],
    )
    async def test_yaml_has_no_surprises(self, site: Site, body: bytes) -> None:
        answer = await site.manage("PUT", "policy", content=body, headers={"content-type": "application/yaml"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_definition")

    async def test_the_key_of_the_path_is_the_surveys(self, site: Site) -> None:
        before = contents(site.url)
        answer = await site.manage("PUT", "surveys/other", json=a_survey("nps"))
        assert (answer.status_code, answer.json()["code"], answer.json()["path"]) == (400, "key_mismatch", "key")
        assert contents(site.url) == before

    @pytest.mark.parametrize("body", [[], None, 7, "text"])
    async def test_a_definition_is_an_object(self, site: Site, body: Any) -> None:
        for route in ("surveys/nps", "policy"):
            answer = await site.manage("PUT", route, json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_definition")


async def test_nothing_is_kept_by_caches(site: Site) -> None:
    for route in ("surveys", "people", "responses", "policy"):
        assert (await site.manage("GET", route)).headers["cache-control"] == "no-store"
