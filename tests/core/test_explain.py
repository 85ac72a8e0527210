"""Every silence has a reason: in words, with its numbers, and with the moment at which it ends."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.catalogue import compile_catalogue
from tactful.core.conditions import Condition
from tactful.core.decide import LiveSurvey, Moment, Refusal, free_again
from tactful.core.explain import REASONS, Awaited, Explanation, explain, in_general, in_words, next_time, waits_for
from tactful.core.people import Person
from tactful.core.policy import Policy
from tactful.core.schedule import Schedule
from tactful.core.spans import DAY_MS, FOREVER, MINUTE_MS
from tactful.core.surveys import Audience, EventTrigger, Nth, Trigger
from tactful.core.trigger import counter_of, is_due, next_due
from tactful.identity import Identity
from tactful.store.asks import Context, NotNow, Offered, close, take_up
from tactful.store.events import observe
from tactful.store.people import Known
from tactful.store.projects import Config, load_config
from tactful.store.sqlite import run_once
from tests.core.examples import NOW, OPEN, a_person, a_rule, a_survey, an_ask, decided
from tests.core.test_decide import NEVER, REFUSED, Case, cases
from tests.support import service as support
from tests.support.clock import SetClock


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (Refusal("not_live"), "the survey is not live"),
        (Refusal("tenure", NOW, window_ms=14 * DAY_MS), "first seen less than 14d ago"),
        (Refusal("repeat", NOW, window_ms=90 * DAY_MS), "this survey was asked within 90d"),
        (Refusal("repeat", NOW, window_ms=FOREVER), "this survey was asked within forever"),
        (
            Refusal("reserved", NOW, window_ms=DAY_MS, survey="first"),
            "kept for the survey first, whose turn comes first",
        ),
        (Refusal("quota", counted=501, cap=500), "the survey has its 500 responses"),
        (Refusal("rule", NOW, "any-7d", 2, 1, 7 * DAY_MS), "rule any-7d: 2 of 1 in 7d"),
        (Refusal("rule", NOW, "visit", 1, 1, 30 * MINUTE_MS), "rule visit: 1 of 1 in 30m"),
        (Refusal("rule", NOW, "{cap}", 1, 1, 1), "rule {cap}: 1 of 1 in 1ms"),
    ],
)
def test_a_refusal_is_said_with_its_numbers(refusal: Refusal, said: str) -> None:
    assert in_words(refusal) == said


def test_whom_two_surveys_keep_is_told_until_when_both_do() -> None:
    first, second = (
        a_survey(key, priority=1, throttle={"reserve_ms": days * DAY_MS}) for key, days in (("first", 7), ("second", 9))
    )
    fired = {"first": NOW - DAY_MS, "second": NOW - DAY_MS}
    kept = Case(person=a_person(fired=fired), yields_to=(first, second)).decided()
    assert [refusal.survey for refusal in kept] == ["first", "second"]
    assert free_again(kept) == NOW + 8 * DAY_MS


@pytest.mark.parametrize(("days", "told"), [(1, []), (2, ["reserved"])])
def test_nobody_is_kept_for_a_survey_that_is_free_only_after_its_reserve(days: int, told: list[str]) -> None:
    """Else who is free today would be kept tomorrow, and the moment that was told would be too early."""
    first = a_survey("first", priority=1, throttle={"reserve_ms": 7 * DAY_MS, "repeat_ms": 2 * DAY_MS})
    person = a_person(fired={"first": NOW - (7 - days) * DAY_MS}, asks=(an_ask(0, "first"),))
    assert [refusal.code for refusal in Case(person=person, yields_to=(first,)).decided()] == told


def test_a_span_may_be_said_in_other_words() -> None:
    assert in_words(Refusal("tenure", window_ms=14 * DAY_MS), "two weeks") == "first seen less than two weeks ago"


def test_every_check_is_worded() -> None:
    said = [in_words(refusal) for refusal in NEVER.decided()]
    assert len(set(said)) == len(said)
    assert not re.search(r"[{}]|None", " ".join(said))


class TestWhatOnlyATransactionCanSay:
    """The refusals that `take_up` adds to those of the checks, from the real transaction."""

    @pytest.fixture
    def config(self, path: Path, clock: SetClock) -> Config:
        project = support.make_project(path, clock, surveys=(support.a_survey(),))
        config = run_once(path, clock, load_config, project.project_id)
        assert config is not None
        return config

    @pytest.fixture
    def ann(self, path: Path, clock: SetClock, config: Config) -> Known:
        return run_once(
            path, clock, observe, config.project_id, Identity("ann", None), [], "p1", config.catalogue
        ).known

    def _take_up(self, path: Path, clock: SetClock, config: Config, **fields: Any) -> tuple[str, ...]:
        offered = Offered(fields.get("person", "p1"), fields.get("offer", "o1"), "nps", fields.get("version", 1))
        identity = Identity(fields.get("user", "ann"), None)
        outcome = run_once(path, clock, take_up, config, offered, identity, Context("", ""))
        return tuple(refusal.code for refusal in outcome.refusals) if isinstance(outcome, NotNow) else ()

    def test_each_of_them_is_reached_and_worded(self, path: Path, clock: SetClock, config: Config, ann: Known) -> None:
        reached = {refusal.code for refusal in NEVER.decided()}
        for fields in ({"user": "bob"}, {"person": "nobody"}, {"version": 2}):
            [code] = self._take_up(path, clock, config, **fields)
            reached.add(code)
        assert self._take_up(path, clock, config) == ()
        run_once(path, clock, close, config.project_id, ann.person_id, "o1", "not_rendered")
        reached.update(self._take_up(path, clock, config))
        reached |= {"cancelled", "per"}  # tests/web/test_candidates.py walks both
        reached |= {refusal.code for _, refusal in REFUSED.values()}
        assert reached == set(REASONS), "a code without words, or words for what is never said"
        assert all(in_words(Refusal(code)) for code in reached)


def test_every_survey_is_explained_by_key_with_all_its_rules() -> None:
    policy = Policy((a_rule(DAY_MS, id="day"), a_rule(2 * DAY_MS, cap=9, id="csat", surveys="kind:csat")), tenure_ms=0)
    surveys = [a_survey("b"), a_survey("a", kind="csat", state="draft"), a_survey("c", page="/app/*")]
    catalogue = compile_catalogue(policy, [(survey, 1) for survey in surveys])
    told = explain(catalogue, a_person(asks=(an_ask(5, "x"),)), NOW)
    assert [one.live.survey.key for one in told] == ["a", "b", "c"]
    assert [[refusal.code for refusal in one.refusals] for one in told] == [["not_live", "rule"], ["rule"], ["rule"]]
    assert [[(reading.rule.id, reading.counted) for reading in one.rules] for one in told] == [
        [("day", 1), ("csat", 0)],
        [("day", 1)],
        [("day", 1)],
    ]
    assert [one.may_ask for one in told] == [False, False, False]
    assert [one.free_at for one in told] == [None, NOW - 5 + DAY_MS, NOW - 5 + DAY_MS]


def test_somebody_who_may_be_asked_is_told_so() -> None:
    [told] = explain(compile_catalogue(OPEN, [(a_survey(), 1)]), a_person(), NOW)
    assert (told.may_ask, told.free_at, told.refusals, told.rules) == (True, None, (), ())


@pytest.mark.parametrize(
    ("free", "free_at"), [((), None), ((5,), 5), ((5, 9, 7), 9), ((None,), None), ((5, None), None), ((0,), 0)]
)
def test_it_is_free_when_the_last_refusal_lets_go(free: tuple[int | None, ...], free_at: int | None) -> None:
    refusals = tuple(Refusal("rule", at) for at in free)
    assert Explanation(LiveSurvey(a_survey(), 1, ()), refusals, ()).free_at == free_at


def _later(case: Case, now: int) -> Case:
    return replace(case, moment=case.moment._replace(now=now))


def _timed(case: Case) -> Case:
    """The case with nothing left in it that time does not change."""
    return Case(
        replace(case.survey, state="live", audience=Audience(), trigger=Trigger()),
        replace(case.policy, holdout=0.0),
        case.person._replace(opted_out=False, test=False),
        Moment(case.moment.now),
    )


@given(cases().map(_timed))
def test_the_moment_told_is_the_first_at_which_nothing_refuses(case: Case) -> None:
    refusals = case.decided()
    free_at = Explanation(LiveSurvey.under(case.policy, case.survey, 1), refusals, ()).free_at
    assert (free_at is None) == (not refusals)
    if free_at is not None:
        assert free_at > case.moment.now
        assert _later(case, free_at).decided() == ()
        assert _later(case, free_at - 1).decided() != ()


@given(
    opens=st.integers(0, 1_439),
    length=st.integers(1, 1_439),
    tenure_ms=st.integers(0, 3 * DAY_MS // MINUTE_MS).map(lambda minutes: minutes * MINUTE_MS),
    test=st.booleans(),
)
def test_under_a_schedule_too_the_moment_told_is_the_first(opens: int, length: int, tenure_ms: int, test: bool) -> None:
    schedule = Schedule(tz="Europe/Berlin", hours=(opens, (opens + length) % 1_440), days=("mon", "wed", "thu"))
    survey, now = a_survey(schedule=schedule, throttle={"tenure_ms": tenure_ms}), NOW - NOW % MINUTE_MS
    person = a_person(first_seen_at=now, test=test)
    [told] = explain(compile_catalogue(OPEN, [(survey, 1)]), person, now)
    days = 14 * DAY_MS
    found = (at for at in range(now, now + days, MINUTE_MS) if decided(survey, OPEN, person, Moment(at)) == ())
    assert (told.free_at or now) == next(found)


@given(cases())
def test_what_time_does_not_change_stays(case: Case) -> None:
    lasting = {refusal.code for refusal in case.decided() if refusal.free_at is None}
    assert {refusal.code for refusal in _later(case, FOREVER).decided()} == lasting


def test_why_looks_at_no_page() -> None:
    survey = a_survey(page="/app/*")
    [told] = explain(compile_catalogue(OPEN, [(survey, 1)]), a_person(), NOW)
    assert told.may_ask
    assert decided(survey, OPEN, a_person(), Moment(NOW, "https://site.test/")) != ()


# What a trigger waits for


def _waits(trigger: EventTrigger, counted: int = 0) -> Awaited:
    catalogue = compile_catalogue(OPEN, [(a_survey(trigger=Trigger((trigger,))), 1)])
    [told] = explain(catalogue, a_person(), NOW, {counter_of(trigger): counted})
    [awaited] = told.awaits
    return awaited


@pytest.mark.parametrize(
    ("nth", "counted", "said"),
    [
        (None, 0, "Done"),
        (Nth(every=3, start=3), 0, "Done; 0 of 3 counted"),
        (Nth(every=3, start=3), 2, "Done; 2 of 3 counted"),
        (Nth(every=3, start=3), 3, "Done; 0 of 3 counted"),
        (Nth(every=3, start=3), 8, "Done; 2 of 3 counted"),
        (Nth(every=3, start=2), 0, "Done; 0 of 2 counted"),
        (Nth(every=3, start=2), 2, "Done; 0 of 3 counted"),
        (Nth(every=3, start=2), 4, "Done; 2 of 3 counted"),
        (Nth(start=2), 1, "Done; 1 of 2 counted"),
        (Nth(start=2), 7, "Done"),
        (Nth(exactly=3), 1, "Done; 1 of 3 counted"),
        (Nth(exactly=1), 0, "Done"),
        (Nth(exactly=3), 3, "Done, number 3 alone; 3 have come, so never again"),
        (Nth(exactly=3), 5, "Done, number 3 alone; 5 have come, so never again"),
    ],
)
def test_what_is_awaited_is_said_with_its_count(nth: Nth | None, counted: int, said: str) -> None:
    assert waits_for(_waits(EventTrigger("Done", nth=nth), counted)) == said


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 30), st.booleans())
def test_the_next_due_is_the_first_that_counts(every: int, start: int, counted: int, exactly: bool) -> None:
    nth = Nth(exactly=start) if exactly else Nth(every=every, start=start)
    due = [occurrence for occurrence in range(counted + 1, counted + 12) if is_due(nth, occurrence)]
    assert next_due(nth, counted) == (due[0] if due else None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"source": "server"}, "Done from a backend"),
        ({"source": "browser"}, "Done from a page"),
        ({"where": (Condition("properties.a", "is", 1),)}, "Done that meets 1 condition"),
        ({"where": (Condition("properties.a", "is", 1),) * 2}, "Done that meets 2 conditions"),
        ({"hold_ms": 2 * 3_600_000}, "Done; then held for 2h"),
    ],
)
def test_what_is_awaited_is_said_with_its_conditions(fields: dict[str, Any], said: str) -> None:
    assert waits_for(_waits(EventTrigger("Done", **fields))) == said


def test_the_next_time_is_of_live_surveys_alone() -> None:
    policy = Policy((a_rule(DAY_MS, id="day"),), tenure_ms=0)
    asked = a_person(asks=(an_ask(5, "x"),))

    def next_of(person: Person, policy: Policy, **fields: Any) -> int | None:
        catalogue = compile_catalogue(policy, [(a_survey("a", **fields), 1), (a_survey("b", state="draft"), 1)])
        return next_time(explain(catalogue, person, NOW), NOW)

    assert next_of(a_person(), policy) == NOW
    assert next_of(asked, policy) == NOW - 5 + DAY_MS
    assert next_of(asked, policy, state="paused") is None
    assert next_of(asked, Policy((a_rule(FOREVER),), tenure_ms=0)) is None
    assert next_of(a_person(opted_out=True), policy) is None


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_is_said_in_general_too(code: str) -> None:
    said = in_general(code, "any-7d")
    assert not re.search(r"[{}]|None", said)
    assert ("any-7d" in said) is (code in ("rule", "same_missing"))
