"""`tactful serve --workers N`: a process that keeps N server processes at one listening socket.

The parent opens the socket, so that an address in use is told once and in words, and starts each worker as a command of
its own (`python -m tactful.workers`), which reads the same environment. Whoever is free takes the next connection.
A worker that dies is replaced. Where none has ever got ready, all end: the next one could not start either.

uvicorn has such a parent too, but its workers would wait at the end for open streams, which never end by themselves.

Parent and workers share a pair of sockets. A worker says by one byte that it is ready, and reads the end of the pair
when the parent is gone, however that one ended; so no worker stays behind.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from functools import partial
from types import FrameType

from tactful.errors import CannotStart

__all__ = ["run_workers"]

_log = logging.getLogger("tactful.workers")

LOOK_EVERY_S = 0.2
ASK_AGAIN_S = 1.0
BACKLOG = 2_048
_READY = b"r"


class _Workers:
    """The workers at one socket, and the wish to end them."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._here, self._there = socket.socketpair()
        self._running: list[subprocess.Popen[bytes]] = []
        self._once_ready = False
        self._stopping = False

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Take a signal: end all workers. A second one does not wait for them."""
        for worker in self._running if self._stopping else ():
            worker.kill()
        self._stopping = True

    def keep(self, count: int) -> None:
        """Keep `count` workers until a signal. Raises `CannotStart` when none gets ready."""
        try:
            while not self._stopping:
                self._end_with_one_that_cannot_start()
                while len(self._running) < count:
                    self._start()
                self._look()
        finally:
            self._end()
            self._here.close()
            self._there.close()

    def _end(self) -> None:
        """End all workers. A signal that comes while Python starts may be lost on it, so it is sent again."""
        while running := [worker for worker in self._running if worker.poll() is None]:
            for worker in running:
                worker.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running[0].wait(ASK_AGAIN_S)

    def _start(self) -> None:
        handles = (self._listening.fileno(), self._there.fileno())
        command = [sys.executable, "-m", "tactful.workers", *map(str, handles)]
        # In a session of its own: what a terminal interrupts is the parent, who ends them in order.
        worker = subprocess.Popen(command, pass_fds=handles, start_new_session=True)  # noqa: S603  # ourselves
        self._running.append(worker)

    def _look(self) -> None:
        """Wait a moment for somebody to get ready."""
        if select.select([self._here], [], [], LOOK_EVERY_S)[0]:
            self._once_ready = bool(self._here.recv(1_024))

    def _end_with_one_that_cannot_start(self) -> None:
        """Forget whoever has ended, to be replaced. Raises `CannotStart` where there is no hope of better."""
        ended = [worker for worker in self._running if worker.poll() is not None]
        for worker in ended:
            self._running.remove(worker)
            if not self._once_ready:
                raise CannotStart("worker_failed", "A worker could not start; what it said above tells why.")
            _log.warning("Worker %s ended with %s; starting another.", worker.pid, worker.returncode)


def run_workers(count: int, host: str, port: int) -> None:
    """Serve with `count` processes until a signal. Raises `CannotStart`, also where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise CannotStart("address_unusable", f"Cannot listen on {host} port {port}: {error.strerror}.") from error
    with listening:
        workers = _Workers(listening)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, workers.stop)
        _log.info("%s workers listen on http://%s:%s", count, f"[{host}]" if ":" in host else host, port)
        workers.keep(count)


def _end_when_alone(pair: socket.socket) -> None:
    """End this process, as a signal does, when its parent is gone; again until it hears."""
    pair.recv(1)
    while True:
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(ASK_AGAIN_S)


def _say_ready(pair: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the parent is gone, and so is this process in a moment
        pair.sendall(_READY)


def main(listening_handle: int, pair_handle: int) -> None:
    """Be a worker: serve on the socket that the parent opened, and tell it once that is possible."""
    from tactful.commands import clock, the_settings  # noqa: PLC0415  # the parent, which imports this, needs neither
    from tactful.serve import serve_socket  # noqa: PLC0415  # as above

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # uvicorn raises the signal that ended it once more; ending in order is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with socket.socket(fileno=pair_handle) as pair, socket.socket(fileno=listening_handle) as listening:
        threading.Thread(target=_end_when_alone, args=(pair,), daemon=True).start()
        serve_socket(the_settings(), clock, listening, partial(_say_ready, pair))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
