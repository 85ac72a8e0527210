"""The canonical written form: what is stored, shown and compared. Reading it gives the same value back.

Fields come in the order of the design's example; one that says nothing beyond its default is left out, so the
defaults are part of the format and must never change their meaning. Spans are written as people write them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tactful.core.conditions import OPERATORS, Entry, Group, Responded
from tactful.core.kinds import KINDS
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
    Quiet,
    Survey,
    SurveyThrottle,
    Thanks,
    Trigger,
    Variant,
)
from tactful.core.texts import ANY_LANGUAGE, ELSE, Text

__all__ = ["Written", "given", "unless_none", "write_entry", "write_policy", "write_survey"]

Written = dict[str, Any]


def write_survey(survey: Survey) -> Written:
    """Write a survey as plain data fit for JSON and YAML; `read_survey` of it equals `survey`."""
    return {
        "key": survey.key,
        "name": survey.name,
        "state": survey.state,
        **given("tags", sorted(survey.tags), []),
        **given("priority", survey.priority, 0),
        **given("trigger", _trigger(survey.trigger), {}),
        **given("audience", _audience(survey.audience), {}),
        **given("throttle", _throttle(survey.throttle), {}),
        **unless_none("schedule", survey.schedule, _schedule),
        **given("variants", {one.name: _variant(one) for one in survey.variants}, {}),
        **unless_none("arm", survey.arm, str),
        **unless_none("intro", survey.intro, _text),
        "questions": [_question(question) for question in survey.questions],
        **given("thanks", _thanks(survey.thanks), {}),
        **given("look", _look(survey.look), {}),
        **given("quiet", _quiet(survey.quiet), {}),
        **unless_none("enough", survey.enough, _enough),
        **unless_none("quota", survey.quota, lambda quota: {"responses": quota}),
    }


def write_policy(policy: Policy) -> Written:
    """Write a policy as plain data fit for JSON and YAML; `read_policy` of it equals `policy`."""
    return {
        "rules": [_rule(rule) for rule in policy.rules],
        "tenure": format_span(policy.tenure_ms),
        "holdout": policy.holdout,
    }


def given(field: str, written: Any, default: Any) -> Written:
    """The field, unless it says no more than its default."""
    return {} if written == default else {field: written}


def unless_none(field: str, value: Any, write: Callable[[Any], Any]) -> Written:
    """The field, written by `write`, if there is a value."""
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
    written = {band: _thanks_of(one) for band, one in thanks.items()}
    return _by_band(written) if written else {}


def _thanks_of(thanks: Thanks) -> Written:
    return {
        "title": _text(thanks.title),
        **unless_none("text", thanks.text, _text),
        **unless_none("action", thanks.action, lambda one: {"label": _text(one.label), "url": _text(one.url)}),
        **unless_none(
            "share", thanks.share, lambda one: {"text": _text(one.text), **unless_none("url", one.url, _text)}
        ),
        **unless_none("coupon", thanks.coupon, _text),
        **unless_none(
            "promise", thanks.promise, lambda one: {"by": _text(one.by), **unless_none("text", one.text, _text)}
        ),
    }


def _variant(variant: Variant) -> Written:
    texts = {address: _text(text) for address, text in variant.texts.items()}
    return {"weight": variant.weight, **given("texts", texts, {})}


def _trigger(trigger: Trigger) -> Written:
    if trigger == Trigger():
        return {}
    return {"any": [_event(event) for event in trigger.any], **unless_none("page", trigger.page, str)}


def _event(event: EventTrigger) -> Written:
    moment = as_written(event.event)
    if moment is not None:
        # Its source says nothing: only a page can tell it.
        field, value = moment
        rest = _event(replace(event, event="", source="any"))
        return {field: value, **{name: one for name, one in rest.items() if name != "event"}}
    return {
        "event": event.event,
        **given("where", [write_entry(one) for one in event.where], []),
        **unless_none("nth", event.nth, _nth),
        **given("source", event.source, "any"),
        **given("delay", format_span(event.delay_ms), format_span(0)),
        **unless_none("per", event.per, str),
        **given("hold", format_span(event.hold_ms), format_span(0)),
        **unless_none("within", event.within_ms, format_span),
        **given("cancel_on", [_cancel(one) for one in event.cancel_on], []),
    }


def _cancel(cancel: Cancel) -> Written:
    return {"event": cancel.event, **unless_none("same", cancel.same, str)}


def _nth(nth: Nth) -> Written:
    if nth.exactly is not None:
        return {"exactly": nth.exactly}
    return {"every": nth.every, **given("from", nth.start, nth.every)}


def write_entry(entry: Entry) -> Any:
    """Write a condition or a group of them."""
    if isinstance(entry, Group):
        inner = [write_entry(one) for one in entry.of]
        return {entry.how: inner[0] if entry.how == "not" and len(inner) == 1 else inner}
    if isinstance(entry, Responded):
        return {
            "responded": entry.survey,
            **unless_none("score", entry.score, lambda score: [score[0], _operand(score[1])]),
            **unless_none("band", entry.band, str),
            **unless_none("within", entry.within_ms, format_span),
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
        **given("where", [write_entry(one) for one in audience.where], []),
        **given("sample", audience.sample, 1.0),
    }


def _schedule(schedule: Schedule) -> Written:
    return {
        **unless_none("from", schedule.first, str),
        **unless_none("until", schedule.last, str),
        **given("tz", schedule.tz, Schedule().tz),
        **unless_none("hours", schedule.hours, lambda hours: "-".join(map(_clock, hours))),
        **given("days", list(schedule.days), []),
    }


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _throttle(throttle: SurveyThrottle) -> Written:
    return {
        **unless_none("repeat", throttle.repeat_ms, format_span),
        **unless_none("tenure", throttle.tenure_ms, format_span),
        **given("ignores", sorted(throttle.ignores), []),
        **unless_none("reserve", throttle.reserve_ms, format_span),
        **unless_none("spread", throttle.spread_ms, format_span),
    }


def _enough(enough: Enough) -> Written:
    return {"margin": enough.margin, "per": format_span(enough.per_ms)}


def _question(question: Question) -> Written:
    kind, of_kind = question.kind, KINDS[question.kind.name]
    default = Question(question.id, kind, question.ask)
    return {
        "id": question.id,
        "kind": kind.name,
        "ask": _text(question.ask),
        **given("points", kind.highest, of_kind.highest),
        **given("display", kind.display, of_kind.display),
        **unless_none("low", question.low, _text),
        **unless_none("high", question.high, _text),
        **given("required", question.required, default.required),
        **unless_none("placeholder", question.placeholder, _text),
        **given("max_length", question.max_length, default.max_length),
        **given("lines", "short" if question.short else "long", "long"),
        **_chosen(question, default),
        **unless_none("earliest", question.earliest, str),
        **unless_none("latest", question.latest, str),
        **unless_none("label", question.label, _text),
        **unless_none("link", question.link, lambda link: {"label": _text(link.label), "url": link.url}),
        **unless_none("button", question.button, _text),
        **unless_none("if", question.condition, _answer_condition),
    }


def _chosen(question: Question, default: Question) -> Written:
    other = question.other
    return {
        **given("options", [{"id": one.id, "label": _text(one.label)} for one in question.options], []),
        **given("other", _text(other) if isinstance(other, Text) else other, default.other),
        **given("shuffle", question.shuffle, default.shuffle),
        **unless_none("least", question.least, int),
        **unless_none("most", question.most, int),
    }


def _answer_condition(condition: AnswerCondition) -> list[Any]:
    return [condition.question, condition.op, _operand(condition.value)]


def _look(look: Look) -> Written:
    default = Look()
    return {
        **given("position", look.position, default.position),
        **given("accent", look.accent, default.accent),
        **given("scheme", look.scheme, default.scheme),
        **given("radius", look.radius, default.radius),
        **unless_none("logo", look.logo, lambda logo: {"url": logo.url, "alt": _text(logo.alt)}),
        **unless_none("target", look.target, str),
    }


def _quiet(quiet: Quiet) -> Written:
    default = Quiet()
    return {
        **given("for", format_span(quiet.for_ms), format_span(default.for_ms)),
        **given("give_up", format_span(quiet.give_up_ms), format_span(default.give_up_ms)),
        **given("despite", sorted(quiet.despite), []),
    }
