"""Conditions: what each operator answers, and that every value gets an answer."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.conditions import OPERATORS, Condition, holds, look_up, same
from tests.core.strategies import JSON

MISSING: dict[str, Any] = {}


def _holds(found: object, op: str, written: object = None) -> bool:
    return holds(Condition("traits.x", op, written), {"traits": {"x": found}})


@pytest.mark.parametrize(
    ("found", "op", "written", "answer"),
    [
        ("pro", "is", "pro", True),
        ("pro", "is", "Pro", False),
        (1, "is", 1.0, True),
        (1, "is", "1", False),
        (1, "is", True, False),
        (True, "is", 1, False),
        (True, "is", True, True),
        (0, "is", False, False),
        (["pro"], "is", "pro", False),
        ("pro", "is_not", "free", True),
        ("pro", "is_not", "pro", False),
        (True, "is_not", 1, True),
        ("a", "in", ("a", "b"), True),
        (1, "in", (True, "1"), False),
        ("c", "not_in", ("a", "b"), True),
        ("a", "not_in", ("a", "b"), False),
        (3, "gt", 2, True),
        (2, "gt", 2, False),
        (2, "gte", 2, True),
        (1.5, "lt", 2, True),
        (2, "lt", 2, False),
        (2, "lte", 2, True),
        ("3", "gt", 2, False),
        (True, "gt", 0, False),
        (math.nan, "gt", 0, False),
        (10**400, "gt", 0.5, True),
        (25, "between", (25, 34), True),
        (34, "between", (25, 34), True),
        (35, "between", (25, 34), False),
        ("30", "between", (25, 34), False),
        (True, "between", (0, 1), False),
        ("algebra", "contains", "geb", True),
        ("algebra", "contains", "x", False),
        (["a", "b"], "contains", "a", True),
        (["ab"], "contains", "a", False),
        ({"a": 1}, "contains", "a", False),
        (12, "contains", "1", False),
        ("algebra", "starts_with", "alg", True),
        ("algebra", "starts_with", "geb", False),
        (["alg"], "starts_with", "alg", False),
        ("", "exists", None, True),
        (False, "exists", None, True),
        (0, "missing", None, False),
    ],
)
def test_what_an_operator_answers(found: object, op: str, written: object, answer: bool) -> None:
    assert _holds(found, op, written) is answer


@pytest.mark.parametrize("values", [{}, {"traits": {}}, {"traits": {"x": None}}, {"traits": 3}, {"traits": None}])
def test_a_missing_value_passes_only_what_says_so(values: dict[str, object]) -> None:
    operands = {"value": "a", "list": ("a",), "number": 1, "pair": (1, 2), "text": "a", "none": None}
    passing = {
        op for op, operator in OPERATORS.items() if holds(Condition("traits.x", op, operands[operator.operand]), values)
    }
    assert passing == {"is_not", "not_in", "missing"}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", {"b": {"c": 1}, "b.c": 2}),
        ("a.b", {"c": 1}),
        ("a.b.c", 2),
        ("a.b.c.d", None),
        ("x.y", 3),
        ("x", None),
        ("", None),
        (".", None),
        ("l.0", None),
    ],
)
def test_paths_lead_through_mappings_and_names_with_dots_come_first(path: str, found: object) -> None:
    assert look_up({"a": {"b": {"c": 1}, "b.c": 2}, "x.y": 3, "l": [1]}, path) == found


def test_equality_is_that_of_json() -> None:
    assert same(1, 1.0)
    assert same("a", "a")
    assert same(None, None)
    assert not same(True, 1)
    assert not same(0, False)
    assert same(False, False)


OPERANDS: dict[str, st.SearchStrategy[object]] = {
    "value": JSON,
    "list": st.lists(JSON).map(tuple),
    "number": st.integers() | st.floats(),
    "pair": st.tuples(st.integers() | st.floats(), st.integers() | st.floats()),
    "text": st.text(),
    "none": st.none(),
}


@given(
    st.sampled_from(sorted(OPERATORS)).flatmap(lambda op: st.tuples(st.just(op), OPERANDS[OPERATORS[op].operand])), JSON
)
def test_every_value_gets_an_answer(written: tuple[str, object], found: object) -> None:
    op, operand = written
    assert _holds(found, op, operand) in (True, False)


@pytest.mark.parametrize(("one", "other"), [("is", "is_not"), ("in", "not_in"), ("exists", "missing")])
@given(found=JSON, operand=JSON)
def test_an_operator_and_its_opposite_never_agree(one: str, other: str, found: object, operand: object) -> None:
    written = (operand,) if one == "in" else operand
    assert _holds(found, one, written) is not _holds(found, other, written)
