"""Origins: only a page that its project lists may ask, exactly as listed, and only such a page may read a reply."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tactful.app import create_app
from tactful.cli import new_project
from tactful.database_url import DatabaseUrl
from tactful.settings import Settings
from tactful.store.projects import config_versions, create_project
from tactful.tokens import PASS, Tokens
from tactful.web import service as web_service
from tests.support.rows import contents, execute
from tests.support.service import CONTEXT, KEY, SITE, Site, a_survey

pytestmark = pytest.mark.anyio

FOREIGN = [
    None,
    "",
    "null",
    "app",
    "*",
    "https://evil.test",
    f"{SITE}.evil.test",
    "http://evil.test/http://site.test",
    "http://evilsite.test",
    "http://www.site.test",
    "https://site.test",
    "http://site.test:80",
    "http://site.test:8080",
    "http://site.test/",
    "http://SITE.test",
    "HTTP://site.test",
    "http://site.test.",
    " http://site.test ,x",
    "http://site.test, http://site.test",
    "http://site.test http://evil.test",
    "http://user@site.test",
    "http://site.test#",
    "http://s\u00efte.test",
    "site.test",
]


async def bodies(site: Site) -> dict[str, dict[str, Any]]:
    """A good body for each route; the offer and the ask are of the project."""
    sharing = a_survey(thanks={"title": "Thanks", "share": {"text": "I do this"}})
    assert (await site.manage("PUT", "surveys/nps", json=sharing)).status_code == 200
    ask, offer = await site.ask("zoe"), await site.offer("ann")
    passed, who = await site.the_pass(), {"identity": {"user_id": "ann"}, "context": CONTEXT}
    message = {"message_id": "1", "type": "identify", "traits": {"a": 1}}
    return {
        "/w/events": {"pass": passed, "events": [message]} | who,
        "/w/asks": {"offer": offer} | who,
        "/w/asks?show": {"show": "nps", "pass": passed} | who,
        "/w/responses": {"ask": ask, "rev": 1, "answers": {"score": 9}},
        "/w/closings": {"ask": ask, "how": "seen"},
        "/w/clicks": {"ask": ask, "what": "copy"},
        "/w/closings?pass": {"pass": passed, "identity": {"user_id": "bob"}, "how": "opted_out"},
    }


async def post(site: Site, route: str, body: Any, origin: str | None) -> httpx2.Response:
    headers = {"content-type": "text/plain"} | ({} if origin is None else {"origin": origin.encode("latin-1")})
    return await site.client.post(route, json=body, headers=headers)


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_page_changes_nothing_and_reads_nothing(site: Site, origin: str | None) -> None:
    good = await bodies(site)
    before = contents(site.path)
    for route, body in good.items():
        answer = await post(site, route, body, origin)
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused"), route
        assert "access-control-allow-origin" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert contents(site.path) == before


async def test_the_listed_page_may_and_reads_the_reply(site: Site) -> None:
    for route, body in (await bodies(site)).items():
        answer = await post(site, route, body, SITE)
        assert answer.status_code == 200, (route, answer.text)
        assert answer.headers["access-control-allow-origin"] == SITE
        assert answer.headers["vary"] == "Origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("listed", "origin", "others"), [("null", "null", (None, "", "app", SITE)), ("app", None, ("null", SITE))]
)
async def test_a_page_without_an_origin_must_be_listed_by_its_name(
    site: Site, listed: str, origin: str | None, others: tuple[str | None, ...]
) -> None:
    execute(site.path, "UPDATE projects SET origins = ?, config_version = config_version + 1", f'["{listed}"]')
    await site.service.configs.refresh()
    site.origin = origin
    answer = await site.event()
    assert answer.status_code == 200
    assert answer.headers.get("access-control-allow-origin") == origin
    for other in others:
        site.origin = other
        assert (await site.event()).status_code == 403


@pytest.mark.parametrize("body", [b"no json", b"{}", b'{"pass":"x","events":[]}'])
async def test_a_listed_page_reads_errors_too(site: Site, body: bytes) -> None:
    """What a page cannot read looks to it like a lost network, and it would send the same again for ever."""
    for route in ("/w/events", "/w/asks", "/w/responses", "/w/closings", "/w/clicks"):
        answer = await site.post(route, body)
        assert 400 <= answer.status_code < 500
        assert answer.headers["access-control-allow-origin"] == SITE
        assert answer.headers["access-control-expose-headers"] == "Retry-After"


@pytest.mark.parametrize("good", [True, False])
async def test_the_first_reply_after_a_start_is_readable(site: Site, good: bool) -> None:
    """Nothing is loaded yet; were the reply to an ask unreadable, somebody was asked for nothing."""
    passed = await site.the_pass()
    execute(site.path, "PRAGMA wal_checkpoint(TRUNCATE)")
    copy = site.path.with_name("copy.db")
    copy.write_bytes(site.path.read_bytes())  # a small file of this test's own
    app = create_app(Settings(DatabaseUrl.of_file(copy), (KEY,), "http://service.test"), site.clock)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service.test") as client,
    ):
        body = {"pass": passed if good else "forged", "events": []}
        answer = await client.post("/w/events", json=body, headers={"origin": SITE})
        assert answer.status_code == (200 if good else 401)
        assert answer.headers["access-control-allow-origin"] == SITE
        foreign = await client.post("/w/events", json=body, headers={"origin": "http://evil.test"})
        assert "access-control-allow-origin" not in foreign.headers


async def test_a_flood_of_unlisted_origins_is_looked_up_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can send an origin that nobody lists, so it must not cost a read each time."""
    looked, db = 0, site.service.db
    read = db.read

    async def counted(script: Any, *args: Any) -> Any:
        nonlocal looked
        looked += script is config_versions
        return await read(script, *args)

    monkeypatch.setattr(db, "read", counted)
    monkeypatch.setattr(web_service, "LOOK_FOR_ORIGINS_EVERY_S", 3_600.0)
    for number in range(50):
        answer = await post(site, "/w/events", {}, f"http://{number}.evil.test")
        assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (400, None)
    assert looked <= 1


