"""Lantern as an application: its routes on one page, and what lives as long as it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from demo_site import desk, help, pages, panel  # noqa: A004  # the page is called Help
from demo_site.headers import PageHeaders
from demo_site.settings import Settings
from demo_site.stage import HERE, Stage

__all__ = ["create_app"]

#: No form of Lantern's is larger than a few answers.
_LARGEST_BODY = 16 * 1024


def create_app(
    settings: Settings, transport: httpx2.AsyncBaseTransport | None = None, *, posting: bool = True
) -> Starlette:
    """Make Lantern; `transport` replaces the network on its way to Tactful's management API, and without `posting` no
    event leaves. Raises when a course, a ticket, or the file of surveys, cannot be read.
    """
    stage = Stage.set_up(settings, transport, posting=posting)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with stage.tactful:
            yield
        await run_in_threadpool(stage.backend.stop)

    app = Starlette(
        routes=_ROUTES,
        middleware=[Middleware(PageHeaders, tactful_origin=settings.tactful_origin)],
        exception_handlers={404: pages.not_found},
        lifespan=lifespan,
        max_body_size=_LARGEST_BODY,
    )
    app.state.stage = stage
    return app


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok")


_ROUTES = [
    Route("/", pages.home),
    Route("/course/{course}", pages.course),
    Route("/course/{course}/lesson/{lesson}", pages.lesson),
    Route("/course/{course}/lesson/{lesson}/finish", pages.finish, methods=["POST"]),
    Route("/course/{course}/quiz", pages.quiz),
    Route("/course/{course}/quiz", pages.quiz_sent, methods=["POST"]),
    Route("/course/{course}/certificate", pages.certificate),
    Route("/course/{course}/certificate", pages.collect, methods=["POST"]),
    Route("/become", pages.become, methods=["POST"]),
    Route("/help", help.home),
    Route("/help", help.open_ticket, methods=["POST"]),
    Route("/help/revision", help.revision),
    Route("/help/{number:int}", help.ticket),
    Route("/help/{number:int}/reply", help.reply, methods=["POST"]),
    Route("/desk", desk.queue),
    Route("/desk/agent", desk.sign_in, methods=["POST"]),
    Route("/desk/revision", desk.revision),
    Route("/desk/{number:int}", desk.ticket),
    Route("/desk/{number:int}/answer", desk.answer, methods=["POST"]),
    Route("/desk/{number:int}/close", desk.close, methods=["POST"]),
    Route("/desk/{number:int}/reopen", desk.reopen, methods=["POST"]),
    Route("/desk/{number:int}/why", panel.why_of_ticket),
    Route("/desk/said", panel.said_at_desk),
    Route("/panel/why", panel.why),
    Route("/panel/said", panel.said),
    Route("/healthz", _healthy),
    Mount("/static", StaticFiles(directory=HERE / "static")),
]
