"""What people did after the thanks: followed a link, shared or copied a text, copied a coupon.

A share is of everybody in a band who answered a version that offered it to them, whether or not they saw the thanks:
nothing that a browser fails to report can flatter it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tactful.core import intervals
from tactful.core.results import CONFIDENCE, FEWEST, Part
from tactful.core.surveys import Survey, Thanks
from tactful.core.texts import ELSE

__all__ = ["CLICKS", "Followed", "clicks_in", "followed", "offered", "offers"]

#: What may be done with thanks, by what of them it is done with.
_DONE_WITH = {"action": ("action",), "share": ("share", "copy"), "coupon": ("coupon",)}

CLICKS = tuple(what for done in _DONE_WITH.values() for what in done)


def clicks_in(mask: int) -> list[str]:
    """The clicks that a sum of powers of two says, in the order of `CLICKS`, the first of which is 1."""
    return [what for index, what in enumerate(CLICKS) if mask >> index & 1]


def _offers(thanks: Thanks | None) -> frozenset[str]:
    return frozenset(what for field, done in _DONE_WITH.items() if getattr(thanks, field, None) for what in done)


def offers(survey: Survey) -> frozenset[str]:
    """What the survey offers to anybody at its end."""
    return frozenset().union(*map(_offers, survey.thanks.values()))


def offered(survey: Survey, band: str | None) -> frozenset[str]:
    """What the survey offers at its end to whoever is in `band`, or gave no score (None)."""
    return _offers(survey.thanks.get(band or ELSE) or survey.thanks.get(ELSE))


@dataclass(frozen=True, slots=True)
class Followed:
    """What those of one band did with one thing that they were offered; `band` is None for those without a score."""

    band: str | None
    part: Part


#: A version of the survey and a band of those who answered it.
Answered = tuple[int, str | None]


def followed(
    versions: Mapping[int, Survey],
    answered: Mapping[Answered, int],
    clicks: Mapping[tuple[int, str | None, str], int],
    bands: Iterable[str],
) -> tuple[Followed, ...]:
    """Add up what was clicked, for each of `bands` and for no score, where anybody was offered it.

    `answered` counts answers by version and band, `clicks` what was done by version, band and click.
    """
    found = []
    for band in (*bands, None):
        for what in CLICKS:
            seen = [key for key in answered if key[1] == band and what in offered(versions[key[0]], band)]
            of = sum(answered[key] for key in seen)
            if of:
                found.append(Followed(band, _part(what, sum(clicks.get((*key, what), 0) for key in seen), of)))
    return tuple(found)


def _part(what: str, count: int, of: int) -> Part:
    return Part(what, count, of, intervals.proportion(count, of, CONFIDENCE) if of >= FEWEST else None)
