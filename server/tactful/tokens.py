"""Signed tokens: what the browser may carry for us.

A token names its purpose, project and expiry, and whatever else the purpose needs. Each purpose has a key of its own
(derived with the purpose as salt), so a token made for one never opens another. The payload is compact JSON in
base64url with the time of making and an HMAC-SHA256 behind it.

The form is that of itsdangerous' TimestampSigner, whose own signer the tests hold this one to; written out here, since
signing is on the way of every offer, ask and response, and three steps cost 2 us where the library's cost 10 (its
URLSafeTimedSerializer 28). And two things are stricter. The library compares signatures as *bytes after base64
decoding*, which accepts several spellings of one signature (unused bits of the last letter, letters that the decoder
skips); here the spelling itself must be the one we would have written. And its clock is `time.time()`; here it is the
one passed in.
"""

from __future__ import annotations

import hmac
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

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


_BLOCK = 64
_TO_URL, _FROM_URL = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")


def _text(raw: bytes) -> bytes:
    return b2a_base64(raw, newline=False).translate(_TO_URL, b"=")


def _raw(text: bytes) -> bytes:
    return a2b_base64(text.translate(_FROM_URL) + b"=" * (-len(text) % 4))


@lru_cache(maxsize=16)
def _time_text(made: int) -> bytes:
    """The time of making, in seconds, as tokens of the same second write it."""
    return _text(made.to_bytes((made.bit_length() + 7) // 8, "big"))


class _Key:
    """HMAC-SHA256 (RFC 2104) with one key of at most 64 bytes.

    What the key alone decides, the first block of either hash, is hashed once: `hmac.digest` costs twice as much.
    """

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK, b"\0")
        self._inner, self._outer = sha256(block.translate(hmac.trans_36)), sha256(block.translate(hmac.trans_5C))

    def signature(self, value: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(value)
        outer.update(inner.digest())
        return _text(outer.digest())


class Tokens:
    """Signs and reads tokens with the installation's keys, newest first; any of them may have signed."""

    def __init__(self, secret_keys: Sequence[str], clock: Clock) -> None:
        self._secrets = [key.encode() for key in secret_keys]
        self._clock = clock
        self._derived: dict[str, list[_Key]] = {}

    def _keys(self, purpose: Purpose) -> list[_Key]:
        """The keys of a purpose, newest first; derived once, since it costs more than signing."""
        keys = self._derived.get(purpose.name)
        if keys is None:
            salt = f"tactful.{purpose.name}".encode()
            keys = [_Key(hmac.digest(secret, salt, "sha256")) for secret in self._secrets]
            self._derived[purpose.name] = keys
        return keys

    def sign(self, purpose: Purpose, payload: Sequence[Any], *, at_ms: int | None = None) -> str:
        """Sign `payload` (a JSON array) as made at `at_ms`, now by default."""
        made = (self._clock.now_ms() if at_ms is None else at_ms) // 1_000
        value = _text(orjson.dumps(payload)) + b"." + _time_text(made)
        return (value + b"." + self._keys(purpose)[0].signature(value)).decode()

    def read(self, purpose: Purpose, token: str) -> Opened:
        """Open `token`. Raises `Unauthorized` with the code `{purpose}_invalid` or `{purpose}_expired`.

        A token that seems to come from the future (the clock was set back) is as good as a new one.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise _refused(purpose, "invalid")
        value, _, signature = token.encode().rpartition(b".")
        if not self._has_signed(purpose, value, signature):
            raise _refused(purpose, "invalid")
        signed, _, made = value.rpartition(b".")
        try:
            payload: list[Any] = orjson.loads(_raw(signed))
            expires_at = int.from_bytes(_raw(made), "big") * 1_000 + purpose.lifetime_ms
        except ValueError as bad:
            raise _refused(purpose, "invalid") from bad
        if self._clock.now_ms() > expires_at:
            refused = _refused(purpose, "expired")
            refused.payload = payload
            raise refused
        return Opened(payload, expires_at)

    def _has_signed(self, purpose: Purpose, value: bytes, signature: bytes) -> bool:
        """Tell whether one of our keys made this spelling of the signature; in time that tells nothing of either."""
        for key in self._keys(purpose):  # noqa: SIM110 -- a generator costs as much again
            if hmac.compare_digest(key.signature(value), signature):
                return True
        return False


def _refused(purpose: Purpose, why: str) -> Unauthorized:
    advice = "ask for a new one" if why == "expired" else "it was not made here for this, or was changed"
    return Unauthorized(f"{purpose.name}_{why}", f"The {purpose.name} token is {why}: {advice}.")
