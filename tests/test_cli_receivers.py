"""Receivers as code: `apply`, `diff` and `show`, with secrets from the environment alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tactful.definitions import load
from tests.support.cli import Run
from tests.support.clock import SetClock
from tests.support.rows import execute
from tests.support.service import make_project

FILE = """receivers:
- {key: chat, preset: chatwoot}
- {key: desk, preset: bearer, name: Help desk}
"""
SECRET = "what Chatwoot shows"


@pytest.fixture
def run(run: Run, path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands on a project P of a service that has a public address."""
    make_project(path, SetClock())
    monkeypatch.setenv("TACTFUL_BASE_URL", "https://surveys.example.com")
    return lambda *args: run(*args, "--project", "P")


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "r.yaml").write_text(FILE, encoding="utf-8")
    return str(tmp_path / "r.yaml")


def secrets(path: Path) -> list[tuple[str | None, str | None]]:
    return execute(path, "SELECT secret, previous_secret FROM receivers ORDER BY receiver_key")


def test_applying_makes_receivers_and_tells_their_addresses(run: Run, file: str, path: Path) -> None:
    code, out, _ = run("apply", file)
    assert code == 0
    assert re.findall(r"^created   (\w+)$", out, re.MULTILINE) == ["chat", "desk"]
    assert (
        len(re.findall(r"takes webhooks at https://surveys\.example\.com/v1/receivers/rcv_\w{48}$", out, re.MULTILINE))
        == 2
    )
    assert "chat has no secret yet; apply again with --secret chat=VARIABLE" in out
    [(chat, _), (desk, _)] = secrets(path)
    assert chat is None
    assert f"desk has the secret {desk}, which is told this once" in out
    assert run("apply", file)[1] == "unchanged chat\nunchanged desk\n"
    assert secrets(path) == [(None, None), (desk, None)]
    recorded = execute(path, "SELECT who, what, about FROM audit ORDER BY about")
    assert recorded == [("command line", "receiver_made", key) for key in ("chat", "desk")]


def test_secrets_come_from_the_environment(run: Run, file: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT", SECRET)
    _, out, _ = run("apply", file, "--secret", "chat=CHAT")
    assert "no secret" not in out
    assert SECRET not in out
    assert secrets(path)[0] == (SECRET, None)
    assert run("apply", file, "--secret", "chat=CHAT")[1] == "unchanged chat\nunchanged desk\n"
    monkeypatch.setenv("CHAT", "a newer secret")
    assert run("apply", file, "--secret", "chat=CHAT")[1] == "changed   chat\nunchanged desk\n"
    assert secrets(path)[0] == ("a newer secret", SECRET)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("chat", "write KEY=VARIABLE"),
        ("chat=NOT_SET", "write KEY=VARIABLE"),
        ("other=CHAT", "nothing of a receiver 'other'"),
        ("desk=SHORT", "does not fit"),
    ],
)
def test_a_secret_that_cannot_be_is_told_and_nothing_applied(
    run: Run, file: str, path: Path, monkeypatch: pytest.MonkeyPatch, named: str, told: str
) -> None:
    monkeypatch.setenv("CHAT", SECRET)
    monkeypatch.setenv("SHORT", "short")
    code, _, complaint = run("apply", file, "--secret", named)
    assert code != 0
    assert told in complaint
    assert secrets(path) == []


def test_what_would_change_is_told_and_what_is_shown_reads_as_the_same(
    run: Run, file: str, path: Path, tmp_path: Path
) -> None:
    code, out, _ = run("diff", file)
    assert (code, secrets(path)) == (1, [])
    assert "created   chat" in out
    assert "It gets an address of its own" in out
    assert "Nothing was applied" in run("apply", file, "--dry-run")[1]
    run("apply", file)
    shown = run("show")[1]
    assert load(shown.encode(), "r.yaml").definitions.receivers == load(FILE.encode(), "r.yaml").definitions.receivers
    [_, (desk, _)] = secrets(path)
    assert desk is not None
    assert desk not in shown
    (tmp_path / "r.yaml").write_text(FILE.replace("Help desk", "Desk"), encoding="utf-8")
    code, out, _ = run("diff", file)
    assert code == 1
    assert re.search(r"-\s*name: Help desk\s+\+\s*name: Desk", out)
    assert "address and secrets stay" in out


def test_files_that_say_the_same_are_refused(run: Run, file: str, tmp_path: Path) -> None:
    (tmp_path / "twice.yaml").write_text(FILE, encoding="utf-8")
    code, _, complaint = run("apply", file, str(tmp_path / "twice.yaml"))
    assert code != 0
    assert "receiver 'chat'" in complaint
    (tmp_path / "r.yaml").write_text(
        "receivers:\n- {key: a, preset: bearer}\n- {key: a, preset: basic}\n", encoding="utf-8"
    )
    assert "the key of an earlier receiver" in run("apply", file)[2]
