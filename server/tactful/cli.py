"""The command line. Commands run beside the server: each is a few short transactions of its own."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import orjson
import typer

from tactful.cli_backtest import add_backtest
from tactful.cli_backup import add_backup_commands
from tactful.cli_definitions import add_definition_commands
from tactful.cli_doctor import add_doctor_command
from tactful.cli_identity import add_identity_command
from tactful.cli_keys import add_key_commands
from tactful.cli_members import member_app
from tactful.cli_people import add_people_commands
from tactful.cli_tag import add_tag_command
from tactful.cli_why import Paper, print_why
from tactful.commands import ProjectName, clock, complain, project_id_of, ready_database, the_settings, warn
from tactful.core.origins import read_origin
from tactful.database_url import DatabaseUrl
from tactful.errors import BadRequest, NotFound, TactfulError
from tactful.identity import normal_id
from tactful.newproject import new_project as make_project
from tactful.settings import Settings
from tactful.store.opening import migrate as run_migrations
from tactful.store.opening import run_once
from tactful.store.projects import (
    Config,
    NewProject,
    create_project,
    load_config,
)
from tactful.store.standings import read_standings
from tactful.store.why import why_of_alias
from tactful.web.why import explanation_json

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Ask the right person one short question at the right moment, and never too often.",
)
project_app = typer.Typer(no_args_is_help=True, help="Projects: one for each product that the widget is embedded in.")
add_key_commands(project_app)
add_tag_command(project_app)
add_definition_commands(app)
app.add_typer(project_app, name="project")
app.add_typer(member_app, name="member")
add_people_commands(app)
add_identity_command(app)
add_backtest(app)
add_doctor_command(app)
add_backup_commands(app)


def _config(url: DatabaseUrl, name: str) -> Config:
    config = run_once(url, clock, load_config, project_id_of(url, name))
    assert config is not None, "a project that was found is gone"
    return config


def results_link(settings: Settings, project_id: str) -> str:
    """The address of a project's results, for members."""
    return f"{settings.base_url}/projects/{project_id}/surveys"


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", envvar="PORT")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes; SQLite takes one.", min=1)] = 1,
) -> None:
    """Run the service."""
    from tactful.serve import serve as run_server  # noqa: PLC0415  # the other commands start faster without it

    run_server(the_settings(), clock, host=host, port=port, workers=workers)


@app.command()
def demo(
    directory: Annotated[Path, typer.Option(help="Where the demo keeps its database.")] = Path("demo-data"),
    port: Annotated[int, typer.Option(help="The service's port.", envvar="PORT")] = 8000,
    site_port: Annotated[int, typer.Option(help="The demo site's port.", envvar="SITE_PORT")] = 8001,
    seed: Annotated[  # noqa: FBT002  # a flag of typer's
        bool, typer.Option("--seed/--no-seed", help="Begin a new demo with six months of history.")
    ] = True,
) -> None:
    """Run the service together with Lantern, a small learning platform that asks its learners."""
    from tactful.demo import run_demo  # noqa: PLC0415  # the other commands start faster without it

    run_demo(directory, clock, port=port, site_port=site_port, seed=seed)


def new_project(name: str, origins: tuple[str, ...]) -> NewProject:
    """Make a project's ids and keys."""
    return make_project(clock, name, origins)


def _origins(written: Sequence[str]) -> tuple[str, ...]:
    """The origins as browsers write them, each once. Raises `BadRequest` for what is none."""
    read = {one: read_origin(one) for one in written}
    for one, (_, fault) in read.items():
        if fault:
            raise BadRequest("bad_origin", f"--origin {one}: {fault}")
    return tuple(dict.fromkeys(origin for origin, _ in read.values()))


@project_app.command("create")
def project_create(
    name: Annotated[str, typer.Argument(help="The project's name.")],
    origin: Annotated[
        list[str] | None, typer.Option(help="An origin of your pages, like https://app.example.com; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002  # a flag of typer's
) -> None:
    """Create a project and print its keys. Write key and API token are shown this once."""
    settings = the_settings()
    new = new_project(name, _origins(origin or []))
    run_once(ready_database(), clock, create_project, new)
    keys = {key: getattr(new, key) for key in ("public_key", "write_key", "api_token", "identity_secret")}
    if as_json:
        typer.echo(json.dumps({"project": name, **keys, "results": results_link(settings, new.project_id)}))
        return
    typer.secho(f"Project {name!r} is ready.", bold=True)
    for key, value in keys.items():
        typer.echo(f"  {key:<16} {value}")
    typer.echo(f"  {'results':<16} {results_link(settings, new.project_id)}")
    if not new.origins:
        warn("No --origin was given, so no page may ask yet.")
    typer.echo(
        f'\nPaste this into your pages:\n  <script async src="{settings.base_url}/w/{new.public_key}.js"></script>'
    )


@app.command()
def results(project: ProjectName) -> None:
    """Print the address of the project's results; members log in to see them."""
    settings = the_settings()
    typer.echo(results_link(settings, project_id_of(ready_database(), project)))


@app.command()
def why(
    project: ProjectName,
    user: Annotated[str | None, typer.Option(help="The person's user id.")] = None,
    anonymous: Annotated[str | None, typer.Option(help="Or the anonymous id of a browser.")] = None,
    survey: Annotated[str | None, typer.Option(help="Only this survey's key.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002  # a flag of typer's
) -> None:
    """Say of each survey why a person may or may not be asked and when they can be asked next, and what was decided
    about them lately."""
    alias, said = _alias(user, anonymous)
    url = ready_database()
    config = _config(url, project)
    found = run_once(url, clock, why_of_alias, config.project_id, alias, config.catalogue, clock.now_ms())
    if found is None:
        raise NotFound("no_such_person", f"Nobody with the {said} has been seen in this project.")
    standings = run_once(url, clock, read_standings, config.project_id, config.catalogue)
    told = explanation_json(replace(config, standings=standings), found, survey)
    if as_json:
        typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        return
    print_why(told, Paper(partial(typer.secho, bold=True), typer.echo))


def _alias(user: str | None, anonymous: str | None) -> tuple[str, str]:
    """The alias that is meant, and how to say it. Raises `BadRequest` unless one id is given."""
    if (user is None) == (anonymous is None):
        raise BadRequest("bad_query", "Give --user or --anonymous, one of them.")
    if user is not None:
        return f"u:{normal_id(user)}", f"user id {user!r}"
    return f"a:{normal_id(anonymous)}", f"anonymous id {anonymous!r}"


@app.command()
def migrate() -> None:
    """Bring the database up to date."""
    applied = run_migrations(the_settings().database_url, clock)
    typer.echo("\n".join(f"applied {name}" for name in applied) or "The database is up to date.")


@app.command()
def openapi() -> None:
    """Print the management API as OpenAPI 3.1."""
    from tactful.web.openapi import document  # noqa: PLC0415  # the other commands start faster without it

    typer.echo(orjson.dumps(document(the_settings().base_url), option=orjson.OPT_INDENT_2))


def main() -> None:
    """Run the command line; errors are told in a sentence, not in a stack trace."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except (TactfulError, OSError) as error:
        complain(error)
        sys.exit(1)
