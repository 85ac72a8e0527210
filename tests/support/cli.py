"""The command line in this process, for the fixture `run` of all tests."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tactful.cli import main

__all__ = ["Run", "runner"]

#: Run `tactful` with arguments: the exit code, what it printed and what it complained of.
Run = Callable[..., tuple[int, str, str]]


def runner(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run commands on the database at `path`."""
    monkeypatch.setenv("TACTFUL_DATABASE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("TACTFUL_SECRET_KEYS", "k" * 32)

    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tactful", *args])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run
