"""Surveys, the policy, words and receivers as files: `apply` makes them so, `diff` says what that would change, `show`
writes them down.

`show` and `diff` only look: they take no write lock, and a database that is not up to date is not brought up to date.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tactful.clock import new_secret
from tactful.commands import (
    ProjectName,
    clock,
    complain,
    project_id_of,
    ready_database,
    same_database,
    the_settings,
    warn,
)
from tactful.core.changes import Change, content_of, fields_changed
from tactful.core.differences import Line
from tactful.core.reading import Definitions
from tactful.core.receivers import Open
from tactful.definitions import as_yaml, change_lines, load
from tactful.errors import BadRequest, Conflict, Invalid, NotFound, TactfulError, TooLarge
from tactful.store.applying import NewIds, apply_file, plan_file
from tactful.store.opening import read_once, run_once
from tactful.store.projects import load_config
from tactful.store.receivers import FirstSecret, Stored, list_receivers
from tactful.store.versions import NEWEST, Version, find_version, list_versions
from tactful.web.privacy import act
from tactful.web.receiver_secrets import address_of, made_secret
from tactful.web.times import iso_time

__all__ = ["add_definition_commands"]

Files = Annotated[
    list[Path], typer.Argument(help="YAML or JSON files with `policy:`, `words:`, `surveys:` and `receivers:`.")
]

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
    secret: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VARIABLE: the secret of a receiver is in this environment variable."),
    ] = None,
) -> None:
    """Make the project's surveys, policy, words and receivers what the files say; what they do not mention stays."""
    wanted = _read(files)
    secrets = _secrets(secret or (), wanted)
    if dry_run:
        url = same_database()
        _tell(read_once(url, clock, plan_file, project_id_of(url, project), wanted))
        typer.echo("Nothing was applied.")
        return
    url = ready_database()
    new = NewIds(lambda: new_secret("rcv"), secrets, act(clock, "command line"))
    applied = run_once(url, clock, apply_file, project_id_of(url, project), wanted, new)
    for change in applied.changes:
        typer.echo(_change_line(change))
    for one in applied.made:
        _tell_made(one.stored, secrets[one.stored.receiver.key])


def _secrets(named: Sequence[str], wanted: Definitions) -> dict[str, FirstSecret]:
    """The secrets that are given by variables, and one of ours for each receiver that may have one. Raises
    `BadRequest`."""
    secrets = {one.key: FirstSecret(None, made_secret(one.auth)) for one in wanted.receivers}
    for written in named:
        key, _, variable = written.partition("=")
        value = os.environ.get(variable, "") if variable else ""
        if not value:
            raise BadRequest("no_secret", f"--secret {written}: write KEY=VARIABLE, a variable that holds the secret.")
        secrets[key] = FirstSecret(value)
    return secrets


def _tell_made(stored: Stored, first: FirstSecret) -> None:
    key = stored.receiver.key
    typer.echo(f"{key} takes webhooks at {address_of(the_settings().base_url, stored.receiver_id)}")
    if first.given is None and first.ours is not None:
        typer.echo(f"{key} has the secret {first.ours}, which is told this once")
    elif not stored.secrets and not isinstance(stored.receiver.auth, Open):
        typer.echo(f"{key} has no secret yet; apply again with --secret {key}=VARIABLE")


def diff(files: Files, project: ProjectName) -> None:
    """Say what `apply` of the files would change, and change nothing.

    Ends with 0 where nothing would change, 1 where something would, and 2 where that cannot be told.
    """
    try:
        wanted = _read(files)
        url = same_database()
        changes = read_once(url, clock, plan_file, project_id_of(url, project), wanted)
    except (TactfulError, OSError) as error:
        complain(error)
        raise typer.Exit(_TROUBLE) from None
    _tell(changes)
    raise typer.Exit(_CHANGES if any(change.how != "unchanged" for change in changes) else _NO_CHANGE)


def _read(files: Sequence[Path]) -> Definitions:
    """All files as one change, so that either all of it applies or none. Says their warnings."""
    loaded = [load(file.read_bytes(), str(file)) for file in files]
    for one in loaded:
        for warning in one.warnings:
            warn(f"warning: {warning}")
    return _together([one.definitions for one in loaded])


def _together(definitions: Sequence[Definitions]) -> Definitions:
    """Raises `Conflict` where two files say the same."""
    policies = [one.policy for one in definitions if one.policy is not None]
    surveys = tuple(survey for one in definitions for survey in one.surveys)
    receivers = tuple(receiver for one in definitions for receiver in one.receivers)
    twice = [f"survey {key!r}" for key, times in Counter(one.key for one in surveys).items() if times > 1]
    twice += [f"receiver {key!r}" for key, times in Counter(one.key for one in receivers).items() if times > 1]
    words = [one.words for one in definitions if one.words is not None]
    twice = ["the policy"] * (len(policies) > 1) + twice + ["the table of words"] * (len(words) > 1)
    if twice:
        raise Conflict("said_twice", f"Two of the files say what {twice[0]} is; keep one of them.")
    return Definitions(policies[0] if policies else None, surveys, receivers, words[0] if words else None)


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
    """Print the project's policy, words, surveys and receivers (without secrets) as a file that `apply` reads as the
    same."""
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
    if survey is not None:
        _print_file(as_yaml(Definitions(None, tuple(surveys))))
        return
    receivers = [one.stored.receiver for one in read_once(url, clock, list_receivers, config.project_id)]
    policy, words = config.catalogue.policy, config.words or None
    _print_file(as_yaml(Definitions(policy, tuple(surveys), tuple(receivers), words)))


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
