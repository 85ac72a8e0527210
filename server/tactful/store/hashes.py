"""Hashes of what must not be kept: they tell whether somebody is the one that was meant, and not who that was.

An HMAC-SHA256 under a key of the installation, made when the first hash is and never shown. Nobody without the database
can try ids against the hashes; whoever has the database can, so they are kept for few purposes: that an opt-out holds
for somebody who was erased (`kept_opt_outs`), that an old backup does not bring them back (`erased_people`), nor a
receiver's secret that has ended (`ended_receivers`).
"""

from __future__ import annotations

import hashlib
import hmac

from tactful.store.installation import lock_installation
from tactful.store.script import Script, one, rows, run

__all__ = ["forget_opt_out", "hashed", "keep_erased", "keep_opt_out", "opted_out_before", "the_key"]

READ_HASH_KEYS = "SELECT hash_key FROM hash_keys ORDER BY created_at, hash_key"
INSERT_HASH_KEY = """
INSERT INTO hash_keys (hash_key, created_at) VALUES (?, now_ms()) ON CONFLICT (hash_key) DO NOTHING
"""
FIND_KEPT_OPT_OUT = "SELECT kept_at FROM kept_opt_outs WHERE project_id = ? AND alias_hash = ?"
INSERT_KEPT_OPT_OUT = """
INSERT INTO kept_opt_outs (project_id, alias_hash, kept_at) VALUES (?, ?, now_ms())
ON CONFLICT (project_id, alias_hash) DO NOTHING
"""
DELETE_KEPT_OPT_OUT = "DELETE FROM kept_opt_outs WHERE project_id = ? AND alias_hash = ?"
INSERT_ERASED = """
INSERT INTO erased_people (project_id, person_hash, erased_at) VALUES (?, ?, now_ms())
ON CONFLICT (project_id, person_hash) DO NOTHING
"""


def hashed(key: str, project_id: str, text: str) -> str:
    """The hash of an alias, of a person's id or of a secret in its project."""
    return hmac.new(key.encode(), f"{project_id}\x1f{text}".encode(), hashlib.sha256).hexdigest()


def the_key(spare: str) -> Script[str]:
    """The key that new hashes are made with: the oldest, or `spare`, which is kept, where there is none yet."""
    found = yield rows(READ_HASH_KEYS)
    if not found:
        yield from lock_installation()
        found = yield rows(READ_HASH_KEYS)
    if not found:
        yield run(INSERT_HASH_KEY, spare)
        return spare
    return str(found[0]["hash_key"])


def opted_out_before(project_id: str, alias: str) -> Script[bool]:
    """Tell whether somebody known by `alias` opted out and was erased. One read where nobody ever was."""
    for row in (yield rows(READ_HASH_KEYS)):
        kept = yield one(FIND_KEPT_OPT_OUT, project_id, hashed(row["hash_key"], project_id, alias))
        if kept is not None:
            return True
    return False


def keep_opt_out(project_id: str, alias: str, key: str) -> Script[None]:
    """Let an opt-out hold for whoever comes by `alias`."""
    yield run(INSERT_KEPT_OPT_OUT, project_id, hashed(key, project_id, alias))


def forget_opt_out(project_id: str, alias: str) -> Script[None]:
    """Let it hold no longer."""
    for row in (yield rows(READ_HASH_KEYS)):
        yield run(DELETE_KEPT_OPT_OUT, project_id, hashed(row["hash_key"], project_id, alias))


def keep_erased(project_id: str, person_id: str, key: str) -> Script[None]:
    """Let no backup bring this history back."""
    yield run(INSERT_ERASED, project_id, hashed(key, project_id, person_id))
