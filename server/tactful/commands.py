"""What every command starts with: the clock, the settings of the environment, and a database that is up to date."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from tactful.clock import SystemClock
from tactful.settings import Settings, read_settings
from tactful.store.migrate import migrate

__all__ = ["clock", "ready_database", "the_settings", "warn"]

clock = SystemClock()


def warn(text: str) -> None:
    """Say something that should be seen, besides what the command prints."""
    typer.secho(text, fg=typer.colors.YELLOW, err=True)


def the_settings() -> Settings:
    """The settings of this environment. Raises `CannotStart`."""
    return read_settings(os.environ, warn)


def ready_database() -> Path:
    """The database, brought up to date. Raises `CannotStart` and `Busy`."""
    path = the_settings().database_url
    migrate(path, clock)
    return path
