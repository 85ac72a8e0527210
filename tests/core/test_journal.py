"""What is remembered of decisions: the last twenty, and the same again as one line."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.decide import Refusal
from tactful.core.journal import (
    MOST_PROPERTIES,
    MOST_RECENT,
    OUTCOMES,
    SAME_WITHIN_MS,
    Noted,
    merge_properties,
    noted_from,
    noted_list,
    properties_of,
    remember,
)
from tests.core.examples import NOW


def a_noted(at: int = 0, survey: str = "nps", outcome: str = "not_offered", **fields: object) -> Noted:
    given: dict[str, object] = {
        "at": NOW + at,
        "first_at": NOW + at,
        "times": 1,
        "survey": survey,
        "version": 1,
        "outcome": outcome,
        "page": "/app",
        "reasons": (Refusal("rule", NOW + 9, "any-7d", 1, 1, 7),) if outcome == "not_offered" else (),
    }
    return Noted(**(given | fields))  # type: ignore[arg-type]  # whatever a test changes of it


def test_the_newest_comes_first() -> None:
    assert [one.at - NOW for one in remember([a_noted(5, "a")], [a_noted(9, "b"), a_noted(7, "c")])] == [9, 7, 5]


def test_the_same_again_is_counted_with_the_latest_numbers() -> None:
    again = a_noted(60, page="/next", reasons=(Refusal("rule", NOW + 99, "any-7d", 2, 1, 7),))
    [one] = remember([a_noted()], [again])
    assert one == again._replace(first_at=NOW, times=2)


def test_it_is_counted_whatever_stands_between() -> None:
    """Two surveys refused by the same events take turns, and are two lines all the same."""
    found = remember((), [a_noted(at, "a" if at % 2 else "b") for at in range(40)])
    assert [(one.survey, one.times, one.first_at - NOW, one.at - NOW) for one in found] == [
        ("a", 20, 1, 39),
        ("b", 20, 0, 38),
    ]


@pytest.mark.parametrize(
    "other",
    [
        a_noted(SAME_WITHIN_MS + 1),
        a_noted(1, "csat"),
        a_noted(1, version=2),
        a_noted(1, outcome="offered"),
        a_noted(1, reasons=()),
        a_noted(1, reasons=(Refusal("rule", NOW + 9, "any-90d", 1, 1, 7),)),
    ],
)
def test_what_differs_is_another_line(other: Noted) -> None:
    assert len(remember([a_noted()], [other])) == 2


def test_within_an_hour_is_an_hour_to_the_millisecond() -> None:
    assert len(remember([a_noted()], [a_noted(SAME_WITHIN_MS)])) == 1


@pytest.mark.parametrize("outcome", ["asked", "shown"])
def test_an_ask_is_never_counted_together(outcome: str) -> None:
    assert [one.times for one in remember([a_noted(0, outcome=outcome)], [a_noted(1, outcome=outcome)])] == [1, 1]


def test_twenty_are_kept() -> None:
    found = remember([a_noted(at, f"s{at}") for at in range(15)], [a_noted(at, f"s{at}") for at in range(15, 30)])
    assert [one.survey for one in found] == [f"s{at}" for at in range(29, 9, -1)]


noted = st.builds(
    a_noted,
    st.integers(0, 3 * SAME_WITHIN_MS),
    st.sampled_from(["a", "b"]),
    st.sampled_from(sorted(OUTCOMES)),
)


@given(st.lists(noted, max_size=40), st.lists(noted, max_size=40))
def test_joining_is_the_same_from_both_sides_and_makes_nothing_up(first: list[Noted], second: list[Noted]) -> None:
    found = remember(first, second)
    assert [one.at for one in found] == [one.at for one in remember(second, first)]
    assert len(found) <= MOST_RECENT
    assert sum(one.times for one in found) <= len(first) + len(second)
    assert all(one.first_at <= one.at for one in found)
    assert list(found) == sorted(found, key=lambda one: -one.at)


@given(st.lists(noted, max_size=20))
def test_what_is_written_is_read_again(history: list[Noted]) -> None:
    assert noted_from(orjson.loads(orjson.dumps(noted_list(history)))) == tuple(history)


def test_a_history_has_a_longest_size() -> None:
    reasons = tuple(Refusal("rule", NOW, "r" * 40, 10**6, 10**6, 2**52) for _ in range(99))
    history = [a_noted(at, "s" * 60, page="/p" * 2_000, reasons=reasons) for at in range(MOST_RECENT)]
    assert len(orjson.dumps(noted_list(history))) < 40_000


def test_types_of_properties() -> None:
    given: dict[str, object] = {"a": "x", "b": True, "c": 1, "d": 1.5, "e": [], "f": {}, "g": None}
    assert properties_of(given) == {
        "a": "text",
        "b": "true or false",
        "c": "number",
        "d": "number",
        "e": "list",
        "f": "object",
        "g": "null",
    }
    assert len(properties_of({str(number): 1 for number in range(200)})) == MOST_PROPERTIES
    assert [len(name) for name in properties_of({"x" * 5_000: 1})] == [100]


def test_types_are_joined() -> None:
    known = {"a": ["text"], "b": ["number"]}
    assert merge_properties(known, {"a": ["number", "text"], "c": {"list"}}) == {
        "a": ["number", "text"],
        "b": ["number"],
        "c": ["list"],
    }
    assert known == {"a": ["text"], "b": ["number"]}
    full = {str(number): ["text"] for number in range(MOST_PROPERTIES)}
    assert merge_properties(full, {"new": ["text"], "1": ["number"]}) == full | {"1": ["number", "text"]}
