"""The management API of receivers: what is made, changed and deleted, and secrets that are told once or never."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tactful.store.audit import list_acts
from tests.core.receivers import CHATWOOT
from tests.support.clock import SetClock
from tests.support.databases import Where
from tests.support.rows import contents, execute
from tests.support.service import NO_RULES, Site, a_site
from tests.support.webhooks import PLAIN, SECRET, Sender, a_chatwoot, a_receiver, resolved

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(where: Where, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(where, clock, policy=NO_RULES) as site:
        yield site


@pytest.mark.on_both
async def test_a_receiver_is_made_changed_and_deleted(site: Site) -> None:
    made = await site.manage("PUT", "receivers/desk", json={"preset": "bearer", "name": "Help desk"})
    assert (made.status_code, made.json()["change"], made.json()["secrets"]) == (201, "created", 1)
    secret = made.json()["secret"]
    sender = Sender(site, made.json()["address"])
    assert made.json()["address"].startswith("http://service.test/v1/receivers/rcv_")
    told = {"event": "Done", "user_id": "ann", "message_id": 1}
    assert (await sender.send(told, {"authorization": f"Bearer {secret}"})).status_code == 200
    again = await site.manage("PUT", "receivers/desk", json={"preset": "bearer", "name": "Help desk"})
    assert (again.status_code, again.json()["change"]) == (200, "unchanged")
    other = await site.manage("PUT", "receivers/desk", json={"preset": "bearer", "name": "Desk"})
    assert (other.json()["change"], other.json()["address"]) == ("changed", made.json()["address"])
    await site.service.receipts.write(site.service.db)
    [one] = (await site.manage("GET", "receivers")).json()["data"]
    assert (one["name"], one["outcomes"]["taken"]["times"]) == ("Desk", 1)
    assert one == (await site.manage("GET", "receivers/desk")).json()
    for answer in (again, other, await site.manage("GET", "receivers")):
        assert secret not in answer.text
    assert (await site.manage("DELETE", "receivers/desk")).json() == {"deleted": "desk"}
    assert (await site.manage("GET", "receivers/desk")).status_code == 404
    assert execute(site.url, "SELECT * FROM receiver_tallies") == []


@pytest.mark.on_both(soon=True)
async def test_two_secrets_are_good_while_they_change(site: Site) -> None:
    sender = await a_chatwoot(site)
    numbers = iter(range(100))

    async def is_good(secret: str) -> bool:
        return (await resolved(sender, CHATWOOT | {"id": next(numbers)}, secret=secret)).status_code == 200

    for new, keep, good in (
        ("the second secret", True, [True, True, False]),
        ("the second secret", True, [True, True, False]),
        ("the third secret", True, [False, True, True]),
        ("the third secret", False, [False, False, True]),
    ):
        answer = await site.manage("POST", "receivers/r/secret", json={"secret": new, "keep_previous": keep})
        assert answer.status_code == 200
        assert new not in answer.text, "what was given is not told back"
        assert [await is_good(one) for one in (SECRET, "the second secret", "the third secret")] == good
    made = (await site.manage("POST", "receivers/r/secret", json={})).json()
    assert made["secrets"] == 2
    assert [await is_good(one) for one in ("the third secret", made["secret"])] == [True, True]
    ended = await site.manage("DELETE", "receivers/r/secret/previous")
    assert ended.json()["secrets"] == 1
    assert [await is_good(one) for one in ("the third secret", made["secret"])] == [False, True]


async def test_without_its_secret_a_receiver_takes_nothing(site: Site) -> None:
    sender = await a_receiver(site, preset="chatwoot")
    assert (await resolved(sender)).json()["code"] == "no_secret"
    await site.manage("PUT", "receivers/r", json={"preset": "chatwoot", "secret": SECRET})
    assert (await resolved(sender)).status_code == 200
    await site.manage("PUT", "receivers/r", json={"preset": "chatwoot", "secret": "a newer secret"})
    assert (await resolved(sender, CHATWOOT | {"id": 2})).status_code == 200, "the one before stays good"


@pytest.mark.parametrize(
    ("method", "route", "body", "status", "code"),
    [
        ("PUT", "receivers/r", {"preset": "chatwood"}, 422, "invalid_definition"),
        ("PUT", "receivers/r", {"preset": "chatwoot", "key": "s"}, 400, "key_mismatch"),
        ("PUT", "receivers/r", [], 422, "invalid_definition"),
        ("PUT", "receivers/R", {"preset": "chatwoot"}, 422, "invalid_definition"),
        ("PUT", "receivers/r", {"preset": "chatwoot", "secret": 1}, 400, "bad_field"),
        ("PUT", "receivers/r", {"preset": "chatwoot", "secret": "short"}, 409, "unfit_secret"),
        ("PUT", "receivers/there", {"preset": "standard-webhooks"}, 409, "unfit_secret"),
        ("POST", "receivers/there/secret", {"secret": "short"}, 409, "unfit_secret"),
        ("POST", "receivers/there/secret", {"keep_previous": 1}, 400, "bad_field"),
        ("POST", "receivers/open/secret", {}, 400, "no_secret_needed"),
        ("POST", "receivers/open/secret", {"secret": "long enough"}, 409, "unfit_secret"),
        ("POST", "receivers/none/secret", {}, 404, "no_such_receiver"),
        ("DELETE", "receivers/none/secret/previous", None, 404, "no_such_receiver"),
        ("DELETE", "receivers/%00", None, 404, "no_such_receiver"),
    ],
)
async def test_what_cannot_be_done_is_told(
    site: Site, method: str, route: str, body: Any, status: int, code: str
) -> None:
    await site.manage("PUT", "receivers/there", json={"preset": "chatwoot", "secret": SECRET})
    await site.manage("PUT", "receivers/open", json=PLAIN)
    before = contents(site.url)
    answer = await site.manage(method, route, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert contents(site.url) == before


async def test_a_proof_that_takes_no_secret_forgets_it(site: Site) -> None:
    await a_chatwoot(site)
    answer = await site.manage("PUT", "receivers/r", json=PLAIN)
    assert (answer.json()["change"], answer.json()["secrets"]) == ("changed", 0)
    assert SECRET not in repr(contents(site.url))


async def test_a_project_has_some_receivers_at_most(site: Site) -> None:
    for number in range(50):
        assert (await site.manage("PUT", f"receivers/r{number}", json=PLAIN)).status_code == 201
    answer = await site.manage("PUT", "receivers/one-more", json=PLAIN)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_receivers")
    assert (await site.manage("PUT", "receivers/r7", json=PLAIN)).status_code == 200


async def test_what_a_file_would_change_is_told(site: Site) -> None:
    body = {"receivers": [PLAIN | {"key": "r"}]}
    for how in ("created", "unchanged"):
        [change] = (await site.manage("POST", "diff", json=body)).json()["data"]
        assert (change["receiver"], change["survey"], change["change"]) == ("r", None, how)
        assert ("+name: Plain" in change["diff"]) == (how == "created")
        await a_receiver(site, **PLAIN)


@pytest.mark.on_both(soon=True)
async def test_what_is_done_to_a_receiver_is_on_the_record(site: Site) -> None:
    async def acts(method: str, route: str, body: Any = None) -> list[str]:
        before = Counter(row["what"] for row in await site.service.db.read(list_acts, 99))
        assert (await site.manage(method, route, json=body)).status_code in (200, 201)
        found = await site.service.db.read(list_acts, 99)
        assert {(row["who"], row["project"], row["about"]) for row in found} == {("API", "P", "r")}
        return sorted((Counter(row["what"] for row in found) - before).elements())

    added, ended = "receiver_secret_added", "receiver_secret_ended"
    named = {"preset": "chatwoot", "name": "Desk"}
    for method, route, body, what in (
        ("PUT", "receivers/r", {"preset": "chatwoot", "secret": SECRET}, ["receiver_made"]),
        ("PUT", "receivers/r", {"preset": "chatwoot", "secret": SECRET}, []),
        ("PUT", "receivers/r", named | {"secret": "the second secret"}, ["receiver_changed", added]),
        ("POST", "receivers/r/secret", {"secret": "the third secret"}, [added, ended]),
        ("POST", "receivers/r/secret", {"secret": "the third secret"}, []),
        ("DELETE", "receivers/r/secret/previous", None, [ended]),
        ("DELETE", "receivers/r/secret/previous", None, []),
        ("POST", "receivers/r/secret", {"secret": "the fourth secret", "keep_previous": False}, [added, ended]),
        ("PUT", "receivers/r", PLAIN, ["receiver_changed", ended]),
        ("DELETE", "receivers/r", None, ["receiver_deleted"]),
    ):
        assert await acts(method, route, body) == what, (method, route, body)


async def test_an_address_that_is_the_secret_is_told_to_those_who_may_write_alone(site: Site) -> None:
    await site.manage("PUT", "receivers/open", json=PLAIN)
    await site.manage("PUT", "receivers/shut", json={"preset": "chatwoot", "secret": SECRET})
    for scopes, told in (
        ('["receivers:read"]', [False, True]),
        ('["receivers:read", "receivers:write"]', [True, True]),
    ):
        execute(site.url, "UPDATE api_keys SET scopes = ? WHERE purpose = 'api'", scopes)
        found = (await site.manage("GET", "receivers")).json()["data"]
        assert [one["key"] for one in found] == ["open", "shut"]
        assert [one["address"] is not None for one in found] == told
        assert (await site.manage("GET", "receivers/open")).json() == found[0]
