"""What is told of a person who asks what we hold of them, for the management API, the command line and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tactful.clock import Clock, new_id, new_secret
from tactful.store.audit import Act
from tactful.web.times import iso_time

__all__ = ["act", "exported_json", "in_all"]

#: Columns that hold JSON, whatever table they are in.
_JSON = frozenset({"answers", "event", "properties", "recent", "same", "tags", "traits", "withdrawn"})
_FLAGS = frozenset({"asked_for", "done", "test"})


def act(clock: Clock, who: str) -> Act:
    """Make the record of what `who` does now."""
    return Act(new_id(clock), who, new_secret("hk"))


def in_all(removed: Mapping[str, int]) -> int:
    """How many rows that is."""
    return sum(removed.values())


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _JSON and isinstance(value, str):
        return orjson.loads(value)
    if name.endswith("_at") or name == "not_before":
        return iso_time(value)
    return bool(value) if name in _FLAGS else value


def exported_json(
    project: str, person_id: str, tables: Mapping[str, Sequence[Mapping[str, Any]]], now: int
) -> dict[str, Any]:
    """Everything that is held of a person, by table, with times written as ISO 8601 and JSON as itself."""
    told = {
        table: [{name: _value(name, value) for name, value in row.items()} for row in rows]
        for table, rows in tables.items()
    }
    return {"person": person_id, "project": project, "exported_at": iso_time(now), "tables": told}
