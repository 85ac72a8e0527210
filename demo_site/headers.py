"""The headers of every page: a content security policy as strict as a careful customer's, and the usual company.

The policy is here to prove something: the widget needs no inline script, no inline style and no eval, and one
Trusted Types policy named `tactful`. Lantern's own scripts need no Trusted Types policy at all.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["PageHeaders", "content_security_policy"]


def content_security_policy(tactful_origin: str) -> str:
    """Write the policy of a page that embeds the widget of `tactful_origin`."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {tactful_origin}",
            f"connect-src 'self' {tactful_origin}",
            "require-trusted-types-for 'script'",
            "trusted-types tactful",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class PageHeaders:
    """Put the security headers on every response; pages are personal, so they are not stored anywhere."""

    def __init__(self, app: ASGIApp, tactful_origin: str) -> None:
        self._app = app
        self._always = {
            "content-security-policy": content_security_policy(tactful_origin),
            "x-content-type-options": "nosniff",
            "referrer-policy": "strict-origin-when-cross-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        caching = "no-cache" if scope["path"].startswith("/static/") else "no-store"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**self._always, "cache-control": caching})
            await send(message)

        await self._app(scope, receive, with_headers)
