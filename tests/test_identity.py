"""Identity: a signature that is present is verified, and what an unsigned claim is worth is the project's mode."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.errors import BadRequest, Unauthorized
from tactful.identity import (
    Belief,
    Claim,
    Identity,
    Mode,
    Secret,
    Terms,
    believe,
    hash_user,
    id_or_none,
    normal_id,
)
from tactful.store.projects import Config
from tactful.store.results import person_row
from tests.support.rows import counts, execute
from tests.support.service import Site, a_survey, apply_to

CASES = json.loads((Path(__file__).parent / "cases" / "identity.json").read_text())
SECRET, USER, HASH = CASES["secret"], CASES["user_id"], CASES["user_hash"]
MODES: tuple[Mode, ...] = ("off", "warn", "enforce")
every_mode = pytest.mark.parametrize("mode", MODES)


def told(claim: Claim, mode: Mode, *secrets: str) -> Belief:
    """What the claim is worth to a project with these secrets."""
    return believe(claim, Terms(mode, tuple(Secret(f"s{number}", one) for number, one in enumerate(secrets))), 0)


class TestBelieve:
    def test_the_hash_is_the_one_that_other_products_make(self) -> None:
        assert hash_user(SECRET, USER) == HASH

    @every_mode
    def test_a_good_hash_proves(self, mode: Mode) -> None:
        for spelled in (HASH, HASH.upper(), f" {HASH} "):
            belief = told(Claim("b", USER, (spelled,)), mode, SECRET)
            assert belief == Belief(Identity(USER, "b", proved=True), ("s0",))

    @every_mode
    @pytest.mark.parametrize(
        "given_hash", ["", "0", HASH[:-1], HASH + "0", HASH[::-1], "é" * 64, "\ud800", *CASES["other_hashes"].values()]
    )
    def test_a_wrong_hash_is_refused_in_every_mode(self, mode: Mode, given_hash: str) -> None:
        with pytest.raises(Unauthorized) as refused:
            told(Claim("b", USER, (given_hash,)), mode, SECRET)
        assert (refused.value.code, refused.value.data["reason"]) == ("identity_refused", "wrong")
        with pytest.raises(Unauthorized):
            told(Claim("b", USER, (HASH, given_hash)), mode, SECRET)

    @every_mode
    def test_somebody_elses_hash_is_refused(self, mode: Mode) -> None:
        for claim, secrets in (
            (Claim("b", "u_43", (HASH,)), [SECRET]),
            (Claim("b", USER, (HASH,)), ["the secret of another project"]),
            (Claim("b", USER, (HASH,)), []),
        ):
            with pytest.raises(Unauthorized):
                told(claim, mode, *secrets)

    @every_mode
    def test_a_hash_over_the_address_proves_the_address_and_no_other_id(self, mode: Mode) -> None:
        """Whoever has the hash of their own address could otherwise hand it over with the id of anybody."""
        of_the_address = (CASES["other_hashes"]["of the e-mail"],)
        with pytest.raises(Unauthorized):
            told(Claim("b", USER, of_the_address), mode, SECRET)
        assert told(Claim("b", "ada@example.test", of_the_address), mode, SECRET).identity.proved

    @pytest.mark.parametrize(
        ("mode", "user_id", "guarded"), [("off", USER, False), ("warn", USER, False), ("enforce", None, True)]
    )
    def test_an_unsigned_claim_is_worth_what_the_mode_says(
        self, mode: Mode, user_id: str | None, guarded: bool
    ) -> None:
        belief = told(Claim("b", USER), mode, SECRET)
        assert belief == Belief(Identity(user_id, "b", guarded=guarded), unsigned=True)

    @every_mode
    def test_a_hash_of_nobody_proves_nothing(self, mode: Mode) -> None:
        nobody = Belief(Identity(None, "b", guarded=mode == "enforce"))
        assert told(Claim("b", None, (HASH,)), mode, SECRET) == nobody
        assert told(Claim("b", "  ", (HASH,)), mode, SECRET) == nobody

    def test_every_live_secret_verifies(self) -> None:
        assert told(Claim(None, USER, (HASH,)), "enforce", "newer", SECRET).secret_ids == ("s1",)
        assert told(Claim(None, USER, (hash_user("newer", USER),)), "enforce", "newer", SECRET).secret_ids == ("s0",)

    def test_a_secret_for_tokens_takes_no_hash(self) -> None:
        for accepts, proved in (("hash", True), ("any", True), ("token", False)):
            terms = Terms("off", (Secret("s", SECRET, accepts),))
            with contextlib.nullcontext() if proved else pytest.raises(Unauthorized):
                assert believe(Claim(None, USER, (HASH,)), terms, 0).identity.proved

    def test_an_id_signed_before_it_was_trimmed_is_good(self) -> None:
        as_sent = " Zoe\u0308 "
        for signed in (as_sent, "Zo\u00eb"):
            belief = told(Claim(None, as_sent, (hash_user(SECRET, signed),)), "enforce", SECRET)
            assert belief.identity.user_id == "Zo\u00eb"


class TestIds:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            (None, None),
            ("", None),
            (" \t\n\u00a0\u2003", None),
            ("  u_42 ", "u_42"),
            ("e\u0301", "\u00e9"),
            ("\ufb01", "\ufb01"),
            ("A", "A"),
            ("x" * 256, "x" * 256),
            (" " + "e\u0301" * 256 + " ", "\u00e9" * 256),
        ],
    )
    def test_one_form(self, written: str | None, read: str | None) -> None:
        assert normal_id(written) == read

    @pytest.mark.parametrize("written", ["x" * 257, "a\0b", "\0"])
    def test_what_no_id_can_be(self, written: str) -> None:
        with pytest.raises(BadRequest) as refused:
            normal_id(written)
        assert refused.value.code == "bad_id"
        assert id_or_none(written) is None

    @given(st.text(max_size=300))
    def test_the_one_form_is_its_own(self, written: str) -> None:
        normal = id_or_none(written)
        if normal is not None:
            assert normal_id(normal) == normal
            assert normal_id(f" {unicodedata.normalize('NFD', normal)}\n") == normal

    def test_names_under_which_a_person_is_found(self) -> None:
        assert Identity("u", "b").aliases == ("u:u", "a:b")
        assert Identity(None, "b").aliases == ("a:b",)
        assert Identity(None, None).aliases == ()
        assert [Identity("u", "b").sample_key, Identity(None, "b").sample_key, Identity(None, None).sample_key] == [
            "u",
            "b",
            "",
        ]


pytestmark = pytest.mark.anyio


async def set_mode(site: Site, mode: Mode) -> Config:
    """Set the project's mode as its owner would, and let the service notice."""
    execute(site.path, "UPDATE projects SET identity_mode = ?, config_version = config_version + 1", mode)
    await site.service.configs.refresh()
    return await site.service.configs.get(site.project.project_id)


