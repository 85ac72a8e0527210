"""Why and why not, as the management API and the command line tell it."""

from __future__ import annotations

from typing import Any

from tactful.core.decide import Refusal
from tactful.core.explain import Awaited, Explanation, explain, in_words, next_time, waits_for
from tactful.core.journal import OUTCOMES, Noted
from tactful.core.spans import FOREVER
from tactful.core.throttle import RuleReading
from tactful.errors import NotFound
from tactful.store.candidates import Waiter
from tactful.store.projects import Config
from tactful.store.why import Told
from tactful.web.times import iso_time

__all__ = ["BEHIND_MS", "explanation_json"]

#: Decisions and counts are told this late at most, while the service runs; a process that is killed loses as much.
BEHIND_MS = 10_000


def _free(free_at: int | None, now: int) -> dict[str, Any]:
    if free_at is None or free_at >= FOREVER:
        return {"free_at": None, "free_in_ms": None}
    return {"free_at": iso_time(free_at), "free_in_ms": max(0, free_at - now)}


def _refusal(refusal: Refusal, now: int) -> dict[str, Any]:
    return {
        "code": refusal.code,
        "message": in_words(refusal),
        "rule": refusal.rule,
        "survey": refusal.survey,
        "count": refusal.counted,
        "cap": refusal.cap,
        "window_ms": refusal.window_ms,
    } | _free(refusal.free_at, now)


def _rule(reading: RuleReading, now: int) -> dict[str, Any]:
    rule = reading.rule
    return {
        "rule": rule.id,
        "scope": rule.scope if rule.trait is None else f"same({rule.trait})",
        "surveys": rule.surveys,
        "count": rule.count,
        "counted": reading.counted,
        "cap": rule.cap,
        "window_ms": rule.window_ms,
        "full": reading.full,
        "unknown": reading.unknown,
    } | _free(reading.free_at, now)


def _waiter(waiter: Waiter, now: int) -> dict[str, Any]:
    not_before = {"not_before": iso_time(waiter.not_before), "in_ms": max(0, waiter.not_before - now)}
    return {"per": waiter.per, "event": dict(waiter.event)} | not_before


def _awaited(awaited: Awaited) -> dict[str, Any]:
    trigger = awaited.trigger
    return {
        "event": trigger.event,
        "source": trigger.source,
        "counted": awaited.counted,
        "due": awaited.due,
        "message": waits_for(awaited),
    }


def _survey(explanation: Explanation, told: Told) -> dict[str, Any]:
    survey, now = explanation.live.survey, told.known.now
    return {
        "survey": survey.key,
        "name": survey.name,
        "state": survey.state,
        "may_ask": explanation.may_ask,
        "depends_on": list(explanation.depends),
        "refusals": [_refusal(refusal, now) for refusal in explanation.refusals],
        "rules": [_rule(reading, now) for reading in explanation.rules],
        "waits_for": [_awaited(awaited) for awaited in explanation.awaits],
        "waiting": [_waiter(one, now) for one in told.waiting if one.survey_key == survey.key],
    } | _free(explanation.free_at, now)


def _decision(noted: Noted, now: int) -> dict[str, Any]:
    return {
        "at": iso_time(noted.at),
        "first_at": iso_time(noted.first_at),
        "times": noted.times,
        "survey": noted.survey,
        "version": noted.version,
        "outcome": noted.outcome,
        "message": OUTCOMES[noted.outcome],
        "page": noted.page,
        "reasons": [_refusal(reason, now) for reason in noted.reasons],
    }


def explanation_json(config: Config, told: Told, survey_key: str | None = None) -> dict[str, Any]:
    """Explain every survey, or the one named, for the person of `told`, with the last decisions about them. Raises
    `NotFound` for an unknown survey.
    """
    if survey_key is not None and survey_key not in config.catalogue.surveys:
        raise NotFound("no_such_survey", "There is no such survey.")
    known = told.known
    person, now = known.person, known.now
    explained = explain(config.catalogue, person, now, told.counts, config.standings)
    return {
        "person": {
            "id": known.person_id,
            "user_id": known.user_id,
            "anonymous_id": known.anonymous_id,
            "opted_out": person.opted_out,
            "test": person.test,
        },
        "now": iso_time(now),
        "next": _free(next_time(explained, now), now),
        "surveys": [_survey(one, told) for one in explained if survey_key in (None, one.live.survey.key)],
        "decisions": [_decision(one, now) for one in told.recent if survey_key in (None, one.survey)],
        "behind_ms": BEHIND_MS,
    }
