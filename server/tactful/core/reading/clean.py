"""What no definition may hold, wherever it stands: checked once, before anything is understood.

The bounds are those of the databases and of JSON between languages: PostgreSQL refuses U+0000 and lone surrogates,
SQLite cuts texts at U+0000, JavaScript loses integers beyond 2**53, and NaN is no JSON.
"""

from __future__ import annotations

import math
import re

from tactful.core.reading.notes import Notes, Steps

__all__ = ["DEEPEST", "MOST_VALUES", "clean"]

DEEPEST = 20
MOST_VALUES = 100_000
_LARGEST_INTEGER = 2**53
_UNFIT = re.compile("[\x00\ud800-\udfff]")


def clean(data: object, notes: Notes) -> bool:
    """Note a fault for every value that is unfit to be kept, and tell whether there was none."""
    waiting: list[tuple[Steps, object]] = [((), data)]
    seen = 0
    while waiting:
        steps, value = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            notes.fault((), f"expected at most {MOST_VALUES} values, found more; divide the file")
            break
        told = _told_of(value, len(steps))
        if told:
            notes.fault(steps, told)
        elif isinstance(value, dict):
            if all(isinstance(key, str) and not _UNFIT.search(key) for key in value):
                waiting.extend(((*steps, key), inner) for key, inner in reversed(value.items()))
            else:
                notes.fault(steps, "expected names that are texts without U+0000 and lone surrogates; rename")
        elif isinstance(value, list):
            waiting.extend(((*steps, index), inner) for index, inner in reversed(list(enumerate(value))))
    return not notes.faults


def _told_of(value: object, depth: int) -> str | None:
    match value:
        case None | bool():
            return None
        case str():
            return "holds U+0000 or half of a surrogate pair; remove it" if _UNFIT.search(value) else None
        case int():
            return None if abs(value) <= _LARGEST_INTEGER else "is a number too large to keep; write it as a text"
        case float():
            return None if math.isfinite(value) else "is not a finite number; write a number"
        case dict() | list():
            return None if depth < DEEPEST else f"is nested more than {DEEPEST} deep; write it flatter"
        case _:
            return "is not a value of JSON; write a text, a number, true, false, a list or a mapping"