def signed(site: Site, user_id: str, **fields: str) -> dict[str, str]:
    return {"user_id": user_id, "user_hash": hash_user(site.project.identity_secret, user_id)} | fields


async def person(site: Site, user_id: str) -> dict[str, object]:
    """Everything that the database holds of a person, apart from when they were last met."""
    [found] = (await site.manage("GET", "people", params={"user_id": user_id})).json()["data"]
    row = dict(await site.service.db.read(person_row, site.project.project_id, found["id"]))
    return {name: value for name, value in row.items() if name not in ("last_at", "config_version")}


async def test_a_wrong_hash_is_refused_on_every_route_and_changes_nothing(site: Site) -> None:
    offer, passed = await site.offer("ann"), await site.the_pass()
    before = counts(site.path)
    wrong = {"user_id": "ann", "user_hash": HASH}
    message = {"message_id": "x", "type": "identify", "traits": {"plan": "stolen"}}
    for path, body in (
        ("/w/events", {"pass": passed, "events": [message]}),
        ("/w/asks", {"offer": offer}),
        ("/w/asks", {"show": "nps", "pass": passed}),
        ("/w/closings", {"pass": passed, "how": "opted_out"}),
    ):
        answer = await site.post(path, body | {"identity": wrong})
        assert (answer.status_code, answer.json()["code"]) == (401, "identity_refused"), path
    assert counts(site.path) == before


