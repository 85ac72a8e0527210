"""The record of what must be answered for later: who did what, and when.

It names no end user. `about` is a hash of the person's id, so that whoever holds the id can find what was done to them,
and nobody learns an id from the record; of what is done to a receiver it is the receiver's key, which is nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from tactful.store.hashes import hashed, the_key
from tactful.store.script import Row, Script, rows, run

__all__ = ["Act", "What", "list_acts", "record"]

What = Literal[
    "erased", "opt_out_ended", "test_ended", "clock_accepted", "clock_reset", "quiet_lifted", "restored",
    "identity_changed", "secret_added", "secret_revoked", "erasure_asked", "erasure_not_asked", "consent_withdrawn",
    "receiver_made", "receiver_changed", "receiver_deleted", "receiver_secret_added", "receiver_secret_ended",
]  # fmt: skip

INSERT_ACT = """
INSERT INTO audit (audit_id, project_id, done_at, who, what, about) VALUES (?, ?, now_ms(), ?, ?, ?)
"""
LIST_ACTS = """
SELECT a.audit_id, a.done_at, a.who, a.what, a.about, p.name AS project
FROM audit a LEFT JOIN projects p ON p.project_id = a.project_id
ORDER BY a.done_at DESC, a.audit_id DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody acts. `id` names the record, `who` is a member's e-mail address, `API` or `command line`; `spare_key` is
    a new secret, used where the installation has no key for hashes yet."""

    id: str
    who: str
    spare_key: str

    def part(self, name: str) -> Act:
        """Another record of the same act, for an act that does several things; each `name` is used once."""
        return replace(self, id=f"{self.id}-{name}")


def record(
    act: Act, what: What, project_id: str | None = None, person_id: str | None = None, *, receiver: str | None = None
) -> Script[None]:
    """Record what was done, in the transaction that does it: to a person, or to the receiver with this key."""
    about = receiver
    if project_id is not None and person_id is not None:
        key = yield from the_key(act.spare_key)
        about = hashed(key, project_id, person_id)
    yield run(INSERT_ACT, act.id, project_id, act.who, what, about)


def list_acts(most: int) -> Script[list[Row]]:
    """The latest acts, newest first: done_at, who, what, about, project."""
    found: list[Row] = yield rows(LIST_ACTS, most)
    return found
