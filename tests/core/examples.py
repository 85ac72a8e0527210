"""Values of the decision engine for tests: each maker has an everyday default and takes what a test is about."""

from __future__ import annotations

from typing import Any

from tactful.core.decide import LiveSurvey, Moment, Refusal, decide
from tactful.core.kinds import KINDS
from tactful.core.people import PastAsk, Person
from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS
from tactful.core.surveys import Audience, EventTrigger, Question, Survey, SurveyThrottle, Trigger
from tactful.core.texts import plain

__all__ = ["NOW", "OPEN", "a_person", "a_rule", "a_survey", "an_ask", "decided"]

NOW = 1_795_000_000_000

#: A policy that refuses nobody.
OPEN = Policy(rules=(), tenure_ms=0)


def a_survey(key: str = "nps", *, kind: str = "nps", event: str = "Done", **fields: Any) -> Survey:
    """A live survey of a score and a reason. `sample`, `where`, `page` and `throttle` may be given flat."""
    audience = Audience(fields.pop("where", ()), fields.pop("sample", 1.0))
    trigger = fields.pop("trigger", None) or Trigger((EventTrigger(event),), fields.pop("page", None))
    throttle = SurveyThrottle(**fields.pop("throttle", {}))
    questions = (Question("score", KINDS[kind], plain("How?")), Question("why", KINDS["text"], plain("Why?")))
    given: dict[str, Any] = {"name": key, "state": "live", "questions": questions} | fields
    return Survey(key=key, audience=audience, trigger=trigger, throttle=throttle, **given)


def a_person(**fields: Any) -> Person:
    """Somebody who was first seen a hundred days ago and never asked."""
    given: dict[str, Any] = {"sample_key": "ann", "first_seen_at": NOW - 100 * DAY_MS} | fields
    return Person(**given)


def an_ask(ago_ms: int = 0, survey: str = "nps", **fields: Any) -> PastAsk:
    """An ask `ago_ms` before `NOW`."""
    given: dict[str, Any] = {"kind": "nps", "tags": frozenset(), "asked_at": NOW - ago_ms} | fields
    return PastAsk(survey, **given)


def a_rule(window_ms: int, cap: int = 1, *, surveys: str = "all", **fields: Any) -> Rule:
    """A rule named `r` that counts asks."""
    given: dict[str, Any] = {"id": "r", "count": "asked"} | fields
    return Rule(surveys=surveys, cap=cap, window_ms=window_ms, **given)


def decided(
    survey: Survey, policy: Policy, person: Person, moment: Moment | None = None, **live: Any
) -> tuple[Refusal, ...]:
    """What `decide` says of the survey under the policy, now by default. `live_since` and `yields_to` may be given."""
    return decide(LiveSurvey.under(policy, survey, 1, **live), policy, person, moment or Moment(NOW))
