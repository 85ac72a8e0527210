"""Signed tokens: what the browser may carry for us.

A token names its purpose, project and expiry, and whatever else the purpose needs. Each purpose has a key of its own
(derived with the purpose as salt), so a token made for one never opens another. The payload is compact JSON in
base64url that itsdangerous' TimestampSigner signs (10 us against 28 us for URLSafeTimedSerializer).

Two things are stricter than the library. Its signatures are compared as *bytes after base64 decoding*, which accepts
several spellings of one signature (unused bits of the last letter, letters that the decoder skips); here the spelling
itself must be the one we would have written. And its clock is `time.time()`; here it is the one passed in.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from itsdangerous import BadData, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

from tactful.clock import Clock
from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS
from tactful.errors import Unauthorized

__all__ = [
    "ASK",
    "LONGEST_TOKEN",
    "ME",
    "OFFER",
    "PASS",
    "PREVIEW",
    "SENT_ME",
    "SESSION",
    "TEST",
    "Opened",
    "Purpose",
    "Tokens",
]

#: An offer carries up to ten values of its event, of 200 characters each, which JSON may write in six bytes apiece.
LONGEST_TOKEN = 20_000


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a token is for, and how long it opens it."""

    name: str
    lifetime_ms: int


PASS = Purpose("pass", 14 * DAY_MS)
OFFER = Purpose("offer", 10 * MINUTE_MS)
ASK = Purpose("ask", 30 * DAY_MS)
#: Makes whoever opens a page with it in the address a test person; its payload is the project alone.
TEST = Purpose("test", DAY_MS)
SESSION = Purpose("session", 30 * DAY_MS)
#: Opens the page where somebody sees and changes what they agreed to: project, person, and what the link proves. Made
#: for whoever has a page open, it ends before somebody else sits down there; sent to them by a backend, it lasts.
ME = Purpose("me", HOUR_MS)
SENT_ME = Purpose("me_sent", 7 * DAY_MS)
#: Opens a draft of a survey in the card: project, survey, version.
PREVIEW = Purpose("preview", 7 * DAY_MS)


class Opened(NamedTuple):
    """What a token says, and until when it is good."""

    payload: list[Any]
    expires_at: int


class _Signer(TimestampSigner):
    """A TimestampSigner with the spelling of signatures checked and the time given."""

    default_digest_method = staticmethod(hashlib.sha256)
    at: int = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._derived: dict[str | bytes, bytes] = {}

    def get_timestamp(self) -> int:
        return self.at

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Derived once for each key: it costs as much as signing, and every request signs or reads a token."""
        named = self.secret_keys[-1] if secret_key is None else secret_key
        if named not in self._derived:
            self._derived[named] = super().derive_key(named)
        return self._derived[named]

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        signed = value.encode() if isinstance(value, str) else value
        given = sig.encode() if isinstance(sig, str) else sig
        return any(
            hmac.compare_digest(base64_encode(self.algorithm.get_signature(self.derive_key(key), signed)), given)
            for key in reversed(self.secret_keys)
        )


class Tokens:
    """Signs and reads tokens with the installation's keys, newest first; any of them may have signed."""

    def __init__(self, secret_keys: Sequence[str], clock: Clock) -> None:
        self._oldest_first = list(reversed(secret_keys))
        self._clock = clock
        self._signers: dict[str, _Signer] = {}

    def _signer(self, purpose: Purpose, at_ms: int) -> _Signer:
        signer = self._signers.get(purpose.name)
        if signer is None:
            salt = f"tactful.{purpose.name}"
            signer = _Signer(self._oldest_first, salt=salt, key_derivation="hmac")
            self._signers[purpose.name] = signer
        signer.at = at_ms // 1_000
        return signer

    def sign(self, purpose: Purpose, payload: Sequence[Any], *, at_ms: int | None = None) -> str:
        """Sign `payload` (a JSON array) as made at `at_ms`, now by default."""
        at_ms = self._clock.now_ms() if at_ms is None else at_ms
        return self._signer(purpose, at_ms).sign(base64_encode(orjson.dumps(payload))).decode()

    def read(self, purpose: Purpose, token: str) -> Opened:
        """Open `token`. Raises `Unauthorized` with the code `{purpose}_invalid` or `{purpose}_expired`.

        A token that seems to come from the future (the clock was set back) is as good as a new one.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise _refused(purpose, "invalid")
        now = self._clock.now_ms()
        try:
            signed, made = self._signer(purpose, now).unsign(token.encode(), return_timestamp=True)
            payload: list[Any] = orjson.loads(base64_decode(signed))
        except (BadData, ValueError) as bad:
            raise _refused(purpose, "invalid") from bad
        expires_at = int(made.timestamp()) * 1_000 + purpose.lifetime_ms
        if now > expires_at:
            refused = _refused(purpose, "expired")
            refused.payload = payload
            raise refused
        return Opened(payload, expires_at)


def _refused(purpose: Purpose, why: str) -> Unauthorized:
    advice = "ask for a new one" if why == "expired" else "it was not made here for this, or was changed"
    return Unauthorized(f"{purpose.name}_{why}", f"The {purpose.name} token is {why}: {advice}.")
