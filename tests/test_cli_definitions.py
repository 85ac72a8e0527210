"""Surveys as code: `apply`, `diff` and `show`, in this process and in several at once."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tactful.core.changes import Change
from tactful.core.policy import DEFAULT_POLICY, Policy
from tactful.core.reading import Definitions
from tactful.core.surveys import Survey
from tactful.definitions import as_yaml, load
from tactful.store.projects import NewProject, apply_definitions, plan_definitions
from tactful.store.sqlite import read_once, run_once
from tactful.store.versions import NEWEST, list_versions
from tests.core.strategies import policies, surveys
from tests.support.cli import Run
from tests.support.clock import SetClock
from tests.support.rows import contents
from tests.support.service import a_survey, make_project

SURVEY = """surveys:
- key: nps
  state: live
  trigger: {event: Done}
  questions:
  - {id: score, kind: nps, ask: How?}
"""


@pytest.fixture
def run(run: Run, path: Path) -> Run:
    """Run commands on a project P."""
    make_project(path, SetClock(), policy=DEFAULT_POLICY)
    return lambda *args: run(*args, "--project", "P")


def written(tmp_path: Path, text: str, name: str = "s.yaml") -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / name)


def test_a_dry_run_says_what_would_change_and_changes_nothing(run: Run, path: Path, tmp_path: Path) -> None:
    file = written(tmp_path, SURVEY)
    before = contents(path)
    code, out, _ = run("apply", file, "--dry-run")
    assert code == 0
    assert out.splitlines()[:4] == ["created   nps (version 1)", "  @@ -0,0 +1,11 @@", "  +key: nps", "  +name: nps"]
    assert "  * Whoever meets its trigger, its audience and the rules can be asked from now on." in out
    assert out.endswith("Nothing was applied.\n")
    assert contents(path) == before


def test_a_change_is_shown_with_its_lines_its_version_and_its_state(run: Run, tmp_path: Path) -> None:
    run("apply", written(tmp_path, SURVEY))
    changed = SURVEY.replace("state: live", "state: paused").replace("ask: How?", "ask: How much?")
    code, out, _ = run("diff", written(tmp_path, changed))
    assert code == 1
    assert out.splitlines()[0] == "changed   nps (version 2, live -> paused)"
    assert "  -  ask: How?\n  +  ask: How much?\n" in out
    assert "  * Offers under way for version 1 become void" in out
    assert "paused" not in out.split("\n", 1)[1], "the state is no line of a version"


def test_diff_ends_as_its_namesake_does(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, SURVEY)
    assert run("diff", file)[0] == 1
    run("apply", file)
    assert run("diff", file)[:2] == (0, "unchanged nps (version 1)\n")
    code, out, err = run("diff", written(tmp_path, SURVEY.replace("kind: nps", "kind: csat")))
    assert (code, out, "of kind nps" in err) == (2, "", True)
    code, _, err = run("diff", written(tmp_path, "surveys: 3"))
    assert (code, "expected a list" in err) == (2, True)
    assert run("diff", str(tmp_path / "missing.yaml"))[0] == 2


def test_a_policy_is_compared_too_and_its_rules_named(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("diff", written(tmp_path, "policy: {holdout: 0.1, rules: []}"))
    assert (code, out.splitlines()[0]) == (1, "changed   policy")
    assert "  * Rule `any-7d` is removed: it holds nobody back any more." in out
    assert "  -holdout: 0.0\n  +holdout: 0.1\n" in out


@pytest.mark.parametrize("command", ["apply", "diff"])
def test_what_only_looks_takes_no_write_lock(run: Run, path: Path, tmp_path: Path, command: str) -> None:
    file = written(tmp_path, SURVEY)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        code, out, _ = run(command, file, *(["--dry-run"] if command == "apply" else []))
        assert (code, "created   nps" in out) == (int(command == "diff"), True)
        assert run("show")[0] == 0
        other.execute("ROLLBACK")


def test_what_only_looks_brings_nothing_up_to_date(run: Run, path: Path, tmp_path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
    for args in (["apply", written(tmp_path, SURVEY), "--dry-run"], ["show"]):
        code, _, err = run(*args)
        assert (code, "tactful migrate" in err) == (1, True)


@pytest.mark.parametrize(("no_colour", "coloured"), [(None, True), ("", True), ("1", False)])
def test_a_terminal_has_colours_unless_it_wants_none(path: Path, no_colour: str | None, coloured: bool) -> None:
    make_project(path, SetClock())
    file = written(path.parent, SURVEY)
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment |= {"TACTFUL_DATABASE_URL": f"sqlite:///{path}", "TACTFUL_SECRET_KEYS": "k" * 32, "TERM": "xterm"}
    environment |= {} if no_colour is None else {"NO_COLOR": no_colour}
    script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    command = [sys.executable, "-c", "from tactful.cli import main; main()", "diff", file, "--project", "P"]
    said = subprocess.run([sys.executable, "-c", script, *command], env=environment, capture_output=True, check=False)
    assert said.returncode == 1, said.stderr
    assert (b"\x1b[32m" in said.stdout) == coloured
    assert b"+key: nps" in said.stdout


def test_show_prints_what_apply_reads_as_the_same(run: Run, tmp_path: Path) -> None:
    run("apply", written(tmp_path, SURVEY + "policy: {tenure: 3d}\n"))
    code, out, _ = run("show")
    assert (code, out.startswith("policy:\n  rules:\n")) == (0, True)
    assert run("diff", written(tmp_path, out))[0] == 0
    code, out, _ = run("show", "--survey", "nps")
    assert (code, out.startswith("surveys:\n- key: nps\n"), "policy" in out) == (0, True, False)


def test_an_old_version_is_shown_in_the_state_of_today(run: Run, tmp_path: Path) -> None:
    run("apply", written(tmp_path, SURVEY))
    run("apply", written(tmp_path, SURVEY.replace("How?", "How much?").replace("live", "paused")))
    code, out, _ = run("show", "--survey", "nps", "--version", "1")
    assert (code, "ask: How?" in out, "state: paused" in out) == (0, True, True)
    assert "(version 3)" in run("apply", written(tmp_path, out))[1]
    code, out, _ = run("show", "--versions")
    lines = [line.split() for line in out.splitlines()]
    assert [lines[0], *(line[:1] + line[2:] for line in lines[1:])] == [
        ["nps"],
        ["3", "questions", "current"],
        ["2", "questions"],
        ["1", "the", "first"],
    ]
    assert all(line[1].endswith("Z") for line in lines[1:])


def test_what_cannot_be_shown_is_told(run: Run, tmp_path: Path) -> None:
    run("apply", written(tmp_path, SURVEY))
    assert "no survey 'x'" in run("show", "--survey", "x")[2]
    assert "--version needs --survey" in run("show", "--version", "1")[2]
    assert "has no version 7" in run("show", "--survey", "nps", "--version", "7")[2]
    assert run("show", "--survey", "nps", "--version", "0")[0] == 2


def test_more_than_a_file_may_hold_is_shown_with_a_warning(run: Run, tmp_path: Path) -> None:
    for part in range(3):
        keys = [f"s-{part}-{number}" for number in range(90)]
        run("apply", written(tmp_path, "surveys:\n" + "".join(_line(key) for key in keys)))
    code, out, err = run("show")
    assert (code, out.count("- key: s-"), "one by one" in err) == (0, 270, True)


def _line(key: str) -> str:
    return f"- {{key: {key}, questions: [{{id: q, kind: text, ask: Why?}}]}}\n"


@pytest.fixture
def project(path: Path) -> NewProject:
    return make_project(path, SetClock(), policy=DEFAULT_POLICY)


@given(policy=policies(), several=st.lists(surveys(), max_size=3, unique_by=lambda survey: survey.key))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_applied_is_shown_as_a_file_that_changes_nothing(
    path: Path, project: NewProject, policy: Policy, several: list[Survey]
) -> None:
    clock, key = SetClock(), project.project_id
    with sqlite3.connect(path) as fresh:
        fresh.execute("DELETE FROM survey_versions")
        fresh.execute("DELETE FROM surveys")
    planned = read_once(path, clock, plan_definitions, key, policy, several)
    assert run_once(path, clock, apply_definitions, key, policy, several) == planned
    read = load(as_yaml(Definitions(policy, tuple(several))).encode(), "shown.yaml").definitions
    again = run_once(path, clock, apply_definitions, key, read.policy, read.surveys)
    assert {change.how for change in again} <= {"unchanged"}


def test_words_are_applied_compared_and_shown(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, "words:\n  sv: {send: Skicka}\n  de: {send: Los}\n")
    code, out, err = run("diff", file)
    assert (code, out.splitlines()[0]) == (1, "changed   words")
    assert "  +  send: Los" in out
    assert "  * Whoever is asked in `de` is told other words from their next card on." in out
    assert "words.sv" in err, "what is left out of a new language is told"
    assert run("apply", file)[1] == "changed   words\n"
    assert run("apply", file)[1] == "unchanged words\n"
    shown = run("show")[1]
    assert "words:\n  de:\n    send: Los\n  sv:\n    send: Skicka\n" in shown
    assert run("diff", written(tmp_path, shown, "shown.yaml"))[0] == 0
    assert run("apply", written(tmp_path, SURVEY, "other.yaml"))[1] == "created   nps (version 1)\n"
    assert "Los" in run("show")[1], "a file that says no words changes none"
    both = run("apply", file, written(tmp_path, "words: {}", "none.yaml"))
    assert (both[0], "words" in both[2]) == (1, True)
    assert run("apply", written(tmp_path, "words: {}", "none.yaml"))[1] == "changed   words\n"
    assert "words" not in run("show")[1]


def test_files_applied_at_once_make_one_version(path: Path, project: NewProject) -> None:
    definitions = load(SURVEY.encode(), "s.yaml").definitions
    found: list[tuple[Change, ...]] = []
    barrier = threading.Barrier(6)

    def apply() -> None:
        barrier.wait()
        found.append(
            run_once(path, SetClock(), apply_definitions, project.project_id, DEFAULT_POLICY, definitions.surveys)
        )

    threads = [threading.Thread(target=apply) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (
        sorted(change.how for changes in found for change in changes if change.survey)
        == ["created"] + ["unchanged"] * 5
    )
    assert [
        one.version for one in read_once(path, SetClock(), list_versions, project.project_id, "nps", NEWEST, 9)
    ] == [1]


def test_commands_at_once_make_one_version(path: Path, project: NewProject) -> None:
    file = written(path.parent, SURVEY)
    environment = os.environ | {"TACTFUL_DATABASE_URL": f"sqlite:///{path}", "TACTFUL_SECRET_KEYS": "k" * 32}
    command = [sys.executable, "-c", "from tactful.cli import main; main()", "apply", file, "--project", "P"]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = sorted(one.communicate()[0] for one in running)
    assert said == ["created   nps (version 1)\n", *["unchanged nps (version 1)\n"] * 2]
    assert [
        one.version for one in read_once(path, SetClock(), list_versions, project.project_id, "nps", NEWEST, 9)
    ] == [1]


def test_applying_the_same_leaves_the_configuration_as_it_is(path: Path) -> None:
    project = make_project(path, SetClock(), surveys=(a_survey(),))
    before = contents(path)
    survey = load(json.dumps({"surveys": [a_survey()]}).encode(), "s.json").definitions.surveys
    run_once(path, SetClock(), apply_definitions, project.project_id, None, survey)
    assert contents(path) == before
