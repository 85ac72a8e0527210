"""What a survey's answers add up to, with how sure one may be of each number.

Everything here follows from a kind and a histogram of scores. The kind's `measure` picks the score: `nps` is the
Net Promoter Score in points, `share` the share in the best band (CSAT top-two-box) and `mean` the average on the
scale (CES); a share has the mean beside it and a mean the share. Every score and rate carries its interval
(`core/intervals`).

Small numbers are said to be small. Below `FEWEST` only counts are shown, because a score of three answers moves by
tens of points with the next one and its interval spans most of the scale. Below `ENOUGH` the score is shown and
called a small sample. At 30 typical answers an NPS is still known to plus or minus 26 points only.

Rates are of the people asked, not of those who saw the card: nothing a browser fails to report can flatter them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from tactful.core import intervals
from tactful.core.intervals import Interval
from tactful.core.kinds import Kind, band_of

__all__ = [
    "CONFIDENCE",
    "ENOUGH",
    "FEWEST",
    "Bar",
    "Figure",
    "Funnel",
    "Part",
    "Results",
    "as_json",
    "figure_json",
    "part_json",
    "part_of",
    "reliability_of",
    "scores_json",
    "summarise",
]

CONFIDENCE = 0.95

#: Fewer answers than this show no score and no shares, only counts.
FEWEST = 5

#: Fewer answers than this are called a small sample.
ENOUGH = 30

Reliability = Literal["withheld", "small", "good"]


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many asks there were and what became of them, each at most `asked`.

    `ignored` are the asks that were neither answered nor closed by the person.
    """

    asked: int = 0
    seen: int = 0
    responded: int = 0
    dismissed: int = 0
    opted_out: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """`count` of `of`. `share` is 0..1 and None when `of` is below `FEWEST`."""

    name: str
    count: float
    of: float
    share: Interval | None


