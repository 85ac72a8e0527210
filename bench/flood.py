"""A flood, or somebody's answers within it: a process of its own that sends at a fixed pace, whatever comes back.

It reads a plan from one file and writes what happened to another, both JSON. A plan has a `rate` (requests a second)
and either `seconds` and an `event`, to flood by ever other people, or `jobs`, each `[path, body]`, sent until it is
answered by 200 as the widget does: what is refused or lost comes again after two seconds, at most `tries` times.

A flood that finds all its connections busy does not wait for one: what was due then was offered, and nobody took it.
`addresses` are the addresses to send from (all of 127.0.0.0/8 is this machine); `forwarded` makes up a new
X-Forwarded-For for every request.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import uvloop

HOST = "127.0.0.1"
AGAIN_AFTER_S = 2.0
_TICK_S = 0.005
_LAST_REPLIES_S = 30.0
_GIVE_UP_S = 120.0
_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://site.test\r\nContent-Type: text/plain\r\n{more}"
    "Content-Length: {length}\r\n\r\n"
)

Heard = Callable[[int, bytes], None]


def written(path: str, body: bytes, more: str = "") -> bytes:
    """The request as bytes."""
    return _HEAD.format(path=path, length=len(body), more=more).encode() + body


@dataclass
class Told:
    """What came of everything."""

    statuses: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    offered: int = 0
    untaken: int = 0
    #: Refusals that do not say when to come again, in whole seconds.
    rude: int = 0
    at_once: int = 0
    acknowledged: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def heard(self, status: int, reply: bytes) -> None:
        self.statuses[str(status)] += 1
        if status in (429, 503):
            head, _, body = reply.partition(b"\r\n\r\n")
            wait = head.lower().partition(b"retry-after: ")[2].partition(b"\r\n")[0]
            self.rude += not wait.isdigit()
            self.codes[orjson.loads(body).get("limit") or orjson.loads(body)["code"]] += 1


class Line(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self, free: deque[Line]) -> None:
        self._free = free
        self._buffer = b""
        self._heard: Heard | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's is one, whatever it says
        self._free.append(self)

    def send(self, request: bytes, heard: Heard) -> None:
        self._heard = heard
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]):
            reply, self._buffer = self._buffer, b""
            self._end(int(reply[9:12]), reply)
            self._free.append(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._end(0, b"")

    def _end(self, status: int, reply: bytes) -> None:
        heard, self._heard = self._heard, None
        if heard is not None:
            heard(status, reply)


async def connect(plan: dict[str, Any]) -> deque[Line]:
    """Open the connections, by turns from each of the addresses."""
    free: deque[Line] = deque()
    addresses = plan.get("addresses") or [HOST]
    for number in range(plan["connections"]):
        local = (addresses[number % len(addresses)], 0)
        await asyncio.get_running_loop().create_connection(lambda: Line(free), HOST, plan["port"], local_addr=local)
    return free


async def flood(plan: dict[str, Any], free: deque[Line], told: Told) -> None:
    """Offer events at the pace of the plan until its seconds are over, and hear what is still to come."""
    begun = time.perf_counter()
    while (passed := time.perf_counter() - begun) < plan["seconds"]:
        due = int(passed * plan["rate"]) - told.offered
        told.offered += due
        taken = min(due, len(free))
        told.untaken += due - taken
        for number in range(told.offered - taken, told.offered):
            body = plan["event"].replace("@who", f"{plan['name']}-{number}").encode()
            more = f"X-Forwarded-For: 203.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n"
            free.popleft().send(written("/w/events", body, more if plan.get("forwarded") else ""), told.heard)
        await asyncio.sleep(_TICK_S)
    give_up_at = begun + plan["seconds"] + _LAST_REPLIES_S
    while len(free) < plan["connections"] and time.perf_counter() < give_up_at:  # noqa: ASYNC110  # a poll is enough
        await asyncio.sleep(_TICK_S)


async def answer(plan: dict[str, Any], free: deque[Line], told: Told) -> None:
    """Do every job until it is acknowledged."""

    async def one(number: int, path: str, body: str) -> None:
        await asyncio.sleep(number / plan["rate"])
        told.offered += 1
        begun = time.perf_counter()
        for attempt in range(plan["tries"]):
            while not free:  # noqa: ASYNC110  # as above
                await asyncio.sleep(_TICK_S)
            done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

            def heard(status: int, reply: bytes, done: asyncio.Future[int] = done) -> None:
                told.heard(status, reply)
                done.set_result(status)

            free.popleft().send(written(path, body.encode()), heard)
            if await done == 200:
                told.at_once += attempt == 0
                told.seconds.append(time.perf_counter() - begun)
                told.acknowledged.append(number)
                return
            await asyncio.sleep(AGAIN_AFTER_S)

    await asyncio.gather(*(one(number, *job) for number, job in enumerate(plan["jobs"])))


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Do what `plan` says."""
    told, free = Told(), await connect(plan)
    async with asyncio.timeout(_GIVE_UP_S):
        await (answer if "jobs" in plan else flood)(plan, free, told)
    return vars(told)


def main() -> None:
    plan, result = (Path(name) for name in sys.argv[1:3])
    result.write_bytes(orjson.dumps(uvloop.run(run(orjson.loads(plan.read_bytes())))))


if __name__ == "__main__":
    main()
