"""Signed identity over the wire: what enforcing it closes, what a token says, and a change of secrets under load."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import pytest

from tactful.core.spans import DAY_MS
from tactful.database_url import read_database_url
from tactful.identity import Mode, hash_user
from tactful.store.identity import IdentityCount, counts_since, forget_identity_counts
from tactful.store.registry import BELONGINGS
from tactful.store.results import person_row
from tactful.store.script import Script, rows
from tactful.tokens import TEST
from tests.support.clock import START, SetClock
from tests.support.postgres import the_postgres
from tests.support.rows import counts, execute
from tests.support.service import NO_RULES, SITE, Site, a_survey, make_project, running
from tests.test_jwts import token

pytestmark = pytest.mark.anyio

NOW = START // 1_000
BROWSER = "browser-of-ann"


async def set_mode(site: Site, mode: Mode) -> None:
    answer = await site.manage("PUT", "identity", json={"mode": mode})
    assert answer.status_code == 200, answer.text


def signed(site: Site, user_id: str = "ann", anonymous_id: str | None = None) -> dict[str, str | None]:
    proof = hash_user(site.project.identity_secret, user_id)
    return {"user_id": user_id, "anonymous_id": anonymous_id, "user_hash": proof}


def vouched(site: Site, **claims: Any) -> str:
    return token({"user_id": "ann", "iat": NOW, "exp": NOW + 3_600} | claims, site.project.identity_secret)


def _everything(project_id: str, person_id: str) -> Script[dict[str, list[tuple[Any, ...]]]]:
    """All that is held of a person, as erasing would find it."""
    found = {}
    for belonging in BELONGINGS:
        found[belonging.table] = [tuple(row) for row in (yield rows(belonging.read, project_id, person_id))]
    return found


async def person_id(site: Site, user_id: str = "ann") -> str:
    [found] = (await site.manage("GET", "people", params={"user_id": user_id})).json()["data"]
    return str(found["id"])


async def held(site: Site, user_id: str = "ann") -> dict[str, list[tuple[Any, ...]]]:
    await site.service.journal.write(site.service.db)
    found = await site.service.db.read(_everything, site.project.project_id, await person_id(site, user_id))
    assert found["people"], "there is somebody to be changed"
    return found


async def traits(site: Site, user_id: str = "ann") -> dict[str, Any]:
    row = await site.service.db.read(person_row, site.project.project_id, await person_id(site, user_id))
    written: dict[str, Any] = json.loads(str(dict(row)["traits"]))
    return written


async def bodies(site: Site) -> list[tuple[str, dict[str, Any]]]:
    """Everything that a page can ask for by saying who it is for."""
    passed = await site.the_pass()
    message = {"message_id": "same", "type": "track", "event": "Done"}
    return [
        ("/w/events", {"pass": passed, "events": [message]}),
        ("/w/events", {"pass": passed, "events": [message | {"type": "identify", "traits": {"plan": "none"}}]}),
        ("/w/events", {"pass": passed, "events": [message | {"type": "group", "group_id": "evil"}]}),
        ("/w/events", {"pass": passed, "events": []}),
        ("/w/asks", {"show": "nps", "pass": passed}),
        ("/w/asks", {"show": "no-such-survey", "pass": passed}),
        ("/w/closings", {"pass": passed, "how": "opted_out"}),
    ]


class TestSomebodyKnown:
    """Under `enforce` somebody who is known is acted for by a proof alone, whatever else the page knows of them."""

    @pytest.mark.on_both(soon=True)
    @pytest.mark.parametrize("claimed", [{}, {"user_id": "ann"}, {"user_id": "bob"}])
    async def test_their_browser_does_not_speak_for_them(self, site: Site, claimed: dict[str, str]) -> None:
        await set_mode(site, "enforce")
        await site.event(identity=signed(site, anonymous_id=BROWSER), type="identify", traits={"plan": "pro"})
        offer = await site.offer(identity=signed(site, anonymous_id=BROWSER))
        assert offer is not None
        before, identity = await held(site), claimed | {"anonymous_id": BROWSER}
        site.clock.advance(5)
        for path, body in await bodies(site):
            answer = await site.post(path, body | {"identity": identity})
            closing = path == "/w/closings"
            assert answer.status_code == (401 if closing else 409 if path == "/w/asks" else 200), (path, answer.text)
            assert not closing or answer.json()["code"] == "identity_needed", "an opt-out that is not kept is not taken"
        assert (await site.take_up(offer, identity=identity)).status_code == 409
        assert (await site.take_up(offer, identity={"anonymous_id": "elsewhere"})).status_code == 409
        assert await held(site) == before
        assert (await site.take_up(offer, identity=signed(site, anonymous_id=BROWSER))).status_code == 200

    async def test_a_test_link_makes_no_tester_of_them(self, site: Site) -> None:
        await set_mode(site, "enforce")
        await site.event(identity=signed(site, anonymous_id=BROWSER), type="identify", traits={})
        before = await held(site)
        site.clock.advance(5)
        test = site.service.tokens.sign(TEST, [site.project.project_id])
        body = {"pass": await site.the_pass(), "identity": {"anonymous_id": BROWSER}, "events": [], "test": test}
        assert (await site.post("/w/events", body)).status_code == 200
        assert await held(site) == before

    @pytest.mark.parametrize("mode", ["off", "warn"])
    async def test_where_nothing_is_enforced_their_browser_is_theirs(self, site: Site, mode: Mode) -> None:
        await set_mode(site, mode)
        await site.event(identity=signed(site, anonymous_id=BROWSER), type="identify", traits={})
        closing = {"pass": await site.the_pass(), "how": "opted_out", "identity": {"anonymous_id": BROWSER}}
        assert (await site.post("/w/closings", closing)).status_code == 200
        assert await site.offer(identity=signed(site)) is None

    async def test_an_ask_is_proof_enough_of_its_own(self, site: Site) -> None:
        """Whoever has the ask was given it as the person: what is said to it is kept, also when the page is left."""
        await set_mode(site, "enforce")
        offer = await site.offer(identity=signed(site))
        assert offer is not None
        ask = (await site.take_up(offer, identity=signed(site))).json()["ask"]
        assert (await site.respond(ask)).status_code == 200
        assert (await site.post("/w/closings", {"ask": ask, "how": "seen"})).status_code == 200

    async def test_an_account_is_nothing_that_a_page_may_say(self, site: Site) -> None:
        await set_mode(site, "enforce")
        await site.event(identity=signed(site), type="group", group_id="another-company", traits={"plan": "none"})
        assert counts(site.path)["accounts"] == 0
        identity = {"user_id": "ann", "jwt": vouched(site, account={"id": "acme", "plan": "team"})}
        await site.event(identity=identity, type="group", group_id="another-company", traits={"plan": "none"})
        assert counts(site.path)["accounts"] == 0
        await site.event(identity=identity, type="group", group_id="acme", traits={"plan": "none"})
        assert counts(site.path)["accounts"] == 1


class TestEqualReplies:
    async def test_over_every_route(self, site: Site) -> None:
        """Status, every header and every byte are the same, whether the user who is claimed is known or not."""
        await set_mode(site, "enforce")
        await site.event(identity=signed(site), type="identify", traits={"plan": "pro"})
        offer = await site.offer(identity=signed(site))
        assert offer is not None
        tries = [*await bodies(site), ("/w/asks", {"offer": offer})]
        for proof in ({}, {"user_hash": "0" * 64}, {"jwt": "a.b.c"}, {"jwt": token({"user_id": "ann"}, alg="none")}):
            for path, body in tries:
                told = []
                for user in ("ann", "nobody-knows-me"):
                    answer = await site.post(path, body | {"identity": {"user_id": user} | proof})
                    told.append((answer.status_code, sorted(answer.headers.multi_items()), answer.content))
                assert told[0] == told[1], (path, proof)

    async def test_over_the_live_stream(self, site: Site) -> None:
        await set_mode(site, "enforce")
        await site.event(identity=signed(site), type="identify", traits={})
        for proof, status in (({}, 403), ({"user_hash": "0" * 64}, 401), ({"signature": "a.b.c"}, 401)):
            told = []
            for user in ("ann", "nobody-knows-me"):
                body = {"pass": await site.the_pass(), "identity": {"user_id": user} | proof}
                answer = await site.post("/w/live", body)
                told.append((answer.status_code, sorted(answer.headers.multi_items()), answer.content))
            assert told[0] == told[1]
            assert told[0][0] == status


class TestNames:
    """A backend's code stays as it is, whichever product it was written for."""

    @pytest.mark.parametrize("name", ["user_hash", "userHash", "identifier_hash", "signature"])
    async def test_of_hashes(self, site: Site, name: str) -> None:
        await set_mode(site, "enforce")
        proof = hash_user(site.project.identity_secret, "ann")
        assert await site.offer(identity={"user_id": "ann", name: proof}) is not None
        answer = await site.event(identity={"user_id": "bob", name: proof})
        assert (answer.status_code, answer.json()["reason"]) == (401, "wrong")

    @pytest.mark.parametrize("name", ["jwt", "user_jwt", "intercom_user_jwt", "user_hash", "userHash"])
    async def test_of_tokens(self, site: Site, name: str) -> None:
        await set_mode(site, "enforce")
        assert await site.offer(identity={"user_id": "ann", name: vouched(site)}) is not None
        for text, reason in (
            (token({"user_id": "ann", "exp": NOW + 60}, "the-secret-of-another-project"), "wrong"),
            (vouched(site, exp=NOW - 61), "expired"),
            (token({"user_id": "ann", "exp": NOW + 60}, site.project.identity_secret, alg="none"), "algorithm"),
        ):
            answer = await site.event(identity={"user_id": "ann", name: text})
            assert (answer.status_code, answer.json()["reason"]) == (401, reason)


