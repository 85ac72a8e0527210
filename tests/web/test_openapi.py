"""The OpenAPI document: it names every route of the management API, and what it promises is what is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.routing import Route

from tactful.clock import SystemClock
from tactful.web import manage, manage_identity, manage_journal, manage_receivers
from tactful.web.openapi import OPERATIONS, document
from tactful.web.routes import ROUTES
from tests.support.server import command, serving
from tests.support.service import NO_RULES, SITE, a_survey, make_project

SCHEMA = schemathesis.openapi.from_dict(document("http://localhost"))
#: Unknown parameters are ignored, and the schema of a definition is the documentation's.
OPEN_BY_DESIGN = (negative_data_rejection, positive_data_acceptance)
MANAGED = [route for route in ROUTES if isinstance(route, Route) and route.path.startswith("/api/v1/")]


def test_every_route_is_told_and_every_told_route_is_there() -> None:
    routes = {
        (method, route.path, route.name if route.name != "handle" else None)
        for route in MANAGED
        for method in (route.methods or ()) - {"HEAD"}
    }
    told = {(one.method, one.path) for one in OPERATIONS}
    assert {(method, path) for method, path, _ in routes} == told
    assert len(told) == len(OPERATIONS) == len(MANAGED)
    assert {one.name for one in OPERATIONS} == {
        name for module in (manage, manage_identity, manage_journal, manage_receivers) for name in module.__all__
    }


def test_every_reference_leads_somewhere() -> None:
    told = document("https://x.example")
    text = json.dumps(told)
    for part in text.split('"#/components/schemas/')[1:]:
        assert part.split('"')[0] in told["components"]["schemas"]
    used = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert used == set(told["components"]["schemas"])


def test_the_command_prints_it(tmp_path: Path) -> None:
    said = command(tmp_path / "t.db", "openapi", url="https://x.example")
    assert json.loads(said.stdout) == document("https://x.example")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A served project in which something has happened, and its token."""
    path = tmp_path_factory.mktemp("openapi") / "tactful.db"
    project = make_project(path, SystemClock(), surveys=(a_survey(),), policy=NO_RULES)
    with serving(path) as server, httpx2.Client(base_url=server.url, headers={"origin": SITE}) as page:
        passed = page.get(f"/w/{project.public_key}.json").json()["pass"]
        who = {"identity": {"user_id": "ann"}}
        event = {"message_id": "1", "type": "track", "event": "Done"}
        offer = page.post("/w/events", json={"pass": passed, "events": [event]} | who).json()["offer"]["token"]
        ask = page.post("/w/asks", json={"offer": offer} | who).json()["ask"]
        assert page.post("/w/responses", json={"ask": ask, "rev": 1, "answers": {"score": 9}}).status_code == 200
        yield server.url, project.api_token


def test_it_is_served(api: tuple[str, str]) -> None:
    assert httpx2.get(f"{api[0]}/api/openapi.json").json() == document(api[0])


@SCHEMA.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_promised_is_answered(case: Case, api: tuple[str, str]) -> None:
    url, token = api
    case.call_and_validate(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, excluded_checks=[*OPEN_BY_DESIGN]
    )
