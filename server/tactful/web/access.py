"""Who is looking: members' sessions, what their role lets them open, and what every page is sent with.

The cookie carries a signed random secret; the session behind it lives in the database and can be ended there at any
moment. The signature only keeps forgeries away from the database. A page says which role it takes:

    @members_only("editor")
    async def page(request: Request, member: Member) -> Response: ...

Whatever arrives by an unsafe method was sent by a page of ours: `web/same_origin.py` lets nothing else through.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tactful.core.spans import MINUTE_MS
from tactful.errors import Forbidden, TactfulError, Unauthorized
from tactful.store.members import ROLES, SESSION_MS, NewSession, Role, find_session, touch_session
from tactful.tokens import SESSION
from tactful.web.browser import service_of
from tactful.web.rendering import render
from tactful.web.service import Service

__all__ = [
    "PAGE_HEADERS",
    "Member",
    "Role",
    "error_response",
    "members_only",
    "our_path",
    "page_response",
    "secret_of",
    "set_session",
    "the_member",
]

#: Everything from here and nothing inline. No script of ours makes HTML from text, so no policy for it has a name.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

#: The referrer stays within the house. Under `no-referrer` a browser would send our own forms with `Origin: null`.
PAGE_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}

#: A session's last use is written this often at most.
_TOUCH_EVERY_MS = MINUTE_MS
_LONGEST_PATH = 2_000

Page = Callable[[Request, "Member"], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Member:
    """Who is logged in, by which session (`session_id` names it; it is not what the cookie holds)."""

    member_id: str
    email: str
    role: Role
    session_id: str

    def may(self, role: Role) -> bool:
        """Tell whether this member may do what takes `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


def page_response(html: str, status: int = 200) -> Response:
    """Return a page with the headers that every page has."""
    return HTMLResponse(html, status, headers=PAGE_HEADERS)


def error_response(error: TactfulError) -> Response:
    """Return `error` as a page."""
    heading = error.code.replace("_", " ").capitalize()
    values = {"title": heading, "heading": heading, "message": error.message, "command": None, "status": error.status}
    response = page_response(render("message.html", **values), error.status)
    response.headers.update(dict(error.headers))
    return response


def our_path(text: str | None) -> str:
    """Return `text` if it can only be a path of ours, else `/`.

    Browsers read a backslash as a slash and drop tabs and line ends, so that `/\\t/other.example` is another site.
    """
    text = text or "/"
    sound = text.isascii() and text.isprintable() and "\\" not in text and " " not in text
    if not sound or not text.startswith("/") or text.startswith("//") or len(text) > _LONGEST_PATH:
        return "/"
    return text


def _cookie(service: Service) -> str:
    """The cookie's name. With the prefix, browsers take it only from us, over TLS, for no other host and path."""
    return "__Host-tactful" if _is_secure(service) else "tactful"


def _is_secure(service: Service) -> bool:
    return service.settings.base_url.startswith("https:")


def secret_of(request: Request) -> str | None:
    """The secret of the session that the browser came with, if we signed it; whether it has ended is not looked at."""
    service = service_of(request)
    cookie = request.cookies.get(_cookie(service))
    with contextlib.suppress(Unauthorized):
        return None if cookie is None else str(service.tokens.read(SESSION, cookie).payload[0])
    return None


def set_session(response: Response, service: Service, session: NewSession | None) -> Response:
    """Give the browser the session, or take away the one that it has."""
    value = "" if session is None else service.tokens.sign(SESSION, [session.secret])
    response.set_cookie(
        _cookie(service),
        value,
        max_age=0 if session is None else SESSION_MS // 1_000,
        path="/",
        secure=_is_secure(service),
        httponly=True,
        samesite="lax",
    )
    return response


async def the_member(request: Request) -> Member | None:
    """The member who is logged in on this browser."""
    service, secret = service_of(request), secret_of(request)
    row = None if secret is None else await service.db.read(find_session, secret)
    if row is None:
        return None
    if service.clock.now_ms() - row["last_at"] >= _TOUCH_EVERY_MS:
        with contextlib.suppress(TactfulError):  # a full disk or a busy database keeps nobody from reading
            await service.db.run(touch_session, row["session_id"])
    return Member(row["member_id"], row["email"], row["role"], row["session_id"])


def members_only(role: Role = "viewer") -> Callable[[Page], Endpoint]:
    """Let a page run only for members of `role` and above; others log in first, or are told that they may not.

    An error of ours that the page raises becomes a page too, and no answer goes out without a page's headers. A
    script's request is never redirected to log-in: it would read the log-in page and not know it.
    """

    def wrap(page: Page) -> Endpoint:
        @wraps(page)
        async def endpoint(request: Request) -> Response:
            member = await the_member(request)
            if member is None:
                return _log_in_first(request)
            try:
                if not member.may(role):
                    raise Forbidden("role_too_low", f"Your role is {member.role}; this takes the role {role}.")
                response = await page(request, member)
            except TactfulError as error:
                return error_response(error)
            for name, value in PAGE_HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return endpoint

    return wrap


def _log_in_first(request: Request) -> Response:
    is_visit = request.method in ("GET", "HEAD") and request.headers.get("sec-fetch-mode", "navigate") == "navigate"
    if not is_visit:
        raise Unauthorized("not_logged_in", "Log in and send this again.")
    path = quote(request.scope["path"]) + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(our_path(path), safe='/')}", 303, headers=PAGE_HEADERS)
