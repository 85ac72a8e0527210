"""`tactful export`, `erase`, `opt-in`, `end-test` and `audit`: what they say, and what they change."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest

from tactful.identity import Identity
from tactful.store.people import set_opted_out, set_test
from tactful.store.sqlite import run_once
from tests.support.cli import Run
from tests.support.clock import SetClock
from tests.support.rows import contents
from tests.support.service import make_project

ANN = ("--project", "P", "--user", "ann")


@pytest.fixture
def shop(path: Path) -> Path:
    """A project P in which ann, who also has the browser b1, has opted out and is a test person."""
    clock = SetClock()
    project = make_project(path, clock)
    run_once(path, clock, set_opted_out, project.project_id, Identity("ann", "b1"), "p" * 26)
    run_once(path, clock, set_test, project.project_id, Identity("ann", None), "q" * 26)
    return path


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("known_as", [("--user", " ann "), ("--anonymous", "b1"), ("--person", "p" * 26)])
def test_export_prints_what_is_held(run: Run, known_as: tuple[str, str]) -> None:
    code, out, _ = run("export", "--project", "P", *known_as)
    assert code == 0
    told = json.loads(out)
    assert (told["person"], told["tables"]["people"][0]["user_id"]) == ("p" * 26, "ann")


@pytest.mark.usefixtures("shop")
def test_export_writes_a_file_that_others_cannot_read(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "ann.json"
    assert run("export", *ANN, "-o", str(file))[:2] == (0, "")
    assert json.loads(file.read_bytes())["project"] == "P"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_erase_asks_first(run: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, out, _ = run("erase", *ANN)
    assert (code, "people 1  aliases 2" in out) == (1, True)
    assert len(contents(shop)["people"]) == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    code, out, _ = run("erase", *ANN)
    assert (code, "Erased: 3 rows" in out) == (0, True)
    assert contents(shop)["people"] == []


def test_what_is_ended_is_said_once_and_recorded(run: Run, shop: Path) -> None:
    for command, first, second in (
        ("opt-in", "The opt-out is ended", "had not opted out"),
        ("end-test", "count from now on", "no test person"),
    ):
        assert first in run(command, *ANN)[1]
        assert second in run(command, *ANN)[1]
    assert run("erase", *ANN, "--yes")[0] == 0
    assert contents(shop)["kept_opt_outs"] == []
    lines = run("audit")[1].splitlines()
    assert [line.split()[1] for line in lines] == ["erased", "test_ended", "opt_out_ended"]
    assert all("by command line" in line and " P person " in line for line in lines)


@pytest.mark.usefixtures("shop")
def test_what_is_done_to_a_receiver_is_recorded_by_its_key(run: Run, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("receivers: [{key: help-desk, preset: bearer}]", encoding="utf-8")
    assert run("apply", str(tmp_path / "r.yaml"), "--project", "P")[0] == 0
    assert run("audit")[1].endswith("  receiver_made  P receiver help-desk  by command line\n")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--project", "P"), "one of --user, --anonymous and --person"),
        (("--project", "P", "--user", "ann", "--person", "x"), "one of --user, --anonymous and --person"),
        (("--project", "P", "--user", "bob"), "Nobody with the id 'bob'"),
        (("--project", "P", "--person", "nobody"), "no such person"),
        (("--project", "Q", "--user", "ann"), "no project named 'Q'"),
    ],
)
def test_whom_it_does_not_find(run: Run, args: tuple[str, ...], said: str) -> None:
    for command in ("export", "erase", "opt-in", "end-test"):
        code, out, err = run(command, *args)
        assert (code, out, said in err) == (1, "", True)
