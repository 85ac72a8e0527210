"""Scopes in the database: the marks that asks leave, what rules count by them, and the locks that keep counts exact.

The theory stands in `core/scopes.py`. A count is read newest first and no further than the cap that asks for it, so it
costs the same in a project of ten thousand asks as in one of ten million. Test people leave no mark and count nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from tactful.core.decide import LiveSurvey
from tactful.core.people import Tally
from tactful.core.scopes import PROJECT, Wanted, wanted
from tactful.core.throttle import ASK_LIFETIME_MS
from tactful.store.people import Known
from tactful.store.script import Script, one, rows, run

__all__ = ["complete", "consume_firing", "fire", "lock_scopes", "mark"]

LOCK_SCOPE = """
INSERT INTO scopes (project_id, scope, last_at) VALUES (?, ?, now_ms())
ON CONFLICT (project_id, scope) DO UPDATE SET last_at = greatest(scopes.last_at, now_ms())
RETURNING last_at
"""
KEEP_UP = "UPDATE people SET last_at = greatest(last_at, ?) WHERE project_id = ? AND person_id = ?"
INSERT_MARK = "INSERT INTO ask_scopes (project_id, person_id, ask_id, scope, asked_at) VALUES (?, ?, ?, ?, ?)"

#: The selections that are not given are null. Tags are a JSON list of names without quotes in them.
ASKED_IN_SCOPE = """
SELECT s.asked_at AS counted_at
FROM ask_scopes s
JOIN asks k ON k.project_id = s.project_id AND k.person_id = s.person_id AND k.ask_id = s.ask_id
WHERE s.project_id = ? AND s.scope = ? AND s.asked_at > ? AND k.refunded_at IS NULL
    AND k.survey_key = coalesce(CAST(? AS TEXT), k.survey_key) AND k.kind = coalesce(CAST(? AS TEXT), k.kind)
    AND replace(CAST(k.tags AS TEXT), coalesce(CAST(? AS TEXT), '['), '') <> CAST(k.tags AS TEXT)
ORDER BY s.asked_at DESC LIMIT ?
"""
#: How asks ended: `dismissed` or `responded`.
ENDED_IN_SCOPE = """
SELECT CASE CAST(? AS TEXT) WHEN 'dismissed' THEN k.dismissed_at ELSE k.responded_at END AS counted_at
FROM ask_scopes s
JOIN asks k ON k.project_id = s.project_id AND k.person_id = s.person_id AND k.ask_id = s.ask_id
WHERE s.project_id = ? AND s.scope = ? AND s.asked_at > ? AND k.refunded_at IS NULL
    AND CASE CAST(? AS TEXT) WHEN 'dismissed' THEN k.dismissed_at ELSE k.responded_at END > ?
    AND k.survey_key = coalesce(CAST(? AS TEXT), k.survey_key) AND k.kind = coalesce(CAST(? AS TEXT), k.kind)
    AND replace(CAST(k.tags AS TEXT), coalesce(CAST(? AS TEXT), '['), '') <> CAST(k.tags AS TEXT)
ORDER BY counted_at DESC LIMIT ?
"""
ASKED_IN_PROJECT = """
SELECT k.asked_at AS counted_at FROM asks k
WHERE k.project_id = ? AND k.test = 0 AND k.asked_at > ? AND k.refunded_at IS NULL
    AND k.survey_key = coalesce(CAST(? AS TEXT), k.survey_key) AND k.kind = coalesce(CAST(? AS TEXT), k.kind)
    AND replace(CAST(k.tags AS TEXT), coalesce(CAST(? AS TEXT), '['), '') <> CAST(k.tags AS TEXT)
ORDER BY k.asked_at DESC LIMIT ?
"""
ENDED_IN_PROJECT = """
SELECT CASE CAST(? AS TEXT) WHEN 'dismissed' THEN k.dismissed_at ELSE k.responded_at END AS counted_at FROM asks k
WHERE k.project_id = ? AND k.test = 0 AND k.asked_at > ? AND k.refunded_at IS NULL
    AND CASE CAST(? AS TEXT) WHEN 'dismissed' THEN k.dismissed_at ELSE k.responded_at END > ?
    AND k.survey_key = coalesce(CAST(? AS TEXT), k.survey_key) AND k.kind = coalesce(CAST(? AS TEXT), k.kind)
    AND replace(CAST(k.tags AS TEXT), coalesce(CAST(? AS TEXT), '['), '') <> CAST(k.tags AS TEXT)
