"""What is written behind: counts of decisions, the last decisions about each person, and the names of events.

Everything here is added to what is there and may come late, so several processes may write it at once. They go through
their rows in one order, and each row is locked by the statement that first touches it.

A person may be merged between a decision and its writing. Who writes therefore looks after taking the row's lock
whether the person is still one, and follows the merge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from tactful.core.journal import Noted, merge_properties, noted_from, noted_list, remember
from tactful.core.spans import DAY_MS, HOUR_MS
from tactful.store.script import Script, one, rows, run

__all__ = [
    "DROPPED",
    "DROPPED_EVENTS",
    "KEEP_COUNTS_MS",
    "LIMITED_BACKEND",
    "LIMITED_PAGE",
    "MOST_NAMES",
    "DecisionCount",
    "EventSeen",
    "PeriodCount",
    "add_counts",
    "add_decisions",
    "add_names",
    "counts_of",
    "event_names",
    "forget_journal",
    "join_decisions",
    "limited_counts",
    "recent_decisions",
]

ADD_COUNT = """
INSERT INTO decision_counts (project_id, survey_key, hour, outcome, reason, rule, times) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id, survey_key, hour, outcome, reason, rule)
DO UPDATE SET times = decision_counts.times + excluded.times
"""
#: Makes the row if there is none, and locks it in either case.
LOCK_DECISIONS = """
INSERT INTO decisions (project_id, person_id, recent) VALUES (?, ?, '[]')
ON CONFLICT (project_id, person_id) DO UPDATE SET recent = decisions.recent
RETURNING recent
"""
SET_DECISIONS = "UPDATE decisions SET recent = ? WHERE project_id = ? AND person_id = ?"
READ_DECISIONS = "SELECT recent FROM decisions WHERE project_id = ? AND person_id = ?"
DROP_DECISIONS = "DELETE FROM decisions WHERE project_id = ? AND person_id = ?"
WHO_NOW = "SELECT merged_into FROM people WHERE project_id = ? AND person_id = ?"
READ_COUNTS = """
SELECT hour / CAST(? AS BIGINT) AS period, outcome, reason, rule, CAST(sum(times) AS BIGINT) AS times
FROM decision_counts
WHERE project_id = ? AND survey_key IN (?, '') AND hour >= ? AND hour < ?
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
READ_LIMITED = """
SELECT outcome, CAST(sum(times) AS BIGINT) AS times FROM decision_counts
WHERE project_id = ? AND survey_key = '' AND hour >= ? AND outcome IN (?, ?) GROUP BY outcome
"""
ADD_NAME = """
INSERT INTO event_names (project_id, name, source, times, first_at, last_at, properties) VALUES (?, ?, ?, ?, ?, ?, '{}')
ON CONFLICT (project_id, name, source) DO UPDATE
SET times = event_names.times + excluded.times, last_at = greatest(event_names.last_at, excluded.last_at)
RETURNING properties
"""
FIND_NAME = "SELECT times FROM event_names WHERE project_id = ? AND name = ? AND source = ?"
COUNT_NAMES = "SELECT count(*) AS names FROM event_names WHERE project_id = ?"
SET_PROPERTIES = "UPDATE event_names SET properties = ? WHERE project_id = ? AND name = ? AND source = ?"
LIST_NAMES = """
SELECT name, source, times, first_at, last_at, properties FROM event_names WHERE project_id = ?
ORDER BY name, source
"""
FORGET_COUNTS = """
DELETE FROM decision_counts WHERE (project_id, survey_key, hour) IN
    (SELECT project_id, survey_key, hour FROM decision_counts WHERE hour < ? ORDER BY hour LIMIT ?)
"""
#: Asks twice how old a name is: it may have come again while its row was waited for.
FORGET_NAMES = """
DELETE FROM event_names WHERE (project_id, name, source) IN
    (SELECT project_id, name, source FROM event_names WHERE last_at < ? ORDER BY last_at LIMIT ?) AND last_at < ?
"""
NOW = "SELECT now_ms() AS now"

#: Counts are kept as long as events are; a name that did not come for as long is forgotten too.
KEEP_COUNTS_MS = 90 * DAY_MS
#: Outcomes without a survey: what there was no room to note.
DROPPED, DROPPED_EVENTS = "dropped", "dropped_events"
#: And messages of pages and backends that a limit of the project, or of one of its people or keys, refused.
LIMITED_PAGE, LIMITED_BACKEND = "limited_page", "limited_backend"
#: Names of events a project may have: more than this is a name made of an id, and lists nothing that helps.
MOST_NAMES = 1_000
#: The longest chain of merges that is followed.
_LONGEST_CHAIN = 50
#: The rows of one hour and survey go together, so a chunk is several times this.
_FORGET_AT_ONCE = 200


class DecisionCount(NamedTuple):
    """So many decisions of one hour; where `reason` is told, so many of them that had it."""

    project_id: str
    survey: str
    hour: int
    outcome: str
    reason: str
    rule: str
    times: int


class PeriodCount(NamedTuple):
    """So many decisions of one survey in one period; where `reason` is told, so many of them that had it."""

    period: int
    outcome: str
    reason: str
    rule: str
    times: int


