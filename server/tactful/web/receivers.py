"""`POST /v1/receivers/{receiver_id}`: where other products send their signed webhooks.

The raw bytes are verified before anybody parses them, what they say is read by the receiver's paths, and the event goes
the way of every backend's event; the answer comes after the commit. A webhook that is genuine and says nothing to take
is answered 200 with `ignored`, since senders switch off an address that refuses. What came before, by the message id
that the receiver finds, that was signed along, or else by its body, changes nothing for seven days.

Whom an event concerns: a user id is believed as a backend's is. Where there is only an e-mail address, the one known
person with that address as their trait `email` is meant; where there are none or several it is nobody, and nobody is
ever made from an address. (A receiver whose user ids are addresses says so: `user_id: $.email`.)
"""

from __future__ import annotations

import hashlib

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tactful.clock import new_id
from tactful.core.receivers import Mapped, Verdict, read, verify
from tactful.core.trigger import Event
from tactful.errors import BadRequest, NotFound, TactfulError, Unauthorized
from tactful.identity import Identity, id_or_none
from tactful.store.events import Message, take_in
from tactful.store.projects import Config
from tactful.store.receivers import Outcome, Stored, find_by_email, find_receiver, is_known
from tactful.web.arrivals import Arrival, outcome_of
from tactful.web.bodies import read_bytes, unzip
from tactful.web.browser import service_of
from tactful.web.receipts import Receipt
from tactful.web.service import Service

__all__ = ["IGNORED", "RECEIVER_LIMIT", "check", "receive"]

#: Bytes of one webhook, packed and unpacked. Payloads are a hundredth of it; what is kept of one is far less.
RECEIVER_LIMIT = 1_024 * 1_024

_LONGEST_ADDRESS = 100
_SUCCESS = b'{"success":true}'

#: Why a webhook that was read is ignored all the same.
IGNORED = {
    "unknown_email": "Nobody whose user id is known has this address as their trait `email`; identify people with it, "
    "or send the user id.",
    "ambiguous_email": "Several people have this address as their trait `email`, so nobody is meant; send the user id.",
    "duplicate": "It came before, within the last 7 days, and was taken then.",
}


async def check(request: Request) -> Response:
    """Answer those that look whether the address is there before they send anything."""
    await _stored(request)
    return PlainTextResponse("This address takes webhooks by POST.\n", headers={"Cache-Control": "no-store"})


async def receive(request: Request) -> Response:
    """Take one webhook. Raises `Unauthorized` for what is not proved, `TooOften`, `Busy`, and `BadRequest` for no
    JSON."""
    service, stored = service_of(request), await _stored(request)
    raw = await read_bytes(request, RECEIVER_LIMIT, service.limits.batches.parts)
    verdict = _verified(service, request, stored, raw)
    room = service.limits.batches.whole
    room.take(len(raw))
    try:
        return await _receive(service, request, stored, verdict, raw)
    finally:
        room.give_back(len(raw))


async def _stored(request: Request) -> Stored:
    """The receiver at the address; whoever has no right to one and whoever has none are told the same. An address of
    nobody's counts as a wrong key does, as often as it is tried."""
    service, receiver_id = service_of(request), request.path_params["receiver_id"]
    found = None
    if receiver_id.isascii() and len(receiver_id) <= _LONGEST_ADDRESS and "\0" not in receiver_id:
        found = await service.db.read(find_receiver, receiver_id)
    if found is None:
        service.limits.fumble(service.addresses.of(request.scope))
        raise NotFound("no_such_receiver", "There is no receiver at this address; copy it again.")
    return found


def _verified(service: Service, request: Request, stored: Stored, raw: bytes) -> Verdict:
    """The verdict on what was sent. Raises `Unauthorized` for any but a good one."""
    verdict = verify(stored.receiver.auth, stored.secrets, request.headers, raw, service.clock.now_ms())
    if not verdict.ok:
        service.limits.fumble(service.addresses.of(request.scope))
        service.receipts.came(stored, Receipt("refused", verdict.code, verdict.message))
        raise Unauthorized(verdict.code, verdict.message)
    return verdict