class TestEnforce:
    """Under `enforce` whoever does not sign is nobody known: they change nothing and learn nothing."""

    async def test_an_unsigned_page_changes_nothing_of_a_known_person(self, site: Site) -> None:
        await set_mode(site, "enforce")
        await site.event(identity=signed(site, "ann"), type="identify", traits={"plan": "pro"})
        before, rows = await person(site, "ann"), counts(site.path)
        claims = {"user_id": "ann", "anonymous_id": None}
        for fields in (
            {"type": "identify", "traits": {"plan": "none", "admin": True}},
            {"type": "group", "group_id": "evil", "traits": {"x": 1}},
            {"type": "track"},
            {"type": "page"},
        ):
            assert (await site.event(identity=claims, **fields)).content == b'{"offer":null}'
        closing = {"pass": await site.the_pass(), "identity": claims, "how": "opted_out"}
        assert (await site.post("/w/closings", closing)).status_code == 200
        shown = await site.post("/w/asks", {"show": "nps", "pass": await site.the_pass(), "identity": claims})
        assert shown.status_code == 409
        assert await person(site, "ann") == before
        assert counts(site.path) == rows
        offer = await site.offer(identity=signed(site, "ann"))
        assert offer is not None, "his cap is as it was"
        assert (await site.take_up(offer, identity=claims)).status_code == 409, "his offer is not theirs to take up"
        assert (await site.take_up(offer, identity=signed(site, "ann"))).status_code == 200

    async def test_an_unsigned_page_counts_as_its_browser(self, site: Site) -> None:
        await set_mode(site, "enforce")
        await site.event(identity=signed(site, "ann"), type="identify", traits={"plan": "pro"})
        before = await person(site, "ann")
        browser = {"user_id": "ann", "anonymous_id": "browser-9"}
        offer = await site.offer(identity=browser)
        assert offer is not None
        assert (await site.take_up(offer, identity=browser)).status_code == 200
        assert await person(site, "ann") == before
        assert await site.offer(identity=signed(site, "ann")) is not None, "the ask was the browser's, not his"
        assert await site.offer(identity=browser) is None

    async def test_replies_for_known_and_unknown_users_are_equal(self, site: Site) -> None:
        await set_mode(site, "enforce")
        await site.event(identity=signed(site, "ann"), type="identify", traits={"plan": "pro"})
        passed, pages = await site.the_pass(), ("ann", "nobody-knows-me")
        message = {"message_id": "same", "type": "track", "event": "Done"}
        bodies: list[tuple[str, dict[str, object]]] = [
            ("/w/events", {"pass": passed, "events": [message]}),
            ("/w/events", {"pass": passed, "events": [message | {"type": "identify", "traits": {"a": 1}}]}),
            ("/w/asks", {"show": "nps", "pass": passed}),
            ("/w/asks", {"show": "no-such-survey", "pass": passed}),
            ("/w/closings", {"pass": passed, "how": "opted_out"}),
        ]
        for path, body in bodies:
            told = [await site.post(path, body | {"identity": {"user_id": user}}) for user in pages]
            assert told[0].content == told[1].content, path
            assert (told[0].status_code, dict(told[0].headers)) == (told[1].status_code, dict(told[1].headers)), path

    async def test_an_unsigned_offer_differs_by_nothing_that_tells_who_is_known(self, site: Site) -> None:
        """An offer to a browser holds a signature; all that can be read off it is the same."""
        await set_mode(site, "enforce")
        await site.event(identity=signed(site, "ann"), type="identify", traits={"plan": "pro"})
        told = []
        for user in ("ann", "zoe"):
            answer = await site.event(identity={"user_id": user, "anonymous_id": f"browser-{user}"})
            offer = answer.json()["offer"]
            told.append((offer["survey"], offer["delay_ms"], len(offer["token"]), answer.headers["content-length"]))
        assert told[0] == told[1]


@pytest.mark.parametrize("mode", ["off", "warn"])
async def test_an_unsigned_claim_is_taken_where_nothing_is_enforced(site: Site, mode: Mode) -> None:
    await set_mode(site, mode)
    await site.event("ann", type="identify", traits={"plan": "pro"})
    assert json.loads(str((await person(site, "ann"))["traits"])) == {"plan": "pro"}
    assert await site.offer("ann") is not None


async def test_ids_meet_in_one_form_whoever_sends_them(site: Site) -> None:
    apply_to(site.path, site.clock, site.project.project_id, a_survey())
    await site.event("Zoe\u0308", type="identify", traits={"a": 1})
    await site.event(" Zo\u00eb ", type="identify", traits={"b": 2})
    message = {"type": "identify", "userId": "\tZoe\u0308", "traits": {"c": 3}, "writeKey": site.project.write_key}
    assert (await site.client.post("/v1/identify", json=message)).status_code == 200
    [found] = (await site.manage("GET", "people")).json()["data"]
    assert (found["user_id"], found["traits"]) == ("Zo\u00eb", {"a": 1, "b": 2, "c": 3})


async def test_accounts_meet_in_one_form_too(site: Site) -> None:
    await site.event("ann", type="group", group_id=" Caf\u0065\u0301 ", traits={"seats": 1})
    body = {"type": "group", "userId": "bob", "groupId": "Caf\u00e9", "traits": {"plan": "pro"}}
    await site.client.post("/v1/group", json=body | {"writeKey": site.project.write_key})
    assert counts(site.path)["accounts"] == 1
    long = [await site.event("ann", type="group", group_id="x" * 256 + end) for end in ("a", "b")]
    assert [answer.status_code for answer in long] == [200, 200]
    assert counts(site.path)["accounts"] == 1, "two ids that differ late are not one"
