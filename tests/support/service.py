"""The whole service in this process: real database, real routes, no sockets."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette

from tactful.app import create_app
from tactful.cli import new_project
from tactful.clock import Clock
from tactful.core.policy import Policy, Rule
from tactful.core.reading import read_policy, read_survey
from tactful.core.spans import HOUR_MS
from tactful.core.surveys import Survey
from tactful.database_url import DatabaseUrl
from tactful.settings import Settings
from tactful.store.opening import migrate
from tactful.store.projects import NewProject, apply_definitions, create_project
from tactful.web.service import Service
from tests.support.clock import SetClock
from tests.support.databases import Where, beside, url_of
from tests.support.rates import NO_LIMITS

SITE = "http://site.test"
KEY = "a-key-for-tests-of-32-characters!"

#: Asks at most once an hour; nobody is too new.
ONE_AN_HOUR = Policy((Rule("one", "all", "asked", 1, HOUR_MS),), tenure_ms=0)
NO_RULES = Policy((), tenure_ms=0)


def a_survey(key: str = "nps", **fields: Any) -> dict[str, Any]:
    """A written survey: live, triggered by `Done`, a score and a reason."""
    return {
        "key": key,
        "name": key.title(),
        "state": "live",
        "trigger": {"any": [{"event": "Done"}]},
        "throttle": {"repeat": "1ms"},
        "questions": [
            {"id": "score", "kind": "nps", "ask": "How likely?"},
            {"id": "why", "kind": "text", "ask": "Why?"},
        ],
    } | fields


def make_project(
    where: Where,
    clock: Clock,
    *,
    surveys: tuple[dict[str, Any], ...] = (),
    policy: Policy = ONE_AN_HOUR,
    name: str = "P",
) -> NewProject:
    """Make a project in the database, which is made too where it is a file, with what is given applied."""
    if url_of(where).kind == "sqlite":
        migrate(url_of(where), clock)
    new = new_project(name, (SITE,))
    beside(where, clock, create_project, new)
    apply_to(where, clock, new.project_id, *surveys, policy=policy)
    return new


def apply_to(
    where: Where, clock: Clock, project_id: str, *surveys: dict[str, Any], policy: Policy | None = None
) -> None:
    """Apply written surveys and a policy to a project."""
    beside(where, clock, apply_definitions, project_id, policy, surveys_of(surveys))


def surveys_of(written: Iterable[dict[str, Any]]) -> tuple[Survey, ...]:
    """Read written surveys."""
    read = [read_survey(one) for one in written]
    assert all(reading.value for reading in read), [reading.faults for reading in read]
    return tuple(one.value for one in read if one.value)


def policy_of(written: dict[str, Any]) -> Policy:
    """Read a written policy."""
    reading = read_policy(written)
    assert reading.value is not None, reading.faults
    return reading.value


@dataclass
class Site:
    """A page of the project, talking to the service: the widget API and the management API by hand."""

    app: Starlette
    client: httpx2.AsyncClient
    project: NewProject
    url: DatabaseUrl
    clock: SetClock
    origin: str | None = SITE
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _pass: str = ""

    @property
    def path(self) -> Path:
        """The file, where the service runs on SQLite."""
        assert self.url.path is not None, "this site runs on PostgreSQL"
        return self.url.path

    @property
    def service(self) -> Service:
        service: Service = self.app.state.service
        return service

    async def the_pass(self) -> str:
        if not self._pass:
            answer = await self.client.get(f"/w/{self.project.public_key}.json")
            self._pass = answer.json()["pass"]
        return self._pass

    async def post(self, path: str, body: Any) -> httpx2.Response:
        """Post as a page does: JSON as text, with the origin."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "text/plain"} | ({"origin": self.origin} if self.origin is not None else {})
        return await self.client.post(path, content=content, headers=headers)

    async def event(self, user_id: str | None = "ann", event: str = "Done", **fields: Any) -> httpx2.Response:
        """Report one event of `user_id` (or of the `identity` given)."""
        identity = fields.pop("identity", {"user_id": user_id, "anonymous_id": None})
        message = {"message_id": f"m{next(self._numbers)}", "type": "track", "event": event} | fields
        body = {"pass": await self.the_pass(), "identity": identity, "context": CONTEXT, "events": [message]}
        return await self.post("/w/events", body)

    async def backend(self, event: str, user_id: str = "ann", **fields: Any) -> None:
        """Post an event as the project's backend."""
        message = {"messageId": f"s{next(self._numbers)}", "userId": user_id, "event": event} | fields
        answer = await self.client.post("/v1/track", json=message | {"writeKey": self.project.write_key})
        assert answer.content == b'{"success":true}', answer.text

    async def visit(self, user_id: str | None = "ann", **fields: Any) -> str | None:
        """Ask for what waits, as a tab does when it is opened or nudged; return the offer's token."""
        identity = fields.pop("identity", {"user_id": user_id, "anonymous_id": None})
        body = {"pass": await self.the_pass(), "identity": identity, "context": CONTEXT, "events": []} | fields
        answer = await self.post("/w/events", body)
        assert answer.status_code == 200, answer.text
        offer = answer.json()["offer"]
        return offer and str(offer["token"])

    async def offer(self, user_id: str | None = "ann", event: str = "Done", **fields: Any) -> str | None:
        """Report one event and return the offer's token, if there is one."""
        answer = await self.event(user_id, event, **fields)
        assert answer.status_code == 200, answer.text
        offer = answer.json()["offer"]
        return offer and str(offer["token"])

    async def take_up(self, offer: str, user_id: str | None = "ann", **fields: Any) -> httpx2.Response:
        identity = fields.pop("identity", {"user_id": user_id, "anonymous_id": None})
        return await self.post("/w/asks", {"offer": offer, "identity": identity, "context": CONTEXT} | fields)

    async def ask(self, user_id: str | None = "ann", event: str = "Done", **fields: Any) -> str:
        """Go from an event to the ask's token."""
        offer = await self.offer(user_id, event, **fields)
        assert offer is not None, "no offer"
        answer = await self.take_up(offer, user_id)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["ask"])

    async def respond(self, ask: str, rev: int = 1, **fields: Any) -> httpx2.Response:
        body = {"ask": ask, "rev": rev, "answers": {"score": 9}, "done": False} | fields
        return await self.post("/w/responses", body)

    async def manage(self, method: str, path: str, **fields: Any) -> httpx2.Response:
        """Call the management API with the project's token."""
        headers = {"authorization": f"Bearer {self.project.api_token}"} | fields.pop("headers", {})
        return await self.client.request(method, f"/api/v1/{path}", headers=headers, **fields)

    async def why(self, user_id: str = "ann") -> dict[str, Any]:
        """What `why` says of a person, by survey key."""
        found = (await self.manage("GET", "people", params={"user_id": user_id})).json()["data"]
        told = (await self.manage("GET", f"people/{found[0]['id']}/why")).json()
        return {one["survey"]: one for one in told["surveys"]}


CONTEXT = {"page": f"{SITE}/app/lesson", "locale": "en-GB", "width": 1280, "visit": "v1"}


@contextlib.asynccontextmanager
async def a_site(
    where: Where,
    clock: SetClock,
    *,
    surveys: tuple[dict[str, Any], ...] = (),
    policy: Policy = ONE_AN_HOUR,
    **settings: Any,
) -> AsyncIterator[Site]:
    """Make a project in a new database and run the service on it, as `running` does."""
    project = make_project(where, clock, surveys=surveys, policy=policy)
    async with running(project, where, clock, **settings) as site:
        yield site


@contextlib.asynccontextmanager
async def running(
    project: NewProject,
    where: Where,
    clock: SetClock,
    *,
    base_url: str = "http://service.test",
    trusted_proxies: int = 0,
    **rates: Any,
) -> AsyncIterator[Site]:
    """Run a service on a database that has the project already: a node, where there are several. Nothing is limited
    but by the `rates` that are given."""
    url = url_of(where)
    settings = replace(Settings(url, (KEY,), base_url, trusted_proxies), **NO_LIMITS | rates)
    app = create_app(settings, clock)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=base_url) as client,
    ):
        yield Site(app, client, project, url, clock)
