"""A project's configuration, compiled once per version: who waits for which event.

Every process keeps one catalogue per project and drops it when the configuration's version moves on. The loader's
watch list is read off it: an event that no live survey waits for never leaves the page.

An event makes candidates. One from a page is offered in the reply to it; it *must wait*, as a row of its own, if it
came from a backend (nobody may be looking) or from a page through somebody else's script (nobody reads the reply), if
it is held, or if a later event may cancel it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from tactful.core.conditions import look_up
from tactful.core.decide import LiveSurvey, Moment, Once, Refusal, decide
from tactful.core.moments import is_moment
from tactful.core.people import Person
from tactful.core.policy import Policy
from tactful.core.standing import limits_responses
from tactful.core.surveys import WAITS_MS, EventTrigger, Survey
from tactful.core.telling import event_paths
from tactful.core.throttle import horizon_ms
from tactful.core.trigger import Cancelling, Event, Matcher, counter_of, is_due, matcher_of

__all__ = [
    "Candidate",
    "Catalogue",
    "Decision",
    "EventValues",
    "Held",
    "Waiting",
    "candidates",
    "choose",
    "compile_catalogue",
]

EventValues = Mapping[str, str | int | float]

_LONGEST_VALUE = 200
_MOST_VALUES = 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """A live survey that waits for an event through one of its triggers. `counter` is None where nothing counts;
    `mentions` are the event's properties that the survey's texts mention."""

    live: LiveSurvey
    trigger: EventTrigger
    counter: str | None
    mentions: frozenset[str] = frozenset()
    matches: Matcher = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "matches", matcher_of(self.trigger))

    def must_wait(self, event: Event) -> bool:
        """Tell whether a candidate that `event` makes has to wait as a row."""
        unseen = event.source == "server" or not event.answered
        return unseen or self.trigger.hold_ms > 0 or bool(self.trigger.cancel_on)


class Candidate(NamedTuple):
    """A survey whose trigger matched: which message did it, and what of the event the survey's texts mention.

    `id` names the row of one that waits (None: it is offered in the reply). One ask is made for each value of `per`.
    """

    live: LiveSurvey
    message_id: str
    delay_ms: int = 0
    event: EventValues = MappingProxyType({})
    per: str | None = None
    id: str | None = None

    def offer_id(self, project_id: str) -> str:
        """The same message, survey and version always make the same offer, and so at most one ask."""
        return _named(project_id, self.message_id, self.live.survey.key, str(self.live.version))

    def under(self, catalogue: Catalogue) -> Candidate | None:
        """The same candidate as a newer configuration has it; None where its survey is gone."""
        live = catalogue.surveys.get(self.live.survey.key)
        return None if live is None else self._replace(live=live)


@dataclass(frozen=True, slots=True)
class Held:
    """A candidate that must wait: from when after the event, for how long, and by which values it may be cancelled."""

    candidate: Candidate
    hold_ms: int
    within_ms: int
    same: EventValues


class Decision(NamedTuple):
    """The candidate to offer, if any, and for every other one all its refusals."""

    offer: Candidate | None
    refusals: Mapping[str, tuple[Refusal, ...]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All surveys by key, the live ones by the name of the event they wait for (best priority first), and what
    cancels. `limited` says that some survey has a quota or may have enough, so that somebody has to count."""

    policy: Policy
    surveys: Mapping[str, LiveSurvey]
    by_event: Mapping[str, tuple[Waiting, ...]]
    by_cancel: Mapping[str, tuple[Cancelling, ...]]
    horizon_ms: int
    limited: bool = False

    def concerns(self, name: str) -> bool:
        """Tell whether anything may wait for an event of this name, or be cancelled by it."""
        return name in self.by_event or name in self.by_cancel

    def waiting_for(self, event: Event, now: int) -> tuple[Waiting, ...]:
        """Everything that waits for `event`, met at `now`, its count apart."""
        named = self.by_event.get(event.name)
        return tuple([waiting for waiting in named if waiting.matches(event, now)]) if named else ()

    def waited_for_by(self, name: str, source: str) -> list[str]:
        """The keys of the live surveys that wait for an event of this name from this source, best priority first."""
        waiting = self.by_event.get(name, ())
        return list(dict.fromkeys(one.live.survey.key for one in waiting if one.trigger.source in ("any", source)))

    def cancelled_by(self, event: Event) -> tuple[Cancelling, ...]:
        """Everything that `event` may cancel."""
        return self.by_cancel.get(event.name, ())

    def watched_on_pages(self) -> list[str]:
        """The names of the events that a page must report."""
        waited_for = {
            name
            for name, waiting in self.by_event.items()
            if any(one.trigger.source in ("any", "browser") for one in waiting)
        }
        return sorted(waited_for | self.by_cancel.keys())

    def moments_on_pages(self) -> dict[str, list[str]]:
        """The moments that a page must tell by itself, each with the globs of the pages that it is awaited on; none
        where it is awaited on every page."""
        found: dict[str, list[str]] = {}
        for name, waiting in self.by_event.items():
            if is_moment(name):
                globs = [one.live.survey.trigger.page for one in waiting]
                found[name] = [] if None in globs else sorted({glob for glob in globs if glob is not None})
        return found

    def _sources(self) -> Iterable[str]:
        return (one.trigger.source for waiting in self.by_event.values() for one in waiting)

    def hears_backends(self) -> bool:
        """Tell whether a survey waits for an event that may come from a backend."""
        return any(source != "browser" for source in self._sources())

    def needs_backends(self) -> bool:
        """Tell whether a survey waits for an event that only a backend can send."""
        return any(source == "server" for source in self._sources())

    def keeps_candidates(self) -> bool:
        """Tell whether candidates may wait as rows: any event may come by somebody else's script."""
        return bool(self.by_event)


