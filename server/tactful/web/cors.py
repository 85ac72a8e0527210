"""Which pages may read a reply: of `/w/...` those whose origin some project lists, of the ingest all.

A reply that a page cannot read looks to it like a lost network, and it would send the same again for ever; so errors
are readable too. Whether the origin fits *this* project is checked where the project is known. The ingest has nothing
to tell a page but whether its message came, and its clients ask before they send (a preflight, which has no key), so
there the star stands.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tactful.web.service import Service

__all__ = ["OPEN_TO_PAGES", "IngestCors", "WidgetCors", "headers_for"]

Header = tuple[bytes, bytes]

_PREFLIGHT = [
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"7200"),
]
_NEVER_SHARED = ((b"cache-control", b"no-store"), (b"vary", b"Origin"))
_EXPOSED = (b"access-control-expose-headers", b"Retry-After")

#: With these any page may read a reply of the ingest.
OPEN_TO_PAGES: tuple[Header, ...] = ((b"cache-control", b"no-store"), (b"access-control-allow-origin", b"*"), _EXPOSED)
#: What analytics.js and RudderStack's script send with their messages, and with those that they send again. The star
#: stands for what later versions add; old browsers do not know it, and it never stands for `Authorization`.
_INGEST_HEADERS = (
    b"*, Authorization, Content-Type, X-Retry-Count, AnonymousId, SentAt, Rsa-Recovered, Rsa-Retry-Attempt, "
    b"Rsa-Retry-Reason, Rsa-Since-First-Attempt, Rsa-Since-Last-Attempt"
)
_INGEST_PREFLIGHT = [
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", _INGEST_HEADERS),
    (b"access-control-max-age", b"7200"),
]


async def headers_for(service: Service, origin: str | None) -> tuple[Header, ...]:
    """The headers with which a reply may be read by a page of `origin`, if any project lists it, and be kept by nobody.

    Asked for only when the reply is there: finding it may have been the first to load the project's configuration.
    """
    if origin and (service.configs.lists_at_hand(origin) or await service.configs.lists_origin(origin)):
        return _readable_by(origin)
    return _NEVER_SHARED


@lru_cache(maxsize=1_000)
def _readable_by(origin: str) -> tuple[Header, ...]:
    return (*_NEVER_SHARED, (b"access-control-allow-origin", origin.encode("latin-1")), _EXPOSED)


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


class IngestCors:
    """Pure ASGI middleware for the addresses `paths`: preflights, and errors that their endpoints never see."""

    def __init__(self, app: ASGIApp, paths: Collection[str]) -> None:
        self._app = app
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].rstrip("/") not in self._paths:
            await self._app(scope, receive, send)
            return
        if not any(name == b"origin" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return

        async def send_open(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *OPEN_TO_PAGES]
            await send(message)

        if scope["method"] == "OPTIONS":
            await send_open({"type": "http.response.start", "status": 204, "headers": list(_INGEST_PREFLIGHT)})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, send_open)
