"""The decision: may this person be asked this survey now, and if not, every reason why.

A decision is a list of checks, in the order in which a person would explain them. Each looks at the same frozen facts
and returns refusals; no refusal means yes. All checks always run, so that `why` can name every reason with its numbers
and not merely the first. Adding a restriction can only add refusals: no check ever turns a refusal into an ask.

The same function runs when an event arrives (an offer is only a promise to look again) and inside the transaction
that records the ask, where the facts are fresh and locked and `now` was read after the lock.

Two exceptions are data, in the table: a *test person* passes what would keep a tester from seeing a card, and a
person who asks to give feedback (`show`) is not throttled. So is which surveys a check `concerns` at all: the checks
of each survey are worked out once, when it is compiled, so that a survey pays for what it says and no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from tactful.core.audience import facts_of
from tactful.core.conditions import Facts, Judge, compiled
from tactful.core.people import Person
from tactful.core.policy import Policy, Rule
from tactful.core.schedule import is_open, next_opening
from tactful.core.standing import Standing
from tactful.core.surveys import Survey
from tactful.core.throttle import RuleReading, free_at, memory_ms, read_rule, rules_for
from tactful.core.trigger import on_page

__all__ = ["CHECKS", "LiveSurvey", "Moment", "Once", "Refusal", "decide", "free_again", "meets", "readings", "share_of"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a stable code, its numbers, and when it is free again (None: time alone will not change it). `survey` is
    the one that this one waits for."""

    code: str
    free_at: int | None = None
    rule: str | None = None
    counted: int | None = None
    cap: int | None = None
    window_ms: int | None = None
    survey: str | None = None


@dataclass(frozen=True, slots=True)
class LiveSurvey:
    """A survey as one version of the project's configuration has it: with its version and the rules it must pass.

    `live_since` is when it first went live (None: it never did). It `yields_to` surveys of higher priority that reserve
    people for themselves. `judge` judges its audience's conditions (None: there are none). `finders` are the checks
    that concern it, by who is asked (`_who`); None: not worked out yet.
    """

    survey: Survey
    version: int
    rules: tuple[Rule, ...]
    live_since: int | None = None
    yields_to: tuple[LiveSurvey, ...] = ()
    finders: tuple[tuple[Finder, ...], ...] | None = field(default=None, repr=False, compare=False)
    judge: Judge | None = field(init=False, compare=False, repr=False)
    #: The person's own history is all that it is decided by: no scope beyond, and nobody to yield to.
    by_person: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        alone = not self.yields_to and all(rule.scope == "person" for rule in self.rules)
        object.__setattr__(self, "by_person", alone)
        object.__setattr__(self, "judge", compiled(self.survey.audience.where))

    @classmethod
    def under(
        cls,
        policy: Policy,
        survey: Survey,
        version: int,
        live_since: int | None = None,
        yields_to: tuple[LiveSurvey, ...] = (),
    ) -> LiveSurvey:
        plain = cls(survey, version, rules_for(survey, policy), live_since, yields_to)
        checks = [check for check in CHECKS if check.concerns(plain, policy)]
        return replace(plain, finders=_by_who(checks))


class Once:
    """What holds for one person at one moment, whatever the survey: kept by whoever decides about several."""

    __slots__ = ("facts", "readings")

    def __init__(self) -> None:
        self.facts: Facts | None = None
        self.readings: dict[str, RuleReading] = {}


class Moment(NamedTuple):
    """When and where. Apart from any page (`why`), `page`, `locale` and `width` are None. A page that does not tell its
    language or its width, in CSS pixels, is of no audience that depends on them. `standings` are those of the surveys
    that limit their responses, by key. `once` may be given where several surveys are decided for the same person."""

    now: int
    page: str | None = None
    asked_for: bool = False
    locale: str | None = None
    width: float | None = None
    standings: Mapping[str, Standing] = MappingProxyType({})
    once: Once | None = None


Finder = Callable[[LiveSurvey, Policy, Person, Moment], tuple[Refusal, ...]]