async def test_a_page_that_was_listed_later_reads_errors(site: Site) -> None:
    """What is remembered of an origin that nobody listed ends with the next look for changes."""
    later = "http://later.test"
    assert "access-control-allow-origin" not in (await post(site, "/w/events", {}, later)).headers
    await site.service.db.run(create_project, new_project("Later", (later,)))
    await site.service.configs.refresh()
    assert (await post(site, "/w/events", {}, later)).headers["access-control-allow-origin"] == later


async def test_a_page_listed_by_another_project_is_still_foreign(site: Site) -> None:
    execute(
        site.path,
        "INSERT INTO projects (project_id, name, public_key, origins, keep_events_ms, policy, created_at) "
        "SELECT 'other', 'Other', 'pk_o', '[\"http://other.test\"]', keep_events_ms, policy, 0 FROM projects",
    )
    for route, body in (await bodies(site)).items():
        answer = await post(site, route, body, "http://other.test")
        assert (answer.status_code, answer.json()["code"]) == (403, "origin_refused"), route
    other = Tokens((KEY,), site.clock).sign(PASS, ["other"])
    assert (await post(site, "/w/events", {"pass": other, "events": []}, "http://other.test")).status_code == 200
    assert (await post(site, "/w/events", {"pass": other, "events": []}, SITE)).status_code == 403


async def test_no_preflight_is_needed_and_one_is_answered_without_a_key(site: Site) -> None:
    await site.the_pass()
    headers = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    mine = await site.client.options("/w/events", headers=headers | {"origin": SITE})
    foreign = await site.client.options("/w/events", headers=headers | {"origin": "http://evil.test"})
    assert (mine.status_code, mine.headers["access-control-allow-origin"]) == (204, SITE)
    assert int(mine.headers["access-control-max-age"]) >= 7_200
    assert foreign.status_code == 204
    assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.parametrize("route", ["/api/v1/surveys", "/healthz", "/api/openapi.json"])
async def test_no_page_reads_what_is_not_for_pages(site: Site, route: str) -> None:
    await site.the_pass()
    for method in ("GET", "POST", "OPTIONS"):
        answer = await site.client.request(method, route, headers={"origin": SITE})
        assert "access-control-allow-origin" not in answer.headers
