"""A proxy that loses, delays, refuses and repeats what passes through it, as it is told: the network between a client
and a service, on real sockets.

What happens to a request is a *step*, a function of the exchange. `plan` lists the steps of the requests to come, one
each; what comes after them passes. Only POST requests take a step, so a browser's preflights and settings never do.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

__all__ = [
    "Exchange",
    "Proxy",
    "Step",
    "busy",
    "cut",
    "dawdled",
    "failed",
    "lost",
    "passed",
    "refused",
    "stalled",
    "through_a_proxy",
    "twice",
]

T = TypeVar("T")

_LONGEST_HEAD = 64 * 1_024


@dataclass(frozen=True)
class Request:
    """A request as it came, byte for byte."""

    head: bytes
    body: bytes

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode("latin-1")

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode("latin-1")

    def header(self, name: str) -> str:
        """The value of a header, empty where there is none."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            found, _, value = line.partition(":")
            if found.lower() == name.lower():
                return value.strip()
        return ""

    def alone(self) -> bytes:
        """The same request, on a connection that ends with its answer."""
        first, *lines = self.head.rstrip(b"\r\n").split(b"\r\n")
        kept = [line for line in lines if not line.lower().startswith((b"connection:", b"transfer-encoding:"))]
        if self.header("transfer-encoding"):
            kept.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join((first, *kept, b"Connection: close", b"", b"")) + self.body


@dataclass
class Exchange:
    """One request at the proxy, and what a step may do with it."""

    proxy: Proxy
    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    open: bool = True

    async def forward(self) -> bytes:
        """Let the service have the request and return what it answers; empty where nobody answers."""
        return await self.proxy.send(self.request)

    async def answer(self, reply: bytes) -> None:
        """Hand a reply to the client, on a connection that stays; without one the connection is cut."""
        if not reply or self.reader.at_eof():
            self.cut()
            return
        with contextlib.suppress(ConnectionError):
            self.writer.write(reply.replace(b"\r\nconnection: close", b"", 1))
            await self.writer.drain()

    async def answer_status(self, status: str, *headers: str) -> None:
        """Answer by a status of the proxy's own that a page may read."""
        allowed = f"access-control-allow-origin: {self.request.header('origin') or '*'}"
        lines = (f"HTTP/1.1 {status}", "content-length: 0", allowed, *headers, "", "")
        await self.answer("\r\n".join(lines).encode())

    def cut(self) -> None:
        """End the connection without a word more."""
        self.open = False
        self.writer.transport.abort()

    async def until_given_up(self) -> bool:
        """Wait until the client ends the connection; False if it is still there after the proxy's patience."""
        with contextlib.suppress(asyncio.TimeoutError, ConnectionError):
            await asyncio.wait_for(self.reader.read(1), self.proxy.patience_s)
            self.proxy.given_up += 1
            return True
        return False


Step = Callable[[Exchange], Awaitable[None]]


async def passed(exchange: Exchange) -> None:
    """Nothing happens to it."""
    await exchange.answer(await exchange.forward())


async def refused(exchange: Exchange) -> None:
    """500, and the service never had it."""
    await exchange.answer_status("500 Internal Server Error")


async def failed(exchange: Exchange) -> None:
    """500, although the service took it."""
    await exchange.forward()
    await exchange.answer_status("500 Internal Server Error")


async def busy(exchange: Exchange) -> None:
    """429, come again in a second."""
    await exchange.answer_status(
        "429 Too Many Requests", "retry-after: 1", "access-control-expose-headers: Retry-After"
    )


async def cut(exchange: Exchange) -> None:
    """The connection ends before the service had it."""
    exchange.cut()


async def lost(exchange: Exchange) -> None:
    """The service took it, and its answer is lost."""
    await exchange.forward()
    exchange.cut()


async def stalled(exchange: Exchange) -> None:
    """The service took it at once, and its answer comes after the client gave up, if that ever gives up."""
    reply = await exchange.forward()
    await exchange.until_given_up()
    await exchange.answer(reply)


async def dawdled(exchange: Exchange) -> None:
    """The service gets it only when the client gave up, so beside the client's second try."""
    await exchange.until_given_up()
    await exchange.answer(await exchange.forward())


async def twice(exchange: Exchange) -> None:
    """The service gets it twice at the same time."""
    replies = await asyncio.gather(exchange.forward(), exchange.forward())
    await exchange.answer(replies[0])


@dataclass
class Proxy:
    """A running proxy. `upstream` is the service's URL and may change; `taken` names the steps taken so far;
    `patience_s` is how long a step waits for the client to give up, `given_up` how often one did."""

    upstream: str
    loop: asyncio.AbstractEventLoop
    url: str = ""
    taken: list[str] = field(default_factory=list)
    patience_s: float = 30.0
    given_up: int = 0
    seen: list[Request] = field(default_factory=list)
    _planned: deque[tuple[str, Step]] = field(default_factory=deque)
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    def plan(self, *steps: Step) -> None:
        """Say what happens to the next requests, one step each."""
        self._planned.extend((step.__name__, step) for step in steps)

    @property
    def waits(self) -> bool:
        """Tell whether a planned step has found no request yet."""
        return bool(self._planned)

    def replay(self) -> None:
        """Send every request that ever came once more, in their order; each is to be answered well."""
        for request in list(self.seen):
            reply = self.run(self.send(request))
            assert reply.startswith(b"HTTP/1.1 200"), (request.path, reply)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something on the proxy's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def send(self, request: Request) -> bytes:
        """Send a request to the service and return its whole answer; empty where nobody answers."""
        address = urlsplit(self.upstream)
        try:
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
        except OSError:
            return b""
        try:
            writer.write(request.alone())
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection. Nothing else holds on to its task while it waits for the service."""
        task = self.loop.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                exchange = Exchange(self, await _read_request(reader), reader, writer)
                await self._step(exchange.request)(exchange)
                if not exchange.open:
                    break

    def _step(self, request: Request) -> Step:
        if request.method != "POST":
            return passed
        self.seen.append(request)
        name, step = self._planned.popleft() if self._planned else ("passed", passed)
        self.taken.append(name)
        return step


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = await reader.readuntil(b"\r\n\r\n")
    request = Request(head, b"")
    if request.header("transfer-encoding").lower() == "chunked":
        return Request(head, await _read_chunks(reader))
    return Request(head, await reader.readexactly(int(request.header("content-length") or 0)))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(chunks)


@contextlib.contextmanager
def through_a_proxy() -> Iterator[Proxy]:
    """Run a proxy for the block, on a loop and a thread of its own. Its `upstream` is to be told."""
    loop = asyncio.new_event_loop()
    proxy = Proxy("", loop)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = proxy.run(asyncio.start_server(proxy.take, "127.0.0.1", 0, limit=_LONGEST_HEAD))
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        proxy.run(_end(server))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # what was closed just now lets go of its socket
