"""Posting as a backend does, with the write key, and looking at what was kept of it."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

import httpx2

from tests.support.rows import execute
from tests.support.service import Site

__all__ = ["CAPTURED", "SUCCESS", "a_track", "events", "post", "send"]

SUCCESS = b'{"success":true}'
#: The day on which the requests in cases/captures were captured.
CAPTURED = int(datetime.fromisoformat("2026-11-21T18:21:00Z").timestamp() * 1_000)


def a_track(**fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Step", "userId": "ann"} | fields


async def send(site: Site, *messages: Any, **fields: Any) -> httpx2.Response:
    """Post a batch."""
    return await post(site, json.dumps({"batch": list(messages)} | fields).encode())


async def post(site: Site, body: bytes, path: str = "/v1/batch", **headers: str) -> httpx2.Response:
    """Post bytes."""
    basic = base64.b64encode(f"{site.project.write_key}:".encode()).decode()
    return await site.client.post(path, content=body, headers={"authorization": f"Basic {basic}"} | headers)


def events(site: Site) -> list[tuple[Any, ...]]:
    """Name, properties and time of every event that was kept."""
    return execute(site.path, "SELECT name, properties, happened_at FROM events ORDER BY event_id")
