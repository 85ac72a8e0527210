"""Everything that is known for an answer to "why?": the person's facts, what waits for them, what was counted towards
a trigger, and the last decisions. Read without a lock, and merges followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tactful.core.catalogue import Catalogue
from tactful.core.journal import Noted
from tactful.store.candidates import Waiter, waiters
from tactful.store.journal import recent_decisions
from tactful.store.people import FIND_ALIAS, Known
from tactful.store.results import read_person
from tactful.store.script import Script, one, rows

__all__ = ["Told", "lately", "why_of", "why_of_alias"]

READ_COUNTERS = "SELECT counter, occurrences FROM counters WHERE project_id = ? AND person_id = ?"


class Told(NamedTuple):
    """A person, the candidates that wait for them, their counts of events, and the last decisions about them."""

    known: Known
    waiting: tuple[Waiter, ...]
    counts: Mapping[str, int]
    recent: tuple[Noted, ...]


def why_of(project_id: str, person_id: str, catalogue: Catalogue, clock_now: int) -> Script[Told | None]:
    """Read it for the person with this id. None: there is nobody."""
    known = yield from read_person(project_id, person_id, catalogue, clock_now)
    if known is None:
        return None
    waiting = yield from waiters(project_id, known.person_id, known.now)
    counts, recent = yield from lately(project_id, known.person_id)
    return Told(known, waiting, counts, recent)


def lately(project_id: str, person_id: str) -> Script[tuple[Mapping[str, int], tuple[Noted, ...]]]:
    """What was counted towards triggers, by counter, and the last decisions, of a person who is not merged."""
    counted = yield rows(READ_COUNTERS, project_id, person_id)
    recent = yield from recent_decisions(project_id, person_id)
    return {row["counter"]: row["occurrences"] for row in counted}, recent


def why_of_alias(project_id: str, alias: str, catalogue: Catalogue, clock_now: int) -> Script[Told | None]:
    """Read it for the person behind an alias (`u:` a user id, `a:` an anonymous id)."""
    found = yield one(FIND_ALIAS, project_id, alias)
    if found is None:
        return None
    return (yield from why_of(project_id, found["person_id"], catalogue, clock_now))
