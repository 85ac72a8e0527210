"""Host pages for the widget: on an origin of their own, under a policy without inline scripts, with Trusted Types."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tactful.cli import new_project
from tactful.clock import SystemClock
from tactful.store.opening import migrate
from tactful.store.projects import NewProject, create_project
from tests.support.browser import pages_on_another_origin
from tests.support.databases import Where, beside, url_of
from tests.support.rows import execute
from tests.support.service import NO_RULES, a_survey, apply_to

#: What the README's snippet does, from a file.
STUB = "window.tactful = window.tactful || function () { (tactful.q = tactful.q || []).push(arguments) }"
#: What one survey of `a_survey` waits for, said by attributes alone.
BUTTON = '<button data-tactful-track="Done" data-tactful-properties=\'{"course": "algebra"}\'>Finish</button>'

WITHIN_S = 60.0


def until(holds: Callable[[], object]) -> None:
    """Look again until `holds`: a database tells nobody when it changes."""
    give_up_at = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < give_up_at, "it did not come true"
        time.sleep(0.02)


@dataclass
class Host:
    """A project on a running server, and pages that embed its widget."""

    api: str
    where: Where
    project: NewProject
    origin: str
    pages: dict[str, str]

    def page(self, path: str = "/", *, attributes: str = "", body: str = "") -> str:
        """Serve a page with the widget at `path` and return its address."""
        self.pages[path] = f"""<!doctype html>
            <html lang="en"><meta name="viewport" content="width=device-width"><title>Host</title>
            <script src="/stub"></script>
            <script async src="{self.api}/w/{self.project.public_key}.js" {attributes}></script>
            <main><h1>Host</h1><p>A page of somebody else.</p><input aria-label="Name">{body}</main></html>"""
        return self.origin + path

    def script(self, path: str, code: str) -> str:
        """Serve `code` at `path` and return the tag that runs it."""
        self.pages[path] = code
        return f'<script src="{path}"></script>'

    def responses(self) -> list[tuple[dict[str, Any], bool]]:
        """The answers of every response, and whether it is done."""
        rows = execute(self.where, "SELECT answers, done FROM responses WHERE project_id = ?", self.project.project_id)
        return [(json.loads(answers), bool(done)) for answers, done in rows]

    def asks(self, column: str = "asked_at") -> list[int]:
        """The times in `column` of the asks that have one."""
        statement = f"SELECT {column} FROM asks WHERE project_id = ? AND {column} IS NOT NULL"
        return [at for (at,) in execute(self.where, statement, self.project.project_id)]


@contextlib.contextmanager
def a_host(api: str, where: Where, *surveys: dict[str, Any], policies: str = "tactful") -> Iterator[Host]:
    """Make a project with `surveys` (one by default) on the server `api`, which serves the database.

    `policies` names the policies that its pages may make where Trusted Types rule.
    """
    pages = {"/stub": STUB}
    policy = (
        f"default-src 'self'; script-src 'self' {api}; connect-src 'self' {api}; "
        f"require-trusted-types-for 'script'; trusted-types {policies}"
    )
    clock = SystemClock()
    if url_of(where).kind == "sqlite":
        migrate(url_of(where), clock)
    with pages_on_another_origin(pages, policy) as origin:
        project = new_project(f"P of {origin}", (origin,))
        beside(where, clock, create_project, project)
        apply_to(where, clock, project.project_id, *(surveys or (a_survey(),)), policy=NO_RULES)
        yield Host(api, where, project, origin, pages)


@dataclass
class Watched:
    """A page in a browser and everything about it that must not happen, or must."""

    page: Page
    errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def card(self) -> Locator:
        return self.page.get_by_role("dialog")

    def track(self, event: str = "Done") -> None:
        self.page.evaluate("event => tactful('track', event)", event)

    def stored(self) -> int:
        """How much the page keeps, after the turn in which what was just said would be stored and sent."""
        look = "new Promise((done) => setTimeout(() => done(localStorage.length + sessionStorage.length)))"
        found: int = self.page.evaluate(look)
        return found

    def sent(self, path: str) -> int:
        """How many requests went to addresses that contain `path`."""
        self.page.evaluate("0")  # any call makes Playwright hand over what happened meanwhile
        return sum(path in address for address in self.requests)


def watch(context: BrowserContext) -> Watched:
    """Open a page and keep its errors, policy violations and requests."""
    watched = Watched(context.new_page())

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Trusted" in message.text:
            watched.violations.append(message.text)

    def note(request: Request) -> None:
        watched.requests.append(request.url)

    watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
    watched.page.on("console", hear)
    watched.page.on("request", note)
    return watched


def go_back(page: Page) -> None:
    """Go back as the button does. Playwright's own waits for a load, which a page that was kept does not have."""
    page.evaluate("setTimeout(() => history.back())")


def ask(host: Host, seen: Watched, path: str = "/") -> None:
    """Go to a page and be asked on it."""
    seen.page.goto(host.page(path, attributes="data-user-id=ann", body=BUTTON))
    seen.page.get_by_role("button", name="Finish").click()
    expect(seen.card).to_be_visible()
