"""What several tests of receivers share: payloads as their senders document them, and any receiver."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tactful.core.receivers import Basic, Bearer, Header, Hmac, Open, Part, Receiver
from tactful.core.spans import SECOND_MS
from tests.core.strategies import KEYS, TEXTS, conditions_on

__all__ = ["CHATWOOT", "INTERCOM", "STANDARD", "STRIPE", "receivers"]

CHATWOOT: dict[str, Any] = {
    "event": "conversation_status_changed",
    "id": 17,
    "inbox_id": 3,
    "channel": "Channel::WebWidget",
    "status": "resolved",
    "labels": ["billing"],
    "priority": None,
    "messages": [{"id": 5, "content": "Thank you!", "message_type": 1}],
    "meta": {
        "sender": {"id": 9, "identifier": "user-42", "email": "mia@example.com", "name": "Mia", "type": "contact"},
        "assignee": {"id": 1, "name": "Ann", "type": "user"},
        "team": None,
        "hmac_verified": True,
    },
    "timestamp": 1_795_285_800,
    "created_at": 1_795_200_000,
    "updated_at": 1_795_285_820.25,
}

INTERCOM: dict[str, Any] = {
    "type": "notification_event",
    "app_id": "abc",
    "id": "notif_1",
    "topic": "conversation.admin.closed",
    "created_at": 1_795_285_820,
    "data": {
        "type": "notification_event_data",
        "item": {
            "type": "conversation",
            "id": "134",
            "source": {"type": "conversation", "author": {"type": "user", "id": "5", "email": "mia@example.com"}},
            "contacts": {
                "type": "contact.list",
                "contacts": [{"type": "contact", "id": "5", "external_id": "user-42"}],
            },
            "admin_assignee_id": 814,
            "state": "closed",
        },
    },
}

STRIPE: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "customer.subscription.deleted",
    "created": 1_795_285_800,
    "livemode": True,
    "data": {
        "object": {
            "id": "sub_1",
            "object": "subscription",
            "customer": "cus_1",
            "status": "canceled",
            "metadata": {"user_id": "user-42"},
            "cancellation_details": {"reason": "cancellation_requested", "feedback": "too_expensive"},
            "items": {"data": [{"price": {"id": "price_1"}}]},
        }
    },
}

STANDARD: dict[str, Any] = {
    "type": "lesson.completed",
    "timestamp": "2026-11-21T18:00:00Z",
    "data": {"user_id": 42, "course": "algebra", "tags": ["a", "b"], "deep": {"x": 1}},
}

PATHS = st.from_regex(r"\$(\.[a-z_]{1,5}|\[[0-9]\]|\['[a-z .]{1,5}'\]){1,4}", fullmatch=True)
SOME_PATHS = st.lists(PATHS, min_size=1, max_size=3).map(tuple)
FOUND = st.just(()) | SOME_PATHS
HEADERS = st.sampled_from(["X-Sig", "Authorization", "webhook-signature"])
PARTS = st.builds(Part, HEADERS, st.sampled_from(["", "v1=", "sha256="]), st.sampled_from(["none", "comma", "space"]))
SIGNED = st.one_of(
    st.tuples(st.just("{body}"), st.none(), st.none()),
    st.tuples(st.just("{timestamp}.{body}"), PARTS, st.none()),
    st.tuples(st.just("v0:{id}:{body}"), st.none(), PARTS),
    st.tuples(st.just("{id}.{timestamp}.{body}"), PARTS, PARTS),
)
HMACS = st.builds(
    lambda signed, **fields: Hmac(content=signed[0], timestamp=signed[1], message_id=signed[2], **fields),
    SIGNED,
    signature=PARTS,
    algorithm=st.sampled_from(["sha1", "sha256", "sha512"]),
    encoding=st.sampled_from(["hex", "base64"]),
    secret_form=st.sampled_from(["raw", "whsec"]),
    tolerance_ms=st.integers(1, 86_400).map(lambda seconds: seconds * SECOND_MS),
)
AUTHS = st.one_of(
    st.just(Open()),
    st.just(Bearer()),
    st.builds(Basic, TEXTS.filter(str.strip)),
    st.builds(Header, HEADERS),
    HMACS,
)


def receivers() -> st.SearchStrategy[Receiver]:
    """A receiver with every field drawn, as it would have been read."""
    return st.builds(
        Receiver,
        key=KEYS,
        name=TEXTS.filter(str.strip),
        event=TEXTS.filter(lambda text: bool(text.strip()) and not text.startswith("$")) | SOME_PATHS,
        auth=AUTHS,
        where=conditions_on(["$"]),
        user_id=SOME_PATHS,
        anonymous_id=FOUND,
        email=FOUND,
        account_id=FOUND,
        message_id=FOUND,
        time=FOUND,
        properties=SOME_PATHS | st.dictionaries(TEXTS.filter(str.strip), SOME_PATHS, max_size=3),
    )