class TestTraits:
    async def test_inside_a_token_they_are_trusted_and_outside_not(self, site: Site) -> None:
        await set_mode(site, "enforce")
        inside = {"plan": "pro", "created_at": NOW - 86_400 * 400}
        await site.event(
            identity={"jwt": vouched(site, **inside)}, type="identify", traits={"plan": "free", "admin": True}
        )
        assert await traits(site) == inside
        row = dict(await site.service.db.read(person_row, site.project.project_id, await person_id(site)))
        assert row["created_at"] == inside["created_at"] * 1_000, "a backend vouches for it"

    async def test_where_nothing_is_enforced_those_inside_win(self, site: Site) -> None:
        identity = {"jwt": vouched(site, plan="pro", account={"id": "acme", "seats": 3})}
        await site.event(identity=identity, type="identify", traits={"plan": "free", "theme": "dark"})
        assert await traits(site) == {"plan": "pro", "theme": "dark"}
        assert counts(site.path)["accounts"] == 1

    async def test_what_no_database_keeps_is_dropped(self, site: Site) -> None:
        await set_mode(site, "enforce")
        deep: dict[str, Any] = {}
        for _ in range(20):
            deep = {"in": deep}
        for inside in ({"name": "a\0b"}, {"deep": deep}, {"big": 2**60}):
            identity = {"jwt": vouched(site, **inside)}
            assert (await site.event(identity=identity, type="identify", traits={})).status_code == 200
        assert (await site.manage("GET", "people")).json()["data"] == []


