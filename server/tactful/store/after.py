"""What people did after the thanks, counted by version and band: sums over many rows, to be run by `scan`.

Test people count nowhere, and whose answer never arrived is in no band.
"""

from __future__ import annotations

from dataclasses import dataclass

from tactful.store.figures import Trait
from tactful.store.results import Window
from tactful.store.script import Script, rows

__all__ = ["Afterwards", "afterwards"]

COUNT_ANSWERED = """
SELECT r.version, r.band, count(*) AS found FROM responses r
WHERE r.project_id = ? AND r.survey_key = ? AND r.test = 0 AND r.created_at >= ? AND r.created_at < ?
    AND (CAST(? AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM people p WHERE p.project_id = r.project_id
        AND p.person_id = r.person_id AND CAST(p.traits -> CAST(? AS TEXT) AS TEXT) IN (?, ?)))
GROUP BY r.version, r.band
"""
COUNT_CLICKS = """
SELECT r.version, r.band, c.what, count(*) AS found FROM clicks c
JOIN responses r ON r.project_id = c.project_id AND r.person_id = c.person_id AND r.ask_id = c.ask_id
WHERE c.project_id = ? AND c.survey_key = ? AND r.test = 0 AND r.created_at >= ? AND r.created_at < ?
    AND (CAST(? AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM people p WHERE p.project_id = r.project_id
        AND p.person_id = r.person_id AND CAST(p.traits -> CAST(? AS TEXT) AS TEXT) IN (?, ?)))
GROUP BY r.version, r.band, c.what
"""


@dataclass(frozen=True, slots=True)
class Afterwards:
    """Answers by version and band (None: no score), and clicks by version, band and what was done."""

    answered: dict[tuple[int, str | None], int]
    clicks: dict[tuple[int, str | None, str], int]


def afterwards(project_id: str, survey_key: str, window: Window, trait: Trait | None = None) -> Script[Afterwards]:
    """Count those who answered in `window`, of everybody or of those with a trait, and what they did."""
    has = (None, "", "", "") if trait is None else (trait.name, trait.name, *trait.values)
    where = (project_id, survey_key, window.since, window.until, *has)
    answered = yield rows(COUNT_ANSWERED, *where)
    clicks = yield rows(COUNT_CLICKS, *where)
    return Afterwards(
        {(row["version"], row["band"]): row["found"] for row in answered},
        {(row["version"], row["band"], row["what"]): row["found"] for row in clicks},
    )
