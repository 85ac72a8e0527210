"""Example payloads, for whoever tries a receiver before its sender has sent anything.

For a preset it is what that product sends, shortened; for a receiver of one's own it is made of the receiver's paths,
so that each of them leads somewhere. Times are those of the moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tactful.core.reading import write_receiver
from tactful.core.receivers import Receiver, parse_path, read

__all__ = ["EXAMPLES", "example_for"]

USER_ID = "user-42"
EMAIL = "ann@example.com"


def _iso(now_ms: int) -> str:
    return datetime.fromtimestamp(now_ms // 1_000, UTC).isoformat().replace("+00:00", "Z")


def _chatwoot(now_ms: int) -> dict[str, Any]:
    return {
        "event": "conversation_status_changed",
        "id": 1042,
        "status": "resolved",
        "inbox_id": 3,
        "channel": "Channel::WebWidget",
        "labels": ["billing"],
        "priority": None,
        "meta": {
            "sender": {"id": 88, "name": "Ann Lee", "email": EMAIL, "identifier": USER_ID, "type": "contact"},
            "assignee": {"id": 7, "name": "Maya", "type": "user"},
            "team": {"id": 2, "name": "support"},
        },
        "changed_attributes": [{"status": {"previous_value": "open", "current_value": "resolved"}}],
        "timestamp": now_ms // 1_000,
    }


def _intercom(now_ms: int) -> dict[str, Any]:
    return {
        "type": "notification_event",
        "app_id": "abc123",
        "id": "notif_9a51d0c2",
        "topic": "conversation.admin.closed",
        "created_at": now_ms // 1_000,
        "data": {
            "type": "notification_event_data",
            "item": {
                "type": "conversation",
                "id": "215469",
                "state": "closed",
                "priority": "not_priority",
                "admin_assignee_id": 814860,
                "team_assignee_id": 5017690,
                "contacts": {
                    "type": "contact.list",
                    "contacts": [{"type": "contact", "id": "6762f0dd1bb69f9f2193bb83", "external_id": USER_ID}],
                },
                "source": {"type": "conversation", "author": {"type": "user", "name": "Ann Lee", "email": EMAIL}},
            },
        },
    }


def _stripe(now_ms: int) -> dict[str, Any]:
    return {
        "id": "evt_1PgafMB7WZ01zgkWxq1qL2aA",
        "object": "event",
        "type": "customer.subscription.deleted",
        "created": now_ms // 1_000,
        "livemode": True,
        "data": {
            "object": {
                "id": "sub_1Pga2nB7WZ01zgkW",
                "object": "subscription",
                "customer": "cus_QXg1o8vcGmoR32",
                "status": "canceled",
                "metadata": {"user_id": USER_ID},
                "cancellation_details": {"reason": "cancellation_requested", "feedback": "too_expensive"},
                "items": {"object": "list", "data": [{"id": "si_1", "price": {"id": "price_pro_monthly"}}]},
            }
        },
    }


def _standard(now_ms: int) -> dict[str, Any]:
    return {
        "type": "course.completed",
        "timestamp": _iso(now_ms),
        "data": {"user_id": USER_ID, "course": "algebra", "lessons": 24},
    }


def _own(now_ms: int) -> dict[str, Any]:
    return {
        "event": "Ticket Closed",
        "user_id": USER_ID,
        "message_id": "closed-T-1001",
        "time": _iso(now_ms),
        "properties": {"ticket_id": "T-1001", "agent": "Maya"},
    }


#: By preset.
EXAMPLES: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "chatwoot": _chatwoot,
    "intercom": _intercom,
    "stripe": _stripe,
    "standard-webhooks": _standard,
    "svix": _standard,
    "bearer": _own,
    "basic": _own,
}


def example_for(receiver: Receiver, preset: str | None, now_ms: int) -> Any:
    """An example payload: what the preset's product sends, if the receiver still reads that."""
    known = EXAMPLES.get(preset or "")
    if known is not None and read(receiver, known(now_ms), now_ms).ok:
        return known(now_ms)
    return _made_of(receiver, now_ms)


def _made_of(receiver: Receiver, now_ms: int) -> Any:
    written = write_receiver(receiver)
    payload: dict[str, Any] = {}
    for entry in written.get("where", []):
        if isinstance(entry, list):
            _put(payload, str(entry[0]), _that_passes(*entry[1:]))
    values = {"user_id": USER_ID, "email": EMAIL, "time": _iso(now_ms), "message_id": "message-1"}
    if not isinstance(receiver.event, str):
        values["event"] = "Ticket Closed"
    for name, value in values.items():
        any(_put(payload, path, value) for path in _paths(written.get(name)))
    properties = written.get("properties", {})
    if isinstance(properties, dict):
        for name, path in properties.items():
            _put(payload, _paths(path)[0], f"the {name}")
    else:
        _put(payload, _paths(properties)[0], {"ticket_id": "T-1001"})
    return payload


def _that_passes(operator: str, operand: Any = None) -> Any:
    """A value for which the condition holds, where that is as simple as its operand."""
    return operand[0] if isinstance(operand, list) and operand else ("yes" if operator == "exists" else operand)


def _paths(written: Any) -> list[str]:
    return written if isinstance(written, list) else [written] if isinstance(written, str) else []


def _put(payload: dict[str, Any], path: str, value: Any) -> bool:
    """Let a path lead to a value, and tell whether it does: something may stand in its way, and of a list only the
    first entry is made."""
    steps = parse_path(path) or ()
    place: Any = payload
    for step, after in zip(steps, (*steps[1:], None), strict=False):
        fresh: Any = value if after is None else [] if isinstance(after, int) else {}
        if isinstance(step, int) and isinstance(place, list):
            if not place and step == 0:
                place.append(fresh)
            place = place[step] if step < len(place) else None
        elif isinstance(step, str) and isinstance(place, dict):
            place = place.setdefault(step, fresh)
        else:
            return False
    return bool(place == value)
