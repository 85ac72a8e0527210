"""Groups of one survey's asks beside each other: by variant, or by arm of an experiment.

Groups are made by when people were *asked*, so a score, its n and the response rate are of the same asks. Each is
compared with the first; a difference has the interval that follows from the two (MOVER, `core/intervals`), for an NPS
in points, a share in percentage points, a mean on the scale, and a response rate. It is called one only where that
interval leaves out zero. Every further comparison is another chance to be fooled, so more than one comes with a word
of warning rather than with silently wider intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tactful.core import intervals
from tactful.core.intervals import Interval
from tactful.core.kinds import Kind
from tactful.core.results import Figure, Funnel, Part, figure_json, part_json, summarise

__all__ = ["Comparison", "Difference", "Group", "GroupResults", "Measure", "compare", "comparison_json"]

#: The figure that a group is looked at by; None below the fewest answers.
Measure = Callable[[Mapping[int, float]], Figure | None]


@dataclass(frozen=True, slots=True)
class Group:
    """What was counted of one group: answers by score, and what became of its asks."""

    name: str
    histogram: Mapping[int, float]
    funnel: Funnel


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure minus that of the first group, in the figure's unit. `way` is empty where none can be told."""

    interval: Interval
    unit: Literal["points", "percent", "scale"]

    @property
    def way(self) -> Literal["higher", "lower", ""]:
        return "higher" if self.interval.low > 0 else "lower" if self.interval.high < 0 else ""


@dataclass(frozen=True, slots=True)
class GroupResults:
    """One group's results; the differences are None for the first, and where either of the two has too few."""

    name: str
    asked: int
    n: float
    score: Figure | None
    responded: Part
    difference: Difference | None = None
    responded_difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Groups in the order given. `comparisons` counts how many there are with the first."""

    groups: tuple[GroupResults, ...]

    @property
    def comparisons(self) -> int:
        return max(0, len(self.groups) - 1)

    @property
    def many(self) -> bool:
        """Tell whether so many are compared that one may differ by chance alone."""
        return self.comparisons > 1


def compare(kind: Kind, groups: Sequence[Group], measure: Measure | None = None) -> Comparison:
    """Compare groups by the score of `kind`, or by what `measure` takes, and by how many responded."""
    found = [_results(kind, group, measure) for group in groups]
    return Comparison(tuple(found[:1] + [_beside(found[0], one) for one in found[1:]]))


def _results(kind: Kind, group: Group, measure: Measure | None) -> GroupResults:
    whole = summarise(kind, group.histogram, group.funnel)
    score = measure(group.histogram) if measure is not None and kind.scored else whole.score
    responded = next(part for part in whole.rates if part.name == "responded")
    return GroupResults(group.name, whole.asked, whole.n, score, responded)


def _beside(first: GroupResults, one: GroupResults) -> GroupResults:
    score = rate = None
    if first.score is not None and one.score is not None:
        score = Difference(intervals.difference(one.score.interval, first.score.interval), one.score.unit)
    if first.responded.share is not None and one.responded.share is not None:
        found = intervals.difference(one.responded.share, first.responded.share)
        assert found.estimate is not None, "both have asks"
        rate = Difference(Interval(100 * found.estimate, 100 * found.low, 100 * found.high), "percent")
    return replace(one, difference=score, responded_difference=rate)


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as the management API tells it. Differences of response rates are shares, -1..1."""
    return {
        "groups": [_group_json(one) for one in comparison.groups],
        "comparisons": comparison.comparisons,
        "many": comparison.many,
    }


def _group_json(one: GroupResults) -> dict[str, Any]:
    return {
        "name": one.name,
        "asked": one.asked,
        "n": one.n,
        "score": one.score and figure_json(one.score),
        "responded": part_json(one.responded),
        "difference": one.difference and _difference_json(one.difference, 1),
        "responded_difference": one.responded_difference and _difference_json(one.responded_difference, 100),
    }


def _difference_json(difference: Difference, scale: float) -> dict[str, Any]:
    found = difference.interval
    assert found.estimate is not None, "a difference is of two that have answers"
    values = {"estimate": found.estimate / scale, "low": found.low / scale, "high": found.high / scale}
    return values | {"way": difference.way or None}
