"""Segment's dialect: how one message is read, of a backend or of a page.

Measured against the real clients: ids may be null or numbers, traits stand in `traits`, in `context.traits` or in both,
the time in `originalTimestamp` or `timestamp`, `sentAt` in the message, in the batch or in a header, the anonymous id
in a header where the message has none. Whatever is not a message is dropped alone.

A page's word is worth here what it is worth on `/w/events`: its user id is believed as the project's mode says, and it
vouches neither for when somebody came (`createdAt`) nor for who is whom (`alias`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from tactful.clock import Clock, new_id
from tactful.core.trigger import Event
from tactful.errors import BadRequest, Unauthorized
from tactful.identity import Identity, id_or_none, normal_id
from tactful.store.events import Message
from tactful.web.believed import account_told, traits_told
from tactful.web.bodies import MESSAGE_LIMIT, is_sound
from tactful.web.proofs import Proofs
from tactful.web.senders import Sender
from tactful.web.wire import claimed

__all__ = ["EVENTS_OF_VIEWS", "LONGEST_EVENT", "Delivery", "Heard", "read_message"]

#: What is an event although it has no name of its own, and the event's name.
EVENTS_OF_VIEWS = {"page": "page", "screen": "screen"}
LONGEST_EVENT = 200

_LONGEST_ID = 256
_LONGEST_PAGE = 2_000
_LAST_INSTANT = 7_258_118_400_000  # the year 2200

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request: who sends, when it was sent by the client's clock and came by ours (milliseconds), and the
    anonymous id of messages that name none."""

    sender: Sender
    proofs: Proofs
    clock: Clock
    received_at: int
    sent_at: object = None
    anonymous_id: str | None = None

    @property
    def is_page(self) -> bool:
        return self.sender.source == "browser"

    def happened_at(self, message: Fields) -> int:
        """Event time: received - (sent - (originalTimestamp or timestamp)), so that a wrong clock does not matter."""
        happened = _instant(message.get("originalTimestamp", message.get("timestamp")))
        sent = _instant(message.get("sentAt")) or _instant(self.sent_at)
        if happened is None:
            return self.received_at
        if sent is None:
            return min(happened, self.received_at)
        return max(0, self.received_at - max(0, sent - happened))


class Heard(NamedTuple):
    """A message that was understood: whom it is about, and what it says, which may be that somebody has another name
    too (`also`). A backend may say what an account is like and name nobody."""

    identity: Identity
    message: Message
    also: str | None = None


def read_message(delivery: Delivery, written: bytes, kind: object) -> Heard | None:
    """Read one message of a type. None: it is not one, or out of bounds."""
    if len(written) > MESSAGE_LIMIT:
        return None
    try:
        fields = orjson.loads(memoryview(written))  # a Raw is no bytes, but lends them
    except orjson.JSONDecodeError:
        return None
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None or not isinstance(fields, dict) or not is_sound(fields):
        return None
    fields["type"] = kind
    message_id, identity = fields.get("messageId"), _identity_of(delivery, fields)
    if identity is None or not (message_id is None or _is_text(message_id, _LONGEST_ID)):
        return None
    if not identity.aliases and (kind != "group" or delivery.is_page):
        return None
    return reader(delivery, identity, fields)


def _instant(written: object) -> int | None:
    """Read an ISO 8601 time as milliseconds; None for anything else, and outside 1970-2200."""
    if not isinstance(written, str) or len(written) > 40:
        return None
    try:
        moment = datetime.fromisoformat(written)
        milliseconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None
    return milliseconds if 0 <= milliseconds < _LAST_INSTANT else None


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest


def _id_text(value: object) -> str | None:
    """An id as text: a number counts as its digits, anything else that is no text as no id."""
    if type(value) is int:
        return str(value)
    return value if isinstance(value, str) else None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _identity_of(delivery: Delivery, fields: Fields) -> Identity | None:
    """Whom a message is about. None: an id is none, or a page signs for somebody with a signature that is none."""
    user_id, anonymous_id = (_id_text(fields.get(name)) for name in ("userId", "anonymousId"))
    anonymous_id = anonymous_id or delivery.anonymous_id
    try:
        if delivery.is_page:
            sender, part = delivery.sender, claimed(user_id, anonymous_id, _object(fields.get("context")))
            return delivery.proofs.judge(sender.config, part, sender.origin).identity
        return Identity(normal_id(user_id), normal_id(anonymous_id), proved=True)
    except (BadRequest, Unauthorized):
        return None


