"""`POST /w/live`: the stream that nudges an open tab to ask for candidates.

The stream carries no content of its own: a nudge says "ask now", and the tab asks by `POST /w/events`, where everything
is decided as always. So a lost nudge costs time and never an answer, and a forged one gains nothing.

A stream is a raw ASGI response (14 kB each; Starlette's StreamingResponse takes 28). One task beats every heart; a held
candidate is nudged for by a timer, so an idle stream costs nothing but memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from starlette.types import Receive, Send

__all__ = ["HEARTBEAT_S", "Hub", "Stream"]

#: Proxies close a connection that is silent for 30 to 60 s.
HEARTBEAT_S = 20.0
#: More streams of one person than this are tabs that a browser forgot; the oldest is closed.
MOST_PER_PERSON = 20

_NUDGE = b"event: nudge\ndata: {}\n\n"
_BEAT = b": \n\n"
_START = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]

Whose = tuple[str, str]


class Stream:
    """One open stream. What is to be sent next is one of three things, so a slow reader piles nothing up."""

    __slots__ = ("_beat", "_closed", "_nudge", "_wake")

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._nudge = False
        self._beat = False
        self._closed = False

    def nudge(self) -> None:
        self._nudge = True
        self._wake.set()

    def beat(self) -> None:
        self._beat = True
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    async def send_all(self, send: Send) -> None:
        """Send whatever comes until the stream is closed."""
        while not self._closed:
            await self._wake.wait()
            self._wake.clear()
            body = (_NUDGE if self._nudge else b"") or (_BEAT if self._beat else b"")
            self._nudge = self._beat = False
            if body:
                await send({"type": "http.response.body", "body": body, "more_body": True})


class Hub:
    """The open streams of this process, by project and person."""

    def __init__(self) -> None:
        self._streams: dict[Whose, list[Stream]] = {}
        self._timers: dict[Whose, asyncio.TimerHandle] = {}
        self._closed = False

    def __len__(self) -> int:
        return sum(len(streams) for streams in self._streams.values())

    def _all(self) -> Iterator[Stream]:
        for streams in self._streams.values():
            yield from streams

    def nudge(self, project_id: str, person_id: str, *, after_ms: int = 0) -> None:
        """Nudge every open tab of the person, now or after a hold."""
        whose = (project_id, person_id)
        if whose not in self._streams:
            return
        if after_ms > 0:
            self._later(whose, after_ms)
            return
        for stream in self._streams[whose]:
            stream.nudge()

    def _later(self, whose: Whose, after_ms: int) -> None:
        """Keep the earliest timer: a tab that is nudged asks for everything, and what is still held sets a new one."""
        loop = asyncio.get_running_loop()
        when = loop.time() + after_ms / 1_000
        timer = self._timers.get(whose)
        if timer is not None and timer.when() <= when:
            return
        if timer is not None:
            timer.cancel()
        self._timers[whose] = loop.call_at(when, self._ring, whose)

    def _ring(self, whose: Whose) -> None:
        self._timers.pop(whose, None)
        self.nudge(*whose)

    async def serve(self, whose: Whose, receive: Receive, send: Send, waiting_ms: Iterable[int]) -> None:
        """Keep one stream open until the tab leaves or the service stops. `waiting_ms` says in what time the
        candidates that wait already may be asked for."""
        stream = Stream()
        self._open(whose, stream)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(_START)})
            await send({"type": "http.response.body", "body": _BEAT, "more_body": True})
            for after_ms in waiting_ms:
                self.nudge(*whose, after_ms=after_ms)
            await self._until_gone(stream, receive, send)
        finally:
            self._leave(whose, stream)

    async def _until_gone(self, stream: Stream, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(_close_when_gone(stream, receive))
        try:
            await stream.send_all(send)
        finally:
            gone = leaving.done()
            leaving.cancel()
        if not gone:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _open(self, whose: Whose, stream: Stream) -> None:
        streams = self._streams.setdefault(whose, [])
        streams.append(stream)
        if len(streams) > MOST_PER_PERSON:
            streams[0].close()
        if self._closed:
            stream.close()

    def _leave(self, whose: Whose, stream: Stream) -> None:
        streams = self._streams[whose]
        streams.remove(stream)
        if not streams:
            del self._streams[whose]
            timer = self._timers.pop(whose, None)
            if timer is not None:
                timer.cancel()

    async def beat(self) -> None:
        """Beat every heart for as long as the service runs."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            for stream in self._all():
                stream.beat()

    def close(self) -> None:
        """End every stream: the service stops, and tabs come back to whoever answers next."""
        self._closed = True
        for stream in list(self._all()):
            stream.close()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


async def _close_when_gone(stream: Stream, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.close()