def _always(_live: LiveSurvey, _policy: Policy) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Check:
    """One reason to refuse, who passes it all the same, and which surveys it `concerns`."""

    find: Finder
    binds_test_people: bool = False
    binds_show: bool = False
    concerns: Callable[[LiveSurvey, Policy], bool] = _always


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


def _clock(_live: LiveSurvey, policy: Policy, _person: Person, _moment: Moment) -> tuple[Refusal, ...]:
    return (Refusal("clock"),) if policy.stops.clock else ()


def _quiet(live: LiveSurvey, policy: Policy, _person: Person, moment: Moment) -> tuple[Refusal, ...]:
    """After a restore, until what was asked and is forgotten would have left every window of this survey."""
    since = policy.stops.quiet_since
    if since is None:
        return ()
    quiet_ms = memory_ms(live.rules, live.survey.throttle.repeat_ms)
    if moment.now < since + quiet_ms:
        return (Refusal("quiet", free_at=since + quiet_ms, window_ms=quiet_ms),)
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


def _schedule(live: LiveSurvey, _policy: Policy, _person: Person, moment: Moment) -> tuple[Refusal, ...]:
    schedule = live.survey.schedule
    if schedule is None or is_open(schedule, moment.now):
        return ()
    return (Refusal("schedule", free_at=next_opening(schedule, moment.now)),)


