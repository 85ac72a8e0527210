"""Which part of a survey's answers is shown, as the page's address says it.

    ?range=custom&from=2026-10-01&to=2026-10-31&band=detractor&trait=plan=pro&by=week

Everything has a default and nothing is refused: an address that somebody typed or an old bookmark shows something
sensible. Days are whole ones in UTC, so a link means the same to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson

from tactful.core.kinds import Kind
from tactful.core.spans import DAY_MS
from tactful.store.figures import Slice, Trait

__all__ = ["RANGES", "Filters", "day_date", "in_words", "read_filters", "written_date"]

#: Ranges by their name in the address: what they are called, and how many days they hold (None: all there are).
RANGES: Mapping[str, tuple[str, int | None]] = {
    "7d": ("7 days", 7),
    "30d": ("30 days", 30),
    "90d": ("90 days", 90),
    "all": ("All", None),
}
_DEFAULT = "90d"
_EPOCH = date(1970, 1, 1)
_LONGEST = 200
_PERIODS = ("day", "week", "month")


def day_date(day: int) -> date:
    """The date of a day numbered from 1970."""
    return _EPOCH + timedelta(days=day)


def _day(text: str | None) -> int | None:
    try:
        found = (date.fromisoformat(text or "") - _EPOCH).days
    except ValueError:
        return None
    return found if 0 <= found < 50_000 else None


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for. `first` and `last` are days; `trait` is a name and a value as written in the address."""

    range: str
    first: int
    last: int
    today: int
    band: str | None = None
    trait: tuple[str, str] | None = None
    by: str | None = None

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    @property
    def compares(self) -> bool:
        """Tell whether there is a period before to compare with."""
        return self.range != "all"

    @property
    def narrow(self) -> bool:
        """Tell whether anything but the time is filtered."""
        return self.band is not None or self.trait is not None

    @property
    def part(self) -> Slice:
        """The slice to count."""
        trait = self.trait and Trait(self.trait[0], _json_texts(self.trait[1]))
        before = max(0, self.first - self.days) if self.compares else self.first
        return Slice(self.first, self.last, before, trait, self.band)

    def values(self, **changes: Any) -> dict[str, str]:
        """The filters as names and values of the address, with `changes`; defaults are left out."""
        one = replace(self, **changes)
        written = {
            "range": "" if one.range == _DEFAULT else one.range,
            "from": day_date(one.first).isoformat() if one.range == "custom" else "",
            "to": day_date(one.last).isoformat() if one.range == "custom" else "",
            "band": one.band or "",
            "trait": "=".join(one.trait) if one.trait else "",
            "by": one.by or "",
        }
        return {name: value for name, value in written.items() if value}

    def query(self, **changes: Any) -> str:
        """The address's query with `changes`: `?` alone leads to the defaults."""
        return "?" + urlencode(self.values(**changes))


def _json_texts(value: str) -> tuple[str, str]:
    as_text = orjson.dumps(value).decode()
    try:
        is_scalar = not isinstance(orjson.loads(value), str | list | dict)
    except orjson.JSONDecodeError:
        is_scalar = False
    return as_text, value if is_scalar else as_text


def read_filters(query: Mapping[str, str], kind: Kind, now_ms: int) -> Filters:
    """Read the filters of an address. Whatever cannot be read is as if it were not there."""
    today = now_ms // DAY_MS
    chosen, first, last = _days(query, today)
    band, by = query.get("band"), query.get("by")
    name, sign, value = query.get("trait", "")[:_LONGEST].replace("\0", "").partition("=")
    return Filters(
        range=chosen,
        first=first,
        last=last,
        today=today,
        band=band if band in {one.name for one in kind.bands} else None,
        trait=(name, value) if name and sign else None,
        by=by if by in _PERIODS else None,
    )


def _days(query: Mapping[str, str], today: int) -> tuple[str, int, int]:
    chosen = query.get("range", _DEFAULT)
    since, until = _day(query.get("from")), _day(query.get("to"))
    if chosen == "custom" and (since is not None or until is not None):
        last = min(today, until if until is not None else today)
        first = min(today, since if since is not None else max(0, last - 29))
        return "custom", min(first, last), max(first, last)
    length = RANGES.get(chosen, RANGES[_DEFAULT])[1]
    chosen = chosen if chosen in RANGES else _DEFAULT
    return chosen, 0 if length is None else today - length + 1, today


def in_words(filters: Filters) -> str:
    """Name the days that are shown: `the last 30 days`, `1 Oct 2026 to 31 Oct 2026`."""
    if filters.range == "custom":
        return f"{written_date(filters.first)} to {written_date(filters.last)}"
    return "all answers" if filters.range == "all" else f"the last {filters.days} days"


def written_date(day: int) -> str:
    """`31 Oct 2026`."""
    at = datetime.combine(day_date(day), datetime.min.time(), UTC)
    return f"{at.day} {at:%b %Y}"
