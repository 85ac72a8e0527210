"""Who may open what: every address by every role, and sessions that end when they should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.routing import Route

from tactful.clock import new_id, new_secret
from tactful.core.spans import DAY_MS, MINUTE_MS, SECOND_MS
from tactful.store.members import (
    IDLE_MS,
    ROLES,
    SESSION_MS,
    NewSession,
    Role,
    end_sessions,
    find_session,
    forget_sessions,
    start_session,
)
from tactful.tokens import ASK, OFFER, PASS, SESSION, Tokens
from tactful.web.access import our_path
from tactful.web.routes import ROUTES
from tests.support.clock import SetClock
from tests.support.members import FROM_OURS, NO_PASSWORD, a_member, cookie_of, log_in
from tests.support.rows import contents, execute
from tests.support.service import KEY, Site, a_site

pytestmark = pytest.mark.anyio

#: Everybody may call these: they have keys of their own, hold nothing, or are the way in and out.
OPEN = (
    "/w/",
    "/v1/",
    "/api/",
    "/beacon/",
    "/batch",
    "/sourceConfig",
    "/analytics.js/",
    "/static/",
    "/login",
    "/logout",
    "/setup/",
    "/reset/",
    "/me/",
    "/preview/",
    "/healthz",
    "/readyz",
    "/sourceConfig",
    "/analytics.js/",
    "/beacon/",
    "/batch",
)
OPEN_PAGES = ("/docs",)
ONWARD = "/"

#: Whoever is logged in may look at everything and change what is their own; the rest takes an editor, or:
OWN = ("/account/",)
ADMINS = {
    ("GET", "/members"),
    ("POST", "/members"),
    ("POST", "/projects"),
    ("POST", "/projects/{project_id}/install/origins"),
    ("POST", "/projects/{project_id}/people/{person_id}/opt-out/end"),
    ("POST", "/projects/{project_id}/receivers"),
    ("POST", "/projects/{project_id}/receivers/{key}/secret"),
    ("POST", "/projects/{project_id}/receivers/{key}/delete"),
    ("GET", "/projects/{project_id}/receivers/{key}/edit"),
    ("POST", "/projects/{project_id}/receivers/{key}/edit"),
    ("POST", "/projects/{project_id}/receivers/templates/{name}/key"),
    ("POST", "/projects/{project_id}/settings/identity"),
    ("POST", "/projects/{project_id}/settings/identity/secrets"),
    ("POST", "/projects/{project_id}/settings/identity/secrets/{secret_id}/revoke"),
}
ADMINS_BELOW = ("/members/",)


def takes(method: str, path: str) -> Role:
    """The least role that may do this."""
    if (method, path) in ADMINS or path.startswith(ADMINS_BELOW):
        return "admin"
    return "viewer" if method == "GET" or path.startswith(OWN) else "editor"


def pages() -> Iterator[tuple[str, str]]:
    """Method and path of every page for members."""
    for route in ROUTES:
        assert isinstance(route, Route)
        if route.path != ONWARD and not route.path.startswith((*OPEN, *OPEN_PAGES)):
            yield from ((method, route.path) for method in sorted(route.methods or ()) if method != "HEAD")


def address(site: Site, path: str) -> str:
    """An address of this path, of the one project and of nothing else that exists."""
    filled = path.replace("{project_id}", site.project.project_id)
    return "/".join("nothing" if part.startswith("{") else part for part in filled.split("/"))


def is_endless(path: str) -> bool:
    """Tell whether the address streams: whoever is let in would stay."""
    return path.endswith("/live")


def test_there_are_pages() -> None:
    known = set(pages())
    assert {("GET", "/account"), ("GET", "/members"), ("POST", "/members"), ("POST", "/account/password")} <= known


@pytest.mark.parametrize("role", ROLES)
async def test_every_page_is_open_to_its_roles_alone(site: Site, role: Role) -> None:
    for method, path in pages():
        await log_in(site.client, site.service, role, f"{new_id(site.clock)}@tactful.test")
        may = ROLES.index(role) >= ROLES.index(takes(method, path))
        if may and is_endless(path):
            continue
        answer = await site.client.request(method, address(site, path), headers=FROM_OURS)
        assert (answer.status_code == 403) is not may, (method, path, answer.status_code)
        assert answer.status_code not in {401, 405}, (method, path)
        assert not answer.headers.get("location", "").startswith("/login?"), (method, path)


async def test_nobody_gets_a_page_without_log_in(site: Site) -> None:
    before = contents(site.path)
    for method, path in pages():
        answer = await site.client.request(method, address(site, path), headers=FROM_OURS)
        if method == "GET" and not is_endless(path):
            assert answer.status_code == 303, path
            assert answer.headers["location"] == f"/login?next={address(site, path)}"
        else:
            assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in"), path
    assert contents(site.path) == before


async def test_a_script_is_told_and_not_led_to_the_log_in_page(site: Site) -> None:
    for mode in ("cors", "same-origin", "no-cors"):
        answer = await site.client.get("/account", headers={"sec-fetch-mode": mode})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in")


async def test_the_way_back_keeps_the_query(site: Site) -> None:
    answer = await site.client.get("/account?done=session&x=%2F%2Fevil")
    assert answer.headers["location"] == "/login?next=/account%3Fdone%3Dsession%26x%3D%252F%252Fevil"


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nSet-Cookie: a=b",
        " //evil.example",
        "https://evil.example",
        "HTTPS:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "/account\\..\\x",
        "/\x00",
        "/ünïcode",
        "/" + "a" * 2_000,
        "",
        None,
    ],
)
def test_what_is_no_path_of_ours(text: str | None) -> None:
    assert our_path(text) == "/"


@pytest.mark.parametrize(
    "text", ["/", "/account", "/projects/x?q=a%20b#c", "/a//b", "/%5Cevil.example", "/@evil.example"]
)
def test_what_is_a_path_of_ours(text: str) -> None:
    assert our_path(text) == text


# Headers --------------------------------------------------------------------------------------------------------------

POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
}


async def test_every_page_comes_with_the_strict_policy(site: Site) -> None:
    await log_in(site.client, site.service, "viewer")
    seen = set()
    closed = [path for method, path in pages() if method == "GET" and not is_endless(path)]
    for path in [*closed, "/members", "/login", "/setup/x", "/reset/x"]:
        answer = await site.client.get(address(site, path))
        seen.add(answer.status_code)
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert set(answer.headers["content-security-policy"].split("; ")) == POLICY, path
        if answer.status_code < 500:
            assert answer.headers["cache-control"] == "no-store", path
            assert answer.headers["referrer-policy"] == "same-origin", path
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert answer.headers["cross-origin-opener-policy"] == "same-origin", path
    assert {200, 303, 403, 404} <= seen


# The cookie -----------------------------------------------------------------------------------------------------------


async def set_cookie(site: Site) -> str:
    await log_in(site.client, site.service, "viewer")
    answer = await site.client.post("/account/sessions/end", headers=FROM_OURS)
    assert "set-cookie" not in answer.headers
    out = await site.client.post("/logout", headers=FROM_OURS)
    return str(out.headers["set-cookie"])


async def test_the_cookie_without_tls(site: Site) -> None:
    name, value = cookie_of(site.service, (await a_member(site.service, "editor"))[1])
    assert name == "tactful"
    assert value.isascii()
    parts = set((await set_cookie(site)).split("; "))
    assert parts == {'tactful=""', "HttpOnly", "Max-Age=0", "Path=/", "SameSite=lax"} | {
        part for part in parts if part.startswith("expires=")
    }


async def test_the_cookie_with_tls(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, base_url="https://surveys.example") as site:
        cookie = await set_cookie(site)
        assert cookie.startswith("__Host-tactful=")
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
        assert "domain" not in cookie.lower()
        name, value = cookie_of(site.service, (await a_member(site.service, "editor"))[1])
        plain = {"cookie": f"tactful={value}"}
        assert (await site.client.get("/account", headers=plain)).status_code == 303
        assert (await site.client.get("/account", headers={"cookie": f"{name}={value}"})).status_code == 200


async def status(client: httpx2.AsyncClient, value: str) -> int:
    return (await client.get("/account", headers={"cookie": f"tactful={value}"})).status_code


async def test_only_what_we_signed_for_this_opens_a_session(site: Site) -> None:
    _, session = await a_member(site.service, "admin")
    value = cookie_of(site.service, session)[1]
    assert await status(site.client, value) == 200
    others = Tokens(("another-key-of-at-least-32-characters",), site.clock)
    forged = [site.service.tokens.sign(purpose, [session.secret]) for purpose in (PASS, OFFER, ASK)]
    forged += [others.sign(SESSION, [session.secret]), session.secret, session.session_id, f"{value}x", value[:-1], ""]
    forged += [value.replace(value[5], "A" if value[5] != "A" else "B", 1), "a.b.c", "." * 100, "x" * 30_000]
    forged += [site.service.tokens.sign(SESSION, [given]) for given in ("", session.session_id, {"$ne": ""}, None, 0)]
    for one in forged:
        assert await status(site.client, one) == 303, one[:80]


async def test_a_key_that_is_rotated_out_ends_its_sessions(path: Path, clock: SetClock, site: Site) -> None:
    _, session = await a_member(site.service, "admin")
    older = Tokens((KEY,), clock).sign(SESSION, [session.secret])
    assert await status(site.client, older) == 200
    site.service.tokens = Tokens(("the-new-key-has-32-characters-too", KEY), clock)
    assert await status(site.client, older) == 200
    site.service.tokens = Tokens(("the-new-key-has-32-characters-too",), clock)
    assert await status(site.client, older) == 303


async def test_what_is_kept_opens_nothing(site: Site) -> None:
    _, session = await a_member(site.service, "admin")
    kept = [str(value) for row in contents(site.path)["sessions"] for value in row]
    assert not any(session.secret in value for value in kept)
    for value in kept:
        assert await status(site.client, site.service.tokens.sign(SESSION, [value])) == 303


# The end of sessions --------------------------------------------------------------------------------------------------


async def test_a_session_ends_after_a_week_without_use(site: Site) -> None:
    await log_in(site.client, site.service, "viewer")
    for _ in range(3):
        site.clock.advance(IDLE_MS - 1)
        assert (await site.client.get("/account")).status_code == 200
    site.clock.advance(IDLE_MS)
    assert (await site.client.get("/account")).status_code == 303


async def test_a_session_ends_after_a_month_whatever_its_use(site: Site) -> None:
    await log_in(site.client, site.service, "viewer")
    for _ in range(29):
        site.clock.advance(DAY_MS)
        assert (await site.client.get("/account")).status_code == 200
    site.clock.advance(DAY_MS)
    assert SESSION_MS == 30 * DAY_MS
    assert (await site.client.get("/account")).status_code == 303


async def test_the_last_use_is_written_once_a_minute_at_most(site: Site) -> None:
    await log_in(site.client, site.service, "viewer")
    start = site.clock.now
    written = []
    for _ in range(4):
        site.clock.advance(20 * SECOND_MS)
        await site.client.get("/account")
        [(last_at,)] = execute(site.path, "SELECT last_at FROM sessions")
        written.append(last_at - start)
    assert written == [0, 0, MINUTE_MS, MINUTE_MS]


async def test_what_has_ended_is_forgotten(site: Site) -> None:
    await a_member(site.service, "viewer")
    site.clock.advance(DAY_MS)
    await a_member(site.service, "editor")
    site.clock.advance(IDLE_MS - DAY_MS)
    assert await site.service.db.run(forget_sessions) == 1
    assert len(execute(site.path, "SELECT 1 FROM sessions")) == 1


async def another_session(site: Site, member_id: str, device: str = "Safari on iPhone") -> tuple[str, str]:
    """Start one more session of the member; returns the cookie's value and the session's id."""
    session = NewSession(new_secret("ses"), new_id(site.clock), device)
    assert await site.service.db.run(start_session, member_id, NO_PASSWORD, session, None)
    return cookie_of(site.service, session)[1], session.session_id


async def test_one_session_can_be_ended_from_another(site: Site) -> None:
    member_id = await log_in(site.client, site.service, "viewer")
    phone, phone_id = await another_session(site, member_id)
    tablet, _ = await another_session(site, member_id, "Safari on iPad")
    shown = (await site.client.get("/account")).text
    assert "Safari on iPhone" in shown
    assert "Safari on iPad" in shown
    answer = await site.client.post(f"/account/sessions/{phone_id}/end")
    assert answer.headers["location"] == "/account?done=session"
    assert [await status(site.client, value) for value in (phone, tablet)] == [303, 200]
    assert "Safari on iPhone" not in (await site.client.get("/account")).text
    assert (await site.client.post(f"/account/sessions/{phone_id}/end")).status_code == 404


async def test_all_others_can_be_ended_at_once(site: Site) -> None:
    member_id = await log_in(site.client, site.service, "viewer")
    others = [(await another_session(site, member_id))[0] for _ in range(3)]
    somebody = cookie_of(site.service, (await a_member(site.service, "editor"))[1])[1]
    await site.client.post("/account/sessions/end")
    assert [await status(site.client, value) for value in others] == [303] * 3
    assert await status(site.client, somebody) == 200
    assert (await site.client.get("/account")).status_code == 200


async def test_to_end_the_session_one_is_in_is_to_log_out(site: Site) -> None:
    _, session = await a_member(site.service, "viewer")
    name, value = cookie_of(site.service, session)
    headers = FROM_OURS | {"cookie": f"{name}={value}"}
    answer = await site.client.post(f"/account/sessions/{session.session_id}/end", headers=headers)
    assert answer.headers["location"] == "/login"
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert await status(site.client, value) == 303


async def test_nobody_ends_or_sees_the_sessions_of_another(site: Site) -> None:
    member_id, _ = await a_member(site.service, "viewer")
    theirs, their_id = await another_session(site, member_id, "Opera on Windows")
    await log_in(site.client, site.service, "admin")
    assert "Opera on Windows" not in (await site.client.get("/account")).text
    assert (await site.client.post(f"/account/sessions/{their_id}/end")).status_code == 404
    assert await status(site.client, theirs) == 200


async def test_log_out_ends_the_session_and_not_only_the_cookie(site: Site) -> None:
    _, session = await a_member(site.service, "viewer")
    name, value = cookie_of(site.service, session)
    headers = FROM_OURS | {"cookie": f"{name}={value}"}
    out = await site.client.post("/logout", headers=headers)
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert await status(site.client, value) == 303
    assert (await site.client.post("/logout", headers=headers)).status_code == 303


async def test_a_session_ended_by_command_is_dead_at_the_next_request(site: Site) -> None:
    member_id, session = await a_member(site.service, "admin")
    value = cookie_of(site.service, session)[1]
    assert await status(site.client, value) == 200
    assert await site.service.db.run(end_sessions, member_id) == 1
    assert await site.service.db.read(find_session, session.secret) is None
    assert await status(site.client, value) == 303
