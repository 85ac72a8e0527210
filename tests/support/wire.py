"""Many pages at once over real sockets: HTTP/1.1 by hand, since 16,000 requests must take seconds, not minutes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tests.support.service import CONTEXT, SITE

T = TypeVar("T")


class LostReplyError(Exception):
    """The connection ended before the whole reply was there."""


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Wire:
    """One kept-alive connection; one request at a time. Raises `LostReplyError`."""

    host: str
    port: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self, method: str, path: str, body: bytes = b"", headers: str = "") -> Reply:
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        try:
            self.writer.write(head.encode() + body)
            return await self._reply()
        except (OSError, asyncio.IncompleteReadError) as lost:
            raise LostReplyError from lost

    async def post(self, path: str, body: Any) -> Reply:
        """Post as a page does: JSON as text, with the origin."""
        headers = f"Content-Type: text/plain\r\nOrigin: {SITE}\r\n"
        return await self.request("POST", path, json.dumps(body).encode(), headers)

    async def _reply(self) -> Reply:
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return Reply(int(head[9:12]), await self.reader.readexactly(length))


@contextlib.asynccontextmanager
async def wires(url: str, count: int) -> AsyncIterator[list[Wire]]:
    """Open `count` connections to the server at `url`. Raises `LostReplyError`."""
    address = urlsplit(url)
    host, port = str(address.hostname), int(address.port or 80)
    opened: list[Wire] = []
    try:
        for _ in range(count):
            reader, writer = await asyncio.open_connection(host, port)
            opened.append(Wire(host, port, reader, writer))
        yield opened
    except OSError as refused:
        raise LostReplyError from refused
    finally:
        for wire in opened:
            wire.writer.close()
        await asyncio.gather(*(wire.writer.wait_closed() for wire in opened), return_exceptions=True)


async def a_moment() -> None:
    """Wait as a client does before it sends again what was refused for now."""
    await asyncio.sleep(0.02)


async def until(true: Callable[[], bool], within_s: float = 60.0) -> None:
    """Let everybody go on until `true()` holds. Raises `TimeoutError` if it does not in time."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110  # what is waited for is another's state, which tells nobody
            await asyncio.sleep(0.001)


async def send_all(
    connections: Iterable[Wire], jobs: Iterable[Callable[[Wire], Awaitable[T]]], *, taken: list[T] | None = None
) -> list[T]:
    """Do all `jobs`, each on whichever connection is free next; what they returned, in the order they ended."""
    results: list[T] = [] if taken is None else taken
    waiting = iter(jobs)

    async def work(wire: Wire) -> None:
        for job in waiting:
            results.append(await job(wire))  # noqa: PERF401  # each result counts at once, for whoever looks meanwhile

    async with asyncio.TaskGroup() as group:
        for wire in connections:
            group.create_task(work(wire))
    return results


_numbers = itertools.count()


@dataclass
class Page:
    """Somebody's page: events, asks, responses and closings of `user_id` over one connection at a time."""

    passed: str
    user_id: str
    identity: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.identity = {"user_id": self.user_id, "anonymous_id": None}

    async def event(self, wire: Wire, event: str, message_id: str | None = None) -> Reply:
        message_id = message_id or f"{self.user_id}-{next(_numbers)}"
        message = {"message_id": message_id, "type": "track", "event": event}
        body = {"pass": self.passed, "identity": self.identity, "context": CONTEXT, "events": [message]}
        return await wire.post("/w/events", body)

    async def offer(self, wire: Wire, event: str) -> str | None:
        reply = await self.event(wire, event)
        assert reply.status == 200, reply.body
        offer = reply.json()["offer"]
        return offer and str(offer["token"])

    async def take_up(self, wire: Wire, offer: str) -> Reply:
        return await wire.post("/w/asks", {"offer": offer, "identity": self.identity, "context": CONTEXT})


async def pass_of(wire: Wire, public_key: str) -> str:
    """The pass that the loader's configuration carries."""
    reply = await wire.request("GET", f"/w/{public_key}.json")
    assert reply.status == 200, reply.body
    return str(reply.json()["pass"])
