"""The decision: may this person be asked this survey now, and if not, every reason why.

A decision is a list of checks, in the order in which a person would explain them. Each looks at the same frozen facts
and returns refusals; no refusal means yes. All checks always run, so that `why` can name every reason with its numbers
and not merely the first. Adding a restriction can only add refusals: no check ever turns a refusal into an ask.

The same function runs when an event arrives (an offer is only a promise to look again) and inside the transaction
that records the ask, where the facts are fresh and locked and `now` was read after the lock.

Two exceptions are data, in the table: a *test person* passes what would keep a tester from seeing a card, and a
person who asks to give feedback (`show`) is not throttled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tactful.core.audience import facts_of
from tactful.core.conditions import Judge, compiled
from tactful.core.people import Person
from tactful.core.policy import Policy, Rule
from tactful.core.surveys import Survey
from tactful.core.throttle import RuleReading, free_at, read_rule, rules_for
from tactful.core.trigger import on_page

__all__ = ["CHECKS", "LiveSurvey", "Moment", "Refusal", "decide", "free_again", "meets", "readings", "share_of"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a stable code, its numbers, and when it is free again (None: time alone will not change it)."""

    code: str
    free_at: int | None = None
    rule: str | None = None
    counted: int | None = None
    cap: int | None = None
    window_ms: int | None = None


@dataclass(frozen=True, slots=True)
class LiveSurvey:
    """A survey as one version of the project's configuration has it: with its version, the rules it must pass, and
    what judges its audience's conditions (None: there are none)."""

    survey: Survey
    version: int
    rules: tuple[Rule, ...]
    judge: Judge | None = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "judge", compiled(self.survey.audience.where))

    @classmethod
    def under(cls, policy: Policy, survey: Survey, version: int) -> LiveSurvey:
        return cls(survey, version, rules_for(survey, policy))


class Moment(NamedTuple):
    """When and where. Apart from any page (`why`), `page`, `locale` and `width` are None. A page that does not tell its
    language or its width, in CSS pixels, is of no audience that depends on them."""

    now: int
    page: str | None = None
    asked_for: bool = False
    locale: str | None = None
    width: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One reason to refuse, and who passes it all the same."""

    find: Callable[[LiveSurvey, Policy, Person, Moment], tuple[Refusal, ...]]
    binds_test_people: bool
    binds_show: bool


def share_of(*parts: str) -> float:
    """Map `parts` to a share in [0, 1), always the same: what sticky samples compare with.

    A percentage re-rolled at every trigger would reach nearly everybody: 10 % over 30 triggers asks 95.8 %.
    """
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56


def _state(live: LiveSurvey, _policy: Policy, _person: Person, _moment: Moment) -> tuple[Refusal, ...]:
    if live.survey.state != "live":
        return (Refusal("not_live"),)
    return ()


def _opted_out(_live: LiveSurvey, _policy: Policy, person: Person, _moment: Moment) -> tuple[Refusal, ...]:
    if person.opted_out:
        return (Refusal("opted_out"),)
    return ()


def _holdout(_live: LiveSurvey, policy: Policy, person: Person, _moment: Moment) -> tuple[Refusal, ...]:
    if policy.holdout > 0 and share_of("holdout", person.sample_key) < policy.holdout:
        return (Refusal("holdout"),)
    return ()


def _sample(live: LiveSurvey, _policy: Policy, person: Person, _moment: Moment) -> tuple[Refusal, ...]:
    sample = live.survey.audience.sample
    if sample < 1 and share_of("sample", live.survey.key, person.sample_key) >= sample:
        return (Refusal("sample"),)
    return ()


def _audience(live: LiveSurvey, _policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    if live.judge is not None and meets(live.judge, person, moment) is not True:
        return (Refusal("audience"),)
    return ()


def _page(live: LiveSurvey, _policy: Policy, _person: Person, moment: Moment) -> tuple[Refusal, ...]:
    if moment.page is not None and not on_page(live.survey.trigger, moment.page):
        return (Refusal("page"),)
    return ()


def _tenure(live: LiveSurvey, policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    own = live.survey.throttle.tenure_ms
    tenure_ms = policy.tenure_ms if own is None else own
    if moment.now < person.since + tenure_ms:
        return (Refusal("tenure", free_at=person.since + tenure_ms, window_ms=tenure_ms),)
    return ()


def _repeat(live: LiveSurvey, _policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    repeat_ms = live.survey.throttle.repeat_ms
    if repeat_ms is None:
        return ()
    times = [ask.asked_at for ask in person.asks if ask.survey == live.survey.key]
    counted, again = free_at(times, cap=1, window_ms=repeat_ms, now=moment.now)
    if again is not None:
        return (Refusal("repeat", free_at=again, counted=counted, cap=1, window_ms=repeat_ms),)
    return ()


def _rules(live: LiveSurvey, _policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    if not live.rules:
        return ()
    return tuple(
        Refusal("rule", reading.free_at, reading.rule.id, reading.counted, reading.rule.cap, reading.rule.window_ms)
        for reading in readings(live, person, moment.now)
        if reading.full
    )


CHECKS: tuple[Check, ...] = (
    Check(_state, binds_test_people=True, binds_show=True),
    Check(_opted_out, binds_test_people=True, binds_show=False),
    Check(_holdout, binds_test_people=False, binds_show=False),
    Check(_sample, binds_test_people=False, binds_show=False),
    Check(_audience, binds_test_people=True, binds_show=False),
    Check(_page, binds_test_people=True, binds_show=False),
    Check(_tenure, binds_test_people=False, binds_show=False),
    Check(_repeat, binds_test_people=False, binds_show=False),
    Check(_rules, binds_test_people=False, binds_show=False),
)

#: The checks that bind, by whether the person is a test person and whether they asked to be asked.
_BINDING = {
    (test, asked_for): tuple(
        check.find for check in CHECKS if (check.binds_test_people or not test) and (check.binds_show or not asked_for)
    )
    for test in (False, True)
    for asked_for in (False, True)
}


def meets(judge: Judge, person: Person, moment: Moment) -> bool | None:
    """Tell whether a judge of an audience lets `person` pass; None where it depends on what only a page can tell."""
    return judge(facts_of(person, moment.now, moment.locale, moment.width))


def readings(live: LiveSurvey, person: Person, now: int) -> tuple[RuleReading, ...]:
    """Read every rule that `live` must pass, the full and the free ones."""
    return tuple([read_rule(rule, live.survey.key, person.asks, now) for rule in live.rules])


def decide(live: LiveSurvey, policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    """Return every reason not to ask `person` this survey at `moment`; none means that it may be asked."""
    found: tuple[Refusal, ...] = ()
    for find in _BINDING[person.test, moment.asked_for]:
        found += find(live, policy, person, moment)
    return found


def free_again(refusals: Iterable[Refusal]) -> int | None:
    """When the last refusal lets go; None when there is none, or one that time alone does not change."""
    times = [refusal.free_at for refusal in refusals]
    known = [at for at in times if at is not None]
    return max(known) if known and len(known) == len(times) else None
