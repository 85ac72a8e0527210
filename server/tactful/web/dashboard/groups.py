"""Variants and arms beside each other on the results page: each with its numbers, and what may be said of the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tactful.core.comparing import Difference, Group, GroupResults, compare
from tactful.core.kinds import Kind
from tactful.core.surveys import Survey
from tactful.store.groups import Groups
from tactful.web import formats
from tactful.web.dashboard.figures import measure, shown_figure

__all__ = ["shown_groups"]

_UNITS = {"points": "points", "percent": "percentage points", "scale": ""}


def shown_groups(survey: Survey, kind: Kind, band: str | None, groups: Groups) -> list[dict[str, Any]]:
    """What the page shows of variants and of arms, each only where there are any; `band` is what is looked at."""
    parts = [
        ("variants", "Variants", "", groups.variants, False),
        ("arms", "By", survey.arm or "an arm that this survey had", groups.arms, groups.more_arms),
    ]
    return [
        {"id": name, "title": title, "path": path, "more": more, **_compared(kind, band, found)}
        for name, title, path, found, more in parts
        if found
    ]


def _compared(kind: Kind, band: str | None, groups: Sequence[Group]) -> dict[str, Any]:
    found = compare(kind, groups, lambda histogram: measure(kind, band, histogram))
    first = found.groups[0]
    return {
        "first": first.name,
        "comparisons": found.comparisons,
        "many": found.many,
        "groups": [_group(kind, one) for one in found.groups],
    }


def _group(kind: Kind, one: GroupResults) -> dict[str, Any]:
    return {
        "name": one.name,
        "asked": one.asked,
        "n": one.n,
        "responded": one.responded,
        "figure": one.score and shown_figure(kind, one.score),
        "score": _said(one.difference),
        "rate": _said(one.responded_difference),
    }


def _said(difference: Difference | None) -> dict[str, str] | None:
    """A difference in words: which way, by how much, and between what it likely lies."""
    if difference is None:
        return None
    found, unit = difference.interval, difference.unit
    assert found.estimate is not None, "a difference is of two that have answers"
    low, by, high = (formats.signed(value, unit) for value in (found.low, found.estimate, found.high))
    return {"way": difference.way, "by": by, "low": low, "high": high, "unit": _UNITS[unit]}
