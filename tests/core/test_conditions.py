"""Conditions: what each operator answers, and that every value gets an answer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.conditions import (
    OPERATORS,
    Condition,
    Entry,
    Facts,
    Group,
    Responded,
    compiled,
    look_up,
    paths_of,
    same,
)
from tactful.core.instants import Instant
from tactful.core.people import PastAsk
from tactful.core.spans import DAY_MS
from tests.core.examples import NOW, an_ask
from tests.core.strategies import JSON

DAY = DAY_MS


def _judged(entry: Entry, values: dict[str, object], unknown: frozenset[str] = frozenset()) -> bool | None:
    judge = compiled((entry,))
    assert judge is not None
    return judge(Facts(values, NOW, unknown))


def _holds(found: object, op: str, written: object = None) -> bool | None:
    return _judged(Condition("traits.x", op, written), {"traits": {"x": found}})


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
        ("2026-01-30T23:59:59.999Z", "before", "2026-01-31", True),
        ("2026-01-31", "before", "2026-01-31", False),
        ("2026-01-31", "after", "2026-01-31", False),
        ("2026-01-31T23:59:59.999Z", "after", "2026-01-31", False),
        ("2026-02-01", "after", "2026-01-31", True),
        ("2026-02-01T00:30:00+01:00", "after", "2026-01-31", False),
        ("2026-01-31T10:00:00.000Z", "before", "2026-01-31T12:00:00+02:00", False),
        ("2026-01-31T10:00:00.000Z", "after", "2026-01-31T12:00:00+02:00", False),
        ("2026-01-31T09:59:59.999Z", "before", "2026-01-31T12:00:00+02:00", True),
        ("2026-01-31T10:00:00.001Z", "after", "2026-01-31T12:00:00+02:00", True),
        (1_769_817_600, "before", "2026-01-31", False),
        (1_769_817_599, "before", "2026-01-31", True),
        (1_769_817_599_999, "before", "2026-01-31", True),
        (1_769_817_600_000, "before", "2026-01-31", False),
        (-1, "before", "1970-01-01", True),
        (99_999_999_999, "after", "5138-11-15", True),
        (100_000_000_000, "before", "1974-01-01", True),
        ("1769817600", "after", "2000-01-01", False),
        ("yesterday", "before", "2026-01-31", False),
        ("2026-13-31", "before", "2026-01-31", False),
        ("2026-01-31T24:30", "after", "2000-01-01", False),
        (True, "after", "1960-01-01", False),
        (math.inf, "after", "1960-01-01", False),
        (math.nan, "before", "2026-01-31", False),
        ([1], "before", "2026-01-31", False),
        (10**400, "after", "2026-01-31", True),
        (NOW - DAY, "older_than", DAY, False),
        (NOW - DAY - 1, "older_than", DAY, True),
        (NOW + DAY, "older_than", DAY, False),
        (NOW - DAY, "within", DAY, True),
        (NOW - DAY - 1, "within", DAY, False),
        (NOW, "within", 0, True),
        (NOW + 1, "within", DAY, False),
        ("soon", "within", DAY, False),
        ("long ago", "older_than", DAY, False),
        (None, "older_than", DAY, False),
        (Instant(5), "older_than", NOW - 6, True),
        (Instant(5), "older_than", NOW - 5, False),
    ],
)
def test_what_an_operator_answers(found: object, op: str, written: object, answer: bool) -> None:
    assert _holds(found, op, written) is answer


@pytest.mark.parametrize("values", [{}, {"traits": {}}, {"traits": {"x": None}}, {"traits": 3}, {"traits": None}])
def test_a_missing_value_passes_only_what_says_so(values: dict[str, object]) -> None:
    operands = {"value": "a", "list": ("a",), "number": 1, "pair": (1, 2), "text": "a", "none": None}
    operands |= {"time": "2026-01-31", "span": 1}
    passing = {
        op
        for op, operator in OPERATORS.items()
        if _judged(Condition("traits.x", op, operands[operator.operand]), values)
    }
    assert passing == {"is_not", "not_in", "not_contains", "missing"}


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
    "time": st.sampled_from(["2026-01-31", "2026-11-21T10:00:00Z", "0001-01-01T00:00+14:00", "9999-12-31"]),
    "span": st.integers(0, 2**52),
    "none": st.none(),
}
TIMES = st.datetimes().map(lambda at: at.isoformat()) | st.integers() | st.floats() | st.text()


@given(
    st.sampled_from(sorted(OPERATORS)).flatmap(lambda op: st.tuples(st.just(op), OPERANDS[OPERATORS[op].operand])),
    JSON | TIMES,
)
def test_every_value_gets_an_answer(written: tuple[str, object], found: object) -> None:
    op, operand = written
    assert _holds(found, op, operand) in (True, False)


@pytest.mark.parametrize(("one", "other"), [("is", "is_not"), ("in", "not_in"), ("exists", "missing")])
@given(found=JSON, operand=JSON)
def test_an_operator_and_its_opposite_never_agree(one: str, other: str, found: object, operand: object) -> None:
    written = (operand,) if one == "in" else operand
    assert _holds(found, one, written) is not _holds(found, other, written)


@given(TIMES, st.integers(0, 2 * NOW))
def test_a_past_time_is_within_a_span_or_older(found: object, span_ms: int) -> None:
    is_past = _holds(found, "within", 2**53) or _holds(found, "older_than", 2**53)
    assert (_holds(found, "within", span_ms) is not _holds(found, "older_than", span_ms)) is is_past


YES, NO, UNKNOWN = (Condition("traits.x", "is", 1), Condition("traits.x", "is", 2), Condition("traits.y", "is", 1))


def _with_unknown(entry: Entry) -> bool | None:
    return _judged(entry, {"traits": {"x": 1}}, frozenset({"traits.y"}))


@pytest.mark.parametrize(
    ("entry", "verdict"),
    [
        (YES, True),
        (NO, False),
        (UNKNOWN, None),
        (Group("all", (YES,)), True),
        (Group("all", (YES, YES)), True),
        (Group("all", (YES, NO)), False),
        (Group("all", (UNKNOWN, NO)), False),
        (Group("all", (UNKNOWN, YES)), None),
        (Group("any", (NO, YES)), True),
        (Group("any", (NO, NO)), False),
        (Group("any", (UNKNOWN, YES)), True),
        (Group("any", (UNKNOWN, NO)), None),
        (Group("not", (YES,)), False),
        (Group("not", (NO,)), True),
        (Group("not", (UNKNOWN,)), None),
        (Group("not", (YES, NO)), True),
        (Group("not", (YES, YES)), False),
        (Group("not", (Group("any", (NO, NO)),)), True),
        (Group("not", (Group("not", (Group("all", (UNKNOWN, YES)),)),)), None),
        (Condition("traits.y", "missing", None), None),
        (Condition("traits.y", "is_not", 1), None),
    ],
)
def test_a_group_says_what_its_parts_leave_no_choice_about(entry: Entry, verdict: bool | None) -> None:
    assert _with_unknown(entry) is verdict


LEAVES = st.sampled_from([YES, NO, UNKNOWN])
ENTRIES: st.SearchStrategy[Entry] = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        Group, st.sampled_from(["all", "any", "not"]), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=12,
)


def _known_as(entry: Entry, y: object) -> bool | None:
    return _judged(entry, {"traits": {"x": 1, "y": y}})


@given(ENTRIES)
def test_what_is_known_stays_so_whatever_the_unknown_turns_out_to_be(entry: Entry) -> None:
    verdict = _with_unknown(entry)
    if verdict is not None:
        assert {_known_as(entry, 1), _known_as(entry, 2), _known_as(entry, None)} == {verdict}


@given(st.lists(ENTRIES, max_size=4).map(tuple))
def test_a_list_is_all_of_its_entries(entries: tuple[Entry, ...]) -> None:
    judge = compiled(entries)
    if not entries:
        assert judge is None
        return
    assert judge is not None
    facts = Facts({"traits": {"x": 1}}, NOW, frozenset({"traits.y"}))
    assert judge(facts) is _judged(Group("all", entries), dict(facts.values), facts.unknown)


def _responded(responded: Responded, *asks: PastAsk) -> bool | None:
    judge = compiled((responded,))
    assert judge is not None
    return judge(Facts({}, NOW, asks=asks))


NINE = an_ask(5 * DAY, responded_at=NOW - 3 * DAY, score=9, band="promoter")
SILENT = an_ask(DAY)
SKIPPED = an_ask(DAY, responded_at=NOW - DAY)


@pytest.mark.parametrize(
    ("responded", "asks", "holds"),
    [
        (Responded("nps"), (), False),
        (Responded("nps"), (SILENT,), False),
        (Responded("nps"), (SILENT, SKIPPED), True),
        (Responded("csat"), (NINE,), False),
        (Responded("nps", ("gte", 9)), (NINE,), True),
        (Responded("nps", ("gte", 10)), (NINE,), False),
        (Responded("nps", ("in", (8, 9))), (SILENT, NINE), True),
        (Responded("nps", ("gte", 0)), (SKIPPED,), False),
        (Responded("nps", ("is_not", 9)), (SKIPPED,), True),
        (Responded("nps", band="promoter"), (NINE,), True),
        (Responded("nps", band="detractor"), (NINE,), False),
        (Responded("nps", band="detractor"), (SKIPPED,), False),
        (Responded("nps", within_ms=3 * DAY), (NINE,), False),
        (Responded("nps", within_ms=3 * DAY + 1), (NINE,), True),
        (Responded("nps", within_ms=1), (an_ask(responded_at=NOW + DAY),), True),
        (Responded("nps", ("gte", 9), "promoter", 4 * DAY), (SKIPPED, NINE), True),
        (Responded("nps", ("gte", 9), within_ms=2 * DAY), (SKIPPED, NINE), False),
    ],
)
def test_an_earlier_response_has_to_pass_all_of_it(
    responded: Responded, asks: tuple[PastAsk, ...], holds: bool
) -> None:
    assert _responded(responded, *asks) is holds


def test_the_paths_of_groups_are_those_of_all_conditions_in_them() -> None:
    assert paths_of((Responded("nps"),)) == paths_of(()) == frozenset()
    assert paths_of((Group("any", (YES, Group("not", (UNKNOWN,)))), NO)) == {"traits.x", "traits.y"}
