"""Bodies: hostile until they are typed and bounded.

Bytes are counted while they arrive and again after decompression, decoded as strict JSON (no NaN, no lone surrogate,
no byte order mark), and bounded in depth, values and characters before anybody looks at them. The same bounds hold
before both databases, so both keep exactly the same things. Limits: design, "The wire".
"""

from __future__ import annotations

import asyncio
import re
import zlib
from typing import Any, Protocol, TypeVar

import msgspec
import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from tactful.errors import BadRequest, TooLarge, TooSlow

__all__ = [
    "BROWSER_LIMIT",
    "INGEST_LIMIT",
    "MESSAGE_LIMIT",
    "Counter",
    "decode",
    "is_bounded",
    "is_sound",
    "mended",
    "read_bytes",
    "receive_bytes",
    "unzip",
]

T = TypeVar("T")

BROWSER_LIMIT = 64 * 1_024
INGEST_LIMIT = 5 * 1_024 * 1_024
MESSAGE_LIMIT = 32 * 1_024
DEEPEST = 8
MOST_VALUES = 1_000
#: A body that has begun has so long to arrive: the largest at 170 KiB/s, a page's on the slowest line.
ARRIVES_WITHIN_S = 30.0
#: Beyond this a number is no longer the same in JavaScript, and beyond 2^63 no database keeps it.
LARGEST_INT = 2**53

_LONGEST_LENGTH = 18  # digits; int() refuses thousands of them
_GZIP_MAGIC = b"\x1f\x8b"
#: A member costs a decompressor, so a body made of empty ones would cost seconds.
_MOST_MEMBERS = 1_000
_PIECE = 64 * 1_024
#: Looking at every escape of more than this would take longer than others should wait; clients send less at once.
_MENDED_UP_TO = 512 * 1_024
_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(_HIGH + _LOW + rb"|(?P<half>" + _HIGH + rb"|" + _LOW + rb")|\\.", re.DOTALL)
_NUL, _NUL_WRITTEN = "\0", b"\\u0000"


class Counter(Protocol):
    """Counts bytes that are held, and has only so much room (web/limits.py)."""

    def take(self, size: int) -> None: ...

    def give_back(self, size: int) -> None: ...


async def read_bytes(request: Request, limit: int, parts: Counter | None = None) -> bytes:
    """Read the whole body. Raises `TooLarge` at the first byte over `limit`, before more is taken in, and `TooSlow`."""
    declared = request.headers.get("content-length", "").encode("latin-1")
    return await receive_bytes(request.receive, declared, limit, parts)


async def receive_bytes(receive: Receive, declared: bytes, limit: int, parts: Counter | None = None) -> bytes:
    """The same where no `Request` was made; `declared` is the header `Content-Length`, empty where there is none.

    A body that comes in pieces is counted in `parts` until it is whole. Raises what that raises.
    """
    if declared.isdigit() and (len(declared) > _LONGEST_LENGTH or int(declared) > limit):
        raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    chunk: bytes = message.get("body", b"")
    if len(chunk) > limit:
        raise _too_large(limit)
    if not message.get("more_body", False):
        return chunk
    try:
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            return await _receive_on(receive, chunk, limit, parts or _Uncounted())
    except TimeoutError as late:
        raise TooSlow("body_too_slow", "The body did not arrive in time; send the same request again.") from late


async def _receive_on(receive: Receive, first: bytes, limit: int, parts: Counter) -> bytes:
    """Receive what follows the first piece, and return the whole."""
    chunks: list[bytes] = []
    size, chunk, more = 0, first, True
    try:
        while True:
            if size + len(chunk) > limit:
                raise _too_large(limit)
            parts.take(len(chunk))
            size += len(chunk)
            chunks.append(chunk)
            if not more:
                return b"".join(chunks)
            chunk, more = await _received(receive)
    finally:
        parts.give_back(size)


