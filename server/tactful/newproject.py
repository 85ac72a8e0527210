"""A new project's ids and keys."""

from __future__ import annotations

from tactful.clock import Clock, new_id, new_secret
from tactful.store.projects import NewProject

__all__ = ["new_project"]


def new_project(clock: Clock, name: str, origins: tuple[str, ...]) -> NewProject:
    """Make a project's ids and keys; `create_project` stores them."""
    return NewProject(
        project_id=new_id(clock),
        name=name,
        origins=origins,
        public_key=new_secret("pk")[:27],
        write_key=new_secret("wk"),
        api_token=new_secret("api"),
        identity_secret=new_secret("ids"),
    )
