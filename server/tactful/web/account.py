"""`/account`: a member's own password and sessions.

A new password ends every session and begins a new one for the browser that it was changed on: whoever had taken a
session, or knew the old password, is out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from starlette.responses import Response

from tactful.credentials import LONGEST_PASSWORD, SHORTEST_PASSWORD
from tactful.errors import Conflict, Forbidden, NotFound, TactfulError
from tactful.store.members import (
    NewSession,
    change_password,
    end_session,
    end_sessions,
    find_member,
    list_sessions,
)
from tactful.web.access import page_response, set_session
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.forms import read_form
from tactful.web.login import chosen_password, go_to, new_session, verified

__all__ = ["account", "change_own_password", "end_one_session", "end_other_sessions"]

_log = logging.getLogger("tactful.login")

#: What was done, by the word that the address carries, so that nobody's link makes the page say anything else.
_DONE = {
    "password": "Your password is changed, and all your other sessions have ended.",
    "session": "The session has ended.",
    "sessions": "All your other sessions have ended.",
}


async def _page(look: Look, fault: str | None = None) -> str:
    return look.render(
        "account.html",
        title="Your account",
        sessions=await look.service.db.read(list_sessions, look.member.member_id),
        fault=fault,
        done=_DONE.get(look.request.query_params.get("done", "")),
        shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD,
    )


@member_page()
async def account(look: Look) -> str:
    """`GET /account`."""
    return await _page(look)


@member_page()
async def change_own_password(look: Look) -> Response:
    """`POST /account/password`: takes the present password, since a session may be somebody else's by now."""
    form = await read_form(look.request)
    try:
        session = await _changed(look, form)
    except TactfulError as error:
        response = page_response(await _page(look, error.message), error.status)
        response.headers.update(dict(error.headers))
        return response
    return set_session(go_to("/account?done=password"), look.service, session)


async def _changed(look: Look, form: Mapping[str, str]) -> NewSession:
    service, email = look.service, look.member.email
    password = chosen_password(form, email)
    address = service.addresses.of(look.request.scope)
    service.tries.begin(email, address)
    row = await service.db.read(find_member, email)
    if not await verified(service, row, form.get("old", "")):
        raise Forbidden("wrong_password", "The present password is wrong.")
    service.tries.succeeded(email, address)
    assert row is not None, "a password was verified without a member"
    session, hashed = new_session(look.request), await service.passwords.hash(password)
    if not await service.db.run(change_password, row["member_id"], row["password_hash"], hashed, session):
        raise Conflict("changed_meanwhile", "The password was changed elsewhere at the same time. Log in again.")
    _log.info("member %s changed their password", row["member_id"])
    return session


@member_page()
async def end_one_session(look: Look) -> Response:
    """`POST /account/sessions/{session_id}/end`: one's own only; the session one is in is a log-out."""
    session_id = look.request.path_params["session_id"]
    if not await look.service.db.run(end_session, look.member.member_id, session_id):
        raise NotFound("no_such_session", "This session has ended already.")
    if session_id == look.member.session_id:
        return set_session(go_to("/login"), look.service, None)
    return go_to("/account?done=session")


@member_page()
async def end_other_sessions(look: Look) -> Response:
    """`POST /account/sessions/end`: all of one's sessions but the one that asks."""
    await look.service.db.run(end_sessions, look.member.member_id, but=look.member.session_id)
    return go_to("/account?done=sessions")
