"""The shape of a policy and its rules."""

from __future__ import annotations

import re
from typing import Any, get_args

from tactful.core.kinds import KINDS, SURVEY_KINDS
from tactful.core.policy import DEFAULT_POLICY, Count, Policy, Rule, Scope
from tactful.core.reading.conditions import path_under
from tactful.core.reading.fields import integer, one_of, share, span
from tactful.core.reading.places import At
from tactful.core.reading.questions import LATER_KINDS
from tactful.core.reading.shapes import Field, Shape, later, list_of, read_fields, record, refuse_twice
from tactful.core.reading.survey import LONGEST_SPAN_MS, rule_id, tag
from tactful.core.spans import SECOND_MS

__all__ = ["policy"]

_MOST_RULES = 50
_LARGEST_CAP = 1_000

#: What a rule may count and limit; a tag may be any, so it is not listed.
_SELECTIONS = {selection: selection for selection in ("all", "this", *(f"kind:{kind}" for kind in SURVEY_KINDS))}
_NO_SELECTIONS = {f"kind:{kind}": told for kind, told in LATER_KINDS.items()} | {
    f"kind:{kind}": "selects nothing: a survey without a score is of kind `text`"
    for kind in KINDS
    if kind not in SURVEY_KINDS
}
_named = one_of(_SELECTIONS, "a selection of surveys (or `tag:` and a tag)", _NO_SELECTIONS)


def _selection(at: At) -> str | None:
    if isinstance(at.value, str) and at.value.startswith("tag:"):
        return at.value if tag(at.holding(at.value.removeprefix("tag:"))) is not None else None
    return _named(at)


_SCOPES: dict[str, Scope] = {"person": "person", "account": "account", "project": "project"}
_plain_scope = one_of(_SCOPES, "a scope (or `same(traits.region)`)")
_SAME = re.compile(r"same\((.*)\)")
_same_path = path_under("traits", "account")


def _scope(at: At) -> tuple[Scope, str | None] | None:
    """A scope and, for `same(...)`, the path of the trait that it goes by."""
    same = _SAME.fullmatch(at.value) if isinstance(at.value, str) else None
    if same is not None:
        trait = _same_path(at.holding(same[1]))
        return None if trait is None else ("same", trait)
    plain = _plain_scope(at)
    return None if plain is None else (plain, None)


def _build_rule(*, scope: tuple[Scope, str | None] = ("person", None), **fields: Any) -> Rule:
    return Rule(scope=scope[0], trait=scope[1], **fields)


RULE = Shape(
    "a rule",
    {
        "id": Field(rule_id, to="id", needs="an id that is unique in the policy, such as `any-7d`"),
        "scope": Field(_scope, to="scope"),
        "surveys": Field(
            _selection, to="surveys", needs="which surveys: `all`, `this`, `kind:nps` or `tag:onboarding`"
        ),
        "count": Field(
            one_of({count: count for count in get_args(Count)}, "something to count"),
            to="count",
            needs=f"what it counts: {', '.join(f'`{count}`' for count in get_args(Count))}",
        ),
        "cap": Field(integer(1, _LARGEST_CAP), to="cap", needs="how many it allows, such as `1`"),
        "window": Field(
            span(SECOND_MS, LONGEST_SPAN_MS, forever=True), to="window_ms", needs="the time it looks back, such as `7d`"
        ),
    },
    refused=later("same", "per", "spread", "except"),
)
_rules = list_of(record(_build_rule, RULE), _MOST_RULES)


def _all_rules(at: At) -> tuple[Rule, ...] | None:
    refuse_twice(at, "id", "the id of an earlier rule")
    if at.value == []:
        at.notes.warn(at.steps, "is empty: nothing limits how often a person is asked; add rules")
    return _rules(at)


POLICY = Shape(
    "a policy",
    {
        "rules": Field(_all_rules, to="rules"),
        "tenure": Field(span(0, LONGEST_SPAN_MS), to="tenure_ms"),
        "holdout": Field(share, to="holdout"),
    },
    refused=later("quiet_hours", "hours", "budget", "schedule", "quota", "blackout"),
)


def policy(at: At) -> Policy | None:
    """Read a policy; what it leaves open is as in `DEFAULT_POLICY`."""
    found = read_fields(at, POLICY)
    return None if found is None else Policy(**{"rules": DEFAULT_POLICY.rules, **found})
