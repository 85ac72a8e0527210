"""What a person may ask of us, besides not being asked: everything we hold of them, and that it be gone.

A person is all histories that were merged into one. Erasing removes every row of each in one transaction
(`store/registry.py` names the tables), and leaves two kinds of hashes (`store/hashes.py`): of the ids of somebody who
had opted out, so that they stay so when they return, and of the ids that their histories had in this database, so
that no backup brings them back.

It is counted by project, so that every process that serves this database notices within seconds and lets go of what it
holds in memory (`web/service.py`).

What comes later finds nobody: an ask's token leads to no ask, an offer to no person. An event that names the same user
again is a new contact, and makes a person about whom nothing is known but that event, and their opt-out.
"""

from __future__ import annotations

from typing import Any

from tactful.errors import NotFound
from tactful.store.audit import Act, record
from tactful.store.hashes import forget_opt_out, keep_erased, keep_opt_out, the_key
from tactful.store.journal import LOCK_DECISIONS
from tactful.store.people import lock_person
from tactful.store.registry import BELONGINGS, READ_ALL_ALIASES
from tactful.store.results import READ_PERSON
from tactful.store.script import Row, Script, one, rows, run

__all__ = ["belongings", "count_erasures", "end_opt_out", "end_test", "erase", "export", "find_by_id"]

READ_MERGED = "SELECT person_id FROM people WHERE project_id = ? AND merged_into = ? ORDER BY person_id"
END_OPT_OUT = "UPDATE people SET opted_out_at = NULL WHERE project_id = ? AND person_id = ?"
END_TEST = "UPDATE people SET test = 0 WHERE project_id = ? AND person_id = ?"
ADD_ERASURE = """
INSERT INTO erasures (project_id, times) VALUES (?, 1)
ON CONFLICT (project_id) DO UPDATE SET times = erasures.times + 1
"""
COUNT_ERASURES = "SELECT project_id, times FROM erasures"

Exported = dict[str, list[dict[str, Any]]]


def _no_such_person() -> NotFound:
    return NotFound("no_such_person", "There is no such person.")


def find_by_id(project_id: str, person_id: str) -> Script[str]:
    """Who this id leads to, merges followed. Raises `NotFound`."""
    row = None if "\0" in person_id else (yield one(READ_PERSON, project_id, person_id))
    while row is not None and row["merged_into"] is not None:
        row = yield one(READ_PERSON, project_id, row["merged_into"])
    if row is None:
        raise _no_such_person()
    return str(row["person_id"])


def _histories(project_id: str, person_id: str) -> Script[list[str]]:
    """The ids of all histories that are one person, the living one first."""
    ids = [person_id]
    for one_id in ids:  # it grows while it is walked: a history may have taken over another before
        ids += [row["person_id"] for row in (yield rows(READ_MERGED, project_id, one_id))]
    return ids


def export(project_id: str, person_id: str) -> Script[Exported]:
    """Every row of a person in every table, as stored, by table. Raises `NotFound`."""
    ids = yield from _histories(project_id, (yield from find_by_id(project_id, person_id)))
    return (yield from _read(project_id, ids))


def _read(project_id: str, ids: list[str]) -> Script[Exported]:
    found: Exported = {}
    for belonging in BELONGINGS:
        found[belonging.table] = []
        for one_id in ids:
            found[belonging.table] += [dict(row) for row in (yield rows(belonging.read, project_id, one_id))]
    return found


def belongings(project_id: str, person_id: str) -> Script[dict[str, int]]:
    """How many rows of each table erasing would remove. Raises `NotFound`."""
    found = yield from export(project_id, person_id)
    return {table: len(kept) for table, kept in found.items()}


def erase(project_id: str, person_id: str, act: Act) -> Script[dict[str, int]]:
    """Remove every row of a person; return how many of each table. Raises `NotFound`."""
    row = yield from _locked(project_id, person_id)
    yield run(ADD_ERASURE, project_id)
    ids = yield from _histories(project_id, row["person_id"])
    key = yield from the_key(act.spare_key)
    for one_id in ids:
        if row["opted_out_at"] is not None:
            for alias in (yield rows(READ_ALL_ALIASES, project_id, one_id)):
                yield from keep_opt_out(project_id, alias["alias"], key)
        yield from keep_erased(project_id, one_id, key)
    held = yield from _read(project_id, ids)
    for one_id in ids:
        # What is written behind looks for the person only after taking this row's lock (store/journal.py).
        yield one(LOCK_DECISIONS, project_id, one_id)
        for belonging in BELONGINGS:
            yield run(belonging.erase, project_id, one_id)
    yield from record(act, "erased", project_id, row["person_id"])
    return {table: len(found) for table, found in held.items()}


def count_erasures() -> Script[dict[str, int]]:
    """How many people were erased, by project; where nobody ever was, it is not named."""
    return {row["project_id"]: row["times"] for row in (yield rows(COUNT_ERASURES))}


def _locked(project_id: str, person_id: str) -> Script[Row]:
    row = None if "\0" in person_id else (yield from lock_person(project_id, person_id))
    if row is None:
        raise _no_such_person()
    return row


def end_opt_out(project_id: str, person_id: str, act: Act) -> Script[bool]:
    """Let somebody be asked again who had opted out; False where they had not. Raises `NotFound`."""
    row = yield from _locked(project_id, person_id)
    if row["opted_out_at"] is None:
        return False
    for alias in (yield rows(READ_ALL_ALIASES, project_id, row["person_id"])):
        yield from forget_opt_out(project_id, alias["alias"])
    yield run(END_OPT_OUT, project_id, row["person_id"])
    yield from record(act, "opt_out_ended", project_id, row["person_id"])
    return True


def end_test(project_id: str, person_id: str, act: Act) -> Script[bool]:
    """Make a test person one who counts, from the next ask on; False where they are none. Raises `NotFound`."""
    row = yield from _locked(project_id, person_id)
    if not row["test"]:
        return False
    yield run(END_TEST, project_id, row["person_id"])
    yield from record(act, "test_ended", project_id, row["person_id"])
    return True
