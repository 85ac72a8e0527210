"""A project with kept events: what a backtest is tried on."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from tactful.clock import Clock
from tactful.core.spans import DAY_MS
from tests.support.plenty import Plenty, fill
from tests.support.service import a_survey, make_project

__all__ = ["DAYS", "a_kept_project", "keep"]

DAYS = 60

_PEOPLE = (
    "INSERT INTO people (project_id, person_id, user_id, first_seen_at, last_at, traits) VALUES (?, ?, ?, ?, ?, ?)"
)
_EVENTS = """
INSERT INTO events (project_id, person_id, event_id, name, properties, happened_at, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


def keep(path: Path, project_id: str, now: int, *, events: int, people: int) -> None:
    """Keep events of the last `DAYS` days, fewer at week ends; the same numbers give the same rows."""
    chance = random.Random(events)
    since = now - DAYS * DAY_MS
    rows = []
    for number in range(events):
        at = since + chance.randrange(DAYS * DAY_MS)
        if (at // DAY_MS + 3) % 7 > 4 and chance.random() < 0.6:
            at = max(since, at - 2 * DAY_MS)
        name = chance.choice(("Done", "Done", "Ticket Closed", "Report Exported"))
        rows.append((project_id, f"k{chance.randrange(people):06}", f"{number:026}", name, "{}", at, at))
    known = [
        (project_id, f"k{number:06}", f"user-{number}", since - 30 * DAY_MS, now, '{"plan":"pro"}')
        for number in range(people)
    ]
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(_PEOPLE, known)
        connection.executemany(_EVENTS, rows)
        connection.commit()


def a_kept_project(path: Path, clock: Clock, *, events: int = 20_000, people: int = 4_000) -> str:
    """Make a project with a live survey that was answered often, a draft, and kept events; returns its id."""
    surveys = (
        a_survey("lesson-nps", name="After a lesson", throttle={"repeat": "30d"}),
        a_survey(
            "ticket-csat",
            name="After a ticket",
            state="draft",
            trigger={"any": [{"event": "Ticket Closed"}]},
            questions=[{"id": "score", "kind": "csat", "ask": "How did we do?"}],
        ),
    )
    project_id = make_project(path, clock, surveys=surveys, name="Lantern").project_id
    fill(path, Plenty(project_id, "lesson-nps", "nps", clock.now_ms(), asks=900))
    keep(path, project_id, clock.now_ms(), events=events, people=people)
    return project_id
