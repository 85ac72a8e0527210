"""Whom an audience is about: the facts that its conditions look at.

What a person was (traits, account, first seen) is known at any time. What only a page can tell, its language and its
width, is known at an offer and at an ask, and to nobody who asks apart from any page: there it is *unknown*, which is
neither yes nor no.
"""

from __future__ import annotations

from tactful.core.conditions import Entry, Facts, paths_of
from tactful.core.instants import Instant
from tactful.core.people import Person, device_of

__all__ = ["facts_of", "told_by_page"]

_LONGEST_LOCALE = 64

#: What only a page can tell.
_TOLD_BY_PAGE = {"person.locale": "language", "person.device": "device"}


def told_by_page(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """What only a page can tell and `entries` look at: `language`, `device`."""
    return tuple(sorted(_TOLD_BY_PAGE[path] for path in paths_of(entries) & _TOLD_BY_PAGE.keys()))


def facts_of(person: Person, now: int, locale: str | None, width: float | None) -> Facts:
    """What the conditions of an audience look at. `locale` and `width` are None, or empty, where nobody knows."""
    values = person.values(now)
    told = {"locale": _tidy(locale) if locale else None, "device": device_of(width)}
    about = {"age": Instant(person.since), "first_seen": Instant(person.first_seen_at), **told}
    unknown = frozenset(f"person.{name}" for name, value in told.items() if value is None)
    return Facts({**values, "person": {**values["person"], **about}}, now, unknown, person.asks)


def _tidy(locale: str) -> str:
    """A language tag spelled as usual, `pt-BR` and `zh-Hant-TW`: pages write it as they like, and it means the same."""
    first, *rest = locale[:_LONGEST_LOCALE].replace("_", "-").split("-")
    spelled = (part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part.lower() for part in rest)
    return "-".join([first.lower(), *spelled])
