"""How a test talks to a client of Python: one line of JSON for each call, and a line back once a flush is through."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any


def drive_module(analytics: ModuleType) -> None:
    """Make the calls on a client that is a module, as Segment's is."""
    drive({name: getattr(analytics, name) for name in ("identify", "group", "track", "flush")})


def drive(calls: Mapping[str, Callable[..., Any]]) -> None:
    """Make the calls that come in, until no more come."""
    for line in sys.stdin:
        name, *args = json.loads(line)
        calls[name](*args)
        if name == "flush":
            sys.stdout.write("flushed\n")
            sys.stdout.flush()
