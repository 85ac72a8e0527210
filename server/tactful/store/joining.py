"""Joining two names of one person, because a backend says so: Segment's `alias`.

A page is never believed that two known people are one; whoever holds the write key is. It may say so before it has
told anything of either, and in any order with everything else, so the names are claimed too: what comes under the old
one later finds the same person.
"""

from __future__ import annotations

from tactful.identity import Identity
from tactful.store.people import (
    CLAIM_ALIAS,
    LOCK_PERSON,
    find_alias,
    lock_person,
    merge,
    recognise,
    still_opted_out,
)
from tactful.store.script import Row, Script, one

__all__ = ["join"]


def join(project_id: str, previous_id: str, user_id: str, new_person_id: str) -> Script[str]:
    """Make whoever is known by `previous_id`, a user id or an anonymous one, the person of `user_id`; return who that
    is. Said again, or the other way round, it changes nothing."""
    winner = yield from recognise(project_id, Identity(user_id, None, proved=True), new_person_id)
    for alias in (f"u:{previous_id}", f"a:{previous_id}"):
        winner = yield from _taken_over(project_id, alias, winner)
    return str(winner["person_id"])


def _taken_over(project_id: str, alias: str, winner: Row) -> Script[Row]:
    """Merge the person behind `alias` into the locked `winner`, or give the alias to them; return `winner` as it is
    then."""
    found = yield from find_alias(project_id, alias)
    other = (yield from lock_person(project_id, found)) if found is not None else None
    if other is None:  # nobody's yet, or that of somebody who was erased since we looked
        claimed = yield one(CLAIM_ALIAS, project_id, alias, winner["person_id"])
        other = yield from lock_person(project_id, claimed["person_id"])
        assert other is not None, "an alias leads to nobody"
        other = yield from still_opted_out(project_id, alias, other)
    if other["person_id"] == winner["person_id"]:
        return other
    yield from merge(project_id, loser=other, winner=winner)
    row: Row = yield one(LOCK_PERSON, project_id, winner["person_id"])
    return row
