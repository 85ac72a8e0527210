"""`/projects/{project_id}/surveys/{key}/definition`: what a survey says as YAML, its versions, and what each changed.

`?from=2&to=5` compares two versions; without them the page shows the current definition alone. Everything that a
definition holds is told as text, and a difference is told by signs as well as by colour.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import Any

from tactful.core.changes import content_of, fields_changed
from tactful.core.differences import Line, differences
from tactful.core.reading import Definitions, read_survey, write_survey
from tactful.definitions import as_yaml, written_text
from tactful.errors import NotFound
from tactful.store.versions import NEWEST, Version, find_version, list_versions
from tactful.web.dashboard.frame import Look, member_page

__all__ = ["definition"]

_MOST_VERSIONS = 50
_PLACE = re.compile(r"@@ -\S+ \+(\d+)")


@dataclass(frozen=True, slots=True)
class _Listed:
    """One line of the list: a version, the fields that it changed, and the one that it changed them of."""

    version: Version
    fields: tuple[str, ...]
    query: str


@member_page("surveys")
async def definition(look: Look) -> str:
    """One survey's definition and its versions."""
    config, key = look.config, look.request.path_params["key"]
    assert config is not None, "a definition belongs to a project"
    live = config.catalogue.surveys.get(key)
    if live is None:
        raise NotFound("no_such_survey", "There is no such survey in this project.")
    # One more than is shown, for what the last of them changed.
    before = _number(look, "before") or NEWEST
    found = await look.service.db.read(list_versions, config.project_id, key, before, _MOST_VERSIONS + 1)
    return look.render(
        "definition.html",
        title=f"{live.survey.name}: definition",
        survey=live.survey,
        version=live.version,
        warnings=read_survey(write_survey(live.survey)).warnings,
        text=as_yaml(Definitions(None, (live.survey,))),
        versions=_listed(found),
        older=found[_MOST_VERSIONS - 1].version if len(found) > _MOST_VERSIONS else None,
        newer=before != NEWEST,
        compared=await _compared(look, key),
        commands=_commands(shlex.quote(config.name), key),
    )


def _commands(project: str, key: str) -> str:
    return f"tactful show --project {project} --survey {key} > {key}.yaml\ntactful diff {key}.yaml --project {project}"


def _listed(found: tuple[Version, ...]) -> list[_Listed]:
    contents = [content_of(one.survey) for one in found]
    listed = []
    for index, one in enumerate(found[:_MOST_VERSIONS]):
        older = found[index + 1] if index + 1 < len(found) else None
        fields = fields_changed(contents[index + 1], contents[index]) if older else ()
        listed.append(_Listed(one, fields, f"?from={older.version}&to={one.version}#changed" if older else ""))
    return listed


def _number(look: Look, name: str) -> int | None:
    """A version's number from the address; whatever is none is as if it were not there."""
    written = look.request.query_params.get(name, "")
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 16 else None


async def _compared(look: Look, key: str) -> dict[str, Any] | None:
    """The two versions that the address names, the older one first, and their difference."""
    numbers = sorted(number for number in (_number(look, "from"), _number(look, "to")) if number is not None)
    if len(numbers) < 2:
        return None
    found = [await look.service.db.read(find_version, look.project_id, key, number) for number in numbers]
    older, newer = found
    if older is None or newer is None:
        raise NotFound("no_such_version", "There is no such version of this survey.")
    return {"older": older, "newer": newer, "lines": _lines(older, newer)}


def _lines(older: Version, newer: Version) -> tuple[Line, ...]:
    was, now = (written_text(content_of(one.survey)) for one in (older, newer))
    return tuple(_placed(line) for line in differences(was, now))


def _placed(line: Line) -> Line:
    """Say where the lines stand in the newer text, which a diff tells in figures of its own."""
    found = _PLACE.match(line.text) if line.kind == "place" else None
    return replace(line, text=f"From line {found[1]} on") if found else line
