"""Whom nothing proves: nobody who is known is acted for by their browser alone, where that takes a proof.

`guard` is asked wherever a person was locked or read. A script that fails after it has written takes its whole batch
with it (store/lockstep.py), and anybody can send pages that prove nothing, so a flood of them would make everybody run
twice: `guard_unlocked` is asked before anything is locked, and leaves `guard` only those that meet a log-in.
"""

from __future__ import annotations

from tactful.errors import Conflict
from tactful.identity import Identity
from tactful.store.script import Script, one

__all__ = ["LONGEST_CHAIN", "Guarded", "guard", "guard_unlocked"]

PEEK_USER = "SELECT user_id, merged_into FROM people WHERE project_id = ? AND person_id = ?"

#: A chain longer than this can only come from a bug.
LONGEST_CHAIN = 50


class Guarded(Conflict):
    """Somebody who is known would have been acted for without the proof that this takes. A script that raises it has
    changed nothing; on the wire it looks like every other reason not to ask."""

    def __init__(self) -> None:
        super().__init__("not_now", "Not now.")


def guard(identity: Identity, user_id: str | None) -> None:
    """Raise `Guarded` if whoever is at the page proved nothing and this person, locked or read, is a known one."""
    if identity.guarded and user_id is not None:
        raise Guarded


def guard_unlocked(project_id: str, identity: Identity, person_id: str) -> Script[None]:
    """Raise `Guarded` before anything is locked where `guard` would after it.

    What is read here may be old: whoever locks asks `guard` again.
    """
    if not identity.guarded:
        return
    row = yield one(PEEK_USER, project_id, person_id)
    for _ in range(LONGEST_CHAIN):
        if row is None or row["merged_into"] is None:
            break
        row = yield one(PEEK_USER, project_id, row["merged_into"])
    guard(identity, row and row["user_id"])
