"""Every table as a whole: how a backup reads it, and how a restore writes it.

The order is that of a restore: what others refer to comes first. A table or a column that is missing here fails
`tests/store/test_backup.py`, since a backup without it would lose it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tactful.store.events import INSERT_EVENT
from tactful.store.loading import (
    LOAD_ACCOUNTS,
    LOAD_ALIASES,
    LOAD_API_KEYS,
    LOAD_ASK_SCOPES,
    LOAD_ASKS,
    LOAD_AUDIT,
    LOAD_CANDIDATES,
    LOAD_CLICKS,
    LOAD_COUNTERS,
    LOAD_DECISION_COUNTS,
    LOAD_DECISIONS,
    LOAD_ENDED_RECEIVERS,
    LOAD_ERASED_PEOPLE,
    LOAD_EVENT_NAMES,
    LOAD_FIRINGS,
    LOAD_HASH_KEYS,
    LOAD_IDENTITY_COUNTS,
    LOAD_IDENTITY_SECRETS,
    LOAD_KEPT_OPT_OUTS,
    LOAD_MEMBERS,
    LOAD_MESSAGES,
    LOAD_PEOPLE,
    LOAD_PROJECTS,
    LOAD_RECEIVER_TALLIES,
    LOAD_RECEIVERS,
    LOAD_RESPONSES,
    LOAD_SCOPES,
    LOAD_SURVEY_VERSIONS,
    LOAD_SURVEYS,
)

__all__ = ["LEFT_OUT", "TABLES", "Key", "Table"]

CHUNK_HASH_KEYS = "SELECT * FROM hash_keys WHERE hash_key > ? ORDER BY hash_key LIMIT ?"
CHUNK_KEPT_OPT_OUTS = """
SELECT * FROM kept_opt_outs WHERE (project_id, alias_hash) > (?, ?) ORDER BY project_id, alias_hash LIMIT ?
"""
CHUNK_ERASED_PEOPLE = """
SELECT * FROM erased_people WHERE (project_id, person_hash) > (?, ?) ORDER BY project_id, person_hash LIMIT ?
"""
CHUNK_PROJECTS = "SELECT * FROM projects WHERE project_id > ? ORDER BY project_id LIMIT ?"
CHUNK_API_KEYS = "SELECT * FROM api_keys WHERE key_hash > ? ORDER BY key_hash LIMIT ?"
CHUNK_IDENTITY_SECRETS = """
SELECT * FROM identity_secrets WHERE (project_id, secret_id) > (?, ?) ORDER BY project_id, secret_id LIMIT ?
"""
CHUNK_RECEIVERS = """
SELECT * FROM receivers WHERE (project_id, receiver_key) > (?, ?) ORDER BY project_id, receiver_key LIMIT ?
"""
CHUNK_RECEIVER_TALLIES = """
SELECT * FROM receiver_tallies WHERE (project_id, receiver_key, outcome) > (?, ?, ?) ORDER BY project_id,
    receiver_key, outcome LIMIT ?
"""
CHUNK_ENDED_RECEIVERS = """
SELECT * FROM ended_receivers WHERE (project_id, receiver_id, secret_hash) > (?, ?, ?) ORDER BY project_id,
    receiver_id, secret_hash LIMIT ?
"""
CHUNK_MEMBERS = "SELECT * FROM members WHERE member_id > ? ORDER BY member_id LIMIT ?"
CHUNK_AUDIT = "SELECT * FROM audit WHERE audit_id > ? ORDER BY audit_id LIMIT ?"
CHUNK_SURVEYS = """
SELECT * FROM surveys WHERE (project_id, survey_key) > (?, ?) ORDER BY project_id, survey_key LIMIT ?
"""
CHUNK_SURVEY_VERSIONS = """
SELECT * FROM survey_versions WHERE (project_id, survey_key, version) > (?, ?, ?) ORDER BY project_id,
    survey_key, version LIMIT ?
"""
CHUNK_ACCOUNTS = """
SELECT * FROM accounts WHERE (project_id, account_id) > (?, ?) ORDER BY project_id, account_id LIMIT ?
"""
CHUNK_PEOPLE = "SELECT * FROM people WHERE (project_id, person_id) > (?, ?) ORDER BY project_id, person_id LIMIT ?"
CHUNK_ALIASES = "SELECT * FROM aliases WHERE (project_id, alias) > (?, ?) ORDER BY project_id, alias LIMIT ?"
CHUNK_SCOPES = "SELECT * FROM scopes WHERE (project_id, scope) > (?, ?) ORDER BY project_id, scope LIMIT ?"
CHUNK_ASKS = """
SELECT * FROM asks WHERE (project_id, person_id, ask_id) > (?, ?, ?) ORDER BY project_id, person_id, ask_id
    LIMIT ?
"""
CHUNK_ASK_SCOPES = """
SELECT * FROM ask_scopes WHERE (project_id, person_id, ask_id, scope) > (?, ?, ?, ?) ORDER BY project_id,
    person_id, ask_id, scope LIMIT ?
