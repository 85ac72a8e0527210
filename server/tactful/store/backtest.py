"""What a backtest reads: kept events, the people they are about, and what was really asked. It writes nothing.

Everything is read in chunks, each by its own `scan`, so that nothing is held up and no old moment of the database is
kept alive for long. Events come by person, so most people can be replayed and forgotten chunk by chunk; only those who
share a rule with others (`linked`) are kept until the end, to be replayed together in one line of time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

import orjson

from tactful.core.backtest import replay
from tactful.core.catalogue import Catalogue
from tactful.core.forecast import Measured, Real
from tactful.core.people import PastAsk, Person
from tactful.core.people import Tally as Shared
from tactful.core.scopes import PROJECT, tally_of
from tactful.core.throttle import ASK_LIFETIME_MS, chooses
from tactful.core.trial import Happened, Plan, Subject, Tally
from tactful.core.trigger import Event
from tactful.store.results import END_OF_TIME, survey_sums
from tactful.store.script import Row, Script, one, rows

__all__ = ["Kept", "Scan", "history_of", "kept_events", "measure", "really_asked", "rehearse"]

COUNT_KEPT = """
SELECT count(*) AS events, min(happened_at) AS first_at, max(happened_at) AS last_at, min(received_at) AS kept_since
FROM events WHERE project_id = ?
"""
READ_KEPT = """
SELECT person_id, event_id, name, properties, happened_at FROM events
WHERE project_id = ? AND (person_id, event_id) > (?, ?) ORDER BY person_id, event_id LIMIT ?
"""
READ_SUBJECTS = """
SELECT p.person_id, p.user_id, p.anonymous_id, p.first_seen_at, p.created_at, p.traits, p.account_id, p.opted_out_at,
    c.traits AS account_traits
FROM people p LEFT JOIN accounts c ON c.project_id = p.project_id AND c.account_id = p.account_id
WHERE p.project_id = ? AND p.person_id >= ? AND p.person_id <= ? AND p.test = 0 AND p.merged_into IS NULL
    AND EXISTS (SELECT 1 FROM events e WHERE e.project_id = p.project_id AND e.person_id = p.person_id)
"""
READ_ASKS_BEFORE = """
SELECT person_id, survey_key, kind, tags, asked_at, dismissed_at, responded_at, score, band, per FROM asks
WHERE project_id = ? AND person_id >= ? AND person_id <= ? AND asked_at < ? AND refunded_at IS NULL
    AND (asked_at > ? OR per IS NOT NULL)
"""
ASKS_BY_DAY = """
SELECT survey_key, asked_at / 86400000 AS day, count(*) AS asks FROM asks
WHERE project_id = ? AND asked_at >= ? AND asked_at < ? AND test = 0 AND asked_for = 0 AND refunded_at IS NULL
GROUP BY survey_key, asked_at / 86400000
"""
PEOPLE_ASKED = """
SELECT count(DISTINCT person_id) AS people FROM asks
WHERE project_id = ? AND asked_at >= ? AND asked_at < ? AND test = 0 AND asked_for = 0 AND refunded_at IS NULL
"""

#: What rules over several people have counted: the asks of each scope, and those of the whole project.
READ_MARKS_BEFORE = """
SELECT s.scope, k.survey_key, k.kind, k.tags, k.asked_at, k.dismissed_at, k.responded_at, k.score, k.band
FROM ask_scopes s
JOIN asks k ON k.project_id = s.project_id AND k.person_id = s.person_id AND k.ask_id = s.ask_id
WHERE s.project_id = ? AND s.asked_at > ? AND s.asked_at < ? AND k.refunded_at IS NULL
"""
READ_PROJECT_BEFORE = """
SELECT survey_key, kind, tags, asked_at, dismissed_at, responded_at, score, band FROM asks
WHERE project_id = ? AND test = 0 AND asked_at > ? AND asked_at < ? AND refunded_at IS NULL
"""
COUNT_RESPONSES_BEFORE = """
SELECT count(*) AS responses FROM responses WHERE project_id = ? AND survey_key = ? AND test = 0 AND created_at < ?
"""

#: So many events are read at once: some 50 ms on either database.
CHUNK = 20_000

_NOTHING: Mapping[str, object] = MappingProxyType({})


class Scan(Protocol):
    """Runs a script beside everything else, on a connection that cannot write, and returns its result."""

    def __call__(self, script: Callable[..., Script[Any]], /, *args: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """How many events are kept, when the first and last of them happened, and since when any is kept (None: none)."""

    events: int
    first_at: int | None
    last_at: int | None
    since: int | None


def kept_events(project_id: str) -> Script[Kept]:
    """Count the kept events of a project."""
    row = yield one(COUNT_KEPT, project_id)
    return Kept(row["events"], row["first_at"], row["last_at"], row["kept_since"])


def measure(project_id: str, catalogue: Catalogue) -> Script[dict[str, Measured]]:
    """What came of every survey's real asks so far, by its key."""
    found = {}
    for key, live in catalogue.surveys.items():
        sums = yield from survey_sums(project_id, key)
        found[key] = Measured(live.survey.kind, sums.asked, sums.responded, sums.dismissed, sums.scores)
    return found


