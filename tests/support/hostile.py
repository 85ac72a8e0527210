"""Sending what no honest client sends, and telling a clear refusal from anything else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

from tests.support.service import SITE, Site

WIDGET = ("/w/events", "/w/asks", "/w/responses", "/w/closings", "/w/clicks")
INGEST = ("/v1/batch", "/v1/track", "/v1/identify", "/v1/group")
MANAGE = ("/api/v1/surveys/nps", "/api/v1/policy")
ROUTES = (*WIDGET, *INGEST, *MANAGE)


def headers_of(site: Site, route: str) -> dict[str, str]:
    if route.startswith("/w/"):
        return {"origin": SITE, "content-type": "text/plain"}
    key = site.project.write_key if route.startswith("/v1/") else site.project.api_token
    return {"authorization": f"Bearer {key}"}


async def post(site: Site, route: str, body: bytes | AsyncIterator[bytes], **headers: str) -> httpx2.Response:
    method = "PUT" if route.startswith("/api/") else "POST"
    return await site.client.request(method, route, content=body, headers=headers_of(site, route) | headers)


def is_clear(answer: httpx2.Response) -> bool:
    """A problem document of a 4xx with all its members, and nothing from inside."""
    told = answer.json()
    return (
        400 <= answer.status_code < 500
        and answer.headers["content-type"] == "application/problem+json"
        and told["status"] == answer.status_code
        and all(isinstance(told[name], str) and told[name] for name in ("type", "title", "detail", "code", "message"))
        and "Traceback" not in answer.text
    )
