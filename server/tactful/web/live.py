"""`POST /w/live`: the stream that nudges an open tab to ask for candidates.

The stream carries no content of its own: a nudge says "ask now", and the tab asks by `POST /w/events`, where everything
is decided as always. So a lost nudge costs time and never an answer, and a forged one gains nothing.

An idle stream is one coroutine that waits for its tab to leave: no task and no timer of its own, no request object, no
buffer. What is to be said is said by a task that lives as long as the saying. One task beats every heart, few at a
time; a held candidate is nudged for by one timer for each person.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from enum import IntEnum

from starlette.types import Receive, Send

__all__ = ["HEARTBEAT_S", "MOST_PER_PERSON", "Hub", "Stream", "Whose"]

#: Proxies close a connection that is silent for 30 to 60 s.
HEARTBEAT_S = 20.0
#: More streams of one person than this are tabs that a browser forgot; the oldest is closed.
MOST_PER_PERSON = 20
#: Hearts that are due are beaten in handfuls, so that nobody waits while thousands beat: at most 2,000 a second, half a
#: millisecond's work at a time.
_BEATS_AT_ONCE = 10
_BETWEEN_BEATS_S = 0.005

_START = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]

#: A project and one of its people.
Whose = tuple[str, str]


class _Word(IntEnum):
    """What a stream can say, from the least to the most important."""

    NOTHING = 0
    BEAT = 1
    NUDGE = 2
    END = 3


_WRITTEN = {_Word.BEAT: b": \n\n", _Word.NUDGE: b"event: nudge\ndata: {}\n\n", _Word.END: b""}


class Stream:
    """One open stream. It has at most one word to say next, the most important, so a slow reader piles nothing up."""

    __slots__ = ("_ended", "_next", "_saying", "_send")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._next = _Word.NOTHING
        self._saying: asyncio.Task[None] | None = None
        self._ended = False

    async def begin(self) -> None:
        """Send the head and a first beat, so that proxies and tabs know at once that the stream is open."""
        await self._send({"type": "http.response.start", "status": 200, "headers": list(_START)})
        self.beat()

    def nudge(self) -> None:
        self._say(_Word.NUDGE)

    def beat(self) -> None:
        self._say(_Word.BEAT)

    def end(self) -> None:
        self._say(_Word.END)

    def _say(self, word: _Word) -> None:
        if self._ended:
            return
        self._next = max(self._next, word)
        if self._saying is None:
            self._saying = asyncio.create_task(self._say_all())

    async def _say_all(self) -> None:
        while self._next:
            word, self._next = self._next, _Word.NOTHING
            self._ended = word is _Word.END
            await self._send({"type": "http.response.body", "body": _WRITTEN[word], "more_body": not self._ended})
        self._saying = None

    async def until_gone(self, receive: Receive) -> None:
        """Return when the tab has left or the stream has ended."""
        while (await receive())["type"] != "http.disconnect":
            pass

    def abandon(self) -> None:
        """Say nothing any more: nobody listens."""
        self._ended = True
        if self._saying is not None:
            self._saying.cancel()


class Hub:
    """The open streams of this process, by project and person."""

    def __init__(self) -> None:
        self._streams: dict[Whose, list[Stream]] = {}
        self._timers: dict[Whose, asyncio.TimerHandle] = {}
        #: When each stream's heart was last beaten, the earliest first.
        self._beaten: OrderedDict[Stream, float] = OrderedDict()
        self._closed = False

    def __len__(self) -> int:
        return len(self._beaten)

    def __contains__(self, whose: Whose) -> bool:
        return whose in self._streams

    def __iter__(self) -> Iterator[Stream]:
        return iter(list(self._beaten))

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

    def open(self, whose: Whose, send: Send) -> Stream:
        """Make a stream and keep it until `leave`. Nudges reach it from now on."""
        stream = Stream(send)
        streams = self._streams.setdefault(whose, [])
        streams.append(stream)
        self._beaten[stream] = asyncio.get_running_loop().time()
        if len(streams) > MOST_PER_PERSON:
            streams.pop(0).end()
        if self._closed:
            stream.end()
        return stream

    def leave(self, whose: Whose, stream: Stream) -> None:
        """Forget a stream whose tab has left, and the person's timer with the last one."""
        stream.abandon()
        del self._beaten[stream]
        streams = self._streams.get(whose, [])
        if stream in streams:
            streams.remove(stream)
        if not streams and self._streams.pop(whose, None) is not None:
            timer = self._timers.pop(whose, None)
            if timer is not None:
                timer.cancel()

    async def beat(self) -> None:
        """Beat every heart for as long as the service runs."""
        loop = asyncio.get_running_loop()
        while True:
            due_in = self._beat_due(loop.time())
            # A stream that is opened meanwhile is due no earlier than this ends.
            await asyncio.sleep(max(_BETWEEN_BEATS_S, due_in))

    def _beat_due(self, now: float) -> float:
        """Beat a handful of the hearts that are due, and return in how many seconds the next one is."""
        for _ in range(_BEATS_AT_ONCE):
            first = next(iter(self._beaten), None)
            if first is None:
                return HEARTBEAT_S
            due_in = self._beaten[first] + HEARTBEAT_S - now
            if due_in > 0:
                return due_in
            self._beaten[first] = now
            self._beaten.move_to_end(first)
            first.beat()
        return 0

    def close(self) -> None:
        """End every stream: the service stops, and tabs come back to whoever answers next."""
        self._closed = True
        for stream in self:
            stream.end()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
