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


@lru_cache(maxsize=10_000)
def _by_text(definition: str, state: State) -> Survey:
    return _READ_DEFINITION({"definition": definition}, state)


def _read_definition(row: Any, state: State) -> Survey:
    return _by_text(row["definition"], state)


_READ_DEFINITION = projects.read_definition
_stored_policy = lru_cache(maxsize=10_000)(projects._stored_policy)


@contextmanager
def remembered() -> Iterator[None]:
    """Let `load_config` remember what it has read."""
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(projects, "read_definition", _read_definition)
        patching.setattr(projects, "_stored_policy", _stored_policy)
        yield
