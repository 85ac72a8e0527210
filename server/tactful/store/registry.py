"""Every table with something of a person: what an export shows is what erasing removes, because both read this.

A table with a column `person_id` that is missing here fails `tests/store/test_registry.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tactful.store.journal import DROP_DECISIONS
from tactful.store.people import DROP_CANDIDATES, DROP_COUNTERS, DROP_FIRINGS

__all__ = ["BELONGINGS", "Belonging"]

READ_ALL_ALIASES = "SELECT * FROM aliases WHERE project_id = ? AND person_id = ? ORDER BY alias"
READ_ALL_COUNTERS = "SELECT * FROM counters WHERE project_id = ? AND person_id = ? ORDER BY counter"
READ_ALL_EVENTS = "SELECT * FROM events WHERE project_id = ? AND person_id = ? ORDER BY event_id"
READ_ALL_CANDIDATES = "SELECT * FROM candidates WHERE project_id = ? AND person_id = ? ORDER BY candidate_id"
READ_ALL_MARKS = "SELECT * FROM ask_scopes WHERE project_id = ? AND person_id = ? ORDER BY ask_id, scope"
READ_ALL_FIRINGS = "SELECT * FROM firings WHERE project_id = ? AND person_id = ? ORDER BY survey_key"
READ_ALL_ASKS = "SELECT * FROM asks WHERE project_id = ? AND person_id = ? ORDER BY asked_at, ask_id"
READ_ALL_RESPONSES = "SELECT * FROM responses WHERE project_id = ? AND person_id = ? ORDER BY created_at, ask_id"
READ_ALL_CLICKS = "SELECT * FROM clicks WHERE project_id = ? AND person_id = ? ORDER BY clicked_at, ask_id, what"
READ_ALL_DECISIONS = "SELECT * FROM decisions WHERE project_id = ? AND person_id = ?"
READ_ALL_OF_PERSON = "SELECT * FROM people WHERE project_id = ? AND person_id = ?"

ERASE_ALIASES = "DELETE FROM aliases WHERE project_id = ? AND person_id = ?"
ERASE_EVENTS = "DELETE FROM events WHERE project_id = ? AND person_id = ?"
ERASE_ASKS = "DELETE FROM asks WHERE project_id = ? AND person_id = ?"
ERASE_MARKS = "DELETE FROM ask_scopes WHERE project_id = ? AND person_id = ?"
ERASE_RESPONSES = "DELETE FROM responses WHERE project_id = ? AND person_id = ?"
ERASE_CLICKS = "DELETE FROM clicks WHERE project_id = ? AND person_id = ?"
ERASE_PERSON = "DELETE FROM people WHERE project_id = ? AND person_id = ?"


@dataclass(frozen=True, slots=True)
class Belonging:
    """One table: how to read all rows of one history, and how to delete them. Both take project and person."""

    table: str
    read: str
    erase: str


BELONGINGS: tuple[Belonging, ...] = (
    Belonging("people", READ_ALL_OF_PERSON, ERASE_PERSON),
    Belonging("aliases", READ_ALL_ALIASES, ERASE_ALIASES),
    Belonging("asks", READ_ALL_ASKS, ERASE_ASKS),
    Belonging("ask_scopes", READ_ALL_MARKS, ERASE_MARKS),
    Belonging("firings", READ_ALL_FIRINGS, DROP_FIRINGS),
    Belonging("responses", READ_ALL_RESPONSES, ERASE_RESPONSES),
    Belonging("clicks", READ_ALL_CLICKS, ERASE_CLICKS),
    Belonging("events", READ_ALL_EVENTS, ERASE_EVENTS),
    Belonging("counters", READ_ALL_COUNTERS, DROP_COUNTERS),
    Belonging("candidates", READ_ALL_CANDIDATES, DROP_CANDIDATES),
    Belonging("decisions", READ_ALL_DECISIONS, DROP_DECISIONS),
)
