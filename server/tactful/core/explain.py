"""Why, and why not: every reason in words, with its numbers and when it is free again.

Most "bugs" that survey tools get reports of are rules that nobody could see. So the same checks that decide are asked
here for all surveys, and each rule is read whether it refuses or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tactful.core.audience import told_by_page
from tactful.core.catalogue import Catalogue
from tactful.core.decide import LiveSurvey, Moment, Refusal, decide, free_again, meets, readings
from tactful.core.moments import in_words as moment_in_words
from tactful.core.moments import is_moment
from tactful.core.people import Person
from tactful.core.policy import Policy
from tactful.core.schedule import Schedule, next_opening
from tactful.core.spans import FOREVER, format_span
from tactful.core.standing import Standing
from tactful.core.surveys import EventTrigger
from tactful.core.throttle import RuleReading
from tactful.core.trigger import counter_of, next_due

__all__ = ["REASONS", "Awaited", "Explanation", "explain", "in_general", "in_words", "next_time", "waits_for"]

#: One sentence for each refusal code; `{...}` are the refusal's own numbers.
REASONS: dict[str, str] = {
    "not_live": "the survey is not live",
    "clock": "the clock jumped, so nobody is asked until somebody has looked at it",
    "quiet": "a backup was restored, and what was asked after it was made is not known; quiet for {window}",
    "opted_out": "this person asked never to be asked again",
    "holdout": "this person is in the holdout: never asked, to see what asking does",
    "sample": "this person is not in the survey's sample",
    "audience": "this person is not in the survey's audience",
    "page": "the survey may not appear on this page",
    "schedule": "this is outside the survey's schedule",
    "tenure": "first seen less than {window} ago",
    "repeat": "this survey was asked within {window}",
    "spread": "the survey is new and meets its people over {window}, this one later",
    "quota": "the survey has its {cap} responses",
    "enough": "the score of the last {window} is known closely enough",
    "rule": "rule {rule}: {counted} of {cap} in {window}",
    "same_missing": "rule {rule} goes by a trait that this person does not have",
    "reserved": "kept for the survey {survey}, whose turn comes first",
    "wrong_person": "somebody else is at the page now",
    "survey_changed": "the survey was changed after the offer",
    "cancelled": "a later event cancelled it, or its time was over",
    "per": "it was asked for this one already",
    "offer_spent": "this offer was taken up and given back",
}


#: What stands for a refusal's numbers where many refusals are spoken of at once.
_IN_GENERAL = {"window": "the set time", "counted": "enough", "cap": "the", "survey": "of higher priority"}


@dataclass(frozen=True, slots=True)
class Awaited:
    """An event that a survey's trigger waits for: how many have come, and which one makes it a candidate (None: none
    will any more). Both count from the last one that did. An event that needs no counting is due at the first."""

    trigger: EventTrigger
    counted: int = 0
    due: int | None = 1


@dataclass(frozen=True, slots=True)
class Explanation:
    """One survey and one person: every refusal, what every rule says, and the events that are awaited.

    `depends` names what decides whether the person is in the audience and only a page can tell: `language`, `device`.
    `schedule` is the survey's, if it binds this person.
    """

    live: LiveSurvey
    refusals: tuple[Refusal, ...]
    rules: tuple[RuleReading, ...]
    depends: tuple[str, ...] = ()
    awaits: tuple[Awaited, ...] = ()
    schedule: Schedule | None = None

    @property
    def may_ask(self) -> bool:
        return not self.refusals

    @property
    def free_at(self) -> int | None:
        """When nothing refuses any more; None when nothing does, or something that time alone does not change."""
        again = free_again(self.refusals)
        # When the last refusal lets go it may be night, though it was day when somebody asked why.
        return again if again is None or self.schedule is None else next_opening(self.schedule, again)


def in_words(refusal: Refusal, window: str | None = None) -> str:
    """Say a refusal in one sentence; `window` says its span in other words than the short ones."""
    if window is None:
        window = "" if refusal.window_ms is None else format_span(refusal.window_ms)
    return REASONS[refusal.code].format(
        window=window, rule=refusal.rule, counted=refusal.counted, cap=refusal.cap, survey=refusal.survey
    )


def in_general(code: str, rule: str = "") -> str:
    """Say a reason that many decisions had, each with numbers of its own."""
    return f"rule {rule} is full" if code == "rule" else REASONS[code].format(rule=rule, **_IN_GENERAL)


def _awaited(trigger: EventTrigger, counts: Mapping[str, int]) -> Awaited:
    nth = trigger.nth
    if nth is None:
        return Awaited(trigger)
    counted = counts.get(counter_of(trigger), 0)
    due = next_due(nth, counted)
    if due is None:
        return Awaited(trigger, counted, None)
    # From the last that counted, so that "2 of 3" is told every time anew.
    base = due - nth.every if due > nth.start and nth.exactly is None else 0
    return Awaited(trigger, counted - base, due - base)


_FROM = {"any": "", "server": " from a backend", "browser": " from a page"}


def waits_for(awaited: Awaited) -> str:
    """Say what is awaited in a phrase: `Lesson Finished; 2 of 3 counted`."""
    trigger = awaited.trigger
    conditions = len(trigger.where)
    met = f" that meets {conditions} condition{'' if conditions == 1 else 's'}" if conditions else ""
    source = "" if is_moment(trigger.event) else _FROM[trigger.source]
    phrase = moment_in_words(trigger.event) + source + met
    if awaited.due is None:
        exactly = trigger.nth.exactly if trigger.nth else None
        return f"{phrase}, number {exactly} alone; {awaited.counted} have come, so never again"
    if awaited.due > 1:
        phrase += f"; {awaited.counted} of {awaited.due} counted"
    return phrase + (f"; then held for {format_span(trigger.hold_ms)}" if trigger.hold_ms else "")


def explain(
    catalogue: Catalogue,
    person: Person,
    now: int,
    counts: Mapping[str, int] = MappingProxyType({}),
    standings: Mapping[str, Standing] = MappingProxyType({}),
) -> tuple[Explanation, ...]:
    """Explain every survey of the catalogue to whoever asks about `person`, by key. `counts` are the person's
    occurrences by counter."""
    moment = Moment(now, standings=standings)
    return tuple(
        _explain(live, catalogue.policy, person, moment, counts) for _, live in sorted(catalogue.surveys.items())
    )


def _explain(
    live: LiveSurvey, policy: Policy, person: Person, moment: Moment, counts: Mapping[str, int]
) -> Explanation:
    refusals = decide(live, policy, person, moment)
    schedule = None if person.test else live.survey.schedule
    depends: tuple[str, ...] = ()
    if live.judge is not None and meets(live.judge, person, moment) is None:
        # Without a page the decision is no, as it must be; but a page may still make it a yes.
        refusals = tuple(refusal for refusal in refusals if refusal.code != "audience")
        depends = told_by_page(live.survey.audience.where)
    awaits = tuple(_awaited(trigger, counts) for trigger in live.survey.trigger.any)
    return Explanation(live, refusals, readings(live, person, moment.now), depends, awaits, schedule)


def next_time(explained: Sequence[Explanation], now: int) -> int | None:
    """When the person may be asked next by any live survey; None: no time that passes will make it so."""
    live = [one for one in explained if one.live.survey.state == "live"]
    if any(one.may_ask for one in live):
        return now
    return min((one.free_at for one in live if one.free_at is not None and one.free_at < FOREVER), default=None)
