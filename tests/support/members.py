"""Members for tests: added and logged in without a password, whose hash takes its time on purpose."""

from __future__ import annotations

from pathlib import Path

import httpx2
from starlette.responses import Response

from tactful.clock import SystemClock, new_id, new_secret
from tactful.store.members import NewMember, NewSession, Role, add_member, use_link
from tactful.store.sqlite import run_once
from tactful.tokens import SESSION, Tokens
from tactful.web.access import set_session
from tactful.web.service import Service

__all__ = ["NO_PASSWORD", "a_member", "cookie_for", "cookie_of", "log_in"]

#: Not a hash, so no password opens it.
NO_PASSWORD = "none"

#: What a browser adds to a form that is sent from a page of ours.
FROM_OURS = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate"}


async def a_member(
    service: Service, role: Role, email: str | None = None, *, password_hash: str = NO_PASSWORD
) -> tuple[str, NewSession]:
    """Add a member (`viewer@tactful.test` and so on); returns their id and a session of theirs."""
    clock = service.clock
    new = NewMember(new_id(clock), email or f"{role}@tactful.test", role)
    session = NewSession(new_secret("ses"), new_id(clock), "Firefox on Linux")
    token = new_secret("setup")
    await service.db.run(add_member, new, token)
    await service.db.run(use_link, token, "setup", password_hash, session, new)
    return new.member_id, session


def cookie_of(service: Service, session: NewSession) -> tuple[str, str]:
    """Name and value of the cookie that the product would set for `session`."""
    header = set_session(Response(), service, session).headers["set-cookie"]
    name, _, rest = header.partition("=")
    return name, rest.partition(";")[0]


async def log_in(client: httpx2.AsyncClient, service: Service, role: Role = "admin", email: str | None = None) -> str:
    """Make `client` the browser of a new member of `role`, whose requests come from our pages; returns member_id."""
    member_id, session = await a_member(service, role, email)
    name, value = cookie_of(service, session)
    client.cookies.set(name, value)
    client.headers.update(FROM_OURS)
    return member_id


def cookie_for(path: Path, key: str, role: Role) -> tuple[str, str]:
    """Add a member to the database at `path`, whoever serves it, and return the cookie of a session of theirs."""
    clock = SystemClock()
    new = NewMember(new_id(clock), f"{new_id(clock)}@tactful.test", role)
    session, token = NewSession(new_secret("ses"), new_id(clock), "Chromium"), new_secret("setup")
    run_once(path, clock, add_member, new, token)
    run_once(path, clock, use_link, token, "setup", NO_PASSWORD, session, new)
    return "tactful", Tokens((key,), clock).sign(SESSION, [session.secret])
