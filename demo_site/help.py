"""A learner's side of the help desk: their own tickets, a new one, and what was said to each."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from demo_site.stage import form_of, go, page, remember, stage_of, who
from demo_site.tickets import Ticket

__all__ = ["LONGEST_SUBJECT", "LONGEST_TEXT", "home", "number_of", "open_ticket", "reply", "revision", "ticket"]

LONGEST_SUBJECT = 90
LONGEST_TEXT = 2_000


async def home(request: Request) -> Response:
    """List a person's own tickets, and offer a form for another."""
    return _home(request)


async def open_ticket(request: Request) -> Response:
    """Keep a new ticket and go there. One without a subject or a text is asked for again, with what was typed."""
    stage, person, form = stage_of(request), who(request), await form_of(request)
    subject = " ".join(form.get("subject", "").split())[:LONGEST_SUBJECT]
    text = form.get("text", "").strip()[:LONGEST_TEXT]
    if person.user_id is None:
        raise HTTPException(403)
    if not subject or not text:
        return _home(request, status=422, typed={"subject": subject, "text": text})
    opened = stage.tickets.open(person, subject, text)
    stage.backend.opened(opened)
    return remember(RedirectResponse(f"/help/{opened.number}", 303), person)


async def ticket(request: Request) -> Response:
    """Show one of a person's own tickets."""
    found = _own_ticket(request)
    others = [one for one in stage_of(request).tickets.of(found.person) if one is not found]
    shown: dict[str, Any] = {
        "ticket": found,
        "others": others[:5],
        "longest": LONGEST_TEXT,
        "revision": _revision(request),
    }
    return page(request, "ticket.html", **shown)


async def reply(request: Request) -> Response:
    """Add to a ticket what its writer says, which opens it again if it was closed."""
    stage, found, form = stage_of(request), _own_ticket(request), await form_of(request)
    text = form.get("text", "").strip()[:LONGEST_TEXT]
    if text:
        stage.tickets.say(found, text)
        if stage.tickets.reopen(found):
            stage.backend.reopened(found, found.person.key)
    return go(request, f"/help/{found.number}", told={"status": found.status})


async def revision(request: Request) -> Response:
    """Tell an open window how far a person's tickets have come, so that it knows when to look again."""
    return JSONResponse({"revision": _revision(request)})


def number_of(request: Request) -> int:
    """Read the number of the ticket that the address names."""
    number: int = request.path_params["number"]
    return number


def _home(request: Request, status: int = 200, typed: dict[str, str] | None = None) -> Response:
    book, person = stage_of(request).tickets, who(request)
    longest = {"subject": LONGEST_SUBJECT, "text": LONGEST_TEXT}
    shown: dict[str, Any] = {
        "tickets": book.of(person),
        "typed": typed,
        "longest": longest,
        "revision": _revision(request),
    }
    return page(request, "help.html", status, **shown)


def _revision(request: Request) -> int:
    return stage_of(request).tickets.revision_of(who(request))


def _own_ticket(request: Request) -> Ticket:
    found = stage_of(request).tickets.find(number_of(request))
    if found is None or found.person.key != who(request).key:
        raise HTTPException(404)
    return found
