"""Playing Lantern's history through the real engine, so that the demo opens on half a year of results.

Nothing is made up about what Tactful did. The story (demo_site/history) tells who came when and how they would take an
ask; here every event goes through the scripts that serve a request, `core.decide` says who is asked, and the responses
are read and kept as any page's are. Only the clock is another: it stands where the story is. The rules are those of a
product (demo_site/history/past.yaml), not the demo's windows of seconds, which are applied afterwards.

Everybody waits for their turn, so the races that the real service has to win do not occur here. It all happens in a
database beside the one that is wanted, which takes its place when it is complete: an interrupted start leaves nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from demo_site.history import Asked, Learner, Moment, Reaction, Story, Word, past_definitions
from tactful.clock import id_of
from tactful.core.answers import Answers, read_answers
from tactful.core.catalogue import Candidate, choose
from tactful.core.decide import Moment as When
from tactful.core.reading import read_policy, read_survey
from tactful.core.spans import SECOND_MS
from tactful.core.trigger import Event
from tactful.identity import Identity
from tactful.store.asks import Asked as Recorded
from tactful.store.asks import Context, NotNow, Offered, Revision, close, respond, show, take_up
from tactful.store.batches import Start, commit_batch
from tactful.store.candidates import ready
from tactful.store.connections import connect_writer
from tactful.store.events import Message, met, observe
from tactful.store.forgetting import FORGET_AT_ONCE, forget_old
from tactful.store.migrate import migrate
from tactful.store.people import Known, set_test
from tactful.store.projects import Config, NewProject, apply_definitions, create_project, load_config
from tactful.store.script import Script
from tactful.store.sqlite import run_once

__all__ = ["Progress", "make_history"]

#: Told after each batch: how many moments have been played, of how many.
Progress = Callable[[int, int], None]

_BATCH = 400
_FEEDBACK = "feedback"
#: From the end of a visit's last event to the wish to say something.
_THINKS_MS = 20 * SECOND_MS


@dataclass(slots=True)
class _StoryClock:
    """A `Clock` that stands where the story is, and never goes back."""

    now: int

    def now_ms(self) -> int:
        return self.now

    def steady_ms(self) -> int:
        return self.now

    def go_to(self, at: int) -> None:
        self.now = max(self.now, at)


def make_history(path: Path, new: NewProject, story: Story, progress: Progress) -> bool:
    """Make the database at `path`, with the project `new` and its history, unless there is one; tell whether it was
    made. The history begins at `story.season.start` and ends at `story.season.now`."""
    if path.exists():
        return False
    unfinished = path.with_name(f"{path.name}.unfinished")
    for left in (unfinished, *(unfinished.with_name(f"{unfinished.name}-{part}") for part in ("wal", "shm"))):
        left.unlink(missing_ok=True)
    clock = _StoryClock(story.season.start)
    migrate(unfinished, clock)
    run_once(unfinished, clock, create_project, new)
    _apply_past(unfinished, clock, new.project_id)
    _Player(unfinished, clock, new.project_id, story).play(progress)
    unfinished.rename(path)
    return True


def _apply_past(path: Path, clock: _StoryClock, project_id: str) -> None:
    written = past_definitions()
    policy = read_policy(written["policy"])
    surveys = [read_survey(one) for one in written["surveys"]]
    assert policy.value is not None, policy.faults
    assert all(one.value for one in surveys), [one.faults for one in surveys]
    run_once(path, clock, apply_definitions, project_id, policy.value, [one.value for one in surveys if one.value])


class _Player:
    """Plays the moments of a story, some hundreds in a transaction, each in a savepoint of its own."""

    def __init__(self, path: Path, clock: _StoryClock, project_id: str, story: Story) -> None:
        self._path = path
        self._clock = clock
        self._project_id = project_id
        self._story = story
        # Apart from the story's own chance: an id more must not change what somebody thinks.
        self._chance = Random(story.seed)  # noqa: S311  # ids of a demo, the same for the same seed
        self._config = run_once(path, clock, load_config, project_id)
        self._message_number = 0

    @property
    def config(self) -> Config:
        assert self._config is not None, "the project was made a moment ago"
        return self._config

    def play(self, progress: Progress) -> None:
        """Play everything. What is forgotten with time is forgotten on the way, as the service does it."""
        moments = self._story.moments
        with closing(connect_writer(self._path, self._clock)) as connection:
            for first in range(0, len(moments), _BATCH):
                starts = [partial(self._play_one, moment) for moment in moments[first : first + _BATCH]]
                _carry_out(connection, starts)
                while _carry_out(connection, [forget_old])[0] >= FORGET_AT_ONCE:
                    pass
                progress(min(first + _BATCH, len(moments)), len(moments))

    def _id(self) -> str:
        return id_of(self._clock.now, self._chance.getrandbits(80))

    def _message_id(self, source: str) -> str:
        self._message_number += 1
        return f"{source}:{self._message_number:07d}"

    def _play_one(self, moment: Moment) -> Script[None]:
        self._clock.go_to(moment.at)
        if moment.what == "joins":
            yield from self._joins(moment.learner)
        elif moment.what == "hears":
            for word in moment.visit.words:
                yield from self._hears(moment.learner, word)
        else:
            yield from self._visits(moment)

    def _joins(self, learner: Learner) -> Script[None]:
        """What Lantern's backend says of somebody who signed up: who they are, since when, and with whom."""
        if learner.user_id is None:
            return
        identity = Identity(learner.user_id, None, proved=True)
        messages = [Message(self._message_id("s"), traits=dict(learner.traits), created_at=learner.joined_at)]
        if learner.account is not None:
            account = learner.account
            message_id = self._message_id("s")
            messages.append(Message(message_id, account_id=account.account_id, account_traits=dict(account.traits)))
        yield from observe(self._project_id, identity, messages, self._id(), self.config.catalogue)
        if learner.test:
            yield from set_test(self._project_id, identity, self._id())

    def _hears(self, learner: Learner, word: Word) -> Script[None]:
        """An event that Lantern's backend sends."""
        event = Event(word.name, word.properties, "server")
        catalogue = self.config.catalogue
        message = Message(
            self._message_id("s"),
            event,
            catalogue.waiting_for(event, self._clock.now),
            event_id=self._id(),
            cancelling=catalogue.cancelled_by(event),
        )
        identity = Identity(learner.user_id, None, proved=True)
        observed = yield from observe(self._project_id, identity, [message], self._id(), catalogue)
        yield from self._refresh(observed.known)

    def _refresh(self, known: Known) -> Script[None]:
        """Follow the configuration: the first event of a backend that a survey waits for changes it."""
        if known.config_version != self.config.version:
            self._config = yield from load_config(self._project_id)

    def _visits(self, moment: Moment) -> Script[None]:
        """Somebody opens a page and does what they came for; the first ask that is shown ends it."""
        visit = moment.visit
        user_id = moment.learner.user_id if visit.logged_in else None
        identity = Identity(user_id, visit.browser)
        # A report of an event is told what waits, too; without any event the page asks for that alone.
        asked = False if visit.words else (yield from self._reports(moment, identity, ()))
        for word in visit.words:
            self._clock.go_to(moment.at + word.after_ms)
            event = Event(word.name, word.properties)
            asked = asked or (yield from self._reports(moment, identity, (event,)))
        if visit.feedback and not asked:
            yield from self._wants_to_say(moment, identity)

    def _reports(self, moment: Moment, identity: Identity, events: tuple[Event, ...]) -> Script[bool]:
        """A page's report, as `POST /w/events` takes it: read where nothing is to be written. Tells whether an ask
        came of it. Without events it asks for what waits."""
        catalogue = self.config.catalogue
        messages = [self._message(event) for event in events if catalogue.waiting_for(event, self._clock.now)]
        if not messages and (events or not catalogue.keeps_candidates()):
            return False
        observed = None
        if not any(message.must_write for message in messages):
            observed = yield from met(self._project_id, identity, messages, catalogue, self._clock.now)
        if observed is None:
            if not messages:
                return False
            observed = yield from observe(self._project_id, identity, messages, self._id(), catalogue)
        known = observed.known
        due = [*observed.at_once, *ready(catalogue, observed.waiting, known.now)]
        if not due:
            return False
        decision = choose(due, catalogue.policy, known.person, When(known.now, moment.visit.page))
        if decision.offer is None:
            return False
        about = {name: value for event in events for name, value in event.properties.items()}
        return (yield from self._takes_up(moment, identity, known, (decision.offer, about)))

    def _message(self, event: Event) -> Message:
        catalogue = self.config.catalogue
        waiting, cancelling = catalogue.waiting_for(event, self._clock.now), catalogue.cancelled_by(event)
        return Message(self._message_id("b"), event, waiting, cancelling=cancelling)

    def _takes_up(
        self, moment: Moment, identity: Identity, known: Known, offer: tuple[Candidate, dict[str, object]]
    ) -> Script[bool]:
        """The card is about to be shown: the offer becomes an ask, or not, as `POST /w/asks` decides."""
        candidate, about = offer
        live = candidate.live
        self._clock.go_to(self._clock.now + candidate.delay_ms + 150)
        offer_id = candidate.offer_id(self._project_id)
        offered = Offered(known.person_id, offer_id, live.survey.key, live.version, candidate.id, candidate.per)
        context = Context(moment.visit.page, moment.learner.locale, candidate.event)
        outcome = yield from take_up(self.config, offered, identity, context)
        if isinstance(outcome, NotNow):
            return False
        yield from self._reacts(moment.learner, outcome, about | dict(candidate.event))
        return True

    def _wants_to_say(self, moment: Moment, identity: Identity) -> Script[None]:
        """Somebody presses "Give feedback"."""
        self._clock.go_to(self._clock.now + _THINKS_MS)
        ids = (self._id(), self._id())
        context = Context(moment.visit.page, moment.learner.locale)
        outcome = yield from show(self.config, _FEEDBACK, ids, identity, context)
        if not isinstance(outcome, NotNow):
            about = {**moment.visit.words[-1].properties} if moment.visit.words else {}
            yield from self._reacts(moment.learner, outcome, about)

    def _reacts(self, learner: Learner, asked: Recorded, about: Mapping[str, object]) -> Script[None]:
        """What the page reports of the card, in the order in which it happens."""
        survey = asked.live.survey
        reaction = self._story.reaction(Asked(learner, survey.key, self._clock.now, about))
        key = (self._project_id, asked.known.person_id, asked.ask_id)
        if reaction.how == "not_rendered":
            yield from close(*key, "not_rendered")
            return
        if reaction.how == "overlooks":
            return
        self._clock.go_to(self._clock.now + SECOND_MS)
        yield from close(*key, "seen")
        self._clock.go_to(self._clock.now + reaction.after_ms)
        if reaction.how == "answers":
            yield from self._answers(asked, key, reaction)
        elif reaction.how != "ignores":
            yield from close(*key, reaction.how)

    def _answers(self, asked: Recorded, key: tuple[str, str, str], reaction: Reaction) -> Script[None]:
        """The score is kept the moment it is clicked, the words when they are sent."""
        survey = asked.live.survey
        values: dict[str, object] = {}
        rev = 0
        if survey.scored is not None and reaction.score is not None:
            values[survey.scored.id] = reaction.score
            rev += 1
            yield from respond(*key, Revision(rev, _read(asked, values), done=False, response_id=self._id()))
        text = next((one for one in survey.questions if one.kind.control == "text"), None)
        if text is not None and reaction.comment is not None:
            values[text.id] = reaction.comment
        if values and reaction.done:
            self._clock.go_to(self._clock.now + reaction.dwell_ms)
            yield from respond(*key, Revision(rev + 1, _read(asked, values), done=True, response_id=self._id()))


def _carry_out(connection: sqlite3.Connection, starts: Sequence[Start]) -> list[Any]:
    """Commit what the scripts do and return what each came to. Raises what one of them raised."""
    found = commit_batch(connection, starts)
    for outcome in found:
        if outcome.error is not None:
            raise outcome.error
    return [outcome.result for outcome in found]


def _read(asked: Recorded, values: dict[str, object]) -> Answers:
    answers = read_answers(asked.live.survey, values)
    assert isinstance(answers, Answers), answers
    return answers
