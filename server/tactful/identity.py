"""Who a browser says it is, and how far to believe it.

A user id from a page is a claim. The customer's backend proves it, by a secret that the project shares with it, in one
of two ways:

    hash    hex HMAC-SHA256 of the user id. It proves that id, for ever, and nothing else: a hash over an e-mail address
            proves somebody whose user id that address is, and never another id that came with it.
    token   a JSON Web Token, HS256 alone, that expires (tactful/jwts.py). It names the user, and may vouch for traits.

A proof that is present is always verified, and a wrong one refused. What an unsigned claim is worth, the project's mode
says: `off` and `warn` take it; under `enforce` whoever proves nothing counts as their browser, and may not act for
anybody who is known, not even by the id of a browser that such a one has used (`Identity.guarded`).

The two kinds are made with one secret, so whoever gets a hash of a text of their choice could have a token of their
choice signed: a backend that hashes user names which people make up should let its secret accept one kind only
(`Secret.accepts`).
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec

from tactful.core.spans import DAY_MS
from tactful.errors import BadRequest, Unauthorized

__all__ = [
    "MODES",
    "REASONS",
    "Accepts",
    "Belief",
    "Claim",
    "Identity",
    "Mode",
    "Refused",
    "Secret",
    "Terms",
    "Vouched",
    "believe",
    "hash_user",
    "id_or_none",
    "normal_id",
]

Mode = Literal["off", "warn", "enforce"]
MODES: tuple[Mode, ...] = ("off", "warn", "enforce")
#: What a secret verifies.
Accepts = Literal["any", "hash", "token"]

_LONGEST_ID = 256
#: Of a proof of any kind. It travels with every request, which a browser sends 64 KiB of at most.
LONGEST_PROOF = 8_192

#: Why a proof is refused, by reason.
REASONS: Mapping[str, str] = {
    "wrong": "No live secret of this project made it for this user id: sign the id exactly as the page gives it.",
    "malformed": f"It is no JSON Web Token of at most {LONGEST_PROOF} characters with an object inside.",
    "algorithm": "Its algorithm is another than HS256, which alone is accepted.",
    "no_expiry": "It has no `exp`, in seconds since 1970: a token must expire.",
    "expired": "It has expired: make a new one with every page, and when one is open for long.",
    "too_long": "It is valid for longer than this project allows: let `exp` be sooner.",
    "not_yet": "Its `iat` or `nbf` is in the future: set the clock of whoever signs.",
    "audience": "Its `aud` is another than this project's public key.",
    "no_user": "It names nobody: put the user id into `user_id`, `sub` or `id`.",
    "other_user": "It names another user than the page does.",
}


class Claim(msgspec.Struct, frozen=True):
    """What the browser sent: its ids, and every proof that came along, hashes and tokens apart."""

    anonymous_id: str | None = None
    user_id: str | None = None
    hashes: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vouched:
    """What a token says of its user besides the id. No backend could have said it with more authority."""

    traits: dict[str, Any] = field(hash=False)
    account_id: str | None = None
    account_traits: dict[str, Any] | None = field(default=None, hash=False)


class Identity(msgspec.Struct, frozen=True):
    """What we go by: normalised ids. `proved` means that the user id was signed or came from a backend; `guarded` that
    nothing was proved where proof is asked for: then nobody who is known is acted for."""

    user_id: str | None
    anonymous_id: str | None
    proved: bool = False
    guarded: bool = False
    vouched: Vouched | None = None

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names under which the store finds the person, the user id first."""
        user = () if self.user_id is None else ("u:" + self.user_id,)
        return user if self.anonymous_id is None else (*user, "a:" + self.anonymous_id)

    @property
    def vouched_values(self) -> list[Any]:
        """All that a token says besides the id, to be bounded like what a page says."""
        said = self.vouched
        return [] if said is None else [said.traits, said.account_id, said.account_traits]

    @property
    def sample_key(self) -> str:
        return self.user_id or self.anonymous_id or ""


class Secret(NamedTuple):
    """One live secret; `secret_id` names it where it must not be shown."""

    secret_id: str
    secret: str
    accepts: Accepts = "any"


class Terms(NamedTuple):
    """By what a project believes: its mode, its live secrets, whom a token may name as its audience (none where it
    names none), and how long a token may be valid."""

    mode: Mode = "off"
    secrets: tuple[Secret, ...] = ()
    audiences: frozenset[str] = frozenset()
    longest_ms: int = DAY_MS


class Belief(msgspec.Struct, frozen=True):
    """What a claim came to: by which secrets it was proved, and whether a user was named without any proof."""

    identity: Identity
    secret_ids: tuple[str, ...] = ()
    unsigned: bool = False


class Refused(Unauthorized):
    """A proof is present and not good, for one of `REASONS`."""

    def __init__(self, reason: str) -> None:
        message = f"This proof of the user id is refused. {REASONS[reason]}"
        super().__init__("identity_refused", message, reason=reason)
        self.reason = reason


def normal_id(value: str | None) -> str | None:
    """Return the id in the one form in which ids are compared: NFC, trimmed. None for an empty one."""
    if value is None:
        return None
    normal = (value if value.isascii() else unicodedata.normalize("NFC", value)).strip()
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


def _hashed_by(given: str, user_ids: Sequence[str], terms: Terms) -> str:
    """The secret that made this hash of one of the ids. Raises `Refused`."""
    lowered = given.strip().lower().encode("utf-8", "replace")
    for secret in terms.secrets:
        if secret.accepts == "token":
            continue
        for user_id in user_ids:
            if hmac.compare_digest(hash_user(secret.secret, user_id).encode(), lowered):
                return secret.secret_id
    raise Refused("wrong")


def believe(claim: Claim, terms: Terms, now_ms: int) -> Belief:
    """Decide what `claim` is worth at `now_ms`. Raises `Refused` where any proof that is present is not good."""
    user_id, anonymous_id = normal_id(claim.user_id), normal_id(claim.anonymous_id)
    if not (claim.hashes or claim.tokens):
        return _unproved(user_id, anonymous_id, terms)
    vouched, used = None, []
    for token in claim.tokens:
        named, vouched, secret_id = _read_token(token, terms, now_ms)
        if user_id is not None and user_id != named:
            raise Refused("other_user")
        user_id = named
        used.append(secret_id)
    if user_id is None:
        return _unproved(None, anonymous_id, terms)
    # The backend signed the id as it knows it; an id that needed trimming is verified as sent.
    spelled = tuple({user_id, claim.user_id or user_id})
    used += [_hashed_by(given, spelled, terms) for given in claim.hashes]
    return Belief(Identity(user_id, anonymous_id, proved=True, vouched=vouched), tuple(used))


def _unproved(user_id: str | None, anonymous_id: str | None, terms: Terms) -> Belief:
    """What a claim is worth that nothing proves: under `enforce` the browser alone, which acts for nobody known."""
    if terms.mode == "enforce":
        return Belief(Identity(None, anonymous_id, guarded=True), unsigned=user_id is not None)
    return Belief(Identity(user_id, anonymous_id), unsigned=user_id is not None)


def _read_token(token: str, terms: Terms, now_ms: int) -> tuple[str, Vouched, str]:
    """Whom a token names, what it vouches for, and the secret that it was signed with. Raises `Refused`."""
    from tactful import jwts  # noqa: PLC0415  # its library costs a start more than a first token

    claims, secret_id = jwts.verified(token, terms, now_ms)
    return jwts.user_of(claims), jwts.vouched_by(claims), secret_id
