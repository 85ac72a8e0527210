"""A help desk: a backend that speaks of tickets, and the pages of its users, which listen."""

from __future__ import annotations

import contextlib
import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
from playwright.sync_api import BrowserContext, expect

from tests.support.server import Server
from tests.support.service import a_survey
from tests.support.widget import Host, Watched, a_host, watch

__all__ = ["Desk", "a_desk", "desk_survey", "look"]

_tickets = itertools.count()

#: Whether somebody looks at the page, for the test to say: headless tabs are all in view.
SIGHT = "window.away = false; Object.defineProperty(document, 'hidden', { get: () => window.away })"


def desk_survey(**trigger: Any) -> dict[str, Any]:
    """Asks once a backend said that a ticket was closed."""
    cancel = [{"event": "Ticket Reopened", "same": "properties.ticket"}]
    one = {"event": "Ticket Closed", "source": "server", "per": "properties.ticket", "cancel_on": cancel} | trigger
    questions = [{"id": "score", "kind": "csat", "ask": "How did {{event.agent|we}} do on {{event.ticket}}?"}]
    return a_survey("desk", trigger={"any": [one]}, questions=questions)


@dataclass
class Desk:
    """A help desk's backend, and the pages of its users."""

    host: Host
    context: BrowserContext
    #: The server that the backend posts to.
    backend: str
    tabs: list[Watched] = field(default_factory=list)

    def say(self, event: str, user_id: str = "ann", ticket: int | None = None) -> int:
        """Post an event as the backend and return its ticket."""
        number = next(_tickets) if ticket is None else ticket
        message = {"type": "track", "userId": user_id, "event": event, "properties": {"ticket": number, "agent": "Bo"}}
        answer = httpx2.post(f"{self.backend}/v1/track", json=message, auth=(self.host.project.write_key, ""))
        assert answer.json() == {"success": True}
        return number

    def tab(self, user_id: str = "ann", *, listens: bool = True, path: str = "/") -> Watched:
        """Open a page as `user_id`; with `listens`, wait until its stream is open."""
        tab = watch(self.context)
        tab.page.add_init_script(SIGHT)
        self.tabs.append(tab)
        address = self.host.page(path, attributes=f'data-user-id="{user_id}"')
        if listens:
            with tab.page.expect_response("**/w/live") as opened:
                tab.page.goto(address)
            assert opened.value.status == 200
        else:
            tab.page.goto(address)
        return tab

    def ask_many(self, people: int) -> str:
        """Let the backend speak of each of `people` with a listening tab, who is asked; says how long that took."""
        seconds = []
        for number in range(people):
            tab = self.tab(f"user-{number}")
            begun = time.perf_counter()
            ticket = self.say("Ticket Closed", f"user-{number}")
            tab.card.wait_for(state="visible")
            seconds.append(time.perf_counter() - begun)
            expect(tab.card).to_contain_text(f"How did Bo do on {ticket}?")
            tab.page.close()
        assert len(self.host.asks()) == people
        median, worst = statistics.median(seconds) * 1_000, max(seconds) * 1_000
        return f"median of {people} {median:.0f} ms, worst {worst:.0f} ms"

    def ask_another(self) -> None:
        """Say something of another person and wait until they are asked, in a browser of their own.

        What was said before has reached by then whoever it reaches.
        """
        assert self.context.browser is not None
        with self.context.browser.new_context() as context:
            other = Desk(self.host, context, self.backend)
            tab = other.tab("another", path="/another")
            other.say("Ticket Closed", "another")
            expect(tab.card).to_be_visible()

    def cards(self) -> list[int]:
        """How many cards each tab shows."""
        return [tab.card.count() for tab in self.tabs if not tab.page.is_closed()]

    def streams(self) -> list[int]:
        """How many streams each tab has asked for."""
        return [tab.sent("/w/live") - tab.sent("/w/live-") for tab in self.tabs if not tab.page.is_closed()]


def look(tab: Watched, *, away: bool) -> None:
    tab.page.evaluate("away => { window.away = away; document.dispatchEvent(new Event('visibilitychange')) }", away)


@contextlib.contextmanager
def a_desk(
    server: Server, context: BrowserContext, *surveys: dict[str, Any], backend: Server | None = None
) -> Iterator[Desk]:
    """A desk whose pages know `server`, and whose backend knows `backend` where that is another node."""
    with a_host(server.url, server.where, *(surveys or (desk_survey(),))) as host:
        desk = Desk(host, context, (backend or server).url)
        yield desk
        assert [tab.errors + tab.violations for tab in desk.tabs] == [[] for _ in desk.tabs]
