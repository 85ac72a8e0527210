"""The secrets by which a project's users are proved: two at most are live at once.

That is what a change of secrets without a gap takes: add one, let the backend use it, revoke the other. The last one is
never revoked, since then nobody could prove anything. Every change raises the project's configuration version.
"""

from __future__ import annotations

from dataclasses import dataclass

from tactful.errors import BadRequest, Conflict, NotFound
from tactful.identity import Accepts, Secret
from tactful.store.projects import ADD_IDENTITY_KEY, LOCK_PROJECT, READ_SECRETS
from tactful.store.script import Script, one, rows, run

__all__ = [
    "LONGEST_SECRET",
    "MOST_SECRETS",
    "SHORTEST_SECRET",
    "LiveSecret",
    "add_secret",
    "live_secrets",
    "revoke_older_secrets",
    "revoke_secret",
    "secret_fault",
]

#: A revoked secret is forgotten; that there was one is kept (store/restore.py).
REVOKE_IDENTITY_KEY = """
UPDATE identity_secrets SET secret = '', revoked_at = now_ms()
WHERE project_id = ? AND secret_id = ? AND revoked_at IS NULL
"""

MOST_SECRETS = 2
#: Whoever has one hash of their own can try secrets at home, so none may be short; other products' have 24 and more.
SHORTEST_SECRET, LONGEST_SECRET = 16, 256


@dataclass(frozen=True, slots=True)
class LiveSecret:
    """A live secret as it may be shown: its last four characters, and when a proof was last made with it."""

    secret_id: str
    ends: str
    accepts: Accepts
    created_at: int
    last_used_at: int | None


def secret_fault(secret: str) -> str:
    """What keeps this text from being a secret; empty where nothing does."""
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
        return f"A secret has {SHORTEST_SECRET} to {LONGEST_SECRET} characters."
    if not secret.isprintable():
        return "A secret is one line of printable characters."
    if secret.startswith(("-----BEGIN", "ssh-", "{")):
        return "This is a public or private key. A secret is the text that your backend signs with by HMAC-SHA256."
    return ""


def live_secrets(project_id: str) -> Script[tuple[LiveSecret, ...]]:
    """The project's live secrets, the newest first."""
    return tuple(
        LiveSecret(row["secret_id"], row["secret"][-4:], row["accepts"], row["created_at"], row["last_used_at"])
        for row in (yield rows(READ_SECRETS, project_id))
    )


def add_secret(project_id: str, secret: Secret) -> Script[None]:
    """Add a live secret, one that was made or one of another product. Raises `BadRequest` for what can be none, and
    `Conflict` where two are live or this one is."""
    fault = secret_fault(secret.secret)
    if fault:
        raise BadRequest("bad_secret", fault)
    yield one(LOCK_PROJECT, project_id)
    live = yield rows(READ_SECRETS, project_id)
    if any(row["secret"] == secret.secret for row in live):
        raise Conflict("secret_exists", "This secret is live already.")
    if len(live) >= MOST_SECRETS:
        raise Conflict("two_secrets", "Two secrets are live; revoke the one that your backend no longer uses first.")
    yield run(ADD_IDENTITY_KEY, project_id, secret.secret_id, secret.secret, secret.accepts)


def revoke_secret(project_id: str, secret_id: str) -> Script[None]:
    """Let what this secret made prove nothing from now on. Raises `NotFound`, and `Conflict` for the only one."""
    yield one(LOCK_PROJECT, project_id)
    live = yield rows(READ_SECRETS, project_id)
    if all(row["secret_id"] != secret_id for row in live):
        raise NotFound("no_such_secret", "There is no such secret, or it is revoked already.")
    if len(live) == 1:
        raise Conflict("only_secret", "This is the only live secret; add the one that takes its place first.")
    yield run(REVOKE_IDENTITY_KEY, project_id, secret_id)


def revoke_older_secrets(project_id: str) -> Script[int]:
    """Revoke all live secrets but the newest; return how many those were."""
    older = (yield rows(READ_SECRETS, project_id))[1:]
    for row in older:
        yield run(REVOKE_IDENTITY_KEY, project_id, row["secret_id"])
    return len(older)
