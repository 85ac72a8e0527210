"""The command line in this process: what it says, and what it changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tactful.web.files import load_widget
from tests.support.cli import Run

SURVEY = "surveys: [{key: %s, state: live, trigger: {event: Done}, questions: [{id: score, kind: nps, ask: How?}]}]"
NO_TENURE = "policy: {tenure: 0s, rules: [{id: one, scope: person, surveys: all, count: asked, cap: 1, window: 1h}]}"


@pytest.fixture
def shop(run: Run) -> dict[str, str]:
    """A project named Shop, and its keys."""
    code, out, _ = run("project", "create", "Shop", "--origin", "https://app.example.com", "--json")
    assert code == 0
    keys: dict[str, str] = json.loads(out)
    return keys


def written(tmp_path: Path, name: str, text: str) -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / name)


def test_migrate_says_what_it_did_once(run: Run) -> None:
    assert "applied 0001_start" in run("migrate")[1]
    assert "up to date" in run("migrate")[1]


def test_a_new_project_prints_its_keys_its_tag_and_what_is_missing(run: Run) -> None:
    code, out, err = run("project", "create", "Plain")
    assert code == 0
    assert all(f"{key} " in out for key in ("public_key", "write_key", "api_token", "identity_secret"))
    assert '<script async src="http://localhost:8000/w/pk_' in out
    assert "No --origin" in err


def test_the_tag_is_printed_as_it_stands_in_a_page(run: Run, shop: dict[str, str]) -> None:
    pinned = load_widget().pinned
    _, out, _ = run("project", "tag", "--project", "Shop")
    assert out == f'<script async src="http://localhost:8000/w/{shop["public_key"]}.js"></script>\n'
    _, out, _ = run("project", "tag", "--project", "Shop", "--pinned")
    assert f'src="http://localhost:8000/w/{pinned.name}"' in out
    assert f'integrity="{pinned.integrity}"' in out
    assert f'crossorigin data-key="{shop["public_key"]}"' in out


def test_a_name_that_is_taken_is_refused(run: Run, shop: dict[str, str]) -> None:
    code, _, err = run("project", "create", "Shop")
    assert (code, "choose another name" in err) == (1, True)


@pytest.mark.usefixtures("shop")
def test_apply_says_what_changed_and_nothing_the_second_time(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, "s.yaml", f"{SURVEY % 'nps'}\n{NO_TENURE}")
    first = run("apply", file, "--project", "Shop")[1]
    assert (first.split()[:2], "created   nps (version 1)" in first) == (["changed", "policy"], True)
    assert "unchanged nps (version 1)" in run("apply", file, "--project", "Shop")[1]


@pytest.mark.usefixtures("shop")
def test_several_files_are_applied_together_or_not_at_all(run: Run, tmp_path: Path) -> None:
    one, two = written(tmp_path, "1.yaml", SURVEY % "a"), written(tmp_path, "2.yaml", SURVEY % "b")
    assert run("apply", one, two, "--project", "Shop")[0] == 0
    changed = written(tmp_path, "3.yaml", (SURVEY % "c"))
    other_kind = written(tmp_path, "4.yaml", (SURVEY % "b").replace("nps", "csat"))
    code, out, err = run("apply", changed, other_kind, "--project", "Shop")
    assert (code, out, "kind nps" in err) == (1, "", True)
    assert "created   c" in run("apply", changed, "--project", "Shop")[1], "it had not been applied before"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("text", "what"), [(SURVEY % "a", "survey 'a'"), (NO_TENURE, "the policy")])
def test_two_files_that_say_the_same_are_refused(run: Run, tmp_path: Path, text: str, what: str) -> None:
    files = [written(tmp_path, name, text) for name in ("1.yaml", "2.yaml")]
    code, _, err = run("apply", *files, "--project", "Shop")
    assert (code, what in err) == (1, True)


@pytest.mark.usefixtures("shop")
def test_faults_are_told_with_file_line_and_column_and_warnings_pass(run: Run, tmp_path: Path) -> None:
    faulty = written(tmp_path, "f.yaml", (SURVEY % "a").replace("kind: nps", "kind: npss"))
    code, _, err = run("apply", faulty, "--project", "Shop")
    assert (code, "f.yaml:1:" in err, "did you mean `nps`" in err) == (1, True, True)
    doubtful = written(tmp_path, "w.yaml", (SURVEY % "a").replace("key: a", "key: a, prority: 1"))
    code, _, err = run("apply", doubtful, "--project", "Shop")
    assert (code, "warning: " in err, "priority" in err) == (0, True, True)


def test_what_does_not_exist_is_told_in_a_sentence(run: Run, tmp_path: Path) -> None:
    assert "no project named 'Nope'" in run("results", "--project", "Nope")[2]
    assert run("project", "create", "Shop")[0] == 0
    assert "No such file" in run("apply", str(tmp_path / "missing.yaml"), "--project", "Shop")[2]
    assert "Nobody with the user id 'ann'" in run("why", "--project", "Shop", "--user", "ann")[2]
    assert "Nobody with the anonymous id 'b1'" in run("why", "--project", "Shop", "--anonymous", "b1")[2]
    for both in ([], ["--user", "ann", "--anonymous", "b1"]):
        assert "--user or --anonymous, one of them" in run("why", "--project", "Shop", *both)[2]


@pytest.mark.usefixtures("shop")
def test_results_prints_the_address_for_members(run: Run) -> None:
    assert run("results", "--project", "Shop")[1].startswith("http://localhost:8000/projects/")


def test_bad_settings_are_told_all_at_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACTFUL_DATABASE_URL", "mysql://x")
    monkeypatch.setenv("TACTFUL_SECRET_KEYS", "short")
    code, _, err = run("migrate")
    assert (code, "DATABASE_URL" in err, "SECRET_KEYS" in err, "short" in err) == (1, True, True, False)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_review_for_the_content_alone_is_warned_about(run: Run, tmp_path: Path, options: list[str]) -> None:
    title, link = "title: T", "url: 'https://www.g2.com/x'"
    thanks = f", thanks: {{by: {{promoter: {{{title}, action: {{label: R, {link}}}}}, else: {{{title}}}}}}}}}]"
    gated = written(tmp_path, "g.yaml", (SURVEY % "a").removesuffix("}]") + thanks)
    code, _, err = run("apply", gated, "--project", "Shop", *options)
    assert (code, "warning: " in err, "leads `promoter` to G2 and `detractor` not" in err) == (0, True, True)
