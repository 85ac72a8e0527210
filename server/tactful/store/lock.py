"""The server's lock: at most one `serve` writes to a SQLite file.

The lock is the kernel's (flock), held on a file beside the database and let go however the process ends, so nothing
stale is ever left behind. The process id inside is for people only. The file itself stays: whoever removed it could
remove it from under a process that has just opened it, and then two would hold "the" lock.

Commands beside the server do not take it; they are kept apart from the server by SQLite's own lock.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from tactful.errors import CannotStart

__all__ = ["ServerLock"]


class ServerLock:
    """Holds the lock of one database from `acquire` to `release`; a context manager that does both."""

    def __init__(self, database: str | Path) -> None:
        # Two names of one file (a symbolic link) must meet at one lock.
        real = Path(database).resolve()
        self.path = real.with_name(f"{real.name}.lock")
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises `CannotStart`, naming the process that has it."""
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write_pid(fd)
        except BlockingIOError as error:
            raise self._held(_read_pid(fd)) from error
        except OSError as error:
            raise self._unusable(error) from error
        else:
            self._fd, fd = fd, -1
        finally:
            if fd >= 0:
                os.close(fd)

    def release(self) -> None:
        """Let go; nothing happens if the lock is not held."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def _held(self, pid: str) -> CannotStart:
        return CannotStart(
            "already_serving",
            f"Another server (process {pid or 'unknown'}) already serves this database; it holds the lock {self.path}. "
            "Stop that process first, or give this server a database of its own in TACTFUL_DATABASE_URL. "
            "For several server processes on the same data use PostgreSQL.",
            pid=pid,
            path=str(self.path),
        )

    def _unusable(self, error: OSError) -> CannotStart:
        return CannotStart(
            "lock_unusable",
            f"Cannot lock {self.path}: {error.strerror}. The database's directory must exist on a local disk and be "
            "writable by this user.",
            path=str(self.path),
        )


def _write_pid(fd: int) -> None:
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode("ascii"), 0)


def _read_pid(fd: int) -> str:
    """Return the process id in the file, empty if its owner has not written it yet."""
    return os.pread(fd, 32, 0).decode("ascii", "replace").strip()
