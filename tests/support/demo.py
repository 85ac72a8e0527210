"""`tactful demo` in a process of its own: the service and Lantern on free ports."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from tests.support.server import START_WITHIN_S, free_port

__all__ = ["VIOLATIONS", "the_demo"]

#: Keeps what a page's policy forbade in its session's storage, under `violations`.
VIOLATIONS = """
addEventListener('securitypolicyviolation', (event) => {
  const key = 'violations'
  sessionStorage.setItem(key, (sessionStorage.getItem(key) || '') + event.violatedDirective + ' ' + event.blockedURI)
})
"""


@contextlib.contextmanager
def the_demo(directory: Path) -> Iterator[tuple[str, str]]:
    """Run `tactful demo`; yields the site's address and the password that it prints for its member."""
    port, site_port = free_port(), free_port()
    log = directory / "demo.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TACTFUL_")}
    command = [sys.executable, "-m", "tactful", "demo", "--no-seed", "--directory", str(directory / "data")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--site-port", str(site_port)], stderr=output, env=environment
        )
    try:
        for address in (f"http://localhost:{port}/readyz", f"http://localhost:{site_port}/"):
            _wait_for(address, process, log)
        password = re.search(r"with the password (\S+)", log.read_text())
        assert password is not None, "the demo prints how to log in"
        yield f"http://localhost:{site_port}", password[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_WITHIN_S
    while time.monotonic() < give_up_at:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(address).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{address} did not answer: {log.read_text()}")
