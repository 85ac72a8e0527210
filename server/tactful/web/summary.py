"""From a survey's stored sums to its results: where the store meets the statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tactful.core.comparing import Group, compare, comparison_json
from tactful.core.results import Funnel, Results, summarise
from tactful.core.surveys import Survey
from tactful.store.results import Sums

__all__ = ["compared_json", "results_of"]


def results_of(survey: Survey, sums: Sums) -> Results:
    """Add up `sums` as the survey's score is measured."""
    funnel = Funnel(sums.asked, sums.seen, sums.responded, sums.dismissed, sums.opted_out, sums.ignored)
    return summarise(survey.scale, sums.scores, funnel)


def compared_json(survey: Survey, groups: Sequence[Group]) -> dict[str, Any] | None:
    """Compare a survey's groups as the management API tells it; None where there are none."""
    return comparison_json(compare(survey.scale, groups)) if groups else None
