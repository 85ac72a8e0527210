"""`tactful serve`: uvicorn around the application."""

from __future__ import annotations

import socket

import uvicorn
from starlette.applications import Starlette

from tactful.app import create_app
from tactful.cli_members import print_first_link
from tactful.clock import Clock
from tactful.errors import CannotStart
from tactful.settings import Settings
from tactful.store.lock import ServerLock
from tactful.store.migrate import migrate

__all__ = ["serve"]


class _Server(uvicorn.Server):
    """uvicorn, which would wait for open streams to end by themselves."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        assert isinstance(app, Starlette)
        app.state.service.hub.close()
        app.state.service.updates.close()
        await super().shutdown(sockets)


#: A page that is gone keeps its connection no longer than this.
KEEP_ALIVE_S = 30


def serve(settings: Settings, clock: Clock, *, host: str, port: int, workers: int = 1) -> None:
    """Serve until a signal. Raises `CannotStart` when the file is served already or more workers are wanted."""
    if workers != 1:
        raise CannotStart(
            "one_worker",
            "One server process writes to a SQLite file: run with --workers 1. "
            "For several processes or machines use PostgreSQL.",
        )
    # Tried here first, where the reason can still be told in a sentence: inside uvicorn it would be a stack trace.
    with ServerLock(settings.database_url):
        migrate(settings.database_url, clock)
        print_first_link(settings, clock)
    config = uvicorn.Config(
        create_app(settings, clock),
        host=host,
        port=port,
        access_log=False,
        log_level="info",
        timeout_keep_alive=KEEP_ALIVE_S,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # whom to believe is one setting of ours (web/tries.py)
    )
    _Server(config).run()
