"""`tactful identity`: how a project's users are proved; change it, and see who would be refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import orjson
import typer

from tactful.clock import new_id, new_secret
from tactful.commands import ProjectName, clock, project_id_of, ready_database
from tactful.core.spans import DAY_MS
from tactful.database_url import DatabaseUrl
from tactful.identity import Secret
from tactful.store.identity import KEEP_DAYS, add_secret_by, change_terms, counts_since, revoke_secret_by
from tactful.store.opening import read_once, run_once
from tactful.store.projects import load_config
from tactful.store.secrets import live_secrets
from tactful.web.identities import identity_json
from tactful.web.privacy import act

__all__ = ["add_identity_command"]

_WHO = "command line"


class ModeName(StrEnum):
    """What an unsigned user id is worth."""

    off = "off"
    warn = "warn"
    enforce = "enforce"


class AcceptsName(StrEnum):
    """What a secret verifies."""

    any = "any"
    hash = "hash"
    token = "token"  # noqa: S105  # a kind of proof


def identity(
    project: ProjectName,
    mode: Annotated[ModeName | None, typer.Option(help="What an unsigned user id is worth from now on.")] = None,
    add_secret: Annotated[
        str | None, typer.Option(help="Add a live secret: one of another product, or `new` to have one made.")
    ] = None,
    accepts: Annotated[AcceptsName, typer.Option(help="What the added secret verifies.")] = AcceptsName.any,
    revoke: Annotated[str | None, typer.Option(help="Revoke the secret with this id, at once.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002  # a flag of typer's
) -> None:
    """Print how a project's users are proved and who would be refused; change the mode and the secrets."""
    url = ready_database()
    project_id = project_id_of(url, project)
    if mode is not None:
        run_once(url, clock, change_terms, project_id, mode.value, None, act(clock, _WHO))
    made = None if add_secret is None else _add(url, project_id, add_secret, accepts)
    if revoke is not None:
        run_once(url, clock, revoke_secret_by, project_id, revoke, act(clock, _WHO))
    told = _told(url, project_id) | ({} if made is None else {"secret": made})
    if as_json:
        typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    else:
        _print(told)


def _add(url: DatabaseUrl, project_id: str, given: str, accepts: AcceptsName) -> str | None:
    """Add a secret; return the one that was made."""
    made = new_secret("ids") if given == "new" else None
    secret = Secret(new_id(clock), made or given.strip(), accepts.value)
    run_once(url, clock, add_secret_by, project_id, secret, act(clock, _WHO))
    return made


def _told(url: DatabaseUrl, project_id: str) -> dict[str, Any]:
    config = read_once(url, clock, load_config, project_id)
    assert config is not None, "a project that was found is gone"
    secrets = read_once(url, clock, live_secrets, project_id)
    counts = read_once(url, clock, counts_since, project_id, clock.now_ms() // DAY_MS - KEEP_DAYS)
    return identity_json(config.identity, secrets, counts)


def _print(told: dict[str, Any]) -> None:
    typer.echo(f"mode {told['mode']}, tokens valid for {told['longest']} at most")
    for one in told["secrets"]:
        used = one["last_used_at"] or "never"
        typer.echo(f"secret {one['id']}  ...{one['ends']}  accepts {one['accepts']}  last used {used}")
    share = told["report"]["signed_share"]
    if share is not None:
        typer.echo(f"{share:.1%} of {told['report']['identified']:,} requests that name a user are signed (90 days)")
    for one in told["report"]["outcomes"]:
        typer.echo(f"  {one['outcome']:<10} {one['count']:>9,}  last {one['last_at']} from {one['last_origin']}")
    if "secret" in told:
        typer.echo(told["secret"])
        typer.echo("Shown once. The other one stays good until you revoke it.", err=True)


def add_identity_command(commands: typer.Typer) -> None:
    """Add this command to those of `tactful`."""
    commands.command("identity")(identity)
