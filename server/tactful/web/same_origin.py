"""Nothing unsafe from elsewhere: a request that changes something must come from a page of ours.

Browsers say where a request comes from, and no page can change what they say: `Sec-Fetch-Site` where the address is
https or this machine, `Origin` everywhere. So there is no token to be forgotten in a form. The rule looks at nothing
else; above all a header that a page may set (`Authorization`) excuses nobody from it.

    Sec-Fetch-Site: same-origin              passes
    Sec-Fetch-Site: none                     passes for a visit (a form sent again after a restart), if Origin fits
    Sec-Fetch-Site: same-site, cross-site    refused
    no Sec-Fetch-Site                        passes if Origin is that of BASE_URL

Addresses that no cookie opens (the widget's, the ingest's and the API's) have rules of their own.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tactful.errors import Forbidden
from tactful.web.access import error_response
from tactful.web.problems import problem

__all__ = ["SameOrigin", "origin_of"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_WITHOUT_COOKIE = ("/w/", "/v1/", "/beacon/", "/batch", "/api/")


_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def origin_of(address: str) -> str:
    """The origin of an address as browsers write it: in small letters, without the scheme's own port."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(_DEFAULT_PORTS[parts.scheme])
    return f"{parts.scheme}://{host}"


class SameOrigin:
    """Pure ASGI middleware; `base_url` is the address under which browsers reach the service."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        self._app = app
        self._origin = origin_of(base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in _SAFE or scope["path"].startswith(_WITHOUT_COOKIE):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._is_ours(headers):
            await self._app(scope, receive, send)
            return
        error = Forbidden(
            "from_elsewhere",
            "This was not sent from a page of this service. Open the page and send it again; "
            f"if it comes back, open the service at {self._origin}, or set TACTFUL_BASE_URL to the address you use.",
        )
        answer = error_response(error) if "text/html" in headers.get("accept", "") else problem(error)
        await answer(scope, receive, send)

    def _is_ours(self, headers: Headers) -> bool:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is None:
            return origin == self._origin
        if site == "none":
            return headers.get("sec-fetch-mode") == "navigate" and origin in (None, self._origin)
        return site == "same-origin"
