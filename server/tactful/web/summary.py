"""From a survey's stored sums to its results: where the store meets the statistics."""

from __future__ import annotations

from tactful.core.kinds import KINDS
from tactful.core.results import Funnel, Results, summarise
from tactful.store.results import Sums

__all__ = ["results_of"]


def results_of(kind: str, sums: Sums) -> Results:
    """Add up `sums` as the survey's kind is measured."""
    funnel = Funnel(sums.asked, sums.seen, sums.responded, sums.dismissed, sums.opted_out, sums.ignored)
    return summarise(KINDS[kind], sums.scores, funnel)
