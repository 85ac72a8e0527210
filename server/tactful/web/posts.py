"""The widget API's endpoints: the shortest way from the bytes of a POST to a JSON answer.

Pages call these far more often than anything else is called, and most calls decide nothing. So each is an ASGI
application by itself: no Request and no Response is made, and errors travel to the handlers that every route has
(`web/problems.py`). What the functions behind them get is a `Post`, what they return is JSON.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from tactful.web.bodies import BROWSER_LIMIT, receive_bytes
from tactful.web.service import Service

__all__ = ["Endpoint", "Post", "read_post"]

_JSON = (b"content-type", b"application/json")


class Post(NamedTuple):
    """What a page sent: the body, the origin that its browser vouches for, and the languages that its user prefers."""

    service: Service
    origin: str | None
    body: bytes
    languages: str = ""


async def read_post(scope: Scope, receive: Receive) -> Post:
    """Read a page's request. Raises `TooLarge`."""
    origin, declared, languages = None, b"", ""
    for name, value in scope["headers"]:
        if name == b"origin":
            origin = value.decode("latin-1")
        elif name == b"content-length":
            declared = value
        elif name == b"accept-language":
            languages = value.decode("latin-1")
    body = await receive_bytes(receive, declared, BROWSER_LIMIT)
    return Post(scope["app"].state.service, origin, body, languages)


class Endpoint:
    """A POST route of the widget API, made by decorating the function that answers it."""

    def __init__(self, answer: Callable[[Post], Awaitable[bytes]]) -> None:
        self._answer = answer
        self.__name__ = answer.__name__
        self.__doc__ = answer.__doc__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = await self._answer(await read_post(scope, receive))
        headers = [_JSON, (b"content-length", b"%d" % len(told))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})
