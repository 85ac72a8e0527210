"""What the browsers' SDKs of Segment and RudderStack ask for before they send anything.

`@segment/analytics-next` reads `/v1/projects/{key}/settings`, `@rudderstack/analytics-js` `/sourceConfig/`; without an
answer both stay silent for ever. The bodies are the least that lets them start, measured with the real clients: where
to send to, and to load nothing else. They say nothing that the page does not say itself, so any page may read them and
any cache keep them.

The key is the project's public one. Whatever else stands in its place opens nothing, a write key too: it would stand
in every visitor's browser, and who holds it may speak for a backend. All keys that open nothing are answered alike.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tactful.errors import NotFound, Unauthorized
from tactful.store.projects import Config
from tactful.web.browser import service_of
from tactful.web.senders import basic_user

__all__ = ["no_script", "preflight", "settings", "source_config"]

_ANY_PAGE = (("Access-Control-Allow-Origin", "*"), ("X-Content-Type-Options", "nosniff"))
_CACHE = "public, max-age=300, stale-while-revalidate=86400"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, AnonymousId, SentAt",
    "Access-Control-Max-Age": "7200",
}
#: Nothing in a RudderStack configuration of ours ever changes; the client only wants a time to be there.
_UPDATED_AT = "2026-01-01T00:00:00.000Z"


async def settings(request: Request) -> Response:
    """Where analytics.js sends to. Raises `NotFound` for a key that is no project's public one."""
    config = await _config_of(request, request.path_params["key"])
    base = urlsplit(service_of(request).settings.base_url)
    segment = {"apiKey": config.public_key, "apiHost": f"{base.netloc}{base.path}/v1", "protocol": base.scheme}
    return _told({"integrations": {"Segment.io": segment}, "metrics": {"sampleRate": 0}})


async def source_config(request: Request) -> Response:
    """That RudderStack's client may begin, and that there is nothing else to load. Raises `NotFound` as above."""
    user = _user_of(request.headers.get("authorization", ""))
    config = await _config_of(request, user or request.query_params.get("writeKey", ""))
    off = {"enabled": False}
    source = {
        "id": config.public_key,
        "name": "Tactful",
        "writeKey": config.public_key,
        "enabled": True,
        "workspaceId": config.public_key,
        "connections": [],
        "destinations": [],
        "config": {"statsCollection": {"errors": off, "metrics": off}},
    }
    # The key may stand in a header alone, and then the address names no project.
    return _told({"source": source, "updatedAt": _UPDATED_AT}, Vary="Authorization")


async def preflight(_request: Request) -> Response:
    """Let a page of any origin ask; browsers send no key with this question."""
    return Response(status_code=204, headers=_PREFLIGHT | dict(_ANY_PAGE))


async def no_script(_request: Request) -> Response:
    """Say where analytics.js comes from, since it does not come from here. Always raises `NotFound`."""
    raise _open_to_all(
        NotFound(
            "no_analytics_js",
            "Tactful serves no analytics.js. Load it from a host of your own (dist/umd/standalone.js of the npm "
            "package @segment/analytics-next) and set analytics._cdn to this service's address; /docs/events says how.",
        )
    )


def _told(body: dict[str, Any], **headers: str) -> Response:
    cached = {"Cache-Control": _CACHE} | headers | dict(_ANY_PAGE)
    return Response(orjson.dumps(body), headers=cached, media_type="application/json")


async def _config_of(request: Request, key: str) -> Config:
    try:
        return await service_of(request).configs.by_public_key(key)
    except NotFound:
        raise _open_to_all(
            NotFound(
                "no_such_key",
                "No project has this public key. Pages use the public key of the project's install page; a write key "
                "is a backend's secret and belongs in no page.",
            )
        ) from None


def _open_to_all(refused: NotFound) -> NotFound:
    """The same refusal, for any page to read and no cache to keep: the key may be a project's in a minute."""
    refused.headers = (*_ANY_PAGE, ("Cache-Control", "no-store"))
    return refused


def _user_of(header: str) -> str:
    """The user name of HTTP Basic; empty where there is none."""
    scheme, _, credentials = header.partition(" ")
    try:
        return basic_user(credentials) if scheme.lower() == "basic" else ""
    except Unauthorized:
        return ""
