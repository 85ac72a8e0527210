"""The catalogue: who waits for which event, in which order, and which of them is offered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.catalogue import Candidate, Catalogue, Held, Waiting, candidates, choose, compile_catalogue
from tactful.core.conditions import Condition
from tactful.core.decide import Moment, Refusal, decide
from tactful.core.policy import Policy
from tactful.core.spans import DAY_MS
from tactful.core.surveys import WAITS_MS, Cancel, EventTrigger, Nth, Survey, Trigger
from tactful.core.throttle import ASK_LIFETIME_MS
from tactful.core.trigger import Cancelling, Event, counter_of
from tests.core.examples import NOW, OPEN, a_person, a_rule, a_survey, an_ask


def _compiled(*surveys: Survey, policy: Policy = OPEN) -> Catalogue:
    return compile_catalogue(policy, [(survey, number) for number, survey in enumerate(surveys, start=1)])


def _keys(waiting: tuple[Waiting, ...] | list[Candidate] | tuple[Candidate, ...]) -> list[str]:
    return [one.live.survey.key for one in waiting]


def test_the_best_priority_waits_first_and_equal_ones_by_key() -> None:
    priorities = {"b": 0, "low": -5, "a": 0, "high": 10}
    catalogue = _compiled(*(a_survey(key, priority=priority) for key, priority in priorities.items()))
    assert _keys(catalogue.by_event["Done"]) == ["high", "a", "b", "low"]


@given(st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.integers(-3, 3), max_size=8))
def test_the_order_is_the_same_however_the_surveys_were_written(priorities: dict[str, int]) -> None:
    surveys = [a_survey(key, priority=priority) for key, priority in priorities.items()]
    forward, backward = _compiled(*surveys), _compiled(*reversed(surveys))
    ordered = _keys(forward.waiting_for(Event("Done"), NOW))
    assert ordered == _keys(backward.waiting_for(Event("Done"), NOW))
    assert ordered == sorted(priorities, key=lambda key: (-priorities[key], key))


def test_all_surveys_are_known_but_only_live_ones_wait() -> None:
    states = ("draft", "live", "paused", "ended")
    catalogue = _compiled(*(a_survey(state, state=state) for state in states))
    assert set(catalogue.surveys) == set(states)
    assert _keys(catalogue.waiting_for(Event("Done"), NOW)) == ["live"]
    assert catalogue.surveys["paused"].version == 3


def test_nothing_waits_in_an_empty_catalogue() -> None:
    catalogue = _compiled()
    assert (catalogue.waiting_for(Event("Done"), NOW), catalogue.watched_on_pages()) == ((), [])


def test_each_survey_is_compiled_with_the_rules_it_must_pass() -> None:
    policy = Policy((a_rule(DAY_MS, id="all"), a_rule(2 * DAY_MS, id="csat", surveys="kind:csat")))
    catalogue = _compiled(a_survey("nps"), a_survey("csat", kind="csat"), policy=policy)
    rules = {key: [rule.id for rule in live.rules] for key, live in catalogue.surveys.items()}
    assert rules == {"nps": ["all"], "csat": ["all", "csat"]}
    assert (catalogue.policy, catalogue.horizon_ms) == (policy, 2 * DAY_MS + ASK_LIFETIME_MS)


def _triggered(key: str, *triggers: EventTrigger, **fields: int) -> Survey:
    return a_survey(key, trigger=Trigger(triggers), **fields)


def test_pages_watch_what_they_may_report_and_a_live_survey_waits_for() -> None:
    catalogue = _compiled(
        _triggered("a", EventTrigger("Zoom"), EventTrigger("Both", source="server")),
        _triggered("b", EventTrigger("Secret", source="server"), EventTrigger("Both", source="browser")),
        replace(_triggered("c", EventTrigger("Paused")), state="paused"),
    )
    assert catalogue.watched_on_pages() == ["Both", "Zoom"]


def test_waiting_is_for_the_source_and_the_properties_too() -> None:
    catalogue = _compiled(
        _triggered("backend", EventTrigger("Done", source="server")),
        _triggered("algebra", EventTrigger("Done", (Condition("properties.course", "is", "algebra"),))),
    )
    assert _keys(catalogue.waiting_for(Event("Done"), NOW)) == []
    assert _keys(catalogue.waiting_for(Event("Done", {"course": "algebra"}), NOW)) == ["algebra"]
    assert _keys(catalogue.waiting_for(Event("Done", source="server"), NOW)) == ["backend"]


DONE = Event("Done")
THIRD = EventTrigger("Done", nth=Nth(every=3, start=3), delay_ms=7)
FIRST = EventTrigger("Done", nth=Nth(exactly=1))
COUNTER = counter_of(THIRD)


def test_only_what_counts_has_a_counter_and_shares_it() -> None:
    catalogue = _compiled(_triggered("a", THIRD), _triggered("b", FIRST), _triggered("c", EventTrigger("Done")))
    assert [one.counter for one in catalogue.by_event["Done"]] == [COUNTER, COUNTER, None]


@pytest.mark.parametrize(
    ("counts", "due"),
    [
        ({}, ["always"]),
        ({"another": 3}, ["always"]),
        ({COUNTER: 1}, ["always", "first"]),
        ({COUNTER: 2}, ["always"]),
        ({COUNTER: 3}, ["always", "third"]),
        ({COUNTER: 6}, ["always", "third"]),
    ],
)
def test_a_candidate_is_one_whose_occurrence_is_due(counts: dict[str, int], due: list[str]) -> None:
    catalogue = _compiled(
        _triggered("third", THIRD), _triggered("first", FIRST), _triggered("always", EventTrigger("Done"))
    )
    assert _keys(candidates(catalogue.waiting_for(DONE, NOW), counts, "m", DONE)[0]) == due


def test_a_survey_that_waits_twice_is_a_candidate_once_with_the_delay_written_first() -> None:
    catalogue = _compiled(_triggered("twice", THIRD, EventTrigger("Done", delay_ms=9)))
    waiting = catalogue.waiting_for(Event("Done"), NOW)
    assert [one.delay_ms for one in candidates(waiting, {COUNTER: 3}, "m", DONE)[0]] == [7]
    assert [one.delay_ms for one in candidates(waiting, {COUNTER: 4}, "m", DONE)[0]] == [9]


def _due(catalogue: Catalogue) -> list[Candidate]:
    return candidates(catalogue.waiting_for(DONE, NOW), {}, "m", DONE)[0]


def test_the_first_that_nothing_refuses_is_offered() -> None:
    catalogue = _compiled(
        a_survey("1-pro", where=(Condition("traits.plan", "is", "pro"),), priority=3),
        a_survey("2-nobody", sample=0.0, where=(Condition("traits.plan", "exists", None),), priority=2),
        a_survey("3-open", priority=1),
        a_survey("4-never-looked-at", sample=0.0),
    )
    decision = choose(_due(catalogue), OPEN, a_person(), Moment(NOW))
    assert decision.offer is not None
    assert decision.offer.live.survey.key == "3-open"
    assert decision.refusals == {
        "1-pro": (Refusal("audience"),),
        "2-nobody": (Refusal("sample"), Refusal("audience")),
    }


def test_nothing_is_offered_where_everything_is_refused() -> None:
    policy = Policy((a_rule(DAY_MS),), tenure_ms=0)
    catalogue = _compiled(a_survey("a"), a_survey("b"), policy=policy)
    decision = choose(_due(catalogue), policy, a_person(asks=(an_ask(5, "c"),)), Moment(NOW))
    assert decision.offer is None
    assert {key: [one.code for one in refusals] for key, refusals in decision.refusals.items()} == {
        "a": ["rule"],
        "b": ["rule"],
    }


def test_nothing_due_is_no_offer_and_no_refusal() -> None:
    decision = choose([], OPEN, a_person(), Moment(NOW))
    assert (decision.offer, decision.refusals) == (None, {})


CLOSED = Event("Closed", {"ticket": 7, "agent": "Bo", "long": "x" * 300}, "server")


def _waits(trigger: EventTrigger, event: Event) -> tuple[list[Candidate], list[Held]]:
    return candidates(_compiled(_triggered("desk", trigger)).waiting_for(event, NOW), {}, "m", event)


@pytest.mark.parametrize(
    ("trigger", "event", "held"),
    [
        (EventTrigger("Closed"), CLOSED, True),
        (EventTrigger("Closed"), Event("Closed"), False),
        (EventTrigger("Closed"), Event("Closed", answered=False), True),
        (EventTrigger("Closed", hold_ms=1), Event("Closed"), True),
        (EventTrigger("Closed", cancel_on=(Cancel("Reopened"),)), Event("Closed"), True),
    ],
)
def test_what_nobody_is_answered_what_is_held_and_what_may_be_cancelled_has_to_wait(
    trigger: EventTrigger, event: Event, held: bool
) -> None:
    at_once, waiting = _waits(trigger, event)
    assert (len(at_once), len(waiting)) == ((0, 1) if held else (1, 0))


def test_a_held_candidate_says_from_when_for_how_long_and_by_what_it_is_cancelled() -> None:
    cancels = (Cancel("Reopened", "properties.ticket"), Cancel("Deleted"))
    _, [held] = _waits(EventTrigger("Closed", hold_ms=5, within_ms=6, cancel_on=cancels), CLOSED)
    assert (held.hold_ms, held.within_ms, held.same) == (5, 6, {"properties.ticket": 7})
    assert _waits(EventTrigger("Closed"), CLOSED)[1][0].within_ms == WAITS_MS


@pytest.mark.parametrize(("path", "per"), [("ticket", "7"), ("agent", "Bo"), ("missing", None), ("long", "x" * 200)])
def test_per_is_a_short_value_of_the_event_or_there_is_no_candidate(path: str, per: str | None) -> None:
    _, held = _waits(EventTrigger("Closed", per=f"properties.{path}"), CLOSED)
    assert [one.candidate.per for one in held] == ([] if per is None else [per])


def test_what_cancels_is_watched_and_found_by_name() -> None:
    cancels = (Cancel("Reopened", "properties.ticket"),)
    catalogue = _compiled(_triggered("desk", EventTrigger("Closed", source="server", cancel_on=cancels)))
    assert catalogue.watched_on_pages() == ["Reopened"]
    assert catalogue.cancelled_by(Event("Reopened")) == (Cancelling("desk", "properties.ticket"),)
    assert catalogue.cancelled_by(CLOSED) == ()


@pytest.mark.parametrize(
    ("trigger", "hears", "needs", "keeps"),
    [
        (EventTrigger("E"), True, False, True),
        (EventTrigger("E", source="server"), True, True, True),
        (EventTrigger("E", source="browser"), False, False, True),
        (EventTrigger("E", source="browser", hold_ms=1), False, False, True),
    ],
)
def test_a_catalogue_knows_whom_it_listens_to(trigger: EventTrigger, hears: bool, needs: bool, keeps: bool) -> None:
    catalogue = _compiled(_triggered("a", trigger))
    assert (catalogue.hears_backends(), catalogue.needs_backends(), catalogue.keeps_candidates()) == (
        hears,
        needs,
        keeps,
    )


def test_an_offer_has_the_same_id_whenever_it_is_made_and_another_one_for_anything_else() -> None:
    live = compile_catalogue(OPEN, [(a_survey(), 1)]).surveys["nps"]
    one = Candidate(live, "m1")
    others = [
        (one, "p2"),
        (one._replace(message_id="m2"), "p1"),
        (one._replace(live=replace(live, version=2)), "p1"),
        (one._replace(live=replace(live, survey=a_survey("csat"))), "p1"),
    ]
    ids = {candidate.offer_id(project) for candidate, project in others}
    assert len(ids) == len(others)
    assert one.offer_id("p1") not in ids
    assert one._replace(delay_ms=9, event={"course": "algebra"}).offer_id("p1") == one.offer_id("p1")


def test_a_candidate_is_what_the_newer_configuration_makes_of_it_or_gone() -> None:
    before, after = _compiled(a_survey("a")), _compiled(a_survey("b"), a_survey("a", name="Edited"))
    one = Candidate(before.surveys["a"], "m1")
    again = one.under(after)
    assert again is not None
    assert (again.live, again.message_id) == (after.surveys["a"], "m1")
    assert Candidate(after.surveys["b"], "m1").under(before) is None


def test_a_survey_yields_to_live_ones_of_higher_priority_that_reserve() -> None:
    reserve = {"throttle": {"reserve_ms": 5}}
    catalogue = _compiled(
        a_survey("low", priority=1),
        a_survey("same", priority=2, **reserve),
        a_survey("high", priority=3, **reserve),
        a_survey("paused", priority=9, state="paused", **reserve),
        a_survey("plain", priority=9),
    )
    yields = {key: [one.survey.key for one in live.yields_to] for key, live in catalogue.surveys.items()}
    assert yields == {"low": ["high", "same"], "same": ["high"], "high": [], "paused": [], "plain": []}


@pytest.mark.parametrize(("survey", "limited"), [(a_survey(), False), (a_survey(quota=3), True)])
def test_a_catalogue_knows_whether_somebody_has_to_count(survey: Survey, limited: bool) -> None:
    assert _compiled(survey).limited is limited


RESTRICTIONS = (a_rule(50), a_rule(50, surveys="this", id="mine"), a_rule(50, surveys="kind:csat", count="responded"))


@given(asks=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 100)), max_size=4), plan=st.booleans())
def test_what_is_worked_out_once_for_several_surveys_is_what_each_would_be_told(
    asks: list[tuple[str, int]], plan: bool
) -> None:
    """`choose` reads a rule and the audience's facts once, and `decide` alone each time."""
    where = (Condition("traits.plan", "is", "pro"),)
    policy = Policy(tuple(replace(rule, id=f"r{number}") for number, rule in enumerate(RESTRICTIONS)), tenure_ms=0)
    catalogue = _compiled(
        *(a_survey(key, kind=kind, where=where) for key, kind in zip("abc", ("nps", "csat", "ces"), strict=True)),
        policy=policy,
    )
    person = a_person(
        traits={"plan": "pro"} if plan else {}, asks=tuple(an_ask(ago, key, kind="csat") for key, ago in asks)
    )
    chosen = choose(_due(catalogue), policy, person, Moment(NOW))
    for key, refusals in chosen.refusals.items():
        assert refusals == decide(catalogue.surveys[key], policy, person, Moment(NOW))
    if chosen.offer is not None:
        assert not decide(chosen.offer.live, policy, person, Moment(NOW))


def test_a_catalogue_names_who_waits_for_an_event_from_where() -> None:
    catalogue = _compiled(
        a_survey("page", trigger=Trigger((EventTrigger("Done", source="browser"),))),
        a_survey("any", priority=5, trigger=Trigger((EventTrigger("Done"), EventTrigger("Done", source="server")))),
    )
    assert catalogue.waited_for_by("Done", "browser") == ["any", "page"]
    assert catalogue.waited_for_by("Done", "server") == ["any"]
    assert catalogue.waited_for_by("Other", "server") == []


def test_a_catalogue_tells_which_events_concern_anybody() -> None:
    cancelled = EventTrigger("Closed", cancel_on=(Cancel("Reopened"),))
    catalogue = _compiled(a_survey("after", trigger=Trigger((cancelled,))))
    assert [catalogue.concerns(name) for name in ("Closed", "Reopened", "Opened")] == [True, True, False]
