"""`/v1/...`: what backends call, and pages with somebody else's script, in Segment's dialect.

So the SDKs that teams already use work unmodified. Any content type is taken, gzip is told by its header or its first
bytes, and `200 {"success":true}` is the only good answer, given after the commit. One bad message never fails its
batch. An event that nothing waits for and no setting keeps is acknowledged without touching a row.

    bytes -> Posted -> Sender (who says so)          web/senders.py
          -> Sifted (what of it concerns somebody)   web/sifting.py, and web/segment.py for a message
          -> transactions, one for each person

A large batch goes through in slices, and whoever else calls meanwhile gets a turn after each of them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from tactful.clock import new_id
from tactful.core.origins import WITHOUT_ORIGIN
from tactful.core.trigger import Event
from tactful.errors import BadRequest, TactfulError, TooLarge, Unauthorized
from tactful.identity import Identity, id_or_none
from tactful.store.events import Message, describe_account, take_in
from tactful.store.joining import join
from tactful.store.people import Guarded
from tactful.web import limits
from tactful.web.bodies import INGEST_LIMIT, mended, receive_bytes, unzip
from tactful.web.cors import OPEN_TO_PAGES
from tactful.web.posts import Direct
from tactful.web.problems import problem
from tactful.web.segment import Delivery, Heard
from tactful.web.senders import Envelope, Posted, Sender, sender_of
from tactful.web.service import Service
from tactful.web.sifting import Sifted, properties_in, sift

__all__ = ["Ingest", "Swallow"]

T = TypeVar("T")

_SUCCESS = b'{"success":true}'
_SUCCESS_HEADERS = ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(_SUCCESS)))
#: So many messages are sifted and wait for the writer at once.
_AT_ONCE = 500
#: More values than this in a body of 5 MiB are no data, and what they would be made into fills the memory.
_MOST_COMMAS = 1_000_000
#: So many of the shortest messages fit into a body; what is shorter is none, and would be held until its turn comes.
_MOST_MESSAGES = 150_000


class _Batch(Envelope, gc=False, kw_only=True, rename="camel"):
    batch: list[msgspec.Raw]


_read_batch = msgspec.json.Decoder(_Batch).decode
_read_single = msgspec.json.Decoder(Envelope).decode


class Ingest(Direct):
    """An address that takes messages: a batch of any kind, or one of the `kind` that the address names.

    `translate` makes a body of another dialect into a batch of this one, with the key where it belongs.
    """

    def __init__(self, kind: str | None = None, translate: Callable[[bytes], bytes] | None = None) -> None:
        self._kind = kind
        self._translate = translate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        try:
            await self._take(scope["app"].state.service, scope, headers, receive)
            status, told, body = 200, [*_SUCCESS_HEADERS], _SUCCESS
        except TactfulError as error:
            refusal = problem(error)
            status, told, body = refusal.status_code, [*refusal.raw_headers], bytes(refusal.body)
        except ClientDisconnect:
            # It left in the middle of its body: nobody reads the answer, and it is no bug to be logged.
            status, told, body = 400, [], b""
        if b"origin" in headers:
            told += OPEN_TO_PAGES
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})

    async def _take(self, service: Service, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive) -> None:
        address, let_in = service.addresses.of(scope), service.limits
        if b"origin" in headers:
            let_in.knock(address)
        packed = await receive_bytes(receive, headers.get(b"content-length", b""), INGEST_LIMIT, let_in.batches.parts)
        body = unzip(packed, headers.get(b"content-encoding", b"").decode("latin-1"), INGEST_LIMIT)
        if body.count(b",") > _MOST_COMMAS:
            raise TooLarge("too_many_values", f"A body has at most {_MOST_COMMAS:,} values; send less at once.")
        let_in.batches.whole.take(len(body))
        try:
            await self._take_body(service, scope, headers, body)
        except Unauthorized:
            let_in.fumble(address)
            raise
        finally:
            let_in.batches.whole.give_back(len(body))

    async def _take_body(self, service: Service, scope: Scope, headers: Mapping[bytes, bytes], body: bytes) -> None:
        if self._translate is not None:
            body = self._translate(body)
        envelope, messages = _opened(body) if self._kind is None else _alone(body)
        sender = await sender_of(service, Posted(headers, scope["query_string"], envelope, messages))
        _let_in(service, scope, sender, len(messages))
        sent_at = envelope.sent_at if envelope.sent_at is not None else _text(headers, b"sentat")
        now, anonymous_id = service.clock.now_ms(), _anonymous_id(headers)
        delivery = Delivery(sender, service.proofs, service.clock, now, sent_at, anonymous_id)
        for start in range(0, len(messages), _AT_ONCE):
            if start:
                await asyncio.sleep(0)  # whoever else called gets a turn
            sifted = sift(delivery, messages[start : start + _AT_ONCE], self._kind)
            _note(service, delivery, sifted)
            await _take_in(service, delivery, sifted.heard)


class Swallow(Direct):
    """An address of a client's own measurements: taken, and let go."""

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [*_SUCCESS_HEADERS, *(OPEN_TO_PAGES if b"origin" in dict(scope["headers"]) else ())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _SUCCESS})


