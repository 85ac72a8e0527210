"""What a webhook says: its payload, any JSON, read by a receiver's paths into an event about somebody.

Bounded whatever comes: a path leads to one place, texts have a longest length, properties are few and flat. What is not
usable is left out and said so; only without an event or without anybody is there nothing left to take.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tactful.core.conditions import Entry, Facts, compiled, paths_of
from tactful.core.instants import as_instant
from tactful.core.receivers.paths import follow
from tactful.core.receivers.values import MEMORY_MS, Hmac, Paths, Receiver, Step, failed, passed

__all__ = ["MOST_PROPERTIES", "OUTCOMES", "Mapped", "read"]

#: What may become of a payload that was verified, and what to do about it. Only `read` makes an event.
OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "read": "It is an event about somebody.",
        "filtered": "The conditions under `where` leave it out.",
        "no_event": "Nothing under `event` leads to a name of 1 to 200 characters; write the name, or another path.",
        "no_person": "Nothing under `user_id`, `anonymous_id` or `email` leads to anybody; add a path.",
        "too_old": "It happened more than 7 days ago and its signature carries no time: nobody could tell whether it "
        "came before.",
    }
)

MOST_PROPERTIES = 50
_LONGEST_NAME = 200
_LONGEST_ID = 256
_LONGEST_EMAIL = 254
_LONGEST_TEXT = 2_000
_MOST_CHARACTERS = 16_000
_MOST_ITEMS = 100
_LARGEST_INT = 2**53
_LAST_INSTANT = 7_258_118_400_000  # the year 2200
_UNFIT = re.compile("[\x00\ud800-\udfff]")

#: Takes what a path leads to; None where it is not usable.
Taker = Callable[[object], Any]


class Mapped(NamedTuple):
    """What a payload says: a code of `OUTCOMES` with its sentence, the event and whom it concerns, and how each of them
    was found. `happened_at` is in milliseconds, None where nothing tells it; ids are trimmed texts."""

    code: str
    message: str
    event: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    email: str | None = None
    account_id: str | None = None
    message_id: str | None = None
    happened_at: int | None = None
    properties: Mapping[str, object] = MappingProxyType({})
    steps: tuple[Step, ...] = ()

    @property
    def ok(self) -> bool:
        return self.code == "read"


def read(receiver: Receiver, payload: object, now_ms: int) -> Mapped:
    """Read a verified payload. Total: any JSON under any receiver is read or said why not. Everything is looked for
    even where the filter leaves the payload out, so that a page can show it."""
    steps: list[Step] = []
    passes = _passes(receiver.where, payload, now_ms, steps)
    found = {name: _find(name, getattr(receiver, name), payload, take, steps) for name, take in _TAKERS.items()}
    event = _event(receiver, payload, steps)
    happened_at = _find("time", receiver.time, payload, _instant, steps)
    properties = _properties(receiver, payload, steps)
    code = "read"
    if not passes:
        code = "filtered"
    elif event is None:
        code = "no_event"
    elif found["user_id"] is None and found["anonymous_id"] is None and found["email"] is None:
        code = "no_person"
    elif happened_at is not None and _forgotten(receiver, happened_at, now_ms):
        code = "too_old"
    return Mapped(
        code, OUTCOMES[code], event=event, happened_at=happened_at, properties=properties, steps=tuple(steps), **found
    )


def _forgotten(receiver: Receiver, happened_at: int, now_ms: int) -> bool:
    """Whether this may be a replay of what is no longer remembered."""
    auth = receiver.auth
    return isinstance(auth, Hmac) and auth.timestamp is None and happened_at < now_ms - MEMORY_MS


# The filter


def _passes(where: tuple[Entry, ...], payload: object, now_ms: int, steps: list[Step]) -> bool:
    passes = True
    for index, entry in enumerate(where):
        paths = sorted(paths_of((entry,)))
        values = {path: follow(payload, path) for path in paths}
        judge = compiled((entry,))
        holds = judge is not None and judge(Facts(values, now_ms)) is True
        value = values[paths[0]] if len(paths) == 1 else values
        step, told = (passed, "The condition holds.") if holds else (failed, "The condition does not hold.")
        steps.append(step(f"where[{index}]", told, ", ".join(paths), value))
        passes = passes and holds
    return passes


# What single paths lead to


def _id(value: object) -> str | None:
    """An id: a text without spaces around it, or a whole number as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) <= _LARGEST_INT else None
    return _text(value, _LONGEST_ID)


