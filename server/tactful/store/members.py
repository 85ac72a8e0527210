"""Members: those who log in, their sessions, and the one-time links by which they choose a password.

A member belongs to the whole installation. What a browser or a link carries is found by its hash. A session ends by
itself: `SESSION_MS` after it began, `IDLE_MS` after its last use. Whatever changes who somebody is or what they may do
(log-in, role, password) gives a new session or ends the old ones in the same transaction.

Two processes may change members at once. Whether there is a member, or another admin, or a link that is unused, is
decided under the installation's lock; what one member's password or role is, under the lock of their row, which
whoever starts a session takes as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from tactful.core.spans import DAY_MS
from tactful.errors import Conflict, NotFound
from tactful.store.installation import lock_installation
from tactful.store.projects import hash_key
from tactful.store.script import Row, Script, one, rows, run

__all__ = [
    "IDLE_MS",
    "ROLES",
    "SESSION_MS",
    "Link",
    "NewMember",
    "NewSession",
    "Role",
    "add_first",
    "add_member",
    "any_member",
    "change_password",
    "end_session",
    "end_sessions",
    "find_member",
    "find_session",
    "forget_sessions",
    "leave_session",
    "list_members",
    "list_sessions",
    "offer_first",
    "offer_link",
    "read_link",
    "remove_member",
    "replace_hash",
    "set_role",
    "start_session",
    "touch_session",
    "use_link",
]

#: From the least to the most: each may do all that those before it may.
Role = Literal["viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

#: `setup` is for who has no password yet, `reset` for who had one.
LinkPurpose = Literal["setup", "reset"]

SESSION_MS = 30 * DAY_MS
IDLE_MS = 7 * DAY_MS
LINK_MS: dict[LinkPurpose, int] = {"setup": 7 * DAY_MS, "reset": DAY_MS}
#: Whoever holds this one becomes the admin of everything, so it lives a day; the next start prints another.
FIRST_LINK_MS = DAY_MS

FIND_MEMBER = "SELECT member_id, email, role, password_hash FROM members WHERE email = ?"
LOCK_MEMBER = """
UPDATE members SET role = role WHERE member_id = ? RETURNING member_id, email, role, password_hash
"""
ANY_MEMBER = "SELECT 1 AS found FROM members LIMIT 1"
INSERT_MEMBER = """
INSERT INTO members (member_id, email, role, password_hash, created_at) VALUES (?, ?, ?, ?, now_ms())
ON CONFLICT (email) DO NOTHING
"""
LIST_MEMBERS = """
SELECT m.member_id, m.email, m.role, m.password_hash IS NULL AS invited, m.created_at,
    (SELECT max(s.last_at) FROM sessions s WHERE s.member_id = m.member_id) AS last_at
