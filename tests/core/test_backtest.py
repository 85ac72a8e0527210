"""The backtest on histories small enough to reckon by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tactful.core.backtest import PAUSE_MS, replay
from tactful.core.decide import LiveSurvey
from tactful.core.people import PastAsk, Person
from tactful.core.people import Tally as Shared
from tactful.core.policy import Count, Policy, Rule, Scope
from tactful.core.reading import read_survey
from tactful.core.spans import DAY_MS, HOUR_MS
from tactful.core.surveys import Survey
from tactful.core.trial import Habit, Happened, Plan, Subject, Tally, plan_of
from tactful.core.trigger import Event
from tests.support.service import a_survey

#: At most one ask in a week.
WEEKLY = Policy((Rule("weekly", "all", "asked", 1, 7 * DAY_MS),), tenure_ms=0)
FREE = Policy((), tenure_ms=0)
ANN = Subject(Person("ann", first_seen_at=0, known=True))
DONE = Event("Done", {}, "server")


def survey(key: str = "nps", **fields: Any) -> Survey:
    read = read_survey(a_survey(key, **fields))
    assert read.value is not None, read.faults
    return read.value


def plan(*surveys: Survey, policy: Policy = FREE, since: int = 0, until: int = 100 * DAY_MS) -> Plan:
    return plan_of(policy, [LiveSurvey(one, 1, ()) for one in surveys], frozenset(), (since, until))


def happened(at: int, name: str = "Done", who: str = "ann", **properties: Any) -> Happened:
    return Happened(who, at, f"{at:014}", Event(name, properties, "server"))


def played(tried: Plan, *events: Happened, subject: Subject = ANN) -> Tally:
    tally = Tally()
    replay(tried, {"ann": subject}, events, tally)
    return tally


def asked(tally: Tally) -> list[tuple[int, str]]:
    return [(ask.at, ask.survey) for ask in tally.asks]


def test_an_event_asks_and_names_whom() -> None:
    tally = played(plan(survey()), happened(DAY_MS))
    assert tally.asks == [(DAY_MS, "ann", "nps", "ann")]
    assert (tally.events, tally.candidates["nps"], dict(tally.fates)) == (1, 1, {("nps", "asked"): 1})


def test_events_that_nothing_waits_for_and_strangers_are_passed_over() -> None:
    assert played(plan(survey()), happened(DAY_MS, "Other"), happened(DAY_MS, who="bob")) == Tally()


def test_a_refused_candidate_is_asked_when_the_rule_lets_go_if_its_time_is_not_over() -> None:
    long = survey(trigger={"any": [{"event": "Done", "within": "30d"}]})
    tally = played(plan(long, policy=WEEKLY), happened(DAY_MS), happened(2 * DAY_MS))
    assert asked(tally) == [(DAY_MS, "nps"), (8 * DAY_MS, "nps")]
    assert dict(tally.refused) == {("nps", "rule", "weekly"): 1}
    assert tally.examples["nps", "rule", "weekly"].free_at == 8 * DAY_MS
    short = played(plan(survey(), policy=WEEKLY), happened(DAY_MS), happened(2 * DAY_MS))
    assert (asked(short), short.fates["nps", "expired"]) == ([(DAY_MS, "nps")], 1)


def test_what_still_waits_at_the_end_is_said_to() -> None:
    tried = plan(survey(trigger={"any": [{"event": "Done", "hold": "2d"}]}), until=2 * DAY_MS)
    tally = played(tried, happened(DAY_MS), happened(2 * DAY_MS))
    assert (asked(tally), dict(tally.fates)) == ([], {("nps", "waiting"): 1})


def test_a_hold_ends_in_its_time_and_an_event_between_does_not_end_it() -> None:
    held = survey(trigger={"any": [{"event": "Done", "hold": "2h"}]})
    tally = played(plan(held), happened(0), happened(HOUR_MS))
    assert asked(tally) == [(2 * HOUR_MS, "nps"), (3 * HOUR_MS, "nps")]


def test_a_cancelling_event_takes_away_what_has_the_same_value() -> None:
    trigger = {"event": "Done", "hold": "2h", "cancel_on": [{"event": "Undone", "same": "properties.n"}]}
    tried = plan(survey(trigger={"any": [trigger]}))
    tally = played(tried, happened(0, n=1), happened(1, n=2), happened(2, "Undone", n=1))
    assert (asked(tally), tally.fates["nps", "cancelled"]) == ([(2 * HOUR_MS + 1, "nps")], 1)
    assert asked(played(tried, happened(0, "Undone", n=1))) == []


def test_one_value_of_per_is_asked_once_and_the_newer_candidate_takes_the_older_ones_place() -> None:
    tried = plan(survey(trigger={"any": [{"event": "Done", "per": "properties.n", "hold": "1h"}]}))
    events = (happened(0, n=1), happened(HOUR_MS // 2, n=1), happened(DAY_MS, n=1), happened(DAY_MS, n=2))
    tally = played(tried, *events)
    assert asked(tally) == [(HOUR_MS + HOUR_MS // 2, "nps"), (DAY_MS + HOUR_MS, "nps")]
    assert (tally.fates["nps", "replaced"], tally.fates["nps", "done"]) == (1, 1)
    before = ANN._replace(asked_for=frozenset({("nps", "1")}))
    assert asked(played(tried, happened(0, n=1), subject=before)) == []


def test_the_better_priority_goes_first_and_the_other_after_a_pause() -> None:
    tried = plan(survey("low"), survey("high", priority=5))
    events = (happened(0), happened(1, "Other"))
    assert asked(played(tried, *events)) == [(0, "high"), (PAUSE_MS, "low")]
    assert asked(played(tried, happened(0), happened(1))) == [
        (0, "high"), (PAUSE_MS, "high"), (2 * PAUSE_MS, "low"), (3 * PAUSE_MS, "low"),
    ]  # fmt: skip


def test_occurrences_before_the_period_count_and_ask_nobody() -> None:
    tried = plan(survey(trigger={"any": [{"event": "Done", "nth": {"exactly": 3}}]}), since=DAY_MS)
    assert asked(played(tried, happened(0), happened(1), happened(DAY_MS))) == [(DAY_MS, "nps")]
    assert asked(played(tried, happened(0), happened(DAY_MS), happened(100 * DAY_MS))) == []


def test_real_asks_before_the_period_count_and_their_outcome_from_when_it_came() -> None:
    past = PastAsk("nps", "nps", frozenset(), 0, dismissed_at=3 * DAY_MS)
    settled = PastAsk("nps", "nps", frozenset(), 0, dismissed_at=HOUR_MS, responded_at=None)
    rule = Policy((Rule("dismissed", "all", "dismissed", 1, 7 * DAY_MS),), tenure_ms=0)
    for ask, then in ((past, [2 * DAY_MS]), (settled, [])):
        subject = ANN._replace(person=ANN.person._replace(asks=(ask,)))
        tally = played(
            plan(survey(), policy=rule, since=DAY_MS), happened(2 * DAY_MS), happened(3 * DAY_MS + 1), subject=subject
        )
        assert [ask.at for ask in tally.asks] == then


def test_what_was_really_scored_opens_an_audience_from_when_it_was() -> None:
    past = PastAsk("first", "nps", frozenset(), 0, responded_at=3 * DAY_MS, score=9, band="promoter")
    subject = ANN._replace(person=ANN.person._replace(asks=(past,)))
    promoters = survey(audience={"where": [{"responded": "first", "band": "promoter"}]})
    events = (happened(2 * DAY_MS), happened(4 * DAY_MS))
    tally = played(plan(promoters, since=DAY_MS), *events, subject=subject)
    assert asked(tally) == [(4 * DAY_MS, "nps"), (4 * DAY_MS + PAUSE_MS, "nps")]
    assert tally.refused["nps", "audience", None] == 1


def test_an_opt_out_holds_from_when_it_was_made() -> None:
    subject = ANN._replace(opted_out_at=2 * DAY_MS)
    tally = played(plan(survey()), happened(DAY_MS), happened(2 * DAY_MS), subject=subject)
    assert (asked(tally), tally.refused["nps", "opted_out", None]) == ([(DAY_MS, "nps")], 1)


def test_who_sends_an_event_has_been_seen_then() -> None:
    tenured = replace(FREE, tenure_ms=DAY_MS)
    late = Subject(Person("ann", first_seen_at=50 * DAY_MS))
    assert asked(played(plan(survey(), policy=tenured), happened(0), happened(DAY_MS), subject=late)) == [
        (DAY_MS, "nps"),
        (DAY_MS + PAUSE_MS, "nps"),
    ]


@pytest.mark.parametrize(("habit", "refusals"), [(Habit(1, 0), 0), (Habit(0, 1), 1), (Habit(), 0)])
def test_people_do_with_their_asks_what_they_are_used_to(habit: Habit, refusals: int) -> None:
    rule = Policy((Rule("dismissed", "all", "dismissed", 1, 7 * DAY_MS),), tenure_ms=0)
    tried = replace(plan(survey(), policy=rule), habits={"nps": habit})
    assert sum(played(tried, happened(0), happened(DAY_MS)).refused.values()) == refusals


def test_who_answers_is_the_same_in_every_run_and_as_many_as_usual() -> None:
    tried = replace(plan(survey()), habits={"nps": Habit(0.3, 0.2)})
    rule = Policy((Rule("answered", "all", "responded", 1, 1),), tenure_ms=0)
    tried = replace(tried, catalogue=plan(survey(), policy=rule).catalogue)
    subjects = {f"u{n}": Subject(Person(f"u{n}", 0)) for n in range(2_000)}
    events = [Happened(who, at, f"{who}{at}", DONE) for at in (0, DAY_MS) for who in subjects]
    tallies = [Tally(), Tally()]
    for tally in tallies:
        replay(tried, subjects, events, tally)
    assert tallies[0] == tallies[1]
    assert len(tallies[0].asks) == 4_000


def test_a_draft_that_is_asked_about_is_treated_as_live() -> None:
    draft = survey(state="draft")
    assert asked(played(plan(draft), happened(0))) == []
    others = [LiveSurvey(one, 1, ()) for one in (draft, survey("other", state="paused"))]
    tried = plan_of(FREE, others, frozenset({"nps"}), (0, DAY_MS))
    assert asked(played(tried, happened(0))) == [(0, "nps")]


def test_properties_are_wanted_where_something_looks_at_them() -> None:
    tried = plan(
        survey("plain", trigger={"any": [{"event": "Plain"}]}),
        survey("where", trigger={"any": [{"event": "Where", "where": [["properties.n", "is", 1]]}]}),
        survey("per", trigger={"any": [{"event": "Per", "per": "properties.n"}]}),
        survey(
            "cancelled",
            trigger={
                "any": [
                    {"event": "Cancelled", "cancel_on": [{"event": "All"}, {"event": "Same", "same": "properties.n"}]},
                ]
            },
        ),
    )
    assert tried.reads() == {
        "Plain": False, "Where": True, "Per": True, "Cancelled": True, "All": False, "Same": True,
    }  # fmt: skip


def test_what_was_refused_until_its_time_was_over_is_asked_no_more() -> None:
    tally = played(plan(survey(), policy=WEEKLY), *(happened(day * DAY_MS) for day in (1, 2, 6, 9)))
    assert (asked(tally), tally.fates["nps", "expired"]) == ([(DAY_MS, "nps"), (8 * DAY_MS, "nps")], 2)
    assert sum(tally.fates.values()) == sum(tally.candidates.values()) == 4


def test_holds_of_several_surveys_end_each_in_its_time() -> None:
    tried = plan(
        survey("slow", trigger={"any": [{"event": "Done", "hold": "2d"}]}),
        survey("fast", trigger={"any": [{"event": "Other", "hold": "1h", "per": "properties.n"}]}),
    )
    tally = played(tried, happened(0), happened(1, "Other", n=1), happened(2, "Other", n=2))
    fast = [HOUR_MS + 1, HOUR_MS + 1 + PAUSE_MS]
    assert asked(tally) == [(fast[0], "fast"), (fast[1], "fast"), (2 * DAY_MS, "slow")]


# Others who matter --------------------------------------------------------------------------------------------------


def in_account(who: str, account: str = "acme", **traits: object) -> Subject:
    return Subject(Person(who, first_seen_at=0, account_id=account, traits=traits))


def shared(
    scope: Scope, *, cap: int = 1, count: Count = "asked", surveys: str = "all", trait: str | None = None
) -> Policy:
    return Policy((Rule("shared", surveys, count, cap, 7 * DAY_MS, scope, trait),), tenure_ms=0)


@pytest.mark.parametrize(
    ("policy", "asks"),
    [
        (shared("account"), ["ann", "eve"]),
        (shared("account", cap=2), ["ann", "bob", "eve"]),
        (shared("account", surveys="this"), ["ann", "eve"]),
        (shared("account", surveys="kind:csat"), ["ann", "bob", "eve"]),
        (shared("project"), ["ann"]),
        (shared("same", trait="traits.region"), ["ann", "bob"]),
    ],
)
def test_rules_over_several_people_count_what_others_were_asked(policy: Policy, asks: list[str]) -> None:
    subjects = {
        "ann": in_account("ann", region="north"),
        "bob": in_account("bob", region="south"),
        "eve": in_account("eve", "other"),
    }
    tally = Tally()
    replay(plan(survey(), policy=policy), subjects, [happened(n, who=who) for n, who in enumerate(subjects)], tally)
    assert [ask.person_id for ask in tally.asks] == asks


def test_outcomes_count_for_others_too() -> None:
    subjects = {"ann": in_account("ann"), "bob": in_account("bob")}
    for habit, asks in ((Habit(1, 0), 1), (Habit(0, 1), 2)):
        tried = replace(plan(survey(), policy=shared("account", count="responded")), habits={"nps": habit})
        tally = Tally()
        replay(tried, subjects, [happened(0, who="ann"), happened(1, who="bob")], tally)
        assert len(tally.asks) == asks


def test_what_was_counted_before_the_period_counts_from_when_it_happened() -> None:
    before = {Shared("account:acme", "all", "asked"): (0, 5 * DAY_MS)}
    tried = replace(plan(survey(), policy=shared("account")), counted=before)
    assert asked(played(tried, happened(1), happened(8 * DAY_MS), subject=in_account("ann"))) == []
    long = survey(trigger={"any": [{"event": "Done", "within": "30d"}]})
    tried = replace(plan(long, policy=shared("account")), counted=before)
    assert asked(played(tried, happened(6 * DAY_MS), subject=in_account("ann"))) == [(12 * DAY_MS, "nps")]
    assert asked(played(tried, happened(DAY_MS), subject=in_account("ann")))[0][0] == 12 * DAY_MS


def test_a_quota_ends_with_the_answers_of_everybody() -> None:
    tried = replace(plan(survey(quota={"responses": 3})), habits={"nps": Habit(1, 0)}, answered={"nps": 1})
    tally = played(tried, *(happened(day * DAY_MS) for day in range(5)))
    assert (len(tally.asks), tally.refused["nps", "quota", None]) == (2, 3)


def test_who_is_bound_to_others_and_who_is_not() -> None:
    nobody = Person("ann", 0)
    assert not plan(survey()).binds(in_account("ann").person)
    assert plan(survey(quota={"responses": 3})).binds(nobody)
    accounts = plan(survey(), policy=shared("account"))
    assert (accounts.binds(nobody), accounts.binds(in_account("ann").person)) == (False, True)
    ignored = plan(survey(throttle={"ignores": ["shared"]}), policy=shared("account"))
    assert not ignored.binds(in_account("ann").person)


def test_a_reserve_keeps_people_for_the_survey_that_was_triggered() -> None:
    reserving = survey(
        "high", priority=5, throttle={"reserve": "2d"}, trigger={"any": [{"event": "Other", "hold": "1d"}]}
    )
    tried = plan(survey("low"), reserving)
    tally = played(tried, happened(0, "Other"), happened(1), happened(3 * DAY_MS))
    assert tally.refused["low", "reserved", None] == 1
    assert asked(tally)[0] == (DAY_MS, "high")


def test_a_draft_spreads_over_the_period_and_a_live_one_from_when_it_was() -> None:
    spreading = survey(throttle={"spread": "10d"}, trigger={"any": [{"event": "Done", "within": "20d"}]})
    fresh = plan_of(FREE, [LiveSurvey(spreading, 1, ())], frozenset(), (0, 30 * DAY_MS))
    old = plan_of(FREE, [LiveSurvey(spreading, 1, (), live_since=-20 * DAY_MS)], frozenset(), (0, 30 * DAY_MS))
    assert asked(played(old, happened(0))) == [(0, "nps")]
    ((at, _),) = asked(played(fresh, happened(0)))
    assert 0 < at < 10 * DAY_MS
