"""How a survey stands: whether it has been answered often enough.

A quota ends a survey after so many responses; `enough` stops it while its score is known as tightly as was wanted. Both
look at the project and not at a person, and neither protects anybody: a few responses more do no harm, and whoever is
typing when a quota fills is let finish. So a process may go by what it counted some seconds ago, and no transaction
waits for a count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tactful.core.results import Funnel, summarise
from tactful.core.surveys import Survey

__all__ = ["Standing", "limits_responses", "standing_of"]


class Standing(NamedTuple):
    """Responses so far, and the margin of the recent score: half of its interval (None: too few answers to tell)."""

    responses: int
    margin: float | None = None


def limits_responses(survey: Survey) -> bool:
    """Tell whether somebody has to count for `survey`."""
    return survey.quota is not None or survey.enough is not None


def standing_of(survey: Survey, responses: int, recent: Mapping[int, int]) -> Standing:
    """Sum up `responses` in all, and the scores given within the survey's `enough.per_ms`."""
    scored = survey.scored
    if survey.enough is None or scored is None:
        return Standing(responses)
    score = summarise(scored.kind, recent, Funnel()).score
    return Standing(responses, None if score is None else (score.interval.high - score.interval.low) / 2)