async def _received(receive: Receive) -> tuple[bytes, bool]:
    """The next piece, and whether there are more. Raises `ClientDisconnect`."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


class _Uncounted:
    def take(self, size: int) -> None:
        """Count nothing."""

    def give_back(self, size: int) -> None:
        """Count nothing."""


def _too_large(limit: int) -> TooLarge:
    return TooLarge("body_too_large", f"A body has at most {limit // 1_024} KiB here; send less at once.")


def unzip(body: bytes, encoding: str, limit: int) -> bytes:
    """Decompress gzip, told by the header or by its first bytes, never into more than `limit` bytes.

    A body may be several gzip members one after the other, as writers that flush make it, with zeros after the last.
    """
    if "gzip" not in encoding.lower() and not body.startswith(_GZIP_MAGIC):
        return body
    plain: list[bytes] = []
    at = size = 0
    for _ in range(_MOST_MEMBERS):
        member, at = _member(body, at, limit - size)
        plain.append(member)
        size += len(member)
        if not body[at:].strip(b"\0"):
            return b"".join(plain)
    raise BadRequest("bad_gzip", f"A gzip body has at most {_MOST_MEMBERS} members.")


def _member(body: bytes, at: int, room: int) -> tuple[bytes, int]:
    """Decompress the gzip member that begins at `at` into at most `room` bytes; return it, and where it ends."""
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    plain: list[bytes] = []
    while not stream.eof:
        # In pieces, since what follows the member is copied with the last of them.
        piece = body[at : at + _PIECE]
        if not piece:
            raise BadRequest("bad_gzip", "The gzip body ends too early.")
        try:
            part = stream.decompress(piece, room + 1)
        except zlib.error as error:
            raise BadRequest("bad_gzip", "The body is said to be gzip and is not.") from error
        room -= len(part)
        if room < 0:
            raise TooLarge("body_too_large", "The body is too large once it is decompressed; send less at once.")
        plain.append(part)
        at += len(piece)
    return b"".join(plain), at - len(stream.unused_data)


def mended(body: bytes) -> bytes:
    r"""Put U+FFFD in place of every `\uD83D` that is but half a character, as JavaScript writes a text that was cut."""
    return _ESCAPE.sub(_whole, body) if len(body) <= _MENDED_UP_TO else body


def _whole(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["half"] else escape[0]


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode strict JSON into the decoder's type. Raises `BadRequest` with the path of the fault."""
    try:
        if not body.isascii():
            body.decode()  # the decoder does not look into fields that it skips
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        said, where = _told(str(error))
        raise BadRequest("bad_field", f"{where}: {said}" if where else said, path=where) from error
    except (ValueError, RecursionError) as error:
        raise BadRequest("bad_json", "The body is not valid JSON in UTF-8.") from error


def _told(error: str) -> tuple[str, str]:
    """What is wrong, and the path of it: empty where the body as a whole is."""
    said, at, path = error.rpartition(" - at `$")
    return (said, path.rstrip("`").lstrip(".")) if at else (error, "")


def is_sound(value: Any) -> bool:
    """Tell whether a decoded value is within the bounds of one message: depth, number of values, characters."""
    level: list[Any] = [value]
    values = 0
    for _ in range(DEEPEST + 1):
        values += len(level)
        below: list[Any] = []
        for one in level:
            # By type, since each value is of one of JSON's own, and the most frequent first.
            kind = type(one)
            if kind is str:
                sound = _NUL not in one
            elif kind is dict:
                below.extend(one.values())
                # Names are joined and searched once, since most values have several.
                sound = len(one) <= MOST_VALUES and _NUL not in "".join(one)
            elif kind is list:
                below.extend(one)
                sound = True
            else:
                sound = kind is not int or -LARGEST_INT <= one <= LARGEST_INT
            # Counted before it is looked into: a message of millions of values costs no more than one of a thousand.
            if not sound or values + len(below) > MOST_VALUES:
                return False
        if not below:
            return True
        level = below
    return False


def is_bounded(value: Any) -> bool:
    """Tell whether a decoded value is within the bounds of one message, its size as JSON too."""
    return _is_small(value) or (is_sound(value) and len(orjson.dumps(value)) <= MESSAGE_LIMIT)


def _is_small(value: Any) -> bool:
    """Tell of most messages, at half the cost of looking at each value, that they are within every bound: nothing has
    more values than it has bytes when written, nor lies deeper than it has brackets. False tells nothing."""
    try:
        written = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except TypeError:  # a number that JavaScript would change, or too deep to be written
        return False
    brackets = written.count(b"{") + written.count(b"[")
    return len(written) <= MOST_VALUES and brackets <= DEEPEST and _NUL_WRITTEN not in written
