"""Clicks: what somebody did with what the thanks offered them, a row for each thing and ask."""

from __future__ import annotations

__all__ = ["CLICKS_OF_ASK", "INSERT_CLICK", "MERGE_CLICKS", "MOVE_CLICKS"]

#: Only the first time counts: somebody who follows a link twice is one who followed it.
INSERT_CLICK = """
INSERT INTO clicks (project_id, person_id, ask_id, what, survey_key, clicked_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id, person_id, ask_id, what) DO NOTHING
"""
CLICKS_OF_ASK = """
SELECT what, clicked_at FROM clicks WHERE project_id = ? AND person_id = ? AND ask_id = ? ORDER BY clicked_at, what
"""
#: As asks are merged (store/people.py).
MERGE_CLICKS = """
UPDATE clicks SET person_id = ?, ask_id = CASE
    WHEN EXISTS (SELECT 1 FROM asks b WHERE b.project_id = clicks.project_id AND b.person_id = ?
        AND b.ask_id = clicks.ask_id) THEN ask_id || '-' || person_id
    ELSE ask_id END
WHERE project_id = ? AND person_id = ?
"""
MOVE_CLICKS = """
UPDATE clicks SET person_id = ?, ask_id = ? WHERE project_id = ? AND person_id = ? AND ask_id = ?
"""
