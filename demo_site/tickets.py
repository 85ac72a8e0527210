"""The help desk's tickets, kept in memory: Lantern is a demo, and forgets them when it stops.

A ticket waits for an answer when its writer spoke last, is answered when an agent did, and is closed when an agent says
so; whatever its writer says after that opens it again. Every change raises the revision, by which open windows notice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from demo_site.people import AGENTS, CAST, Agent, Person

__all__ = ["STATUSES", "Message", "Status", "Ticket", "TicketBook", "now_ms"]

Status = Literal["waiting", "answered", "closed"]

#: In the order of the queue: what has to be done comes first.
STATUSES: tuple[Status, ...] = ("waiting", "answered", "closed")

_OLD = Path(__file__).parent / "content" / "tickets.yaml"
#: Lantern stands on an open port in a demo; nobody may fill its memory with tickets, or a ticket with messages.
_MOST_TICKETS = 500
_MOST_MESSAGES = 200
_MINUTE_MS = 60_000


def now_ms() -> int:
    """The time, in milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """What was said; `agent` is None where the ticket's writer said it."""

    text: str
    at: int
    agent: Agent | None = None


@dataclass(slots=True)
class Ticket:
    """One question and what was said to it, the oldest first. `agent` is who closed it, or answered last."""

    number: int
    person: Person
    subject: str
    messages: list[Message]
    revision: int = 0
    agent: Agent | None = None
    opened_at: int = 0
    closed_at: int | None = None

    @property
    def key(self) -> str:
        """What people call it: `L-1042`."""
        return f"L-{self.number}"

    @property
    def status(self) -> Status:
        """Whose turn it is."""
        if self.closed_at is not None:
            return "closed"
        return "waiting" if self.messages[-1].agent is None else "answered"

    @property
    def moved_at(self) -> int:
        """When something last happened to it."""
        return max(self.messages[-1].at, self.closed_at or 0)


class _OldMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ago: int
    text: str
    agent: str | None = None


class _OldTicket(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ticket from before Lantern started; `ago` and `closed_ago` are minutes."""

    person: str
    subject: str
    messages: list[_OldMessage]
    closed_ago: int | None = None


@dataclass(slots=True)
class TicketBook:
    """Every ticket by its number. When there are too many, those that moved least recently are forgotten."""

    most: int = _MOST_TICKETS
    revision: int = 0
    _tickets: dict[int, Ticket] = field(default_factory=dict)
    _next: int = 1037

    @classmethod
    def with_old_tickets(cls) -> TicketBook:
        """Return a book with the tickets of the last few days in it."""
        book, now = cls(), now_ms()
        for old in msgspec.convert(yaml.safe_load(_OLD.read_text(encoding="utf-8")), list[_OldTicket]):
            messages = [
                Message(one.text, now - one.ago * _MINUTE_MS, AGENTS.get(one.agent or "")) for one in old.messages
            ]
            ticket = book._add(CAST[old.person], old.subject, messages)
            ticket.agent = next((one.agent for one in reversed(messages) if one.agent), None)
            ticket.closed_at = None if old.closed_ago is None else now - old.closed_ago * _MINUTE_MS
        return book

    def find(self, number: int) -> Ticket | None:
        """Return the ticket with this number."""
        return self._tickets.get(number)

    def of(self, person: Person) -> list[Ticket]:
        """Return a person's own tickets, the one that moved last first."""
        return _latest_first(ticket for ticket in self._tickets.values() if ticket.person.key == person.key)

    def with_status(self, status: Status) -> list[Ticket]:
        """Return the queue of one status: who waits longest comes first, of the others what moved last."""
        found = _latest_first(ticket for ticket in self._tickets.values() if ticket.status == status)
        return found[::-1] if status == "waiting" else found

    def open(self, person: Person, subject: str, text: str) -> Ticket:
        """Keep a new ticket."""
        ticket = self._add(person, subject, [Message(text, now_ms())])
        if len(self._tickets) > self.most:
            del self._tickets[min(self._tickets.values(), key=lambda one: (one.moved_at, one.number)).number]
        return ticket

    def say(self, ticket: Ticket, text: str, agent: Agent | None = None) -> None:
        """Add what the ticket's writer, or an agent, says."""
        if len(ticket.messages) < _MOST_MESSAGES:
            ticket.messages.append(Message(text, now_ms(), agent))
        ticket.agent = agent or ticket.agent
        self._moved(ticket)

    def close(self, ticket: Ticket, agent: Agent) -> bool:
        """Close a ticket; False if it was closed already."""
        if ticket.closed_at is not None:
            return False
        ticket.closed_at, ticket.agent = now_ms(), agent
        self._moved(ticket)
        return True

    def reopen(self, ticket: Ticket) -> bool:
        """Open a closed ticket again; False if it was open."""
        if ticket.closed_at is None:
            return False
        ticket.closed_at = None
        self._moved(ticket)
        return True

    def revision_of(self, person: Person) -> int:
        """Return the last revision that changed something of a person's."""
        return max((ticket.revision for ticket in self.of(person)), default=0)

    def _add(self, person: Person, subject: str, messages: list[Message]) -> Ticket:
        ticket = Ticket(self._next, person, subject, messages, opened_at=messages[0].at)
        self._next += 1
        self._tickets[ticket.number] = ticket
        self._moved(ticket)
        return ticket

    def _moved(self, ticket: Ticket) -> None:
        self.revision += 1
        ticket.revision = self.revision


def _latest_first(tickets: Iterable[Ticket]) -> list[Ticket]:
    return sorted(tickets, key=lambda one: (one.moved_at, one.number), reverse=True)
