"""Why a person may or may not be asked, as their page shows it: a verdict for each survey with its rules as meters and
what it waits for, and the last decisions in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tactful.core.catalogue import Catalogue
from tactful.core.decide import Refusal
from tactful.core.explain import Awaited, Explanation, in_words, waits_for
from tactful.core.journal import OUTCOMES, Noted
from tactful.core.moments import in_words as event_in_words
from tactful.core.policy import Rule
from tactful.core.spans import FOREVER
from tactful.core.throttle import RuleReading
from tactful.web.formats import span

__all__ = ["by_state", "decision", "overall", "shared_rules", "steps_of", "verdict"]

#: The checks besides the rules, in the order in which one would explain them: code, what it asks, and whether test
#: people pass it. A refusal by any other code is a row of its own, so that no reason goes untold.
_CHECKS = (
    ("not_live", "The survey is live", False),
    ("opted_out", "Did not ask to be left alone", False),
    ("holdout", "Outside the holdout", True),
    ("sample", "In the survey's sample", True),
    ("audience", "In the survey's audience", False),
    ("tenure", "Known for long enough", True),
    ("repeat", "Not asked this one lately", True),
)
_CHECKED = frozenset(code for code, _, _ in _CHECKS)
_COUNTED = {"asked": "asks", "dismissed": "dismissals", "responded": "responses"}
_HAPPENED = {"asked": "Asked", "dismissed": "Dismissed", "responded": "Responded"}
_SCOPES = {"person": "", "account": ", in their account", "project": ", in the whole project"}
#: How a decision looks along the line: filled for an ask, grey for a no.
_TONES = {"asked": "end", "shown": "end", "offered": ""}
#: A meter with more steps than this is a bar.
_MOST_STEPS = 12
_GAP = 2.0


def by_state(explanation: Explanation) -> tuple[bool, int, str]:
    """Live surveys first, then by priority."""
    survey = explanation.live.survey
    return survey.state != "live", -survey.priority, survey.key


def overall(explained: Sequence[Explanation]) -> dict[str, Any]:
    """All live surveys together: how many, how many may be asked now, and when the first of the others is free."""
    live = [one for one in explained if one.live.survey.state == "live"]
    times = [at for one in live if (at := _soon(one.free_at)) is not None]
    return {"live": len(live), "now": sum(one.may_ask for one in live), "next": min(times, default=None)}


def verdict(explanation: Explanation, *, test: bool) -> dict[str, Any]:
    """One survey: the verdict, its reasons in words, what it waits for, every check, and as meters the rules that
    count this survey alone."""
    survey = explanation.live.survey
    rules = {rule.id: rule for rule in explanation.live.rules}
    others = [one for one in explanation.refusals if one.code not in _CHECKED and one.rule is None]
    return {
        "survey": survey,
        "may_ask": explanation.may_ask,
        "depends": explanation.depends,
        "free_at": _soon(explanation.free_at),
        "refusals": sorted((_refusal(one, rules) for one in explanation.refusals), key=_lasting),
        "awaits": [_awaited(one) for one in explanation.awaits],
        "checks": [_check(row, explanation, test=test) for row in _CHECKS] + [_other(one) for one in others],
        "readings": [_rule(reading, test=test) for reading in explanation.rules],
        "rules": [_rule(reading, test=test) for reading in explanation.rules if reading.rule.surveys == "this"],
    }


def shared_rules(explained: Sequence[Explanation], *, test: bool) -> list[dict[str, Any]]:
    """The rules that say the same whichever survey is asked about, once each, as meters."""
    readings = {one.rule.id: one for each in explained for one in each.rules if one.rule.surveys != "this"}
    return [_rule(reading, test=test) for reading in readings.values()]


def _lasting(refusal: Mapping[str, Any]) -> float:
    """What lasts longest first: it is what decides."""
    return -(float("inf") if refusal["free_at"] is None else refusal["free_at"])


def _soon(free_at: int | None) -> int | None:
    """A time that will come; None for the end of a window without end."""
    return free_at if free_at is not None and free_at < FOREVER else None


def _awaited(awaited: Awaited) -> dict[str, str]:
    """The event apart from the rest of the phrase: it is in somebody's language, the rest in ours."""
    name = event_in_words(awaited.trigger.event)
    return {"event": name, "rest": waits_for(awaited).removeprefix(name)}


