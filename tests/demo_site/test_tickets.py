"""The book of tickets: whose turn it is, what comes first, and what is forgotten."""

from __future__ import annotations

from demo_site.people import AGENTS, CAST, new_learner
from demo_site.tickets import STATUSES, TicketBook

NADIA, OWEN = AGENTS.values()
MAYA, TOM = CAST["maya-okafor"], CAST["tom-berger"]


def test_the_status_says_whose_turn_it_is() -> None:
    book = TicketBook()
    ticket = book.open(MAYA, "Login", "I cannot log in.")
    told = [ticket.status]
    book.say(ticket, "Try again.", NADIA)
    told.append(ticket.status)
    book.say(ticket, "No.")
    told.append(ticket.status)
    assert book.close(ticket, OWEN)
    told.append(ticket.status)
    assert (told, ticket.agent) == (["waiting", "answered", "waiting", "closed"], OWEN)
    assert book.reopen(ticket)
    assert ticket.status == "waiting"


def test_nothing_is_closed_or_opened_twice() -> None:
    book = TicketBook()
    ticket = book.open(MAYA, "Login", "I cannot log in.")
    assert not book.reopen(ticket)
    assert book.close(ticket, NADIA)
    assert not book.close(ticket, OWEN)
    assert ticket.agent is NADIA


def test_who_waits_longest_is_answered_first_and_everybody_sees_their_own() -> None:
    book = TicketBook()
    first, second = book.open(MAYA, "One", "?"), book.open(TOM, "Two", "?")
    assert book.with_status("waiting") == [first, second]
    assert (book.of(MAYA), book.of(TOM)) == ([first], [second])
    assert book.find(first.number) is first


def test_every_change_raises_the_revision_of_whom_it_concerns() -> None:
    book = TicketBook()
    ticket = book.open(MAYA, "One", "?")
    seen = book.revision_of(MAYA)
    book.say(book.open(TOM, "Two", "?"), "!", NADIA)
    assert book.revision_of(MAYA) == seen, "Tom's tickets are Tom's"
    book.say(ticket, "!", NADIA)
    assert book.revision_of(MAYA) == book.revision > seen
    assert book.revision_of(new_learner()) == 0


def test_what_moved_least_recently_is_forgotten_when_there_is_too_much() -> None:
    book = TicketBook(most=2)
    tickets = [book.open(MAYA, name, "?") for name in ("One", "Two", "Three")]
    assert {ticket.subject for ticket in book.of(MAYA)} == {"Two", "Three"}
    for _ in range(300):
        book.say(tickets[-1], "and another thing")
    assert len(tickets[-1].messages) == 200


def test_lantern_starts_with_tickets_of_every_status_and_one_in_chinese() -> None:
    book = TicketBook.with_old_tickets()
    assert all(book.with_status(status) for status in STATUSES)
    assert book.of(CAST["lin-xiaoyu"])
    for status in STATUSES:
        for ticket in book.with_status(status):
            times = [message.at for message in ticket.messages]
            assert times == sorted(times)
            assert status != "closed" or ticket.agent is not None
