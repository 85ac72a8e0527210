"""Why people were not asked, on a survey's page: how often it was offered and was not, and for which reasons.

What is drawn is made of numbers alone: positions are attributes in percent of the width and in pixels of the height,
and the same numbers are a table beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tactful.core.spans import DAY_MS, HOUR_MS
from tactful.store.journal import KEEP_COUNTS_MS, counts_of
from tactful.web.dashboard.filters import Filters, in_words, written_date
from tactful.web.dashboard.frame import Look
from tactful.web.refusals import Tally, periods_of, summed_up

__all__ = ["HEIGHT", "Column", "refusals"]

_HOURS = 24
_KEPT_DAYS = KEEP_COUNTS_MS // DAY_MS
#: Hours are drawn for so many days, days for more.
_DAYS_BY_HOUR = 3
#: The drawing's height in pixels, and which share of its place a column fills.
HEIGHT = 176
_FILLED = 0.74
#: A column with anything in it can be seen.
_LEAST = 2.0
_MOST_REASONS = 12


@dataclass(frozen=True, slots=True)
class Column:
    """One period, as drawn and as a row: `x` and `width` in percent, the tops and heights in pixels."""

    title: str
    tally: Tally
    x: float
    width: float
    offered_height: float
    refused_height: float

    @property
    def refused_top(self) -> float:
        return round(HEIGHT - self.offered_height - self.refused_height, 2)

    @property
    def offered_top(self) -> float:
        return round(HEIGHT - self.offered_height, 2)


async def refusals(look: Look, survey_key: str, filters: Filters) -> dict[str, Any]:
    """Everything that the section shows, for the days of `filters` as far as counts are kept."""
    first = max(filters.first, filters.today - _KEPT_DAYS + 1)
    step = 1 if filters.last - first < _DAYS_BY_HOUR else _HOURS
    hours = (first * _HOURS, (filters.last + 1) * _HOURS)
    counts = (
        await look.service.db.scan(counts_of, look.project_id, survey_key, hours, step) if first <= filters.last else []
    )
    tally, periods = summed_up(counts), periods_of(counts)
    columns = list(_columns(periods, (hours[0] // step, hours[1] // step), step, look.now_ms))
    reasons = tally.reasons
    return {
        "tally": tally,
        "decisions": tally.offered + tally.refused,
        "days": _days(filters),
        "by": "hour" if step == 1 else "day",
        "reasons": reasons[:_MOST_REASONS],
        "more": len(reasons) - _MOST_REASONS,
        "columns": columns,
        "most": max((one.tally.offered + one.tally.refused for one in columns), default=0),
        "ends": (columns[0].title, columns[-1].title) if columns else ("", ""),
        "kept_days": _KEPT_DAYS,
        "height": HEIGHT,
    }


def _days(filters: Filters) -> str:
    """The days that are shown, as a sentence goes on with them: `in the last 90 days`."""
    if filters.range == "all":
        return f"in the last {_KEPT_DAYS} days"
    if filters.range != "custom":
        return f"in {in_words(filters)}"
    return f"on {written_date(filters.first)}" if filters.days == 1 else f"from {in_words(filters)}"


def _columns(periods: Mapping[int, Tally], reach: tuple[int, int], step: int, now_ms: int) -> Iterator[Column]:
    """A column for each period from the first with a decision on, up to now; none where nothing was decided."""
    counted = {period: one for period, one in periods.items() if one.offered + one.refused}
    if not counted:
        return
    first, last = min(counted), min(reach[1] - 1, now_ms // HOUR_MS // step)
    # A few columns in the width of many, so that one day does not look like a wall.
    first = max(reach[0], min(first, last - 13))
    place = 100 / (last - first + 1)
    scale = HEIGHT / max(one.offered + one.refused for one in counted.values())
    for number, period in enumerate(range(first, last + 1)):
        tally = counted.get(period, Tally())
        yield Column(
            _title(period * step, step),
            tally,
            round(number * place + place * (1 - _FILLED) / 2, 3),
            round(place * _FILLED, 3),
            _height(tally.offered, scale),
            _height(tally.refused, scale),
        )


def _height(count: int, scale: float) -> float:
    return round(max(_LEAST, count * scale), 2) if count else 0.0


def _title(hour: int, step: int) -> str:
    at = datetime.fromtimestamp(hour * HOUR_MS // 1_000, UTC)
    return f"{at.day} {at:%b, %H:00}" if step == 1 else f"{at.day} {at:%b %Y}"
