"""Putting a backup in the place of what is there, in one transaction, without forgetting what binds us.

A backup is old. What was done since it was made must hold all the same, or people would be asked inside their windows,
and asked who had said never again. So over an existing database

    stays       people who opted out, or were asked, or dismissed or answered something since, with their ids and these
                asks; revoked keys; what ended of receivers; the record
    is skipped  every row of somebody who was erased since: their histories' ids are known by their hashes
    goes        everything else; then the backup's rows come, and give way to what stayed
    is redone   merges since: what the backup has of a history that became somebody else goes to whom it became;
                consents that were taken back since; and the end of receivers and their secrets

Where there is nothing to learn that from, in a project that was not in the database, nobody knows what was asked since.
The project is then *quiet* (`core/decide.py`), unless whoever restores says that nothing was: an installation that was
stopped, and moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tactful.core.spans import MINUTE_MS
from tactful.errors import Conflict
from tactful.store.audit import Act, record
from tactful.store.backup import BackupFile, Progress
from tactful.store.choices import read_withdrawn, withdraw_again
from tactful.store.clicks import MOVE_CLICKS
from tactful.store.ended import end_again
from tactful.store.hashes import READ_HASH_KEYS, hashed
from tactful.store.installation import lock_installation
from tactful.store.people import lock_person, merge
from tactful.store.registry import READ_ALL_OF_PERSON
from tactful.store.script import Row, Script, one, rows, run
from tactful.store.stops import ALL_PROJECTS
from tactful.store.tables import SIZE_ASKS, Table

__all__ = ["Restored", "Wish", "restore"]

CLEAR_RESPONSES = "DELETE FROM responses"
CLEAR_CLICKS = "DELETE FROM clicks"
CLEAR_FIRINGS = "DELETE FROM firings"
CLEAR_CANDIDATES = "DELETE FROM candidates"
CLEAR_COUNTERS = "DELETE FROM counters"
CLEAR_EVENTS = "DELETE FROM events"
CLEAR_MESSAGES = "DELETE FROM messages"
CLEAR_DECISIONS = "DELETE FROM decisions"
CLEAR_DECISION_COUNTS = "DELETE FROM decision_counts"
CLEAR_EVENT_NAMES = "DELETE FROM event_names"
CLEAR_IDENTITY_COUNTS = "DELETE FROM identity_counts"
CLEAR_ACCOUNTS = "DELETE FROM accounts"
CLEAR_VERSIONS = "DELETE FROM survey_versions"
CLEAR_SURVEYS = "DELETE FROM surveys"
CLEAR_SECRETS = "DELETE FROM identity_secrets WHERE revoked_at IS NULL"
CLEAR_RECEIVERS = "DELETE FROM receivers"
CLEAR_TALLIES = "DELETE FROM receiver_tallies"
CLEAR_KEYS = "DELETE FROM api_keys WHERE revoked_at IS NULL"
CLEAR_SESSIONS = "DELETE FROM sessions"
CLEAR_LINKS = "DELETE FROM member_links"
CLEAR_MEMBERS = "DELETE FROM members"

#: An ask stays if anything was done with it since.
CLEAR_ASKS = """
DELETE FROM asks WHERE asked_at < ? AND coalesce(dismissed_at, 0) < ? AND coalesce(responded_at, 0) < ?
"""
CLEAR_MARKS = """
DELETE FROM ask_scopes WHERE NOT EXISTS (SELECT 1 FROM asks a WHERE a.project_id = ask_scopes.project_id
    AND a.person_id = ask_scopes.person_id AND a.ask_id = ask_scopes.ask_id)
"""
CLEAR_PEOPLE = """
DELETE FROM people WHERE merged_into IS NULL AND opted_out_at IS NULL AND erasure_asked_at IS NULL
    AND NOT EXISTS (
    SELECT 1 FROM asks a WHERE a.project_id = people.project_id AND a.person_id = people.person_id)
"""
#: Histories of those who are gone, one link of their chains at a time.
CLEAR_MERGED = """
DELETE FROM people WHERE merged_into IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM people w WHERE w.project_id = people.project_id AND w.person_id = people.merged_into)
"""
CLEAR_ALIASES = """
DELETE FROM aliases WHERE NOT EXISTS (
    SELECT 1 FROM people p WHERE p.project_id = aliases.project_id AND p.person_id = aliases.person_id)