class EventSeen(NamedTuple):
    """An event's name as it came from pages (`browser`) or backends (`server`), with its properties' types."""

    project_id: str
    name: str
    source: str
    times: int
    first_at: int
    last_at: int
    properties: Mapping[str, Sequence[str]]


def add_counts(counts: Sequence[DecisionCount]) -> Script[None]:
    """Add counts to those that are there."""
    for count in sorted(counts):
        yield run(ADD_COUNT, *count)


def add_decisions(people: Sequence[tuple[str, str, Sequence[Noted]]]) -> Script[None]:
    """Remember decisions about people (project, person, decisions), merges followed."""
    for project_id, person_id, more in sorted(people, key=lambda entry: entry[:2]):
        yield from _add_to(project_id, person_id, more)


def _add_to(project_id: str, person_id: str, more: Sequence[Noted]) -> Script[None]:
    for _ in range(_LONGEST_CHAIN):
        locked = yield one(LOCK_DECISIONS, project_id, person_id)
        row = yield one(WHO_NOW, project_id, person_id)
        if row is not None and row["merged_into"] is None:
            recent = remember(noted_from(orjson.loads(locked["recent"])), more)
            yield run(SET_DECISIONS, orjson.dumps(noted_list(recent)).decode(), project_id, person_id)
            return
        yield run(DROP_DECISIONS, project_id, person_id)
        if row is None:
            return
        person_id = row["merged_into"]


def join_decisions(project_id: str, gone: str, to: str) -> Script[None]:
    """Give the history of the merged person `gone` to `to`."""
    # Locked even where there is none: who writes behind may be about to make it, and follows the merge after us.
    found = yield one(LOCK_DECISIONS, project_id, gone)
    yield run(DROP_DECISIONS, project_id, gone)
    if found["recent"] == "[]":
        return
    kept = yield one(LOCK_DECISIONS, project_id, to)
    recent = remember(noted_from(orjson.loads(kept["recent"])), noted_from(orjson.loads(found["recent"])))
    yield run(SET_DECISIONS, orjson.dumps(noted_list(recent)).decode(), project_id, to)


def recent_decisions(project_id: str, person_id: str) -> Script[tuple[Noted, ...]]:
    """The last decisions about a person, the newest first."""
    row = yield one(READ_DECISIONS, project_id, person_id)
    return noted_from(orjson.loads(row["recent"])) if row is not None else ()


def counts_of(project_id: str, survey_key: str, hours: tuple[int, int], step: int) -> Script[list[PeriodCount]]:
    """Every count of a survey from one hour to before another, by periods of `step` hours (numbered from 1970), and
    (without a survey) what was not noted."""
    found = yield rows(READ_COUNTS, step, project_id, survey_key, *hours)
    names = PeriodCount._fields
    return [PeriodCount._make(row[name] for name in names) for row in found]


def limited_counts(project_id: str, hour: int) -> Script[dict[str, int]]:
    """How many messages limits have refused since the beginning of an hour, by outcome."""
    found = yield rows(READ_LIMITED, project_id, hour, LIMITED_PAGE, LIMITED_BACKEND)
    return {row["outcome"]: row["times"] for row in found}


def add_names(seen: Sequence[EventSeen]) -> Script[dict[str, int]]:
    """Add the names of events that came; return how many events of a project had a name that was one too many."""
    dropped: dict[str, int] = {}
    names: dict[str, int] = {}
    for event in sorted(seen, key=lambda event: event[:3]):
        key = event[:3]
        if (yield one(FIND_NAME, *key)) is None:
            if event.project_id not in names:
                names[event.project_id] = (yield one(COUNT_NAMES, event.project_id))["names"]
            if names[event.project_id] >= MOST_NAMES:
                dropped[event.project_id] = dropped.get(event.project_id, 0) + event.times
                continue
            names[event.project_id] += 1
        row = yield one(ADD_NAME, *key, event.times, event.first_at, event.last_at)
        known = orjson.loads(row["properties"])
        merged = merge_properties(known, event.properties)
        if merged != known:
            yield run(SET_PROPERTIES, orjson.dumps(merged).decode(), *key)
    return dropped


def event_names(project_id: str) -> Script[list[EventSeen]]:
    """Every event's name that came, by name."""
    found = yield rows(LIST_NAMES, project_id)
    return [
        EventSeen(
            project_id,
            row["name"],
            row["source"],
            row["times"],
            row["first_at"],
            row["last_at"],
            orjson.loads(row["properties"]),
        )
        for row in found
    ]


def forget_journal() -> Script[int]:
    """Delete a chunk of counts and names past their time; return how many, 0 when all are gone."""
    now = (yield one(NOW))["now"]
    counts: int = yield run(FORGET_COUNTS, (now - KEEP_COUNTS_MS) // HOUR_MS, _FORGET_AT_ONCE)
    names: int = yield run(FORGET_NAMES, now - KEEP_COUNTS_MS, _FORGET_AT_ONCE, now - KEEP_COUNTS_MS)
    return max(counts, names)
