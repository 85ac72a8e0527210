"""What every command starts with: the clock, the settings of the environment, and a database that is up to date."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from tactful.clock import SystemClock
from tactful.database_url import DatabaseUrl
from tactful.errors import CannotStart, Invalid, NotFound, TactfulError
from tactful.settings import Settings, read_settings
from tactful.store.opening import migrate, pending, read_once
from tactful.store.projects import find_project

__all__ = [
    "ProjectName",
    "clock",
    "complain",
    "project_id_of",
    "ready_database",
    "same_database",
    "the_settings",
    "warn",
]

clock = SystemClock()

ProjectName = Annotated[str, typer.Option("--project", help="The project's name.")]


def warn(text: str) -> None:
    """Say something that should be seen, besides what the command prints."""
    typer.secho(text, fg=typer.colors.YELLOW, err=True)


def the_settings() -> Settings:
    """The settings of this environment. Raises `CannotStart`."""
    return read_settings(os.environ, warn)


def ready_database() -> DatabaseUrl:
    """The database, brought up to date. Raises `CannotStart` and `Busy`."""
    url = the_settings().database_url
    migrate(url, clock)
    return url


def same_database() -> DatabaseUrl:
    """The database as it is, for commands that only look. Raises `CannotStart` where it is not up to date."""
    url = the_settings().database_url
    missing = pending(url, clock)
    if missing:
        raise CannotStart(
            "database_older",
            f"The database lacks {len(missing)} migrations, and this command changes nothing; run `tactful migrate`.",
        )
    return url


def project_id_of(url: DatabaseUrl, name: str) -> str:
    """The id of the project with this name. Raises `NotFound`."""
    found = read_once(url, clock, find_project, name)
    if found is None:
        raise NotFound("no_such_project", f"There is no project named {name!r}; `tactful project create` makes one.")
    return found


def complain(error: TactfulError | OSError) -> None:
    """Say on stderr what went wrong; a definition's faults with their places."""
    if isinstance(error, OSError):
        typer.secho(f"{error.filename or ''}: {error.strerror}", fg=typer.colors.RED, err=True)
        return
    typer.secho(error.message, fg=typer.colors.RED, err=True)
    if isinstance(error, Invalid):
        for fault in error.data["faults"]:
            place = f"{fault['file']}:{fault['line']}:{fault['column']} " if "file" in fault else ""
            typer.secho(f"  {place}{fault['path']}: {fault['message']}", err=True)
