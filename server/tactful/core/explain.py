"""Why, and why not: every reason in words, with its numbers and when it is free again.

Most "bugs" that survey tools get reports of are rules that nobody could see. So the same checks that decide are asked
here for all surveys, and each rule is read whether it refuses or not.
"""

from __future__ import annotations

from dataclasses import dataclass

from tactful.core.audience import told_by_page
from tactful.core.catalogue import Catalogue
from tactful.core.decide import LiveSurvey, Moment, Refusal, decide, free_again, meets, readings
from tactful.core.people import Person
from tactful.core.spans import format_span
from tactful.core.throttle import RuleReading

__all__ = ["REASONS", "Explanation", "explain", "in_words"]

#: One sentence for each refusal code; `{...}` are the refusal's own numbers.
REASONS: dict[str, str] = {
    "not_live": "the survey is not live",
    "opted_out": "this person asked never to be asked again",
    "holdout": "this person is in the holdout: never asked, to see what asking does",
    "sample": "this person is not in the survey's sample",
    "audience": "this person is not in the survey's audience",
    "page": "the survey may not appear on this page",
    "tenure": "first seen less than {window} ago",
    "repeat": "this survey was asked within {window}",
    "rule": "rule {rule}: {counted} of {cap} in {window}",
    "wrong_person": "somebody else is at the page now",
    "survey_changed": "the survey was changed after the offer",
    "cancelled": "a later event cancelled it, or its time was over",
    "per": "it was asked for this one already",
    "offer_spent": "this offer was taken up and given back",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One survey and one person: every refusal, and what every rule says. `trigger` may still be awaited.

    `depends` names what decides whether the person is in the audience and only a page can tell: `language`, `device`.
    """

    live: LiveSurvey
    refusals: tuple[Refusal, ...]
    rules: tuple[RuleReading, ...]
    depends: tuple[str, ...] = ()

    @property
    def may_ask(self) -> bool:
        return not self.refusals

    @property
    def free_at(self) -> int | None:
        """When the last refusal lets go; None when there is none, or one that time alone does not change."""
        return free_again(self.refusals)


def in_words(refusal: Refusal) -> str:
    """Say a refusal in one sentence."""
    window = "" if refusal.window_ms is None else format_span(refusal.window_ms)
    return REASONS[refusal.code].format(window=window, rule=refusal.rule, counted=refusal.counted, cap=refusal.cap)


def explain(catalogue: Catalogue, person: Person, now: int) -> tuple[Explanation, ...]:
    """Explain every survey of the catalogue to whoever asks about `person`, by key."""
    return tuple(_explain(live, catalogue, person, Moment(now)) for _, live in sorted(catalogue.surveys.items()))


def _explain(live: LiveSurvey, catalogue: Catalogue, person: Person, moment: Moment) -> Explanation:
    refusals = decide(live, catalogue.policy, person, moment)
    depends: tuple[str, ...] = ()
    if live.judge is not None and meets(live.judge, person, moment) is None:
        # Without a page the decision is no, as it must be; but a page may still make it a yes.
        refusals = tuple(refusal for refusal in refusals if refusal.code != "audience")
        depends = told_by_page(live.survey.audience.where)
    return Explanation(live, refusals, readings(live, person, moment.now), depends)
