"""A batch of a backend, looked at no further than it needs.

Most of what backends send concerns nobody: no survey waits for it and no setting keeps it. So a message is first looked
at for what it is called and for whom it names, without making anything of the rest; that is cheaper by far than reading
it, and only what concerns somebody is read and checked. What concerns nobody is counted by its name, and of each name
one message is handed on as an example, from which the catalogue of events learns what properties there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tactful.web.arrivals import Arrival, Outcome, Source, name_of, outcome_of
from tactful.web.bodies import MESSAGE_LIMIT, is_sound
from tactful.web.segment import EVENTS_OF_VIEWS, LONGEST_EVENT, Delivery, Heard, read_message

__all__ = ["Sifted", "properties_in", "sift"]

#: So many of the messages that came together are remembered one by one: more than the install page shows.
_SHOWN = 10


class _Head(msgspec.Struct, gc=False, rename="camel"):
    type: Any = None
    event: Any = None
    user_id: Any = None
    anonymous_id: Any = None


class _Properties(msgspec.Struct, gc=False):
    properties: Any = None


_read_head = msgspec.json.Decoder(_Head).decode
_read_properties = msgspec.json.Decoder(_Properties).decode


@dataclass(slots=True)
class Sifted:
    """What messages came to: what was heard, how often each name came that concerns nobody, with an example, how many
    were dropped, and the last of them for the install page."""

    heard: list[Heard] = field(default_factory=list)
    passed: dict[str, int] = field(default_factory=dict)
    examples: dict[str, bytes] = field(default_factory=dict)
    dropped: int = 0
    arrivals: list[Arrival] = field(default_factory=list)


def sift(delivery: Delivery, messages: Sequence[bytes], kind: str | None = None) -> Sifted:
    """Look at every message, and read those that concern somebody. `kind` is the type of them all, if they share it."""
    config, sifted = delivery.sender.config, Sifted()
    waited_for, cancelling = config.catalogue.by_event, config.catalogue.by_cancel
    kept = config.keep_events_ms > 0 and not delivery.is_page
    passed = sifted.passed
    shown_from = len(messages) - _SHOWN
    for number, written in enumerate(messages):
        head = _head_of(written)
        if kind is not None:
            head.type = kind
        name = _event_in(head)
        if name is None or kept or name in waited_for or name in cancelling or not _names_somebody(delivery, head):
            heard = read_message(delivery, written, head.type)
            if heard is None:
                outcome: Outcome = "dropped"
                sifted.dropped += 1
            else:
                outcome = outcome_of(heard.message)
                sifted.heard.append(heard)
        else:
            heard, outcome = None, "heard"
            if name not in passed:
                passed[name] = 0
                sifted.examples[name] = written
            passed[name] += 1
        if number >= shown_from:
            sifted.arrivals.append(_arrival(delivery, head, heard, outcome))
    return sifted


def _head_of(written: bytes) -> _Head:
    """What a message is called and whom it names. One that does not read so is read no other way either."""
    try:
        return _read_head(written)
    except (ValueError, RecursionError):
        return _Head()


def _event_in(head: _Head) -> str | None:
    """The name of the event that a message tells; None: it tells none, or its name is none."""
    kind, name = head.type, head.event
    if kind == "track":
        return name if type(name) is str and 0 < len(name) <= LONGEST_EVENT and "\0" not in name else None
    return EVENTS_OF_VIEWS.get(kind) if type(kind) is str else None


def _names_somebody(delivery: Delivery, head: _Head) -> bool:
    return head.user_id is not None or head.anonymous_id is not None or delivery.anonymous_id is not None


def _arrival(delivery: Delivery, head: _Head, heard: Heard | None, outcome: Outcome) -> Arrival:
    """A message as the install page shows it."""
    source: Source = "page" if delivery.is_page else "backend"
    if heard is not None:
        who = heard.identity.user_id or heard.identity.anonymous_id
    else:
        who = head.user_id if head.user_id is not None else head.anonymous_id
    name = name_of({"event": head.event, "type": head.type})
    return Arrival(name, source, outcome, delivery.sender.origin, None if who is None else str(who))


def properties_in(written: bytes) -> dict[str, Any]:
    """The properties of a message, none where they are out of bounds."""
    if len(written) > MESSAGE_LIMIT:
        return {}
    try:
        properties = _read_properties(written).properties
    except (ValueError, RecursionError):
        return {}
    return properties if isinstance(properties, dict) and is_sound(properties) else {}
