"""One-time links: used, used twice, edited, too old; and the passwords that are chosen by them."""

from __future__ import annotations

import asyncio

import pytest

from tactful.clock import new_id, new_secret
from tactful.core.spans import DAY_MS
from tactful.credentials import check_password, normal_email
from tactful.errors import BadRequest
from tactful.store.members import NewMember, add_member, offer_first
from tests.support.login import ANN, PASSWORD, Counting, ann, choose, hashed, is_in, log_in, reset_link
from tests.support.members import a_member, cookie_of
from tests.support.rows import contents, execute
from tests.support.service import Site

pytestmark = pytest.mark.anyio


async def first_link(site: Site) -> str:
    token = new_secret("setup")
    assert await site.service.db.run(offer_first, token)
    return f"/setup/{token}"


async def test_the_first_admin_makes_themself(site: Site) -> None:
    assert "Nobody can log in yet" in (await site.client.get("/login")).text
    link = await first_link(site)
    shown = await site.client.get(link)
    assert (shown.status_code, "You are the first here" in shown.text) == (200, True)
    made = await choose(site, link, email=" Ann@Example.test ")
    assert (made.status_code, made.headers["location"]) == (303, "/")
    assert execute(site.path, "SELECT email, role FROM members") == [(ANN, "admin")]
    assert (await site.client.get("/members")).status_code == 200
    assert not await site.service.db.run(offer_first, new_secret("setup")), "there is no second first one"
    site.client.cookies.clear()
    assert "Nobody can log in yet" not in (await site.client.get("/login")).text


async def test_a_newer_first_link_ends_the_older(site: Site) -> None:
    older, newer = await first_link(site), await first_link(site)
    assert (await choose(site, older, email=ANN)).status_code == 404
    assert (await choose(site, newer, email=ANN)).status_code == 303


async def test_the_first_link_ends_when_somebody_is_added_by_command(site: Site) -> None:
    link = await first_link(site)
    await ann(site)
    assert (await choose(site, link, email="mallory@example.test")).status_code == 404
    assert len(execute(site.path, "SELECT 1 FROM members")) == 1


async def test_opening_a_link_does_not_spend_it(site: Site) -> None:
    link = await reset_link(site, await ann(site))
    for method in ("GET", "HEAD", "GET"):
        assert (await site.client.request(method, link)).status_code == 200
    assert (await choose(site, link)).status_code == 303


async def test_a_link_works_once(site: Site) -> None:
    for link in (await reset_link(site, await ann(site)), await invitation(site)):
        assert (await choose(site, link)).status_code == 303
        site.client.cookies.clear()
        before = contents(site.path)
        assert (await site.client.get(link)).status_code == 404
        again = await choose(site, link, "another password")
        assert (again.status_code, "set-cookie" in again.headers) == (404, False)
        assert contents(site.path) == before


async def invitation(site: Site) -> str:
    token = new_secret("setup")
    await site.service.db.run(add_member, NewMember(new_id(site.clock), "bo@example.test", "editor"), token)
    return f"/setup/{token}"


async def test_a_link_used_twice_at_once_works_once(site: Site) -> None:
    link = await reset_link(site, await ann(site))
    answers = await asyncio.gather(*(choose(site, link, f"password number {n}") for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [303] + [404] * 5


async def test_a_link_ends_in_time(site: Site) -> None:
    reset, invited = await reset_link(site, await ann(site)), await invitation(site)
    for link, lives in ((reset, DAY_MS), (invited, 7 * DAY_MS)):
        start = site.clock.now
        site.clock.advance(lives - 1)
        assert (await site.client.get(link)).status_code == 200
        site.clock.advance(1)
        assert (await site.client.get(link)).status_code == 404
        assert (await choose(site, link)).status_code == 404
        site.clock.now = start


async def test_an_edited_link_opens_nothing(site: Site) -> None:
    link = await reset_link(site, await ann(site))
    token = link.removeprefix("/reset/")
    digit = "0" if token[-1] != "0" else "1"
    kept = [str(value) for row in contents(site.path)["member_links"] for value in row]
    for edited in (token[:-1] + digit, token[:-1], token + "0", token.upper(), token.swapcase(), "x", "%00", *kept):
        assert (await choose(site, f"/reset/{edited}")).status_code in {404, 405}, edited
    assert (await choose(site, f"/setup/{token}")).status_code == 404, "a link is for one thing"
    assert (await choose(site, link)).status_code == 303


async def test_the_address_of_a_link_is_not_the_forms_to_choose(site: Site) -> None:
    link = await reset_link(site, await ann(site))
    shown = (await site.client.get(link)).text
    assert f'value="{ANN}" readonly' in shown
    await choose(site, link, email="mallory@example.test")
    assert execute(site.path, "SELECT email FROM members") == [(ANN,)]


async def test_a_reset_ends_every_session_and_every_other_link(site: Site) -> None:
    member_id, session = await a_member(site.service, "viewer", ANN, password_hash=hashed())
    older = await reset_link(site, member_id)
    link = await reset_link(site, member_id)
    assert (await site.client.get(older)).status_code == 404
    assert (await choose(site, link, "another password")).status_code == 303
    assert await is_in(site)
    site.client.cookies.clear()
    name, value = cookie_of(site.service, session)
    assert (await site.client.get("/account", headers={"cookie": f"{name}={value}"})).status_code == 303
    assert (await log_in(site)).status_code == 401
    assert (await log_in(site, ANN, "another password")).status_code == 303


async def test_a_link_ends_the_session_that_was_in_the_browser(site: Site) -> None:
    _, planted = await a_member(site.service, "admin", "mallory@example.test")
    name, value = cookie_of(site.service, planted)
    site.client.cookies.set(name, value)
    assert (await choose(site, await reset_link(site, await ann(site)))).status_code == 303
    assert ANN in (await site.client.get("/account")).text
    site.client.cookies.clear()
    assert (await site.client.get("/account", headers={"cookie": f"{name}={value}"})).status_code == 303


async def test_a_reset_waits_for_no_back_off(site: Site) -> None:
    member_id = await ann(site)
    assert [(await log_in(site, ANN, "a wrong password")).status_code for _ in range(6)] == [401] * 5 + [429]
    assert (await log_in(site)).status_code == 429
    assert (await choose(site, await reset_link(site, member_id))).status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "short pw", "again": "short pw"}, "at least 10 characters"),
        ({"password": "x" * 129, "again": "x" * 129}, "at most 128 characters"),
        ({"password": "correct horse", "again": "correct horsf"}, "are not the same"),
        ({"password": ANN, "again": ANN}, "must not be the e-mail address"),
        ({"password": "", "again": ""}, "at least 10 characters"),
        ({"email": "not an address"}, "not an e-mail address"),
    ],
)
async def test_a_password_that_will_not_do_spends_no_link(site: Site, fields: dict[str, str], said: str) -> None:
    link = await first_link(site)
    passwords = site.service.passwords = Counting()
    answer = await choose(site, link, **{"password": PASSWORD, "email": ANN, **fields})
    assert answer.status_code == 400
    assert said in answer.text
    assert passwords.work == []
    assert (await choose(site, link, email=ANN)).status_code == 303


def test_lengths_are_counted_in_characters() -> None:
    check_password("\U0001f600" * 128, ANN)
    check_password("e\u0301" * 10, ANN)
    with pytest.raises(BadRequest):
        check_password("e\u0301" * 9, ANN)


@pytest.mark.parametrize("text", ["", "@", "a@", "@b", "a b@c", "a@b c", "a@b\nc", "a\0@b", "x" * 250 + "@b.cd"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(BadRequest):
        normal_email(text)
