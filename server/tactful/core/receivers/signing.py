"""Whether a webhook came from whom it says: over its raw bytes, before anybody parses them.

The signature is looked at before the time, so that "too old" is only ever said of what was really signed. Compared is
in constant time and as spelled, against every secret that is live. Codes are stable; sentences may change.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from tactful.core.instants import as_instant
from tactful.core.receivers.values import (
    SEPARATORS,
    Auth,
    Basic,
    Bearer,
    Header,
    Hmac,
    Open,
    Part,
    Step,
    failed,
    passed,
)
from tactful.core.spans import SECOND_MS

__all__ = ["VERDICTS", "Verdict", "secret_fault", "verify"]

#: What a verdict may be, and what to do about it.
VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "verified": "It came from whoever knows the secret.",
        "unsigned": "Nothing proves where it came from: this receiver believes whoever knows its address.",
        "no_secret": "This receiver has no secret yet; give it the one that the sender signs with.",
        "credentials_missing": "The header that should carry the secret is missing; set it where the webhook is sent.",
        "credentials_wrong": "The secret that was sent is another one; copy it again, without spaces around it.",
        "signature_missing": "The header with the signature is missing; switch signing on where the webhook is sent.",
        "signature_unreadable": "The header holds no signature of the form that this receiver expects; look at "
        "its prefix and separator.",
        "signature_wrong": "The signature does not fit the body and the secret; copy the secret again, and see that "
        "nothing in between changes the body.",
        "timestamp_missing": "The time that is signed along is missing.",
        "timestamp_unreadable": "The time that is signed along is none: seconds or milliseconds since 1970, or ISO "
        "8601.",
        "timestamp_old": "It was signed too long ago; send it again, signed anew, and see that both clocks are right.",
        "timestamp_future": "It was signed in the future; see that both clocks are right.",
        "id_missing": "The message id that is signed along is missing.",
    }
)

_GOOD = ("verified", "unsigned")
_SHORTEST_SECRET = 8
_LONGEST_SECRET = 500
_MOST_SIGNATURES = 20
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)
_SLOT = re.compile(r"\{(body|timestamp|id)\}")

#: Header names in lower case to their values.
Headers = Mapping[str, str]


class Verdict(NamedTuple):
    """What was found: a code of `VERDICTS` and its sentence, and whether to believe the webhook (`ok`); the place of
    the secret that fitted (0: the newest), the message id that was signed along, and the steps."""

    code: str
    message: str
    secret: int | None = None
    message_id: str | None = None
    steps: tuple[Step, ...] = ()

    @property
    def ok(self) -> bool:
        return self.code in _GOOD


class _Sent(NamedTuple):
    headers: Headers
    body: bytes
    now_ms: int


class _Refused(Exception):
    """Ends the looking, with a code and what was seen instead."""

    def __init__(self, code: str, what: str, told: str = "", path: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.step = failed(what, told or VERDICTS[code], path)


def verify(auth: Auth, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now_ms: int) -> Verdict:
    """Say whether `headers` (names in any case) prove that `body` came from whoever knows one of `secrets` (the newest
    first). Total: anything gets a verdict."""
    lowered = {name.lower(): value for name, value in headers.items()}
    steps: list[Step] = []
    try:
        return _verify(auth, secrets, _Sent(lowered, body, now_ms), steps)
    except _Refused as refused:
        return Verdict(refused.code, VERDICTS[refused.code], steps=(*steps, refused.step))


def _verify(auth: Auth, secrets: Sequence[str], sent: _Sent, steps: list[Step]) -> Verdict:
    if isinstance(auth, Open):
        told = VERDICTS["unsigned"]
        return Verdict("unsigned", told, steps=(passed("auth", told),))
    if not secrets:
        raise _Refused("no_secret", "secret")
    if isinstance(auth, Hmac):
        return _verify_hmac(auth, secrets, sent, steps)
    return _verify_shared(auth, secrets, sent.headers)


def secret_fault(auth: Auth, secret: str) -> str:
    """What is wrong with a secret for this kind of proof, as a sentence; nothing where it will do."""
    if isinstance(auth, Open):
        return "This receiver takes no secret; remove it, or choose how webhooks are proved."
    if not _SHORTEST_SECRET <= len(secret) <= _LONGEST_SECRET:
        return f"A secret has {_SHORTEST_SECRET} to {_LONGEST_SECRET} characters."
    if _UNFIT.search(secret) or secret != secret.strip():
        return "A secret is one line without spaces around it; copy it again."
    if isinstance(auth, Hmac) and _key_of(auth, secret) is None:
        return "This secret should be `whsec_` and base64; copy it as it is shown where the webhook is sent."
    if isinstance(auth, Bearer | Header) and not secret.isascii():
        return "A secret in a header is ASCII."
    return ""


# A secret that is sent along


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))


def _fitting(secrets: Sequence[str], fits: Callable[[str], bool]) -> int | None:
    """The place of the first secret that fits; all of them are tried, so that time tells nothing."""
    found = [fits(secret) for secret in secrets]
    return found.index(True) if True in found else None


def _verify_shared(auth: Basic | Bearer | Header, secrets: Sequence[str], headers: Headers) -> Verdict:
    name = auth.header if isinstance(auth, Header) else "Authorization"
    sent = headers.get(name.lower(), "")
    if not sent:
        raise _Refused("credentials_missing", "secret", path=name)
    if isinstance(auth, Header):
        place = _fitting(secrets, lambda secret: _same(sent.strip(), secret))
    else:
        scheme, _, given = sent.strip().partition(" ")
        wanted = "basic" if isinstance(auth, Basic) else "bearer"
        if scheme.lower() != wanted:
            told = f"`{name}` should be `{wanted.capitalize()} ...`."
            raise _Refused("credentials_wrong", "secret", told, name)
        place = _fitting(secrets, lambda secret: _same(given.strip(), _credentials(auth, secret)))
    if place is None:
        raise _Refused("credentials_wrong", "secret", path=name)
    steps = (passed("secret", _which(place), name),)
    return Verdict("verified", VERDICTS["verified"], place, None, steps)


def _credentials(auth: Basic | Bearer, secret: str) -> str:
    if isinstance(auth, Bearer):
        return secret
    return base64.b64encode(f"{auth.user}:{secret}".encode()).decode()


def _which(place: int) -> str:
    return f"It fits the {'newest' if place == 0 else 'previous'} secret."


# An HMAC


def _parts(headers: Headers, part: Part) -> list[str] | None:
    """What stands in the header where `part` says, prefixes taken off; None where the header is missing."""
    sent = headers.get(part.header.lower(), "").strip()
    if not sent:
        return None
    separator = SEPARATORS[part.separator]
    pieces = [piece.strip() for piece in sent.split(separator)] if separator else [sent]
    return [piece.removeprefix(part.prefix) for piece in pieces if piece.startswith(part.prefix)]


def _first(headers: Headers, part: Part, what: str) -> str:
    """The one text where `part` says. Refuses with `..._missing` where there is none."""
    found = [one for one in _parts(headers, part) or () if one]
    if not found:
        raise _Refused("timestamp_missing" if what == "timestamp" else "id_missing", what, path=part.header)
    return found[0]


def _key_of(auth: Hmac, secret: str) -> bytes | None:
    if auth.secret_form == "raw":  # noqa: S105  # a form, no secret
        return secret.encode("utf-8", "replace")
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _verify_hmac(auth: Hmac, secrets: Sequence[str], sent: _Sent, steps: list[Step]) -> Verdict:
    slots = {"body": sent.body}
    timestamp = None if auth.timestamp is None else _first(sent.headers, auth.timestamp, "timestamp")
    if timestamp is not None:
        slots["timestamp"] = timestamp.encode("utf-8", "replace")
    message_id = None if auth.message_id is None else _first(sent.headers, auth.message_id, "id")
    if message_id is not None:
        slots["id"] = message_id.encode("utf-8", "replace")
    given = _signatures(auth, sent.headers)
    content = _filled(auth.content, slots)
    place = _fitting(secrets, lambda secret: _signs(auth, secret, content, given))
    if place is None:
        raise _Refused("signature_wrong", "signature", path=auth.signature.header)
    steps.append(passed("signature", _which(place), auth.signature.header))
    if auth.timestamp is not None and timestamp is not None:
        steps.append(_in_time(auth.timestamp.header, auth.tolerance_ms, timestamp, sent.now_ms))
    return Verdict("verified", VERDICTS["verified"], place, message_id, tuple(steps))


def _signatures(auth: Hmac, headers: Headers) -> list[str]:
    found = _parts(headers, auth.signature)
    if found is None:
        raise _Refused("signature_missing", "signature", path=auth.signature.header)
    if not any(found):
        raise _Refused("signature_unreadable", "signature", path=auth.signature.header)
    return found[:_MOST_SIGNATURES]


def _filled(template: str, slots: Mapping[str, bytes]) -> bytes:
    """Put what was sent into the template; what is sent is never looked at for slots."""
    pieces = _SLOT.split(template)
    return b"".join(slots.get(piece, b"") if odd % 2 else piece.encode() for odd, piece in enumerate(pieces))


def _signs(auth: Hmac, secret: str, content: bytes, given: Sequence[str]) -> bool:
    key = _key_of(auth, secret)
    if key is None:
        return False
    digest = hmac.new(key, content, getattr(hashlib, auth.algorithm)).digest()
    if auth.encoding == "hex":
        return any(_same(one.lower(), digest.hex()) for one in given)
    return any(_same(one, base64.b64encode(digest).decode()) for one in given)


def _in_time(header: str, tolerance_ms: int, timestamp: str, now_ms: int) -> Step:
    """Refuse a time that is too far from ours."""
    at = as_instant(int(timestamp)) if _DIGITS.fullmatch(timestamp) else as_instant(timestamp)
    if at is None:
        raise _Refused("timestamp_unreadable", "timestamp", path=header)
    off = f"{round(abs(now_ms - at) / SECOND_MS)} s {'ago' if at <= now_ms else 'ahead'}"
    if abs(now_ms - at) > tolerance_ms:
        told = f"It was signed {off}; {tolerance_ms // SECOND_MS} s are allowed."
        raise _Refused("timestamp_old" if at < now_ms else "timestamp_future", "timestamp", told, header)
    return passed("timestamp", f"It was signed {off}.", header)
