"""`tactful doctor`: how the installation is, and the few things that only somebody who looks can decide."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tactful.commands import clock, project_id_of, ready_database, the_settings
from tactful.core.clockwatch import at_start
from tactful.core.spans import format_span
from tactful.database_url import DatabaseUrl
from tactful.errors import BadRequest, CannotStart
from tactful.store.health import Health, compact, is_whole, read_health
from tactful.store.lock import ServerLock
from tactful.store.opening import pending, read_once, run_once
from tactful.store.stops import accept_clock, all_projects, lift_quiet, pull_back, quiet_projects
from tactful.web.privacy import act
from tactful.web.times import iso_time

__all__ = ["add_doctor_command"]

_WHO = "command line"
#: Less free space than this is told as a fault.
_LEAST_FREE = 1024**3


class ClockChoice(StrEnum):
    """What to do about an alarm of the clock."""

    accept = "accept"
    reset = "reset"


class QuietChoice(StrEnum):
    """What to do about quiet projects."""

    lift = "lift"


Line = tuple[bool, str, str]


def doctor(
    the_clock: Annotated[
        ClockChoice | None,
        typer.Option("--clock", help="accept: the time is right; reset: and what was written ahead of it was not."),
    ] = None,
    quiet: Annotated[QuietChoice | None, typer.Option(help="lift: let quiet projects ask again.")] = None,
    project: Annotated[str | None, typer.Option(help="Only this project, for --quiet.")] = None,
    compacting: Annotated[  # noqa: FBT002  # a flag of typer's
        bool, typer.Option("--compact", help="Write the file anew; the service must be stopped.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002  # a flag of typer's
) -> None:
    """Say how the installation is. The exit code is 1 where something needs you."""
    if the_clock is not None:
        _accept(the_clock, yes=yes)
    elif quiet is not None:
        _lift(project)
    elif compacting:
        _compact()
    else:
        _report()


def _accept(choice: ClockChoice, *, yes: bool) -> None:
    url, reset = ready_database(), choice is ClockChoice.reset
    typer.echo(f"The clock says {iso_time(read_once(url, clock, read_health).clock['now'])}.")
    if not yes:
        typer.confirm("Is that the time?", abort=True)
    if reset:
        pulled = sum(_pull_back(url, project_id) for project_id in read_once(url, clock, all_projects))
        typer.echo(f"{pulled} people had times ahead of the clock; these are now the present.")
    ended = run_once(url, clock, accept_clock, act(clock, _WHO), reset=reset)
    typer.echo("Asking goes on." if ended else "There was no alarm.")


def _pull_back(url: DatabaseUrl, project_id: str) -> int:
    pulled = 0
    while chunk := run_once(url, clock, pull_back, project_id):
        pulled += chunk
    return pulled


def _lift(project: str | None) -> None:
    url = ready_database()
    wanted = None if project is None else project_id_of(url, project)
    quiet = [row for row in read_once(url, clock, quiet_projects) if wanted in (None, row["project_id"])]
    for row in quiet:
        run_once(url, clock, lift_quiet, act(clock, _WHO), row["project_id"])
        typer.echo(f"{row['name']} asks again.")
    if not quiet:
        typer.echo("No project is quiet." if project is None else f"{project} is not quiet.")


def _compact() -> None:
    path = ready_database().path
    if path is None:
        raise BadRequest(
            "not_a_file", "--compact is for SQLite; on PostgreSQL run VACUUM (FULL) with every node stopped."
        )
    with ServerLock(path):
        before = path.stat().st_size
        compact(path, clock)
    typer.echo(f"{_size(before)} before, {_size(path.stat().st_size)} now. Nothing deleted is left in the file.")


def _report() -> None:
    url = the_settings().database_url
    if url.path is not None and not url.path.exists():
        raise CannotStart("no_database", f"There is no database at {url.path} yet; `tactful serve` makes it.")
    lines = list(_lines(url))
    for good, what, told in lines:
        typer.secho(f"{'ok' if good else '!!':<3} {what:<11} {told}", fg=None if good else typer.colors.RED)
    if not all(good for good, _, _ in lines):
        raise typer.Exit(1)


def _lines(url: DatabaseUrl) -> Iterator[Line]:
    whole = True
    for line in _file(url.path) if url.path is not None else [(True, "database", str(url))]:
        whole = whole and (line[0] or line[1] != "integrity")
        yield line
    if not whole:
        return
    missing = pending(url, clock)
    yield not missing, "migrations", f"missing: {', '.join(missing)}" if missing else "all applied"
    if not missing:
        yield from _told(read_once(url, clock, read_health))


def _file(path: Path) -> Iterator[Line]:
    """What only a file is asked; a server of PostgreSQL has its own people and tools for that."""
    yield True, "database", f"{path}, {_size(path.stat().st_size)}"
    fault = _fault(path)
    yield fault is None, "integrity", fault or "every page is whole"
    free = shutil.disk_usage(path.absolute().parent).free
    yield free >= _LEAST_FREE, "disk", f"{_size(free)} free"


def _fault(path: Path) -> str | None:
    try:
        return is_whole(path, clock)
    except (CannotStart, sqlite3.DatabaseError) as broken:
        return str(broken)


def _told(health: Health) -> Iterator[Line]:
    yield _clock(health)
    for row in health.quiet:
        yield (
            False,
            "quiet",
            f"{row['name']}, since {iso_time(row['quiet_since'])}; `tactful doctor --quiet lift` ends it",
        )
    counts = health.counts
    yield True, "people", f"{counts['people']} in {counts['projects']} projects, {counts['test']} of them test people"
    yield True, "opted out", f"{counts['opted_out']}, and {counts['kept_opt_outs']} ids of erased people"
    yield True, "erased", f"{counts['erased']} histories"


def _clock(health: Health) -> Line:
    row = health.clock
    told = iso_time(row["now"])
    if row["alarm"] is not None:
        away = format_span(row["alarm_by"] - row["alarm_by"] % 1_000)
        told += (
            f"; it jumped {row['alarm']} by {away} at {iso_time(row['alarm_at'])}, so nobody is asked: --clock accept"
        )
        return False, "clock", told
    jump = at_start(row["now"], row["mark"])
    if jump is not None:
        told += f"; a server saw {iso_time(row['mark'])}, so the next start will ask nobody: --clock accept"
    return jump is None, "clock", told


def _size(size: int) -> str:
    for unit, length in (("GB", 1024**3), ("MB", 1024**2)):
        if size >= length:
            return f"{size / length:.1f} {unit}"
    return f"{size // 1024} kB"


def add_doctor_command(commands: typer.Typer) -> None:
    """Add this command to those of `tactful`."""
    commands.command("doctor")(doctor)
