"""What the server processes of one PostgreSQL database, its nodes, tell each other: nudges for open tabs, and updates
for open pages of members, since a stream may be open on another node than the one where something happened.

What is told within a moment goes together: of a person the earliest nudge, of each kind of happening one. So a node
sends some twenty short messages a second at most, until there are more people at once than fit in them. Hardly anybody
who is nudged has a tab open elsewhere; but who has, only the other nodes know, and to be told of every tab that comes
and goes would be more talk than this.

Nothing here is promised. What is lost (a connection that breaks, more people at once than `MOST_WAITING`) costs time
alone: a tab hears of its candidate at its next page or when its stream is opened anew, a page of members with the next
happening. A changed configuration is noticed by looking (app.py) and waits for no message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Annotated, Literal

import msgspec

from tactful.core.spans import DAY_MS
from tactful.web.live import Hub, Whose
from tactful.web.updates import Happening, Updates

__all__ = ["GATHER_S", "LONGEST_MESSAGE", "MOST_WAITING", "Nodes"]

#: What is told within this time goes together; a card may take a second from its event.
GATHER_S = 0.05
#: PostgreSQL's NOTIFY takes less than 8,000 bytes.
LONGEST_MESSAGE = 7_500
#: More people than this at once are not told of; their tabs hear later.
MOST_WAITING = 10_000

_VERSION: Literal[1] = 1


class _Nudge(msgspec.Struct, array_like=True, tag="n", frozen=True):
    """A person's tabs are to ask, after so many milliseconds."""

    project_id: str
    person_id: str
    after_ms: Annotated[int, msgspec.Meta(ge=0, lt=DAY_MS)]


class _Happened(msgspec.Struct, array_like=True, tag="u", frozen=True):
    """Something happened in a project, to a survey or to none."""

    project_id: str
    kind: str
    survey: str


class _Message(msgspec.Struct, array_like=True, frozen=True):
    """One message; a node that does not know its version ignores it, as nodes of two releases may meet."""

    version: Literal[1]
    told: list[_Nudge | _Happened]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Message)


class Nodes:
    """The other nodes, as this one sees them. Without `tell` there are none: one process serves a SQLite file."""

    def __init__(self, hub: Hub, updates: Updates, tell: Callable[[str], None] | None = None) -> None:
        self._hub = hub
        self._updates = updates
        self._tell = tell
        self._nudges: dict[Whose, int] = {}
        self._happened: dict[tuple[str, Happening], None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __bool__(self) -> bool:
        """Tell whether there may be other nodes."""
        return self._tell is not None

    def nudge(self, project_id: str, person_id: str, after_ms: int = 0) -> None:
        """Let the person's tabs on other nodes ask, now or after a hold of less than a day; the earliest is told."""
        whose, after_ms = (project_id, person_id), max(after_ms, 0)
        full = len(self._nudges) >= MOST_WAITING and whose not in self._nudges
        # A stream lives for less than a day, and a new one is told what waits.
        if self._tell is None or full or after_ms >= DAY_MS:
            return
        self._nudges[whose] = min(self._nudges.get(whose, after_ms), after_ms)
        self._soon()

    def tell(self, project_id: str, kind: str, survey: str = "") -> None:
        """Tell the open pages of a project on other nodes."""
        if self._tell is not None:
            self._happened[project_id, (kind, survey)] = None
            self._soon()

    def heard(self, message: str) -> None:
        """Pass on what another node told. What cannot be read is ignored."""
        try:
            told = _decoder.decode(message).told
        except msgspec.DecodeError:
            return
        for one in told:
            if isinstance(one, _Nudge):
                self._hub.nudge(one.project_id, one.person_id, after_ms=one.after_ms)
            else:
                self._updates.tell(one.project_id, one.kind, one.survey)

    def close(self) -> None:
        """Tell nothing more."""
        self._tell = None
        if self._timer is not None:
            self._timer.cancel()

    def _soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self._tell_all)

    def _tell_all(self) -> None:
        self._timer = None
        for message in self._messages():
            assert self._tell is not None, "a node that is closed tells nothing"
            self._tell(message)

    def _messages(self) -> Iterator[str]:
        """Write what waits, each message as long as may be."""
        told: list[_Nudge | _Happened] = [_Happened(project, *what) for project, what in self._happened]
        told += [_Nudge(*whose, after_ms) for whose, after_ms in self._nudges.items()]
        self._happened.clear()
        self._nudges.clear()
        size, message = 0, _Message(_VERSION, [])
        for one in told:
            length = len(_encoder.encode(one)) + 1
            if message.told and size + length > LONGEST_MESSAGE:
                yield _encoder.encode(message).decode()
                size, message = 0, _Message(_VERSION, [])
            message.told.append(one)
            size += length
        if message.told:
            yield _encoder.encode(message).decode()
