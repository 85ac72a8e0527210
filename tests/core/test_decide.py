"""The decision: each check by itself, who passes it all the same, and that no restriction ever lets anybody in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.conditions import Condition, Responded
from tactful.core.decide import CHECKS, LiveSurvey, Moment, Refusal, decide, readings, share_of
from tactful.core.people import PastAsk, Person, Tally
from tactful.core.policy import NOTHING_STOPS, Policy, Rule, Stops
from tactful.core.schedule import Schedule
from tactful.core.spans import DAY_MS, FOREVER
from tactful.core.standing import Standing
from tactful.core.surveys import Audience, Enough, Survey
from tests.core.examples import NOW, OPEN, a_person, a_rule, a_survey, an_ask, decided

DAY = DAY_MS
#: Where in a spread of a day the turn of `ann` comes.
TURN_OF_ANN = int(share_of("spread", "nps", "ann") * DAY_MS)
IS_PRO = (Condition("traits.plan", "is", "pro"),)
OLD_ENOUGH = (Condition("person.age_days", "gte", 100),)


@dataclass(frozen=True)
class Case:
    """One situation in which one check has something to say."""

    survey: Survey = field(default_factory=a_survey)
    policy: Policy = OPEN
    person: Person = field(default_factory=a_person)
    moment: Moment = field(default_factory=lambda: Moment(NOW))
    live_since: int | None = None
    yields_to: tuple[Survey, ...] = ()

    def decided(self) -> tuple[Refusal, ...]:
        others = tuple(LiveSurvey.under(self.policy, other, 1) for other in self.yields_to)
        live = {"live_since": self.live_since, "yields_to": others}
        return decided(self.survey, self.policy, self.person, self.moment, **live)


def _rules(*rules: Rule) -> Policy:
    return Policy(rules, tenure_ms=0)


def _standing(responses: int, margin: float | None = None) -> Moment:
    return Moment(NOW, standings={"nps": Standing(responses, margin)})


ENOUGH = Enough(5, 30 * DAY)
ACME = {"account_id": "acme"}
ACCOUNT_RULE = a_rule(DAY, 2, scope="account")
IN_ACME = Tally("account:acme", "all", "asked")
REGION_RULE = a_rule(DAY, scope="same", trait="traits.region")
#: A survey of higher priority that was asked a day ago, and reserves people for a week.
FIRST = a_survey("first", priority=1, throttle={"reserve_ms": 7 * DAY, "repeat_ms": 3 * DAY})
FIRED = {"fired": {"first": NOW - DAY}, "asks": (an_ask(DAY, "first"),)}


REFUSED = {
    "draft": (Case(a_survey(state="draft")), Refusal("not_live")),
    "paused": (Case(a_survey(state="paused")), Refusal("not_live")),
    "ended": (Case(a_survey(state="ended")), Refusal("not_live")),
    "opted out": (Case(person=a_person(opted_out=True)), Refusal("opted_out")),
    "holdout of everybody": (Case(policy=replace(OPEN, holdout=1.0)), Refusal("holdout")),
    "sample of nobody": (Case(a_survey(sample=0.0)), Refusal("sample")),
    "trait missing": (Case(a_survey(where=IS_PRO)), Refusal("audience")),
    "one trait of two": (
        Case(a_survey(where=(*OLD_ENOUGH, *IS_PRO)), person=a_person(traits={"plan": "free"})),
        Refusal("audience"),
    ),
    "too young for the audience": (
        Case(a_survey(where=OLD_ENOUGH), person=a_person(first_seen_at=NOW - 100 * DAY + 1)),
        Refusal("audience"),
    ),
    "elsewhere": (Case(a_survey(page="/app/*"), moment=Moment(NOW, "https://site.test/")), Refusal("page")),
    "before its time": (
        Case(a_survey(schedule=Schedule(first=date(2026, 12, 1)))),
        Refusal("schedule", free_at=1_796_083_200_000),
    ),
    "after its time": (Case(a_survey(schedule=Schedule(last=date(2026, 11, 17)))), Refusal("schedule")),
    "responded otherwise": (
        Case(a_survey(where=(Responded("csat"),)), person=a_person(asks=(an_ask(5, "nps", responded_at=NOW),))),
        Refusal("audience"),
    ),
    "too new": (
        Case(policy=replace(OPEN, tenure_ms=14 * DAY), person=a_person(first_seen_at=NOW - 14 * DAY + 1)),
        Refusal("tenure", free_at=NOW + 1, window_ms=14 * DAY),
    ),
    "too new for this survey": (
        Case(a_survey(throttle={"tenure_ms": 200 * DAY})),
        Refusal("tenure", free_at=NOW + 100 * DAY, window_ms=200 * DAY),
    ),
    "asked this before": (
        Case(a_survey(throttle={"repeat_ms": DAY}), person=a_person(asks=(an_ask(DAY - 1), an_ask(5)))),
        Refusal("repeat", free_at=NOW - 5 + DAY, counted=2, cap=1, window_ms=DAY),
    ),
    "asked this once and for all": (
        Case(a_survey(throttle={"repeat_ms": FOREVER}), person=a_person(asks=(an_ask(NOW),))),
        Refusal("repeat", free_at=FOREVER, counted=1, cap=1, window_ms=FOREVER),
    ),
    "asked anything": (
        Case(policy=_rules(a_rule(DAY)), person=a_person(asks=(an_ask(DAY - 1, "other"),))),
        Refusal("rule", free_at=NOW + 1, rule="r", counted=1, cap=1, window_ms=DAY),
    ),
    "a future ask": (
        Case(policy=_rules(a_rule(DAY)), person=a_person(asks=(an_ask(-DAY),))),
        Refusal("rule", free_at=NOW + 2 * DAY, rule="r", counted=1, cap=1, window_ms=DAY),
    ),
    "dismissed": (
        Case(
            policy=_rules(a_rule(DAY, count="dismissed"), a_rule(DAY, cap=2, id="two")),
            person=a_person(asks=(an_ask(2 * DAY, dismissed_at=NOW - 7),)),
        ),
        Refusal("rule", free_at=NOW - 7 + DAY, rule="r", counted=1, cap=1, window_ms=DAY),
    ),
    "the account was asked": (
        Case(policy=_rules(ACCOUNT_RULE), person=a_person(**ACME, tallies={IN_ACME: (NOW - 3, NOW - 5)})),
        Refusal("rule", free_at=NOW - 5 + DAY, rule="r", counted=2, cap=2, window_ms=DAY),
    ),
    "no value to go by": (Case(policy=_rules(REGION_RULE)), Refusal("same_missing", rule="r")),
    "its turn comes later": (
        Case(a_survey(throttle={"spread_ms": DAY}), live_since=NOW - TURN_OF_ANN + 1),
        Refusal("spread", free_at=NOW + 1, window_ms=DAY),
    ),
    "quota reached": (Case(a_survey(quota=5), moment=_standing(5)), Refusal("quota", counted=5, cap=5)),
    "known closely enough": (
        Case(a_survey(enough=ENOUGH), moment=_standing(0, 5.0)),
        Refusal("enough", window_ms=30 * DAY),
    ),
    "kept for a survey that is free soon": (
        Case(person=a_person(**FIRED), yields_to=(FIRST,)),
        Refusal("reserved", free_at=NOW + 6 * DAY, window_ms=7 * DAY, survey="first"),
    ),
    "kept for a survey that is free now": (
        Case(person=a_person(fired={"first": NOW}), yields_to=(FIRST,)),
        Refusal("reserved", free_at=NOW + 7 * DAY, window_ms=7 * DAY, survey="first"),
    ),
    "kept until it is free, exactly as long as its reserve": (
        Case(
            person=a_person(fired={"first": NOW}, asks=(an_ask(0, "first"),)),
            yields_to=(replace(FIRST, throttle=replace(FIRST.throttle, repeat_ms=7 * DAY)),),
        ),
        Refusal("reserved", free_at=NOW + 7 * DAY, window_ms=7 * DAY, survey="first"),
    ),
}

ASKED = {
    "everyday": Case(),
    "in the audience": Case(a_survey(where=(*OLD_ENOUGH, *IS_PRO)), person=a_person(traits={"plan": "pro"})),
    "on the page": Case(a_survey(page="/app/*"), moment=Moment(NOW, "https://site.test/app/lesson")),
    "no page to look at": Case(a_survey(page="/app/*"), moment=Moment(NOW, None)),
    "in its time": Case(a_survey(schedule=Schedule(date(2026, 11, 18), date(2026, 11, 18)))),
    "responded": Case(
        a_survey(where=(Responded("csat"),)), person=a_person(asks=(an_ask(5, "csat", responded_at=NOW),))
    ),
    "tenure over": Case(policy=replace(OPEN, tenure_ms=100 * DAY)),
    "tenure over for an old account": Case(
        policy=replace(OPEN, tenure_ms=100 * DAY), person=a_person(first_seen_at=NOW, created_at=NOW - 100 * DAY)
    ),
    "the survey's own tenure is shorter": Case(
        a_survey(throttle={"tenure_ms": 0}),
        policy=replace(OPEN, tenure_ms=900 * DAY),
        person=a_person(first_seen_at=NOW),
    ),
    "no account to protect": Case(policy=_rules(ACCOUNT_RULE)),
    "a place left in the account": Case(
        policy=_rules(ACCOUNT_RULE), person=a_person(**ACME, tallies={IN_ACME: (NOW - 3,)})
    ),
    "its turn has come": Case(a_survey(throttle={"spread_ms": DAY}), live_since=NOW - TURN_OF_ANN),
    "never live, nothing to spread": Case(a_survey(throttle={"spread_ms": DAY})),
    "a response short of the quota": Case(a_survey(quota=5), moment=_standing(4)),
    "nobody has counted": Case(a_survey(quota=5, enough=ENOUGH)),
    "not known closely enough": Case(a_survey(enough=ENOUGH), moment=_standing(0, 5.1)),
    "too few to tell how closely": Case(a_survey(enough=ENOUGH), moment=_standing(0)),
    "the other survey's trigger never fired": Case(yields_to=(FIRST,)),
    "the other survey's reserve is over": Case(person=a_person(fired={"first": NOW - 7 * DAY}), yields_to=(FIRST,)),
    "the other survey is free too late": Case(
        person=a_person(fired={"first": NOW}, asks=(an_ask(0, "first"),)),
        yields_to=(replace(FIRST, throttle=replace(FIRST.throttle, repeat_ms=7 * DAY + 1)),),
    ),
    "time alone will not free the other survey": Case(
        person=a_person(**FIRED), yields_to=(replace(FIRST, audience=Audience(IS_PRO)),)
    ),
    "repeat over": Case(a_survey(throttle={"repeat_ms": DAY}), person=a_person(asks=(an_ask(DAY),))),
    "another survey does not repeat": Case(
        a_survey(throttle={"repeat_ms": DAY}), person=a_person(asks=(an_ask(0, "other"),))
    ),
    "window over": Case(policy=_rules(a_rule(DAY)), person=a_person(asks=(an_ask(DAY),))),
    "below the cap": Case(policy=_rules(a_rule(DAY, cap=2)), person=a_person(asks=(an_ask(5),))),
    "the rule is for others": Case(
        policy=_rules(a_rule(DAY, surveys="kind:csat")), person=a_person(asks=(an_ask(5, kind="csat"),))
    ),
    "full sample": Case(a_survey(sample=1.0)),
    "no holdout": Case(policy=replace(OPEN, holdout=0.0)),
}


@pytest.mark.parametrize(("case", "refusal"), REFUSED.values(), ids=REFUSED)
def test_one_reason_is_told_with_its_numbers(case: Case, refusal: Refusal) -> None:
    assert case.decided() == (refusal,)


@pytest.mark.parametrize("case", ASKED.values(), ids=ASKED)
def test_nothing_refuses(case: Case) -> None:
    assert case.decided() == ()


#: Refused by every check at once.
NEVER = Case(
    a_survey(
        state="draft",
        sample=0.0,
        where=IS_PRO,
        page="/app/*",
        throttle={"tenure_ms": 200 * DAY, "repeat_ms": DAY, "spread_ms": 9 * DAY},
        quota=1,
        enough=ENOUGH,
        schedule=Schedule(last=date(2026, 1, 1)),
    ),
    Policy((a_rule(DAY, id="first"), a_rule(DAY, id="second"), REGION_RULE), holdout=1.0, stops=Stops(True, NOW)),
    a_person(opted_out=True, asks=(an_ask(5),), fired={"vip": NOW}),
    Moment(NOW, "https://site.test/", standings={"nps": Standing(1, 1.0)}),
    live_since=NOW,
    yields_to=(a_survey("vip", priority=1, throttle={"reserve_ms": DAY}),),
)
#: `vip` is refused for ever by what refuses everything, so it reserves nothing here.
ALL_CODES = [
    *("not_live", "clock", "quiet", "opted_out", "holdout", "sample", "audience", "page", "schedule", "tenure"),
    *("spread", "quota", "enough", "repeat", "rule", "rule", "same_missing"),
]


def _codes(case: Case) -> list[str]:
    return [refusal.code for refusal in case.decided()]


def test_every_reason_is_told_and_not_merely_the_first() -> None:
    assert _codes(NEVER) == ALL_CODES
    assert [refusal.rule for refusal in NEVER.decided()][-3:] == ["first", "second", "r"]
    # `_rules` says two things, and `reserved` only where time alone frees the other survey.
    assert len(CHECKS) == len(set(ALL_CODES) - {"same_missing"}) + 1


def test_what_is_not_compiled_is_checked_by_everything() -> None:
    """A survey knows which checks concern it; one that does not know yet is refused no less."""
    for case, _ in REFUSED.values():
        others = tuple(LiveSurvey.under(case.policy, other, 1) for other in case.yields_to)
        compiled = LiveSurvey.under(case.policy, case.survey, 1, case.live_since, others)
        for moment in (case.moment, case.moment._replace(asked_for=True)):
            for person in (case.person, case.person._replace(test=True)):
                every = decide(replace(compiled, finders=None), case.policy, person, moment)
                assert decide(compiled, case.policy, person, moment) == every


def test_a_test_person_passes_what_would_keep_a_tester_from_seeing_a_card() -> None:
    tester = replace(NEVER, person=NEVER.person._replace(test=True))
    assert _codes(tester) == ["not_live", "clock", "opted_out", "audience", "page"]


def test_somebody_who_asks_to_give_feedback_is_not_throttled() -> None:
    asking = replace(NEVER, moment=NEVER.moment._replace(asked_for=True))
    assert _codes(asking) == ["not_live", "clock"]
    free = replace(
        asking, survey=replace(asking.survey, state="live"), policy=replace(asking.policy, stops=NOTHING_STOPS)
    )
    assert free.decided() == ()


def test_readings_tell_the_free_rules_as_well_as_the_full_ones() -> None:
    policy = _rules(a_rule(DAY, id="full"), a_rule(DAY, cap=2, id="free"), a_rule(DAY, id="csat", surveys="kind:csat"))
    live = LiveSurvey.under(policy, a_survey(), 1)
    told = readings(live, a_person(asks=(an_ask(5),)), NOW)
    assert [(one.rule.id, one.counted, one.full) for one in told] == [("full", 1, True), ("free", 1, False)]


# Small numbers, so that the edges of windows meet often.
MOMENT = 100
SMALL = st.integers(1, 40)
TIME = st.integers(MOMENT - 50, MOMENT + 5)
SURVEYS = st.sampled_from(["nps", "csat"])
COUNTS = st.sampled_from(["asked", "dismissed", "responded"])
SELECTORS = st.sampled_from(["all", "this", "kind:nps", "kind:csat", "tag:t"])
PAST_ASKS = st.builds(
    PastAsk,
    survey=SURVEYS,
    kind=SURVEYS,
    tags=st.sampled_from([frozenset(), frozenset({"t"})]),
    asked_at=TIME,
    dismissed_at=st.none() | TIME,
    responded_at=st.none() | TIME,
)


def _a_small_rule(name: str) -> st.SearchStrategy[Rule]:
    return st.builds(Rule, id=st.just(name), surveys=SELECTORS, count=COUNTS, cap=st.integers(1, 4), window_ms=SMALL)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any situation, many of which ask and many of which refuse for one reason or several."""
    survey = a_survey(
        tags=draw(st.sampled_from([frozenset(), frozenset({"t"})])),
        sample=draw(st.sampled_from([0.2, 1.0])),
        where=draw(st.sampled_from([(), IS_PRO])),
        page=draw(st.sampled_from([None, "/app/*"])),
        state=draw(st.sampled_from(["live", "live", "paused"])),
        throttle={
            "repeat_ms": draw(st.none() | SMALL),
            "tenure_ms": draw(st.none() | SMALL),
            "ignores": draw(st.sampled_from([frozenset(), frozenset({"a"})])),
        },
    )
    person = a_person(
        sample_key=draw(st.sampled_from(["ann", "bob", "cid"])),
        first_seen_at=draw(TIME),
        created_at=draw(st.none() | TIME),
        opted_out=draw(st.sampled_from([False, False, True])),
        test=draw(st.booleans()),
        traits=draw(st.sampled_from([{}, {"plan": "pro"}])),
        asks=tuple(draw(st.lists(PAST_ASKS, max_size=5))),
    )
    rules = tuple(draw(_a_small_rule(name)) for name in draw(st.sampled_from(["", "a", "ab", "abc"])))
    policy = Policy(rules, tenure_ms=draw(SMALL), holdout=draw(st.sampled_from([0.0, 0.4])))
    page = draw(st.sampled_from([None, "https://site.test/", "https://site.test/app/x"]))
    return Case(survey, policy, person, Moment(MOMENT, page, draw(st.sampled_from([False, False, True]))))


