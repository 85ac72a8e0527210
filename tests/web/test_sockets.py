"""Hostile bytes on a real socket: the server answers or hangs up, stays up, and calls none of it a bug."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tactful.clock import SystemClock
from tactful.store.projects import NewProject
from tests.support.rows import contents
from tests.support.server import Server, serving
from tests.support.service import NO_RULES, SITE, a_survey, make_project


@pytest.fixture(scope="module")
def project_and_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NewProject, Server]]:
    path: Path = tmp_path_factory.mktemp("sockets") / "tactful.db"
    project = make_project(path, SystemClock(), surveys=(a_survey(),), policy=NO_RULES)
    with serving(path) as server:
        yield project, server


@pytest.fixture
def project(project_and_server: tuple[NewProject, Server]) -> NewProject:
    return project_and_server[0]


@pytest.fixture
def server(project_and_server: tuple[NewProject, Server], capfd: pytest.CaptureFixture[str]) -> Iterator[Server]:
    """The server, which afterwards is up, has kept nothing and has logged no trace."""
    server = project_and_server[1]
    before = contents(server.path)
    yield server
    assert httpx2.get(f"{server.url}/readyz").status_code == 200
    assert contents(server.path) == before
    said = capfd.readouterr()
    assert "Traceback" not in said.err + said.out
    assert "bug in" not in said.err + said.out


def raw(server: Server, head: str, *chunks: bytes) -> tuple[int, Any]:
    """Send bytes as they are and return the status and the problem told; what cannot be sent any more is not."""
    host, port = urlsplit(server.url).hostname, urlsplit(server.url).port
    with socket.create_connection((host, port), timeout=60) as connection:
        connection.sendall(f"{head}\r\nHost: {host}\r\nOrigin: {SITE}\r\n".encode("latin-1"))
        with contextlib.suppress(ConnectionError):
            for chunk in chunks:
                connection.sendall(chunk)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        body = answer.read()
        return answer.status, json.loads(body) if body.startswith(b"{") else body


def test_ten_declared_megabytes(server: Server) -> None:
    status, told = raw(server, "POST /w/events HTTP/1.1", b"Content-Length: 10000000\r\n\r\n", b"x" * 65_536)
    assert (status, told["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(("route", "limit"), [("/w/responses", 64 * 1_024), ("/v1/batch", 5 * 1_024 * 1_024)])
def test_ten_megabytes_in_chunks(server: Server, route: str, limit: int) -> None:
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    chunks = [chunk] * (limit // 0x8000 + 1)
    status, told = raw(server, f"POST {route} HTTP/1.1", b"Transfer-Encoding: chunked\r\n\r\n", *chunks)
    assert (status, told["code"]) == (413, "body_too_large")


def test_a_gzip_bomb(server: Server, project: NewProject) -> None:
    body = gzip.compress(b" " * 300_000_000, 1)
    assert len(body) < 5 * 1_024 * 1_024
    headers = {"content-encoding": "gzip", "authorization": f"Bearer {project.write_key}"}
    answer = httpx2.post(f"{server.url}/v1/batch", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_two_hundred_thousand_keys(server: Server, project: NewProject) -> None:
    properties = ",".join(f'"k{number}":{number}' for number in range(200_000))
    message = f'{{"type":"track","event":"Done","userId":"ann","properties":{{{properties}}}}}'
    answer = httpx2.post(
        f"{server.url}/v1/batch",
        content=f'{{"batch":[{message}]}}'.encode(),
        headers={"authorization": f"Bearer {project.write_key}"},
    )
    assert (answer.status_code, answer.content) == (200, b'{"success":true}')


@pytest.mark.parametrize("depth", [500, 100_000])
def test_depth(server: Server, project: NewProject, depth: int) -> None:
    body = b'{"batch":[' + b"[" * depth + b"]" * depth + b"]}"
    headers = {"authorization": f"Bearer {project.write_key}"}
    answer = httpx2.post(f"{server.url}/v1/batch", content=body, headers=headers)
    assert answer.status_code == 200 if depth == 500 else answer.json()["code"] == "bad_json"
    if len(body) <= 64 * 1_024:
        answer = httpx2.post(f"{server.url}/w/events", content=body, headers={"origin": SITE})
        assert answer.json()["code"] in ("bad_json", "bad_field")


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: -1",
        "Content-Length: 1e3",
        "Content-Length: " + "9" * 5_000,
        "Content-Length: 5\r\nContent-Length: 6",
        "Transfer-Encoding: chunked\r\n\r\nZZ",
        "X: " + "x" * 200_000,
    ],
    ids=["negative", "no number", "beyond all", "two", "no chunk", "long header"],
)
def test_what_is_no_http(server: Server, head: str) -> None:
    status, _ = raw(server, "POST /w/events HTTP/1.1", f"{head}\r\n\r\n".encode())
    assert 400 <= status < 500


@pytest.mark.parametrize("sent", [b"", b'{"pass":', b"x" * 30_000])
@pytest.mark.parametrize("route", ["/w/events", "/v1/batch", "/api/v1/policy"])
def test_a_client_that_leaves_in_the_middle(server: Server, project: NewProject, route: str, sent: bytes) -> None:
    host, port = urlsplit(server.url).hostname, urlsplit(server.url).port
    method = "PUT" if route.startswith("/api/") else "POST"
    head = f"{method} {route} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {project.api_token}\r\n"
    with socket.create_connection((host, port), timeout=60) as connection:
        connection.sendall(f"{head}Content-Length: 60000\r\n\r\n".encode() + sent)


@pytest.mark.parametrize(
    "target", ["/w/%00.js", "/w/%ff.json", "/static/%00", "/api/v1/people/%00", "/%2e%2e/x", "//x"]
)
def test_odd_targets(server: Server, project: NewProject, target: str) -> None:
    head = f"GET {target} HTTP/1.1\r\nAuthorization: Bearer {project.api_token}"
    assert 400 <= raw(server, head, b"\r\n")[0] < 500
