"""Scopes: to whom a rule beyond one person applies, what it needs to know, and in which order locks are taken."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.people import Person, Tally
from tactful.core.policy import Policy, Rule
from tactful.core.scopes import PROJECT, locks_for, marks_of, same_value, scope_of, wanted
from tactful.core.spans import DAY_MS
from tactful.core.throttle import read_rule
from tests.core.examples import NOW, a_person, a_rule
from tests.core.strategies import JSON

ACME = a_person(account_id="acme", traits={"region": "EU", "team": {"id": 7}}, account={"plan": "pro"})


def over(scope: str, trait: str | None = None, **fields: Any) -> Rule:
    return a_rule(fields.pop("window_ms", DAY_MS), fields.pop("cap", 1), scope=scope, trait=trait, **fields)


@pytest.mark.parametrize(
    ("rule", "scope"),
    [
        (over("project"), PROJECT),
        (over("account"), "account:acme"),
        (over("same", "traits.region"), "same:traits.region=EU"),
        (over("same", "traits.team.id"), "same:traits.team.id=7"),
        (over("same", "account.plan"), "same:account.plan=pro"),
        (over("same", "traits.plan"), None),
    ],
)
def test_a_rule_counts_over_the_scope_that_the_person_belongs_to(rule: Rule, scope: str | None) -> None:
    assert scope_of(rule, ACME) == scope


def test_who_has_no_account_belongs_to_none() -> None:
    assert scope_of(over("account"), a_person()) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(("EU", "EU"), (7, "7"), (7.0, "7"), (7.5, "7.5"), (True, "true"), (False, "false"), ("", None)),
        *((None, None), ("x" * 200, "x" * 200), ("x" * 201, None), ([1], None), ({}, None)),
    ],
)
def test_a_value_is_compared_as_text(value: object, text: str | None) -> None:
    assert same_value(a_person(traits={"region": value}), "traits.region") == text


@given(value=JSON)
def test_any_value_has_a_text_or_none(value: object) -> None:
    found = same_value(a_person(traits={"region": value}), "traits.region")
    assert found is None or 0 < len(found) <= 400


def test_what_must_be_counted_is_asked_for_once_with_the_highest_cap_and_the_longest_window() -> None:
    rules = (over("account", cap=2), over("account", cap=1, window_ms=9), over("account", surveys="this"), a_rule(5))
    assert wanted([("nps", rules), ("csat", rules)], ACME) == {
        Tally("account:acme", "all", "asked"): (2, DAY_MS),
        Tally("account:acme", "survey:nps", "asked"): (1, DAY_MS),
        Tally("account:acme", "survey:csat", "asked"): (1, DAY_MS),
    }
    assert wanted([("nps", rules)], a_person()) == {}


def test_locks_are_taken_in_one_order_by_everybody() -> None:
    rules = [over("project"), over("same", "traits.region"), over("account"), over("account"), a_rule(5)]
    assert locks_for(rules, ACME) == locks_for(rules[::-1], ACME)
    assert locks_for(rules, ACME) == ["account:acme", "same:traits.region=EU", PROJECT]


def test_an_ask_is_marked_with_its_account_always_and_with_the_values_that_rules_go_by() -> None:
    policy = Policy((over("same", "traits.region"), over("same", "traits.missing"), over("project")))
    assert marks_of(policy, ACME) == ["account:acme", "same:traits.region=EU"]
    assert marks_of(Policy(()), ACME) == ["account:acme"]
    assert marks_of(policy, a_person()) == []


def test_a_reading_counts_the_tally_and_no_ask_of_the_person() -> None:
    person = ACME._replace(tallies={Tally("account:acme", "all", "asked"): (NOW - 1, NOW - 2, NOW - DAY_MS)})
    assert read_rule(over("account", cap=3), "nps", person, NOW)[1:] == (2, None, False)
    assert read_rule(over("account", cap=2), "nps", person, NOW)[1:] == (2, NOW - 2 + DAY_MS, False)


@pytest.mark.parametrize(("person", "unknown"), [(a_person(), True), (ACME, False)])
def test_a_rule_by_a_trait_that_is_missing_refuses_until_it_can_tell(person: Person, unknown: bool) -> None:
    known = person._replace(tallies={Tally("same:traits.region=EU", "all", "asked"): ()})
    reading = read_rule(over("same", "traits.region"), "nps", known, NOW)
    assert (reading.unknown, reading.full, reading.free_at) == (unknown, unknown, None)


@given(times=st.lists(st.integers(0, 60), max_size=6), cap=st.integers(1, 3), now=st.integers(0, 60))
def test_the_newest_times_up_to_the_cap_say_as_much_as_all_of_them(times: list[int], cap: int, now: int) -> None:
    tally, rule = Tally(PROJECT, "all", "asked"), over("project", cap=cap, window_ms=20)
    newest = tuple(sorted((at for at in times if at > now - 20), reverse=True)[:cap])
    every, some = (read_rule(rule, "nps", a_person(tallies={tally: known}), now) for known in (tuple(times), newest))
    assert some.free_at == every.free_at
    assert some.counted == min(every.counted, cap)
