"""JSON paths, a small and safe part of them: `$.a.b[0].c` and `$.a["a name"]`.

A path leads to one place or nowhere. There are no filters, wildcards or searches: following one costs its length,
whatever the payload.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["LONGEST_PATH", "MOST_STEPS", "follow", "parse_path"]

LONGEST_PATH = 200
MOST_STEPS = 20

_STEP = re.compile(r"""\.([^\s.\[\]"'$*@?(),:]+)|\[([0-9]{1,4})\]|\["([^"\\\x00]+)"\]|\['([^'\\\x00]+)'\]""", re.ASCII)


@lru_cache(maxsize=4_096)
def parse_path(written: str) -> tuple[str | int, ...] | None:
    """The steps of a path from the whole payload, `$`, which has none; None where `written` is no path."""
    if not written.startswith("$") or len(written) > LONGEST_PATH:
        return None
    steps: list[str | int] = []
    at = 1
    while at < len(written):
        step = _STEP.match(written, at)
        if step is None or len(steps) == MOST_STEPS:
            return None
        name, index, double, single = step.groups()
        steps.append(int(index) if index else name or double or single)
        at = step.end()
    return tuple(steps)


def follow(payload: object, written: str) -> object:
    """What stands at a path; None where it leads nowhere. Total: any payload, any text."""
    steps = parse_path(written)
    if steps is None:
        return None
    value = payload
    for step in steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            return None
    return value
