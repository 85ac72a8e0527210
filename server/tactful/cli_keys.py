"""`tactful project rotate-key` and `revoke-keys`: new keys without a moment in which none is good.

First a new key is made, and all are good; when everybody uses the new one, the others are revoked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tactful.clock import new_id, new_secret
from tactful.commands import clock, ready_database
from tactful.database_url import DatabaseUrl
from tactful.errors import NotFound
from tactful.store.installation import KeyKind, add_key, revoke_old_keys
from tactful.store.opening import run_once
from tactful.store.projects import find_project

__all__ = ["add_key_commands"]

_PREFIXES: dict[KeyKind, str] = {"write": "wk", "api": "api", "identity": "ids"}


class Kind(StrEnum):
    """What a key opens: sending events, the management API, or signing who a page's user is."""

    write = "write"
    api = "api"
    identity = "identity"


KindOfKey = Annotated[Kind, typer.Argument(help="write: events of backends; api: management; identity: signatures.")]
ProjectName = Annotated[str, typer.Option("--project", help="The project's name.")]


def _project(name: str) -> tuple[DatabaseUrl, str]:
    url = ready_database()
    project_id = run_once(url, clock, find_project, name)
    if project_id is None:
        raise NotFound("no_such_project", f"There is no project named {name!r}.")
    return url, project_id


def rotate_key(kind: KindOfKey, project: ProjectName) -> None:
    """Make and print a new key; the old ones stay good until they are revoked."""
    url, project_id = _project(project)
    key = new_secret(_PREFIXES[kind.value])
    run_once(url, clock, add_key, project_id, kind.value, key, new_id(clock))
    typer.echo(key)
    typer.echo(f"The old ones stay good. When nobody uses them: tactful project revoke-keys {kind.value}", err=True)


def revoke_keys(kind: KindOfKey, project: ProjectName) -> None:
    """Revoke every key of a kind but the newest, at once."""
    url, project_id = _project(project)
    revoked = run_once(url, clock, revoke_old_keys, project_id, kind.value)
    typer.echo(f"{revoked} revoked; the newest stays.")


def add_key_commands(commands: typer.Typer) -> None:
    """Add these commands to those of `tactful project`."""
    commands.command("rotate-key")(rotate_key)
    commands.command("revoke-keys")(revoke_keys)
