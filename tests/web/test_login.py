"""Log-in, from outside: what is answered, what it costs, and which session it gives."""

from __future__ import annotations

import logging

import pytest
from argon2 import PasswordHasher

from tactful.clock import new_id, new_secret
from tactful.credentials import DUMMY, Passwords
from tactful.errors import Busy
from tactful.store.members import NewMember, add_member
from tests.support.login import ANN, PASSWORD, Counting, ann, choose, is_in, log_in, reset_link
from tests.support.members import FROM_OURS, a_member, cookie_of
from tests.support.rows import execute
from tests.support.service import Site

pytestmark = pytest.mark.anyio

WRONG = "E-mail address or password is wrong."


async def test_the_right_password_opens_the_page_that_was_wanted(site: Site) -> None:
    await ann(site)
    wanted = (await site.client.get("/account?done=session")).headers["location"]
    form = (await site.client.get(wanted)).text
    assert 'name="next" value="/account?done=session"' in form
    answer = await log_in(site, " ANN@example.TEST", next="/account?done=session")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=session")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=lax", f"Max-Age={30 * 86_400}"} <= set(cookie.split("; "))
    assert await is_in(site)
    assert (await site.client.get(wanted)).headers["location"] == "/account?done=session"


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example"])
async def test_log_in_leads_nowhere_else(site: Site, wanted: str) -> None:
    await ann(site)
    assert 'name="next" value="/"' in (await site.client.get("/login", params={"next": wanted})).text
    assert (await log_in(site, next=wanted)).headers["location"] == "/"
    assert (await site.client.get("/login", params={"next": wanted})).headers["location"] == "/"


async def test_known_and_unknown_addresses_get_one_answer_and_the_same_work(site: Site) -> None:
    await ann(site)
    new = NewMember(new_id(site.clock), "invited@example.test", "admin")
    await site.service.db.run(add_member, new, new_secret("setup"))
    passwords = site.service.passwords = Counting()
    told = set()
    for email in (ANN, "nobody@example.test", "invited@example.test", "no address", "' OR 1=1 --"):
        answer = await log_in(site, email, "a wrong password")
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        told.add(answer.text.replace(email.replace("'", "&#39;"), "EMAIL"))
    assert len(told) == 1
    assert WRONG in told.pop()
    assert passwords.work == ["$argon2id$v=19$m=65536,t=3,p=4"] * 5, "one hash of the same size for each"


async def test_the_dummy_has_the_size_of_a_new_hash_and_is_opened_by_nothing() -> None:
    passwords = Passwords()
    assert not passwords.is_old(DUMMY)
    assert (await passwords.hash(PASSWORD)).split("$")[:4] == DUMMY.split("$")[:4]
    for given in ("", "\0", PASSWORD, DUMMY):
        assert not await passwords.verify(None, given)
        assert not await passwords.verify(DUMMY, given)


@pytest.mark.parametrize("stored", ["none", "", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", PASSWORD])
async def test_what_is_no_hash_is_opened_by_nothing(stored: str) -> None:
    for given in ("", stored, PASSWORD):
        assert not await Passwords().verify(stored, given)


async def test_a_password_as_long_as_a_book_costs_nothing(site: Site) -> None:
    await ann(site)
    passwords = site.service.passwords = Counting()
    answers = [await log_in(site, email, "x" * 10_000) for email in (ANN, "nobody@example.test")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert (await log_in(site, ANN, "x" * 1_000_000)).status_code == 413
    assert passwords.work == []


async def test_only_so_many_wait_for_their_turn() -> None:
    passwords = Passwords()
    passwords._waiting = 32
    with pytest.raises(Busy) as refused:
        await passwords.verify(None, PASSWORD)
    assert refused.value.status == 503
    passwords._waiting = 31
    assert not await passwords.verify(None, PASSWORD)
    assert passwords._waiting == 31


async def test_a_password_in_another_spelling_of_the_same_letters(site: Site) -> None:
    composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
    await a_member(site.service, "viewer", ANN, password_hash=await Passwords().hash(composed))
    assert (await log_in(site, ANN, decomposed)).status_code == 303


async def test_an_old_hash_is_replaced_at_log_in(site: Site) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1).hash(PASSWORD)
    await a_member(site.service, "viewer", ANN, password_hash=old)
    assert (await log_in(site, ANN, "wrong password")).status_code == 401
    assert execute(site.path, "SELECT password_hash FROM members") == [(old,)]
    assert (await log_in(site)).status_code == 303
    [(new,)] = execute(site.path, "SELECT password_hash FROM members")
    assert not PasswordHasher().check_needs_rehash(new)
    site.client.cookies.clear()
    assert (await log_in(site)).status_code == 303


async def test_a_newer_hash_never_takes_a_new_password_back(site: Site) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1).hash(PASSWORD)
    await a_member(site.service, "viewer", ANN, password_hash=old)

    class Slow(Counting):
        async def hash(self, password: str) -> str:
            execute(site.path, "UPDATE members SET password_hash = 'another'")
            return await super().hash(password)

    site.service.passwords = Slow()
    assert (await log_in(site)).status_code == 401
    assert execute(site.path, "SELECT password_hash FROM members") == [("another",)]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b'{"email": {"$ne": ""}, "password": {"$ne": ""}}', 400),
        ("text/plain", b"email=a&password=b", 400),
        ("multipart/form-data; boundary=x", b"--x--", 400),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=b" % number for number in range(60)), 400),
        ("application/x-www-form-urlencoded", b"email=%FF&password=b", 400),
        ("application/x-www-form-urlencoded", "email=é".encode(), 400),
        ("application/x-www-form-urlencoded", b"email=a%00b&password=b", 400),
        ("application/x-www-form-urlencoded", b"", 401),
        ("application/x-www-form-urlencoded", b"email[$ne]=&password[$ne]=", 401),
        ("application/x-www-form-urlencoded", b"email=ann@example.test&email=x&password=a", 401),
    ],
)
async def test_a_form_is_texts_and_nothing_else(site: Site, kind: str, body: bytes, status: int) -> None:
    await ann(site)
    answer = await site.client.post("/login", content=body, headers=FROM_OURS | {"content-type": kind})
    assert answer.status_code == status
    assert "text/html" in answer.headers["content-type"]


