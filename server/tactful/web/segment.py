"""Segment's dialect: how a backend's message is read.

Measured against the real clients (facts: what each sends): ids may be null or numbers, traits stand in `traits`, in
`context.traits` or in both, the time in `originalTimestamp` or `timestamp`, `sentAt` in the message or in the batch.
Whatever is not a message is dropped alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from tactful.clock import Clock, new_id
from tactful.core.trigger import Event
from tactful.errors import BadRequest
from tactful.identity import Identity, id_or_none, normal_id
from tactful.store.events import Message
from tactful.store.projects import Config
from tactful.web.bodies import MESSAGE_LIMIT, is_sound

__all__ = ["Delivery", "Heard", "read_message"]

_LONGEST_EVENT = 200
_LONGEST_ID = 256
_LAST_INSTANT = 7_258_118_400_000  # the year 2200

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a backend: for which project, and when it was sent by the client's clock and came by ours."""

    config: Config
    clock: Clock
    received_at: int
    sent_at: object = None

    def happened_at(self, message: Fields) -> int:
        """Event time: received - (sent - (originalTimestamp or timestamp)), so that a wrong clock does not matter."""
        happened = _instant(message.get("originalTimestamp", message.get("timestamp")))
        sent = _instant(message.get("sentAt")) or _instant(self.sent_at)
        if happened is None:
            return self.received_at
        if sent is None:
            return min(happened, self.received_at)
        return max(0, self.received_at - max(0, sent - happened))


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that was understood, and its event if it tells one. `message` is None where nobody waits for it and
    nothing keeps it."""

    identity: Identity
    message: Message | None
    event: Event | None = None


def read_message(delivery: Delivery, fields: Any) -> Heard | None:
    """Read one message. None: it is not one, or out of bounds."""
    if not isinstance(fields, dict) or not is_sound(fields) or len(orjson.dumps(fields)) > MESSAGE_LIMIT:
        return None
    kind, message_id = fields.get("type"), fields.get("messageId")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    identity = _identity_of(fields)
    if reader is None or identity is None or not (message_id is None or _is_text(message_id, _LONGEST_ID)):
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


def _identity_of(fields: Fields) -> Identity | None:
    try:
        user_id, anonymous_id = (normal_id(_id_text(fields.get(name))) for name in ("userId", "anonymousId"))
    except BadRequest:
        return None
    identity = Identity(user_id, anonymous_id, proved=True)
    return identity if identity.aliases else None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _message_id(delivery: Delivery, fields: Fields) -> str:
    return f"s:{fields.get('messageId') or new_id(delivery.clock)}"


def _track(delivery: Delivery, identity: Identity, fields: Fields) -> Heard | None:
    name = fields.get("event")
    if not isinstance(name, str) or not _is_text(name, _LONGEST_EVENT):
        return None
    event = Event(name, _object(fields.get("properties")), "server")
    catalogue, kept = delivery.config.catalogue, delivery.config.keep_events_ms > 0
    waiting, cancelling = catalogue.waiting_for(event, delivery.received_at), catalogue.cancelled_by(event)
    if not (waiting or cancelling or kept):
        return Heard(identity, None, event)
    return Heard(
        identity,
        Message(
            _message_id(delivery, fields),
            event,
            waiting,
            event_id=new_id(delivery.clock) if kept else None,
            happened_at=delivery.happened_at(fields),
            cancelling=cancelling,
        ),
        event,
    )


def _identify(delivery: Delivery, identity: Identity, fields: Fields) -> Heard:
    traits = _object(_object(fields.get("context")).get("traits")) | _object(fields.get("traits"))
    created_at = _instant(traits.get("created_at", traits.get("createdAt")))
    return Heard(identity, Message(_message_id(delivery, fields), traits=traits, created_at=created_at))


def _group(delivery: Delivery, identity: Identity, fields: Fields) -> Heard | None:
    group_id = id_or_none(_id_text(fields.get("groupId")))
    if group_id is None:
        return None
    traits = _object(fields.get("traits"))
    return Heard(identity, Message(_message_id(delivery, fields), account_id=group_id, account_traits=traits))


_READERS: dict[str, Callable[[Delivery, Identity, Fields], Heard | None]] = {
    "track": _track,
    "identify": _identify,
    "group": _group,
}
