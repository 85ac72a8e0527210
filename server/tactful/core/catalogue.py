"""A project's configuration, compiled once per version: who waits for which event.

Every process keeps one catalogue per project and drops it when the configuration's version moves on. The loader's
watch list is read off it: an event that no live survey waits for never leaves the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tactful.core.decide import LiveSurvey, Moment, Refusal, decide
from tactful.core.people import Person
from tactful.core.policy import Policy
from tactful.core.surveys import EventTrigger, Survey
from tactful.core.telling import event_paths
from tactful.core.throttle import horizon_ms
from tactful.core.trigger import Event, counter_of, is_due, matches

__all__ = ["Candidate", "Catalogue", "Decision", "Waiting", "candidates", "choose", "compile_catalogue"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A live survey that waits for an event through one of its triggers; `counter` is None where nothing counts."""

    live: LiveSurvey
    trigger: EventTrigger
    counter: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A survey whose trigger matched, with what the trigger says about how to offer it."""

    live: LiveSurvey
    delay_ms: int


@dataclass(frozen=True, slots=True)
class Decision:
    """The survey to offer, if any, and for every other candidate all its refusals."""

    offer: Candidate | None
    refusals: Mapping[str, tuple[Refusal, ...]]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All surveys by key, and the live ones by the name of the event they wait for (best priority first).

    `mentions` has for each survey the event's properties that its texts mention.
    """

    policy: Policy
    surveys: Mapping[str, LiveSurvey]
    mentions: Mapping[str, frozenset[str]]
    by_event: Mapping[str, tuple[Waiting, ...]]
    horizon_ms: int

    def waiting_for(self, event: Event) -> tuple[Waiting, ...]:
        """Everything that waits for `event`, its count apart."""
        return tuple(waiting for waiting in self.by_event.get(event.name, ()) if matches(waiting.trigger, event))

    def watched_on_pages(self) -> list[str]:
        """The names of the events that a page must report."""
        return sorted(
            name
            for name, waiting in self.by_event.items()
            if any(one.trigger.source in ("any", "browser") for one in waiting)
        )


def _waiting(live: LiveSurvey, trigger: EventTrigger) -> Waiting:
    return Waiting(live, trigger, counter_of(trigger) if trigger.nth else None)


def compile_catalogue(policy: Policy, surveys: Sequence[tuple[Survey, int]]) -> Catalogue:
    """Compile the surveys (each with its version) under `policy`."""
    compiled = {survey.key: LiveSurvey.under(policy, survey, version) for survey, version in surveys}
    by_event: dict[str, list[Waiting]] = {}
    for live in sorted(compiled.values(), key=lambda live: (-live.survey.priority, live.survey.key)):
        if live.survey.state == "live":
            for trigger in live.survey.trigger.any:
                by_event.setdefault(trigger.event, []).append(_waiting(live, trigger))
    frozen = {name: tuple(waiting) for name, waiting in by_event.items()}
    mentions = {key: event_paths(live.survey) for key, live in compiled.items()}
    return Catalogue(policy, compiled, mentions, frozen, horizon_ms(policy, (survey for survey, _ in surveys)))


def candidates(waiting: Sequence[Waiting], counts: Mapping[str, int]) -> list[Candidate]:
    """The surveys whose trigger is due, each once, in the order of `waiting`. `counts` holds occurrences by counter."""
    due: dict[str, Candidate] = {}
    for one in waiting:
        if one.counter is None or is_due(one.trigger.nth, counts.get(one.counter, 0)):
            due.setdefault(one.live.survey.key, Candidate(one.live, one.trigger.delay_ms))
    return list(due.values())


def choose(due: Sequence[Candidate], policy: Policy, person: Person, moment: Moment) -> Decision:
    """Offer the first candidate that nothing refuses; name the refusals of those before it."""
    refusals: dict[str, tuple[Refusal, ...]] = {}
    for candidate in due:
        found = decide(candidate.live, policy, person, moment)
        if not found:
            return Decision(candidate, refusals)
        refusals[candidate.live.survey.key] = found
    return Decision(None, refusals)
