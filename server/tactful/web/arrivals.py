"""What arrives, as the install page shows it: the last events of each project, and from where pages call.

Kept in memory alone, since it answers "does it work *now*?": the last 50 events, and a line for each origin. Whoever
calls from a page decides what is written here, so everything is bounded: lengths, lines, and lines for each project.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from tactful.clock import Clock
from tactful.store.events import Message

__all__ = [
    "MOST_ARRIVALS",
    "MOST_SEEN_ORIGINS",
    "Arrival",
    "Arrivals",
    "Outcome",
    "SeenOrigin",
    "Source",
    "name_of",
    "origin_of",
    "outcome_of",
]

MOST_ARRIVALS = 50
MOST_SEEN_ORIGINS = 20
_LONGEST = 200

Source = Literal["page", "backend"]
#: `waits`: a survey waits for it; `kept`: says who somebody is; `heard`: nothing waits for it; `dropped`: unreadable.
Outcome = Literal["waits", "kept", "heard", "dropped"]


class Arrival(NamedTuple):
    """One event that came. `origin` is the page's; `who` the user id, else the anonymous id."""

    name: str
    source: Source
    outcome: Outcome
    origin: str | None = None
    who: str | None = None


@dataclass(slots=True)
class SeenOrigin:
    """From where pages called, and how often: fetches of the loader, calls let in, calls refused."""

    origin: str
    loads: int = 0
    calls: int = 0
    refused: int = 0
    last_at: int = 0


@dataclass(slots=True)
class _Seen:
    events: deque[tuple[int, Arrival]] = field(default_factory=lambda: deque(maxlen=MOST_ARRIVALS))
    origins: dict[str, SeenOrigin] = field(default_factory=dict)
    total: int = 0


def origin_of(address: str) -> str | None:
    """The origin of a page's address, as `Referer` names it. None where there is none."""
    try:
        parts = urlsplit(address[:2_000])
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else None


def name_of(event: Any) -> str:
    """What to call a message as it came: its event's name, else its type."""
    fields = event if isinstance(event, dict) else {}
    for name in (fields.get("event"), fields.get("type")):
        if isinstance(name, str) and name:
            return name
    return "unreadable"


def outcome_of(message: Message | None) -> Outcome:
    """What became of a message that was understood."""
    if message is None:
        return "heard"
    if message.waiting or message.cancelling:
        return "waits"
    return "heard" if message.event is not None else "kept"


def _cut(arrival: Arrival) -> Arrival:
    name, source, outcome, origin, who = arrival
    if len(name) + len(origin or "") + len(who or "") <= _LONGEST:
        return arrival
    return Arrival(name[:_LONGEST], source, outcome, origin and origin[:_LONGEST], who and who[:_LONGEST])


class Arrivals:
    """The last arrivals of every project, since the service started (`since`, milliseconds)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self.since = clock.now_ms()

    def _of(self, project_id: str) -> _Seen:
        seen = self._seen.get(project_id)
        if seen is None:
            seen = self._seen[project_id] = _Seen()
        return seen

    def came(self, project_id: str, arrival: Arrival) -> None:
        """Remember an event; what is long in it is cut."""
        seen = self._of(project_id)
        seen.total += 1
        seen.events.append((self._clock.now_ms(), _cut(arrival)))

    def came_all(self, project_id: str, arrivals: Sequence[Arrival], total: int) -> None:
        """Remember the last of `total` events that came together."""
        seen, now = self._of(project_id), self._clock.now_ms()
        seen.total += total
        seen.events.extend([(now, _cut(arrival)) for arrival in arrivals])

    def saw(self, project_id: str, origin: str, what: Literal["loads", "calls", "refused"]) -> None:
        """Count a fetch of the loader, a call that was let in, or one that was refused, under its origin."""
        origins, named = self._of(project_id).origins, origin if len(origin) <= _LONGEST else origin[:_LONGEST]
        seen = origins.get(named)
        if seen is None:
            if len(origins) >= MOST_SEEN_ORIGINS:
                del origins[min(origins.values(), key=lambda one: one.last_at).origin]
            seen = origins[named] = SeenOrigin(named)
        if what == "calls":
            seen.calls += 1
        elif what == "loads":
            seen.loads += 1
        else:
            seen.refused += 1
        seen.last_at = self._clock.now_ms()

    def forget(self, project_id: str) -> None:
        """Let go of the project's last events: somebody whom they name was erased."""
        self._of(project_id).events.clear()

    def total(self, project_id: str) -> int:
        """How many events came in all."""
        return self._of(project_id).total

    def events(self, project_id: str) -> list[tuple[int, Arrival]]:
        """The last events with their times, newest first."""
        return list(reversed(self._of(project_id).events))

    def origins(self, project_id: str) -> list[SeenOrigin]:
        """The origins that called last, newest first."""
        return sorted(self._of(project_id).origins.values(), key=lambda one: -one.last_at)
