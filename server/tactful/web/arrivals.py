"""What arrives, as the install page shows it: the last events of each project, and from where pages call.

Kept in memory alone, since it answers "does it work *now*?": the last 50 events, and a line for each origin. Whoever
calls from a page decides what is written here, so everything is bounded: lengths, lines, and lines for each project.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit

from tactful.clock import Clock

__all__ = ["MOST_ARRIVALS", "Arrival", "Arrivals", "Outcome", "SeenOrigin", "Source", "origin_of"]

MOST_ARRIVALS = 50
MOST_SEEN_ORIGINS = 20
_LONGEST = 200

Source = Literal["page", "backend"]
#: `waits`: a survey waits for it; `heard`: none does; `dropped`: unreadable.
Outcome = Literal["waits", "heard", "dropped"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event that came. `origin` is the page's; `who` the user id, else the anonymous id."""

    name: str
    source: Source
    outcome: Outcome
    at_ms: int = 0
    origin: str | None = None
    who: str | None = None


@dataclass(frozen=True, slots=True)
class SeenOrigin:
    """From where pages called: how often the loader was fetched, and how often a call was refused."""

    origin: str
    last_at: int
    loads: int = 0
    calls: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Seen:
    events: deque[Arrival] = field(default_factory=lambda: deque(maxlen=MOST_ARRIVALS))
    origins: dict[str, SeenOrigin] = field(default_factory=dict)


def origin_of(address: str) -> str | None:
    """The origin of a page's address, as `Referer` names it. None where there is none."""
    try:
        parts = urlsplit(address[:2_000])
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else None


class Arrivals:
    """The last arrivals of every project, since the service started."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def _of(self, project_id: str) -> _Seen:
        seen = self._seen.get(project_id)
        if seen is None:
            seen = self._seen[project_id] = _Seen()
        return seen

    def came(self, project_id: str, arrivals: Iterable[Arrival]) -> None:
        """Remember events, in the order in which they came."""
        now, events = self._clock.now_ms(), self._of(project_id).events
        for one in arrivals:
            who = one.who and one.who[:_LONGEST]
            origin = one.origin and one.origin[:_LONGEST]
            events.append(replace(one, name=one.name[:_LONGEST], origin=origin, who=who, at_ms=now))

    def saw(self, project_id: str, origin: str, what: Literal["loads", "calls", "refused"]) -> None:
        """Count a fetch of the loader, a call that was let in, or one that was refused, under its origin."""
        origins, named = self._of(project_id).origins, origin[:_LONGEST]
        # Taken out and put back, so that the order of the dictionary is the order of the last calls.
        before = origins.pop(named, None) or SeenOrigin(named, 0)
        while len(origins) >= MOST_SEEN_ORIGINS:
            del origins[next(iter(origins))]
        counted = {"loads": before.loads, "calls": before.calls, "refused": before.refused}
        counted[what] += 1
        origins[named] = SeenOrigin(named, self._clock.now_ms(), **counted)

    def events(self, project_id: str) -> list[Arrival]:
        """The last events, newest first."""
        return list(reversed(self._seen[project_id].events)) if project_id in self._seen else []

    def origins(self, project_id: str) -> list[SeenOrigin]:
        """The origins that called last, newest first."""
        return list(reversed(self._seen[project_id].origins.values())) if project_id in self._seen else []
