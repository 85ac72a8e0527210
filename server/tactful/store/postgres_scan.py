"""Reading much on PostgreSQL, for commands: script after script on one connection, each at one moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tactful.errors import Busy
from tactful.store.postgres import drive
from tactful.store.postgres_connections import Link, cannot_reach
from tactful.store.script import Script

__all__ = ["Scanner"]

T = TypeVar("T")


class Scanner:
    """One connection that cannot write, for one event loop; ended by `close`."""

    def __init__(self, url: str) -> None:
        self._link = Link(url, "scanner")

    async def scan(self, start: Callable[[], Script[T]]) -> Any:
        """Run a script and return its result. Raises `CannotStart` where the server does not answer."""
        try:
            connection = await self._link.get()
        except (Busy, OSError, ValueError) as error:
            raise cannot_reach(error.__cause__ or error) from error
        async with connection.transaction():
            return await drive(connection, start())

    async def close(self) -> None:
        """Close the connection in order."""
        await self._link.close()
