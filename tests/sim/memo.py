"""Definitions read once: what reading a stored survey or policy gives depends on its text alone.

A simulation loads configurations thousands of times a second, since its nodes die and its owners edit, and would
otherwise spend most of its time reading the same forty texts. Only the reading is remembered; every statement of
`load_config` is still executed, and everything is compiled anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import pytest

from tactful.core.surveys import State, Survey
from tactful.store import projects

__all__ = ["remembered"]


@contextmanager
def remembered() -> Iterator[None]:
    """Let `load_config` remember what it has read."""
    read_definition, stored_policy = projects.read_definition, projects._stored_policy

    @lru_cache(maxsize=4_096)
    def by_text(definition: str, state: State) -> Survey:
        return read_definition({"definition": definition}, state)

    def remembering(row: Any, state: State) -> Survey:
        return by_text(row["definition"], state)

    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(projects, "read_definition", remembering)
        patching.setattr(projects, "_stored_policy", lru_cache(maxsize=4_096)(stored_policy))
        yield
