"""Never too often: how a rule counts, and when it lets go.

A window slides. At the moment `now` a rule of window W counts what lies in (now - W, now]: something exactly W ago
no longer counts. A time later than `now` counts as well (a merged history or a moved clock may bring one), since
leaving it out could only ask more often. The rule refuses while its count has reached its cap, and is free again the
moment the cap-th newest leaves the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from tactful.core.conditions import reach_ms
from tactful.core.people import PastAsk, Person
from tactful.core.policy import Count, Policy, Rule
from tactful.core.scopes import scope_of, tally_of
from tactful.core.spans import FOREVER
from tactful.core.surveys import Survey

__all__ = [
    "ASK_LIFETIME_MS",
    "RuleReading",
    "applies",
    "chooses",
    "free_at",
    "horizon_ms",
    "memory_ms",
    "read_rule",
    "rules_for",
]

#: An ask token takes a response, and a card may be dismissed, this long after the ask.
ASK_LIFETIME_MS = 30 * 24 * 3_600 * 1_000


class RuleReading(NamedTuple):
    """What a rule says of one person and survey: its count, and when it is free again (None: it is free).

    Beyond one person it counts no further than its cap. `unknown` says that it goes by a trait that the person lacks:
    it cannot tell, and refuses until it can.
    """

    rule: Rule
    counted: int
    free_at: int | None
    unknown: bool = False

    @property
    def full(self) -> bool:
        return self.free_at is not None or self.unknown


_TIME_OF: dict[Count, Callable[[PastAsk], int | None]] = {
    "asked": lambda ask: ask.asked_at,
    "dismissed": lambda ask: ask.dismissed_at,
    "responded": lambda ask: ask.responded_at,
}


@lru_cache(maxsize=4_096)
def _chooser(selector: str, this: str) -> Callable[[PastAsk], bool] | None:
    """The test that an ask must pass to be among the surveys that `selector` names; None: all are."""
    group, _, name = selector.partition(":")
    match group:
        case "all":
            return None
        case "this":
            return lambda ask: ask.survey == this
        case "kind":
            return lambda ask: ask.kind == name
        case "tag":
            return lambda ask: name in ask.tags
    raise AssertionError(f"unread selector {selector!r}")


def applies(rule: Rule, survey: Survey) -> bool:
    """Tell whether `rule` has a say in asking `survey`."""
    chosen = _chooser(rule.surveys, survey.key)
    return chosen is None or chosen(PastAsk(survey.key, survey.kind, survey.tags, 0))


def chooses(rule: Rule, ask: PastAsk) -> bool:
    """Tell whether `rule`, whose `this` is the survey that was asked, counts `ask`."""
    chosen = _chooser(rule.surveys, ask.survey)
    return chosen is None or chosen(ask)


def rules_for(survey: Survey, policy: Policy) -> tuple[Rule, ...]:
    """The rules of `policy` that `survey` must pass: those that apply and that it does not ignore."""
    return tuple(rule for rule in policy.rules if applies(rule, survey) and rule.id not in survey.throttle.ignores)


def _times(rule: Rule, this: str, asks: Iterable[PastAsk], after: int) -> list[int]:
    """The times later than `after` that `rule` counts. The window is looked at first: most asks lie outside of it."""
    time_of = _TIME_OF[rule.count]
    recent = [(ask, at) for ask in asks if (at := time_of(ask)) is not None and at > after]
    if not recent or (chosen := _chooser(rule.surveys, this)) is None:
        return [at for _, at in recent]
    return [at for ask, at in recent if chosen(ask)]


def free_at(times: Iterable[int], *, cap: int, window_ms: int, now: int) -> tuple[int, int | None]:
    """Return the count in the window and the time when it falls below `cap` (None: it is below)."""
    inside = [at for at in times if at > now - window_ms]
    if len(inside) < cap:
        return len(inside), None
    return len(inside), sorted(inside, reverse=True)[cap - 1] + window_ms


def read_rule(rule: Rule, this: str, person: Person, now: int) -> RuleReading:
    """Read `rule` for the survey with the key `this`. What it counts beyond the person must be among their tallies."""
    times: Iterable[int]
    if rule.scope == "person":
        if not person.asks:
            return RuleReading(rule, 0, None)
        times = _times(rule, this, person.asks, now - rule.window_ms)
    else:
        scope = scope_of(rule, person)
        if scope is None:
            return RuleReading(rule, 0, None, unknown=rule.scope == "same")
        times = person.tallies[tally_of(rule, this, scope)]
    counted, again = free_at(times, cap=rule.cap, window_ms=rule.window_ms, now=now)
    return RuleReading(rule, counted, again)


def memory_ms(rules: Iterable[Rule], repeat_ms: int | None) -> int:
    """How long something that nobody remembers may matter to a survey with these rules: their longest window, and for
    one that counts what may follow an ask late, the life of an ask."""
    windows = [rule.window_ms + (0 if rule.count == "asked" else ASK_LIFETIME_MS) for rule in rules]
    return min(max([*windows, repeat_ms or 0]), FOREVER)


def horizon_ms(policy: Policy, surveys: Iterable[Survey]) -> int:
    """How far back an ask can matter to any rule or audience: the longest window and, as a dismissal or a response may
    follow its ask late, the life of an ask."""
    windows = [rule.window_ms for rule in policy.rules if rule.scope == "person"]
    for survey in surveys:
        windows += [survey.throttle.repeat_ms or 0, reach_ms(survey.audience.where)]
    return min(max(windows, default=0) + ASK_LIFETIME_MS, FOREVER)
