"""Log-in, log-out, and the one-time links by which somebody chooses a password.

Nothing here tells whether an address is a member's: the words, the status, the waiting and the work are the same. A
log-in always begins a new session and ends the one that the browser came with, so a session that somebody planted
there is worth nothing. A link is spent by sending its form, never by opening it, since mail programs open links too.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tactful.clock import new_id, new_secret
from tactful.credentials import LONGEST_PASSWORD, SHORTEST_PASSWORD, check_password, normal_email
from tactful.errors import BadRequest, NotFound, TactfulError, Unauthorized
from tactful.store.members import (
    NewMember,
    NewSession,
    any_member,
    end_session,
    find_member,
    leave_session,
    read_link,
    replace_hash,
    start_session,
    use_link,
)
from tactful.store.script import Row
from tactful.web.access import (
    PAGE_HEADERS,
    error_response,
    our_path,
    page_response,
    secret_of,
    set_session,
    the_member,
)
from tactful.web.browser import service_of
from tactful.web.devices import device_of
from tactful.web.forms import read_form
from tactful.web.rendering import render
from tactful.web.service import Service

__all__ = ["chosen_password", "go_to", "log_in", "log_out", "login_page", "new_session", "reset", "setup"]

_log = logging.getLogger("tactful.login")

_LONGEST_ACCOUNT = 254


def new_session(request: Request) -> NewSession:
    """A session for the browser that sent `request`, not started yet."""
    service = service_of(request)
    return NewSession(new_secret("ses"), new_id(service.clock), device_of(request.headers.get("user-agent", "")))


def go_to(path: str) -> Response:
    """Send the browser to another page of ours, by GET."""
    return RedirectResponse(path, 303, headers=PAGE_HEADERS)


def _page(template: str, status: int = 200, **values: Any) -> Response:
    values |= {"shortest": SHORTEST_PASSWORD, "longest": LONGEST_PASSWORD}
    return page_response(render(template, **values), status)


def _with_headers(response: Response, error: TactfulError) -> Response:
    response.headers.update(dict(error.headers))
    return response


async def login_page(request: Request) -> Response:
    """`GET /login`: the form, or on to `next` for whoever is logged in."""
    path = our_path(request.query_params.get("next"))
    if await the_member(request) is not None:
        return go_to(path)
    is_new = not await service_of(request).db.read(any_member)
    return _page("login.html", title="Log in", email="", path=path, fault=None, is_new=is_new)


async def log_in(request: Request) -> Response:
    """`POST /login`: a new session, or the form again with one and the same answer to everything wrong."""
    service = service_of(request)
    form: Mapping[str, str] = {}
    try:
        form = await read_form(request)
        session = await _session_for(request, form)
    except TactfulError as error:
        values = {"email": form.get("email", ""), "path": our_path(form.get("next")), "fault": error.message}
        return _with_headers(_page("login.html", error.status, title="Log in", is_new=False, **values), error)
    return set_session(go_to(our_path(form.get("next"))), service, session)


async def _session_for(request: Request, form: Mapping[str, str]) -> NewSession:
    """Start a session for the right e-mail address and password. Raises `Unauthorized`, `TooOften` and `Busy`."""
    service, password = service_of(request), form.get("password", "")
    account = _account(form.get("email", ""))
    address = service.addresses.of(request.scope)
    service.tries.begin(account, address)
    row = await service.db.read(find_member, account)
    session = new_session(request)
    if not await verified(service, row, password) or not await _start(request, row, password, session):
        _log.info("a log-in was refused")
        raise Unauthorized("wrong_log_in", "E-mail address or password is wrong.")
    service.tries.succeeded(account, address)
    return session


def _account(text: str) -> str:
    """The e-mail address in its normal form; what is none, as it is, since it too may be tried only so often."""
    try:
        return normal_email(text)
    except BadRequest:
        return text[:_LONGEST_ACCOUNT]


async def verified(service: Service, row: Row | None, password: str) -> bool:
    """Tell whether the password is the member's. Nobody's password takes the same work. Raises `Busy`."""
    if len(unicodedata.normalize("NFC", password[: 4 * LONGEST_PASSWORD])) > LONGEST_PASSWORD:
        return False
    return await service.passwords.verify(row and row["password_hash"], password)


async def _start(request: Request, row: Row | None, password: str, session: NewSession) -> bool:
    service = service_of(request)
    assert row is not None, "a password was verified without a member"
    stored = row["password_hash"]
    if service.passwords.is_old(stored):
        newer = await service.passwords.hash(password)
        if await service.db.run(replace_hash, row["member_id"], stored, newer):
            stored = newer
    if not await service.db.run(start_session, row["member_id"], stored, session, secret_of(request)):
        return False
    _log.info("member %s logged in", row["member_id"])
    return True


async def log_out(request: Request) -> Response:
    """`POST /logout`: end this browser's session."""
    service, member = service_of(request), await the_member(request)
    if member is not None:
        await service.db.run(end_session, member.member_id, member.session_id)
    return set_session(go_to("/login"), service, None)


async def setup(request: Request) -> Response:
    """`/setup/{token}`: the first admin makes themself, or an invited member chooses a password."""
    return await _link(request, "setup")


async def reset(request: Request) -> Response:
    """`/reset/{token}`: a member chooses a new password, which ends all their sessions."""
    return await _link(request, "reset")


async def _link(request: Request, purpose: Literal["setup", "reset"]) -> Response:
    service, token = service_of(request), request.path_params["token"]
    row = await service.db.read(read_link, token, purpose)
    if row is None:
        return error_response(
            NotFound(
                "link_spent", "This link was used already, is too old, or was not copied whole. Ask for a new one."
            )
        )
    values: dict[str, Any] = {
        "title": "Set up Tactful" if row["email"] is None else "Choose a password",
        "purpose": purpose,
    }
    email, form = row["email"] or "", {}
    if request.method != "POST":
        return _page("choose_password.html", is_first=row["email"] is None, email=email, fault=None, **values)
    try:
        form = dict(await read_form(request))
        email = row["email"] or normal_email(form.get("email", ""))
        session = await _use(request, (token, purpose), email, chosen_password(form, email))
    except NotFound as spent:
        return error_response(spent)
    except TactfulError as error:
        values |= {"is_first": row["email"] is None, "email": email or form.get("email", ""), "fault": error.message}
        return _with_headers(_page("choose_password.html", error.status, **values), error)
    return set_session(go_to("/"), service, session)


def chosen_password(form: Mapping[str, str], email: str) -> str:
    """The new password of a form that asks for it twice. Raises `BadRequest`."""
    password = form.get("password", "")
    check_password(password, email)
    if form.get("again") != password:
        raise BadRequest("passwords_differ", "The two passwords are not the same.")
    return password


async def _use(request: Request, link: tuple[str, Literal["setup", "reset"]], email: str, password: str) -> NewSession:
    service, session = service_of(request), new_session(request)
    first = NewMember(new_id(service.clock), email, "admin")
    hashed = await service.passwords.hash(password)
    member_id = await service.db.run(use_link, *link, hashed, session, first)
    if (old := secret_of(request)) is not None:
        await service.db.run(leave_session, old)
    _log.info("member %s chose a password by a %s link", member_id, link[1])
    return session
