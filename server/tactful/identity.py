"""Who a browser says it is, and how far to believe it.

A user id from a page is a claim. A `user_hash`, hex HMAC-SHA256 of the user id under the project's identity secret,
made by the customer's backend, proves it. A hash that is present is always verified and a wrong one refused. The
project's mode says what an unsigned claim is worth: `off` and `warn` take it, `enforce` counts it as anonymous.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from typing import Literal, NamedTuple

from tactful.errors import BadRequest, Unauthorized

__all__ = ["Claim", "Identity", "Mode", "believe", "hash_user", "id_or_none", "normal_id"]

Mode = Literal["off", "warn", "enforce"]
_LONGEST_ID = 256


class Claim(NamedTuple):
    """What the browser sent."""

    anonymous_id: str | None = None
    user_id: str | None = None
    user_hash: str | None = None
    jwt: str | None = None


class Identity(NamedTuple):
    """What we go by: normalised ids. `proved` means that the user id was signed or came from a backend."""

    user_id: str | None
    anonymous_id: str | None
    proved: bool = False

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names under which the store finds the person, the user id first."""
        user = () if self.user_id is None else ("u:" + self.user_id,)
        return user if self.anonymous_id is None else (*user, "a:" + self.anonymous_id)

    @property
    def sample_key(self) -> str:
        return self.user_id or self.anonymous_id or ""


def normal_id(value: str | None) -> str | None:
    """Return the id in the one form in which ids are compared: NFC, trimmed. None for an empty one."""
    if value is None:
        return None
    normal = unicodedata.normalize("NFC", value).strip()
    if len(normal) > _LONGEST_ID or "\0" in normal:
        raise BadRequest("bad_id", f"An id has at most {_LONGEST_ID} characters and no U+0000.")
    return normal or None


def id_or_none(value: str | None) -> str | None:
    """Return the id as `normal_id` does, and None for what cannot be one: where a bad message is dropped alone."""
    try:
        return normal_id(value)
    except BadRequest:
        return None


def hash_user(secret: str, user_id: str) -> str:
    """Hex HMAC-SHA256 of the user id: what a backend hands its page as `user_hash`."""
    return hmac.new(secret.encode(), user_id.encode(), hashlib.sha256).hexdigest()


def _proves(given: str, user_id: str, secrets: Sequence[str]) -> bool:
    lowered = given.strip().lower().encode("utf-8", "replace")
    return any(hmac.compare_digest(hash_user(secret, user_id).encode(), lowered) for secret in secrets)


def believe(claim: Claim, mode: Mode, secrets: Sequence[str]) -> Identity:
    """Decide what `claim` is worth. Raises `Unauthorized` when a signature is present and wrong."""
    user_id, anonymous_id = normal_id(claim.user_id), normal_id(claim.anonymous_id)
    if claim.jwt is not None:
        raise Unauthorized("jwt_unsupported", "This version verifies `user_hash`; send that instead of `jwt`.")
    if user_id is None or claim.user_hash is None:
        trusted = user_id if mode != "enforce" else None
        return Identity(trusted, anonymous_id)
    # The backend signed the id as it knows it; an id that needed trimming is verified as sent.
    if not (_proves(claim.user_hash, user_id, secrets) or _proves(claim.user_hash, claim.user_id or "", secrets)):
        raise Unauthorized(
            "identity_refused", "`user_hash` does not fit `user_id`; sign the id with the project's key."
        )
    return Identity(user_id, anonymous_id, proved=True)
