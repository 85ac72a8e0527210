"""The load: a process of its own that keeps some connections busy, each with one request at a time.

It reads a plan from one file and writes what happened to another, both JSON. A job is a list of
requests `[path, body]` for one connection, one after the other; `@ask` in a body stands for the ask's token in the
reply before. With a `rate` (jobs a second) jobs start at fixed times and wait for a free connection if need be; a
request's time then begins when it was due, so that a server that stalls is charged for everybody who waited.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import uvloop

HOST = "127.0.0.1"
_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{origin}User-Agent: Mozilla/5.0 (bench)\r\n"
    "Accept: */*\r\nAccept-Encoding: gzip, br\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {length}"
    "\r\n\r\n"
)
_ORIGIN = "Origin: http://site.test\r\n"
_END = b"\r\n\r\n"

Job = list[list[str]]
#: A job with its place in the plan.
Numbered = tuple[int, Job]


def written(path: str, body: str) -> bytes:
    """The request as bytes: a page's, or a backend's where the path is one of the ingest."""
    encoded = body.encode()
    origin = "" if path.startswith("/v1/") else _ORIGIN
    return _HEAD.format(path=path, length=len(encoded), origin=origin).encode() + encoded


@dataclass
class Load:
    """What is to be done, who is free to do it, and how long each request took."""

    jobs: deque[Numbered]
    keep: bool
    paced: bool
    done: asyncio.Event = field(default_factory=asyncio.Event)
    idle: deque[Worker] = field(default_factory=deque)
    due: deque[tuple[Numbered, float]] = field(default_factory=deque)
    seconds: list[float] = field(default_factory=list)
    replies: dict[int, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    left: int = 0

    def finish(self, worker: Worker) -> None:
        """Count a job as done and give `worker` the next one."""
        self.left -= 1
        if self.left == 0:
            self.done.set()
        elif self.paced and self.due:
            worker.start(*self.due.popleft())
        elif self.paced:
            self.idle.append(worker)
        elif self.jobs:
            worker.start(self.jobs.popleft(), time.perf_counter())

    def release(self) -> None:
        """A job is due: start it, or let it wait for a connection."""
        job, now = self.jobs.popleft(), time.perf_counter()
        if self.idle:
            self.idle.popleft().start(job, now)
        else:
            self.due.append((job, now))


class Worker(asyncio.Protocol):
    """One connection."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._steps: deque[list[str]] = deque()
        self._begun = 0.0
        self._number = 0
        self.transport: asyncio.Transport

    def connection_lost(self, _exc: Exception | None) -> None:
        self._load.errors.append("connection lost")
        self._load.done.set()

    def start(self, job: Numbered, begun: float) -> None:
        self._number, steps = job
        self._steps = deque(steps)
        self._send("", begun)

    def _send(self, ask: str, begun: float) -> None:
        path, body = self._steps.popleft()
        self._begun = begun
        self.transport.write(written(path, body.replace("@ask", ask) if ask else body))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(_END)
        if not end or len(body) < _length(head):
            return
        self._buffer = b""
        now = time.perf_counter()
        self._load.seconds.append(now - self._begun)
        if not head.startswith(b"HTTP/1.1 200"):
            self._load.errors.append((head[:40] + body[:200]).decode("latin-1"))
            self._steps.clear()
        if self._load.keep:
            self._load.replies[self._number] = orjson.loads(body)
        if self._steps:
            self._send(orjson.loads(body)["ask"], now)
        else:
            self._load.finish(self)


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Do everything that `plan` says."""
    loop = asyncio.get_running_loop()
    rate = plan.get("rate")
    load = Load(deque(enumerate(plan["jobs"])), plan.get("keep", False), bool(rate))
    load.left = len(load.jobs)
    workers = []
    for _ in range(plan["connections"]):
        transport, worker = await loop.create_connection(lambda: Worker(load), HOST, plan["port"])
        worker.transport = transport
        workers.append(worker)
    begun, processor = time.perf_counter(), time.process_time()
    if rate:
        load.idle.extend(workers)
        for number in range(len(load.jobs)):
            loop.call_later(number / rate, load.release)
    else:
        for worker in workers:
            if load.jobs:
                worker.start(load.jobs.popleft(), begun)
    await load.done.wait()
    return {
        "elapsed": time.perf_counter() - begun,
        "processor": time.process_time() - processor,
        "seconds": load.seconds,
        "errors": load.errors,
        "replies": [reply for _, reply in sorted(load.replies.items())],
    }


def main() -> None:
    plan, result = (Path(name) for name in sys.argv[1:3])
    result.write_bytes(orjson.dumps(uvloop.run(run(orjson.loads(plan.read_bytes())))))


if __name__ == "__main__":
    main()
