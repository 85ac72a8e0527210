"""A score over time: days gathered to weeks or months, each with its interval and its n.

How long a period is follows the range, and then the answers: where most periods would have too few for a score, the
next longer one is taken. A period with too few answers has no score and leaves a gap; a line through it would claim
what nobody said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from tactful.core.results import FEWEST, Figure
from tactful.web.dashboard.filters import Filters, day_date

__all__ = ["PERIODS", "Point", "Trend", "trend"]

Scores = Iterable[tuple[int, int, int]]
Measure = Callable[[Mapping[int, float]], Figure | None]


@dataclass(frozen=True, slots=True)
class Point:
    """One period: its name, its answers, and the figure (None below `FEWEST`). `whole` is False where the range or
    the present cuts it short."""

    label: str
    title: str
    n: int
    figure: Figure | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """The points of a range, in the order of time, `by` day, week or month."""

    by: str
    points: tuple[Point, ...]

    @property
    def drawable(self) -> bool:
        """Tell whether at least two points have a score."""
        return sum(point.figure is not None for point in self.points) > 1


def _week(day: date) -> date:
    return day - timedelta(days=day.weekday())


#: How periods begin, by name; and the longest range that each is taken for, in days.
PERIODS: Mapping[str, tuple[Callable[[date], date], int]] = {
    "day": (lambda day: day, 31),
    "week": (_week, 190),
    "month": (lambda day: day.replace(day=1), 100_000),
}


#: Who chooses a period may have this many times more points than are shown otherwise.
_STRETCH = 12


def _next(by: str, start: date) -> date:
    step = {"day": 1, "week": 7, "month": 32}[by]
    return PERIODS[by][0](start + timedelta(days=step))


def trend(filters: Filters, scores: Scores, measure: Measure) -> Trend:
    """Gather `scores` (day, score, answers; others than the range's days are left out) and measure each period."""
    inside = [one for one in scores if filters.first <= one[0] <= filters.last]
    first = min((day for day, _, _ in inside), default=filters.last) if filters.range == "all" else filters.first
    by = _length(filters.by, filters.last - first + 1, inside)
    return Trend(by, tuple(_points(by, (first, filters.last, filters.today), inside, measure)))


def _length(wanted: str | None, days: int, scores: Scores) -> str:
    """The shortest period, from the one that is wanted on, with neither too many points nor mostly empty ones."""
    names = list(PERIODS)
    if wanted is not None:
        fitting = [by for by in names[names.index(wanted) :] if days <= PERIODS[by][1] * _STRETCH]
        return fitting[0]
    fitting = [by for by in names if days <= PERIODS[by][1]]
    return next((by for by in fitting if not _mostly_too_few(by, scores)), fitting[-1])


def _gather(by: str, scores: Scores) -> dict[date, dict[int, int]]:
    begin = PERIODS[by][0]
    found: dict[date, dict[int, int]] = {}
    for day, score, answers in scores:
        histogram = found.setdefault(begin(day_date(day)), {})
        histogram[score] = histogram.get(score, 0) + answers
    return found


def _mostly_too_few(by: str, scores: Scores) -> bool:
    sizes = [sum(histogram.values()) for histogram in _gather(by, scores).values()]
    return sum(n >= FEWEST for n in sizes) * 2 < len(sizes)


def _points(by: str, days: tuple[int, int, int], scores: Scores, measure: Measure) -> Iterable[Point]:
    first, last, today = (day_date(day) for day in days)
    gathered = _gather(by, scores)
    start = PERIODS[by][0](first)
    while start <= last:
        following = _next(by, start)
        histogram = gathered.get(start, {})
        n = sum(histogram.values())
        whole = first <= start and following - timedelta(days=1) <= last and following <= today
        yield Point(_label(by, start), _title(by, start), n, measure(histogram) if n >= FEWEST else None, whole)
        start = following


def _label(by: str, start: date) -> str:
    return f"{start:%b %Y}" if by == "month" else f"{start.day} {start:%b}"


def _title(by: str, start: date) -> str:
    if by == "month":
        return f"{start:%B %Y}"
    named = f"{start.day} {start:%b %Y}"
    return f"Week of {named}" if by == "week" else f"{start:%a} {named}"