FROM members m ORDER BY m.email
"""
OTHER_ADMINS = """
SELECT count(*) AS admins FROM members WHERE role = 'admin' AND password_hash IS NOT NULL AND member_id <> ?
"""
SET_ROLE = "UPDATE members SET role = ? WHERE member_id = ?"
SET_HASH = "UPDATE members SET password_hash = ? WHERE member_id = ?"
REPLACE_HASH = "UPDATE members SET password_hash = ? WHERE member_id = ? AND password_hash = ?"
DELETE_MEMBER = "DELETE FROM members WHERE member_id = ?"
INSERT_SESSION = """
INSERT INTO sessions (session_hash, session_id, member_id, device, created_at, last_at)
VALUES (?, ?, ?, ?, now_ms(), now_ms())
"""
FIND_SESSION = """
SELECT s.session_id, s.last_at, m.member_id, m.email, m.role
FROM sessions s JOIN members m ON m.member_id = s.member_id
WHERE s.session_hash = ? AND s.created_at > now_ms() - ? AND s.last_at > now_ms() - ?
"""
TOUCH_SESSION = "UPDATE sessions SET last_at = now_ms() WHERE session_id = ?"
LIST_SESSIONS = """
SELECT session_id, device, created_at, last_at FROM sessions
WHERE member_id = ? AND created_at > now_ms() - ? AND last_at > now_ms() - ? ORDER BY last_at DESC, session_id
"""
DELETE_SESSION_BY_HASH = "DELETE FROM sessions WHERE session_hash = ?"
DELETE_SESSION = "DELETE FROM sessions WHERE member_id = ? AND session_id = ?"
DELETE_SESSIONS = "DELETE FROM sessions WHERE member_id = ? AND session_id <> ?"
FORGET_SESSIONS = "DELETE FROM sessions WHERE created_at <= now_ms() - ? OR last_at <= now_ms() - ?"
INSERT_LINK = "INSERT INTO member_links (link_hash, purpose, member_id, expires_at) VALUES (?, ?, ?, now_ms() + ?)"
READ_LINK = """
SELECT l.link_hash, m.member_id, m.email
FROM member_links l LEFT JOIN members m ON m.member_id = l.member_id
WHERE l.link_hash = ? AND l.purpose = ? AND l.expires_at > now_ms()
"""
DELETE_LINKS = "DELETE FROM member_links WHERE member_id = ?"
DELETE_FIRST_LINKS = "DELETE FROM member_links WHERE member_id IS NULL"
FORGET_LINKS = "DELETE FROM member_links WHERE expires_at <= now_ms()"


@dataclass(frozen=True, slots=True)
class NewMember:
    """Somebody to be added; `email` in its normal form."""

    member_id: str
    email: str
    role: Role


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to be started. `secret` goes into the cookie and is kept as a hash; `session_id` names it on pages."""

    secret: str
    session_id: str
    device: str


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link that was made. `purpose` is also the first part of its address."""

    purpose: LinkPurpose
    email: str


def find_member(email: str) -> Script[Row | None]:
    """Find a member by the normal form of their e-mail address: member_id, email, role, password_hash."""
    return (yield one(FIND_MEMBER, email))


def any_member() -> Script[bool]:
    """Tell whether anybody can ever have logged in."""
    return (yield one(ANY_MEMBER)) is not None


def list_members() -> Script[list[Row]]:
    """All members by e-mail address: member_id, email, role, invited, created_at, last_at (None: never)."""
    found: list[Row] = yield rows(LIST_MEMBERS)
    return found


def _lock_member(member_id: str) -> Script[Row]:
    row = yield one(LOCK_MEMBER, member_id)
    if row is None:
        raise NotFound("no_such_member", "There is no such member; somebody may have removed them.")
    return row


def offer_first(token: str) -> Script[bool]:
    """Keep a link by which the first admin makes themself. False, and nothing kept, where there is a member."""
    yield from lock_installation()
    if (yield from any_member()):
        return False
    yield run(DELETE_FIRST_LINKS)
    yield run(INSERT_LINK, hash_key(token), "setup", None, FIRST_LINK_MS)
    return True


def add_member(new: NewMember, token: str) -> Script[Link]:
    """Add a member, who chooses a password by the link. Raises `Conflict` when the address is a member's already."""
    yield from lock_installation()
    if not (yield run(INSERT_MEMBER, new.member_id, new.email, new.role, None)):
        raise Conflict("member_exists", "There is a member with this e-mail address already.")
    yield run(DELETE_FIRST_LINKS)
    yield run(INSERT_LINK, hash_key(token), "setup", new.member_id, LINK_MS["setup"])
    return Link("setup", new.email)


def add_first(new: NewMember, password_hash: str) -> Script[bool]:
    """Add the first member with a password of their own; nothing happens where there is a member already."""
    yield from lock_installation()
    if (yield from any_member()):
        return False
    yield run(INSERT_MEMBER, new.member_id, new.email, new.role, password_hash)
    yield run(DELETE_FIRST_LINKS)
    return True


def offer_link(member_id: str, token: str) -> Script[Link]:
    """Keep a link by which the member chooses a new password; older ones of theirs end. Raises `NotFound`."""
    row = yield from _lock_member(member_id)
    purpose: LinkPurpose = "setup" if row["password_hash"] is None else "reset"
    yield run(DELETE_LINKS, member_id)
    yield run(INSERT_LINK, hash_key(token), purpose, member_id, LINK_MS[purpose])
    return Link(purpose, row["email"])


def read_link(token: str, purpose: LinkPurpose) -> Script[Row | None]:
    """What an unused link is for: member_id and email, both None for the first admin's."""
    return (yield one(READ_LINK, hash_key(token), purpose))


def use_link(
    token: str, purpose: LinkPurpose, password_hash: str, session: NewSession, first: NewMember
) -> Script[str]:
    """Set the password of the link's member, end their sessions and links, and start `session`; returns member_id.

    `first` is made where the link is the first admin's. Raises `NotFound` when the link was used or is too old.
    """
    yield from lock_installation()
    link = yield from read_link(token, purpose)
    if link is None:
        raise NotFound("link_spent", "This link was used already or is too old.")
    member_id: str = link["member_id"] or first.member_id
    if link["member_id"] is None:
        yield run(INSERT_MEMBER, first.member_id, first.email, first.role, password_hash)
        yield run(DELETE_FIRST_LINKS)
    else:
        yield run(SET_HASH, password_hash, member_id)
        yield run(DELETE_LINKS, member_id)
        yield run(DELETE_SESSIONS, member_id, "")
    yield run(INSERT_SESSION, hash_key(session.secret), session.session_id, member_id, session.device)
    return member_id