"""
CHUNK_RESPONSES = """
SELECT * FROM responses WHERE (project_id, person_id, ask_id) > (?, ?, ?) ORDER BY project_id, person_id, ask_id
    LIMIT ?
"""
CHUNK_CLICKS = """
SELECT * FROM clicks WHERE (project_id, person_id, ask_id, what) > (?, ?, ?, ?) ORDER BY project_id, person_id,
    ask_id, what LIMIT ?
"""
CHUNK_FIRINGS = """
SELECT * FROM firings WHERE (project_id, person_id, survey_key) > (?, ?, ?) ORDER BY project_id, person_id,
    survey_key LIMIT ?
"""
CHUNK_CANDIDATES = """
SELECT * FROM candidates WHERE (project_id, person_id, candidate_id) > (?, ?, ?) ORDER BY project_id, person_id,
    candidate_id LIMIT ?
"""
CHUNK_COUNTERS = """
SELECT * FROM counters WHERE (project_id, person_id, counter) > (?, ?, ?) ORDER BY project_id, person_id,
    counter LIMIT ?
"""
CHUNK_EVENTS = """
SELECT * FROM events WHERE (project_id, person_id, event_id) > (?, ?, ?) ORDER BY project_id, person_id,
    event_id LIMIT ?
"""
CHUNK_MESSAGES = """
SELECT * FROM messages WHERE (project_id, message_id) > (?, ?) ORDER BY project_id, message_id LIMIT ?
"""
CHUNK_DECISIONS = """
SELECT * FROM decisions WHERE (project_id, person_id) > (?, ?) ORDER BY project_id, person_id LIMIT ?
"""
CHUNK_DECISION_COUNTS = """
SELECT * FROM decision_counts WHERE (project_id, survey_key, hour, outcome, reason, rule) > (?, ?, ?, ?, ?, ?)
    ORDER BY project_id, survey_key, hour, outcome, reason, rule LIMIT ?
