"""Triggers: which events make a survey a candidate.

An event matches a trigger by name, by where it came from and by its properties. `nth` counts matching occurrences
per person; the count is stored under `counter_of(trigger)`, a name made of what is counted, so that two surveys
that wait for the same thing share one count and an edit of a survey's texts does not start it anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from re import Pattern
from re import compile as compile_pattern
from types import MappingProxyType
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from tactful.core.conditions import Facts, compiled, look_up, same
from tactful.core.surveys import EventTrigger, Nth, Trigger

__all__ = ["Cancelling", "Event", "Matcher", "cancels", "counter_of", "is_due", "matcher_of", "next_due", "on_page"]

_LONGEST_PAGE = 2_000


class Event(NamedTuple):
    """Something that happened. `source` tells who said so: a page can be forged, a backend holds the write key.
    `answered` says that whoever told it reads an offer in the reply, as our own script does."""

    name: str
    properties: Mapping[str, object] = MappingProxyType({})
    source: Literal["browser", "server"] = "browser"
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Cancelling:
    """A survey whose waiting candidates an event cancels: all of them, or those with the same value at a path."""

    survey: str
    same: str | None


#: Tells whether an event, met at a time in milliseconds, is one that is waited for.
Matcher = Callable[[Event, int], bool]


def matcher_of(trigger: EventTrigger) -> Matcher:
    """What tells whether an event is one that `trigger` waits for, its count apart."""
    name, source, judge = trigger.event, trigger.source, compiled(trigger.where)

    def matches(event: Event, now: int) -> bool:
        if event.name != name or source not in ("any", event.source):
            return False
        return judge is None or judge(Facts({"properties": event.properties}, now)) is True

    return matches


def cancels(cancelling: Cancelling, event: Event, survey: str, values: Mapping[str, object]) -> bool:
    """Tell whether `event` takes away a candidate of `survey` that was made with these `values` by path."""
    if cancelling.survey != survey:
        return False
    path = cancelling.same
    if path is None:
        return True
    return path in values and same(look_up({"properties": event.properties}, path), values[path])


def is_due(nth: Nth | None, occurrence: int) -> bool:
    """Tell whether the `occurrence`-th matching event (from 1) is one that counts."""
    if nth is None:
        return True
    if nth.exactly is not None:
        return occurrence == nth.exactly
    return occurrence >= nth.start and (occurrence - nth.start) % nth.every == 0


def next_due(nth: Nth, counted: int) -> int | None:
    """The first occurrence after the `counted`-th that counts; None when none ever will again."""
    if nth.exactly is not None:
        return nth.exactly if counted < nth.exactly else None
    if counted < nth.start:
        return nth.start
    return counted + nth.every - (counted - nth.start) % nth.every


def counter_of(trigger: EventTrigger) -> str:
    """Name the count that `trigger` reads: the same for everything that counts the same occurrences."""
    counted = repr((trigger.event, trigger.source, trigger.where))
    return hashlib.blake2b(counted.encode(), digest_size=10).hexdigest()


@lru_cache(maxsize=1_024)
def _glob(pattern: str) -> Pattern[str]:
    return compile_pattern(translate(pattern))


def _written_forms(page: str) -> Iterable[str]:
    parts = urlsplit(page[:_LONGEST_PAGE])
    yield parts.path or "/"
    yield f"{parts.scheme}://{parts.netloc}{parts.path}"


def on_page(trigger: Trigger, page: str) -> bool:
    """Tell whether the survey may appear on `page`: the glob meets its path, or its whole address without query."""
    if trigger.page is None:
        return True
    try:
        return any(_glob(trigger.page).fullmatch(form) is not None for form in _written_forms(page))
    except ValueError:  # an address that cannot be taken apart is on no page
        return False
