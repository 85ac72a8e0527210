"""`/v1/...`: what backends call, in Segment's dialect, so that the SDKs teams already use work unmodified.

Any content type is taken, gzip is told by its header or its first bytes, the write key is looked for in the five places
where clients put it, and `200 {"success":true}` is the only good answer, given after the commit. One bad message never
fails its batch. An event that nothing waits for and no setting keeps is acknowledged without touching a row.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tactful.clock import new_id
from tactful.errors import BadRequest, Unauthorized
from tactful.identity import Identity
from tactful.store.events import Message, observe
from tactful.store.projects import Config, find_key
from tactful.web.arrivals import MOST_ARRIVALS, Arrival, Outcome, name_of, outcome_of
from tactful.web.bodies import INGEST_LIMIT, read_bytes, unzip
from tactful.web.browser import service_of
from tactful.web.segment import Delivery, Heard, read_message
from tactful.web.service import Service

__all__ = ["batch", "single"]

_SUCCESS = b'{"success":true}'
#: So many messages wait for the writer at once; a larger batch goes in several goes.
_AT_ONCE = 500


async def batch(request: Request) -> Response:
    """Take a batch of messages of any kind."""
    return await _take(request, None)


async def single(request: Request) -> Response:
    """Take one message; the last part of the path is its type."""
    return await _take(request, request.url.path.rstrip("/").rpartition("/")[2])


async def _take(request: Request, kind: str | None) -> Response:
    service = service_of(request)
    raw = await read_bytes(request, INGEST_LIMIT)
    body = _decoded(unzip(raw, request.headers.get("content-encoding", ""), INGEST_LIMIT))
    config = await _config_of(service, _write_key(request, body))
    messages = body.get("batch") if kind is None else [body | {"type": kind}]
    if not isinstance(messages, list):
        raise BadRequest("bad_batch", "Send a JSON object with `batch`, a list of messages.")
    delivery = Delivery(config, service.clock, service.clock.now_ms(), body.get("sentAt"))
    heard = [read_message(delivery, message) for message in messages]
    service.dropped += heard.count(None)
    _show(service, config, messages, heard)
    for one in heard:
        if one is not None and one.event is not None:
            service.journal.came(config.project_id, one.event)
    await _observe_all(service, config, [one for one in heard if one is not None])
    return Response(_SUCCESS, media_type="application/json")


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        decoded = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest("bad_json", "The body is not valid JSON in UTF-8.") from error
    if not isinstance(decoded, dict):
        raise BadRequest("bad_batch", "Send a JSON object.")
    return decoded


def _write_key(request: Request, body: Mapping[str, Any]) -> str:
    """Find the write key where the clients put it: Basic user name, Bearer, query, body, first message."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials).decode().partition(":")[0]
        except (binascii.Error, ValueError) as error:
            raise Unauthorized("bad_key", "The Basic credentials are not base64.") from error
    if scheme.lower() == "bearer":
        return credentials.strip()
    batched = body.get("batch")
    first = batched[0] if isinstance(batched, list) and batched and isinstance(batched[0], dict) else {}
    places = (request.query_params.get("writeKey"), body.get("writeKey"), first.get("writeKey"))
    return next((key for key in places if isinstance(key, str)), "")


async def _config_of(service: Service, write_key: str) -> Config:
    key = await service.db.read(find_key, write_key) if write_key.isascii() else None
    if key is None or key.purpose != "write":
        raise Unauthorized("bad_key", "This write key opens no project; use the one that `project create` printed.")
    return await service.configs.get(key.project_id)


def _show(service: Service, config: Config, messages: Sequence[Any], heard: Sequence[Heard | None]) -> None:
    """Let the install page show what came, as far as it shows anything."""
    for fields, one in zip(messages[-MOST_ARRIVALS:], heard[-MOST_ARRIVALS:], strict=True):
        outcome: Outcome = "dropped" if one is None else outcome_of(one.message)
        who = None if one is None else one.identity.user_id or one.identity.anonymous_id
        service.arrivals.came(config.project_id, Arrival(name_of(fields), "backend", outcome, None, who))


async def _observe_all(service: Service, config: Config, heard: Sequence[Heard]) -> None:
    """Observe every message in a transaction of its own: they share a commit, and none can undo another."""
    messages = [(one.identity, one.message) for one in heard if one.message is not None]
    for start in range(0, len(messages), _AT_ONCE):
        chunk = messages[start : start + _AT_ONCE]
        await asyncio.gather(*(_observe(service, config, identity, message) for identity, message in chunk))


async def _observe(service: Service, config: Config, identity: Identity, message: Message) -> None:
    """Observe one message and, if that made somebody a candidate, nudge their tabs."""
    new_person_id = new_id(service.clock)
    observed = await service.db.run(observe, config.project_id, identity, [message], new_person_id, config.catalogue)
    if message.waiting and observed.waiting:
        first = min(one.not_before for one in observed.waiting)
        service.nudge(config.project_id, observed.known.person_id, after_ms=first - observed.known.now)
