"""Never too often: how a rule counts, and when it lets go.

A window slides. At the moment `now` a rule of window W counts what lies in (now - W, now]: something exactly W ago
no longer counts. A time later than `now` counts as well (a merged history or a moved clock may bring one), since
leaving it out could only ask more often. The rule refuses while its count has reached its cap, and is free again the
moment the cap-th newest leaves the window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tactful.core.people import PastAsk
from tactful.core.policy import Policy, Rule
from tactful.core.spans import FOREVER
from tactful.core.surveys import Survey

__all__ = ["RuleReading", "applies", "free_at", "horizon_ms", "read_rule", "rules_for"]

#: An ask token takes a response, and a card may be dismissed, this long after the ask.
ASK_LIFETIME_MS = 30 * 24 * 3_600 * 1_000


class RuleReading(NamedTuple):
    """What a rule says of one person and survey: its count, and when it is free again (None: it is free)."""

    rule: Rule
    counted: int
    free_at: int | None

    @property
    def full(self) -> bool:
        return self.free_at is not None


def _selects(selector: str, this: str, *, key: str, kind: str, tags: frozenset[str]) -> bool:
    group, _, name = selector.partition(":")
    match group:
        case "all":
            return True
        case "this":
            return key == this
        case "kind":
            return kind == name
        case "tag":
            return name in tags
    raise AssertionError(f"unread selector {selector!r}")


def applies(rule: Rule, survey: Survey) -> bool:
    """Tell whether `rule` has a say in asking `survey`."""
    return _selects(rule.surveys, survey.key, key=survey.key, kind=survey.kind, tags=survey.tags)


def rules_for(survey: Survey, policy: Policy) -> tuple[Rule, ...]:
    """The rules of `policy` that `survey` must pass: those that apply and that it does not ignore."""
    return tuple(rule for rule in policy.rules if applies(rule, survey) and rule.id not in survey.throttle.ignores)


def _times(rule: Rule, this: str, asks: Iterable[PastAsk]) -> Iterator[int]:
    for ask in asks:
        if _selects(rule.surveys, this, key=ask.survey, kind=ask.kind, tags=ask.tags):
            at = ask.asked_at if rule.count == "asked" else getattr(ask, f"{rule.count}_at")
            if at is not None:
                yield at


def free_at(times: Iterable[int], *, cap: int, window_ms: int, now: int) -> tuple[int, int | None]:
    """Return the count in the window and the time when it falls below `cap` (None: it is below)."""
    inside = [at for at in times if at > now - window_ms]
    if len(inside) < cap:
        return len(inside), None
    return len(inside), sorted(inside, reverse=True)[cap - 1] + window_ms


def read_rule(rule: Rule, this: str, asks: Iterable[PastAsk], now: int) -> RuleReading:
    """Read `rule` for the survey with the key `this`."""
    counted, again = free_at(_times(rule, this, asks), cap=rule.cap, window_ms=rule.window_ms, now=now)
    return RuleReading(rule, counted, again)


def horizon_ms(policy: Policy, surveys: Iterable[Survey]) -> int:
    """How far back an ask can matter to any rule: the longest window and, as a dismissal may follow its ask
    late, the life of an ask."""
    windows = [rule.window_ms for rule in policy.rules]
    windows += [survey.throttle.repeat_ms or 0 for survey in surveys]
    return min(max(windows, default=0) + ASK_LIFETIME_MS, FOREVER)