ORDER BY counted_at DESC LIMIT ?
"""

FIRE = """
INSERT INTO firings (project_id, person_id, survey_key, fired_at, expires_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (project_id, person_id, survey_key) DO UPDATE
SET fired_at = excluded.fired_at, expires_at = excluded.expires_at
"""
READ_FIRINGS = "SELECT survey_key, fired_at FROM firings WHERE project_id = ? AND person_id = ?"
DELETE_FIRING = "DELETE FROM firings WHERE project_id = ? AND person_id = ? AND survey_key = ?"


def lock_scopes(project_id: str, known: Known, scopes: Sequence[str]) -> Script[Known]:
    """Lock `scopes`, in their order, after the person; the person as of the latest of all those times."""
    now = known.now
    for scope in scopes:
        locked = yield one(LOCK_SCOPE, project_id, scope)
        now = max(now, locked["last_at"])
    if now > known.now:
        yield run(KEEP_UP, now, project_id, known.person_id)
    return known._replace(now=now)


def complete(project_id: str, known: Known, lives: Collection[LiveSurvey]) -> Script[Known]:
    """Read what deciding `lives` needs beyond the person: the counts of their rules' scopes, and which triggers fired
    that reserve the person."""
    if all(live.by_person for live in lives):
        return known
    involved = {live.survey.key: live for one_live in lives for live in (one_live, *one_live.yields_to)}
    counted = yield from _tallies(project_id, known, involved)
    fired: Mapping[str, int] = {}
    if any(live.yields_to for live in involved.values()):
        found = yield rows(READ_FIRINGS, project_id, known.person_id)
        fired = {row["survey_key"]: row["fired_at"] for row in found}
    if not counted and not fired:
        return known
    return known._replace(person=known.person._replace(tallies=counted, fired=fired))


def _tallies(project_id: str, known: Known, involved: Mapping[str, LiveSurvey]) -> Script[dict[Tally, tuple[int, ...]]]:
    needed: Wanted = wanted(((key, live.rules) for key, live in involved.items()), known.person)
    found = {}
    for tally, (cap, window_ms) in needed.items():
        found[tally] = yield from _newest(project_id, tally, cap, known.now - window_ms)
    return found


def _newest(project_id: str, tally: Tally, cap: int, after: int) -> Script[tuple[int, ...]]:
    """The newest times that `tally` counts, later than `after` and at most `cap` of them."""
    counts, selection = tally.counts, _selection(tally.surveys)
    of = (project_id,) if tally.scope == PROJECT else (project_id, tally.scope)
    if counts == "asked":
        sql = ASKED_IN_PROJECT if tally.scope == PROJECT else ASKED_IN_SCOPE
        found = yield rows(sql, *of, after, *selection, cap)
    else:
        sql = ENDED_IN_PROJECT if tally.scope == PROJECT else ENDED_IN_SCOPE
        # A dismissal or a response follows its ask within the ask's life, so older marks need no look.
        found = yield rows(sql, counts, *of, after - ASK_LIFETIME_MS, counts, after, *selection, cap)
    return tuple(row["counted_at"] for row in found)


def _selection(surveys: str) -> tuple[str | None, str | None, str | None]:
    """The parameters for a survey's key, its kind and one of its tags; None where any will do."""
    group, _, name = surveys.partition(":")
    return (
        name if group == "survey" else None,
        name if group == "kind" else None,
        f'"{name}"' if group == "tag" else None,
    )


def mark(project_id: str, known: Known, ask_id: str, scopes: Iterable[str]) -> Script[None]:
    """Leave a mark of an ask made now under each of `scopes`."""
    for scope in scopes:
        yield run(INSERT_MARK, project_id, known.person_id, ask_id, scope, known.now)


def fire(project_id: str, person_id: str, live: LiveSurvey, now: int) -> Script[None]:
    """Note that the trigger of a survey with a reserve has fired."""
    reserve_ms = live.survey.throttle.reserve_ms
    assert reserve_ms is not None, f"{live.survey.key} reserves nothing"
    yield run(FIRE, project_id, person_id, live.survey.key, now, now + reserve_ms)


def consume_firing(project_id: str, person_id: str, survey_key: str) -> Script[None]:
    """The survey was asked: it reserves nobody until its trigger fires again."""
    yield run(DELETE_FIRING, project_id, person_id, survey_key)
