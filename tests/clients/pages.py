"""Pages on an origin of their own that run a script as a bundler makes it, under a strict policy."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.support.browser import pages_on_another_origin

__all__ = ["Pages", "bundled", "pages_for"]

ESBUILD = Path(__file__).parents[2] / "widget" / "node_modules" / ".bin" / "esbuild"


def bundled(source: Path) -> str:
    """A page's script with what it imports."""
    command = [str(ESBUILD), str(source), "--bundle", "--format=iife", "--log-level=warning"]
    return subprocess.check_output(command, text=True)


@dataclass
class Pages:
    """Pages of a site, by their paths."""

    origin: str
    _pages: dict[str, str]

    def open(self, browser: Browser, script: str, attributes: str = "") -> Page:
        """Open a page that runs `script`, whose tag has these attributes, in a browser of its own."""
        self._pages["/script.js"] = script
        self._pages["/"] = (
            f'<!doctype html><html lang="en"><title>Shop</title><script src="/script.js" {attributes}></script>'
        )
        page = browser.new_context().new_page()
        page.goto(self.origin)
        return page


@contextlib.contextmanager
def pages_for(service: str) -> Iterator[Pages]:
    """Serve pages that may talk to the service at this address and to nobody else."""
    pages: dict[str, str] = {}
    policy = f"default-src 'self'; connect-src 'self' {service}; require-trusted-types-for 'script'"
    with pages_on_another_origin(pages, policy) as origin:
        yield Pages(origin, pages)
