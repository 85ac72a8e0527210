"""People as pages list and show them: who was here last, who has this id or address, and one person's history.

Every list is a range of an index, so it costs the same at ten million people as at ten thousand. A search is by the
beginning of an id or of an e-mail address for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

from tactful.store.accounts import READ_ACCOUNT
from tactful.store.results import END_OF_TIME, READ_PERSON
from tactful.store.script import Row, Script, one, rows

__all__ = ["Profile", "comparable_email", "read_profile", "recent_people", "search_people"]

RECENT_PEOPLE = """
SELECT person_id FROM people
WHERE project_id = ? AND merged_into IS NULL AND (last_at, person_id) < (?, ?)
ORDER BY last_at DESC, person_id DESC LIMIT ?
"""
PEOPLE_BY_ALIAS = """
SELECT person_id FROM aliases WHERE project_id = ? AND alias >= ? AND alias < ? ORDER BY alias LIMIT ?
"""
PEOPLE_BY_EMAIL = """
SELECT person_id FROM people
WHERE project_id = ? AND merged_into IS NULL AND lower(traits ->> 'email') >= ? AND lower(traits ->> 'email') < ?
ORDER BY lower(traits ->> 'email') LIMIT ?
"""
READ_LINE = """
SELECT p.person_id, p.user_id, p.anonymous_id, p.account_id, p.traits ->> 'email' AS email,
    p.traits ->> 'name' AS name, p.first_seen_at, p.last_at, p.opted_out_at, p.test,
    (SELECT count(*) FROM asks a WHERE a.project_id = p.project_id AND a.person_id = p.person_id
        AND a.refunded_at IS NULL) AS asks,
    (SELECT count(*) FROM responses r WHERE r.project_id = p.project_id AND r.person_id = p.person_id) AS responses
FROM people p WHERE p.project_id = ? AND p.person_id = ?
"""
PERSON_ALIASES = "SELECT alias FROM aliases WHERE project_id = ? AND person_id = ? ORDER BY alias DESC LIMIT 50"
PERSON_ASKS = """
SELECT a.ask_id, a.survey_key, a.version, a.asked_at, a.seen_at, a.responded_at, a.dismissed_at, a.opted_out_at,
    a.refunded_at, a.asked_for, a.test, a.page, r.response_id, r.score, r.band, r.comment, r.done
FROM asks a
LEFT JOIN responses r ON r.project_id = a.project_id AND r.person_id = a.person_id AND r.ask_id = a.ask_id
WHERE a.project_id = ? AND a.person_id = ?
ORDER BY a.asked_at DESC, a.ask_id DESC LIMIT ?
"""
PERSON_WAITING = """
SELECT survey_key, per, not_before, expires_at FROM candidates
WHERE project_id = ? AND person_id = ? AND expires_at > ? ORDER BY not_before LIMIT 20
"""

#: No id or address goes on with this character, so it ends the range of those that begin alike.
_LAST = "\U0010ffff"
_LOWERED = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True, slots=True)
class Profile:
    """One person: their row, every id that leads to them, their account's traits as JSON, the latest asks with their
    responses, and the candidates that wait for them."""

    row: Row
    aliases: tuple[str, ...]
    account: str | None
    asks: tuple[Row, ...]
    waiting: tuple[Row, ...]


def comparable_email(email: str) -> str:
    """An address as `lower(traits ->> 'email')` has it: of A to Z alone capitals make no difference.

    SQLite lowers no other letters, and PostgreSQL none in bytewise collation; Python would lower more, and then an
    address like `ÄNN@x.test` would be found on neither.
    """
    return email.translate(_LOWERED)


def recent_people(project_id: str, before: tuple[int, str] | None, most: int) -> Script[list[Row]]:
    """People by when they were last seen, the latest first, before `before` (last_at, person_id)."""
    found = yield rows(RECENT_PEOPLE, project_id, *(before or (END_OF_TIME, "")), most)
    return (yield from _lines(project_id, [row["person_id"] for row in found]))


def search_people(project_id: str, wanted: str, most: int) -> Script[list[Row]]:
    """People with a user id, an anonymous id or an e-mail address that begins with `wanted`, each once."""
    found: list[Row] = []
    for start in (f"u:{wanted}", f"a:{wanted}"):
        found += yield rows(PEOPLE_BY_ALIAS, project_id, start, start + _LAST, most)
    lowered = comparable_email(wanted)
    found += yield rows(PEOPLE_BY_EMAIL, project_id, lowered, lowered + _LAST, most)
    ids = list(dict.fromkeys(row["person_id"] for row in found))
    return (yield from _lines(project_id, ids[:most]))


def _lines(project_id: str, person_ids: Iterable[str]) -> Script[list[Row]]:
    found: list[Row] = []
    for person_id in person_ids:
        found.append((yield one(READ_LINE, project_id, person_id)))  # noqa: PERF401  # a comprehension cannot yield
    return found


def read_profile(project_id: str, person_id: str, now: int, most_asks: int) -> Script[Profile]:
    """Read everything that the page of an existing, unmerged person shows."""
    row = yield one(READ_PERSON, project_id, person_id)
    aliases = yield rows(PERSON_ALIASES, project_id, person_id)
    account = (yield one(READ_ACCOUNT, project_id, row["account_id"])) if row["account_id"] else None
    asks = yield rows(PERSON_ASKS, project_id, person_id, most_asks)
    waiting = yield rows(PERSON_WAITING, project_id, person_id, now)
    known_as = tuple(one["alias"] for one in aliases)
    return Profile(row, known_as, account and account["traits"], tuple(asks), tuple(waiting))
