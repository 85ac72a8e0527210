"""A trial: which rules and surveys a backtest tries, on whom and what, and what it came to.

The values that `tactful.core.backtest` works on; who reads the database makes them, who tells the result reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from tactful.core.catalogue import Catalogue, compile_catalogue
from tactful.core.decide import LiveSurvey, Refusal
from tactful.core.people import Person
from tactful.core.people import Tally as Shared
from tactful.core.policy import Policy, Rule
from tactful.core.scopes import scope_of
from tactful.core.surveys import EventTrigger
from tactful.core.trigger import Event

__all__ = ["ASSUMPTIONS", "Asking", "Habit", "Happened", "Plan", "Subject", "Tally", "plan_of"]

ASSUMPTIONS: tuple[str, ...] = (
    "Everybody's tab is open: an offer is made the moment it may be and taken up at once. The real number is lower.",
    "Only events of backends are kept, so triggers that wait for what pages report make nobody a candidate here.",
    "Where a survey may appear (`page`) is not checked: an event of a backend happens on no page.",
    "Traits, accounts and sample keys are those of today. Opt-outs hold from when they were really made.",
    "People answer and dismiss at once, and as often as they really did when they were asked this survey.",
    "Occurrences (`nth`) are counted from the first kept event on.",
    "Surveys are taken to be live for the whole period. One that never was begins to spread with it.",
    "`enough` is not tried, and answers here have no score, since nobody knows what would have been answered.",
    "An audience that goes by a page's language or device lets nobody pass: an event of a backend has neither.",
    "Asks before the period are the real ones; those in it are replaced by the ones here. Test people are left out.",
)


class Habit(NamedTuple):
    """What people do with a survey's asks: the shares 0..1 of those who answer and of those who dismiss."""

    responded: float = 0.0
    dismissed: float = 0.0


@dataclass(frozen=True)
class Plan:
    """What is tried: asks are made from `since` (counted) until `until` (not counted), in milliseconds.

    `answered` are the real responses before the period to surveys with a quota; `counted` the times, in order, of what
    rules over several people counted before it.
    """

    catalogue: Catalogue
    since: int
    until: int
    habits: Mapping[str, Habit] = field(default_factory=dict)
    answered: Mapping[str, int] = field(default_factory=dict)
    counted: Mapping[Shared, Sequence[int]] = field(default_factory=dict)

    @cached_property
    def lives(self) -> tuple[LiveSurvey, ...]:
        """The surveys that are tried."""
        return tuple(live for live in self.catalogue.surveys.values() if live.survey.state == "live")

    @cached_property
    def shared_rules(self) -> tuple[Rule, ...]:
        """The rules that count over several people and that some survey must pass."""
        return tuple(dict.fromkeys(rule for live in self.lives for rule in live.rules if rule.scope != "person"))

    @cached_property
    def quotas(self) -> frozenset[str]:
        """The surveys with a quota."""
        return frozenset(live.survey.key for live in self.lives if live.survey.quota is not None)

    def binds(self, person: Person) -> bool:
        """Tell whether what others are asked may matter to `person`."""
        return bool(self.quotas) or any(scope_of(rule, person) is not None for rule in self.shared_rules)

    def reads(self) -> dict[str, bool]:
        """The names of the events that matter, and whether anything looks at their properties."""
        found = {name: any(_looks_inside(one) for one in waiting) for name, waiting in self._waited_for()}
        for name, cancelling in self.catalogue.by_cancel.items():
            found[name] = found.get(name, False) or any(one.same is not None for one in cancelling)
        return found

    def _waited_for(self) -> Iterable[tuple[str, Sequence[EventTrigger]]]:
        return ((name, [one.trigger for one in waiting]) for name, waiting in self.catalogue.by_event.items())


def _looks_inside(trigger: EventTrigger) -> bool:
    return bool(trigger.where or trigger.per is not None or trigger.cancel_on)


class Happened(NamedTuple):
    """An event of a person: when, and under which id, from which sticky choices are made."""

    person_id: str
    at: int
    event_id: str
    event: Event


class Subject(NamedTuple):
    """A person as they are today. `person.asks` are those really made before the period, with what became of them
    even later; `asked_for` the values of `per` that each survey was asked for by then."""

    person: Person
    opted_out_at: int | None = None
    asked_for: frozenset[tuple[str, str]] = frozenset()


class Asking(NamedTuple):
    """Somebody would have been asked; `who` is their user id, else their anonymous id."""

    at: int
    person_id: str
    survey: str
    who: str


@dataclass(slots=True)
class Tally:
    """What a plan came to, added up over all people.

    `candidates` counts by survey; `refused` counts candidates by (survey, code, rule) of what kept them from being
    asked at first sight, all reasons of each, and `examples` has one refusal of each; `fates` counts by (survey, fate):
    `asked`, `cancelled`, `replaced` by a newer one for the same, `done` (asked for the same before), `expired` and, at
    the period's end, `waiting`.
    """

    events: int = 0
    asks: list[Asking] = field(default_factory=list)
    candidates: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str | None], Refusal] = field(default_factory=dict)
    fates: Counter[tuple[str, str]] = field(default_factory=Counter)


def plan_of(policy: Policy, surveys: Iterable[LiveSurvey], live: frozenset[str], period: tuple[int, int]) -> Plan:
    """Plan to try `surveys` under `policy` in `period`; those in `live` as if they were live."""
    taken, live_since = [], {}
    for one in surveys:
        survey = replace(one.survey, state="live") if one.survey.key in live else one.survey
        taken.append((survey, one.version))
        live_since[survey.key] = period[0] if one.live_since is None else one.live_since
    return Plan(compile_catalogue(policy, taken, live_since), *period)
