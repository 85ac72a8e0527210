"""`GET /projects/{project_id}/live`: the stream of updates (web/updates.py) for members."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from tactful.errors import Unauthorized
from tactful.web.access import the_member
from tactful.web.browser import service_of

__all__ = ["UpdatesStream"]


class UpdatesStream:
    """The endpoint, for members. A raw ASGI response: Starlette's own takes twice the memory for each stream."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        service = service_of(request)
        member = await the_member(request)
        if member is None:
            raise Unauthorized("not_logged_in", "Log in to see what happens.")
        config = await service.configs.get(request.path_params["project_id"])
        await service.updates.serve(config.project_id, member.member_id, receive, send)
