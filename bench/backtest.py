"""How long a backtest of a million kept events takes: a quarter's worth of 100,000 people, 20 live surveys."""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from bench.report import Line
from tactful.clock import SystemClock
from tactful.core.policy import DEFAULT_POLICY
from tactful.core.spans import DAY_MS
from tactful.database_url import DatabaseUrl
from tactful.rehearsal import Progress, Wanted, rehearsed
from tests.support.service import a_survey, make_project

EVENTS, PEOPLE, SURVEYS, NAMES, DAYS = 1_000_000, 100_000, 20, 40, 90
BUDGET_S = 30.0
_COLUMNS = "project_id, person_id, event_id, name, properties, happened_at, received_at"


def surveys() -> list[dict[str, Any]]:
    """Twenty live surveys: some count, some look inside, some wait or are cancelled, some ask a part only."""
    extras: tuple[dict[str, Any], ...] = (
        {},
        {"nth": {"every": 2}},
        {"where": [["properties.plan", "is", "pro"]]},
        {"per": "properties.ticket", "hold": "2h", "cancel_on": [{"event": "Event 39", "same": "properties.ticket"}]},
    )
    kinds = ("nps", "csat", "ces", "csat")
    return [
        a_survey(
            f"survey-{number}",
            trigger={"any": [{"event": f"Event {number}"} | extras[number % 4]]},
            questions=[{"id": "score", "kind": kinds[number % 4], "ask": "How?"}],
            audience={"sample": 0.5} if number % 5 == 0 else {"where": [["traits.plan", "in", ["pro", "free"]]]},
            throttle={"repeat": "90d"},
            priority=number % 7,
        )
        for number in range(SURVEYS)
    ]


def _people(project_id: str, since: int) -> Iterator[tuple[Any, ...]]:
    for number in range(PEOPLE):
        traits = {"plan": ("pro", "free", "team")[number % 3], "country": "KE", "email": f"u{number}@people.test"}
        yield (
            project_id, f"p{number:07}", f"u{number}", since - 30 * DAY_MS, since, orjson.dumps(traits).decode(),
            f"account-{number % 20_000}",
        )  # fmt: skip


def _events(project_id: str, since: int) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(4)
    for number in range(EVENTS):
        at = since + chance.randrange(DAYS * DAY_MS)
        properties = {"plan": chance.choice(("pro", "free")), "ticket": f"t{number % 5_000}", "source": "api", "n": 7}
        # A tenth of the people do half of everything.
        who = chance.randrange(PEOPLE // 10) if chance.random() < 0.5 else chance.randrange(PEOPLE)
        name = f"Event {chance.randrange(NAMES)}"
        yield (project_id, f"p{who:07}", f"{at:014}{number:07}", name, orjson.dumps(properties).decode(), at, at)


def fill(path: Path, now: int) -> str:
    """Make the database; returns the project's id."""
    project_id = make_project(path, SystemClock(), surveys=tuple(surveys()), policy=DEFAULT_POLICY).project_id
    since = now - DAYS * DAY_MS
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO people (project_id, person_id, user_id, first_seen_at, last_at, traits, account_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            _people(project_id, since),
        )
        connection.executemany(
            f"INSERT INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", _events(project_id, since)
        )
        connection.commit()
    return project_id


def measure(directory: Path) -> list[Line]:
    """Backtest a million events under the present surveys and the default policy, with the progress that users see."""
    clock = SystemClock()
    path = directory / "backtest.db"
    project_id = fill(path, clock.now_ms())
    began, spent = time.perf_counter(), time.process_time()
    told = rehearsed(DatabaseUrl.of_file(path), clock, Wanted(project_id), Progress(clock, sys.stderr, always=True))
    took, cpu = time.perf_counter() - began, time.process_time() - spent
    asks, heard = told["present"]["asks"], told["present"]["events"]
    return [
        Line(
            f"backtest, {EVENTS:,} events, {SURVEYS} surveys",
            f"{took:.1f} s ({cpu:.1f} s of processor)",
            f"{EVENTS / took:,.0f} events/s, {heard:,} waited for, {asks:,} asks",
            "-",
            f"<= {BUDGET_S:.0f} s",
            took <= BUDGET_S,
        )
    ]
