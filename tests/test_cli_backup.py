"""`tactful backup` and `restore`: what they say, refuse and make."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tactful.clock import SystemClock
from tactful.identity import Identity
from tactful.store.lock import ServerLock
from tactful.store.people import set_opted_out
from tactful.store.sqlite import run_once
from tests.support.cli import Run
from tests.support.rows import contents, counts
from tests.support.service import make_project

CLOCK = SystemClock()


@pytest.fixture
def shop(path: Path) -> Path:
    project = make_project(path, CLOCK)
    run_once(path, CLOCK, set_opted_out, project.project_id, Identity("ann", None), "p" * 26)
    return path


def elsewhere(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("TACTFUL_DATABASE_URL", f"sqlite:///{path}")


def test_an_installation_moves(run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, new = tmp_path / "all.backup", tmp_path / "new.db"
    with ServerLock(shop):  # beside the service
        code, out, _ = run("backup", str(file))
    assert (code, "rows. It holds the identity secrets" in out) == (0, True)
    elsewhere(monkeypatch, new)
    code, out, err = run("restore", str(file), "--moved")
    assert (code, "Restored " in out, err) == (0, True, "")
    assert contents(new)["people"] == contents(shop)["people"]
    assert "restored" in run("audit")[1]
    assert run("doctor")[0] == 0


def test_a_restore_into_nothing_is_quiet(run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "all.backup"
    run("backup", str(file))
    elsewhere(monkeypatch, tmp_path / "new.db")
    assert "1 projects are quiet" in run("restore", str(file))[2]
    code, out, _ = run("doctor")
    assert (code, "quiet" in out) == (1, True)


def test_what_is_there_is_replaced_only_when_that_is_said(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "all.backup"
    run("backup", str(file))
    run("project", "create", "Later")
    before = contents(shop)
    code, _, err = run("restore", str(file))
    assert (code, "--replace" in err) == (1, True)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run("restore", str(file), "--replace")[0] == 1
    with ServerLock(shop):
        code, _, err = run("restore", str(file), "--replace", "--yes")
    assert (code, "already serves" in err) == (1, True)
    assert contents(shop) == before
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    code, _, err = run("restore", str(file), "--replace")
    assert (code, err) == (0, "")
    assert counts(shop)["projects"] == 1


def test_what_is_erased_and_what_is_asked_meanwhile_is_told(run: Run, shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    run("backup", str(file))
    assert run("erase", "--project", "P", "--user", "ann", "--yes")[0] == 0
    out = run("restore", str(file), "--replace", "--yes")[1]
    assert "2 rows of people who were erased since did not come back" in out
    assert contents(shop)["people"] == []


@pytest.mark.usefixtures("shop")
def test_receivers_that_ended_since_are_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r.yaml").write_text("receivers: [{key: desk, preset: bearer}]", encoding="utf-8")
    apply = ("apply", str(tmp_path / "r.yaml"), "--project", "P")
    run(*apply)
    run("backup", str(tmp_path / "all.backup"))
    for secret in ("another secret", "the third secret"):
        monkeypatch.setenv("DESK", secret)
        assert run(*apply, "--secret", "desk=DESK")[0] == 0
    out = run("restore", str(tmp_path / "all.backup"), "--replace", "--yes")[1]
    assert "1 receivers are deleted, or without a secret, since that had ended" in out
    assert "receiver_secret_ended P receiver desk" in run("audit")[1]


def test_nothing_is_touched_by_a_file_that_is_not_whole(run: Run, shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    run("backup", str(file))
    file.write_bytes(file.read_bytes()[:-9])
    before = contents(shop)
    code, _, err = run("restore", str(file), "--replace", "--yes")
    assert (code, "no whole backup" in err) == (1, True)
    assert contents(shop) == before
    assert "No such file" in run("restore", str(tmp_path / "none"))[2]


def test_a_damaged_database_is_neither_backed_up_nor_replaced(run: Run, shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    run("backup", str(file))
    data = bytearray(shop.read_bytes())
    data[4096 * 4 : 4096 * 4 + 2000] = b"\xff" * 2000
    shop.write_bytes(data)
    for args in (("backup", str(tmp_path / "other")), ("restore", str(file), "--replace", "--yes")):
        code, _, err = run(*args)
        assert (code, "damaged" in err) == (1, True)
    assert not (tmp_path / "other").exists()


def test_progress_is_shown_on_a_terminal(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    code, _, err = run("backup", str(tmp_path / "all.backup"))
    assert (code, "Backing up" in err) == (0, True)
