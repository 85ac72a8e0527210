"""The widget API's endpoints: the shortest way from the bytes of a POST to a JSON answer.

Pages call these far more often than anything else is called, and most calls decide nothing. So each is an ASGI
application by itself: no Request is made, a Response only for a refusal, and the headers are written once.
`PagePosts` stands before every middleware, the framework's own too, and takes a page's POST straight to its endpoint;
each layer that is left out would have cost as much as decoding the body. A bug alone goes where every route's bugs go.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Literal

import msgspec
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, ExceptionHandler, Receive, Scope, Send

from tactful.errors import TactfulError
from tactful.web.bodies import BROWSER_LIMIT, receive_bytes
from tactful.web.cors import headers_for
from tactful.web.limits import Rooms
from tactful.web.problems import problem
from tactful.web.service import Service

__all__ = ["Answer", "Direct", "Endpoint", "PagePosts", "Post", "endpoint", "read_post"]

_JSON = (b"content-type", b"application/json")
#: Refusals after which a request that was not announced (web/limits.py) counts as one.
_FUMBLES = (400, 401)
#: Refusals of which there may be very many.
_FLOODS = (429, 503)

#: Who may come in: anybody, of whom there may be too many, or who holds an ask, which is seen when the body is read.
Gate = Literal["anybody", "holder"]


class Post(msgspec.Struct, frozen=True):
    """What a page sent: the body, the origin that its browser vouches for, and the languages that its user prefers."""

    service: Service
    origin: str | None
    body: bytes
    languages: str = ""
    address: str = ""


Answer = Callable[[Post], Awaitable[bytes]]

Headers = Mapping[bytes, bytes]


def _text(headers: Headers, name: bytes) -> str | None:
    """A header as text; None where there is none."""
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


async def read_post(scope: Scope, receive: Receive) -> Post:
    """Read the request of anybody's page. Raises `TooOften`, `TooLarge`, `TooSlow` and `Busy`."""
    headers = dict(scope["headers"])
    service: Service = scope["app"].state.service
    address = service.addresses.of(scope, headers)
    service.limits.knock(address)
    body = await _body(receive, headers, service.limits.pages)
    return Post(service, _text(headers, b"origin"), body, _text(headers, b"accept-language") or "", address)


async def _body(receive: Receive, headers: Headers, rooms: Rooms) -> bytes:
    return await receive_bytes(receive, headers.get(b"content-length", b""), BROWSER_LIMIT, rooms.parts)


class Direct(ABC):
    """An ASGI application that is the endpoint of a POST route and does by itself whatever middleware would do. It
    begins its answer only when it knows the whole, so that a bug can still be answered."""

    @abstractmethod
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class Endpoint(Direct):
    """A POST route of the widget API, made by decorating the function that answers it with `endpoint(gate)`."""

    def __init__(self, answer: Answer, gate: Gate) -> None:
        self._answer = answer
        self._anybody = gate == "anybody"
        self.__name__ = answer.__name__
        self.__doc__ = answer.__doc__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        service: Service = scope["app"].state.service
        address, origin = service.addresses.of(scope, headers), _text(headers, b"origin")
        try:
            told = await self._answered(service, address, origin, headers, receive)
            status, head = 200, [_JSON, (b"content-length", b"%d" % len(told))]
        except TactfulError as error:
            if error.status in _FLOODS:
                await service.limits.hold_back()
            refusal = problem(error)
            status, head, told = refusal.status_code, refusal.raw_headers, bytes(refusal.body)
        except ClientDisconnect:
            # It left in the middle of its body: nobody reads the answer, and it is no bug to be logged.
            status, head, told = 400, [_JSON], b""
        head += await headers_for(service, origin)
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": told})

    async def _answered(
        self, service: Service, address: str, origin: str | None, headers: Headers, receive: Receive
    ) -> bytes:
        """Let the request in and answer it, while its body has a place among those that are dealt with."""
        if self._anybody:
            service.limits.knock(address)
        rooms = service.limits.pages if self._anybody else service.limits.holders
        body = await _body(receive, headers, rooms)
        room, size = rooms.whole, len(body)
        room.take(size)
        try:
            return await self._answer(Post(service, origin, body, _text(headers, b"accept-language") or "", address))
        except TactfulError as error:
            if not self._anybody and error.status in _FUMBLES:
                service.limits.fumble(address)
            raise
        finally:
            room.give_back(size)


def endpoint(gate: Gate) -> Callable[[Answer], Endpoint]:
    """Make a function an `Endpoint` that lets in whom `gate` says."""
    return lambda answer: Endpoint(answer, gate)


class PagePosts:
    """Pure ASGI middleware that takes a POST to a `Direct` endpoint of `routes` there at once.

    A slash at the end makes no difference: some clients end addresses with one, and not all follow a redirect.
    `handle_bug` answers where an endpoint fails.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute], handle_bug: ExceptionHandler) -> None:
        self._app = app
        self._handle_bug = handle_bug
        self._routes = {
            route.path: route for route in routes if isinstance(route, Route) and isinstance(route.endpoint, Direct)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            path: str = scope["path"]
            route = self._routes.get(path) or self._routes.get(path.rstrip("/"))
            if route is not None:
                scope["route"] = route
                try:
                    await route.endpoint(scope, receive, send)
                except Exception as bug:  # noqa: BLE001 -- it is raised again, by what answers first
                    await ServerErrorMiddleware(_raising(bug), self._handle_bug)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _raising(bug: Exception) -> ASGIApp:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise bug

    return app