async def _receive(service: Service, request: Request, stored: Stored, verdict: Verdict, raw: bytes) -> Response:
    service.limits.ingest(stored.project_id, stored.receiver_id, 1)
    try:
        body = unzip(raw, request.headers.get("content-encoding", ""), RECEIVER_LIMIT)
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _unreadable(service, stored, BadRequest("bad_json", "The body is not valid JSON in UTF-8.")) from error
    except TactfulError as error:
        raise _unreadable(service, stored, error) from error
    mapped = read(stored.receiver, payload, service.clock.now_ms())
    if not mapped.ok:
        return _answered(service, stored, verdict, mapped, ("ignored", mapped.code, mapped.message))
    return await _take(service, stored, verdict, mapped, _message_id(stored, verdict, mapped, body))


def _unreadable(service: Service, stored: Stored, error: TactfulError) -> TactfulError:
    service.receipts.came(stored, Receipt("unreadable", error.code, error.message))
    return error


def _message_id(stored: Stored, verdict: Verdict, mapped: Mapped, body: bytes) -> str:
    """The id under which this webhook is known: of one length, and the receiver's own."""
    named = mapped.message_id or verdict.message_id
    told = b"id:" + named.encode("utf-8", "replace") if named is not None else b"body:" + body
    return f"r:{hashlib.sha256(stored.receiver_id.encode() + b':' + told).hexdigest()[:40]}"


async def _take(service: Service, stored: Stored, verdict: Verdict, mapped: Mapped, message_id: str) -> Response:
    """Find out whom it concerns, and let it happen to them once."""
    identity = Identity(id_or_none(mapped.user_id), id_or_none(mapped.anonymous_id), proved=True)
    if not identity.aliases:
        named = await service.db.read(find_by_email, stored.project_id, mapped.email or "")
        if len(named) != 1:
            code = "ambiguous_email" if named else "unknown_email"
            return _answered(service, stored, verdict, mapped, ("ignored", code, IGNORED[code]))
        identity = Identity(named[0], None, proved=True)
    if await service.db.read(is_known, stored.project_id, message_id):
        return _answered(service, stored, verdict, mapped, ("duplicate", "duplicate", IGNORED["duplicate"]))
    config = await service.configs.get(stored.project_id)
    message, event = _message(service, config, mapped, message_id)
    service.journal.came(config.project_id, event)
    service.arrivals.came(config.project_id, Arrival(event.name, "backend", outcome_of(message), None, _who(mapped)))
    if message.has_effect:
        await _take_in(service, config, identity, message)
    return _answered(service, stored, verdict, mapped, ("taken", mapped.code, mapped.message))


def _message(service: Service, config: Config, mapped: Mapped, message_id: str) -> tuple[Message, Event]:
    """The message as a backend's own: its event is one that no page can forge."""
    event = Event(mapped.event or "", dict(mapped.properties), "server", answered=False)
    now, catalogue = service.clock.now_ms(), config.catalogue
    message = Message(
        message_id,
        event,
        catalogue.waiting_for(event, now),
        event_id=new_id(service.clock) if config.keep_events_ms > 0 else None,
        happened_at=now if mapped.happened_at is None else min(mapped.happened_at, now),
        cancelling=catalogue.cancelled_by(event),
        account_id=id_or_none(mapped.account_id),
        account_traits={},
    )
    return message, event


async def _take_in(service: Service, config: Config, identity: Identity, message: Message) -> None:
    """Take the message in and, if that made somebody a candidate, nudge their tabs."""
    taken = await service.db.run(
        take_in, config.project_id, identity, [message], new_id(service.clock), config.catalogue
    )
    if taken.due_in_ms is not None:
        service.nudge(config.project_id, taken.person_id, after_ms=taken.due_in_ms)


def _who(mapped: Mapped) -> str | None:
    return mapped.user_id or mapped.anonymous_id or mapped.email


def _answered(
    service: Service, stored: Stored, verdict: Verdict, mapped: Mapped, what: tuple[Outcome, str, str]
) -> Response:
    """Remember what became of a webhook that was proved, and answer 200."""
    outcome, code, message = what
    service.receipts.came(stored, Receipt(outcome, code, message, mapped.event, _who(mapped), verdict.secret))
    body = _SUCCESS if outcome == "taken" else orjson.dumps({"success": True, "ignored": code, "message": message})
    return Response(body, media_type="application/json")
