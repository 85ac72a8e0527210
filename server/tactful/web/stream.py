"""`POST /w/live`, from the request to its place in the hub.

A raw ASGI endpoint: it reads its body, finds out whose stream it is, and waits in the hub. While it waits, which is
nearly always, it keeps hold of nothing but the stream's place.
"""

from __future__ import annotations

import msgspec
from starlette.types import Receive, Scope, Send

from tactful.clock import new_id
from tactful.errors import Forbidden
from tactful.store.candidates import waiters
from tactful.store.events import met, observe
from tactful.web.bodies import decode
from tactful.web.browser import identity_of
from tactful.web.limits import Sender
from tactful.web.live import Whose
from tactful.web.posts import Post, read_post
from tactful.web.service import Service
from tactful.web.wire import LiveBody

__all__ = ["LiveStream"]

_live_body = msgspec.json.Decoder(LiveBody)


class LiveStream:
    """The endpoint. Refuses whoever is not identified: an anonymous browser has no backend that speaks of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        whose = await _whose(await read_post(scope, receive))
        service: Service = scope["app"].state.service
        stream = service.hub.open(whose, send)
        try:
            await stream.begin()
            # Read only now: what begins to wait after this finds the stream open.
            await _remind(service, whose)
            await stream.until_gone(receive)
        finally:
            service.hub.leave(whose, stream)


async def _whose(post: Post) -> Whose:
    """Project and person, made if this is the first that is heard of them. Raises `Forbidden`."""
    service = post.service
    body = decode(post.body, _live_body)
    config = await service.config_of_pass(body.passed)
    service.check_origin(config, post.origin)
    identity = identity_of(post, config, body.identity)
    service.limits.page(config.project_id, "events", Sender(post.address, identity))
    if identity.user_id is None or not config.live:
        raise Forbidden("not_live", "Only identified people of a project that hears its backend may listen.")
    found = await service.db.read(met, config.project_id, identity, (), config.catalogue, service.clock.now_ms())
    if found is None:
        found = await service.db.run(observe, config.project_id, identity, (), new_id(service.clock), config.catalogue)
    return config.project_id, found.known.person_id


async def _remind(service: Service, whose: Whose) -> None:
    """Nudge for what waits already: now, or as soon as the first hold is over."""
    now = service.clock.now_ms()
    waiting = await service.db.read(waiters, *whose, now)
    if waiting:
        service.hub.nudge(*whose, after_ms=min(one.not_before for one in waiting) - now)
