"""How a project proves who its users are: its terms, changed on the record, and what came of the proofs of its pages.

Every change raises the project's configuration version, so every node goes by it within two seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.errors import BadRequest
from tactful.identity import Mode, Secret
from tactful.store.audit import Act, record
from tactful.store.journal import NOW
from tactful.store.projects import LOCK_PROJECT
from tactful.store.script import Script, one, rows, run
from tactful.store.secrets import add_secret, revoke_secret

__all__ = [
    "KEEP_DAYS",
    "IdentityCount",
    "add_counts",
    "add_secret_by",
    "change_terms",
    "counts_since",
    "forget_identity_counts",
    "mark_used",
    "revoke_secret_by",
]

SET_TERMS = """
UPDATE projects SET identity_mode = coalesce(CAST(? AS TEXT), identity_mode),
    identity_longest_ms = coalesce(CAST(? AS BIGINT), identity_longest_ms)
WHERE project_id = ?
"""
MARK_USED = """
UPDATE identity_secrets SET last_used_at = greatest(coalesce(last_used_at, 0), ?)
WHERE project_id = ? AND secret_id = ?
"""
ADD_IDENTITY_COUNT = """
INSERT INTO identity_counts (project_id, day, outcome, times, last_at, last_origin) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (project_id, day, outcome) DO UPDATE
SET times = identity_counts.times + excluded.times,
    last_origin = CASE WHEN excluded.last_at >= identity_counts.last_at THEN excluded.last_origin
        ELSE identity_counts.last_origin END,
    last_at = greatest(identity_counts.last_at, excluded.last_at)
"""
READ_IDENTITY_COUNTS = """
SELECT day, outcome, times, last_at, last_origin FROM identity_counts
WHERE project_id = ? AND day >= ? ORDER BY day DESC, outcome
"""
FORGET_IDENTITY_COUNTS = """
DELETE FROM identity_counts WHERE (project_id, day, outcome) IN
    (SELECT project_id, day, outcome FROM identity_counts WHERE day < ? ORDER BY day LIMIT ?)
"""

LEAST_LIFE_MS, MOST_LIFE_MS = MINUTE_MS, 400 * DAY_MS
#: Counts are kept as long as those of decisions.
KEEP_DAYS = 90
_FORGET_AT_ONCE = 1_000


class IdentityCount(NamedTuple):
    """So many requests of one day with one outcome: a reason of `identity.REASONS`, `signed`, `unsigned` or `browser`;
    when the last came, and from which origin."""

    project_id: str
    day: int
    outcome: str
    times: int
    last_at: int
    last_origin: str


def add_secret_by(project_id: str, secret: Secret, act: Act) -> Script[None]:
    """Add a live secret, on the record. Raises as `add_secret` does."""
    yield from add_secret(project_id, secret)
    yield from record(act, "secret_added", project_id)


def revoke_secret_by(project_id: str, secret_id: str, act: Act) -> Script[None]:
    """Revoke a secret, on the record. Raises as `revoke_secret` does."""
    yield from revoke_secret(project_id, secret_id)
    yield from record(act, "secret_revoked", project_id)


def change_terms(project_id: str, mode: Mode | None, longest_ms: int | None, act: Act) -> Script[None]:
    """Change the mode, how long a token may be valid, or both; None leaves it. Raises `BadRequest`."""
    if longest_ms is not None and not LEAST_LIFE_MS <= longest_ms <= MOST_LIFE_MS:
        raise BadRequest("bad_life", "A token may be valid for one minute to 400 days.", path="longest")
    yield one(LOCK_PROJECT, project_id)
    yield run(SET_TERMS, mode, longest_ms, project_id)
    yield from record(act, "identity_changed", project_id)


def mark_used(used: Mapping[tuple[str, str], int]) -> Script[None]:
    """Remember when secrets (project, secret id) were last used. No configuration changes by that."""
    for (project_id, secret_id), at in sorted(used.items()):
        yield run(MARK_USED, at, project_id, secret_id)


def add_counts(counts: Sequence[IdentityCount]) -> Script[None]:
    """Add counts to those that are there."""
    for count in sorted(counts):
        yield run(ADD_IDENTITY_COUNT, *count)


def counts_since(project_id: str, day: int) -> Script[tuple[IdentityCount, ...]]:
    """Every count of a project from a day (numbered from 1970) on, the newest day first."""
    found = yield rows(READ_IDENTITY_COUNTS, project_id, day)
    names = IdentityCount._fields[1:]
    return tuple(IdentityCount(project_id, *(row[name] for name in names)) for row in found)


def forget_identity_counts() -> Script[int]:
    """Delete a chunk of counts past their time; return how many, 0 when all are gone."""
    today = (yield one(NOW))["now"] // DAY_MS
    gone: int = yield run(FORGET_IDENTITY_COUNTS, today - KEEP_DAYS, _FORGET_AT_ONCE)
    return gone
