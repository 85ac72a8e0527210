"""What is known of one person at one moment: the facts that a decision rests on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from tactful.core.spans import DAY_MS

__all__ = ["DEVICES", "PastAsk", "Person", "Tally", "device_of"]

#: Devices by how wide a page is on them, in CSS pixels: each from its number on, up to the next.
_WIDTHS = (("phone", 0), ("tablet", 600), ("desktop", 1_024))
DEVICES = tuple(name for name, _ in _WIDTHS)

_NOTHING: Mapping[str, object] = MappingProxyType({})


class Tally(NamedTuple):
    """What a rule counts beyond one person: in which scope (`account:acme`), over which surveys (`all`, `kind:nps`,
    `tag:onboarding`, `survey:lesson-nps`), and of what (`asked`, `dismissed`, `responded`)."""

    scope: str
    surveys: str
    counts: str


_NO_TALLIES: Mapping[Tally, tuple[int, ...]] = MappingProxyType({})
_NEVER_FIRED: Mapping[str, int] = MappingProxyType({})


class PastAsk(NamedTuple):
    """One ask that counts, with the survey's kind and tags *as they were when asked*, so copying a survey or
    renaming a tag escapes no cap. Times are milliseconds; None: it did not happen. `score` and `band` are those of the
    newest revision of its response."""

    survey: str
    kind: str
    tags: frozenset[str]
    asked_at: int
    dismissed_at: int | None = None
    responded_at: int | None = None
    score: int | None = None
    band: str | None = None


class Person(NamedTuple):
    """One person with all merged histories. `asks` need no order; asks given back are not among them.

    `sample_key` is the user id, else the anonymous id. `created_at` is only ever a time that the customer's backend
    vouched for. `tallies` has the newest times of what rules count beyond this person, read in the same transaction;
    `fired` has when the trigger of each survey with a reserve last fired for them.
    """

    sample_key: str
    first_seen_at: int
    created_at: int | None = None
    known: bool = False
    opted_out: bool = False
    test: bool = False
    traits: Mapping[str, object] = _NOTHING
    account: Mapping[str, object] = _NOTHING
    asks: tuple[PastAsk, ...] = ()
    account_id: str | None = None
    tallies: Mapping[Tally, tuple[int, ...]] = _NO_TALLIES
    fired: Mapping[str, int] = _NEVER_FIRED

    @property
    def since(self) -> int:
        """The earlier of first seen and a trusted creation time."""
        return self.first_seen_at if self.created_at is None else min(self.first_seen_at, self.created_at)

    def values(self, now: int) -> dict[str, Mapping[str, object]]:
        """What the paths of texts lead into; `tactful.core.audience` adds what only conditions look at."""
        about: dict[str, object] = {"known": self.known, "age_days": max(0, now - self.since) // DAY_MS}
        return {"traits": self.traits, "account": self.account, "person": about}


def device_of(width: float | None) -> str | None:
    """The device that shows a page of this width in CSS pixels; None where nobody told a width above 0."""
    if width is None or not width > 0:
        return None
    return next(name for name, least in reversed(_WIDTHS) if width >= least)
