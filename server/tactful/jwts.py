"""JSON Web Tokens that prove who a user is: HS256 and nothing else, never for ever.

The library takes the token apart and verifies its signature; everything that depends on the time is judged here, by the
time that the caller gives. Nothing in a token is looked at before its signature is found good, except the algorithm,
and that is compared with one word: no header chooses a key, a curve or another algorithm, since none other is
registered.
"""

from __future__ import annotations

import math
from typing import Any

import jwt
import orjson
from jwt.algorithms import HMACAlgorithm

from tactful.core.spans import MINUTE_MS
from tactful.identity import LONGEST_PROOF, Refused, Terms, Vouched, id_or_none

__all__ = ["LEEWAY_MS", "user_of", "verified", "vouched_by"]

#: How far the clock of whoever signs may be from ours.
LEEWAY_MS = MINUTE_MS

_ALGORITHM = "HS256"
#: Where a token names its user, the first that is there.
_USER_CLAIMS = ("user_id", "sub", "id")
#: What is about the token or names somebody; whatever else a token says is a trait.
_NO_TRAITS = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "account", "traits", *_USER_CLAIMS})


class _Hs256(HMACAlgorithm):
    """HMAC-SHA256 with any text as its key. Where no other algorithm is known, no key can be taken for another kind's,
    and whether a secret is long enough was judged when it was added."""

    def prepare_key(self, key: str | bytes) -> bytes:
        return key.encode() if isinstance(key, str) else key

    def check_key_length(self, key: bytes) -> str | None:  # noqa: ARG002  # the library's signature
        return None


_JWS = jwt.PyJWS(algorithms=[])
_JWS.register_algorithm(_ALGORITHM, _Hs256(HMACAlgorithm.SHA256))


def verified(token: str, terms: Terms, now_ms: int) -> tuple[dict[str, Any], str]:
    """What a good token says, and the secret it was signed with. Raises `Refused`."""
    if len(token) > LONGEST_PROOF:
        raise Refused("malformed")
    claims, secret_id = _signed(token, terms)
    _check_time(claims, terms.longest_ms, now_ms)
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if audience is not None and not any(isinstance(one, str) and one in terms.audiences for one in named):
        raise Refused("audience")
    return claims, secret_id


def _signed(token: str, terms: Terms) -> tuple[dict[str, Any], str]:
    for secret in terms.secrets:
        if secret.accepts == "hash":
            continue
        try:
            payload = _JWS.decode_complete(token, secret.secret, algorithms=[_ALGORITHM])["payload"]
            claims = orjson.loads(payload)
        except jwt.InvalidSignatureError:
            continue
        except jwt.InvalidAlgorithmError as error:
            raise Refused("algorithm") from error
        except (jwt.PyJWTError, ValueError) as error:  # ValueError: no JSON, or no UTF-8 in the token
            raise Refused("malformed") from error
        if not isinstance(claims, dict):
            raise Refused("malformed")
        return claims, secret.secret_id
    raise Refused("wrong")


def _instant(claims: dict[str, Any], name: str) -> int | None:
    """A time of a token, written in seconds since 1970, as milliseconds. Raises `Refused` for what is none."""
    written = claims.get(name)
    if written is None:
        return None
    if type(written) not in (int, float) or not 0 <= written * 1_000 < math.inf:
        raise Refused("malformed")
    return int(written * 1_000)


def _check_time(claims: dict[str, Any], longest_ms: int, now_ms: int) -> None:
    """Raise `Refused` unless the token is valid now, and for no longer than `longest_ms` in all."""
    expires_at = _instant(claims, "exp")
    if expires_at is None:
        raise Refused("no_expiry")
    if expires_at + LEEWAY_MS <= now_ms:
        raise Refused("expired")
    begins = [at for name in ("iat", "nbf") if (at := _instant(claims, name)) is not None]
    if any(at > now_ms + LEEWAY_MS for at in begins):
        raise Refused("not_yet")
    if expires_at - min([now_ms, *begins]) > longest_ms + LEEWAY_MS:
        raise Refused("too_long")


def id_text(value: object) -> str | None:
    """An id as a token may write it, as text: a whole number counts as its digits. None for what is no id."""
    return id_or_none(str(value) if type(value) is int else value if isinstance(value, str) else None)


def user_of(claims: dict[str, Any]) -> str:
    """The user id that a token names. Raises `Refused`."""
    for name in _USER_CLAIMS:
        if claims.get(name) is not None:
            user_id = id_text(claims[name])
            if user_id is not None:
                return user_id
            break
    raise Refused("no_user")


def vouched_by(claims: dict[str, Any]) -> Vouched:
    """The traits that a token vouches for (its own claims, and over them those of `traits`), and the account."""
    traits = {name: value for name, value in claims.items() if name not in _NO_TRAITS}
    inner, account = claims.get("traits"), claims.get("account")
    if isinstance(inner, dict):
        traits |= inner
    fields = dict(account) if isinstance(account, dict) else {"id": account}
    account_id = id_text(fields.pop("id", None))
    return Vouched(traits, account_id, None if account_id is None else fields)