def _words(refusal: Refusal, rules: Mapping[str, Rule]) -> str:
    window, rule = _window(refusal.window_ms), rules.get(refusal.rule or "")
    words = in_words(refusal, window)
    if rule is not None and refusal.code == "rule":
        by = "" if rule.surveys == "all" else f" by {_selected(rule)}"
        words = f"{_HAPPENED[rule.count]} {_times(refusal.counted or 0)} in {window}{by}{_scope(rule)}"
    return words[0].upper() + words[1:]


def _refusal(refusal: Refusal, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """One reason in words, with the rule's own name apart."""
    told = {"words": _words(refusal, rules), "free_at": _soon(refusal.free_at), "rule": None}
    if refusal.code != "rule":
        return told
    return told | {"rule": refusal.rule, "allows": "none" if refusal.cap == 0 else f"{refusal.cap}"}


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count) or f"{count} times"


def _window(window_ms: int | None) -> str:
    if window_ms is None:
        return ""
    return "all time" if window_ms >= FOREVER else span(window_ms)


def _check(check: tuple[str, str, bool], explanation: Explanation, *, test: bool) -> dict[str, Any]:
    code, words, test_people_pass = check
    refusal = next((one for one in explanation.refusals if one.code == code), None)
    return {
        "words": words,
        "passes": refusal is None,
        "window": _window(refusal.window_ms) if refusal else "",
        "waived": test_people_pass and test,
        "free_at": _soon(refusal.free_at) if refusal else None,
    }


def _other(refusal: Refusal) -> dict[str, Any]:
    told = {"passes": False, "waived": False, "window": "", "free_at": _soon(refusal.free_at)}
    return told | {"words": _words(refusal, {})}


def _rule(reading: RuleReading, *, test: bool) -> dict[str, Any]:
    rule = reading.rule
    return {
        "id": rule.id,
        "words": f"{_COUNTED[rule.count]} of {_selected(rule)} in {_window(rule.window_ms)}{_scope(rule)}",
        "counted": reading.counted,
        "cap": rule.cap,
        "full": reading.full,
        "unknown": reading.unknown,
        "waived": test and reading.full,
        "free_at": _soon(reading.free_at),
        "steps": steps_of(reading.counted, rule.cap),
    }


def steps_of(counted: int, cap: int) -> list[dict[str, float | bool]]:
    """The meter's steps in percent of its width: one for each that the cap allows, or a bar where they are many."""
    if cap > _MOST_STEPS or cap < 1:
        share = 1.0 if cap < 1 else min(1.0, counted / cap)
        filled = round(100 * share, 2)
        return [{"x": 0.0, "width": filled, "filled": True}, {"x": filled, "width": 100 - filled, "filled": False}]
    width = (100 - _GAP * (cap - 1)) / cap
    return [
        {"x": round(number * (width + _GAP), 2), "width": round(width, 2), "filled": number < counted}
        for number in range(cap)
    ]


def _selected(rule: Rule) -> str:
    group, _, name = rule.surveys.partition(":")
    return {"all": "any survey", "this": "this survey"}.get(group) or f"surveys of {group} {name}"


def _scope(rule: Rule) -> str:
    return f", to everybody with the same {rule.trait}" if rule.trait is not None else _SCOPES[rule.scope]


# The last decisions -------------------------------------------------------------------------------------------------


def decision(noted: Noted, catalogue: Catalogue) -> dict[str, Any]:
    """One decision in words: about which survey, how it ended, and why."""
    live = catalogue.surveys.get(noted.survey)
    rules = {rule.id: rule for rule in live.rules} if live is not None else {}
    words = OUTCOMES[noted.outcome]
    return {
        "survey": live.survey.name if live is not None else noted.survey,
        "words": words[0].upper() + words[1:],
        "tone": _TONES.get(noted.outcome, "open"),
        "reasons": [_past(one, rules) for one in noted.reasons],
        "times": noted.times,
        "at": noted.at,
        "first_at": noted.first_at,
        "page": noted.page,
    }


def _past(refusal: Refusal, rules: Mapping[str, Rule]) -> dict[str, str | None]:
    return {"words": _words(refusal, rules), "rule": refusal.rule if refusal.rule in rules else None}
