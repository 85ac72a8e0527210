"""Members: added, given roles, removed, by the page and by command; and never without an admin."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

import httpx2
import pytest

from tactful.cli_members import first_link, print_first_link
from tactful.clock import new_id, new_secret
from tactful.database_url import DatabaseUrl
from tactful.errors import Conflict
from tactful.settings import Settings
from tactful.store.members import (
    NewMember,
    NewSession,
    add_member,
    change_password,
    offer_link,
    remove_member,
    set_role,
)
from tests.support.clock import SetClock
from tests.support.login import ANN, PASSWORD, Counting, ann, choose, is_in, log_in
from tests.support.members import FROM_OURS, a_member, cookie_of
from tests.support.members import log_in as enter
from tests.support.rows import contents, execute
from tests.support.server import command, environment, free_port
from tests.support.service import KEY, Site, make_project

pytestmark = pytest.mark.anyio

LINK = re.compile(r"http://service\.test(/(?:setup|reset)/\w+)")


def link_on(answer: httpx2.Response) -> str:
    assert answer.status_code == 201, answer.text
    [link] = LINK.findall(answer.text)
    return str(link)


async def role_of(site: Site, email: str) -> str | None:
    found = execute(site.path, "SELECT role FROM members WHERE email = ?", email)
    return str(found[0][0]) if found else None


# The page -------------------------------------------------------------------------------------------------------------


async def test_somebody_is_invited_and_comes_in_with_their_role(site: Site) -> None:
    await enter(site.client, site.service, "admin")
    link = link_on(await site.client.post("/members", data={"email": " Bo@Example.test", "role": "editor"}))
    page = (await site.client.get("/members")).text
    assert "bo@example.test" in page
    assert "Has not chosen a password yet" in page
    assert link not in page, "a link is shown once"
    site.client.cookies.clear()
    assert 'value="bo@example.test" readonly' in (await site.client.get(link)).text
    assert (await choose(site, link)).status_code == 303
    assert "Editor" in (await site.client.get("/account")).text
    assert (await site.client.get("/members")).status_code == 403


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"email": "admin@tactful.test", "role": "viewer"}, 409, "There is a member with this e-mail address already."),
        (
            {"email": "ADMIN@tactful.test ", "role": "viewer"},
            409,
            "There is a member with this e-mail address already.",
        ),
        ({"email": "nobody", "role": "viewer"}, 400, "not an e-mail address"),
        ({"email": "bo@example.test", "role": "owner"}, 400, "A role is one of viewer, editor, admin."),
        ({"email": "bo@example.test"}, 400, "A role is one of"),
        ({"role": "viewer"}, 400, "not an e-mail address"),
        ({"email": "<script>alert(1)</script>", "role": "viewer"}, 400, "not an e-mail address"),
    ],
)
async def test_what_cannot_be_added(site: Site, form: dict[str, str], status: int, said: str) -> None:
    await enter(site.client, site.service, "admin")
    before = contents(site.path)
    answer = await site.client.post("/members", data=form)
    assert answer.status_code == status
    assert said in unescape(answer.text)
    assert "<script>" not in answer.text
    assert contents(site.path) == before


async def test_a_new_role_ends_the_sessions_and_holds_from_then_on(site: Site) -> None:
    member_id = await ann(site, "admin")
    cookies = {"tactful": (await log_in(site)).headers["set-cookie"].partition("=")[2].partition(";")[0]}
    site.client.cookies.clear()
    await enter(site.client, site.service, "admin")
    answer = await site.client.post(f"/members/{member_id}/role", data={"role": "viewer"})
    assert answer.headers["location"] == "/members?done=role"
    assert await role_of(site, ANN) == "viewer"
    again = await site.client.post(f"/members/{member_id}/role", data={"role": "viewer"})
    assert again.headers["location"] == "/members?done=same"
    site.client.cookies.clear()
    old = {"cookie": f"tactful={cookies['tactful']}"}
    assert (await site.client.get("/account", headers=old)).status_code == 303
    assert (await log_in(site)).status_code == 303
    assert (await site.client.get("/members")).status_code == 403


async def test_ones_own_new_role_comes_with_a_new_session(site: Site) -> None:
    await a_member(site.service, "admin", ANN)
    member_id, session = await a_member(site.service, "admin")
    name, value = cookie_of(site.service, session)
    headers = FROM_OURS | {"cookie": f"{name}={value}"}
    answer = await site.client.post(f"/members/{member_id}/role", data={"role": "viewer"}, headers=headers)
    assert answer.headers["location"] == "/account"
    assert answer.headers["set-cookie"].partition("=")[2].partition(";")[0] != value
    assert (await site.client.get("/members")).status_code == 403
    assert await is_in(site)
    site.client.cookies.clear()
    assert (await site.client.get("/account", headers=headers)).status_code == 303
    assert len(execute(site.path, "SELECT 1 FROM sessions WHERE member_id = ?", member_id)) == 1


async def test_ones_own_role_as_it_is_changes_nothing(site: Site) -> None:
    member_id = await enter(site.client, site.service, "admin")
    before = contents(site.path)
    answer = await site.client.post(f"/members/{member_id}/role", data={"role": "admin"})
    assert answer.headers["location"] == "/members?done=same"
    assert contents(site.path) == before


async def test_the_last_admin_stays_one(site: Site) -> None:
    member_id = await enter(site.client, site.service, "admin")
    editor_id, _ = await a_member(site.service, "editor")
    link_on(await site.client.post("/members", data={"email": "invited@example.test", "role": "admin"}))
    assert "The only admin" in (await site.client.get("/members")).text, "who is only invited cannot help yet"
    for path, form in (("role", {"role": "viewer"}), ("remove", {})):
        answer = await site.client.post(f"/members/{member_id}/{path}", data=form)
        assert (answer.status_code, "This is the last admin" in answer.text) == (409, True)
    assert (await site.client.post(f"/members/{editor_id}/role", data={"role": "admin"})).status_code == 303
    assert "The only admin" not in (await site.client.get("/members")).text
    assert (await site.client.post(f"/members/{member_id}/remove")).headers["location"] == "/login"
    assert not await is_in(site)
    with pytest.raises(Conflict):
        await site.service.db.run(remove_member, editor_id)
    with pytest.raises(Conflict):
        await site.service.db.run(set_role, editor_id, "editor")


async def test_two_admins_cannot_demote_each_other_at_once(site: Site) -> None:
    ids = [(await a_member(site.service, "admin", f"{n}@example.test"))[0] for n in range(2)]
    done = await asyncio.gather(*(site.service.db.run(set_role, one, "viewer") for one in ids), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "bool"]


async def test_who_is_removed_is_out_at_once_and_for_good(site: Site) -> None:
    member_id, session = await a_member(site.service, "editor", ANN)
    name, value = cookie_of(site.service, session)
    token = new_secret("reset")
    await site.service.db.run(offer_link, member_id, token)
    await enter(site.client, site.service, "admin")
    assert (await site.client.post(f"/members/{member_id}/remove")).headers["location"] == "/members?done=removed"
    assert ANN not in (await site.client.get("/members")).text
    assert (await site.client.post(f"/members/{member_id}/remove")).status_code == 404
    site.client.cookies.clear()
    assert (await site.client.get("/account", headers={"cookie": f"{name}={value}"})).status_code == 303
    assert (await choose(site, f"/reset/{token}")).status_code == 404


async def test_an_admin_gives_out_new_links(site: Site) -> None:
    member_id = await ann(site)
    await enter(site.client, site.service, "admin")
    first = link_on(await site.client.post(f"/members/{member_id}/link"))
    second = link_on(await site.client.post(f"/members/{member_id}/link"))
    assert first.startswith("/reset/")
    invited = NewMember(new_id(site.clock), "bo@example.test", "viewer")
    await site.service.db.run(add_member, invited, new_secret("setup"))
    third = link_on(await site.client.post(f"/members/{invited.member_id}/link"))
    assert third.startswith("/setup/")
    assert (await site.client.post("/members/nobody/link")).status_code == 404
    site.client.cookies.clear()
    assert [(await site.client.get(link)).status_code for link in (first, second, third)] == [404, 200, 200]


async def test_no_address_makes_a_page_say_what_it_likes(site: Site) -> None:
    await enter(site.client, site.service, "admin")
    for path in ("/members", "/account"):
        plain = (await site.client.get(path)).text
        assert (await site.client.get(path, params={"done": "<b>You have won</b>"})).text == plain
        assert (await site.client.get(path, params={"fault": "no", "link": "x", "email": "y"})).text == plain


# One's own password ---------------------------------------------------------------------------------------------------


async def change(site: Site, old: str = PASSWORD, password: str = "another password", **fields: str) -> httpx2.Response:
    form = {"old": old, "password": password, "again": password} | fields
    return await site.client.post("/account/password", data=form, headers=FROM_OURS)


async def test_a_changed_password_ends_all_other_sessions(site: Site) -> None:
    member_id = await ann(site)
    cookies = []
    for _ in range(3):
        site.client.cookies.clear()
        cookies.append((await log_in(site)).headers["set-cookie"].partition("=")[2].partition(";")[0])
    token = new_secret("reset")
    await site.service.db.run(offer_link, member_id, token)
    answer = await change(site)
    assert answer.headers["location"] == "/account?done=password"
    assert "Your password is changed" in (await site.client.get("/account?done=password")).text
    site.client.cookies.clear()
    for value in cookies:
        old = {"cookie": f"tactful={value}"}
        assert (await site.client.get("/account", headers=old)).status_code == 303, "this browser's old one too"
    assert (await site.client.get(f"/reset/{token}")).status_code == 404
    assert (await log_in(site)).status_code == 401
    assert (await log_in(site, ANN, "another password")).status_code == 303


async def test_of_two_changes_at_once_one_holds(site: Site) -> None:
    await ann(site)
    await log_in(site)
    answers = await asyncio.gather(
        *(change(site, password=f"password {n} of two", again=f"password {n} of two") for n in range(2))
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 303
    assert statuses[1] in {401, 403, 409}
    member_id, hashed = execute(site.path, "SELECT member_id, password_hash FROM members")[0]
    session = NewSession(new_secret("ses"), new_id(site.clock), "Firefox")
    assert not await site.service.db.run(change_password, member_id, "an older hash", "new", session)
    assert execute(site.path, "SELECT password_hash FROM members") == [(hashed,)]


async def test_a_password_changed_elsewhere_meanwhile_is_not_changed_back(site: Site) -> None:
    await ann(site)
    await log_in(site)

    class Slow(Counting):
        async def hash(self, password: str) -> str:
            execute(site.path, "UPDATE members SET password_hash = 'another'")
            return await super().hash(password)

    site.service.passwords = Slow()
    assert (await change(site)).status_code == 409
    assert execute(site.path, "SELECT password_hash FROM members") == [("another",)]


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"old": "a wrong password"}, 403, "The present password is wrong."),
        ({"old": ""}, 403, "The present password is wrong."),
        ({"password": "short", "again": "short"}, 400, "at least 10 characters"),
        ({"again": "something else"}, 400, "are not the same"),
        ({"password": ANN, "again": ANN}, 400, "must not be the e-mail address"),
    ],
)
async def test_a_password_that_is_not_changed(site: Site, fields: dict[str, str], status: int, said: str) -> None:
    await ann(site)
    await log_in(site)
    before = contents(site.path)
    answer = await change(site, **fields)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert contents(site.path) == before
    assert await is_in(site)


async def test_a_stolen_session_cannot_try_passwords_for_ever(site: Site) -> None:
    await ann(site)
    await log_in(site)
    passwords = site.service.passwords = Counting()
    statuses = [(await change(site, "a wrong password")).status_code for _ in range(12)]
    assert statuses == [403] * 5 + [429] * 7
    assert len(passwords.work) == 5
    assert (await change(site)).headers["retry-after"] == "1"


# Commands -------------------------------------------------------------------------------------------------------------


async def test_a_member_by_command(site: Site) -> None:
    added = command(site.path, "member", "add", "Ann@example.test", "--role", "editor", url="http://service.test")
    assert added.returncode == 0, added.stderr
    [link] = LINK.findall(added.stdout)
    assert link.startswith("/setup/")
    assert "it works once, within 7d" in added.stderr
    assert (await choose(site, link)).status_code == 303
    assert await is_in(site)
    listed = command(site.path, "member", "list")
    assert re.search(rf"^{ANN} +editor +last here \d{{4}}-", listed.stdout, re.MULTILINE)
    again = command(site.path, "member", "add", ANN, "--role", "admin")
    assert (again.returncode, "already" in again.stderr) == (1, True)


async def test_a_reset_by_command(site: Site) -> None:
    await ann(site, "admin")
    printed = command(site.path, "member", "reset", ANN.upper(), url="http://service.test")
    [link] = LINK.findall(printed.stdout)
    assert link.startswith("/reset/")
    assert "within 1d" in printed.stderr
    assert (await choose(site, link, "another password")).status_code == 303


async def test_a_removal_by_command(site: Site) -> None:
    await ann(site)
    await log_in(site)
    await a_member(site.service, "admin")
    assert command(site.path, "member", "remove", ANN).returncode == 0
    assert not await is_in(site)
    last = command(site.path, "member", "remove", "admin@tactful.test")
    assert (last.returncode, "This is the last admin" in last.stderr) == (1, True)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("reset", "who@example.test"), "There is no member 'who@example.test'"),
        (("remove", "who@example.test"), "There is no member"),
        (("add", "nonsense", "--role", "viewer"), "not an e-mail address"),
        (("add", ANN, "--role", "owner"), "owner"),
        (("add", ANN), "--role"),
    ],
)
def test_what_a_command_refuses(path: Path, args: tuple[str, ...], said: str) -> None:
    refused = command(path, "member", *args)
    assert refused.returncode != 0
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def _start(path: Path, until: Callable[[str], bool]) -> str:
    """Run `tactful serve` until it has said what is waited for; returns all that it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tactful", "serve", "--port", str(free_port())],
        env=environment(path, "http://service.test"),
        stderr=subprocess.PIPE,
        text=True,
    )
    said = ""
    try:
        assert process.stderr is not None
        for line in process.stderr:
            said += line
            if until(said):
                return said
    finally:
        process.terminate()
        process.communicate(timeout=60)
    raise AssertionError(said)


def test_the_first_start_prints_a_link_until_somebody_has_used_it(path: Path) -> None:
    def runs(said: str) -> bool:
        return "Uvicorn running" in said

    links = [LINK.findall(_start(path, runs)) for _ in range(2)]
    assert [len(found) for found in links] == [1, 1]
    assert links[0] != links[1]
    execute(path, "INSERT INTO members VALUES ('m', 'ann@example.test', 'admin', 'none', 0)")
    assert LINK.findall(_start(path, runs)) == []


def test_the_first_link_is_said_where_nobody_is_a_member(
    path: Path, clock: SetClock, capsys: pytest.CaptureFixture[str]
) -> None:
    make_project(path, clock)
    settings = Settings(DatabaseUrl.of_file(path), (KEY,), "http://service.test")
    print_first_link(settings, clock)
    assert len(LINK.findall(capsys.readouterr().err)) == 1
    execute(path, "INSERT INTO members VALUES ('m', 'ann@example.test', 'viewer', NULL, 0)")
    print_first_link(settings, clock)
    assert capsys.readouterr().err == ""
    assert first_link(settings, clock) is None
