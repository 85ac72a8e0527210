"""The decision: each check by itself, who passes it all the same, and that no restriction ever lets anybody in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.conditions import Condition
from tactful.core.decide import CHECKS, LiveSurvey, Moment, Refusal, readings, share_of
from tactful.core.people import PastAsk, Person
from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS, FOREVER
from tactful.core.surveys import Survey, Trigger
from tests.core.examples import NOW, OPEN, a_person, a_rule, a_survey, an_ask, decided

DAY = DAY_MS
IS_PRO = (Condition("traits.plan", "is", "pro"),)
OLD_ENOUGH = (Condition("person.age_days", "gte", 100),)


@dataclass(frozen=True)
class Case:
    """One situation in which one check has something to say."""

    survey: Survey = field(default_factory=a_survey)
    policy: Policy = OPEN
    person: Person = field(default_factory=a_person)
    moment: Moment = field(default_factory=lambda: Moment(NOW))

    def decided(self) -> tuple[Refusal, ...]:
        return decided(self.survey, self.policy, self.person, self.moment)


def _rules(*rules: Rule) -> Policy:
    return Policy(rules, tenure_ms=0)


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
}

ASKED = {
    "everyday": Case(),
    "in the audience": Case(a_survey(where=(*OLD_ENOUGH, *IS_PRO)), person=a_person(traits={"plan": "pro"})),
    "on the page": Case(a_survey(page="/app/*"), moment=Moment(NOW, "https://site.test/app/lesson")),
    "no page to look at": Case(a_survey(page="/app/*"), moment=Moment(NOW, None)),
    "tenure over": Case(policy=replace(OPEN, tenure_ms=100 * DAY)),
    "tenure over for an old account": Case(
        policy=replace(OPEN, tenure_ms=100 * DAY), person=a_person(first_seen_at=NOW, created_at=NOW - 100 * DAY)
    ),
    "the survey's own tenure is shorter": Case(
        a_survey(throttle={"tenure_ms": 0}),
        policy=replace(OPEN, tenure_ms=900 * DAY),
        person=a_person(first_seen_at=NOW),
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
        state="draft", sample=0.0, where=IS_PRO, page="/app/*", throttle={"tenure_ms": 200 * DAY, "repeat_ms": DAY}
    ),
    Policy((a_rule(DAY, id="first"), a_rule(DAY, id="second")), holdout=1.0),
    a_person(opted_out=True, asks=(an_ask(5),)),
    Moment(NOW, "https://site.test/"),
)
ALL_CODES = ["not_live", "opted_out", "holdout", "sample", "audience", "page", "tenure", "repeat", "rule", "rule"]


def _codes(case: Case) -> list[str]:
    return [refusal.code for refusal in case.decided()]


def test_every_reason_is_told_and_not_merely_the_first() -> None:
    assert _codes(NEVER) == ALL_CODES
    assert [refusal.rule for refusal in NEVER.decided()][-2:] == ["first", "second"]
    assert len(CHECKS) == len(set(ALL_CODES))


def test_a_test_person_passes_what_would_keep_a_tester_from_seeing_a_card() -> None:
    tester = replace(NEVER, person=NEVER.person._replace(test=True))
    assert _codes(tester) == ["not_live", "opted_out", "audience", "page"]


def test_somebody_who_asks_to_give_feedback_is_not_throttled() -> None:
    asking = replace(NEVER, moment=NEVER.moment._replace(asked_for=True))
    assert _codes(asking) == ["not_live"]
    assert replace(asking, survey=replace(asking.survey, state="live")).decided() == ()


def test_readings_tell_the_free_rules_as_well_as_the_full_ones() -> None:
    policy = _rules(a_rule(DAY, id="full"), a_rule(DAY, cap=2, id="free"), a_rule(DAY, id="csat", surveys="kind:csat"))
    live = LiveSurvey.under(policy, a_survey(), 1)
    told = readings(live, a_person(asks=(an_ask(5),)), NOW)
    assert [(one.rule.id, one.counted, one.full) for one in told] == [("full", 1, True), ("free", 1, False)]


class TestShares:
    """Samples and the holdout: sticky, near their share, and independent of one another."""

    PEOPLE = tuple(f"user-{number}" for number in range(4_000))

    @pytest.mark.parametrize(
        ("parts", "share"),
        [
            (("sample", "nps", "ann"), 0.5631625904479272),
            (("sample", "nps", "bob"), 0.1507240214481906),
            (("holdout", "ann"), 0.3477669755831973),
        ],
    )
    def test_a_share_is_the_same_in_every_release(self, parts: tuple[str, ...], share: float) -> None:
        assert share_of(*parts) == share, "another hash would draw every running sample anew"

    def test_parts_do_not_run_into_each_other(self) -> None:
        assert len({share_of("a", "bc"), share_of("ab", "c"), share_of("abc")}) == 3

    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
    def test_a_share_lies_in_its_range(self, parts: list[str]) -> None:
        assert 0 <= share_of(*parts) < 1

    def _sampled(self, key: str, share: float) -> set[str]:
        survey = a_survey(key, sample=share)
        return {one for one in self.PEOPLE if not decided(survey, OPEN, a_person(sample_key=one))}

    def _held_out(self, share: float) -> set[str]:
        policy = replace(OPEN, holdout=share)
        return {one for one in self.PEOPLE if decided(a_survey(), policy, a_person(sample_key=one))}

    @pytest.mark.parametrize("share", [0.0, 0.01, 0.25, 0.5, 0.9, 1.0])
    def test_a_sample_and_a_holdout_are_near_their_share(self, share: float) -> None:
        tolerance = 4 * (share * (1 - share) / len(self.PEOPLE)) ** 0.5
        assert len(self._sampled("nps", share)) / len(self.PEOPLE) == pytest.approx(share, abs=tolerance)
        assert len(self._held_out(share)) / len(self.PEOPLE) == pytest.approx(share, abs=tolerance)

    def test_the_edge_of_a_share_lies_outside_it(self) -> None:
        at_edge = share_of("sample", "nps", "ann")
        assert decided(a_survey(sample=at_edge), OPEN, a_person()) == (Refusal("sample"),)
        held_at_edge = replace(OPEN, holdout=share_of("holdout", "ann"))
        assert decided(a_survey(), held_at_edge, a_person()) == ()

    def test_whoever_is_in_a_share_stays_in_when_it_grows(self) -> None:
        for small, large in pairwise((0.0, 0.1, 0.3, 0.8, 1.0)):
            assert self._sampled("nps", small) <= self._sampled("nps", large)
            assert self._held_out(small) <= self._held_out(large)

    def test_two_samples_and_the_holdout_are_independent(self) -> None:
        first, second, held_out = self._sampled("nps", 0.5), self._sampled("csat", 0.5), self._held_out(0.5)
        for one, other in ((first, second), (first, held_out), (second, held_out)):
            assert len(one & other) / len(self.PEOPLE) == pytest.approx(0.25, abs=0.03)

    def test_the_draw_follows_the_person_and_nothing_that_changes(self) -> None:
        half = a_survey(sample=0.5)
        for key in self.PEOPLE[:50]:
            before = bool(decided(half, OPEN, a_person(sample_key=key)))
            changed = a_person(sample_key=key, known=True, traits={"plan": "pro"}, asks=(an_ask(5),))
            renamed = replace(half, name="Renamed", priority=9, trigger=Trigger())
            assert bool(decided(renamed, OPEN, changed, Moment(NOW + 90 * DAY))) == before


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
