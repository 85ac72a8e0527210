"""The shapes of bodies that browsers and backends send, as types that decode and check in one step.

Unknown fields are ignored; a wrong type is refused with its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tactful.identity import Claim
from tactful.tokens import LONGEST_TOKEN

__all__ = [
    "AsksBody",
    "ClicksBody",
    "ClosingsBody",
    "ContextPart",
    "EventPart",
    "EventsBody",
    "IdentityPart",
    "LiveBody",
    "PreferencesBody",
    "ResponsesBody",
    "claimed",
]

Token = Annotated[str, Meta(max_length=LONGEST_TOKEN)]
MessageId = Annotated[str, Meta(min_length=1, max_length=256)]
EventName = Annotated[str, Meta(min_length=1, max_length=200)]
Anything = dict[str, Any]

#: A page reports at most this many events at once; the loader sends them one by one.
MOST_EVENTS = 50


class IdentityPart(msgspec.Struct, frozen=True):
    """Who the browser says it is. A proof goes by whichever of seven names the page's product is used to; one with a
    dot in it is a token under any of them, so that `data-user-hash` takes both kinds."""

    anonymous_id: str | None = None
    user_id: str | None = None
    user_hash: str | None = None
    user_hash_too: str | None = msgspec.field(name="userHash", default=None)
    identifier_hash: str | None = None
    signature: str | None = None
    jwt: str | None = None
    user_jwt: str | None = None
    intercom_user_jwt: str | None = None

    @property
    def claim(self) -> Claim:
        """What is claimed, and every proof that came along."""
        signed = (self.user_hash, self.user_hash_too, self.identifier_hash, self.signature)
        given = [one for one in signed if one is not None]
        tokens = [one for one in (self.jwt, self.user_jwt, self.intercom_user_jwt) if one is not None]
        if not given and not tokens:
            return Claim(self.anonymous_id, self.user_id)
        tokens += [one for one in given if "." in one]
        return Claim(self.anonymous_id, self.user_id, tuple([one for one in given if "." not in one]), tuple(tokens))


_PROOFS = frozenset(("user_hash", "userHash", "identifier_hash", "signature", "jwt", "user_jwt", "intercom_user_jwt"))


def claimed(user_id: str | None, anonymous_id: str | None, context: Mapping[str, Any]) -> IdentityPart:
    """The same where another product's client says it, which hands on whatever stands in `context`."""
    proofs = {name: context[name] for name in _PROOFS & context.keys() if isinstance(context[name], str)}
    return msgspec.convert(proofs | {"user_id": user_id, "anonymous_id": anonymous_id}, IdentityPart)


class ContextPart(msgspec.Struct, frozen=True):
    """Where the browser is."""

    page: str = ""
    locale: str = ""
    width: int | float | None = None
    visit: str | None = None


class EventPart(msgspec.Struct, frozen=True):
    """One message of a page."""

    message_id: MessageId
    type: Literal["track", "identify", "group", "page"]
    event: EventName | None = None
    properties: Anything | None = None
    traits: Anything | None = None
    group_id: str | None = None
    timestamp: str | int | float | None = None


class EventsBody(msgspec.Struct, frozen=True):
    """`POST /w/events`. Events are typed one by one, since a bad one is dropped and its neighbours are not. `test` is
    what the page's address said after `#tactful-test=`."""

    passed: Token = msgspec.field(name="pass")
    events: Annotated[list[Any], Meta(max_length=MOST_EVENTS)]
    identity: IdentityPart = IdentityPart()
    context: ContextPart = ContextPart()
    test: Token | UnsetType = UNSET


class AsksBody(msgspec.Struct, frozen=True):
    """`POST /w/asks`: an offer taken up, or a survey that the person asked for."""

    identity: IdentityPart = IdentityPart()
    context: ContextPart = ContextPart()
    offer: Token | UnsetType = UNSET
    show: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    passed: Token | UnsetType = msgspec.field(name="pass", default=UNSET)


class ResponsesBody(msgspec.Struct, frozen=True):
    """`POST /w/responses`: one revision, with all answers so far."""

    ask: Token
    rev: Annotated[int, Meta(ge=1, le=1_000_000)]
    answers: Annotated[Anything, Meta(max_length=50)]
    done: bool = False


class ClosingsBody(msgspec.Struct, frozen=True):
    """`POST /w/closings`: how a card went, or an opt-out apart from any card."""

    how: Literal["seen", "dismissed", "not_rendered", "opted_out"]
    ask: Token | UnsetType = UNSET
    passed: Token | UnsetType = msgspec.field(name="pass", default=UNSET)
    identity: IdentityPart = IdentityPart()


class PreferencesBody(msgspec.Struct, frozen=True):
    """`POST /w/preferences`."""

    passed: Token = msgspec.field(name="pass")
    identity: IdentityPart = IdentityPart()
    context: ContextPart = ContextPart()


class ClicksBody(msgspec.Struct, frozen=True):
    """`POST /w/clicks`: what was done with what the thanks offer."""

    ask: Token
    what: Literal["action", "share", "copy", "coupon"]


class LiveBody(msgspec.Struct, frozen=True):
    """`POST /w/live`."""

    passed: Token = msgspec.field(name="pass")
    identity: IdentityPart = IdentityPart()
