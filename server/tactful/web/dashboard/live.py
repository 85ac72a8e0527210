"""`GET /projects/{project_id}/live?age=MS`: the stream of updates (web/updates.py) for members; `age` is the page's."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from tactful.errors import Unauthorized
from tactful.web.access import the_member
from tactful.web.browser import service_of

__all__ = ["UpdatesStream"]

_AGE = re.compile(r"[0-9]{1,12}")


class UpdatesStream:
    """The endpoint, for members. A raw ASGI response: Starlette's own takes twice the memory for each stream."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        service = service_of(request)
        member = await the_member(request)
        if member is None:
            raise Unauthorized("not_logged_in", "Log in to see what happens.")
        config = await service.configs.get(request.path_params["project_id"])
        age = _AGE.fullmatch(request.query_params.get("age", ""))
        age_s = int(age[0]) / 1_000 if age else None
        await service.updates.serve(config.project_id, member.member_id, receive, send, age_s=age_s)
