"""How the dashboard names people and bands, and reads what pages and backends sent as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tactful.core.kinds import KINDS, Kind
from tactful.errors import BadRequest
from tactful.store.script import Row
from tactful.web.dashboard.frame import Look

__all__ = ["Who", "cursor_text", "loads", "query", "read_cursor", "tone_of", "value_text", "who_of"]

_LONGEST_VALUE = 300
_LONGEST_QUERY = 256


@dataclass(frozen=True, slots=True)
class Who:
    """A person in a line: what to call them, what else tells them apart, and their page."""

    label: str
    detail: str
    href: str
    known: bool


def loads(text: str) -> dict[str, Any]:
    """Read a stored JSON object."""
    read: dict[str, Any] = orjson.loads(text)
    return read


def who_of(look: Look, row: Row, traits: Mapping[str, object]) -> Who:
    """Name the person of `row` by their name, address or id, whichever there is first."""
    person_id, user_id = str(row["person_id"]), row["user_id"]
    names = [value for value in (traits.get("name"), traits.get("email"), user_id) if isinstance(value, str) and value]
    label = names[0] if names else f"Anonymous {(row['anonymous_id'] or person_id)[:8]}"
    detail = next((name for name in names[1:] if name != label), "")
    return Who(label, detail, f"/projects/{look.project_id}/people/{person_id}", known=user_id is not None)


def tone_of(kind: Kind | str, band: str | None) -> str:
    """`worst`, `middle` or `best`: where a band stands on the scale of its kind; `plain` where there is none."""
    known = KINDS[kind] if isinstance(kind, str) else kind
    names = [one.name for one in known.bands]
    if band not in names:
        return "plain"
    return "worst" if band == names[0] else "best" if band == names[-1] else "middle"


def value_text(value: object) -> str:
    """Write a trait's or an event's value for people."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def query(look: Look, name: str) -> str:
    """One parameter of the address, trimmed; empty where it is not given. Raises `BadRequest`."""
    written = look.request.query_params.get(name, "").strip()
    if "\0" in written or len(written) > _LONGEST_QUERY:
        raise BadRequest("bad_query", f"`{name}` is not something to look for.")
    return written


def cursor_text(at_ms: int, row_id: str) -> str:
    """Write where a page of a list ends."""
    return f"{at_ms}.{row_id}"


def read_cursor(written: str) -> tuple[int, str] | None:
    """Read where a page of a list begins; None for an empty one. Raises `BadRequest`."""
    if not written:
        return None
    at, _, row_id = written.partition(".")
    if not (at.isascii() and at.isdecimal() and len(at) < 17 and row_id):
        raise BadRequest("bad_query", "`before` is what a list's link to older rows says.")
    return int(at), row_id
