"""`tactful export`, `erase`, `opt-in`, `end-test`: what people may ask of whoever runs the service; and the record.

Whoever can run these commands can open the database anyway; the record says `command line`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from tactful.commands import ProjectName, clock, project_id_of, ready_database
from tactful.database_url import DatabaseUrl
from tactful.errors import BadRequest, NotFound
from tactful.identity import normal_id
from tactful.store.audit import list_acts
from tactful.store.erasure import belongings, end_opt_out, end_test, erase, export, find_by_id
from tactful.store.opening import read_once, run_once
from tactful.store.people import find_alias
from tactful.store.script import Row
from tactful.web.privacy import act, exported_json, in_all
from tactful.web.times import iso_time

__all__ = ["add_people_commands"]

User = Annotated[str | None, typer.Option("--user", help="The person's user id.")]
Anonymous = Annotated[str | None, typer.Option("--anonymous", help="Or the id of one of their browsers.")]
Person = Annotated[str | None, typer.Option("--person", help="Or the id that the person has in Tactful.")]

_WHO = "command line"
_MOST_ACTS = 100


def _find(project: str, user: str | None, anonymous: str | None, person: str | None) -> tuple[DatabaseUrl, str, str]:
    """The database, the project's id and the person's. Raises `BadRequest` and `NotFound`."""
    given = [one for one in (user, anonymous, person) if one is not None]
    if len(given) != 1:
        raise BadRequest("which_person", "Name the person by one of --user, --anonymous and --person.")
    url = ready_database()
    project_id = project_id_of(url, project)
    if person is None:
        alias = f"u:{normal_id(user)}" if user is not None else f"a:{normal_id(anonymous)}"
        person = read_once(url, clock, find_alias, project_id, alias)
        if person is None:
            raise NotFound("no_such_person", f"Nobody with the id {given[0]!r} has been seen in this project.")
    return url, project_id, read_once(url, clock, find_by_id, project_id, person)


def export_person(
    project: ProjectName,
    user: User = None,
    anonymous: Anonymous = None,
    person: Person = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write here instead of printing.")] = None,
) -> None:
    """Print everything that is held of a person, as JSON."""
    url, project_id, person_id = _find(project, user, anonymous, person)
    tables = read_once(url, clock, export, project_id, person_id)
    told = orjson.dumps(exported_json(project, person_id, tables, clock.now_ms()), option=orjson.OPT_INDENT_2)
    if output is None:
        typer.echo(told)
        return
    output.touch(0o600)
    output.write_bytes(told + b"\n")


def erase_person(
    project: ProjectName,
    user: User = None,
    anonymous: Anonymous = None,
    person: Person = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002  # a flag of typer's
) -> None:
    """Erase a person for ever: every row of theirs. If they opted out, that holds on."""
    url, project_id, person_id = _find(project, user, anonymous, person)
    if not yes:
        held = read_once(url, clock, belongings, project_id, person_id)
        typer.echo("  ".join(f"{table} {count}" for table, count in held.items() if count))
        typer.confirm("Erase these rows for ever?", abort=True)
    removed = run_once(url, clock, erase, project_id, person_id, act(clock, _WHO))
    typer.echo(f"Erased: {in_all(removed)} rows. `tactful doctor --compact` overwrites the space that they left.")


def opt_in(project: ProjectName, user: User = None, anonymous: Anonymous = None, person: Person = None) -> None:
    """End the opt-out of a person who said that they may be asked again."""
    url, project_id, person_id = _find(project, user, anonymous, person)
    ended = run_once(url, clock, end_opt_out, project_id, person_id, act(clock, _WHO))
    typer.echo("The opt-out is ended." if ended else "This person had not opted out.")


def no_test(project: ProjectName, user: User = None, anonymous: Anonymous = None, person: Person = None) -> None:
    """Make a test person one who counts, from now on."""
    url, project_id, person_id = _find(project, user, anonymous, person)
    ended = run_once(url, clock, end_test, project_id, person_id, act(clock, _WHO))
    typer.echo("They count from now on." if ended else "This person is no test person.")


def audit() -> None:
    """Print the last hundred recorded acts, newest first: when, who, what, in which project, about whom or what."""
    for row in read_once(ready_database(), clock, list_acts, _MOST_ACTS):
        where = f"{row['project'] or 'all projects'}{_about(row)}"
        typer.echo(f"{iso_time(row['done_at'])}  {row['what']:<14} {where}  by {row['who']}")


def _about(row: Row) -> str:
    if row["about"] is None:
        return ""
    return f" receiver {row['about']}" if row["what"].startswith("receiver_") else f" person {row['about'][:12]}"


def add_people_commands(commands: typer.Typer) -> None:
    """Add these commands to those of `tactful`."""
    commands.command("export")(export_person)
    commands.command("erase")(erase_person)
    commands.command("opt-in")(opt_in)
    commands.command("end-test")(no_test)
    commands.command("audit")(audit)
