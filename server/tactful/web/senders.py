"""Who sends what comes in Segment's dialect: a backend by the write key, or a page by the public one.

Clients put their key in one of many places, and they are looked at in one order. What the key is, decides what its
word is worth. The write key is the project's secret: whoever has it speaks for the project. The public key stands in
every page, so what comes with it is a page's word, from a page that the project lists, exactly as on `/w/`.

A browser says by itself that a page is asking (`Origin`), and no page can keep it from saying so. So a write key that
comes with an origin is one that stands in a page, where everybody can read it: refused, and not quietly believed less,
so that it is found out on the day on which it is put there.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs

import msgspec

from tactful.errors import Forbidden, NotFound, Unauthorized
from tactful.store.projects import Config, find_key
from tactful.web.service import Service

__all__ = ["Envelope", "Posted", "Sender", "basic_user", "sender_of"]

_LONGEST_KEY = 200
_MOST_FIELDS = 50


class Envelope(msgspec.Struct, gc=False, rename="camel"):
    """What stands around the messages, or in the only one."""

    write_key: Any = None
    sent_at: Any = None


_read_envelope = msgspec.json.Decoder(Envelope).decode


class Posted(NamedTuple):
    """A request as it came: headers by their names in small letters, the query, what stands around its messages, and
    these as they are written."""

    headers: Mapping[bytes, bytes]
    query: bytes
    envelope: Envelope
    messages: Sequence[bytes]

    def header(self, name: bytes) -> str:
        """A header as text; empty where there is none."""
        return self.headers.get(name, b"").decode("latin-1")


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose messages these are: the project, and whether a backend or a page (of `origin`) says so."""

    config: Config
    source: Literal["browser", "server"]
    key: str
    origin: str | None = None


def basic_user(credentials: str) -> str:
    """The user name in HTTP Basic's credentials, with or without a colon and padding. Raises `Unauthorized`."""
    try:
        written = credentials.strip().rstrip("=").encode("ascii")
        return base64.b64decode(written + b"=" * (-len(written) % 4), validate=True).decode().partition(":")[0]
    except (binascii.Error, ValueError) as error:
        raise Unauthorized("bad_key", "The Basic credentials are not base64.") from error


def _authorized(posted: Posted) -> str | None:
    """The user name of Basic, or the Bearer token."""
    scheme, _, credentials = posted.header(b"authorization").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return basic_user(credentials) if scheme.lower() == "basic" else None


def _asked_for(posted: Posted) -> str | None:
    if b"writeKey" not in posted.query:
        return None
    try:
        return parse_qs(posted.query.decode("latin-1"), max_num_fields=_MOST_FIELDS).get("writeKey", [None])[0]
    except ValueError:  # more fields than any client sends
        return None


def _in_the_first(posted: Posted) -> Any:
    try:
        return _read_envelope(posted.messages[0]).write_key
    except (IndexError, ValueError, RecursionError):
        return None


#: Where clients put their key, in the order in which it counts; the first text is the key.
_PLACES: tuple[Callable[[Posted], Any], ...] = (
    _authorized,
    _asked_for,
    lambda posted: posted.envelope.write_key,
    _in_the_first,
)


def _key_in(found: Iterable[Any]) -> str:
    key = next((key for key in found if isinstance(key, str)), "")
    return key if key.isascii() and len(key) <= _LONGEST_KEY else ""


async def sender_of(service: Service, posted: Posted) -> Sender:
    """Find out who sends. Raises `Unauthorized` for a key that opens nothing, `Forbidden` for a page that the project
    does not list and for a write key in a page."""
    key = _key_in(place(posted) for place in _PLACES)
    origin = posted.header(b"origin") or None
    found = await service.db.read(find_key, key)
    if found is not None and found.purpose == "write":
        config = await service.configs.get(found.project_id)
        if origin is not None:
            service.arrivals.saw(config.project_id, origin, "refused")
            raise Forbidden(
                "write_key_in_page",
                "This is the project's secret write key, and it came from a page, where anybody can read it. Put the "
                "public key into the page instead, and make a new write key.",
            )
        return Sender(config, "server", key)
    try:
        config = await service.configs.by_public_key(key)
    except NotFound as error:
        raise Unauthorized(
            "bad_key",
            "This key opens no project: a backend sends the write key that `project create` printed, a page the "
            "public key.",
        ) from error
    service.check_origin(config, origin)
    return Sender(config, "browser", key, origin or "app")
