"""Written behind: what was decided and which events came, noted in memory and written every few seconds.

A decision must not wait for a row that only tells why, so noting it is a few steps in memory, and what was noted is
written together. A process that dies loses what it noted last, some seconds of it; one that ends in order writes all.

Everything is bounded, since pages decide how much there is to note. What is over a bound is not noted but counted, and
the pages that show the rest say so. While the database refuses, what was noted is kept and tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from tactful.clock import Clock
from tactful.core.catalogue import Candidate, Decision
from tactful.core.decide import Refusal
from tactful.core.journal import SAME_WITHIN_MS, Noted, properties_of
from tactful.core.spans import HOUR_MS
from tactful.core.trigger import Event
from tactful.errors import TactfulError
from tactful.store.asks import Asked, NotNow
from tactful.store.journal import (
    DROPPED,
    DROPPED_EVENTS,
    LIMITED_BACKEND,
    LIMITED_PAGE,
    DecisionCount,
    EventSeen,
    add_counts,
    add_decisions,
    add_names,
)
from tactful.store.people import Known
from tactful.store.script import Database

__all__ = ["WRITE_EVERY_S", "Journal"]

_log = logging.getLogger("tactful.journal")

#: Half of what the pages promise, which leaves time for a busy database.
WRITE_EVERY_S = 5.0

#: Between two writings; some 10 MB at most.
MOST_LINES = 10_000
MOST_COUNTS = 5_000
MOST_EVENTS = 2_000
#: So often an event comes between two writings before its properties are looked at for the last time, where nothing
#: else needs them.
MOST_EXAMPLES = 100
#: People in one turn of the writer: ten milliseconds at most, where each has a full history.
_AT_ONCE = 50
_LONGEST_NAME = 200

#: Survey, version, outcome, and the refusals' codes and rules: alike decisions have it in common.
_Likeness = tuple[str, int, str, tuple[tuple[str, str | None], ...]]
_PersonKey = tuple[str, str]


@dataclass(slots=True)
class _Line:
    first_at: int
    at: int
    times: int
    refusals: tuple[Refusal, ...]
    page: str


@dataclass(slots=True)
class _EventLine:
    first_at: int
    at: int
    times: int = 0
    properties: dict[str, set[str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Notes:
    """What was noted since the last writing."""

    counts: dict[tuple[str, int, _Likeness], int] = field(default_factory=dict)
    people: dict[_PersonKey, dict[object, tuple[_Likeness, _Line]]] = field(default_factory=dict)
    lines: int = 0
    events: dict[tuple[str, str, str], _EventLine] = field(default_factory=dict)
    dropped: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def drop(self, project_id: str, at: int, what: str, times: int = 1) -> None:
        key = (project_id, at // HOUR_MS, what)
        self.dropped[key] = self.dropped.get(key, 0) + times


class Journal:
    """What this process noted and has not written yet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._notes = _Notes()

    # Decisions

    def chosen(self, known: Known, project_id: str, due: Sequence[Candidate], decision: Decision, page: str) -> None:
        """Note what became of each candidate that was due."""
        offered = decision.offer
        if offered is not None:
            live = offered.live
            self._note(known, project_id, (live.survey.key, live.version, "offered"), (), page)
        done = {offered.live.survey.key} if offered is not None else set()
        for candidate in due:
            live = candidate.live
            key = live.survey.key
            if key not in done:
                done.add(key)
                refusals = decision.refusals.get(key)
                outcome = "outranked" if refusals is None else "not_offered"
                self._note(known, project_id, (key, live.version, outcome), refusals or (), page)

    def taken(self, project_id: str, survey: tuple[str, int], outcome: Asked | NotNow, page: str) -> None:
        """Note how taking up an offer of `survey` (key and version) ended. An ask told again was noted before."""
        self._ended(project_id, (*survey, "asked", "not_asked"), outcome, page)

    def shown(self, project_id: str, survey: tuple[str, int], outcome: Asked | NotNow, page: str) -> None:
        """Note how somebody's wish to be asked ended."""
        self._ended(project_id, (*survey, "shown", "not_shown"), outcome, page)

    def _ended(self, project_id: str, what: tuple[str, int, str, str], outcome: Asked | NotNow, page: str) -> None:
        key, version, good, bad = what
        if isinstance(outcome, NotNow):
            if outcome.known is not None:
                self._note(outcome.known, project_id, (key, version, bad), outcome.refusals, page)
        elif not outcome.again:
            self._note(outcome.known, project_id, (key, version, good), (), page)

    def _note(
        self, known: Known, project_id: str, what: tuple[str, int, str], refusals: tuple[Refusal, ...], page: str
    ) -> None:
        notes, now = self._notes, known.now
        likeness: _Likeness = (*what, tuple([(one.code, one.rule) for one in refusals]) if refusals else ())
        if not known.person.test:
            count = (project_id, now // HOUR_MS, likeness)
            if count in notes.counts:
                notes.counts[count] += 1
            elif len(notes.counts) < MOST_COUNTS:
                notes.counts[count] = 1
            else:
                notes.drop(project_id, now, DROPPED)
        person = (project_id, known.person_id)
        lines = notes.people.get(person)
        if lines is None:
            lines = notes.people[person] = {}
        # An ask is a line of its own; two in one millisecond are two asks of one person all the same.
        key: object = (likeness, now) if what[2] in ("asked", "shown") else likeness
        found = lines.get(key)
        if found is not None and now - found[1].at > SAME_WITHIN_MS:
            # Nothing was written for an hour: the earlier ones are a line of their own.
            lines[key, found[1].at] = lines.pop(key)
            found = None
        if found is not None:
            line = found[1]
            line.at, line.refusals, line.page = now, refusals, page
            line.times += 1
        elif notes.lines < MOST_LINES:
            lines[key] = (likeness, _Line(now, now, 1, refusals, page))
            notes.lines += 1
        else:
            if not lines:
                del notes.people[person]
            notes.drop(project_id, now, DROPPED)

    # Events

    def wants_example(self, project_id: str, name: str, source: str) -> bool:
        """Tell whether another look at the properties of an event of this name may teach anything new: after some it
        is left for the next time."""
        line = self._notes.events.get((project_id, name, source))
        return line is None or line.times < MOST_EXAMPLES

    def came(self, project_id: str, event: Event, times: int = 1) -> None:
        """Note that an event came so many times, its name and its properties' types."""
        notes, now = self._notes, self._clock.now_ms()
        key = (project_id, event.name[:_LONGEST_NAME], event.source)
        line = notes.events.get(key)
        if line is None:
            if len(notes.events) >= MOST_EVENTS:
                notes.drop(project_id, now, DROPPED_EVENTS, times)
                return
            line = notes.events[key] = _EventLine(now, now)
        line.at = now
        line.times += times
        for name, value_type in properties_of(event.properties).items():
            line.properties.setdefault(name, set()).add(value_type)

    def refused(self, project_id: str, source: Literal["page", "backend"], messages: int) -> None:
        """Count messages that a limit refused."""
        what = LIMITED_PAGE if source == "page" else LIMITED_BACKEND
        self._notes.drop(project_id, self._clock.now_ms(), what, messages)

    # Writing

    async def write(self, db: Database) -> None:
        """Write everything that was noted. What the database refuses is kept for the next time."""
        notes, self._notes = self._notes, _Notes()
        try:
            await self._write_counts(db, notes)
            await self._write_people(db, notes)
            await self._write_events(db, notes)
        except TactfulError as refused:
            _log.warning("Counts and reasons could not be written yet (%s); they are kept.", refused.code)
            self._take_back(notes)

    async def _write_counts(self, db: Database, notes: _Notes) -> None:
        """In one go: a chunk that was written twice would count twice."""
        counts = [count for key, times in notes.counts.items() for count in _counts(key, times)]
        counts += [
            DecisionCount(project_id, "", hour, what, "", "", times)
            for (project_id, hour, what), times in notes.dropped.items()
        ]
        if counts:
            await db.run(add_counts, _added_up(counts))
        notes.counts, notes.dropped = {}, {}

    async def _write_people(self, db: Database, notes: _Notes) -> None:
        while notes.people:
            chunk = list(notes.people)[:_AT_ONCE]
            written = [(*person, [_noted(*line) for line in notes.people[person].values()]) for person in chunk]
            await db.run(add_decisions, written)
            for person in chunk:
                del notes.people[person]

    async def _write_events(self, db: Database, notes: _Notes) -> None:
        while notes.events:
            chunk = list(notes.events)[:_AT_ONCE]
            dropped = await db.run(add_names, [_seen(key, notes.events[key]) for key in chunk])
            for key in chunk:
                del notes.events[key]
            for project_id, times in dropped.items():
                self._notes.drop(project_id, self._clock.now_ms(), DROPPED_EVENTS, times)

    def _take_back(self, notes: _Notes) -> None:
        """Keep what could not be written, beside what came meanwhile and within the same bounds."""
        now = self._notes
        for count, times in notes.counts.items():
            now.counts[count] = now.counts.get(count, 0) + times
        for (project_id, hour, what), times in notes.dropped.items():
            now.drop(project_id, hour * HOUR_MS, what, times)
        for person, lines in notes.people.items():
            room = now.lines + len(lines) <= MOST_LINES
            if person in now.people or not room:
                at = next(iter(lines.values()))[1].at
                now.drop(person[0], at, DROPPED, sum(line.times for _, line in lines.values()))
            else:
                now.people[person] = lines
                now.lines += len(lines)
        for event, line in notes.events.items():
            self._take_event_back(event, line)

    def _take_event_back(self, key: tuple[str, str, str], line: _EventLine) -> None:
        known = self._notes.events.setdefault(key, line)
        if known is not line:
            known.first_at = line.first_at
            known.times += line.times
            for name, types in line.properties.items():
                known.properties.setdefault(name, set()).update(types)


def _counts(key: tuple[str, int, _Likeness], times: int) -> list[DecisionCount]:
    """A decision as it is counted: once as such, and once for each of its reasons."""
    project_id, hour, (survey, _, outcome, reasons) = key
    whole = [DecisionCount(project_id, survey, hour, outcome, "", "", times)]
    return whole + [
        DecisionCount(project_id, survey, hour, outcome, code, rule or "", times)
        for code, rule in dict.fromkeys(reasons)
    ]


def _added_up(counts: Sequence[DecisionCount]) -> list[DecisionCount]:
    """One row for each key: different versions and reasons together are one count."""
    found: dict[tuple[str, str, int, str, str, str], int] = {}
    for count in counts:
        key = count[:6]
        found[key] = found.get(key, 0) + count.times
    return [DecisionCount(*key, times) for key, times in found.items()]


def _noted(likeness: _Likeness, line: _Line) -> Noted:
    survey, version, outcome, _ = likeness
    return Noted(line.at, line.first_at, line.times, survey, version, outcome, _path(line.page), line.refusals)


def _path(page: str) -> str:
    """The page without its origin, and without a query, which may hold anything."""
    try:
        return urlsplit(page).path
    except ValueError:
        return ""


def _seen(key: tuple[str, str, str], line: _EventLine) -> EventSeen:
    types: Mapping[str, list[str]] = {name: sorted(found) for name, found in line.properties.items()}
    return EventSeen(*key, line.times, line.first_at, line.at, types)
