"""Either database for a test: where it is, and work done beside the service, as a command does it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from tactful.clock import Clock
from tactful.database_url import DatabaseUrl
from tactful.store.opening import run_once
from tactful.store.script import Script

__all__ = ["Where", "beside", "url_of"]

T = TypeVar("T")
P = ParamSpec("P")

#: A SQLite file, or either database by its URL.
Where = Path | DatabaseUrl


def url_of(where: Where) -> DatabaseUrl:
    return DatabaseUrl.of_file(where) if isinstance(where, Path) else where


def beside(where: Where, clock: Clock, script: Callable[P, Script[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one script as a command does. A test may have a loop running, and a command on PostgreSQL runs one itself."""
    url = url_of(where)
    if url.kind == "sqlite":
        return run_once(url, clock, script, *args, **kwargs)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: run_once(url, clock, script, *args, **kwargs)).result()
