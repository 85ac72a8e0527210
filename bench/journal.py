"""What noting a decision costs the request that made it, and what writing the notes costs the writer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from bench.report import Line
from tactful.clock import SystemClock
from tactful.core.catalogue import Candidate, Decision
from tactful.core.decide import LiveSurvey, Refusal
from tactful.core.journal import Noted
from tactful.core.trigger import Event
from tactful.identity import Identity
from tactful.store.journal import add_decisions
from tactful.store.migrate import migrate
from tactful.store.people import Known, recognise
from tactful.store.sqlite import SqliteDatabase
from tactful.web.journal import Journal
from tests.core.examples import NOW, a_person, a_survey
from tests.support.clock import SetClock

__all__ = ["measure"]

PEOPLE = 2_000
TIMES = 10
ROUNDS = 7
BUDGET_US = 2.0


def _us(work: Callable[[Known], None], people: list[Known]) -> float:
    """Microseconds of one call, in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(TIMES):
            for known in people:
                work(known)
        best = min(best, (time.perf_counter() - begun) / (TIMES * len(people)))
    return best * 1e6


def measure(directory: Path) -> list[Line]:
    """Measure noting, and writing people's histories."""
    journal = Journal(SetClock(NOW))
    live = LiveSurvey(a_survey(), 1, ())
    due = [Candidate(live, "m")]
    people = [Known(f"p{number}", None, None, NOW + number, 1, a_person()) for number in range(PEOPLE)]
    lines = []
    for reasons in (0, 1, 4):
        refusals = tuple(Refusal("rule", NOW, f"rule-{number}", 1, 1, 1) for number in range(reasons))
        decision = Decision(None, {"nps": refusals}) if refusals else Decision(due[0], {})
        cost = _us(lambda known: journal.chosen(known, "p", due, decision, "https://site.test/app"), people)  # noqa: B023  # called at once
        what = f"noting a decision, {reasons} {'reason' if reasons == 1 else 'reasons'}"
        lines.append(Line(what, f"{cost:.2f} us", "", "", f"<= {BUDGET_US:g} us", cost <= BUDGET_US))
    event = Event("Lesson Finished", {f"property-{number}": "x" for number in range(8)}, "server")
    cost = _us(lambda _: journal.came("p", event), people)
    lines.append(Line("noting an event of 8 properties", f"{cost:.2f} us", "", "", "", None))
    return [*lines, asyncio.run(_writing(directory))]


async def _writing(directory: Path) -> Line:
    """What one person's history costs the writer, once it is full."""
    path, clock = directory / "journal.db", SystemClock()
    migrate(path, clock)
    db = await SqliteDatabase.open(path, clock)
    try:
        for number in range(PEOPLE):
            await db.run(recognise, "p", Identity(f"u{number}", None), f"p{number:06}")
        best = float("inf")
        for turn in range(ROUNDS):
            refusals = tuple(Refusal("rule", NOW, f"rule-{number}", 1, 1, 1) for number in range(3))
            at = NOW + turn
            noted = [Noted(at, at, 1, f"s{number}-{turn}", 1, "not_offered", "/app", refusals) for number in range(4)]
            begun = time.perf_counter()
            for start in range(0, PEOPLE, 50):
                await db.run(add_decisions, [("p", f"p{number:06}", noted) for number in range(start, start + 50)])
            best = min(best, (time.perf_counter() - begun) / PEOPLE) if turn > 4 else best
    finally:
        await db.close()
    return Line("writing a person's last 20 decisions, durable", f"{best * 1e6:.0f} us", "", "", "", None)