def _throttled(case: Case, **changes: Any) -> Case:
    return replace(case, survey=replace(case.survey, throttle=replace(case.survey.throttle, **changes)))


def _with_rules(case: Case, change: Callable[[Rule], Rule]) -> Case:
    return replace(case, policy=replace(case.policy, rules=tuple(change(rule) for rule in case.policy.rules)))


def _longer(case: Case, by: int) -> Case:
    """The survey's own times are what binds it, so a survey that has none gets one from here on."""
    throttle, policy = case.survey.throttle, case.policy
    own = policy.tenure_ms if throttle.tenure_ms is None else throttle.tenure_ms
    return _throttled(case, repeat_ms=(throttle.repeat_ms or 0) + by, tenure_ms=own + by)


#: Everything that makes a rule, a survey or a person's standing stricter; each takes a number and a past ask.
RESTRICTIONS: dict[str, Callable[[Case, int, PastAsk], Case]] = {
    "another rule": lambda case, by, _ask: replace(
        case, policy=replace(case.policy, rules=(*case.policy.rules, Rule("new", "all", "asked", 2, by)))
    ),
    "more history": lambda case, _by, ask: replace(case, person=case.person._replace(asks=(*case.person.asks, ask))),
    "lower caps": lambda case, by, _ask: _with_rules(case, lambda rule: replace(rule, cap=max(1, rule.cap - by))),
    "longer windows": lambda case, by, _ask: _with_rules(
        case, lambda rule: replace(rule, window_ms=rule.window_ms + by)
    ),
    "rules for all surveys": lambda case, _by, _ask: _with_rules(case, lambda rule: replace(rule, surveys="all")),
    "nothing ignored": lambda case, _by, _ask: _throttled(case, ignores=frozenset()),
    "longer repeat and tenure": lambda case, by, _ask: _longer(case, by),
    "seen later": lambda case, by, _ask: replace(
        case, person=case.person._replace(first_seen_at=case.person.first_seen_at + by)
    ),
    "more holdout": lambda case, by, _ask: replace(
        case, policy=replace(case.policy, holdout=min(1, case.policy.holdout + by / 40))
    ),
    "less sample": lambda case, by, _ask: replace(
        case,
        survey=replace(
            case.survey, audience=replace(case.survey.audience, sample=max(0, case.survey.audience.sample - by / 40))
        ),
    ),
    "smaller audience": lambda case, _by, _ask: replace(
        case, survey=replace(case.survey, audience=replace(case.survey.audience, where=(*IS_PRO, *OLD_ENOUGH)))
    ),
    "opted out": lambda case, _by, _ask: replace(case, person=case.person._replace(opted_out=True)),
    "no test person": lambda case, _by, _ask: replace(case, person=case.person._replace(test=False)),
    "not asked for": lambda case, _by, _ask: replace(case, moment=case.moment._replace(asked_for=False)),
    "paused": lambda case, _by, _ask: replace(case, survey=replace(case.survey, state="paused")),
    "one page only": lambda case, _by, _ask: replace(
        case, survey=replace(case.survey, trigger=replace(case.survey.trigger, page="/app/x"))
    ),
}


@pytest.mark.parametrize("restriction", RESTRICTIONS.values(), ids=RESTRICTIONS)
@given(case=cases(), by=SMALL, ask=PAST_ASKS)
def test_no_restriction_turns_a_refusal_into_an_ask(
    restriction: Callable[[Case, int, PastAsk], Case], case: Case, by: int, ask: PastAsk
) -> None:
    before = {(one.code, one.rule): one for one in case.decided()}
    after = {(one.code, one.rule): one for one in restriction(case, by, ask).decided()}
    assert before.keys() <= after.keys()
    for key, refusal in before.items():
        if refusal.free_at is not None:
            again = after[key].free_at
            assert again is not None
            assert again >= refusal.free_at
