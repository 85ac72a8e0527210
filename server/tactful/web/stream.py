"""`POST /w/live`, from the request to its place in the hub.

A raw ASGI endpoint: it reads its body, finds out whose stream it is, and hands `send` to the hub.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from tactful.clock import new_id
from tactful.errors import Forbidden
from tactful.store.events import Observed, met, observe
from tactful.store.projects import Config
from tactful.web.bodies import BROWSER_LIMIT, decode, read_bytes
from tactful.web.browser import identity_of, service_of
from tactful.web.service import Service
from tactful.web.wire import LiveBody

__all__ = ["LiveStream"]

_live_body = msgspec.json.Decoder(LiveBody)


class LiveStream:
    """The endpoint. Refuses whoever is not identified: an anonymous browser has no backend that speaks of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        service = service_of(request)
        body = decode(await read_bytes(request, BROWSER_LIMIT), _live_body)
        config = await service.config_of_pass(body.passed)
        service.check_origin(config, request.headers.get("origin"))
        observed = await _whose(service, config, body)
        whose = (config.project_id, observed.known.person_id)
        waiting_ms = [waiter.not_before - observed.known.now for waiter in observed.waiting]
        await service.hub.serve(whose, receive, send, waiting_ms)


async def _whose(service: Service, config: Config, body: LiveBody) -> Observed:
    identity = identity_of(config, body.identity)
    if identity.user_id is None or not config.live:
        raise Forbidden("not_live", "Only identified people of a project that hears its backend may listen.")
    found = await service.db.read(met, config.project_id, identity, (), config.catalogue, service.clock.now_ms())
    if found is not None:
        return found
    return await service.db.run(observe, config.project_id, identity, (), new_id(service.clock), config.catalogue)