def really_asked(project_id: str, since: int, until: int) -> Script[Real]:
    """Count what was really asked in a period, apart from whoever asked to be asked."""
    asks = yield rows(ASKS_BY_DAY, project_id, since, until)
    people = yield one(PEOPLE_ASKED, project_id, since, until)
    return Real({(row["survey_key"], row["day"]): row["asks"] for row in asks}, people["people"])


def history_of(project_id: str, plan: Plan) -> Script[Plan]:
    """Give `plan` what its quotas and its rules over several people had counted when its period began."""
    answered = {}
    for key in sorted(plan.quotas):
        row = yield one(COUNT_RESPONSES_BEFORE, project_id, key, plan.since)
        answered[key] = row["responses"]
    counted: dict[Shared, list[int]] = {}
    # An ask is dismissed or answered within its life, so it may matter that much longer.
    windows = [rule.window_ms + ASK_LIFETIME_MS for rule in plan.shared_rules]
    times = (plan.since - max(windows, default=0), plan.since)
    if any(rule.scope != "project" for rule in plan.shared_rules):
        for row in (yield rows(READ_MARKS_BEFORE, project_id, *times)):
            _count(plan, row["scope"], _past(row), counted)
    if any(rule.scope == "project" for rule in plan.shared_rules):
        for row in (yield rows(READ_PROJECT_BEFORE, project_id, *times)):
            _count(plan, PROJECT, _past(row), counted)
    return replace(plan, answered=answered, counted={shared: sorted(found) for shared, found in counted.items()})


def _count(plan: Plan, scope: str, ask: PastAsk, counted: dict[Shared, list[int]]) -> None:
    for shared in {tally_of(rule, ask.survey, scope) for rule in plan.shared_rules if chooses(rule, ask)}:
        at = getattr(ask, f"{shared.counts}_at")
        if at is not None:
            counted.setdefault(shared, []).append(at)


def _read_kept(project_id: str, after: tuple[str, str], most: int) -> Script[list[Row]]:
    found: list[Row] = yield rows(READ_KEPT, project_id, *after, most)
    return found


def _read_subjects(project_id: str, first: str, last: str, period: tuple[int, int]) -> Script[dict[str, Subject]]:
    """The people from `first` to `last` with kept events; asks are those from (not counted) until (not counted)
    `period`, and for the values of `per` all before it."""
    people = yield rows(READ_SUBJECTS, project_id, first, last)
    asks = yield rows(READ_ASKS_BEFORE, project_id, first, last, period[1], period[0])
    past: dict[str, list[Row]] = {}
    for ask in asks:
        past.setdefault(ask["person_id"], []).append(ask)
    return {row["person_id"]: _subject(row, past.get(row["person_id"], ()), period[0]) for row in people}


def _subject(row: Row, asks: Sequence[Row], since: int) -> Subject:
    person = Person(
        sample_key=row["user_id"] or row["anonymous_id"] or row["person_id"],
        first_seen_at=row["first_seen_at"],
        created_at=row["created_at"],
        known=row["user_id"] is not None,
        traits=orjson.loads(row["traits"]),
        account=orjson.loads(row["account_traits"]) if row["account_traits"] else {},
        asks=tuple([_past(ask) for ask in asks if ask["asked_at"] > since]),
        account_id=row["account_id"],
    )
    asked_for = frozenset((ask["survey_key"], ask["per"]) for ask in asks if ask["per"] is not None)
    return Subject(person, row["opted_out_at"], asked_for)