def _text(value: object, longest: int) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= longest and not _UNFIT.search(text) else None


def _email(value: object) -> str | None:
    text = _text(value, _LONGEST_EMAIL)
    return text if text is not None and "@" in text[1:-1] else None


def _instant(value: object) -> int | None:
    at = as_instant(value)
    return int(at) if at is not None and 0 <= at < _LAST_INSTANT else None


_TAKERS: Mapping[str, Taker] = MappingProxyType(
    {"user_id": _id, "anonymous_id": _id, "email": _email, "account_id": _id, "message_id": _id}
)


def _event(receiver: Receiver, payload: object, steps: list[Step]) -> str | None:
    if isinstance(receiver.event, str):
        steps.append(passed("event", "The receiver names it.", "", receiver.event))
        return receiver.event
    found: str | None = _find("event", receiver.event, payload, lambda value: _text(value, _LONGEST_NAME), steps)
    return found


def _find(what: str, paths: Paths, payload: object, take: Taker, steps: list[Step]) -> Any:
    """What the first path with something usable leads to; None where there is none."""
    unusable: tuple[str, object] | None = None
    for path in paths:
        value = follow(payload, path)
        taken = None if value is None else take(value)
        if taken is not None:
            steps.append(passed(what, "Found.", path, taken))
            return taken
        if value is not None and unusable is None:
            unusable = (path, value)
    if unusable is not None:
        steps.append(failed(what, "What stands there cannot be used.", *unusable))
    elif paths:
        steps.append(failed(what, "Nothing stands there.", ", ".join(paths)))
    return None


# Properties


def _properties(receiver: Receiver, payload: object, steps: list[Step]) -> Mapping[str, object]:
    """Flat properties: as many and as long as an event may carry; what does not fit is left out and said so."""
    taken: dict[str, object] = {}
    left = _MOST_CHARACTERS
    for name, path, value in _wanted(receiver, payload):
        told = _unusable(value)
        # Only what may be taken is measured: anything else may be nested as deep as JSON goes.
        size = 0 if told else len(name) + _size(value)
        told = told or ("There is too much beside it." if size > left else "")
        if len(taken) == MOST_PROPERTIES or _text(name, _LONGEST_NAME) != name:
            told = told or "There are too many, or its name is none."
        if told:
            steps.append(failed(f"properties.{name}", told, path, value))
        else:
            steps.append(passed(f"properties.{name}", "Found.", path, value))
            taken[name] = value
            left -= size
    return taken


def _wanted(receiver: Receiver, payload: object) -> Iterator[tuple[str, str, object]]:
    """Each property that is there, with the path that leads to it."""
    if isinstance(receiver.properties, tuple):
        for path in receiver.properties:
            members = follow(payload, path)
            if isinstance(members, dict):
                # A payload decides how many there are; so many are looked at, the rest is not even said.
                few = list(members.items())[: 2 * MOST_PROPERTIES]
                yield from ((str(name), path, value) for name, value in few if value is not None)
                return
        return
    for name, paths in receiver.properties.items():
        for path in paths:
            value = follow(payload, path)
            if value is not None:
                yield name, path, value
                break


def _unusable(value: object) -> str:
    """Why a value cannot be a property; nothing where it can."""
    if isinstance(value, list):
        if len(value) > _MOST_ITEMS or any(isinstance(one, dict | list) for one in value):
            return f"A list has at most {_MOST_ITEMS} texts and numbers."
        return next((told for told in map(_unusable, value) if told), "")
    if isinstance(value, str):
        fits = len(value) <= _LONGEST_TEXT and not _UNFIT.search(value)
        return "" if fits else f"A text has at most {_LONGEST_TEXT} characters and no U+0000."
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return "" if abs(value) <= _LARGEST_INT and math.isfinite(value) else "The number is too large."
    return "Only texts, numbers, true, false and lists of them; write the path of one."


def _size(value: object) -> int:
    if isinstance(value, list):
        return sum(map(_size, value))
    return len(value) if isinstance(value, str) else 8
