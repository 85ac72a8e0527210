"""What of a receiver is secret: what proves its webhooks and, where nothing does, its address.

Its pages, the management API and the command line make and tell these alike.
"""

from __future__ import annotations

from tactful.clock import new_secret
from tactful.core.receivers import Auth, Basic, Bearer, Header, Open
from tactful.store.receivers import Stored

__all__ = ["address_of", "address_told", "any_secret", "made_secret"]


def address_of(base_url: str, receiver_id: str) -> str:
    """Where the webhooks of a receiver are sent."""
    return f"{base_url}/v1/receivers/{receiver_id}"


def address_told(base_url: str, stored: Stored, *, may_write: bool) -> str | None:
    """Where its webhooks are sent. Where nothing else proves them the address is the secret: None, then, to whoever may
    only read, since they must not be able to send."""
    if isinstance(stored.receiver.auth, Open) and not may_write:
        return None
    return address_of(base_url, stored.receiver_id)


def made_secret(auth: Auth) -> str | None:
    """A secret of ours, for proofs that we may choose it for; None where the sender has one."""
    return new_secret("rs") if isinstance(auth, Basic | Bearer | Header) else None


def any_secret(auth: Auth) -> str:
    """A secret of ours for any proof. For a signature its form is base64 too, so that it fits either way of taking
    it."""
    return made_secret(auth) or new_secret("whsec")
