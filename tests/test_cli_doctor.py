"""`tactful doctor`: what it finds, and what it ends."""

from __future__ import annotations

import io
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tactful.clock import SystemClock
from tactful.core.clockwatch import Jump
from tactful.core.spans import DAY_MS
from tactful.identity import Identity
from tactful.store.lock import ServerLock
from tactful.store.people import set_opted_out
from tactful.store.sqlite import run_once
from tactful.store.stops import mark_clock, raise_alarm
from tests.support.cli import Run
from tests.support.rows import execute
from tests.support.service import make_project

CLOCK = SystemClock()


@pytest.fixture
def shop(path: Path) -> Path:
    project = make_project(path, CLOCK)
    run_once(path, CLOCK, set_opted_out, project.project_id, Identity("ann", None), "p" * 26)
    return path


def test_all_is_well(run: Run, shop: Path) -> None:
    code, out, _ = run("doctor")
    assert code == 0
    assert str(shop) in out
    assert [line.split()[0] for line in out.splitlines()] == ["ok"] * 8
    for part in ("every page is whole", " free", "all applied", "1 in 1 projects", "opted out   1, and 0"):
        assert part in out


def test_a_database_that_is_not_there(run: Run) -> None:
    code, _, err = run("doctor")
    assert (code, "no database" in err) == (1, True)


def test_a_damaged_file_is_found(run: Run, shop: Path) -> None:
    data = bytearray(shop.read_bytes())
    data[4096 * 4 : 4096 * 4 + 2000] = b"\xff" * 2000
    shop.write_bytes(data)
    code, out, _ = run("doctor")
    assert code == 1
    assert re.search(r"^!! +integrity", out, re.MULTILINE)
    shop.write_bytes(b"no database at all" * 100)
    assert "not a database" in run("doctor")[1]


def test_missing_migrations_are_named(run: Run, shop: Path) -> None:
    execute(shop, "DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
    code, out, _ = run("doctor")
    assert (code, "missing: 00" in out) == (1, True)


def test_an_alarm_is_told_accepted_and_gone(run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_once(shop, CLOCK, raise_alarm, Jump("ahead", DAY_MS + 7))
    code, out, _ = run("doctor")
    assert (code, "it jumped ahead by 1d" in out) == (1, True)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run("doctor", "--clock", "accept")[0] == 1
    assert run("doctor")[0] == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert "Asking goes on" in run("doctor", "--clock", "accept")[1]
    assert run("doctor")[0] == 0
    assert "no alarm" in run("doctor", "--clock", "accept", "--yes")[1]
    assert "clock_accepted" in run("audit")[1]


def test_a_clock_that_is_behind_is_told_before_anything_starts(run: Run, shop: Path) -> None:
    run_once(shop, CLOCK, mark_clock)
    execute(shop, "UPDATE clock_watch SET mark = mark + 600000")
    code, out, _ = run("doctor")
    assert (code, "the next start will ask nobody" in out) == (1, True)
    assert run("doctor", "--clock", "accept", "--yes")[0] == 0
    assert run("doctor")[0] == 0


def test_a_reset_pulls_back_what_lies_ahead(run: Run, shop: Path) -> None:
    execute(shop, "UPDATE people SET last_at = last_at + 1000000000")
    run_once(shop, CLOCK, raise_alarm, Jump("behind", DAY_MS))
    assert "1 people had times ahead" in run("doctor", "--clock", "reset", "--yes")[1]
    [(last_at,)] = execute(shop, "SELECT last_at FROM people")
    assert last_at <= CLOCK.now_ms()
    assert "clock_reset" in run("audit")[1]


def test_quiet_projects_are_told_and_lifted(run: Run, shop: Path) -> None:
    make_project(shop, CLOCK, name="Q")
    assert "No project is quiet" in run("doctor", "--quiet", "lift")[1]
    execute(shop, "UPDATE projects SET quiet_since = 1795000000000")
    code, out, _ = run("doctor")
    assert (code, out.count("!!  quiet ")) == (1, 2)
    assert run("doctor", "--quiet", "lift", "--project", "Q")[1] == "Q asks again.\n"
    assert "Q is not quiet" in run("doctor", "--quiet", "lift", "--project", "Q")[1]
    assert run("doctor", "--quiet", "lift")[1] == "P asks again.\n"
    assert run("doctor")[0] == 0


def test_compacting_leaves_nothing_deleted_in_the_file(run: Run, shop: Path) -> None:
    mark = b"canary in a deleted row" * 50
    with closing(sqlite3.connect(shop)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")  # as most builds of SQLite have it
        connection.execute("UPDATE people SET traits = json_object('mark', ?)", (mark.decode(),))
        connection.commit()
        connection.execute("DELETE FROM people")
        connection.commit()
    assert mark in b"".join(file.read_bytes() for file in shop.parent.iterdir())
    with ServerLock(shop):
        code, _, err = run("doctor", "--compact")
    assert (code, "already serves" in err) == (1, True)
    assert "left in the file" in run("doctor", "--compact")[1]
    assert mark not in b"".join(file.read_bytes() for file in shop.parent.iterdir())
