"""What was decided about a person lately, and which events there are: the values that are written behind.

A decision is remembered for whoever asks why, the last 20 of a person. The same refusal again within an hour is the
same line with a count, or a page that reports an event every second would push everything else out. Nothing is ever
decided by what is remembered here, so it may be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from tactful.core.decide import Refusal
from tactful.core.spans import HOUR_MS

__all__ = [
    "MOST_PROPERTIES",
    "MOST_RECENT",
    "OUTCOMES",
    "SAME_WITHIN_MS",
    "Noted",
    "merge_properties",
    "noted_from",
    "noted_list",
    "properties_of",
    "remember",
]

#: What a decision came to, in words. `show` has outcomes of its own, since nothing throttles it.
OUTCOMES: dict[str, str] = {
    "offered": "offered",
    "not_offered": "not offered",
    "outranked": "another survey was offered first",
    "asked": "asked",
    "not_asked": "offered, but not asked after all",
    "shown": "asked, because they asked for it",
    "not_shown": "they asked for it, but it was not shown",
}

MOST_RECENT = 20
#: The same decision again within this time is counted and makes no new line.
SAME_WITHIN_MS = HOUR_MS
#: An ask is told alone, always.
_ALONE = frozenset({"asked", "shown"})
_MOST_REASONS = 12
_LONGEST_PAGE = 200

MOST_PROPERTIES = 50
_LONGEST_NAME = 100


class Noted(NamedTuple):
    """A decision, made `times` times from `first_at` to `at` (milliseconds). `page` is the last one's path."""

    at: int
    first_at: int
    times: int
    survey: str
    version: int
    outcome: str
    page: str
    reasons: tuple[Refusal, ...] = ()

    @property
    def likeness(self) -> tuple[object, ...]:
        """What another decision has in common with this one if it is the same again."""
        reasons = tuple((one.code, one.rule) for one in self.reasons)
        alone = self.at if self.outcome in _ALONE else None
        return (self.survey, self.version, self.outcome, reasons, alone)


def remember(recent: Iterable[Noted], more: Iterable[Noted]) -> tuple[Noted, ...]:
    """Join two histories: the newest first, the same again within an hour in one line, 20 lines at most."""
    kept: list[Noted] = []
    latest: dict[tuple[object, ...], int] = {}
    for one in sorted((*recent, *more), key=lambda noted: (noted.at, noted.first_at)):
        place = latest.get(one.likeness)
        if place is not None and one.first_at <= kept[place].at + SAME_WITHIN_MS:
            before = kept[place]
            first_at = min(one.first_at, before.first_at)
            kept[place] = one._replace(first_at=first_at, times=one.times + before.times)
        else:
            latest[one.likeness] = len(kept)
            kept.append(one)
    kept.reverse()  # in one millisecond too, what was decided later comes first
    kept.sort(key=lambda noted: -noted.at)
    return tuple(kept[:MOST_RECENT])


def noted_list(recent: Sequence[Noted]) -> list[list[Any]]:
    """Write a history as lists, which are smaller than objects: it is written again with every change."""
    return [
        [*one[:6], one.page[:_LONGEST_PAGE], [_values(reason) for reason in one.reasons[:_MOST_REASONS]]]
        for one in recent
    ]


#: A refusal is written as the values of its fields in their order; a later field has a default for what was before.
_FIELDS = tuple(one.name for one in fields(Refusal))


def _values(reason: Refusal) -> list[object]:
    return [getattr(reason, name) for name in _FIELDS]


def noted_from(written: Sequence[Sequence[Any]]) -> tuple[Noted, ...]:
    """Read what `noted_list` wrote."""
    return tuple(Noted._make((*one[:7], tuple(Refusal(*reason) for reason in one[7]))) for one in written)


# Events -------------------------------------------------------------------------------------------------------------

_TYPES: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
    type(None): "null",
}


def properties_of(properties: Mapping[str, object]) -> dict[str, str]:
    """Name the type of each property, of the first 50."""
    found: dict[str, str] = {}
    for name, value in properties.items():
        if len(found) >= MOST_PROPERTIES:
            break
        found[name[:_LONGEST_NAME]] = _TYPES[type(value)]
    return found


def merge_properties(known: Mapping[str, Sequence[str]], more: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Join the types seen of each property; 50 properties at most, those known first."""
    merged = {name: list(types) for name, types in known.items()}
    for name, types in more.items():
        if name in merged or len(merged) < MOST_PROPERTIES:
            merged[name] = sorted({*merged.get(name, ()), *types})
    return merged
