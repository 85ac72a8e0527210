"""The shapes of bodies that browsers and backends send, as types that decode and check in one step.

Unknown fields are ignored; a wrong type is refused with its path.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tactful.tokens import LONGEST_TOKEN

__all__ = [
    "AsksBody",
    "ClosingsBody",
    "ContextPart",
    "EventPart",
    "EventsBody",
    "IdentityPart",
    "LiveBody",
    "ResponsesBody",
]

Token = Annotated[str, Meta(max_length=LONGEST_TOKEN)]
MessageId = Annotated[str, Meta(min_length=1, max_length=256)]
EventName = Annotated[str, Meta(min_length=1, max_length=200)]
Anything = dict[str, Any]

#: A page reports at most this many events at once; the loader sends them one by one.
MOST_EVENTS = 50


class IdentityPart(msgspec.Struct, frozen=True):
    """Who the browser says it is."""

    anonymous_id: str | None = None
    user_id: str | None = None
    user_hash: str | None = None
    jwt: str | None = None


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


class LiveBody(msgspec.Struct, frozen=True):
    """`POST /w/live`."""

    passed: Token = msgspec.field(name="pass")
    identity: IdentityPart = IdentityPart()
