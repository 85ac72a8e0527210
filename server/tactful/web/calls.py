"""One authorised call of the management API: who may make it, what it asks for, and how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tactful.core.reading import Reading
from tactful.definitions import invalid, parse
from tactful.errors import BadRequest, Forbidden, Unauthorized
from tactful.store.projects import Config, find_key
from tactful.web.bodies import INGEST_LIMIT, read_bytes
from tactful.web.browser import service_of
from tactful.web.service import Service

__all__ = ["Call", "answer", "authorised", "definition_of", "limit_of", "page_of"]

_MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised call."""

    request: Request
    service: Service
    config: Config
    scopes: frozenset[str]

    def need(self, scope: str) -> None:
        """Raise `Forbidden` unless the token may do `scope`."""
        if not self.may(scope):
            raise Forbidden("scope_missing", f"This token may not do {scope}.")

    def may(self, scope: str) -> bool:
        """Whether the token may do `scope`."""
        return bool(self.scopes & {"*", scope})

    @property
    def project_id(self) -> str:
        return self.config.project_id

    def query(self, name: str) -> str | None:
        value = self.request.query_params.get(name)
        if value is not None and "\0" in value:
            raise BadRequest("bad_query", f"`{name}` holds U+0000.")
        return value


Handler = Callable[[Call], Awaitable[Response]]


def authorised(scope: str) -> Callable[[Handler], Callable[[Request], Awaitable[Response]]]:
    """Let a handler run only for a token that may do `scope`."""

    def wrap(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            service = service_of(request)
            kind, _, token = request.headers.get("authorization", "").partition(" ")
            found = await service.db.read(find_key, token) if kind.lower() == "bearer" and token.isascii() else None
            if found is None or found.purpose != "api":
                raise Unauthorized("bad_token", "Send `Authorization: Bearer` with an API token of the project.")
            call = Call(request, service, await service.configs.get(found.project_id), found.scopes)
            call.need(scope)
            return await handler(call)

        return handle

    return wrap


def answer(value: Any, status: int = 200) -> Response:
    """Answer with JSON, kept by nobody."""
    return Response(orjson.dumps(value), status, {"Cache-Control": "no-store"}, media_type="application/json")


def page_of(call: Call, data: list[Any], following: dict[str, str] | None) -> Response:
    """A list, and where the next part of it is."""
    if following is None:
        return answer({"data": data, "next": None})
    kept = {name: value for name, value in call.request.query_params.items() if name not in following}
    address = f"{call.service.settings.base_url}{call.request.url.path}?{urlencode(kept | following)}"
    return answer({"data": data, "next": address})


def limit_of(call: Call) -> int:
    """How many the call wants at most. Raises `BadRequest`."""
    written = call.query("limit") or "50"
    if not written.isdecimal() or len(written) > 3 or not 1 <= int(written) <= _MOST_ROWS:
        raise BadRequest("bad_query", f"`limit` is a whole number from 1 to {_MOST_ROWS}.")
    return int(written)


async def definition_of(call: Call) -> tuple[Any, Callable[[Reading[Any]], tuple[Any, list[dict[str, Any]]]]]:
    """The body as plain data (YAML where the content type says so, else JSON), and how to take a reading of it: the
    value, and the warnings for whoever sent it."""
    is_yaml = "yaml" in call.request.headers.get("content-type", "")
    parsed = parse(await read_bytes(call.request, INGEST_LIMIT), "body.yaml" if is_yaml else "body.json")

    def take(reading: Reading[Any]) -> tuple[Any, list[dict[str, Any]]]:
        if reading.value is None:
            raise invalid(reading.faults, parsed)
        return reading.value, [parsed.locate(warning).for_wire() for warning in reading.warnings]

    return parsed.data, take
