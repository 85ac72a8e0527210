"""A real server in a process of its own, started by its command, on a free port."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.support.databases import Where, url_of
from tests.support.rates import NO_LIMITS

START_WITHIN_S = 60.0
ENDS_WITHIN_S = 60.0

_reserved: list[socket.socket] = []


def free_port() -> int:
    """A port for a server of this test run, also where it is started again later.

    It is bound here, without listening, until the run ends: by SO_REUSEADDR a server may bind it too, while nobody is
    given it by chance.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    _reserved.append(reserved)
    port: int = reserved.getsockname()[1]
    return port


@atexit.register
def _let_go() -> None:
    for reserved in _reserved:
        reserved.close()


@dataclass
class Server:
    """A running `tactful serve`."""

    process: subprocess.Popen[bytes]
    url: str
    where: Where

    @property
    def path(self) -> Path:
        """The file that it serves."""
        assert isinstance(self.where, Path), "this server serves PostgreSQL"
        return self.where

    def kill(self) -> None:
        """SIGKILL, as a crash does."""
        self.process.kill()
        self.process.wait()


def environment(where: Where, url: str, **settings: object) -> dict[str, str]:
    """The environment of a command on a database, with further settings: `rate_address=10`. Nothing is limited by
    default: tests send from one address what a whole product sends from thousands."""
    given = {f"TACTFUL_{name.upper()}": str(value) for name, value in (NO_LIMITS | settings).items()}
    return (
        os.environ
        | given
        | {
            "TACTFUL_DATABASE_URL": url_of(where).text,
            "TACTFUL_SECRET_KEYS": "a-key-for-tests-of-32-characters!",
            "TACTFUL_BASE_URL": url,
            "PYTHONWARNINGS": "default",
        }
    )


def command(where: Where, *args: str, url: str = "http://localhost:8000") -> subprocess.CompletedProcess[str]:
    """Run `tactful` with `args` and return how it ended, with what it said."""
    return subprocess.run(
        [sys.executable, "-m", "tactful", *args],
        env=environment(where, url),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextlib.contextmanager
def serving(
    where: Where, port: int | None = None, *options: str, base_url: str | None = None, **settings: object
) -> Iterator[Server]:
    """Serve a database until the end of the block, or until the server is killed. `base_url`: what it takes for its
    own address, where something stands before it; `settings` as for `environment`."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "tactful", "serve", "--port", str(port), *options],
        env=environment(where, base_url or url, **settings),
    )
    try:
        _wait_until_ready(process, url)
        yield Server(process, url, where)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=ENDS_WITHIN_S)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    give_up_at = time.monotonic() + START_WITHIN_S
    while time.monotonic() < give_up_at:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{url}/readyz").status_code == 200:
                return
        time.sleep(0.02)
    raise AssertionError("the server did not become ready")
