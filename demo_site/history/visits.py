"""What each learner does: course after course, lesson after lesson, and now and then a question to the help desk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from random import Random
from typing import Any

from demo_site.history.moments import Learner, Moment, Ticket, Visit, Word
from demo_site.history.season import HOUR_MS, MINUTE_MS, Season

__all__ = ["moments_of"]

#: Chances: a second lesson in one visit; a ticket on a day; that it is reopened; that its answer is read on the page.
_SECOND_LESSON = 0.3
_TICKET = 0.0085
_TICKET_IN_OUTAGE = 0.02
_REOPENED = 0.12
_READ = 0.8
_FEEDBACK = 0.0014
#: The last visits end before now, reactions included.
_QUIET_MS = 12 * MINUTE_MS

World = Mapping[str, Any]


def moments_of(learner: Learner, world: World, season: Season, random: Random, tickets: count[int]) -> list[Moment]:
    """Everything that happens with one learner, in no order of time."""
    told = [Moment(learner.begins_at, learner, "joins", Visit())]
    studies = _studies(world["courses"], learner.language, random)
    kind = learner.account.kind if learner.account else ""
    first = int(season.day_of(learner.begins_at))
    for day in range(first, season.days + 1):
        at = season.moment_on(day, kind, learner.hours, random)
        if not learner.begins_at < at < min(learner.left_at, season.now - _QUIET_MS):
            continue
        if random.random() < learner.pace / 7 * season.busy(kind, at, learner.hours):
            told.append(_study(learner, at, next(studies), random))
        chance = _TICKET_IN_OUTAGE if season.is_outage(at) else _TICKET
        if learner.user_id is not None and random.random() < chance:
            ticket = _ticket(learner, world, tickets, random)
            told += [one for one in _at_the_desk(learner, ticket, at, random) if one.at < season.now - _QUIET_MS]
    return told


def _studies(courses: Sequence[World], language: str, random: Random) -> Iterator[Sequence[Word]]:
    """What one learner finishes, visit by visit, without end: courses in an order of their own, then again."""
    while True:
        for course in random.sample(courses, len(courses)):
            title = course[language]
            lessons = list(course["lessons"])
            while lessons:
                taken = lessons[: 2 if random.random() < _SECOND_LESSON else 1]
                lessons = lessons[len(taken) :]
                yield [
                    Word("Lesson Finished", {"course": course["key"], "lesson": lesson, "title": title})
                    for lesson in taken
                ]
            right = random.choices((1, 2, 3, 4), (5, 14, 35, 46))[0]
            told = {"course": course["key"], "title": title, "score": right}
            yield [Word("Quiz Finished", {**told, "questions": 4})]
            if right >= 2:
                yield [Word("Course Finished", told)]


_PLACES = {"Lesson Finished": "/lesson/{lesson}", "Quiz Finished": "/quiz", "Course Finished": "/certificate"}


def _study(learner: Learner, at: int, finished: Sequence[Word], random: Random) -> Moment:
    words, after_ms = [], 0
    for word in finished:
        after_ms += round(random.uniform(3, 9) * MINUTE_MS)
        words.append(Word(word.name, word.properties, after_ms))
    last = words[-1]
    page = f"/course/{last.properties['course']}" + _PLACES[last.name].format(**last.properties)
    browser, logged_in = _device(learner, at, random)
    visit = Visit(page, tuple(words), random.random() < _FEEDBACK, browser, logged_in)
    return Moment(at, learner, "visits", visit)


def _device(learner: Learner, at: int, random: Random) -> tuple[str, bool]:
    """On which browser, and whether logged in there. A second device is a stranger's for some days."""
    if learner.strange is None or at < learner.strange_from:
        return learner.browser, True
    if at < learner.strange_until:
        return learner.strange, False
    return random.choice((learner.browser, learner.strange)), True


def _ticket(learner: Learner, world: World, tickets: count[int], random: Random) -> Ticket:
    agent = random.choices(world["agents"], [one["share"] for one in world["agents"]])[0]
    return Ticket(next(tickets), agent["name"], random.choice(world["subjects"])[learner.language])


def _at_the_desk(learner: Learner, ticket: Ticket, at: int, random: Random) -> Iterator[Moment]:
    """Opened, answered and closed; sometimes reopened and closed again; then read."""
    about: dict[str, str | int] = {"ticket": f"L-{ticket.number}"}
    yield _hears(learner, at, "Ticket Opened", about | {"subject": ticket.subject})
    took_ms = round(random.lognormvariate(2.2, 0.8) * HOUR_MS)
    said = about | {"subject": ticket.subject, "agent": ticket.agent, "minutes_open": took_ms // MINUTE_MS}
    closed_at = at + took_ms
    yield _hears(learner, closed_at, "Ticket Closed", said)
    if random.random() < _REOPENED:
        reopened_at = closed_at + round(random.uniform(0.5, 20) * HOUR_MS)
        yield _hears(learner, reopened_at, "Ticket Reopened", about)
        closed_at = reopened_at + round(random.uniform(2, 40) * HOUR_MS)
        again = {"minutes_open": (closed_at - at) // MINUTE_MS}
        yield _hears(learner, closed_at, "Ticket Closed", said | again)
    if random.random() < _READ:
        read_at = closed_at + round(random.triangular(0.02, 60, 4) * HOUR_MS)
        yield Moment(read_at, learner, "visits", Visit(f"/help/{ticket.number}", browser=learner.browser))


def _hears(learner: Learner, at: int, name: str, properties: Mapping[str, str | int]) -> Moment:
    return Moment(at, learner, "hears", Visit("", (Word(name, properties, by_backend=True),)))
