"""What statements touch, and who may go on in a batch that shares a transaction; without a server."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tactful.store.footprint import Footprints, Touch, touches
from tactful.store.lockstep import Lockstep
from tactful.store.script import Script, one, run
from tactful.store.translate import numbered, tagged, to_postgres_ddl
from tests.store import scripts

KEYS = {
    "people": ("project_id", "person_id"),
    "asks": ("project_id", "person_id", "ask_id"),
    "counters": ("name",),
    "members": ("member_id",),
}
EVERYTHING = (Touch("", (), writes=True),)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", ()),
        ("SELECT x FROM people WHERE project_id = ? AND person_id = ?", (Touch("people", (0, 1), writes=False),)),
        ("SELECT x FROM people p WHERE p.person_id = ? AND p.project_id = ?", (Touch("people", (1, 0), writes=False),)),
        ("SELECT x FROM people WHERE person_id = ?", (Touch("people", (), writes=False),)),
        ("SELECT x FROM people WHERE project_id = ? OR person_id = ?", (Touch("people", (), writes=False),)),
        ("SELECT x FROM people WHERE NOT project_id = ?", (Touch("people", (), writes=False),)),
        ("SELECT x FROM people WHERE project_id = ? || 'x'", (Touch("people", (), writes=False),)),
        ("SELECT x FROM people WHERE project_id = ? AND (a = ? OR b = ?)", (Touch("people", (0,), writes=False),)),
        ("SELECT x FROM people WHERE project_id IN (SELECT project_id FROM asks WHERE project_id = ?)",
         (Touch("people", (), writes=False), Touch("asks", (), writes=False))),
        ("UPDATE people SET x = ? WHERE project_id = ? AND person_id = ? RETURNING x",
         (Touch("people", (1, 2), writes=True),)),
        ("UPDATE people SET person_id = ? WHERE project_id = ? AND person_id = ?",
         (Touch("people", (1,), writes=True),)),
        ("UPDATE people SET x = 1", (Touch("people", (), writes=True),)),
        ("DELETE FROM asks WHERE project_id = ? AND person_id = ? AND ask_id = ?",
         (Touch("asks", (0, 1, 2), writes=True),)),
        ("INSERT INTO asks (ask_id, project_id, person_id) VALUES (?, ?, ?)", (Touch("asks", (1, 2, 0), writes=True),)),
        ("INSERT INTO people (project_id, person_id) VALUES (?, lower(?))", (Touch("people", (0,), writes=True),)),
        ("INSERT INTO people (project_id, person_id) VALUES (?, ?), (?, ?)", (Touch("people", (), writes=True),)),
        ("INSERT INTO counters (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = 2",
         (Touch("counters", (0,), writes=True),)),
        ("INSERT INTO members (member_id, email) VALUES (?, ?) ON CONFLICT (email) DO UPDATE SET email = ?",
         (Touch("members", (), writes=True),)),
        ("INSERT INTO members (member_id, email) VALUES (?, ?) ON CONFLICT (email) DO NOTHING",
         (Touch("members", (0,), writes=True),)),
        ("INSERT INTO asks (project_id) SELECT project_id FROM people WHERE project_id = ?",
         (Touch("asks", (), writes=True), Touch("people", (), writes=False))),
        ("SELECT x FROM unknown WHERE a = ?", EVERYTHING),
        ("SELECT x FROM people, asks", EVERYTHING),
        ("CREATE TABLE t (n int)", EVERYTHING),
        ("TRUNCATE people", EVERYTHING),
    ],
)  # fmt: skip
def test_only_what_is_certain_narrows_a_range(sql: str, expected: tuple[Touch, ...]) -> None:
    assert touches(sql, KEYS) == expected


def test_statements_are_translated() -> None:
    assert numbered("SELECT '?' FROM a WHERE b = ? AND c = ? -- ?") == "SELECT '?' FROM a WHERE b = $1 AND c = $2 -- ?"
    assert numbered("SELECT t ->> 'a' FROM x;") == "SELECT t ->> 'a' COLLATE \"C\" FROM x"
    assert tagged("SELECT 1") == 'SELECT t.*, $1::int4 AS "#" FROM (SELECT 1) t'
    assert tagged("DELETE FROM a WHERE b = ?") == 'DELETE FROM a WHERE b = $1 RETURNING $2::int4 AS "#"'
    assert tagged("UPDATE a SET b = ? RETURNING c") == 'UPDATE a SET b = $1 RETURNING c, $2::int4 AS "#"'
    assert tagged("CREATE TABLE a (n int)") is None
    assert to_postgres_ddl("CREATE TABLE a (b TEXT, c JSONB)") == 'CREATE TABLE a (b TEXT COLLATE "C", c JSON)'


class Table:
    """Counters in a dictionary: what a database would answer, one statement after the other."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    def answer(self, sql: str, params: tuple[Any, ...], tag: int) -> list[tuple[Any, ...]]:
        if sql.startswith("SELECT"):
            return [(Row(value=self.values[params[0]]), tag)] if params[0] in self.values else []
        name = params[0]
        if sql.startswith("INSERT"):
            self.values[name] = params[1]
        else:
            self.values[name] = self.values.get(name, 0) + (1 if "+" in sql else -1)
        return [(Row(value=self.values[name]), tag)]