"""
_CLEARED = (
    CLEAR_RESPONSES, CLEAR_CLICKS, CLEAR_FIRINGS, CLEAR_CANDIDATES, CLEAR_COUNTERS, CLEAR_EVENTS, CLEAR_MESSAGES,
    CLEAR_DECISIONS, CLEAR_DECISION_COUNTS, CLEAR_EVENT_NAMES, CLEAR_IDENTITY_COUNTS, CLEAR_ACCOUNTS, CLEAR_VERSIONS,
    CLEAR_SURVEYS, CLEAR_SECRETS, CLEAR_RECEIVERS, CLEAR_TALLIES, CLEAR_KEYS, CLEAR_SESSIONS, CLEAR_LINKS,
    CLEAR_MEMBERS,
)  # fmt: skip

DROP_ASKS = "DELETE FROM asks WHERE project_id = ?"
DROP_MARKS = "DELETE FROM ask_scopes WHERE project_id = ?"
DROP_SCOPES = "DELETE FROM scopes WHERE project_id = ?"
DROP_PEOPLE = "DELETE FROM people WHERE project_id = ?"
DROP_ALIASES = "DELETE FROM aliases WHERE project_id = ?"
DROP_KEYS = "DELETE FROM api_keys WHERE project_id = ?"
DROP_SECRETS = "DELETE FROM identity_secrets WHERE project_id = ?"
DROP_KEPT = "DELETE FROM kept_opt_outs WHERE project_id = ?"
DROP_ERASED = "DELETE FROM erased_people WHERE project_id = ?"
DROP_ENDED = "DELETE FROM ended_receivers WHERE project_id = ?"
DROP_PROJECT = "DELETE FROM projects WHERE project_id = ?"
_DROPPED = (
    DROP_ASKS, DROP_MARKS, DROP_SCOPES, DROP_PEOPLE, DROP_ALIASES, DROP_KEYS, DROP_SECRETS, DROP_KEPT, DROP_ERASED,
    DROP_ENDED, DROP_PROJECT,
)  # fmt: skip

READ_ERASED = "SELECT project_id, person_hash FROM erased_people"
#: A name or a public key that moved from one project to another must not stand in the way.
STEP_ASIDE = "UPDATE projects SET name = project_id, public_key = project_id WHERE project_id = ?"
READ_STAYED = "SELECT project_id, person_id, merged_into FROM people WHERE merged_into IS NOT NULL"
ASKS_TWICE = """
SELECT q.ask_id, p.ask_id AS stayed_as FROM asks q JOIN asks p ON p.project_id = q.project_id AND p.person_id = ?
    AND p.asked_at = q.asked_at AND p.ask_id IN (q.ask_id, q.ask_id || '-' || q.person_id)
WHERE q.project_id = ? AND q.person_id = ?
"""
MOVE_RESPONSE = """
UPDATE responses SET person_id = ?, ask_id = ? WHERE project_id = ? AND person_id = ? AND ask_id = ?
"""
DROP_MARKS_OF_ASK = "DELETE FROM ask_scopes WHERE project_id = ? AND person_id = ? AND ask_id = ?"
DROP_ASK = "DELETE FROM asks WHERE project_id = ? AND person_id = ? AND ask_id = ?"
BE_QUIET = "UPDATE projects SET quiet_since = now_ms() WHERE project_id = ?"

#: What was committed about when the backup was made is taken for later: it may be in both.
_MARGIN_MS = 5 * MINUTE_MS
_TOLD_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Wish:
    """How to restore: whether what is there may go, and whether nothing was asked since the backup was made."""

    replace: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: rows that came, rows of erased people that did not, asks that stayed, quiet projects, and
    receivers that ended again or lost a secret that had ended."""

    rows: int
    skipped: int
    stayed: int
    quiet: int
    ended: int