@dataclass(frozen=True, slots=True)
class Bar:
    """One score of the scale: how many gave it, and their share 0..1 (None when there are too few answers)."""

    score: int
    band: str
    count: float
    share: float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A score with its interval and the ends of its scale.

    `unit` is `points` (NPS), `percent` (a share in the best band, 0..100) or `scale` (a mean answer).
    """

    name: str
    unit: Literal["points", "percent", "scale"]
    interval: Interval
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Results:
    """A survey's results. `score` is None when it is withheld or when the survey's kind has no score.

    `n` counts scored answers. `also` holds the figure beside the score, if the kind has one. `bars` run over the
    whole scale and `bands` from the worst to the best. `rates` are seen, responded, dismissed, opted_out, ignored.
    """

    kind: Kind
    n: float
    reliability: Reliability
    score: Figure | None
    also: tuple[Figure, ...]
    bars: tuple[Bar, ...]
    bands: tuple[Part, ...]
    asked: int
    rates: tuple[Part, ...]


def summarise(kind: Kind, histogram: Mapping[int, float], funnel: Funnel) -> Results:
    """Add up the answers to one survey.

    `histogram` maps a score to how often it was given; real-valued counts (weights) are allowed.

    Raises:
        ValueError: a score is not on the kind's scale, a count is negative, or more happened than was asked.
    """
    off = [score for score in histogram if not (kind.scored and kind.lowest <= score <= kind.highest)]
    if off:
        raise ValueError(f"{off[0]} is not on the {kind.name} scale")
    n = math.fsum(histogram.values())
    bands = tuple(part_of(band.name, _count_in(kind, band.name, histogram), n) for band in kind.bands)
    reliability = reliability_of(n)
    figures = _MEASURES[kind.measure](kind, histogram, bands) if kind.scored and reliability != "withheld" else ()
    return Results(
        kind=kind,
        n=_whole(n),
        reliability=reliability,
        score=figures[0] if figures else None,
        also=figures[1:],
        bars=_bars(kind, histogram, n),
        bands=bands,
        asked=funnel.asked,
        rates=tuple(
            part_of(field.name, getattr(funnel, field.name), funnel.asked)
            for field in fields(funnel)
            if field.name != "asked"
        ),
    )


def reliability_of(n: float) -> Reliability:
    """Say what `n` answers are good for: `withheld` (counts only), `small` or `good`."""
    return "withheld" if n < FEWEST else "small" if n < ENOUGH else "good"


def as_json(results: Results) -> dict[str, Any]:
    """Return the results as the management API tells them: finite numbers and None, stable names, rates 0..1."""
    return {
        "kind": results.kind.name,
        "n": results.n,
        "confidence": CONFIDENCE,
        "reliability": results.reliability,
        **scores_json(results),
        "asked": results.asked,
        "rates": {part.name: part_json(part) for part in results.rates},
    }


def scores_json(results: Results) -> dict[str, Any]:
    """Return what the scores alone come to, as the management API tells it."""
    return {
        "score": figure_json(results.score) if results.score else None,
        "also": [figure_json(figure) for figure in results.also],
        "distribution": [
            {"score": bar.score, "band": bar.band, "count": bar.count, "share": bar.share} for bar in results.bars
        ],
        "bands": [{"band": part.name, **part_json(part)} for part in results.bands],
    }


def _nps(_kind: Kind, _histogram: Mapping[int, float], bands: tuple[Part, ...]) -> tuple[Figure, ...]:
    detractors, passives, promoters = (part.count for part in bands)
    return (Figure("nps", "points", intervals.nps(promoters, passives, detractors, CONFIDENCE), -100, 100),)


def _share(kind: Kind, histogram: Mapping[int, float], bands: tuple[Part, ...]) -> tuple[Figure, ...]:
    best = _best_band(bands)
    # Of two steps the mean is the share once more.
    return (best,) if kind.highest - kind.lowest == 1 else (best, _average(kind, histogram))


def _mean(kind: Kind, histogram: Mapping[int, float], bands: tuple[Part, ...]) -> tuple[Figure, ...]:
    return _average(kind, histogram), _best_band(bands)


_MEASURES: dict[str, Callable[[Kind, Mapping[int, float], tuple[Part, ...]], tuple[Figure, ...]]] = {
    "nps": _nps,
    "share": _share,
    "mean": _mean,
}


def _best_band(bands: tuple[Part, ...]) -> Figure:
    best = bands[-1]
    share = intervals.proportion(best.count, best.of, CONFIDENCE)
    estimate = None if share.estimate is None else 100 * share.estimate
    return Figure(best.name, "percent", Interval(estimate, 100 * share.low, 100 * share.high), 0, 100)


def _average(kind: Kind, histogram: Mapping[int, float]) -> Figure:
    ends = (kind.lowest, kind.highest)
    return Figure("mean", "scale", intervals.mean(histogram, CONFIDENCE, ends), *ends)


def _count_in(kind: Kind, band: str, histogram: Mapping[int, float]) -> float:
    return _whole(math.fsum(count for score, count in histogram.items() if band_of(kind, score) == band))


def _bars(kind: Kind, histogram: Mapping[int, float], n: float) -> tuple[Bar, ...]:
    if not kind.scored:
        return ()
    counts = {score: histogram.get(score, 0) for score in range(kind.lowest, kind.highest + 1)}
    shown = n >= FEWEST
    return tuple(
        Bar(score, band_of(kind, score), count, count / n if shown else None) for score, count in counts.items()
    )


def part_of(name: str, count: float, of: float) -> Part:
    """`count` of `of` with its share, which is withheld below `FEWEST`."""
    share = intervals.proportion(count, of, CONFIDENCE)  # also where it is withheld, since it checks the counts
    return Part(name, count, _whole(of), share if of >= FEWEST else None)


def _whole(count: float) -> float:
    """Unweighted counts stay whole numbers, on the page and in JSON."""
    return int(count) if float(count).is_integer() else count


def figure_json(figure: Figure) -> dict[str, Any]:
    """Return a figure as the management API tells it."""
    interval = figure.interval
    return {
        "name": figure.name,
        "unit": figure.unit,
        "estimate": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "lowest": figure.lowest,
        "highest": figure.highest,
    }


def part_json(part: Part) -> dict[str, Any]:
    """Return a count and its share 0..1 as the management API tells it; the share is None where it is withheld."""
    share = part.share
    return {
        "count": part.count,
        "share": share and share.estimate,
        "low": share and share.low,
        "high": share and share.high,
    }
