"""`/members`: who may log in and what they may do; for admins.

A link that was made is shown once, on the page that answers the form, and never again: only its hash is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from tactful.clock import new_id, new_secret
from tactful.core.spans import DAY_MS
from tactful.credentials import normal_email
from tactful.errors import BadRequest, TactfulError
from tactful.store.members import (
    LINK_MS,
    ROLES,
    Link,
    NewMember,
    Role,
    add_member,
    list_members,
    offer_link,
    remove_member,
    set_role,
)
from tactful.web.access import page_response, set_session
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.forms import read_form
from tactful.web.login import go_to, new_session

__all__ = ["add", "change_role", "members", "new_link", "remove"]

_DONE = {
    "role": "The role is changed. They log in again with it.",
    "same": "They have this role already.",
    "removed": "The member is removed, and their sessions have ended.",
}


@dataclass(frozen=True, slots=True)
class _Shown:
    """A link to be passed on: for whom, its address, and how long it works."""

    email: str
    address: str
    days: int


async def _page(look: Look, *, link: _Shown | None = None, fault: str | None = None, email: str = "") -> str:
    listed = await look.service.db.read(list_members)
    admins = [row for row in listed if row["role"] == "admin" and not row["invited"]]
    return look.render(
        "members.html",
        title="Members",
        listed=listed,
        roles=ROLES,
        only_admin=admins[0]["member_id"] if len(admins) == 1 else None,
        link=link,
        fault=fault,
        email=email,
        done=_DONE.get(look.request.query_params.get("done", "")),
    )


def _role(text: str | None) -> Role:
    if text not in ROLES:
        raise BadRequest("bad_role", f"A role is one of {', '.join(ROLES)}.")
    return text


def _shown(look: Look, link: Link, token: str) -> _Shown:
    address = f"{look.service.settings.base_url}/{link.purpose}/{token}"
    return _Shown(link.email, address, LINK_MS[link.purpose] // DAY_MS)


@member_page(role="admin")
async def members(look: Look) -> str:
    """`GET /members`."""
    return await _page(look)


@member_page(role="admin")
async def add(look: Look) -> Response:
    """`POST /members`: add somebody and show their link."""
    form = await read_form(look.request)
    token, email = new_secret("setup"), form.get("email", "")
    try:
        new = NewMember(new_id(look.service.clock), normal_email(email), _role(form.get("role")))
        link = await look.service.db.run(add_member, new, token)
    except TactfulError as error:
        return page_response(await _page(look, fault=error.message, email=email), error.status)
    return page_response(await _page(look, link=_shown(look, link, token)), 201)


@member_page(role="admin")
async def new_link(look: Look) -> Response:
    """`POST /members/{member_id}/link`: show a link by which the member chooses a new password."""
    token = new_secret("reset")
    link = await look.service.db.run(offer_link, look.request.path_params["member_id"], token)
    return page_response(await _page(look, link=_shown(look, link, token)), 201)


@member_page(role="admin")
async def change_role(look: Look) -> Response:
    """`POST /members/{member_id}/role`: their sessions end; one's own goes on under a new id."""
    member_id = look.request.path_params["member_id"]
    role = _role((await read_form(look.request)).get("role"))
    if member_id != look.member.member_id:
        changed = await look.service.db.run(set_role, member_id, role)
        return go_to(f"/members?done={'role' if changed else 'same'}")
    session = new_session(look.request)
    if not await look.service.db.run(set_role, member_id, role, session):
        return go_to("/members?done=same")
    return set_session(go_to("/account"), look.service, session)


@member_page(role="admin")
async def remove(look: Look) -> Response:
    """`POST /members/{member_id}/remove`."""
    member_id = look.request.path_params["member_id"]
    await look.service.db.run(remove_member, member_id)
    if member_id == look.member.member_id:
        return set_session(go_to("/login"), look.service, None)
    return go_to("/members?done=removed")
