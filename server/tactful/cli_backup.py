"""`tactful backup` and `restore`: everything in one file, from any database into any."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tactful.commands import clock, same_database, the_settings, warn
from tactful.database_url import DatabaseUrl
from tactful.errors import CannotStart
from tactful.store.backup import BackupFile, Progress, dump, no_progress, open_backup, writing
from tactful.store.health import is_whole
from tactful.store.opening import alone, migrate, read_once, run_once
from tactful.store.restore import Restored, Wish, restore
from tactful.store.stops import all_projects
from tactful.web.privacy import act
from tactful.web.times import iso_time

__all__ = ["add_backup_commands"]


@contextmanager
def _progress(label: str) -> Iterator[Progress]:
    """Show how far it is on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    with typer.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def told(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield told


def back_up(
    file: Annotated[Path, typer.Argument(help="Where the backup goes; what is there is replaced once it is whole.")],
) -> None:
    """Write everything, as it is at this moment, into one file. The service may run."""
    url = same_database()
    fault = is_whole(url.path, clock) if url.path is not None else None
    if fault is not None:
        raise CannotStart("database_damaged", f"The database is damaged ({fault}): a backup of it would be too.")
    with _progress("Backing up") as progress, writing(file) as packed:
        rows = read_once(url, clock, dump, packed.write, progress)
    typer.echo(f"{file}: {rows} rows. It holds the identity secrets and everything that people said: keep it safe.")


def put_back(
    file: Annotated[Path, typer.Argument(help="A file that `tactful backup` made.")],
    replacing: Annotated[  # noqa: FBT002  # a flag of typer's
        bool, typer.Option("--replace", help="Put it in the place of what is there; what binds us stays.")
    ] = False,
    moved: Annotated[  # noqa: FBT002  # a flag of typer's
        bool, typer.Option("--moved", help="Nothing was asked since the backup was made, so nobody need be quiet.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002  # a flag of typer's
) -> None:
    """Make the database what a backup says. The service must be stopped."""
    url = the_settings().database_url
    with alone(url):
        with _progress("Reading") as progress:
            backup = open_backup(file, progress)
        _make_ready(url)
        if replacing and not yes and read_once(url, clock, all_projects):
            made = iso_time(backup.header.created_at)
            typer.confirm(f"Put the backup of {made} in the place of what is in {url}?", abort=True)
        with _progress("Restoring") as progress:
            wish = Wish(replace=replacing, moved=moved)
            done = run_once(url, clock, restore, backup, wish, act(clock, "command line"), progress)
    _tell(backup, done)


def _make_ready(url: DatabaseUrl) -> None:
    fault = is_whole(url.path, clock) if url.path is not None and url.path.exists() else None
    if fault is not None:
        raise CannotStart(
            "database_damaged",
            f"{url} is damaged ({fault}), so what was asked since cannot be read from it. Move it away with its -wal "
            "and -shm, and restore into a new one; its projects will be quiet for a while.",
        )
    migrate(url, clock)


def _tell(backup: BackupFile, done: Restored) -> None:
    typer.echo(f"Restored {done.rows} rows of {iso_time(backup.header.created_at)}.")
    if done.skipped:
        typer.echo(f"{done.skipped} rows of people who were erased since did not come back.")
    if done.stayed:
        typer.echo(f"{done.stayed} asks that something happened to since stay, so that nobody is asked too often.")
    if done.ended:
        typer.echo(f"{done.ended} receivers are deleted, or without a secret, since that had ended: `tactful audit`.")
    if done.quiet:
        warn(
            f"{done.quiet} projects are quiet: what was asked since the backup is not known. `tactful why` says until "
            "when; `tactful doctor --quiet lift` ends it."
        )


def add_backup_commands(commands: typer.Typer) -> None:
    """Add these commands to those of `tactful`."""
    commands.command("backup")(back_up)
    commands.command("restore")(put_back)
