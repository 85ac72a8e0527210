"""Surveys and the policy as files: `apply` makes them so, `diff` says what that would change, `show` writes them down.

`show` and `diff` only look: they take no write lock, and a database that is not up to date is not brought up to date.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tactful.commands import ProjectName, clock, complain, project_id_of, ready_database, same_database, warn
from tactful.core.changes import Change, content_of, fields_changed
from tactful.core.differences import Line
from tactful.core.policy import Policy
from tactful.core.reading import Definitions
from tactful.core.surveys import Survey
from tactful.definitions import as_yaml, change_lines, load
from tactful.errors import BadRequest, Conflict, Invalid, NotFound, TactfulError, TooLarge
from tactful.store.opening import read_once, run_once
from tactful.store.projects import apply_definitions, load_config, plan_definitions
from tactful.store.versions import NEWEST, Version, find_version, list_versions
from tactful.web.times import iso_time

__all__ = ["add_definition_commands"]

Files = Annotated[list[Path], typer.Argument(help="YAML or JSON files with `policy:` and `surveys:`.")]
Wanted = tuple[Policy | None, tuple[Survey, ...]]

#: What `diff` ends with, as the program of that name does.
_NO_CHANGE, _CHANGES, _TROUBLE = 0, 1, 2
_COLOURS = {"added": typer.colors.GREEN, "removed": typer.colors.RED, "place": typer.colors.CYAN}
_ALL_VERSIONS = 1_000_000


def add_definition_commands(app: typer.Typer) -> None:
    """Add `apply`, `diff` and `show`."""
    app.command()(apply)
    app.command()(diff)
    app.command()(show)


def apply(
    files: Files,
    project: ProjectName,
    dry_run: Annotated[  # noqa: FBT002  # a flag of typer's
        bool, typer.Option("--dry-run", help="Only say what would change.")
    ] = False,
) -> None:
    """Make the project's surveys and policy what the files say; what they do not mention stays."""
    wanted = _read(files)
    if dry_run:
        url = same_database()
        _tell(read_once(url, clock, plan_definitions, project_id_of(url, project), *wanted))
        typer.echo("Nothing was applied.")
        return
    url = ready_database()
    for change in run_once(url, clock, apply_definitions, project_id_of(url, project), *wanted):
        typer.echo(_change_line(change))


def diff(files: Files, project: ProjectName) -> None:
    """Say what `apply` of the files would change, and change nothing.

    Ends with 0 where nothing would change, 1 where something would, and 2 where that cannot be told.
    """
    try:
        wanted = _read(files)
        url = same_database()
        changes = read_once(url, clock, plan_definitions, project_id_of(url, project), *wanted)
    except (TactfulError, OSError) as error:
        complain(error)
        raise typer.Exit(_TROUBLE) from None
    _tell(changes)
    raise typer.Exit(_CHANGES if any(change.how != "unchanged" for change in changes) else _NO_CHANGE)


def _read(files: Sequence[Path]) -> Wanted:
    """All files as one change, so that either all of it applies or none. Says their warnings."""
    loaded = [load(file.read_bytes(), str(file)) for file in files]
    for one in loaded:
        for warning in one.warnings:
            warn(f"warning: {warning}")
    return _together([one.definitions for one in loaded])


def _together(definitions: Sequence[Definitions]) -> Wanted:
    """Raises `Conflict` where two files say the same."""
    policies = [one.policy for one in definitions if one.policy is not None]
    surveys = tuple(survey for one in definitions for survey in one.surveys)
    twice = [key for key, times in Counter(survey.key for survey in surveys).items() if times > 1]
    if len(policies) > 1 or twice:
        what = "the policy" if len(policies) > 1 else f"survey {twice[0]!r}"
        raise Conflict("said_twice", f"Two of the files say what {what} is; keep one of them.")
    return (policies[0] if policies else None), surveys


def _change_line(change: Change) -> str:
    notes = [] if change.version is None else [f"version {change.version}"]
    if change.state is not None and change.state[0] is not None:
        notes.append(f"{change.state[0]} -> {change.state[1]}")
    return f"{change.how:<9} {change.what}" + (f" ({', '.join(notes)})" if notes else "")


def _tell(changes: Sequence[Change]) -> None:
    """Say of each definition what would happen to it, with its lines and what that means for people."""
    for change in changes:
        _print(_change_line(change), bold=change.how != "unchanged")
        for line in change_lines(change):
            _print_line(line)
        for sentence in change.means:
            typer.echo(f"  * {sentence}")


def _print_line(line: Line) -> None:
    _print(f"  {line}", colour=_COLOURS.get(line.kind))


def _print(text: str, *, colour: str | None = None, bold: bool = False) -> None:
    """Print, coloured on a terminal alone and not where NO_COLOR is set (https://no-color.org)."""
    typer.secho(text, fg=colour, bold=bold or None, color=False if os.environ.get("NO_COLOR") else None)


def show(
    project: ProjectName,
    survey: Annotated[str | None, typer.Option(help="Only the survey with this key.")] = None,
    version: Annotated[int | None, typer.Option(help="The survey as this version of it says.", min=1)] = None,
    versions: Annotated[  # noqa: FBT002  # a flag of typer's
        bool, typer.Option("--versions", help="List the versions instead, with what each changed.")
    ] = False,
) -> None:
    """Print the project's policy and surveys as a file that `apply` reads as the same."""
    url = same_database()
    config = read_once(url, clock, load_config, project_id_of(url, project))
    assert config is not None, "a project that was found is gone"
    surveys = [live.survey for key, live in config.catalogue.surveys.items() if survey in (None, key)]
    if survey is not None and not surveys:
        raise NotFound("no_such_survey", f"There is no survey {survey!r} in this project.")
    if version is not None and survey is None:
        raise BadRequest("no_survey", "--version needs --survey: versions are a survey's.")
    if versions:
        for one in surveys:
            _print_versions(
                one.key, read_once(url, clock, list_versions, config.project_id, one.key, NEWEST, _ALL_VERSIONS)
            )
        return
    if version is not None:
        found = read_once(url, clock, find_version, config.project_id, surveys[0].key, version)
        if found is None:
            raise NotFound("no_such_version", f"Survey {survey!r} has no version {version}; --versions lists them.")
        surveys = [found.survey]
    policy = config.catalogue.policy if survey is None else None
    _print_file(as_yaml(Definitions(policy, tuple(surveys))))


def _print_file(text: str) -> None:
    """Print a file, and say where it is too much for one."""
    typer.echo(text, nl=False)
    try:
        load(text.encode(), "what was shown")
    except (Invalid, TooLarge) as error:
        warn(f"warning: this is more than one file may hold ({error.message}); show the surveys one by one.")


def _print_versions(key: str, found: Sequence[Version]) -> None:
    _print(key, bold=True)
    older = [content_of(one.survey) for one in found[1:]]
    for index, one in enumerate(found):
        fields = fields_changed(older[index], content_of(one.survey)) if index < len(older) else ()
        changed = ", ".join(fields) or "the first"
        current = "  current" if one.current else ""
        typer.echo(f"  {one.version:>4}  {iso_time(one.created_at)}  {changed}{current}")
