"""What the dashboard's pages read beyond the results: projects and what goes on in them."""

from __future__ import annotations

from tactful.store.script import Row, Script, rows

__all__ = ["list_projects"]

LIST_PROJECTS = "SELECT project_id, name FROM projects ORDER BY lower(name), project_id"


def list_projects() -> Script[list[Row]]:
    """Every project's id and name, by name."""
    found: list[Row] = yield rows(LIST_PROJECTS)
    return found
