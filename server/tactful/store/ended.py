"""What ended of receivers: addresses that were deleted, and hashes of secrets that are good no longer.

A receiver's secrets stand in its row, and the row goes with the receiver, so neither can tell a backup that is restored
what has ended since. This can: whatever ends a secret or deletes a receiver says so here, in the same transaction, and
a restore takes it away again from what it loaded. A secret that somebody gives once more is good once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from tactful.store.audit import Act, record
from tactful.store.hashes import READ_HASH_KEYS, hashed, the_key
from tactful.store.script import Row, Script, rows, run

__all__ = ["DELETE_RECEIVER", "DELETE_TALLIES", "end_again", "end_receiver", "end_secrets", "use_again"]

DELETE_RECEIVER = "DELETE FROM receivers WHERE project_id = ? AND receiver_key = ?"
DELETE_TALLIES = "DELETE FROM receiver_tallies WHERE project_id = ? AND receiver_key = ?"
LEAVE_SECRETS = """
UPDATE receivers SET secret = ?, previous_secret = ?,
    secret_at = CASE WHEN CAST(? AS TEXT) IS NULL THEN NULL ELSE secret_at END
WHERE project_id = ? AND receiver_key = ?
"""
INSERT_ENDED = """
INSERT INTO ended_receivers (project_id, receiver_id, secret_hash, ended_at) VALUES (?, ?, ?, now_ms())
ON CONFLICT (project_id, receiver_id, secret_hash) DO NOTHING
"""
DELETE_ENDED = "DELETE FROM ended_receivers WHERE project_id = ? AND receiver_id = ? AND secret_hash = ?"
DELETE_ALL_ENDED = "DELETE FROM ended_receivers WHERE project_id = ? AND receiver_id = ?"
READ_ENDED = """
SELECT r.project_id, r.receiver_key, r.receiver_id, r.secret, r.previous_secret, e.secret_hash
FROM ended_receivers e JOIN receivers r ON r.project_id = e.project_id AND r.receiver_id = e.receiver_id
ORDER BY r.project_id, r.receiver_key
"""
_THE_ADDRESS = ""


def _hash(key: str, project_id: str, receiver_id: str, secret: str) -> str:
    return hashed(key, project_id, f"{receiver_id}\x1f{secret}")


def end_secrets(project_id: str, receiver_id: str, secrets: Sequence[str], spare_key: str) -> Script[None]:
    """Let no backup make these secrets of a receiver good again."""
    for secret in secrets:
        key = yield from the_key(spare_key)
        yield run(INSERT_ENDED, project_id, receiver_id, _hash(key, project_id, receiver_id, secret))


def use_again(project_id: str, receiver_id: str, secrets: Sequence[str]) -> Script[None]:
    """Let secrets count as live that may have ended before: somebody has given them again."""
    for row in (yield rows(READ_HASH_KEYS)) if secrets else ():
        for secret in secrets:
            yield run(DELETE_ENDED, project_id, receiver_id, _hash(row["hash_key"], project_id, receiver_id, secret))


def end_receiver(project_id: str, receiver_id: str) -> Script[None]:
    """Let no backup bring this address back."""
    yield run(DELETE_ALL_ENDED, project_id, receiver_id)
    yield run(INSERT_ENDED, project_id, receiver_id, _THE_ADDRESS)


def end_again(act: Act) -> Script[int]:
    """End what had ended of the receivers that are there, on the record; return of how many that was something."""
    keys = [row["hash_key"] for row in (yield rows(READ_HASH_KEYS))]
    ended: list[Row] = yield rows(READ_ENDED)
    touched = 0
    for _, found in groupby(ended, lambda row: (row["project_id"], row["receiver_key"])):
        of_one = list(found)
        touched += yield from _end_again(
            of_one[0], {row["secret_hash"] for row in of_one}, keys, act.part(f"{touched}")
        )
    return touched


def _end_again(receiver: Row, ended: set[str], keys: Sequence[str], act: Act) -> Script[bool]:
    project_id, key, receiver_id = receiver["project_id"], receiver["receiver_key"], receiver["receiver_id"]
    if _THE_ADDRESS in ended:
        yield run(DELETE_RECEIVER, project_id, key)
        yield run(DELETE_TALLIES, project_id, key)
        yield from record(act, "receiver_deleted", project_id, receiver=key)
        return True
    came = [secret for secret in (receiver["secret"], receiver["previous_secret"]) if secret is not None]
    left = [one for one in came if not any(_hash(salt, project_id, receiver_id, one) in ended for salt in keys)]
    if left == came:
        return False
    newest, previous = (*left, None, None)[:2]
    yield run(LEAVE_SECRETS, newest, previous, newest, project_id, key)
    yield from record(act, "receiver_secret_ended", project_id, receiver=key)
    return True