def _opened(body: bytes) -> tuple[Envelope, list[msgspec.Raw]]:
    """A batch's envelope and its messages, which are left as they are written."""
    opened, _ = _decoded(body, _read_batch)
    if len(opened.batch) > _MOST_MESSAGES:
        raise TooLarge("too_many_messages", f"A batch has at most {_MOST_MESSAGES:,} messages; send less at once.")
    return opened, opened.batch


def _alone(body: bytes) -> tuple[Envelope, list[msgspec.Raw]]:
    """The same of a body that is the message."""
    envelope, written = _decoded(body, _read_single)
    return envelope, [msgspec.Raw(written)]


def _decoded(body: bytes, read: Callable[[bytes], T]) -> tuple[T, bytes]:
    """What a body says, and the body with what had to be mended. Raises `BadRequest`."""
    try:
        if not body.isascii():
            body.decode()  # what is skipped is not looked into
        return _read(body, read)
    except msgspec.ValidationError as error:
        raise BadRequest("bad_batch", "Send a JSON object, for a batch with `batch`, a list of messages.") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest("bad_json", "The body is not valid JSON in UTF-8.") from error


def _read(body: bytes, read: Callable[[bytes], T]) -> tuple[T, bytes]:
    try:
        return read(body), body
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        whole = mended(body)
        return read(whole), whole


def _let_in(service: Service, scope: Scope, sender: Sender, messages: int) -> None:
    """Count what is sent against the limits of its key or its page. Raises `TooOften` and `Busy`."""
    project_id = sender.config.project_id
    if sender.source == "server":
        service.limits.ingest(project_id, sender.key, max(messages, 1))
        return
    address = service.addresses.of(scope)
    if sender.origin == WITHOUT_ORIGIN[0]:  # an app's, which did not knock because nothing told it from a backend's
        service.limits.knock(address)
    page = limits.Sender(address, Identity(None, None))
    service.limits.page(project_id, "events", page, max(messages, 1))


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def _anonymous_id(headers: Mapping[bytes, bytes]) -> str | None:
    """RudderStack's header `AnonymousId`: base64, and the only place for it in some of its requests."""
    try:
        return id_or_none(base64.b64decode(headers.get(b"anonymousid", b""), validate=True).decode())
    except (binascii.Error, ValueError):
        return None


def _note(service: Service, delivery: Delivery, sifted: Sifted) -> None:
    """Let the pages for members show what came."""
    project_id, source = delivery.sender.config.project_id, delivery.sender.source
    service.dropped += sifted.dropped
    total = sifted.dropped + len(sifted.heard) + sum(sifted.passed.values())
    service.arrivals.came_all(project_id, sifted.arrivals, total)
    for one in sifted.heard:
        if one.message.event is not None:
            service.journal.came(project_id, one.message.event)
    for name, times in sifted.passed.items():
        wanted = service.journal.wants_example(project_id, name, source)
        properties = properties_in(sifted.examples[name]) if wanted else {}
        service.journal.came(project_id, Event(name, properties, source), times)


async def _take_in(service: Service, delivery: Delivery, heard: Sequence[Heard]) -> None:
    """Take in what was heard of each person in a transaction of their own: they share a commit, and none can undo
    another."""
    people: dict[Identity, list[Message]] = {}
    others: list[Coroutine[None, None, object]] = []
    for one in heard:
        if one.also is not None:
            others.append(_join(service, delivery, one))
        elif not one.identity.aliases:
            others.append(service.db.run(describe_account, delivery.sender.config.project_id, one.message))
        elif one.message.has_effect:
            people.setdefault(one.identity, []).append(one.message)
    if people or others:
        told = [_take_in_one(service, delivery, identity, messages) for identity, messages in people.items()]
        await asyncio.gather(*told, *others)


async def _take_in_one(service: Service, delivery: Delivery, identity: Identity, messages: Sequence[Message]) -> None:
    """Take in what was told of one person and, if it made them a candidate, nudge their tabs."""
    config, new_person_id = delivery.sender.config, new_id(service.clock)
    try:
        taken = await service.db.run(take_in, config.project_id, identity, messages, new_person_id, config.catalogue)
    except Guarded:
        service.proofs.guarded(config, delivery.sender.origin)
        return
    if taken.due_in_ms is not None:
        service.nudge(config.project_id, taken.person_id, after_ms=taken.due_in_ms)


async def _join(service: Service, delivery: Delivery, one: Heard) -> None:
    assert one.identity.user_id is not None
    assert one.also is not None
    project_id = delivery.sender.config.project_id
    await service.db.run(join, project_id, one.also, one.identity.user_id, new_id(service.clock))
