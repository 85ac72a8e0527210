"""A tab that listens: `POST /w/live` spoken as ASGI, with nothing between that could buffer what the service says."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.service import SITE, Site

__all__ = ["WITHIN_S", "Tab", "listening", "settled"]

WITHIN_S = 60.0


async def settled() -> None:
    """Let everything that is due have its turn."""
    for _ in range(20):
        await asyncio.sleep(0)


@dataclass
class Tab:
    """One open stream: what was said to it, and the way out."""

    said: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    status: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    #: Cleared while the tab takes nothing in.
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    problem: bytes = b""

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status.set_result(message["status"])
            return
        body = message.get("body", b"")
        if self.status.result() != 200:
            self.problem += body
        elif body:
            self.said.put_nowait(body.decode())
        if not message.get("more_body", False):
            self.ended.set()

    async def nudged(self) -> None:
        """Wait for the next nudge; beats of the heart are passed over."""
        async with asyncio.timeout(WITHIN_S):
            while "event: nudge" not in await self.said.get():
                pass

    async def beaten(self) -> None:
        """Wait for the next thing said, which must be a beat."""
        async with asyncio.timeout(WITHIN_S):
            assert await self.said.get() == ": \n\n"

    async def nudges(self) -> int:
        """How many nudges came that nobody waited for yet."""
        await settled()
        return sum("event: nudge" in self.said.get_nowait() for _ in range(self.said.qsize()))


async def _receive(tab: Tab, body: bytes) -> AsyncGenerator[dict[str, Any], None]:
    yield {"type": "http.request", "body": body, "more_body": False}
    waits = [asyncio.create_task(event.wait()) for event in (tab.left, tab.ended)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    yield {"type": "http.disconnect"}


@contextlib.asynccontextmanager
async def listening(
    site: Site, user_id: str | None = "ann", *, origin: str | None = SITE, **fields: Any
) -> AsyncIterator[Tab]:
    """Open a stream as `user_id` and leave it at the end of the block."""
    body = {"pass": await site.the_pass(), "identity": {"user_id": user_id}} | fields
    headers = [(b"origin", origin.encode())] if origin is not None else []
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/w/live", "raw_path": b"/w/live",
        "query_string": b"", "root_path": "", "scheme": "http", "headers": headers, "server": ("service.test", 80),
        "client": ("127.0.0.1", 1), "app": site.app, "state": {},
    }  # fmt: skip
    tab = Tab()
    tab.reads.set()
    messages = _receive(tab, json.dumps(body).encode())
    task = asyncio.create_task(site.app(scope, messages.__anext__, tab.send))
    try:
        async with asyncio.timeout(WITHIN_S):
            waiting: set[asyncio.Future[Any]] = {tab.status, task}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        yield tab
    finally:
        tab.left.set()
        tab.reads.set()
        async with asyncio.timeout(WITHIN_S):
            await task
        await messages.aclose()
