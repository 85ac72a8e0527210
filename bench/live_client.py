"""Tabs that listen: a process of its own that holds many streams open and counts what is said.

It reads `{port, passed, users}` as one line from its input, prints a line once every stream is open, and ends with its
input, printing how many beats and nudges came.
"""

from __future__ import annotations

import asyncio
import sys

import orjson
import uvloop

from bench.client import HOST, written

#: Opened at once; a listening socket's queue is finite.
AT_ONCE = 100


class Tab(asyncio.Protocol):
    """One stream."""

    def __init__(self) -> None:
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.beats = 0
        self.nudges = 0
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self.beats += data.count(b": \n\n")
        self.nudges += data.count(b"event: nudge")
        if not self.open.done():
            self._head += data
            if b"\r\n\r\n" in self._head:
                self._opened()

    def _opened(self) -> None:
        if self._head.startswith(b"HTTP/1.1 200"):
            self.open.set_result(None)
        else:
            self.open.set_exception(RuntimeError(self._head.decode("latin-1")))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.open.done():
            self.open.set_exception(exc or ConnectionError("closed before it was open"))


async def _hold(plan: dict[str, object]) -> None:
    loop = asyncio.get_running_loop()
    tabs: list[Tab] = []
    users: list[str] = plan["users"]  # type: ignore[assignment]  # the plan is our own
    for start in range(0, len(users), AT_ONCE):
        opening = [await _open(loop, plan, user) for user in users[start : start + AT_ONCE]]
        await asyncio.gather(*(tab.open for tab in opening))
        tabs += opening
    print("open", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    print(sum(tab.beats for tab in tabs), sum(tab.nudges for tab in tabs), flush=True)


async def _open(loop: asyncio.AbstractEventLoop, plan: dict[str, object], user: str) -> Tab:
    body = orjson.dumps({"pass": plan["passed"], "identity": {"user_id": user}}).decode()
    port: int = plan["port"]  # type: ignore[assignment]  # the plan is our own
    transport, tab = await loop.create_connection(Tab, HOST, port)
    transport.write(written("/w/live", body))
    return tab


if __name__ == "__main__":
    uvloop.run(_hold(orjson.loads(sys.stdin.readline())))
