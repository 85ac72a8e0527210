"""Counting for surveys that limit their responses: how many there are, and how closely the recent score is known.

The theory stands in `core/standing.py`. These are sums over many rows: run them by `scan`, now and then.
"""

from __future__ import annotations

from tactful.core.catalogue import Catalogue
from tactful.core.spans import DAY_MS
from tactful.core.standing import Standing, limits_responses, standing_of
from tactful.store.figures import SCORES_BY_DAY
from tactful.store.journal import NOW
from tactful.store.script import Script, one, rows

__all__ = ["read_standings"]

COUNT_RESPONSES = """
SELECT count(*) AS responses FROM (
    SELECT 1 AS one FROM responses WHERE project_id = ? AND survey_key = ? AND test = 0 LIMIT ?) counted
"""


def read_standings(project_id: str, catalogue: Catalogue) -> Script[dict[str, Standing]]:
    """Count for every survey that limits its responses, by key. Days are whole ones in UTC, today's among them."""
    found = {}
    now = (yield one(NOW))["now"]
    for key, live in catalogue.surveys.items():
        survey = live.survey
        if not limits_responses(survey):
            continue
        counted = yield one(COUNT_RESPONSES, project_id, key, survey.quota or 1)
        recent: dict[int, int] = {}
        if survey.enough is not None:
            first = (now - survey.enough.per_ms) // DAY_MS + 1
            for row in (yield rows(SCORES_BY_DAY, project_id, key, first, now // DAY_MS)):
                recent[row["score"]] = recent.get(row["score"], 0) + row["responses"]
        found[key] = standing_of(survey, counted["responses"], recent)
    return found
