"""What ties a project to its pages and backends: the origins it lists, and its keys; and a lock over all projects.

Keys are rotated in two steps: a new one is made and the old ones go on opening the project, then, when everybody uses
the new one, the old ones are revoked.
"""

from __future__ import annotations

from typing import Literal

import orjson

from tactful.core.origins import MOST_ORIGINS
from tactful.errors import BadRequest
from tactful.identity import Secret
from tactful.store.projects import INSERT_KEY, LOCK_PROJECT, hash_key
from tactful.store.script import Script, one, run
from tactful.store.secrets import add_secret, revoke_older_secrets

__all__ = ["KeyKind", "add_key", "change_origins", "lock_installation", "revoke_old_keys"]

KeyKind = Literal["write", "api", "identity"]

LOCK_INSTALLATION = "UPDATE installation SET one = one WHERE one = 1"
READ_ORIGINS = "SELECT origins FROM projects WHERE project_id = ?"
UPDATE_ORIGINS = "UPDATE projects SET origins = ? WHERE project_id = ?"
REVOKE_OLD_KEYS = """
UPDATE api_keys SET revoked_at = now_ms()
WHERE project_id = ? AND purpose = ? AND revoked_at IS NULL AND key_hash <> (
    SELECT k.key_hash FROM api_keys k WHERE k.project_id = ? AND k.purpose = ? AND k.revoked_at IS NULL
    ORDER BY k.created_at DESC, k.key_hash LIMIT 1)
"""


def lock_installation() -> Script[None]:
    """Wait for, and keep out until the commit, everybody else who decides by what the whole installation holds.

    To be taken before what is decided by is read. It is the last in the order of locks: after people and projects."""
    yield run(LOCK_INSTALLATION)


def change_origins(project_id: str, origin: str, *, listed: bool) -> Script[bool]:
    """List `origin`, already in the form of `core.origins`, or take it off; tell whether that changed anything.

    Raises `BadRequest` when the list is full."""
    yield one(LOCK_PROJECT, project_id)
    row = yield one(READ_ORIGINS, project_id)
    before: list[str] = orjson.loads(row["origins"])
    after = [known for known in before if known != origin] + ([origin] if listed else [])
    if len(after) > MOST_ORIGINS:
        raise BadRequest("too_many_origins", f"A project lists at most {MOST_ORIGINS} origins; take one off first.")
    if sorted(before) == sorted(after):
        return False
    yield run(UPDATE_ORIGINS, orjson.dumps(after).decode(), project_id)
    return True


def add_key(project_id: str, kind: KeyKind, key: str, key_id: str) -> Script[None]:
    """Add a key of `kind`; the older ones stay good. `key_id` names it where it is kept as it is."""
    yield one(LOCK_PROJECT, project_id)
    if kind == "identity":
        yield from add_secret(project_id, Secret(key_id, key))
    else:
        scopes = '["*"]' if kind == "api" else "[]"
        yield run(INSERT_KEY, hash_key(key), project_id, kind, scopes)


def revoke_old_keys(project_id: str, kind: KeyKind) -> Script[int]:
    """Make every key of `kind` but the newest worthless from now on; return how many those were."""
    yield one(LOCK_PROJECT, project_id)
    if kind == "identity":
        revoked: int = yield from revoke_older_secrets(project_id)
    else:
        revoked = yield run(REVOKE_OLD_KEYS, project_id, kind, project_id, kind)
    return revoked
