"""What every test in a browser may need: a Chromium, a server, a project with its pages, and patience."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.support.browser import some_browsers
from tests.support.server import Server, serving
from tests.support.widget import WITHIN_S, Host, Watched, a_host, watch

# Playwright's own five seconds are too few for a machine that does much else at the same time.
expect.set_options(timeout=WITHIN_S * 1_000)


@pytest.fixture(scope="package")
def chromiums() -> Iterator[Callable[[bool], Browser]]:
    """The browsers of all files here. Nothing here may run an event loop of its own: Playwright leaves one running."""
    with some_browsers() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(request: pytest.FixtureRequest, chromiums: Callable[[bool], Browser]) -> Iterator[Browser]:
    """A Chromium without windows; with the back/forward cache where a file says `BACK_FORWARD_CACHE = True`."""
    browser = chromiums(getattr(request.module, "BACK_FORWARD_CACHE", False))
    yield browser
    for context in browser.contexts:
        context.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all files here; each test makes a project of its own."""
    with serving(tmp_path_factory.mktemp("server") / "tactful.db") as running:
        yield running


@pytest.fixture
def host(request: pytest.FixtureRequest, server: Server) -> Iterator[Host]:
    """A project of one's own, and pages that embed it; with the surveys of a file that names `SURVEYS`."""
    with a_host(server.url, server.path, *getattr(request.module, "SURVEYS", ())) as made:
        yield made


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that nobody has used yet, as large as a desk's."""
    made = chromium.new_context(viewport={"width": 1280, "height": 800})
    yield made
    made.close()


@pytest.fixture
def seen(context: BrowserContext) -> Iterator[Watched]:
    """A page that must end without an error and without a policy violation."""
    watched = watch(context)
    yield watched
    assert watched.errors == watched.violations == []
