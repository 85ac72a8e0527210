"""Telling the other nodes: PostgreSQL's NOTIFY and LISTEN, on a connection of its own.

What is told is told after its commit and outside of it, since a NOTIFY inside a transaction makes all commits wait for
each other. It is best effort: a message that is lost costs time only, because every node also looks by itself. What is
told while a message is under way goes together with the next.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from tactful.store.postgres_connections import Connection, Link
from tactful.store.postgres_serving import share

__all__ = ["MOST_BYTES", "Broadcast"]

NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) payload"

_CHANNEL = "tactful"

#: PostgreSQL's bound is 8,000.
MOST_BYTES = 7_900

#: Messages that wait; later ones are dropped while the server is away.
_MOST_WAITING = 10_000

_RETRY_S = 1.0


class Broadcast:
    """One node's mouth and ears."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._callbacks: list[Callable[[str], None]] = []
        self._waiting: list[str] = []
        self._something = asyncio.Event()
        self._listening: Connection | None = None
        self._sharing: Connection | None = None
        self._task: asyncio.Task[None] | None = None

    def tell(self, payload: str) -> None:
        """Tell `payload`, of at most `MOST_BYTES` bytes of text without a null, to every other node that listens."""
        if len(payload.encode()) > MOST_BYTES:
            raise ValueError(f"a message to other nodes has at most {MOST_BYTES} bytes")
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(payload)
        self._start()
        self._something.set()

    def listen(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with whatever another node tells, on the event loop; it must not raise."""
        self._callbacks.append(callback)
        self._start()
        self._something.set()

    async def close(self) -> None:
        """Tell nothing more and hear nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._link.close()

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._go_on(), name="tactful-broadcast")

    async def _go_on(self) -> None:
        while True:
            try:
                await self._tell_all(await self._connection())
            except Exception:  # noqa: BLE001 -- best effort: the next try has a new connection
                self._link.drop()
                await asyncio.sleep(_RETRY_S)
            else:
                # A connection that was lost silently is found by looking at it now and then.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._something.wait(), _RETRY_S)

    async def _tell_all(self, connection: Connection) -> None:
        self._something.clear()
        payloads, self._waiting = self._waiting, []
        if payloads:
            await connection.execute(NOTIFY, _CHANNEL, payloads)

    async def _connection(self) -> Connection:
        connection = await self._link.get()
        if self._callbacks and connection is not self._listening:
            await connection.add_listener(_CHANNEL, self._hear)
            self._listening = connection
        # Refused while somebody restores, who has found nobody here: asked for again until that is over.
        if self._callbacks and connection is not self._sharing and await share(connection):
            self._sharing = connection
        return connection

    def _hear(self, connection: Any, pid: int, channel: str, payload: object) -> None:  # noqa: ARG002 -- the driver's
        if pid == connection.get_server_pid():
            return
        for callback in self._callbacks:
            callback(str(payload))