async def report(site: Site) -> dict[str, int]:
    """The counts as they were written, by outcome."""
    await site.service.proofs.write(site.service.db)
    found = await site.service.db.read(counts_since, site.project.project_id, 0)
    assert all(isinstance(one, IdentityCount) and one.last_origin == SITE for one in found)
    return {one.outcome: one.times for one in found}


class TestReport:
    async def claims(self, site: Site) -> None:
        await site.event(identity=signed(site, anonymous_id=BROWSER), type="identify", traits={})
        await site.event("bob")
        await site.event("eve")
        await site.event(identity={"anonymous_id": BROWSER})
        await site.event(identity={"anonymous_id": "somebody"})
        await site.event(identity={"user_id": "ann", "user_hash": "0"})
        await site.event(identity={"jwt": vouched(site, exp=NOW - 100)})

    @pytest.mark.parametrize(
        ("mode", "told"),
        [
            ("off", {"wrong": 1, "expired": 1}),
            ("warn", {"signed": 1, "unsigned": 2, "browser": 1, "wrong": 1, "expired": 1}),
            ("enforce", {"signed": 1, "unsigned": 2, "browser": 1, "wrong": 1, "expired": 1}),
        ],
    )
    async def test_it_counts_who_would_be_refused(self, site: Site, mode: Mode, told: dict[str, int]) -> None:
        await set_mode(site, mode)
        await self.claims(site)
        assert await report(site) == told
        await site.event("bob")
        assert sum((await report(site)).values()) == sum(told.values()) + (mode != "off"), "counts add up"

    async def test_days_are_apart_and_forgotten_in_the_end(self, site: Site) -> None:
        await set_mode(site, "warn")
        await site.event("bob")
        site.clock.advance(DAY_MS)
        await site.event("bob")
        await site.service.proofs.write(site.service.db)
        assert len(await site.service.db.read(counts_since, site.project.project_id, 0)) == 2
        site.clock.advance(90 * DAY_MS)
        assert await site.service.db.run(forget_identity_counts) == 1
        assert len(await site.service.db.read(counts_since, site.project.project_id, 0)) == 1

    async def test_what_could_not_be_written_is_kept(self, site: Site) -> None:
        await set_mode(site, "warn")
        await site.event("bob")
        execute(site.path, "ALTER TABLE identity_counts RENAME TO away")
        with contextlib.suppress(Exception):
            await site.service.proofs.write(site.service.db)
        execute(site.path, "ALTER TABLE away RENAME TO identity_counts")
        await site.event("bob")
        assert (await report(site))["unsigned"] >= 1


