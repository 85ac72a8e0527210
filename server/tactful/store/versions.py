"""The versions of a survey: each as it was applied, kept for ever."""

from __future__ import annotations

from dataclasses import dataclass

from tactful.core.surveys import Survey
from tactful.store.projects import read_definition
from tactful.store.script import Row, Script, one, rows

__all__ = ["NEWEST", "Version", "find_version", "list_versions"]

LIST_VERSIONS = """
SELECT v.version, v.definition, v.created_at, s.state, s.version AS current
FROM survey_versions v JOIN surveys s ON s.project_id = v.project_id AND s.survey_key = v.survey_key
WHERE v.project_id = ? AND v.survey_key = ? AND v.version < ? ORDER BY v.version DESC LIMIT ?
"""
FIND_VERSION = """
SELECT v.version, v.definition, v.created_at, s.state, s.version AS current
FROM survey_versions v JOIN surveys s ON s.project_id = v.project_id AND s.survey_key = v.survey_key
WHERE v.project_id = ? AND v.survey_key = ? AND v.version = ?
"""

#: Before this version come all.
NEWEST = 2**53


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a survey, with the state that the survey is in today; `current` is what it says now."""

    version: int
    survey: Survey
    created_at: int
    current: bool


def _version(row: Row) -> Version:
    survey = read_definition(row, row["state"])
    return Version(row["version"], survey, row["created_at"], row["version"] == row["current"])


def list_versions(project_id: str, survey_key: str, before: int, limit: int) -> Script[tuple[Version, ...]]:
    """The versions older than `before`, the newest first, at most `limit`."""
    found = yield rows(LIST_VERSIONS, project_id, survey_key, before, limit)
    return tuple(_version(row) for row in found)


def find_version(project_id: str, survey_key: str, version: int) -> Script[Version | None]:
    """One version of a survey, if there is such a one."""
    row = yield one(FIND_VERSION, project_id, survey_key, version)
    return row and _version(row)