"""
CHUNK_EVENT_NAMES = """
SELECT * FROM event_names WHERE (project_id, name, source) > (?, ?, ?) ORDER BY project_id, name, source LIMIT ?
"""
CHUNK_IDENTITY_COUNTS = """
SELECT * FROM identity_counts WHERE (project_id, day, outcome) > (?, ?, ?) ORDER BY project_id, day, outcome LIMIT ?
"""

SIZE_HASH_KEYS = "SELECT count(*) AS found FROM hash_keys"
SIZE_KEPT_OPT_OUTS = "SELECT count(*) AS found FROM kept_opt_outs"
SIZE_ERASED_PEOPLE = "SELECT count(*) AS found FROM erased_people"
SIZE_PROJECTS = "SELECT count(*) AS found FROM projects"
SIZE_API_KEYS = "SELECT count(*) AS found FROM api_keys"
SIZE_IDENTITY_SECRETS = "SELECT count(*) AS found FROM identity_secrets"
SIZE_RECEIVERS = "SELECT count(*) AS found FROM receivers"
SIZE_RECEIVER_TALLIES = "SELECT count(*) AS found FROM receiver_tallies"
SIZE_ENDED_RECEIVERS = "SELECT count(*) AS found FROM ended_receivers"
SIZE_MEMBERS = "SELECT count(*) AS found FROM members"
SIZE_AUDIT = "SELECT count(*) AS found FROM audit"
SIZE_SURVEYS = "SELECT count(*) AS found FROM surveys"
SIZE_SURVEY_VERSIONS = "SELECT count(*) AS found FROM survey_versions"
SIZE_ACCOUNTS = "SELECT count(*) AS found FROM accounts"
SIZE_PEOPLE = "SELECT count(*) AS found FROM people"
SIZE_ALIASES = "SELECT count(*) AS found FROM aliases"
SIZE_SCOPES = "SELECT count(*) AS found FROM scopes"
SIZE_ASKS = "SELECT count(*) AS found FROM asks"
SIZE_ASK_SCOPES = "SELECT count(*) AS found FROM ask_scopes"
SIZE_RESPONSES = "SELECT count(*) AS found FROM responses"
SIZE_CLICKS = "SELECT count(*) AS found FROM clicks"
SIZE_FIRINGS = "SELECT count(*) AS found FROM firings"
SIZE_CANDIDATES = "SELECT count(*) AS found FROM candidates"
SIZE_COUNTERS = "SELECT count(*) AS found FROM counters"
SIZE_EVENTS = "SELECT count(*) AS found FROM events"
SIZE_MESSAGES = "SELECT count(*) AS found FROM messages"
SIZE_DECISIONS = "SELECT count(*) AS found FROM decisions"
SIZE_DECISION_COUNTS = "SELECT count(*) AS found FROM decision_counts"
SIZE_EVENT_NAMES = "SELECT count(*) AS found FROM event_names"
SIZE_IDENTITY_COUNTS = "SELECT count(*) AS found FROM identity_counts"

#: What no backup holds, and why.
LEFT_OUT = {
    "sessions": "a copy of the database logs nobody in",
    "member_links": "a link that was used, or replaced, would open again",
    "clock_watch": "the clock is this machine's",
    "installation": "a row to be locked, with nothing in it",
    "erasures": "tells those who serve the database to forget; nobody does while it is restored",
    "migrations": "named in the backup's first line",
}

Key = tuple[str | int, ...]

_INSERT = re.compile(r"\s*\w+ INTO (\w+) \(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Table:
    """One table. `chunk` reads the rows after a key, `first` is before every key, `load` takes all `columns`."""

    name: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    first: Key
    chunk: str
    count: str
    load: str


def _table(chunk: str, count: str, first: Key, load: str) -> Table:
    insert = _INSERT.match(load)
    order = re.search(r"ORDER BY (.+?)\s+LIMIT", chunk, re.DOTALL)
    assert insert is not None
    assert order is not None
    keys = tuple(re.split(r",\s*", order[1]))
    return Table(insert[1], tuple(re.split(r",\s*", insert[2])), keys, first, chunk, count, load)


TABLES: tuple[Table, ...] = (
    _table(CHUNK_HASH_KEYS, SIZE_HASH_KEYS, ("",), LOAD_HASH_KEYS),
    _table(CHUNK_KEPT_OPT_OUTS, SIZE_KEPT_OPT_OUTS, ("", ""), LOAD_KEPT_OPT_OUTS),
    _table(CHUNK_ERASED_PEOPLE, SIZE_ERASED_PEOPLE, ("", ""), LOAD_ERASED_PEOPLE),
    _table(CHUNK_PROJECTS, SIZE_PROJECTS, ("",), LOAD_PROJECTS),
    _table(CHUNK_API_KEYS, SIZE_API_KEYS, ("",), LOAD_API_KEYS),
    _table(CHUNK_IDENTITY_SECRETS, SIZE_IDENTITY_SECRETS, ("", ""), LOAD_IDENTITY_SECRETS),
    _table(CHUNK_RECEIVERS, SIZE_RECEIVERS, ("", ""), LOAD_RECEIVERS),
    _table(CHUNK_RECEIVER_TALLIES, SIZE_RECEIVER_TALLIES, ("", "", ""), LOAD_RECEIVER_TALLIES),
    _table(CHUNK_ENDED_RECEIVERS, SIZE_ENDED_RECEIVERS, ("", "", ""), LOAD_ENDED_RECEIVERS),
    _table(CHUNK_MEMBERS, SIZE_MEMBERS, ("",), LOAD_MEMBERS),
    _table(CHUNK_AUDIT, SIZE_AUDIT, ("",), LOAD_AUDIT),
    _table(CHUNK_SURVEYS, SIZE_SURVEYS, ("", ""), LOAD_SURVEYS),
    _table(CHUNK_SURVEY_VERSIONS, SIZE_SURVEY_VERSIONS, ("", "", -1), LOAD_SURVEY_VERSIONS),
    _table(CHUNK_ACCOUNTS, SIZE_ACCOUNTS, ("", ""), LOAD_ACCOUNTS),
    _table(CHUNK_PEOPLE, SIZE_PEOPLE, ("", ""), LOAD_PEOPLE),
    _table(CHUNK_ALIASES, SIZE_ALIASES, ("", ""), LOAD_ALIASES),
    _table(CHUNK_SCOPES, SIZE_SCOPES, ("", ""), LOAD_SCOPES),
    _table(CHUNK_ASKS, SIZE_ASKS, ("", "", ""), LOAD_ASKS),
    _table(CHUNK_ASK_SCOPES, SIZE_ASK_SCOPES, ("", "", "", ""), LOAD_ASK_SCOPES),
    _table(CHUNK_RESPONSES, SIZE_RESPONSES, ("", "", ""), LOAD_RESPONSES),
    _table(CHUNK_CLICKS, SIZE_CLICKS, ("", "", "", ""), LOAD_CLICKS),
    _table(CHUNK_FIRINGS, SIZE_FIRINGS, ("", "", ""), LOAD_FIRINGS),
    _table(CHUNK_CANDIDATES, SIZE_CANDIDATES, ("", "", ""), LOAD_CANDIDATES),
    _table(CHUNK_COUNTERS, SIZE_COUNTERS, ("", "", ""), LOAD_COUNTERS),
    _table(CHUNK_EVENTS, SIZE_EVENTS, ("", "", ""), INSERT_EVENT),
    _table(CHUNK_MESSAGES, SIZE_MESSAGES, ("", ""), LOAD_MESSAGES),
    _table(CHUNK_DECISIONS, SIZE_DECISIONS, ("", ""), LOAD_DECISIONS),
    _table(CHUNK_DECISION_COUNTS, SIZE_DECISION_COUNTS, ("", "", -1, "", "", ""), LOAD_DECISION_COUNTS),
    _table(CHUNK_EVENT_NAMES, SIZE_EVENT_NAMES, ("", "", ""), LOAD_EVENT_NAMES),
    _table(CHUNK_IDENTITY_COUNTS, SIZE_IDENTITY_COUNTS, ("", -1, ""), LOAD_IDENTITY_COUNTS),
)