def start_session(member_id: str, password_hash: str, session: NewSession, old_secret: str | None) -> Script[bool]:
    """Start a session in place of the one that the browser came with, if any.

    False where the password is no longer the one that was verified: it was changed, or the member removed, meanwhile.
    """
    row = yield one(LOCK_MEMBER, member_id)
    if row is None or row["password_hash"] != password_hash:
        return False
    if old_secret is not None:
        yield from leave_session(old_secret)
    yield run(INSERT_SESSION, hash_key(session.secret), session.session_id, member_id, session.device)
    return True


def find_session(secret: str) -> Script[Row | None]:
    """Find the member behind a session that has not ended: session_id, last_at, member_id, email, role."""
    return (yield one(FIND_SESSION, hash_key(secret), SESSION_MS, IDLE_MS))


def touch_session(session_id: str) -> Script[None]:
    """Record that the session was used now."""
    yield run(TOUCH_SESSION, session_id)


def list_sessions(member_id: str) -> Script[list[Row]]:
    """The member's sessions, last used first: session_id, device, created_at, last_at."""
    found: list[Row] = yield rows(LIST_SESSIONS, member_id, SESSION_MS, IDLE_MS)
    return found


def end_session(member_id: str, session_id: str) -> Script[bool]:
    """End one session of the member. False where they have none of this id."""
    ended: int = yield run(DELETE_SESSION, member_id, session_id)
    return bool(ended)


def leave_session(secret: str) -> Script[None]:
    """End the session with this secret, whose ever it is."""
    yield run(DELETE_SESSION_BY_HASH, hash_key(secret))


def end_sessions(member_id: str, *, but: str = "") -> Script[int]:
    """End all sessions of the member, except the one with the id `but`."""
    ended: int = yield run(DELETE_SESSIONS, member_id, but)
    return ended


def replace_hash(member_id: str, old_hash: str, new_hash: str) -> Script[bool]:
    """Keep another hash of the same password, unless the password was changed meanwhile."""
    replaced: int = yield run(REPLACE_HASH, new_hash, member_id, old_hash)
    return bool(replaced)


def change_password(member_id: str, old_hash: str, new_hash: str, session: NewSession) -> Script[bool]:
    """Change the password, end every session and link of the member, and start `session`. False as `replace_hash`."""
    if not (yield from replace_hash(member_id, old_hash, new_hash)):
        return False
    yield run(DELETE_LINKS, member_id)
    yield run(DELETE_SESSIONS, member_id, "")
    yield run(INSERT_SESSION, hash_key(session.secret), session.session_id, member_id, session.device)
    return True


def _keep_an_admin(row: Row) -> Script[None]:
    """Raise `Conflict` where nobody who could log in would be left to look after the others. For under the lock."""
    if row["role"] != "admin" or row["password_hash"] is None:
        return
    others = yield one(OTHER_ADMINS, row["member_id"])
    if not others["admins"]:
        raise Conflict("last_admin", "This is the last admin. Make somebody else an admin first.")


def set_role(member_id: str, role: Role, session: NewSession | None = None) -> Script[bool]:
    """Give the member a role, end their sessions, and start `session` where one is given (for who does it themself).

    False, and nothing done, where they have the role. Raises `Conflict` for the last admin, `NotFound`.
    """
    yield from lock_installation()
    row = yield from _lock_member(member_id)
    if row["role"] == role:
        return False
    yield from _keep_an_admin(row)
    yield run(SET_ROLE, role, member_id)
    yield run(DELETE_SESSIONS, member_id, "")
    if session is not None:
        yield run(INSERT_SESSION, hash_key(session.secret), session.session_id, member_id, session.device)
    return True


def remove_member(member_id: str) -> Script[None]:
    """Remove the member with their sessions and links. Raises `Conflict` for the last admin, `NotFound`."""
    yield from lock_installation()
    row = yield from _lock_member(member_id)
    yield from _keep_an_admin(row)
    yield run(DELETE_LINKS, member_id)
    yield run(DELETE_SESSIONS, member_id, "")
    yield run(DELETE_MEMBER, member_id)


def forget_sessions() -> Script[int]:
    """Delete sessions and links that have ended by themselves."""
    forgotten: int = yield run(FORGET_SESSIONS, SESSION_MS, IDLE_MS)
    yield run(FORGET_LINKS)
    return forgotten