def _named(*parts: str) -> str:
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=15).hexdigest()


def compile_catalogue(
    policy: Policy, surveys: Sequence[tuple[Survey, int]], live_since: Mapping[str, int] = MappingProxyType({})
) -> Catalogue:
    """Compile the surveys (each with its version) under `policy`; `live_since` tells when each first went live."""
    compiled = _compile_surveys(policy, surveys, live_since)
    by_event: dict[str, list[Waiting]] = {}
    by_cancel: dict[str, list[Cancelling]] = {}
    for live in sorted(compiled.values(), key=lambda live: (-live.survey.priority, live.survey.key)):
        for trigger in live.survey.trigger.any if live.survey.state == "live" else ():
            counter = counter_of(trigger) if trigger.nth else None
            by_event.setdefault(trigger.event, []).append(Waiting(live, trigger, counter, event_paths(live.survey)))
            for cancel in trigger.cancel_on:
                by_cancel.setdefault(cancel.event, []).append(Cancelling(live.survey.key, cancel.same))
    return Catalogue(
        policy,
        compiled,
        {name: tuple(waiting) for name, waiting in by_event.items()},
        {name: tuple(cancelling) for name, cancelling in by_cancel.items()},
        horizon_ms(policy, (survey for survey, _ in surveys)),
        any(limits_responses(survey) for survey, _ in surveys),
    )


def _compile_surveys(
    policy: Policy, surveys: Sequence[tuple[Survey, int]], live_since: Mapping[str, int]
) -> dict[str, LiveSurvey]:
    reserving = [
        LiveSurvey.under(policy, survey, version, live_since.get(survey.key))
        for survey, version in surveys
        if survey.throttle.reserve_ms is not None and survey.state == "live"
    ]
    reserving.sort(key=lambda live: -live.survey.priority)
    return {
        survey.key: LiveSurvey.under(
            policy,
            survey,
            version,
            live_since.get(survey.key),
            tuple(other for other in reserving if other.survey.priority > survey.priority),
        )
        for survey, version in surveys
    }


def candidates(
    waiting: Sequence[Waiting], counts: Mapping[str, int], message_id: str, event: Event
) -> tuple[list[Candidate], list[Held]]:
    """What `event` makes a candidate, each survey once, in the order of `waiting`: to be offered at once, and to wait.

    `counts` holds occurrences by counter. A trigger whose `per` leads to no value makes no candidate: without it nobody
    could tell whether it was asked for already.
    """
    at_once: dict[str, Candidate] = {}
    held: dict[str, Held] = {}
    for one in waiting:
        if one.counter is not None and not is_due(one.trigger.nth, counts.get(one.counter, 0)):
            continue
        candidate = _candidate(one, message_id, event)
        key = one.live.survey.key
        if candidate is None or key in at_once or key in held:
            continue
        if one.must_wait(event):
            held[key] = _held(one, candidate, event)
        else:
            at_once[key] = candidate
    return list(at_once.values()), list(held.values())


def _candidate(one: Waiting, message_id: str, event: Event) -> Candidate | None:
    trigger = one.trigger
    values = _values(event, one.mentions)
    per = None
    if trigger.per is not None:
        path = trigger.per.removeprefix("properties.")
        found = _values(event, frozenset({path}))
        if path not in found:
            return None
        per = _same_text(found[path])
        values = {**found, **values}
    return Candidate(one.live, message_id, trigger.delay_ms, values, per)


def _same_text(value: str | float) -> str:
    """A value as text: a whole number as its digits, since not every backend's JSON tells 7 from 7.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _held(one: Waiting, candidate: Candidate, event: Event) -> Held:
    trigger = one.trigger
    paths = frozenset(cancel.same.removeprefix("properties.") for cancel in trigger.cancel_on if cancel.same)
    same = {f"properties.{path}": value for path, value in _values(event, paths).items()}
    return Held(candidate, trigger.hold_ms, WAITS_MS if trigger.within_ms is None else trigger.within_ms, same)


def _values(event: Event, paths: frozenset[str]) -> dict[str, str | int | float]:
    """The event's values at `paths`, short texts and numbers only."""
    found: dict[str, str | int | float] = {}
    if not paths:
        return found
    for path in sorted(paths)[:_MOST_VALUES]:
        value = look_up(event.properties, path)
        if isinstance(value, str) and value:
            found[path] = value[:_LONGEST_VALUE]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[path] = value
    return found


def choose(due: Sequence[Candidate], policy: Policy, person: Person, moment: Moment) -> Decision:
    """Offer the first candidate, by priority, that nothing refuses; name the refusals of those before it."""
    refusals: dict[str, tuple[Refusal, ...]] = {}
    if len(due) > 1:
        moment = moment._replace(once=Once())
    for candidate in sorted(due, key=lambda one: -one.live.survey.priority):
        found = decide(candidate.live, policy, person, moment)
        if not found:
            return Decision(candidate, refusals)
        refusals[candidate.live.survey.key] = found
    return Decision(None, refusals)
