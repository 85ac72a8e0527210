"""The agents' side of the help desk: the queue, a ticket, and what they do with it.

The desk is a tool for Lantern's own people, so it carries no widget and asks its agents nothing. Its sign-in has a
cookie of its own beside the learners'.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from demo_site.help import LONGEST_TEXT, number_of
from demo_site.people import AGENTS, Agent, Person
from demo_site.stage import draw, form_of, stage_of, wants_json
from demo_site.tickets import STATUSES, Status, Ticket

__all__ = ["answer", "close", "queue", "reopen", "revision", "sign_in", "signed_in", "ticket"]

_COOKIE: Final = "lantern_agent"
_COOKIE_S: Final = 30 * 24 * 3600

Page = Callable[[Request, Agent], Awaitable[Response]]


def _agents_only(inner: Page) -> Callable[[Request], Awaitable[Response]]:
    """Let nobody in but agents; whoever is none yet may become one."""

    @wraps(inner)
    async def outer(request: Request) -> Response:
        agent = signed_in(request)
        # The desk speaks English, whoever else uses this browser.
        request.state.person = Person(agent.key, agent.name, "Help desk") if agent else Person("desk", "Help desk", "")
        if agent is not None:
            return await inner(request, agent)
        if request.method == "GET":
            return draw(request, "desk_sign_in.html", at_desk=True, back=request.url.path)
        raise HTTPException(403)

    return outer


async def sign_in(request: Request) -> Response:
    """Be an agent from here on, and go to the desk or to one ticket on it."""
    form = await form_of(request)
    agent, back = AGENTS.get(form.get("agent", "")), form.get("back", "")
    if agent is None:
        raise HTTPException(400)
    response = RedirectResponse(back if _is_at_the_desk(back) else "/desk", 303)
    response.set_cookie(_COOKIE, agent.key, max_age=_COOKIE_S, path="/desk", httponly=True, samesite="lax")
    return response


def _is_at_the_desk(path: str) -> bool:
    return path.startswith("/desk/") and path.removeprefix("/desk/").isdecimal()


@_agents_only
async def queue(request: Request, agent: Agent) -> Response:
    """Show the queue: by default, who waits for an answer."""
    return _desk(request, agent, None)


@_agents_only
async def ticket(request: Request, agent: Agent) -> Response:
    """Show a ticket, and the queue that it is part of."""
    return _desk(request, agent, _ticket_of(request))


@_agents_only
async def answer(request: Request, agent: Agent) -> Response:
    """Say something to the ticket's writer, and close the ticket if the second button was pressed."""
    stage, found, form = stage_of(request), _ticket_of(request), await form_of(request)
    text = form.get("text", "").strip()[:LONGEST_TEXT]
    if text:
        stage.tickets.say(found, text, agent)
    if form.get("then") == "close":
        _close(request, found, agent)
    return _done(request, found)


@_agents_only
async def close(request: Request, agent: Agent) -> Response:
    """Close a ticket, which asks its writer how it went."""
    await form_of(request)
    found = _ticket_of(request)
    _close(request, found, agent)
    return _done(request, found)


@_agents_only
async def reopen(request: Request, agent: Agent) -> Response:
    """Open a ticket again: whoever was about to be asked about it is not."""
    await form_of(request)
    stage, found = stage_of(request), _ticket_of(request)
    if stage.tickets.reopen(found):
        stage.backend.reopened(found, agent.key)
    return _done(request, found)


@_agents_only
async def revision(request: Request, _agent: Agent) -> Response:
    """Tell an open window how far the desk has come, so that it knows when to look again."""
    return JSONResponse({"revision": stage_of(request).tickets.revision})


def signed_in(request: Request) -> Agent | None:
    """Say who is at the desk in this browser."""
    return AGENTS.get(request.cookies.get(_COOKIE, ""))


def _close(request: Request, found: Ticket, agent: Agent) -> None:
    stage = stage_of(request)
    if stage.tickets.close(found, agent):
        stage.backend.meets(found.person)
        stage.backend.closed(found, agent)


def _ticket_of(request: Request) -> Ticket:
    found = stage_of(request).tickets.find(number_of(request))
    if found is None:
        raise HTTPException(404)
    return found


def _done(request: Request, found: Ticket) -> Response:
    if wants_json(request):
        return JSONResponse({"status": found.status})
    return RedirectResponse(f"/desk/{found.number}", 303)


def _desk(request: Request, agent: Agent, found: Ticket | None) -> Response:
    book = stage_of(request).tickets
    wanted = request.query_params.get("status", found.status if found else STATUSES[0])
    status: Status = next((one for one in STATUSES if one == wanted), STATUSES[0])
    queues = {one: book.with_status(one) for one in STATUSES}
    others = [one for one in book.of(found.person) if one is not found] if found else []
    shown: dict[str, Any] = {
        "at_desk": True,
        "agent": agent,
        "ticket": found,
        "queues": queues,
        "chosen": status,
        "others": others,
    }
    return draw(request, "desk.html", **shown, longest=LONGEST_TEXT, revision=book.revision)
