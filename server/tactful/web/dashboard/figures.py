"""From counts to what the results page says of them: the score, its change, and the traits one may filter by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tactful.core import intervals
from tactful.core.intervals import Interval
from tactful.core.kinds import Kind, band_of
from tactful.core.results import CONFIDENCE, FEWEST, Figure, Funnel, summarise
from tactful.web import formats

__all__ = ["Change", "TraitValue", "change", "histogram_of", "measure", "shown_figure", "trait_values"]

_NAMES = {"nps": "Net Promoter Score", "mean": "Average answer"}

_MOST_NAMES = 8
_MOST_VALUES = 12
#: A trait of which most values are held by one person (an address, a name) divides nobody into groups.
_FEWEST_EACH = 2.0
_LONGEST_VALUE = 60


def histogram_of(scores: Sequence[tuple[int, int, int]], first: int, last: int) -> dict[int, int]:
    """Add up (day, score, answers) from day `first` to day `last`, both counted."""
    found: dict[int, int] = {}
    for day, score, answers in scores:
        if first <= day <= last:
            found[score] = found.get(score, 0) + answers
    return found


def measure(kind: Kind, band: str | None, histogram: Mapping[int, float]) -> Figure | None:
    """The figure that answers are looked at by: the kind's score, or the share of one band. None below `FEWEST`."""
    if band is None:
        return summarise(kind, histogram, Funnel()).score
    n = sum(histogram.values())
    if n < FEWEST:
        return None
    inside = sum(count for score, count in histogram.items() if band_of(kind, score) == band)
    share = intervals.proportion(inside, n, CONFIDENCE)
    assert share.estimate is not None, "there are answers"
    return Figure(band, "percent", Interval(100 * share.estimate, 100 * share.low, 100 * share.high), 0, 100)


@dataclass(frozen=True, slots=True)
class Change:
    """A score against the period before. `way` is up, down, or empty where the difference may be none."""

    way: str
    by: str
    bounds: tuple[str, str]


def change(now: Figure, before: Figure) -> Change:
    """Compare two figures of the same measure."""
    found = intervals.difference(now.interval, before.interval)
    assert found.estimate is not None, "both have answers"
    way = "up" if found.low > 0 else "down" if found.high < 0 else ""
    low, by, high = (formats.signed(value, now.unit) for value in (found.low, found.estimate, found.high))
    return Change(way, by, (low, high))


def shown_figure(kind: Kind, figure: Figure) -> dict[str, Any]:
    """A score as the templates need it: words, and positions in percent of the scale's width."""
    span = figure.highest - figure.lowest

    def place(value: float) -> float:
        return round(100 * (value - figure.lowest) / span, 3)

    steps = int(span) if figure.unit == "scale" else 4
    ticks = [figure.lowest + span * step / steps for step in range(steps + 1)]
    interval = figure.interval
    assert interval.estimate is not None, "a score that is shown has answers"
    return {
        "label": _NAMES.get(figure.name) or formats.band_label(figure.name),
        "about": _about(kind, figure),
        "value": formats.figure(interval.estimate, figure.unit),
        "bounds": formats.bounds(figure),
        "at": place(interval.estimate),
        "low": place(interval.low),
        "width": round(place(interval.high) - place(interval.low), 3),
        "lowest": figure.lowest,
        "highest": figure.highest,
        "ticks": [(place(tick), _tick(tick, figure.unit)) for tick in ticks],
    }


def _about(kind: Kind, figure: Figure) -> str:
    if figure.unit == "points":
        return "Share of promoters minus share of detractors, in points"
    if kind.highest - kind.lowest == 1:
        return "Share of those who answered"
    if figure.unit == "percent":
        return (
            f"Share who answered {formats.band_range(kind, figure.name)} on a scale of {kind.lowest} to {kind.highest}"
        )
    return f"On a scale of {kind.lowest} to {kind.highest}"


def _tick(value: float, unit: str) -> str:
    return f"{value:.0f}" if unit == "scale" else formats.figure(value, unit)


@dataclass(frozen=True, slots=True)
class TraitValue:
    """One value of a trait that may be filtered by: as the address writes it, as people read it, and how many of the
    latest who answered have it (None: it is filtered by, and none of them has it)."""

    written: str
    label: str
    count: int | None


def trait_values(texts: Sequence[str], chosen: tuple[str, str] | None) -> list[tuple[str, list[TraitValue]]]:
    """The traits and values that are worth filtering by, the most common first, with `chosen` in any case."""
    counted: dict[str, Counter[str]] = {}
    for text in texts:
        for name, value in orjson.loads(text).items():
            if value is not None and not isinstance(value, list | dict) and "=" not in name:
                counted.setdefault(name, Counter())[_written(value)] += 1
    grouping = [(name, values) for name, values in counted.items() if _groups(values)]
    grouping.sort(key=lambda one: -one[1].total())
    offered = {name: _offer(name, values) for name, values in grouping[:_MOST_NAMES]}
    if chosen is not None:
        written, values = "=".join(chosen), offered.setdefault(chosen[0], [])
        if written not in {one.written for one in values}:
            count = counted.get(chosen[0], Counter())[chosen[1]] or None
            values.append(TraitValue(written, chosen[1][:_LONGEST_VALUE], count))
    return list(offered.items())


def _written(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _groups(values: Counter[str]) -> bool:
    return values.total() >= _FEWEST_EACH * len(values)


def _offer(name: str, values: Counter[str]) -> list[TraitValue]:
    most = values.most_common(_MOST_VALUES)
    return [TraitValue(f"{name}={value}", value[:_LONGEST_VALUE], count) for value, count in most]
