"""A real Chromium, and pages on origins of their own."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, sync_playwright

__all__ = ["LOOKS", "a_browser", "chromium_path", "pages_on_another_origin", "some_browsers"]

#: Lantern's widths in both schemes; all but the smallest are left to `make test-all`.
LOOKS = [
    (360, "dark"),
    *(
        pytest.param(*look, marks=pytest.mark.long)
        for look in ((360, "light"), (1440, "dark"), (800, "light"), (800, "dark"), (1440, "light"))
    ),
]

#: No sandbox, since continuous integration often runs as root; nothing that would call home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str:
    """The Chromium that `scripts/chromium` found, or the machine's."""
    found = os.environ.get("TACTFUL_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "no Chromium: run the tests by `make test`, or set TACTFUL_TEST_CHROMIUM"
    return found


@contextlib.contextmanager
def some_browsers() -> Iterator[Callable[[bool], Browser]]:
    """Headless Chromiums for the block, with or without a back/forward cache, each started when it is asked for first.

    Playwright switches that cache off unless it is wanted. For as long as the block it leaves an event loop running.
    """
    with sync_playwright() as playwright, contextlib.ExitStack() as ending:

        @functools.cache
        def browser(back_forward_cache: bool) -> Browser:
            ignored = ["--disable-back-forward-cache"] if back_forward_cache else []
            path = chromium_path()
            started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, ignore_default_args=ignored)
            ending.callback(started.close)
            return started

        yield browser


@contextlib.contextmanager
def a_browser() -> Iterator[Browser]:
    """A headless Chromium for the block."""
    with some_browsers() as browser:
        yield browser(False)


@contextlib.contextmanager
def pages_on_another_origin(pages: dict[str, str], policy: str) -> Iterator[str]:
    """Serve `pages` (path -> HTML) under the Content-Security-Policy `policy`; yields their origin."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0])
            self.send_response(404 if body is None else 200)
            kind = {"css": "css", ".js": "javascript"}.get(self.path.partition("?")[0][-3:], "html")
            self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def do_POST(self) -> None:
            """Take whatever a page tells its own site."""
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    # It looks so often, in seconds, whether it shall stop; its own half a second would be the end of every test.
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
