"""Telling the open pages of a project that something happened, so that they look again (dashboard/live.py serves it).

A message names what happened (`ask`, `response`, `closing`, `click`, `event`, `change`) and to which survey; what it
says is read by the page itself, by its own address, with its own rights. Whatever happens within a moment is one
message of each kind, so that a thousand answers a second cost an open page four looks.

A stream ends after some minutes and the browser opens another: whoever has been logged out meanwhile gets no more.

A page is older than its stream: it says by how much, and is told first what has happened since. Of each happening the
last time is remembered, of all together so many; what may have been before those is told as a change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import orjson
from starlette.types import Receive, Send

__all__ = ["Happening", "Updates"]

#: Proxies close a connection that is silent for 30 to 60 s.
BEAT_S = 20.0
STREAM_LIVES_S = 300.0
#: What happens within this time is told at once.
GATHER_S = 0.25
#: More streams of one member than this are tabs that a browser forgot; the oldest is ended.
MOST_PER_MEMBER = 20
MOST_REMEMBERED = 1_000
#: How much longer a stream may take to arrive than its page did: too much costs a look in vain, too little loses one.
SLACK_S = 5.0

_START = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
_BEAT = b": \n\n"

#: What happened and to which survey; an empty key is to none.
Happening = tuple[str, str]


class _Stream:
    """One open page. Happenings gather in a set, so a slow reader piles nothing up."""

    __slots__ = ("ended", "happened", "member_id", "wake")

    def __init__(self, member_id: str) -> None:
        self.member_id = member_id
        self.happened: set[Happening] = set()
        self.wake = asyncio.Event()
        self.ended = False

    def end(self) -> None:
        self.ended = True
        self.wake.set()

    def messages(self) -> bytes:
        """Everything that happened since the last call."""
        told = b"".join(
            b"data: %b\n\n" % orjson.dumps({"type": kind, "survey": survey}) for kind, survey in sorted(self.happened)
        )
        self.happened.clear()
        return told


class Updates:
    """The open pages of this process, by project."""

    def __init__(self, *, beat_s: float = BEAT_S, lives_s: float = STREAM_LIVES_S) -> None:
        self._beat_s = beat_s
        self._lives_s = lives_s
        self._streams: dict[str, list[_Stream]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        #: When each happening was last told, the latest at the end; those of the project "" are everybody's.
        self._last: dict[tuple[str, Happening], float] = {}
        self._known_since = asyncio.get_running_loop().time()
        self._closed = False

    def __len__(self) -> int:
        return sum(len(streams) for streams in self._streams.values())

    def _all(self) -> Iterator[_Stream]:
        for streams in self._streams.values():
            yield from streams

    def tell(self, project_id: str, kind: str, survey: str = "") -> None:
        """Tell the open pages of a project; call it after the commit. Costs next to nothing where nobody looks."""
        self._remember(project_id, (kind, survey))
        self._gather(project_id, kind, survey)

    def tell_all(self, kind: str) -> None:
        """Tell every open page: another process has committed something."""
        self._remember("", (kind, ""))
        for project_id in list(self._streams):
            self._gather(project_id, kind, "")

    def _remember(self, project_id: str, what: Happening) -> None:
        self._last.pop((project_id, what), None)
        self._last[project_id, what] = asyncio.get_running_loop().time()
        if len(self._last) > MOST_REMEMBERED:
            self._known_since = self._last.pop(next(iter(self._last)))

    def _since(self, project_id: str, since: float) -> set[Happening]:
        """What has happened since the time `since` of the loop."""
        if since <= self._known_since:
            return {("change", "")}
        found = set()
        for (project, what), at in reversed(self._last.items()):
            if at < since:
                break
            if project in ("", project_id):
                found.add(what)
        return found

    def _gather(self, project_id: str, kind: str, survey: str) -> None:
        streams = self._streams.get(project_id)
        if not streams:
            return
        for stream in streams:
            stream.happened.add((kind, survey))
        if project_id not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[project_id] = loop.call_later(GATHER_S, self._wake, project_id)

    def _wake(self, project_id: str) -> None:
        self._timers.pop(project_id, None)
        for stream in self._streams.get(project_id, ()):
            stream.wake.set()

    async def serve(
        self, project_id: str, member_id: str, receive: Receive, send: Send, *, age_s: float | None = None
    ) -> None:
        """Keep one stream open until the page leaves, its time is over, or the service stops.

        `age_s` says how long ago the page was asked for, in seconds; None: it has looked, or is going to look again.
        """
        stream = _Stream(member_id)
        self._open(project_id, stream)
        if age_s is not None:
            stream.happened = self._since(project_id, asyncio.get_running_loop().time() - age_s - SLACK_S)
            if stream.happened:
                stream.wake.set()
        leaving = asyncio.create_task(_end_when_gone(stream, receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(_START)})
            await send({"type": "http.response.body", "body": _BEAT, "more_body": True})
            await self._tell(stream, send)
            if not leaving.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            self._streams[project_id].remove(stream)
            if not self._streams[project_id]:
                del self._streams[project_id]

    async def _tell(self, stream: _Stream, send: Send) -> None:
        """Send what happens, and a beat where nothing does, until the stream is ended."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._lives_s
        while not stream.ended and loop.time() < until:
            try:
                await asyncio.wait_for(stream.wake.wait(), self._beat_s)
            except TimeoutError:
                body = _BEAT
            else:
                stream.wake.clear()
                body = stream.messages()
            if body and not stream.ended:
                await send({"type": "http.response.body", "body": body, "more_body": True})

    def _open(self, project_id: str, stream: _Stream) -> None:
        own = [other for other in self._all() if other.member_id == stream.member_id]
        if len(own) >= MOST_PER_MEMBER:
            own[0].end()
        self._streams.setdefault(project_id, []).append(stream)
        if self._closed:
            stream.end()

    def close(self) -> None:
        """End every stream: the service stops."""
        self._closed = True
        for stream in list(self._all()):
            stream.end()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


async def _end_when_gone(stream: _Stream, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()