class Row(dict[str, int]):
    """A row by name."""


def drive(lockstep: Lockstep, table: Table) -> list[int]:
    """Send group after group; return how many statements each had."""
    sizes = []
    while (group := lockstep.group()) is not None:
        sizes.append(len(group.tasks))
        rows = [row for tag, params in enumerate(group.params) for row in table.answer(group.sql, params, tag)]
        lockstep.answer(group, [Tagged(*row) for row in rows])
    return sizes


class Tagged:
    """A row by name whose last place is its tag."""

    def __init__(self, row: Row, tag: int) -> None:
        self._row, self._tag = row, tag

    def __getitem__(self, key: Any) -> Any:
        return self._tag if key == -1 else self._row[key]


def start(*made: Any, last: tuple[int, ...] = ()) -> Lockstep:
    return Lockstep([partial(*one) for one in made], Footprints(KEYS).of, last)


def test_strangers_go_side_by_side() -> None:
    table = Table()
    lockstep = start(*[(scripts.add, f"n{i}") for i in range(50)])
    assert drive(lockstep, table) == [50, 50]
    assert [outcome.result for outcome in lockstep.outcomes or ()] == [1] * 50


def test_a_crowd_at_one_row_goes_in_single_file() -> None:
    table = Table()
    lockstep = start(*[(scripts.add, "n") for _ in range(20)])
    sizes = drive(lockstep, table)
    assert sorted(outcome.result for outcome in lockstep.outcomes or ()) == list(range(1, 21))
    assert len(sizes) <= 2 * 20


def test_scripts_that_wait_for_each_other_are_stuck_and_then_go_one_by_one() -> None:
    pairs = [("a", "b"), ("b", "a"), ("c", "d")]
    lockstep = start(*[(scripts.move, *pair) for pair in pairs])
    drive(lockstep, Table())
    assert lockstep.outcomes is None
    assert (lockstep.stuck, lockstep.lost) == ({0, 1}, frozenset())
    again, table = start(*[(scripts.move, *pair) for pair in pairs], last=(0, 1)), Table()
    drive(again, table)
    assert again.outcomes is not None
    assert table.values == {"a": 0, "b": 0, "c": -1, "d": 1}


def _fails(after: int) -> Script[None]:
    for _ in range(after):
        yield run("UPDATE counters SET value = value + 1 WHERE name = ?", "n")
    yield one("SELECT value FROM counters WHERE name = ?", "m")
    raise scripts.Refused


def test_a_failure_before_any_write_is_its_own() -> None:
    lockstep = start((_fails, 0), (scripts.add, "n"))
    drive(lockstep, Table())
    outcomes = lockstep.outcomes
    assert outcomes is not None
    assert isinstance(outcomes[0].error, scripts.Refused)
    assert outcomes[1].result == 1


def test_a_failure_after_a_write_takes_the_transaction_back_and_nobody_builds_on_it() -> None:
    lockstep = start((_fails, 1), (scripts.add, "n"), (scripts.add, "other"))
    drive(lockstep, Table())
    assert lockstep.outcomes is None
    assert lockstep.lost == {0}
    assert lockstep.stuck == {1}
