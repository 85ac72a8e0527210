"""Accounts: what people belong to, such as a company, and the traits that they share.

Whoever lays traits over an account's locks its row first and merges with what the lock returns, since two nodes may
hear of one account at once. In the order of locks accounts come after people.
"""

from __future__ import annotations

from typing import Any

import orjson

from tactful.store.script import Row, Script, one, run

__all__ = ["READ_ACCOUNT", "lay_over", "merged_traits", "set_account"]

READ_ACCOUNT = "SELECT traits FROM accounts WHERE project_id = ? AND account_id = ?"
SET_ACCOUNT = "UPDATE people SET account_id = ? WHERE project_id = ? AND person_id = ?"
ADD_ACCOUNT = """
INSERT INTO accounts (project_id, account_id, traits, updated_at) VALUES (?, ?, '{}', now_ms())
ON CONFLICT (project_id, account_id) DO NOTHING
"""
#: Makes the account if there is none, and locks it in either case.
LOCK_ACCOUNT = """
INSERT INTO accounts (project_id, account_id, traits, updated_at) VALUES (?, ?, '{}', now_ms())
ON CONFLICT (project_id, account_id) DO UPDATE SET updated_at = excluded.updated_at
RETURNING traits
"""
SET_ACCOUNT_TRAITS = "UPDATE accounts SET traits = ? WHERE project_id = ? AND account_id = ?"

_MOST_TRAITS = 200
_MOST_TRAIT_BYTES = 64 * 1_024


def merged_traits(stored: str, traits: dict[str, Any]) -> str:
    """Lay `traits` over the stored ones; a null takes one away. What is over a bound in number or bytes is left out,
    the newest first, so that a page cannot make a row grow without end."""
    laid = orjson.loads(stored) | traits
    kept = dict([(name, value) for name, value in laid.items() if value is not None][:_MOST_TRAITS])
    written = orjson.dumps(kept)
    while len(written) > _MOST_TRAIT_BYTES:
        kept.popitem()
        written = orjson.dumps(kept)
    return written.decode()


def set_account(project_id: str, row: Row, account_id: str, traits: dict[str, Any]) -> Script[None]:
    """Make the locked person a member of the account and lay `traits` over the account's, which is locked for it."""
    yield from lay_over(project_id, account_id, traits)
    if row["account_id"] != account_id:
        yield run(SET_ACCOUNT, account_id, project_id, row["person_id"])


def lay_over(project_id: str, account_id: str, traits: dict[str, Any]) -> Script[None]:
    """Lay `traits` over the account's, which is locked for it and made if there is none."""
    if traits:
        account = yield one(LOCK_ACCOUNT, project_id, account_id)
        written = merged_traits(account["traits"], traits)
        if written != account["traits"]:
            yield run(SET_ACCOUNT_TRAITS, written, project_id, account_id)
    elif (yield one(READ_ACCOUNT, project_id, account_id)) is None:
        yield run(ADD_ACCOUNT, project_id, account_id)