async def test_a_change_of_secrets_under_load_on_two_nodes(clock: SetClock) -> None:
    """Nobody who signs with the new secret is refused at any time; with the revoked one everybody is, on both nodes,
    as soon as they look (which they do each second)."""
    url = read_database_url(the_postgres().fresh_database(clock))
    project = make_project(url, clock, surveys=(a_survey(),), policy=NO_RULES)
    async with running(project, url, clock) as here, running(project, url, clock) as there:
        await set_mode(here, "enforce")
        added = await here.manage("POST", "identity/secrets", json={})
        assert added.status_code == 200, added.text
        new = added.json()["secret"]
        for node in (here, there):
            await node.service.configs.refresh()
        stop, refused = asyncio.Event(), []

        async def learner(node: Site, number: int) -> None:
            user = f"u-{number}"
            identity = {"user_id": user, "user_hash": hash_user(new, user)}
            while not stop.is_set():
                answer = await node.event(identity=identity)
                if answer.status_code != 200:
                    refused.append(answer.text)

        load = [asyncio.create_task(learner(node, number)) for number in range(3) for node in (here, there)]
        live = (await here.manage("GET", "identity")).json()["secrets"]
        [old] = [one["id"] for one in live if one["id"] != added.json()["id"]]
        assert (await there.manage("DELETE", f"identity/secrets/{old}")).status_code == 200
        async with asyncio.timeout(30):
            while (await here.event(identity=signed(here))).status_code != 401:
                pass  # every request is a turn of the loop
        for node in (here, there):
            told = [(await node.event(identity=signed(node, f"v-{one}"))).status_code for one in range(20)]
            assert told == [401] * 20
        stop.set()
        await asyncio.gather(*load)
        assert refused == []
