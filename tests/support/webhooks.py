"""Webhooks as other products send them: signed by their own rules, or by their own library."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import httpx2
import orjson
from standardwebhooks import Webhook

from tests.core.receivers import CHATWOOT
from tests.support.service import Site

__all__ = [
    "PLAIN",
    "SECRET",
    "STANDARD_SECRET",
    "Sender",
    "a_chatwoot",
    "a_receiver",
    "chatwoot",
    "intercom",
    "resolved",
    "standard",
    "stripe",
]

SECRET = "what Chatwoot shows"
STANDARD_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

#: A receiver that believes whoever knows its address.
PLAIN: dict[str, Any] = {"name": "Plain", "auth": {"kind": "none"}, "event": "$.event", "user_id": "$.user"}

Headers = dict[str, str]


def _hex(secret: str, content: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), content, getattr(hashlib, algorithm)).hexdigest()


def chatwoot(secret: str, body: bytes, at_ms: int) -> Headers:
    """As Chatwoot documents: `sha256=` and hex over `timestamp.body`."""
    at = str(at_ms // 1_000)
    return {"X-Chatwoot-Timestamp": at, "X-Chatwoot-Signature": "sha256=" + _hex(secret, f"{at}.".encode() + body)}


def intercom(secret: str, body: bytes, _at_ms: int) -> Headers:
    """As Intercom documents: `sha1=` and hex over the body."""
    return {"X-Hub-Signature": "sha1=" + _hex(secret, body, "sha1")}


def stripe(secret: str, body: bytes, at_ms: int) -> Headers:
    """As Stripe documents: `t` and `v1` in one header."""
    at = at_ms // 1_000
    return {"Stripe-Signature": f"t={at},v1={_hex(secret, b'%d.' % at + body)},v0={'0' * 64}"}


def standard(secret: str, body: bytes, at_ms: int, message_id: str = "msg_1") -> Headers:
    """By the official library."""
    at = datetime.fromtimestamp(at_ms // 1_000, tz=UTC)
    signature = Webhook(secret).sign(message_id, at, body.decode())
    return {"webhook-id": message_id, "webhook-timestamp": str(at_ms // 1_000), "webhook-signature": signature}


class Sender:
    """Another product, which sends webhooks to one receiver of the site."""

    def __init__(self, site: Site, address: str) -> None:
        self.site = site
        self.path = httpx2.URL(address).path

    async def send(self, payload: Any, headers: Headers | None = None) -> httpx2.Response:
        """Send a payload, or bytes as they are."""
        body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        return await self.site.client.post(self.path, content=body, headers=headers or {})


async def a_receiver(site: Site, **fields: Any) -> Sender:
    """Make a receiver, under the key `r`, and whoever sends to it."""
    answer = await site.manage("PUT", "receivers/r", json=fields)
    assert answer.status_code in (200, 201), answer.text
    return Sender(site, answer.json()["address"])


async def a_chatwoot(site: Site, **fields: Any) -> Sender:
    """Make a receiver for Chatwoot's webhooks, with `SECRET`."""
    return await a_receiver(site, preset="chatwoot", secret=SECRET, **fields)


async def resolved(sender: Sender, payload: Any = CHATWOOT, *, secret: str = SECRET) -> httpx2.Response:
    """Send a conversation that was resolved, as Chatwoot does."""
    body = orjson.dumps(payload)
    return await sender.send(body, chatwoot(secret, body, sender.site.clock.now))
