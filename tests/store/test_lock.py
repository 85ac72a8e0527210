"""One server to a file: the lock outlives nobody and says who has it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tactful.errors import CannotStart
from tactful.store.lock import ServerLock

_HOLDER = """
import sys
from tactful.store.lock import ServerLock
with ServerLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def other_server(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the lock until its input ends."""
    command = [sys.executable, "-c", _HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_second_server_is_refused_and_told_what_to_do(path: Path) -> None:
    with other_server(path) as other:
        with pytest.raises(CannotStart) as caught:
            ServerLock(path).acquire()
        assert caught.value.code == "already_serving"
        for hint in (f"process {other.pid}", str(path.with_name("tactful.db.lock")), "Stop that process"):
            assert hint in caught.value.message


def test_second_server_in_the_same_process_is_refused(path: Path) -> None:
    with ServerLock(path), pytest.raises(CannotStart, match=f"process {os.getpid()}"):
        ServerLock(path).acquire()


def test_lock_of_a_killed_server_is_free(path: Path) -> None:
    with other_server(path) as other:
        other.send_signal(signal.SIGKILL)
        other.wait(30)
        assert path.with_name("tactful.db.lock").read_text() == f"{other.pid}\n"
        with ServerLock(path):
            assert path.with_name("tactful.db.lock").read_text() == f"{os.getpid()}\n"


def test_released_lock_is_free(path: Path) -> None:
    lock = ServerLock(path)
    for _ in range(2):
        lock.acquire()
        lock.release()
    lock.release()


def test_two_names_of_one_file_meet_at_one_lock(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with ServerLock(path), pytest.raises(CannotStart):
        ServerLock(link).acquire()


def test_owner_that_has_not_written_its_id_yet_is_unknown(path: Path) -> None:
    with ServerLock(path) as lock:
        lock.path.write_text("")
        with pytest.raises(CannotStart, match="process unknown"):
            ServerLock(path).acquire()


def test_directory_that_is_missing_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="No such file or directory") as caught:
        ServerLock(tmp_path / "nowhere" / "tactful.db").acquire()
    assert caught.value.code == "lock_unusable"


def test_lock_that_cannot_be_written_is_explained(path: Path) -> None:
    path.with_name("tactful.db.lock").symlink_to("/dev/full")
    with pytest.raises(CannotStart) as caught:
        ServerLock(path).acquire()
    assert caught.value.code == "lock_unusable"


def test_failed_tries_leave_no_file_open(path: Path) -> None:
    with ServerLock(path):
        before = set(Path("/dev/fd").iterdir())
        for _ in range(5):
            with pytest.raises(CannotStart):
                ServerLock(path).acquire()
        assert set(Path("/dev/fd").iterdir()) == before