def _tenure(live: LiveSurvey, policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    own = live.survey.throttle.tenure_ms
    tenure_ms = policy.tenure_ms if own is None else own
    if moment.now < person.since + tenure_ms:
        return (Refusal("tenure", free_at=person.since + tenure_ms, window_ms=tenure_ms),)
    return ()


def _spread(live: LiveSurvey, _policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    spread_ms = live.survey.throttle.spread_ms
    if spread_ms is None or live.live_since is None:
        return ()
    begins_at = live.live_since + int(share_of("spread", live.survey.key, person.sample_key) * spread_ms)
    if moment.now < begins_at:
        return (Refusal("spread", free_at=begins_at, window_ms=spread_ms),)
    return ()


def _quota(live: LiveSurvey, _policy: Policy, _person: Person, moment: Moment) -> tuple[Refusal, ...]:
    quota, standing = live.survey.quota, moment.standings.get(live.survey.key)
    if quota is not None and standing is not None and standing.responses >= quota:
        return (Refusal("quota", counted=standing.responses, cap=quota),)
    return ()


def _enough(live: LiveSurvey, _policy: Policy, _person: Person, moment: Moment) -> tuple[Refusal, ...]:
    enough, standing = live.survey.enough, moment.standings.get(live.survey.key)
    if enough is None or standing is None or standing.margin is None or standing.margin > enough.margin:
        return ()
    return (Refusal("enough", window_ms=enough.per_ms),)


def _repeat(live: LiveSurvey, _policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    repeat_ms = live.survey.throttle.repeat_ms
    if repeat_ms is None or not person.asks:
        return ()
    times = [ask.asked_at for ask in person.asks if ask.survey == live.survey.key]
    counted, again = free_at(times, cap=1, window_ms=repeat_ms, now=moment.now)
    if again is not None:
        return (Refusal("repeat", free_at=again, counted=counted, cap=1, window_ms=repeat_ms),)
    return ()


def _rules(live: LiveSurvey, _policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    return tuple([_refusal_of(reading) for reading in readings(live, person, moment.now, moment.once) if reading.full])


def _refusal_of(reading: RuleReading) -> Refusal:
    rule = reading.rule
    if reading.unknown:
        return Refusal("same_missing", rule=rule.id)
    return Refusal("rule", reading.free_at, rule.id, reading.counted, rule.cap, rule.window_ms)


def _reserved(live: LiveSurvey, policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    """Keep the person for every survey of higher priority whose trigger has fired, if it will be free before its
    reserve is over. What time alone does not free by then reserves nothing, so nobody is kept in vain, and nobody who
    is free begins to be kept merely because time passes."""
    found: list[Refusal] = []
    for other in live.yields_to:
        fired_at, reserve_ms = person.fired.get(other.survey.key), other.survey.throttle.reserve_ms
        assert reserve_ms is not None, f"{other.survey.key} reserves nothing"
        if fired_at is None or moment.now >= fired_at + reserve_ms:
            continue
        refusals = decide(other, policy, person, moment._replace(page=None))
        again = free_again(refusals) if refusals else moment.now
        if again is not None and again <= fired_at + reserve_ms:
            found.append(Refusal("reserved", fired_at + reserve_ms, window_ms=reserve_ms, survey=other.survey.key))
    return tuple(found)


CHECKS: tuple[Check, ...] = (
    Check(_state, binds_test_people=True, binds_show=True, concerns=lambda live, _: live.survey.state != "live"),
    Check(_clock, binds_test_people=True, binds_show=True, concerns=lambda _, policy: policy.stops.clock),
    Check(_quiet, concerns=lambda _, policy: policy.stops.quiet_since is not None),
    Check(_opted_out, binds_test_people=True),
    Check(_holdout, concerns=lambda _, policy: policy.holdout > 0),
    Check(_sample, concerns=lambda live, _: live.survey.audience.sample < 1),
    Check(_audience, binds_test_people=True, concerns=lambda live, _: live.judge is not None),
    Check(_page, binds_test_people=True, concerns=lambda live, _: live.survey.trigger.page is not None),
    Check(_schedule, concerns=lambda live, _: live.survey.schedule is not None),
    Check(_tenure),
    Check(_spread, concerns=lambda live, _: live.survey.throttle.spread_ms is not None),
    Check(_quota, concerns=lambda live, _: live.survey.quota is not None),
    Check(_enough, concerns=lambda live, _: live.survey.enough is not None),
    Check(_repeat, concerns=lambda live, _: live.survey.throttle.repeat_ms is not None),
    Check(_rules, concerns=lambda live, _: bool(live.rules)),
    Check(_reserved, concerns=lambda live, _: bool(live.yields_to)),
)


def _who(*, test: bool, asked_for: bool) -> int:
    """Where the checks stand that bind a person: by whether they are a test person, and asked to be asked."""
    return 2 * test + asked_for


def _by_who(checks: Sequence[Check]) -> tuple[tuple[Finder, ...], ...]:
    return tuple(
        tuple(
            check.find
            for check in checks
            if (check.binds_test_people or not test) and (check.binds_show or not asked_for)
        )
        for test in (False, True)
        for asked_for in (False, True)
    )


_ALL_FINDERS = _by_who(CHECKS)


def meets(judge: Judge, person: Person, moment: Moment) -> bool | None:
    """Tell whether a judge of an audience lets `person` pass; None where it depends on what only a page can tell."""
    once = moment.once
    if once is not None and once.facts is not None:
        return judge(once.facts)
    facts = facts_of(person, moment.now, moment.locale, moment.width)
    if once is not None:
        once.facts = facts
    return judge(facts)


def readings(live: LiveSurvey, person: Person, now: int, once: Once | None = None) -> tuple[RuleReading, ...]:
    """Read every rule that `live` must pass, the full and the free ones."""
    if once is None:
        return tuple([read_rule(rule, live.survey.key, person, now) for rule in live.rules])
    return tuple([_read_once(rule, live.survey.key, person, now, once) for rule in live.rules])


def _read_once(rule: Rule, this: str, person: Person, now: int, once: Once) -> RuleReading:
    if rule.surveys == "this":
        return read_rule(rule, this, person, now)
    read = once.readings.get(rule.id)
    if read is None:
        read = once.readings[rule.id] = read_rule(rule, this, person, now)
    return read


def decide(live: LiveSurvey, policy: Policy, person: Person, moment: Moment) -> tuple[Refusal, ...]:
    """Return every reason not to ask `person` this survey at `moment`; none means that it may be asked."""
    finders = live.finders or _ALL_FINDERS
    found: tuple[Refusal, ...] = ()
    for find in finders[_who(test=person.test, asked_for=moment.asked_for)]:
        found += find(live, policy, person, moment)
    return found


def free_again(refusals: Iterable[Refusal]) -> int | None:
    """When the last refusal lets go; None when there is none, or one that time alone does not change."""
    times = [refusal.free_at for refusal in refusals]
    known = [at for at in times if at is not None]
    return max(known) if known and len(known) == len(times) else None
