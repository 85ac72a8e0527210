"""`tactful member ...`: who may log in. Whoever can run these commands can open the database anyway.

No command takes or prints a password: a link is printed once, and the member chooses the password in the browser.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tactful.clock import Clock, new_id, new_secret
from tactful.commands import clock, ready_database, the_settings
from tactful.core.spans import format_span
from tactful.credentials import normal_email
from tactful.database_url import DatabaseUrl
from tactful.errors import NotFound
from tactful.settings import Settings
from tactful.store.members import (
    FIRST_LINK_MS,
    LINK_MS,
    Link,
    NewMember,
    add_member,
    find_member,
    list_members,
    offer_first,
    offer_link,
    remove_member,
)
from tactful.store.opening import run_once
from tactful.web.times import iso_time

__all__ = ["first_link", "member_app", "print_first_link"]

member_app = typer.Typer(no_args_is_help=True, help="Members: who logs in to read results and to change surveys.")

Email = Annotated[str, typer.Argument(help="The member's e-mail address.")]


class RoleName(StrEnum):
    """What a member may do, from the least to the most."""

    viewer = "viewer"
    editor = "editor"
    admin = "admin"


def first_link(settings: Settings, clock: Clock) -> str | None:
    """Make a link by which the first admin makes themself; None once there is a member. An older one then ends."""
    token = new_secret("setup")
    if not run_once(settings.database_url, clock, offer_first, token):
        return None
    return f"{settings.base_url}/setup/{token}"


def _print_link(link: Link, token: str) -> None:
    typer.echo(f"{the_settings().base_url}/{link.purpose}/{token}")
    typer.echo(f"Give this link to {link.email}: it works once, within {format_span(LINK_MS[link.purpose])}.", err=True)


def _member_id(url: DatabaseUrl, email: str) -> str:
    row = run_once(url, clock, find_member, normal_email(email))
    if row is None:
        raise NotFound("no_such_member", f"There is no member {email!r}; `tactful member list` names them all.")
    return str(row["member_id"])


@member_app.command("add")
def add(
    email: Email,
    role: Annotated[
        RoleName, typer.Option(help="viewer reads, editor also changes surveys, policy and people, admin everything.")
    ],
) -> None:
    """Add a member and print a link, good once, by which they choose a password."""
    url, token = ready_database(), new_secret("setup")
    new = NewMember(new_id(clock), normal_email(email), role.value)
    _print_link(run_once(url, clock, add_member, new, token), token)


@member_app.command("reset")
def reset(email: Email) -> None:
    """Print a link, good once, by which a member chooses a new password, which ends all their sessions."""
    url, token = ready_database(), new_secret("reset")
    _print_link(run_once(url, clock, offer_link, _member_id(url, email), token), token)


@member_app.command("list")
def list_all() -> None:
    """List the members with their roles and when they were last here."""
    for row in run_once(ready_database(), clock, list_members):
        seen = f"last here {iso_time(row['last_at'])}" if row["last_at"] else "not logged in"
        typer.echo(f"{row['email']:<40} {row['role']:<7} {'invited' if row['invited'] else seen}")


@member_app.command("remove")
def remove(email: Email) -> None:
    """Remove a member; their sessions end at once. The last admin stays."""
    url = ready_database()
    run_once(url, clock, remove_member, _member_id(url, email))
    typer.echo(f"{normal_email(email)} is no longer a member.")


def print_first_link(settings: Settings, clock: Clock) -> None:
    """Print the link by which the first admin makes themself, where nobody is a member yet."""
    link = first_link(settings, clock)
    if link is not None:
        days = format_span(FIRST_LINK_MS)
        typer.secho(f"Nobody can log in yet. Make yourself the first admin, once and within {days}:", err=True)
        typer.secho(f"  {link}", bold=True, err=True)
