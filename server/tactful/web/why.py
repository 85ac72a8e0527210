"""Why and why not, as the management API and the command line tell it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tactful.core.decide import Refusal
from tactful.core.explain import Explanation, explain, in_words
from tactful.core.throttle import RuleReading
from tactful.errors import NotFound
from tactful.store.candidates import Waiter
from tactful.store.people import Known
from tactful.store.projects import Config
from tactful.web.times import iso_time

__all__ = ["explanation_json"]


def _free(free_at: int | None, now: int) -> dict[str, Any]:
    if free_at is None:
        return {"free_at": None, "free_in_ms": None}
    return {"free_at": iso_time(free_at), "free_in_ms": max(0, free_at - now)}


def _refusal(refusal: Refusal, now: int) -> dict[str, Any]:
    return {
        "code": refusal.code,
        "message": in_words(refusal),
        "rule": refusal.rule,
        "count": refusal.counted,
        "cap": refusal.cap,
        "window_ms": refusal.window_ms,
    } | _free(refusal.free_at, now)


def _rule(reading: RuleReading, now: int) -> dict[str, Any]:
    rule = reading.rule
    return {
        "rule": rule.id,
        "surveys": rule.surveys,
        "count": rule.count,
        "counted": reading.counted,
        "cap": rule.cap,
        "window_ms": rule.window_ms,
    } | _free(reading.free_at, now)


def _waiter(waiter: Waiter, now: int) -> dict[str, Any]:
    not_before = {"not_before": iso_time(waiter.not_before), "in_ms": max(0, waiter.not_before - now)}
    return {"per": waiter.per, "event": dict(waiter.event)} | not_before


def _survey(explanation: Explanation, now: int, waiting: Sequence[Waiter]) -> dict[str, Any]:
    survey = explanation.live.survey
    return {
        "survey": survey.key,
        "name": survey.name,
        "state": survey.state,
        "may_ask": explanation.may_ask,
        "refusals": [_refusal(refusal, now) for refusal in explanation.refusals],
        "rules": [_rule(reading, now) for reading in explanation.rules],
        "waiting": [_waiter(one, now) for one in waiting if one.survey_key == survey.key],
    } | _free(explanation.free_at, now)


def explanation_json(
    config: Config, known: Known, survey_key: str | None = None, waiting: Sequence[Waiter] = ()
) -> dict[str, Any]:
    """Explain every survey, or the one named, for `known`, whose candidates `waiting` are. Raises `NotFound` for an
    unknown survey.
    """
    if survey_key is not None and survey_key not in config.catalogue.surveys:
        raise NotFound("no_such_survey", "There is no such survey.")
    explained = explain(config.catalogue, known.person, known.now)
    person = known.person
    return {
        "person": {
            "id": known.person_id,
            "user_id": known.user_id,
            "anonymous_id": known.anonymous_id,
            "opted_out": person.opted_out,
            "test": person.test,
        },
        "now": iso_time(known.now),
        "surveys": [_survey(one, known.now, waiting) for one in explained if survey_key in (None, one.live.survey.key)],
    }
