"""Problems: every error of every address is one document with one shape, and says nothing from inside."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from starlette.requests import Request
from starlette.routing import Route

from tactful.errors import Busy, StorageFull
from tactful.web.problems import problem
from tactful.web.service import Service
from tests.support.hostile import is_clear
from tests.support.rows import execute
from tests.support.service import Site

pytestmark = pytest.mark.anyio

#: Whatever comes from elsewhere is refused before its address is looked at (tests/web/test_csrf.py).
FROM_OURS = {"sec-fetch-site": "same-origin"}


@pytest.mark.parametrize(
    "address",
    [
        "/w/",
        "/w/x",
        "/v1/nothing",
        "/v2/batch",
        "/api",
        "/api/v1/nothing",
        "/api/v1/surveys/a/b/c",
        "/.env",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/results",
        "/static/pages/..%2f..%2fapp.py",
        "/storybook",
        "/wp-login.php",
    ],
)
async def test_what_is_not_there(site: Site, address: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        answer = await site.client.request(method, address, headers=FROM_OURS)
        assert answer.status_code == 404, (method, answer.text)
        assert is_clear(answer)
        assert answer.json()["code"] in {"not_found", "no_such_project"}


@pytest.mark.parametrize(
    ("method", "address", "allow"),
    [
        ("GET", "/w/events", "POST"),
        ("DELETE", "/w/asks", "POST"),
        ("GET", "/v1/batch", "POST"),
        ("PUT", "/v1/track", "POST"),
        ("POST", "/api/v1/surveys", "GET, HEAD"),
        ("DELETE", "/api/v1/surveys/nps", "GET, HEAD, PUT"),
        ("POST", "/api/v1/policy", "GET, HEAD, PUT"),
        ("PATCH", "/w/pk_x.js", "GET, HEAD"),
        ("BREW", "/healthz", "GET, HEAD"),
    ],
)
async def test_what_is_not_done_there(site: Site, method: str, address: str, allow: str) -> None:
    answer = await site.client.request(method, address, headers=FROM_OURS)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert is_clear(answer)
    assert answer.headers["allow"] == allow


async def test_a_bug_is_logged_and_not_told(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_request: Request) -> Any:
        raise ZeroDivisionError("secret of the stack")

    site.app.router.routes.append(Route("/broken/{who}", broken))
    try:
        with caplog.at_level(logging.ERROR, "tactful.web"):
            answer = await site.client.get("/broken/ann@example.test")
    finally:
        site.app.router.routes.pop()
    assert answer.status_code == 500
    told = answer.json()
    assert (told["code"], told["status"]) == ("internal", 500)
    assert answer.headers["content-type"] == "application/problem+json"
    for inside in ("secret", "ZeroDivisionError", "Traceback", "File", "ann@"):
        assert inside not in answer.text
    assert "ZeroDivisionError" in caplog.text
    assert "ann@example.test" not in caplog.records[0].getMessage(), "paths hold ids, and logs are read by others"


async def test_a_bug_on_the_short_way_is_answered_as_any_other(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_service: Service, _passed: str) -> Any:
        raise ZeroDivisionError("secret of the stack")

    monkeypatch.setattr(Service, "config_at_hand", broken)
    with caplog.at_level(logging.ERROR, "tactful.web"):
        answer = await site.client.post("/w/events", json={"pass": "x", "events": []}, headers=FROM_OURS)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "ZeroDivisionError" in caplog.text


async def test_a_database_that_does_not_answer_is_not_ready(site: Site) -> None:
    assert (await site.client.get("/readyz")).text == "ready\n"
    assert (await site.client.get("/healthz")).text == "ok\n"
    reader, site.service.db._reader = site.service.db._reader, None
    try:
        answer = await site.client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert (await site.client.get("/healthz")).status_code == 200
    finally:
        site.service.db._reader = reader


async def test_a_database_that_lacks_a_migration_is_not_ready(site: Site) -> None:
    execute(site.path, "DELETE FROM migrations WHERE number = 3")
    answer = await site.client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert "0003_members" in answer.json()["message"]


async def test_a_stopping_service_says_to_come_again(site: Site) -> None:
    body = {"batch": [{"type": "track", "event": "Done", "userId": "ann"}], "writeKey": site.project.write_key}
    site.service.db._closing = True
    try:
        answer = await site.client.post("/v1/batch", json=body)
    finally:
        site.service.db._closing = False
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "2", "database_closing")
    assert (await site.client.post("/v1/batch", json=body)).status_code == 200


def test_what_cannot_be_stored_is_told_as_such() -> None:
    for error, status in ((StorageFull("storage_full", "Full."), 507), (Busy("database_busy", "Again."), 503)):
        answer = problem(error)
        assert (answer.status_code, answer.media_type) == (status, "application/problem+json")


def test_data_cannot_pass_for_what_the_document_says() -> None:
    told = problem(Busy("database_busy", "Again.", status=200, title="fine", odd=object()))
    assert told.status_code == 503
    assert {"title": "database busy", "status": 503}.items() <= json.loads(bytes(told.body)).items()


@pytest.mark.parametrize("address", ["/w/events", "/v1/batch"])
async def test_a_client_that_leaves_in_mid_body_is_no_bug(
    site: Site, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    messages = [{"type": "http.request", "body": b'{"pass":', "more_body": True}, {"type": "http.disconnect"}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": address, "headers": [], "query_string": b"", "root_path": ""}
    await site.app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert not caplog.records
