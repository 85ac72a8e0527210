"""`tactful serve`: uvicorn around the application, in this process or in several workers (workers.py)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from tactful.app import create_app
from tactful.cli_members import print_first_link
from tactful.clock import Clock
from tactful.errors import CannotStart
from tactful.settings import Settings
from tactful.store.lock import ServerLock
from tactful.store.opening import migrate
from tactful.workers import run_workers

__all__ = ["serve", "serve_socket"]

#: A page that is gone keeps its connection no longer than this.
KEEP_ALIVE_S = 30


class _Server(uvicorn.Server):
    """uvicorn, which would wait for open streams to end by themselves. Calls `when_ready` once it listens."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._when_ready is not None:
            self._when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        assert isinstance(app, Starlette)
        app.state.service.hub.close()
        app.state.service.updates.close()
        await super().shutdown(sockets)


def _config(settings: Settings, clock: Clock, *, host: str = "", port: int = 0) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings, clock),
        host=host,
        port=port,
        access_log=False,
        log_level="info",
        timeout_keep_alive=KEEP_ALIVE_S,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # whom to believe is one setting of ours (web/addresses.py)
    )


def serve(settings: Settings, clock: Clock, *, host: str, port: int, workers: int = 1) -> None:
    """Serve until a signal. Raises `CannotStart` when the file is served already or it cannot have several workers."""
    if workers > 1 and settings.database_url.kind == "sqlite":
        raise CannotStart(
            "one_worker",
            "One server process writes to a SQLite file: run with --workers 1. "
            "For several processes or machines use PostgreSQL.",
        )
    _prepare(settings, clock)
    if workers == 1:
        _Server(_config(settings, clock, host=host, port=port)).run()
    else:
        run_workers(workers, host, port)


def _prepare(settings: Settings, clock: Clock) -> None:
    """Try everything here first, where the reason can still be told in a sentence: inside uvicorn it would be a stack
    trace."""
    path = settings.database_url.path
    with contextlib.nullcontext() if path is None else ServerLock(path):
        migrate(settings.database_url, clock)
        print_first_link(settings, clock)


def serve_socket(settings: Settings, clock: Clock, listening: socket.socket, when_ready: Callable[[], None]) -> None:
    """Serve, as a worker, on a socket that another process opened, until a signal."""
    _Server(_config(settings, clock), when_ready).run(sockets=[listening])
