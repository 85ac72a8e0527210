"""What Lantern's backend tells Tactful, through the library that most backends have already.

The library is `segment-analytics-python`, unmodified: it takes the project's write key, and Tactful's address in place
of its own. Its thread sends, so no page waits for it; and each message leaves at once, since somebody may be watching
the tab in which it brings up a question. What was said is noted for the panel, which no real backend would do.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any, Literal
from uuid import uuid4

from demo_site.people import Agent, Person
from demo_site.settings import Settings
from demo_site.tickets import Ticket, now_ms

__all__ = ["Backend", "Note"]

_MINUTE_MS = 60_000
_RECENTLY_MS = 5 * _MINUTE_MS
_MOST_NOTES = 400
_MOST_PEOPLE = 5_000

Values = dict[str, Any]


@dataclass(slots=True)
class Note:
    """A message that was handed to the library: about whom, because of whom. `trouble` says why it never arrived."""

    number: int
    at: int
    type: Literal["identify", "group", "track"]
    name: str
    values: Values
    about: str
    by: str
    trouble: str = ""


class Backend:
    """Lantern's backend as Tactful knows it. With `sending` off nothing leaves, and everything is noted as ever."""

    def __init__(self, settings: Settings, *, sending: bool = True) -> None:
        from segment.analytics import Client  # noqa: PLC0415  # __main__ says first, in words, that it is missing

        self._client = Client(
            write_key=settings.write_key,
            host=settings.tactful_url,
            upload_size=1,
            max_retries=4,
            timeout=5,
            send=sending,
            on_error=self._not_delivered,
        )
        self._notes: deque[Note] = deque(maxlen=_MOST_NOTES)
        self._by_message: dict[str, Note] = {}
        self._numbers = count(1)
        self._met: dict[str, None] = {}

    def meets(self, person: Person) -> None:
        """Say who somebody is, and whom they belong to, the first time that they are seen logged in."""
        if person.user_id is None or person.key in self._met:
            return
        self._met[person.key] = None
        if len(self._met) > _MOST_PEOPLE:
            del self._met[next(iter(self._met))]
        since = person.since or datetime.now(UTC).isoformat(timespec="seconds")
        traits = {**person.traits, "created_at": since}
        message_id = self._note("identify", "who is logged in", traits, person)
        self._client.identify(person.user_id, traits, message_id=message_id)
        if person.account is not None:
            account = person.account
            message_id = self._note("group", account.name, account.traits, person)
            self._client.group(person.user_id, account.key, account.traits, message_id=message_id)

    def opened(self, ticket: Ticket) -> None:
        """Say that somebody wrote to the help desk."""
        self._track("Ticket Opened", ticket, {"subject": ticket.subject})

    def closed(self, ticket: Ticket, agent: Agent) -> None:
        """Say that an agent closed a ticket: this is what brings the survey up in its writer's tab."""
        minutes = ((ticket.closed_at or now_ms()) - ticket.opened_at) // _MINUTE_MS
        values = {"subject": ticket.subject, "agent": agent.name, "minutes_open": minutes}
        self._track("Ticket Closed", ticket, values, agent.key)

    def reopened(self, ticket: Ticket, by: str) -> None:
        """Say that a ticket is open again, by an agent or by what its writer said."""
        self._track("Ticket Reopened", ticket, {}, by)

    def notes_for(self, key: str, after: int) -> list[Note]:
        """What was said about somebody, or because of them, after the note with this number; of the last minutes if
        that is 0.
        """
        since = 0 if after else now_ms() - _RECENTLY_MS
        about = (note for note in self._notes if key in (note.about, note.by))
        return [note for note in about if note.number > after and note.at > since]

    def stop(self) -> None:
        """End the library's thread; what it was not able to deliver is given up."""
        self._client.join()

    def _track(self, event: str, ticket: Ticket, values: Values, by: str | None = None) -> None:
        properties = {"ticket": ticket.key, **values}
        message_id = self._note("track", event, properties, ticket.person, by)
        self._client.track(ticket.person.user_id, event, properties, message_id=message_id)

    def _note(
        self,
        type: Literal["identify", "group", "track"],  # noqa: A002  # what the dialect calls it
        name: str,
        values: Values,
        about: Person,
        by: str | None = None,
    ) -> str:
        note = Note(next(self._numbers), now_ms(), type, name, values, about.key, by or about.key)
        if len(self._notes) == _MOST_NOTES:
            self._by_message.pop(next(iter(self._by_message)), None)
        self._notes.append(note)
        message_id = str(uuid4())
        self._by_message[message_id] = note
        return message_id

    def _not_delivered(self, error: Exception, batch: list[Values]) -> None:
        for message in batch:
            note = self._by_message.get(message.get("messageId", ""))
            if note is not None:
                note.trouble = str(error)
