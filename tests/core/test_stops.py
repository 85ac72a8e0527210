"""What stops asking whatever the rules say: a clock that jumped, and the quiet after a restore."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tactful.core.decide import Refusal
from tactful.core.policy import Policy, Rule, Stops
from tactful.core.spans import FOREVER
from tests.core.examples import NOW, OPEN, a_rule, a_survey
from tests.core.test_decide import DAY, Case


def _quiet(since_ms: int, *rules: Rule) -> Policy:
    return replace(OPEN, rules=rules, stops=Stops(quiet_since=NOW - since_ms))


REFUSED = {
    "the clock jumped": (Case(policy=replace(OPEN, stops=Stops(clock=True))), Refusal("clock")),
    "quiet for the longest rule": (
        Case(policy=_quiet(DAY - 1, a_rule(DAY), a_rule(1, id="short"))),
        Refusal("quiet", NOW + 1, window_ms=DAY),
    ),
    "quiet for its own repeat": (
        Case(a_survey(throttle={"repeat_ms": 2 * DAY}), policy=_quiet(DAY, a_rule(DAY))),
        Refusal("quiet", NOW + DAY, window_ms=2 * DAY),
    ),
    "quiet for what may still be dismissed": (
        Case(policy=_quiet(DAY, a_rule(DAY, count="dismissed"))),
        Refusal("quiet", NOW + 30 * DAY, window_ms=31 * DAY),
    ),
    "quiet for ever": (
        Case(a_survey(throttle={"repeat_ms": FOREVER}), policy=_quiet(900 * DAY)),
        Refusal("quiet", NOW - 900 * DAY + FOREVER, window_ms=FOREVER),
    ),
}
ASKED = {
    "quiet no more": Case(policy=_quiet(DAY, a_rule(DAY))),
    "quiet, and no rule that could be broken": Case(policy=_quiet(0)),
    "the rule that could be broken is for others": Case(policy=_quiet(0, a_rule(DAY, surveys="kind:csat"))),
}


@pytest.mark.parametrize(("case", "refusal"), REFUSED.values(), ids=REFUSED)
def test_it_is_told_until_when(case: Case, refusal: Refusal) -> None:
    assert case.decided() == (refusal,)


@pytest.mark.parametrize("case", ASKED.values(), ids=ASKED)
def test_nothing_stops(case: Case) -> None:
    assert case.decided() == ()
