"""Receivers that somebody has already written down, as a table: each is a definition without key, and advice.

What a preset says is plain data, as in a file; one's own fields beside `preset:` take the place of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

__all__ = ["PRESETS", "Preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """One preset: for people a `name`, what it is `about` and how both sides get the same secret (`advice`); `ours`
    says that the service makes the secret, which is then copied to the sender. `fields` are the definition's."""

    name: str
    about: str
    advice: str
    ours: bool
    fields: Mapping[str, Any]


def _hmac(**fields: Any) -> Mapping[str, Any]:
    return {"kind": "hmac", **fields}


def _standard(prefix: str) -> Mapping[str, Any]:
    """How Standard Webhooks are signed, under the header names of one sender."""
    return _hmac(
        algorithm="sha256",
        signature={"header": f"{prefix}-signature", "prefix": "v1,", "separator": "space"},
        timestamp=f"{prefix}-timestamp",
        message_id=f"{prefix}-id",
        content="{id}.{timestamp}.{body}",
        encoding="base64",
        secret="whsec",  # noqa: S106  # the form that it has
        tolerance="5m",
    )


_DATA = ("$.data.user_id", "$.data.user.id", "$.data.customer_id", "$.data.external_id")
_OWN_FIELDS: Mapping[str, Any] = {
    "event": "$.event",
    "user_id": "$.user_id",
    "anonymous_id": "$.anonymous_id",
    "email": "$.email",
    "account_id": "$.account_id",
    "message_id": "$.message_id",
    "time": "$.time",
    "properties": "$.properties",
}

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "chatwoot": Preset(
            name="Chatwoot",
            about="A conversation was resolved. Subscribe the webhook to `conversation_status_changed`.",
            advice="Copy the secret that Chatwoot shows for the webhook.",
            ours=False,
            fields={
                "name": "Chatwoot",
                "auth": _hmac(
                    algorithm="sha256",
                    signature={"header": "X-Chatwoot-Signature", "prefix": "sha256="},
                    timestamp="X-Chatwoot-Timestamp",
                    content="{timestamp}.{body}",
                    encoding="hex",
                    tolerance="5m",
                ),
                "where": [["$.event", "is", "conversation_status_changed"], ["$.status", "is", "resolved"]],
                "event": "Conversation Resolved",
                "user_id": "$.meta.sender.identifier",
                "email": "$.meta.sender.email",
                "time": ["$.updated_at", "$.timestamp"],
                "properties": {
                    "conversation_id": "$.id",
                    "inbox_id": "$.inbox_id",
                    "channel": "$.channel",
                    "labels": "$.labels",
                    "assignee": "$.meta.assignee.name",
                    "team": "$.meta.team.name",
                    "priority": "$.priority",
                },
            },
        ),
        "intercom": Preset(
            name="Intercom",
            about="A conversation was closed. Subscribe the app's webhook to `conversation.admin.closed`.",
            advice="Copy the client secret of the app, under Basic information.",
            ours=False,
            fields={
                "name": "Intercom",
                "auth": _hmac(
                    algorithm="sha1", signature={"header": "X-Hub-Signature", "prefix": "sha1="}, encoding="hex"
                ),
                "where": [["$.topic", "is", "conversation.admin.closed"]],
                "event": "Conversation Closed",
                "user_id": "$.data.item.contacts.contacts[0].external_id",
                "email": ["$.data.item.contacts.contacts[0].email", "$.data.item.source.author.email"],
                "message_id": "$.id",
                "time": "$.created_at",
                "properties": {
                    "conversation_id": "$.data.item.id",
                    "assignee_id": "$.data.item.admin_assignee_id",
                    "team_id": "$.data.item.team_assignee_id",
                    "priority": "$.data.item.priority",
                    "rating": "$.data.item.conversation_rating.rating",
                },
            },
        ),
        "stripe": Preset(
            name="Stripe",
            about="Any event, under Stripe's own name, such as `customer.subscription.deleted`. Put your user's id "
            "into the `metadata` of what you create there as `user_id`.",
            advice="Copy the signing secret of the endpoint (`whsec_...`).",
            ours=False,
            fields={
                "name": "Stripe",
                "auth": _hmac(
                    algorithm="sha256",
                    signature={"header": "Stripe-Signature", "prefix": "v1=", "separator": "comma"},
                    timestamp={"header": "Stripe-Signature", "prefix": "t=", "separator": "comma"},
                    content="{timestamp}.{body}",
                    encoding="hex",
                    tolerance="5m",
                ),
                "event": "$.type",
                "user_id": ["$.data.object.metadata.user_id", "$.data.object.client_reference_id"],
                "email": [
                    "$.data.object.customer_email",
                    "$.data.object.customer_details.email",
                    "$.data.object.email",
                    "$.data.object.receipt_email",
                ],
                "message_id": "$.id",
                "time": "$.created",
                "properties": {
                    "object_id": "$.data.object.id",
                    "customer": "$.data.object.customer",
                    "status": "$.data.object.status",
                    "plan": ["$.data.object.plan.id", "$.data.object.items.data[0].price.id"],
                    "reason": "$.data.object.cancellation_details.reason",
                    "feedback": "$.data.object.cancellation_details.feedback",
                    "livemode": "$.livemode",
                },
            },
        ),
        "standard-webhooks": Preset(
            name="Standard Webhooks",
            about="Any product that signs its webhooks as standardwebhooks.com says.",
            advice="Copy the sender's secret (`whsec_...`).",
            ours=False,
            fields={
                "name": "Standard Webhooks",
                "auth": _standard("webhook"),
                "event": "$.type",
                "user_id": list(_DATA),
                "email": ["$.data.email", "$.data.user.email"],
                "time": "$.timestamp",
                "properties": "$.data",
            },
        ),
        "svix": Preset(
            name="Svix",
            about="Any product whose webhooks come by Svix: as Standard Webhooks, under other header names.",
            advice="Copy the sender's secret (`whsec_...`).",
            ours=False,
            fields={
                "name": "Svix",
                "auth": _standard("svix"),
                "event": "$.type",
                "user_id": list(_DATA),
                "email": ["$.data.email", "$.data.user.email"],
                "time": "$.timestamp",
                "properties": "$.data",
            },
        ),
        "bearer": Preset(
            name="A token",
            about="A product that lets you write the body yourself and sends a Bearer token with it.",
            advice="Copy this secret into the sender as the token.",
            ours=True,
            fields={"name": "Webhook with a token", "auth": {"kind": "bearer"}, **_OWN_FIELDS},
        ),
        "basic": Preset(
            name="User name and password",
            about="A product that lets you write the body yourself and sends a user name and a password with it.",
            advice="Copy this secret into the sender as the password; the user name is `tactful`.",
            ours=True,
            fields={
                "name": "Webhook with a password",
                "auth": {"kind": "basic", "user": "tactful"},
                **_OWN_FIELDS,
            },
        ),
    }
)