def _past(row: Row) -> PastAsk:
    return PastAsk(
        row["survey_key"],
        row["kind"],
        frozenset(orjson.loads(row["tags"])),
        row["asked_at"],
        row["dismissed_at"],
        row["responded_at"],
        row["score"],
        row["band"],
    )


@dataclass(slots=True)
class _Rehearsal:
    """The events of the people read so far that are still to be replayed: those of whom more may come (`pending`), and
    those of whom others matter to (`together`, with who is `bound` under each plan)."""

    project_id: str
    plans: Sequence[Plan]
    tallies: Sequence[Tally]
    reads: Mapping[str, bool]
    period: tuple[int, int]
    pending: dict[str, list[Happened]] = field(default_factory=dict)
    together: list[Happened] = field(default_factory=list)
    bound: list[dict[str, Subject]] = field(init=False)

    def __post_init__(self) -> None:
        self.bound = [{} for _ in self.plans]

    def take(self, found: Sequence[Row]) -> None:
        """Take the events that matter, with their properties only where something looks at them."""
        pending, reads = self.pending, self.reads
        for row in found:
            inside = reads.get(row["name"])
            if inside is None:
                continue
            properties = orjson.loads(row["properties"]) if inside else _NOTHING
            happened = Happened(
                row["person_id"], row["happened_at"], row["event_id"], Event(row["name"], properties, "server")
            )
            pending.setdefault(happened.person_id, []).append(happened)

    def settle(self, scan: Scan, unfinished: str | None) -> None:
        """Replay everybody whose events are all here; those of `unfinished` may go on in the next chunk."""
        kept = self.pending.pop(unfinished, None) if unfinished is not None else None
        if self.pending:
            subjects = scan(_read_subjects, self.project_id, min(self.pending), max(self.pending), self.period)
            for person_id, happened in self.pending.items():
                subject = subjects.get(person_id)
                if subject is not None:
                    self._replay(person_id, subject, happened)
        self.pending = {} if unfinished is None or kept is None else {unfinished: kept}

    def _replay(self, person_id: str, subject: Subject, happened: list[Happened]) -> None:
        """Replay a person alone under each plan, unless others matter to them: then later, with those."""
        happened.sort(key=_when)
        waits = False
        for plan, tally, bound in zip(self.plans, self.tallies, self.bound, strict=True):
            if plan.binds(subject.person):
                bound[person_id] = subject
                waits = True
            else:
                replay(plan, {person_id: subject}, happened, tally)
        if waits:
            self.together += happened

    def finish(self) -> None:
        """Replay everybody who was kept for it in one line of time."""
        self.together.sort(key=_when)
        for plan, tally, bound in zip(self.plans, self.tallies, self.bound, strict=True):
            if bound:
                replay(plan, bound, self.together, tally)


def _when(happened: Happened) -> tuple[int, str]:
    return happened.at, happened.event_id


def rehearse(scan: Scan, project_id: str, plans: Sequence[Plan], told: Callable[[int], None]) -> list[Tally]:
    """Replay every kept event of the project under each of `plans`, which share a period, and return what each came to.

    `told` hears after every chunk how many events have been read; what it raises ends the rehearsal.
    """
    horizon_ms = max(plan.catalogue.horizon_ms for plan in plans)
    since = plans[0].since
    reads: dict[str, bool] = {}
    for plan in plans:
        for name, inside in plan.reads().items():
            reads[name] = reads.get(name, False) or inside
    tallies = [Tally() for _ in plans]
    rehearsal = _Rehearsal(project_id, plans, tallies, reads, (max(since - horizon_ms, -END_OF_TIME), since))
    for found, read in _chunks(scan, project_id):
        rehearsal.take(found)
        rehearsal.settle(scan, found[-1]["person_id"])
        told(read)
    rehearsal.settle(scan, None)
    rehearsal.finish()
    for tally in tallies:
        tally.asks.sort()
    return tallies


def _chunks(scan: Scan, project_id: str) -> Iterator[tuple[list[Row], int]]:
    """Every kept event by person, chunk by chunk, with how many were read so far."""
    after, read = ("", ""), 0
    while found := scan(_read_kept, project_id, after, CHUNK):
        read += len(found)
        yield found, read
        last = found[-1]
        after = (last["person_id"], last["event_id"])