def _message_id(delivery: Delivery, fields: Fields) -> str:
    """Ids of pages and of backends are kept apart, so that no page uses up a backend's."""
    kept_apart = "b" if delivery.is_page else "s"
    return f"{kept_apart}:{fields.get('messageId') or new_id(delivery.clock)}"


def _track(delivery: Delivery, identity: Identity, fields: Fields) -> Heard | None:
    name = fields.get("event")
    if not isinstance(name, str) or not _is_text(name, LONGEST_EVENT):
        return None
    return _happened(delivery, identity, fields, name, _object(fields.get("properties")))


def _view(delivery: Delivery, identity: Identity, fields: Fields) -> Heard:
    """A page or a screen that somebody saw: its name and category stand beside the properties."""
    named = {name: fields[name] for name in ("name", "category") if isinstance(fields.get(name), str)}
    properties = named | _object(fields.get("properties"))
    return _happened(delivery, identity, fields, EVENTS_OF_VIEWS[fields["type"]], properties)


def _happened(delivery: Delivery, identity: Identity, fields: Fields, name: str, properties: dict[str, Any]) -> Heard:
    config = delivery.sender.config
    event = Event(name, properties, delivery.sender.source, answered=False)
    return Heard(
        identity,
        Message(
            _message_id(delivery, fields),
            event,
            config.catalogue.waiting_for(event, delivery.received_at),
            event_id=new_id(delivery.clock) if config.keep_events_ms > 0 and not delivery.is_page else None,
            happened_at=delivery.happened_at(fields),
            cancelling=config.catalogue.cancelled_by(event),
            page=_page_of(fields) if delivery.is_page else None,
        ),
    )


def _page_of(fields: Fields) -> str | None:
    url = _object(_object(fields.get("context")).get("page")).get("url")
    return url[:_LONGEST_PAGE] if isinstance(url, str) else None


def _identify(delivery: Delivery, identity: Identity, fields: Fields) -> Heard | None:
    message_id = _message_id(delivery, fields)
    traits = _object(_object(fields.get("context")).get("traits")) | _object(fields.get("traits"))
    if delivery.is_page:
        return _believed(identity, traits_told(message_id, delivery.sender.config.identity, identity, traits))
    created_at = _instant(traits.get("created_at", traits.get("createdAt")))
    return Heard(identity, Message(message_id, traits=traits, created_at=created_at))


def _believed(identity: Identity, message: Message | None) -> Heard | None:
    return Heard(identity, message) if message is not None and is_sound(identity.vouched_values) else None


def _group(delivery: Delivery, identity: Identity, fields: Fields) -> Heard | None:
    group_id = id_or_none(_id_text(fields.get("groupId")))
    if group_id is None:
        return None
    traits, terms = _object(fields.get("traits")), delivery.sender.config.identity
    if delivery.is_page:
        return _believed(identity, account_told(_message_id(delivery, fields), terms, identity, group_id, traits))
    return Heard(identity, Message(_message_id(delivery, fields), account_id=group_id, account_traits=traits))


def _alias(delivery: Delivery, identity: Identity, fields: Fields) -> Heard | None:
    """Two names of one person, which only a backend may say; `previousId` is a user id or an anonymous one."""
    previous_id = id_or_none(_id_text(fields.get("previousId")))
    if previous_id is None or identity.user_id is None or delivery.is_page:
        return None
    return Heard(identity, Message(_message_id(delivery, fields)), previous_id)


_READERS: dict[str, Callable[[Delivery, Identity, Fields], Heard | None]] = {
    "track": _track,
    "identify": _identify,
    "group": _group,
    "alias": _alias,
    "page": _view,
    "screen": _view,
}
