"""Which pages may read a reply of `/w/...`: those whose origin some project lists.

A reply that a page cannot read looks to it like a lost network, and it would send the same again for ever; so errors
are readable too. Whether the origin fits *this* project is checked where the project is known.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tactful.web.service import Service

__all__ = ["WidgetCors", "headers_for"]

Header = tuple[bytes, bytes]

_PREFLIGHT = [
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"7200"),
]
_NEVER_SHARED = ((b"cache-control", b"no-store"), (b"vary", b"Origin"))
_EXPOSED = (b"access-control-expose-headers", b"Retry-After")


async def headers_for(service: Service, origin: str | None) -> tuple[Header, ...]:
    """The headers with which a reply may be read by a page of `origin`, if any project lists it, and be kept by nobody.

    Asked for only when the reply is there: finding it may have been the first to load the project's configuration.
    """
    if origin and await service.configs.lists_origin(origin):
        return (*_NEVER_SHARED, (b"access-control-allow-origin", origin.encode("latin-1")), _EXPOSED)
    return _NEVER_SHARED


class WidgetCors:
    """Pure ASGI middleware for what `web/posts.py` does not answer by itself: preflights, streams and errors."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or not scope["path"].startswith("/w/"):
            await self._app(scope, receive, send)
            return
        origin = next((value for name, value in scope["headers"] if name == b"origin"), b"").decode("latin-1")
        service: Service = scope["app"].state.service

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *await headers_for(service, origin)]
            await send(message)

        if scope["method"] == "OPTIONS":
            await send_with_origin({"type": "http.response.start", "status": 204, "headers": list(_PREFLIGHT)})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send_with_origin)
