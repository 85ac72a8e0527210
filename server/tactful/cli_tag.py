"""`tactful project tag`: the script tag that a project's pages need, for whoever builds pages by a program."""

from __future__ import annotations

from typing import Annotated

import typer

from tactful.commands import ProjectName, clock, project_id_of, ready_database, the_settings
from tactful.store.opening import run_once
from tactful.store.projects import load_config

__all__ = ["add_tag_command"]

Pinned = Annotated[bool, typer.Option("--pinned", help="Pin the loader by its hash; print again after an upgrade.")]


def print_tag(project: ProjectName, *, pinned: Pinned = False) -> None:
    """Print the script tag of a project."""
    from tactful.web import tags  # noqa: PLC0415  # the other commands start faster without it
    from tactful.web.files import load_widget  # noqa: PLC0415  # likewise

    url = ready_database()
    config = run_once(url, clock, load_config, project_id_of(url, project))
    assert config is not None, "a project that was found is gone"
    base_url = the_settings().base_url
    if pinned:
        typer.echo(tags.pinned_tag(base_url, config.public_key, load_widget().pinned))
    else:
        typer.echo(tags.tag(base_url, config.public_key))


def add_tag_command(commands: typer.Typer) -> None:
    """Add this command to those of `tactful project`."""
    commands.command("tag")(print_tag)