def restore(backup: BackupFile, wish: Wish, act: Act, progress: Progress) -> Script[Restored]:
    """Put `backup` in the place of what is there. Raises `Conflict` where something is and it may not go."""
    yield from lock_installation()
    known = {row["project_id"] for row in (yield rows(ALL_PROJECTS))}
    if known and not wish.replace:
        raise Conflict("not_empty", "This database holds projects. To put the backup in their place, add --replace.")
    withdrawn = yield from read_withdrawn()
    stayed = (yield from _make_room(backup, known)) if known else 0
    merged: list[Row] = yield rows(READ_STAYED)
    came, skipped = yield from _load(backup, progress)
    for row in merged:
        yield from _redo(row)
    for row in withdrawn:
        yield from withdraw_again(row)
    ended = yield from end_again(act)
    unknown = () if wish.moved else sorted(backup.project_ids - known)
    for project_id in unknown:
        yield run(BE_QUIET, project_id)
    yield from record(act, "restored")
    return Restored(came, skipped, stayed, len(unknown), ended)


def _make_room(backup: BackupFile, known: set[str]) -> Script[int]:
    """Take away what does not bind us; return how many asks stay."""
    for statement in _CLEARED:
        yield run(statement)
    since = backup.header.created_at - _MARGIN_MS
    yield run(CLEAR_ASKS, since, since, since)
    for statement in (CLEAR_MARKS, CLEAR_PEOPLE):
        yield run(statement)
    while (yield run(CLEAR_MERGED)):
        pass
    yield run(CLEAR_ALIASES)
    for project_id in sorted(known - backup.project_ids):
        for statement in _DROPPED:
            yield run(statement, project_id)
    for project_id in sorted(known & backup.project_ids):
        yield run(STEP_ASIDE, project_id)
    return int((yield one(SIZE_ASKS))["found"])


def _load(backup: BackupFile, progress: Progress) -> Script[tuple[int, int]]:
    """Insert the backup's rows but those of erased people; return how many came and how many did not."""
    keys = [row["hash_key"] for row in (yield rows(READ_HASH_KEYS))]
    erased = frozenset((row["project_id"], row["person_hash"]) for row in (yield rows(READ_ERASED)))
    verdicts: dict[tuple[str, str], bool] = {}
    came = skipped = 0
    for table, row in backup.rows():
        if erased and _is_erased(table, row, keys, erased, verdicts):
            skipped += 1
        else:
            yield run(table.load, *row)
            came += 1
        if (came + skipped) % _TOLD_EVERY == 0:
            progress(came + skipped, backup.total)
    progress(came + skipped, backup.total)
    return came, skipped


def _is_erased(
    table: Table,
    row: list[str],
    keys: list[str],
    erased: frozenset[tuple[str, str]],
    verdicts: dict[tuple[str, str], bool],
) -> bool:
    if "person_id" not in table.columns:
        return False
    project_id, person_id = row[table.columns.index("project_id")], row[table.columns.index("person_id")]
    verdict = verdicts.get((project_id, person_id))
    if verdict is None:
        verdict = any((project_id, hashed(key, project_id, person_id)) in erased for key in keys)
        # One person's rows lie together, so a few are enough to remember.
        if len(verdicts) > _TOLD_EVERY:
            verdicts.clear()
        verdicts[project_id, person_id] = verdict
    return verdict


def _redo(stayed: Mapping[str, str]) -> Script[None]:
    """Merge again what the backup has of a history that had become somebody else."""
    project_id = stayed["project_id"]
    winner = yield from lock_person(project_id, stayed["merged_into"])
    loser = yield one(READ_ALL_OF_PERSON, project_id, stayed["person_id"])
    if winner is None or loser is None:
        return
    # An ask that stayed with the winner came once more with the backup.
    twice = yield rows(ASKS_TWICE, winner["person_id"], project_id, loser["person_id"])
    for row in twice:
        key = (project_id, loser["person_id"], row["ask_id"])
        yield run(MOVE_RESPONSE, winner["person_id"], row["stayed_as"], *key)
        yield run(MOVE_CLICKS, winner["person_id"], row["stayed_as"], *key)
        yield run(DROP_MARKS_OF_ASK, *key)
        yield run(DROP_ASK, *key)
    yield from merge(project_id, loser=loser, winner=winner)
