"""Errors on the wire: RFC 9457 problems, made in one place, with `code` and `message` besides.

The two extra members are not decoration: old Segment clients look for them and retry in vain where they are missing.
Nothing of a stack trace ever leaves the house.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route

from tactful.errors import TactfulError

__all__ = ["HANDLERS", "problem"]

_log = logging.getLogger("tactful.web")


def problem(error: TactfulError) -> Response:
    """Return `error` as a problem document."""
    body = error.data | {
        "type": "about:blank",
        "title": error.code.replace("_", " "),
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "message": error.message,
    }
    return Response(
        orjson.dumps(body, default=str), error.status, dict(error.headers), media_type="application/problem+json"
    )


async def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, TactfulError)
    return problem(error)


async def _starlettes(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    told = TactfulError(codes.get(error.status_code, "http_error"), error.detail)
    told.status = error.status_code
    told.headers = tuple((error.headers or {}).items())
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        told.headers = (("Allow", _allowed(request)),)
    return problem(told)


def _allowed(request: Request) -> str:
    """All methods of the address: one that has a route for each of them is told of the first one's only."""
    routes: Iterable[Route] = (route for route in request.app.routes if isinstance(route, Route))
    meant = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return ", ".join(sorted({method for route in meant for method in route.methods or ()}))


async def _bug(request: Request, error: Exception) -> Response:
    # The path may hold ids, and a body may hold anything: the route and the exception's type are enough to find it.
    _log.error("bug in %s: %s", request.scope.get("route"), type(error).__name__, exc_info=error)
    return problem(TactfulError("internal", "Something broke on our side; it was logged."))


async def _hung_up(_request: Request, _error: Exception) -> Response:
    """The client left in the middle of its body: nobody reads this, and it is no bug to be logged."""
    return Response(status_code=400)


HANDLERS = {TactfulError: _ours, HTTPException: _starlettes, ClientDisconnect: _hung_up, Exception: _bug}
