"""The canonical written form: what is stored, shown and compared. Reading it gives the same value back.

Fields come in the order of the design's example; one that says nothing beyond its default is left out, so the
defaults are part of the format and must never change their meaning. Spans are written as people write them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tactful.core.conditions import OPERATORS, Entry, Group, Responded
from tactful.core.moments import as_written
from tactful.core.policy import Policy, Rule
from tactful.core.schedule import Schedule
from tactful.core.spans import format_span
from tactful.core.surveys import (
    AnswerCondition,
    Audience,
    Cancel,
    Enough,
    EventTrigger,
    Look,
    Nth,
    Question,
    Survey,
    SurveyThrottle,
    Thanks,
    Trigger,
    Variant,
)
from tactful.core.texts import ANY_LANGUAGE, ELSE, Text

__all__ = ["write_policy", "write_survey"]

Written = dict[str, Any]


def write_survey(survey: Survey) -> Written:
    """Write a survey as plain data fit for JSON and YAML; `read_survey` of it equals `survey`."""
    return {
        "key": survey.key,
        "name": survey.name,
        "state": survey.state,
        **_given("tags", sorted(survey.tags), []),
        **_given("priority", survey.priority, 0),
        **_given("trigger", _trigger(survey.trigger), {}),
        **_given("audience", _audience(survey.audience), {}),
        **_given("throttle", _throttle(survey.throttle), {}),
        **_unless_none("schedule", survey.schedule, _schedule),
        **_given("variants", {one.name: _variant(one) for one in survey.variants}, {}),
        **_unless_none("arm", survey.arm, str),
        **_unless_none("intro", survey.intro, _text),
        "questions": [_question(question) for question in survey.questions],
        **_given("thanks", _thanks(survey.thanks), {}),
        **_given("look", _look(survey.look), {}),
        **_unless_none("enough", survey.enough, _enough),
        **_unless_none("quota", survey.quota, lambda quota: {"responses": quota}),
    }


def write_policy(policy: Policy) -> Written:
    """Write a policy as plain data fit for JSON and YAML; `read_policy` of it equals `policy`."""
    return {
        "rules": [_rule(rule) for rule in policy.rules],
        "tenure": format_span(policy.tenure_ms),
        "holdout": policy.holdout,
    }


def _given(field: str, written: Any, default: Any) -> Written:
    return {} if written == default else {field: written}


def _unless_none(field: str, value: Any, write: Callable[[Any], Any]) -> Written:
    return {} if value is None else {field: write(value)}


def _rule(rule: Rule) -> Written:
    return {
        "id": rule.id,
        "scope": rule.scope if rule.trait is None else f"same({rule.trait})",
        "surveys": rule.surveys,
        "count": rule.count,
        "cap": rule.cap,
        "window": format_span(rule.window_ms),
    }


def _text(text: Text) -> Any:
    return _by_band({band: _languages(told) for band, told in text.by.items()})


def _languages(told: Mapping[str, str]) -> str | Written:
    return told[ANY_LANGUAGE] if told.keys() == {ANY_LANGUAGE} else dict(told)


def _by_band(written: Written) -> Any:
    return written[ELSE] if written.keys() == {ELSE} else {"by": written}


def _thanks(thanks: Mapping[str, Thanks]) -> Any:
    written = {
        band: {"title": _text(one.title), **_unless_none("text", one.text, _text)} for band, one in thanks.items()
    }
    return _by_band(written) if written else {}


def _variant(variant: Variant) -> Written:
    texts = {address: _text(text) for address, text in variant.texts.items()}
    return {"weight": variant.weight, **_given("texts", texts, {})}


def _trigger(trigger: Trigger) -> Written:
    if trigger == Trigger():
        return {}
    return {"any": [_event(event) for event in trigger.any], **_unless_none("page", trigger.page, str)}


def _event(event: EventTrigger) -> Written:
    moment = as_written(event.event)
    if moment is not None:
        # Its source says nothing: only a page can tell it.
        field, value = moment
        rest = _event(replace(event, event="", source="any"))
        return {field: value, **{name: one for name, one in rest.items() if name != "event"}}
    return {
        "event": event.event,
        **_given("where", [_entry(one) for one in event.where], []),
        **_unless_none("nth", event.nth, _nth),
        **_given("source", event.source, "any"),
        **_given("delay", format_span(event.delay_ms), format_span(0)),
        **_unless_none("per", event.per, str),
        **_given("hold", format_span(event.hold_ms), format_span(0)),
        **_unless_none("within", event.within_ms, format_span),
        **_given("cancel_on", [_cancel(one) for one in event.cancel_on], []),
    }


def _cancel(cancel: Cancel) -> Written:
    return {"event": cancel.event, **_unless_none("same", cancel.same, str)}


def _nth(nth: Nth) -> Written:
    if nth.exactly is not None:
        return {"exactly": nth.exactly}
    return {"every": nth.every, **_given("from", nth.start, nth.every)}


def _entry(entry: Entry) -> Any:
    if isinstance(entry, Group):
        inner = [_entry(one) for one in entry.of]
        return {entry.how: inner[0] if entry.how == "not" and len(inner) == 1 else inner}
    if isinstance(entry, Responded):
        return {
            "responded": entry.survey,
            **_unless_none("score", entry.score, lambda score: [score[0], _operand(score[1])]),
            **_unless_none("band", entry.band, str),
            **_unless_none("within", entry.within_ms, format_span),
        }
    match OPERATORS[entry.op].operand:
        case "none":
            return [entry.path, entry.op]
        case "span":
            assert isinstance(entry.value, int)
            return [entry.path, entry.op, format_span(entry.value)]
    return [entry.path, entry.op, _operand(entry.value)]


def _operand(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _audience(audience: Audience) -> Written:
    return {
        **_given("where", [_entry(one) for one in audience.where], []),
        **_given("sample", audience.sample, 1.0),
    }


def _schedule(schedule: Schedule) -> Written:
    return {
        **_unless_none("from", schedule.first, str),
        **_unless_none("until", schedule.last, str),
        **_given("tz", schedule.tz, Schedule().tz),
        **_unless_none("hours", schedule.hours, lambda hours: "-".join(map(_clock, hours))),
        **_given("days", list(schedule.days), []),
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _throttle(throttle: SurveyThrottle) -> Written:
    return {
        **_unless_none("repeat", throttle.repeat_ms, format_span),
        **_unless_none("tenure", throttle.tenure_ms, format_span),
        **_given("ignores", sorted(throttle.ignores), []),
        **_unless_none("reserve", throttle.reserve_ms, format_span),
        **_unless_none("spread", throttle.spread_ms, format_span),
    }


def _enough(enough: Enough) -> Written:
    return {"margin": enough.margin, "per": format_span(enough.per_ms)}


def _question(question: Question) -> Written:
    default = Question(question.id, question.kind, question.ask)
    return {
        "id": question.id,
        "kind": question.kind.name,
        "ask": _text(question.ask),
        **_unless_none("low", question.low, _text),
        **_unless_none("high", question.high, _text),
        **_given("required", question.required, default.required),
        **_unless_none("placeholder", question.placeholder, _text),
        **_given("max_length", question.max_length, default.max_length),
        **_unless_none("if", question.condition, _answer_condition),
    }


def _answer_condition(condition: AnswerCondition) -> list[Any]:
    return [condition.question, condition.op, _operand(condition.value)]


def _look(look: Look) -> Written:
    default = Look()
    return {
        **_given("position", look.position, default.position),
        **_given("accent", look.accent, default.accent),
        **_given("scheme", look.scheme, default.scheme),
    }
