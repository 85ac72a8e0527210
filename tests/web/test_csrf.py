"""Nothing unsafe from elsewhere: method x Sec-Fetch-Site x Origin x what the request carries, every combination."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tactful.web.same_origin import origin_of
from tests.support.clock import SetClock
from tests.support.members import a_member, cookie_of
from tests.support.service import Site, a_site

pytestmark = pytest.mark.anyio

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "BREW")
SITES = (None, "same-origin", "same-site", "cross-site", "none", "something-new", "")
ORIGINS = (
    None,
    "http://service.test",
    "http://service.test:8001",
    "https://service.test",
    "http://service.test.evil.example",
    "http://evil.example",
    "null",
    "",
)
CARRIED = ("nothing", "cookie", "bearer", "cookie and bearer")


def passes(method: str, fetch_site: str | None, origin: str | None) -> bool:
    """The rule in one place, written otherwise than the product's. What is carried does not enter."""
    if method in {"GET", "HEAD", "OPTIONS"}:
        return True
    return fetch_site == "same-origin" or (fetch_site is None and origin == "http://service.test")


async def _carried(site: Site, what: str) -> dict[str, str]:
    name, value = cookie_of(site.service, (await a_member(site.service, "admin"))[1])
    headers = {"cookie": f"{name}={value}"} if "cookie" in what else {}
    return headers | ({"authorization": f"Bearer {site.project.api_token}"} if "bearer" in what else {})


def _headers(fetch_site: str | None, origin: str | None) -> dict[str, str]:
    given = {"sec-fetch-site": fetch_site, "origin": origin}
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize("carried", CARRIED)
async def test_only_our_own_pages_may_change_anything(site: Site, carried: str) -> None:
    with_it = await _carried(site, carried)
    for method, fetch_site, origin in itertools.product(METHODS, SITES, ORIGINS):
        answer = await site.client.request(method, "/account", headers=with_it | _headers(fetch_site, origin))
        refused = answer.status_code == 403 and answer.json()["code"] == "from_elsewhere"
        assert refused is not passes(method, fetch_site, origin), (method, fetch_site, origin)


@pytest.mark.parametrize("mode", ["navigate", "cors", "no-cors", None])
@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_form_sent_again_by_the_browser_itself(site: Site, mode: str | None, origin: str | None) -> None:
    headers = _headers("none", origin) | ({"sec-fetch-mode": mode} if mode else {})
    answer = await site.client.post("/logout", headers=headers)
    assert (answer.status_code == 303) is (mode == "navigate" and origin in {None, "http://service.test"})


@pytest.mark.parametrize(
    "page",
    [
        "/login",
        "/logout",
        "/setup/x",
        "/reset/x",
        "/account/password",
        "/members",
        "/projects/x/receivers",
        "/x",
        "/me/x",
        "/projects/x/surveys/y/preview",
    ],
)
async def test_no_page_is_left_out(site: Site, page: str) -> None:
    for headers in ({}, {"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}):
        answer = await site.client.post(page, data={"email": "ann@example.test"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "from_elsewhere")


async def test_the_method_cannot_be_smuggled(site: Site) -> None:
    """Nothing in the request makes a GET of it that is a POST."""
    for headers in ({"x-http-method-override": "GET"}, {"x-method-override": "GET"}):
        answer = await site.client.post("/logout?_method=GET", data={"_method": "GET"}, headers=headers)
        assert answer.status_code == 403


async def test_what_no_cookie_opens_has_its_own_rules(site: Site) -> None:
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert await site.offer() is not None
    track = {"writeKey": site.project.write_key, "messageId": "m", "userId": "ann", "event": "Done"}
    assert (await site.client.post("/v1/track", json=track, headers=elsewhere)).status_code == 200
    policy = (await site.manage("GET", "policy")).json()
    assert (await site.manage("PUT", "policy", json=policy, headers=elsewhere)).status_code == 200


async def test_a_session_opens_nothing_of_the_api(site: Site) -> None:
    cookie = await _carried(site, "cookie")
    for path in ("/api/v1/policy", "/api/v1/people", "/api/v1/responses"):
        assert (await site.client.get(path, headers=cookie)).status_code == 401


async def test_somebody_who_looks_gets_a_page_and_a_program_a_problem(site: Site) -> None:
    page = await site.client.post("/logout", headers={"accept": "text/html,*/*"})
    assert page.status_code == 403
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http://service.test" in page.text
    assert (await site.client.post("/logout")).headers["content-type"] == "application/problem+json"


async def test_the_origin_is_that_of_the_base_url(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, base_url="https://Surveys.example:8443/below") as site:
        for origin, status in (
            ("https://surveys.example:8443", 303),
            ("https://surveys.example", 403),
            ("http://surveys.example:8443", 403),
            ("https://surveys.example:8443/", 403),
        ):
            assert (
                await site.client.post("https://surveys.example/logout", headers={"origin": origin})
            ).status_code == status


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://S.example:443/x", "https://s.example"),
        ("http://s.example:80", "http://s.example"),
        ("http://[::1]:80", "http://[::1]"),
        ("http://s.example:443", "http://s.example:443"),
        ("https://ann:secret@s.example", "https://s.example"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(address: str, origin: str) -> None:
    assert origin_of(address) == origin