async def test_what_was_typed_is_shown_as_text(site: Site) -> None:
    shown = (await log_in(site, '"><script>alert(1)</script>', "wrong password")).text
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


# Fixation -------------------------------------------------------------------------------------------------------------


async def test_log_in_gives_a_new_session_and_ends_the_one_that_was_there(site: Site) -> None:
    await ann(site)
    _, planted = await a_member(site.service, "viewer", "mallory@example.test")
    name, value = cookie_of(site.service, planted)
    site.client.cookies.set(name, value)
    assert await is_in(site)
    answer = await log_in(site)
    fresh = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert fresh != value
    site.client.cookies.clear()
    for cookie, status in ((value, 303), (fresh, 200)):
        opened = await site.client.get("/account", headers={"cookie": f"{name}={cookie}"})
        assert opened.status_code == status
        assert (ANN in opened.text) is (status == 200)


async def test_a_secret_chosen_by_somebody_else_becomes_no_session(site: Site) -> None:
    """Even one that we had signed: whoever logs in gets a secret that was drawn here."""
    await ann(site)
    _, ended = await a_member(site.service, "viewer", "mallory@example.test")
    name, value = cookie_of(site.service, ended)
    execute(site.path, "DELETE FROM sessions WHERE session_id = ?", ended.session_id)
    site.client.cookies.set(name, value)
    assert (await log_in(site)).status_code == 303
    site.client.cookies.clear()
    assert (await site.client.get("/account", headers={"cookie": f"{name}={value}"})).status_code == 303


async def test_no_two_sessions_are_alike(site: Site) -> None:
    await ann(site)
    cookies = set()
    for _ in range(4):
        cookies.add((await log_in(site)).headers["set-cookie"].partition(";")[0])
        site.client.cookies.clear()
    assert len(cookies) == 4


async def test_a_password_changed_while_it_is_verified_opens_nothing(site: Site) -> None:
    member_id = await ann(site)

    class Slow(Counting):
        async def verify(self, stored: str | None, password: str) -> bool:
            right = await super().verify(stored, password)
            execute(site.path, "UPDATE members SET password_hash = 'another' WHERE member_id = ?", member_id)
            return right

    site.service.passwords = Slow()
    assert (await log_in(site)).status_code == 401
    assert not await is_in(site)


# Logs -----------------------------------------------------------------------------------------------------------------


async def test_the_log_names_nobody_and_opens_nothing(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    member_id = await ann(site)
    secrets = {ANN, PASSWORD, "a wrong password", "203.0.113.9", "nobody@example.test"}
    with caplog.at_level(logging.DEBUG):
        link = await reset_link(site, member_id)
        await log_in(site, "nobody@example.test", "a wrong password", h_x_forwarded_for="203.0.113.9")
        await log_in(site, ANN, "a wrong password")
        secrets.add((await log_in(site)).headers["set-cookie"].partition("=")[2].partition(";")[0])
        await choose(site, link)
        await choose(site, link)
        secrets.add(link.rpartition("/")[2])
    told = [record.getMessage() for record in caplog.records if record.name.startswith("tactful")]
    assert told.count("a log-in was refused") == 2
    assert f"member {member_id} logged in" in told
    assert not [text for text in told for secret in secrets if secret in text]
