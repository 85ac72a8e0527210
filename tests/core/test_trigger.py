"""Triggers: which events match, which occurrences count, under which name they are counted, and on which page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.conditions import Condition, Group
from tactful.core.spans import DAY_MS
from tactful.core.surveys import EventTrigger, Nth, Trigger
from tactful.core.trigger import Cancelling, Event, cancels, counter_of, is_due, matcher_of, on_page
from tests.core.examples import NOW

MATHS = Condition("properties.course", "in", ("algebra", "physics"))
LONG = Condition("properties.minutes", "gte", 10)
SOON = Condition("properties.due_at", "after", "2026-11-20")
FRESH = Condition("properties.made_at", "within", DAY_MS)


@pytest.mark.parametrize(
    ("trigger", "event", "says"),
    [
        (EventTrigger("Done"), Event("Done"), True),
        (EventTrigger("Done"), Event("done"), False),
        (EventTrigger("Done"), Event("Done "), False),
        (EventTrigger("Done", source="any"), Event("Done", source="server"), True),
        (EventTrigger("Done", source="server"), Event("Done", source="server"), True),
        (EventTrigger("Done", source="server"), Event("Done", source="browser"), False),
        (EventTrigger("Done", source="browser"), Event("Done", source="server"), False),
        (EventTrigger("Done", (MATHS,)), Event("Done", {"course": "algebra"}), True),
        (EventTrigger("Done", (MATHS,)), Event("Done", {"course": "poetry"}), False),
        (EventTrigger("Done", (MATHS,)), Event("Done"), False),
        (EventTrigger("Done", (MATHS, LONG)), Event("Done", {"course": "algebra", "minutes": 10}), True),
        (EventTrigger("Done", (MATHS, LONG)), Event("Done", {"course": "algebra", "minutes": 9}), False),
        (EventTrigger("Done", (MATHS, LONG)), Event("Done", {"course": "poetry", "minutes": 10}), False),
        (EventTrigger("Done", (Group("any", (MATHS, LONG)),)), Event("Done", {"minutes": 10}), True),
        (EventTrigger("Done", (Group("any", (MATHS, LONG)),)), Event("Done", {"minutes": 9}), False),
        (EventTrigger("Done", (Group("not", (MATHS,)),)), Event("Done"), True),
        (EventTrigger("Done", (SOON,)), Event("Done", {"due_at": "2026-11-21"}), True),
        (EventTrigger("Done", (SOON,)), Event("Done", {"due_at": "2026-11-20T23:59:59Z"}), False),
        (EventTrigger("Done", (FRESH,)), Event("Done", {"made_at": NOW - DAY_MS}), True),
        (EventTrigger("Done", (FRESH,)), Event("Done", {"made_at": NOW - DAY_MS - 1}), False),
        (EventTrigger("Done", (FRESH,)), Event("Done", {"made_at": NOW + 1}), False),
    ],
)
def test_an_event_matches_by_name_source_and_properties(trigger: EventTrigger, event: Event, says: bool) -> None:
    assert matcher_of(trigger)(event, NOW) is says


@pytest.mark.parametrize(
    ("nth", "due"),
    [
        (None, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (Nth(), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (Nth(exactly=1), [1]),
        (Nth(exactly=4), [4]),
        (Nth(start=7), [7, 8, 9]),
        (Nth(every=3, start=3), [3, 6, 9]),
        (Nth(every=3, start=2), [2, 5, 8]),
        (Nth(every=2, start=5), [5, 7, 9]),
        (Nth(every=100, start=100), []),
    ],
)
def test_the_occurrences_that_count(nth: Nth | None, due: list[int]) -> None:
    assert [occurrence for occurrence in range(1, 10) if is_due(nth, occurrence)] == due


@pytest.mark.parametrize("nth", [Nth(), Nth(exactly=1), Nth(every=3, start=3), Nth(every=3, start=2)])
def test_what_never_happened_is_not_due(nth: Nth) -> None:
    assert not is_due(nth, 0)


ONE = EventTrigger("Done", (MATHS,), Nth(every=3, start=3), "server", 2_000)


def test_whoever_counts_the_same_shares_the_count() -> None:
    assert counter_of(replace(ONE, nth=Nth(exactly=1), delay_ms=0)) == counter_of(ONE)


@pytest.mark.parametrize(
    "other", [replace(ONE, event="Done2"), replace(ONE, source="any"), replace(ONE, where=(LONG,)), EventTrigger("")]
)
def test_whoever_counts_something_else_has_a_count_of_its_own(other: EventTrigger) -> None:
    assert counter_of(other) != counter_of(ONE)


def test_a_count_keeps_its_name_in_every_release() -> None:
    """The name is stored: another one would start everybody's counts anew."""
    assert counter_of(ONE) == "0928d2906e02374c9263"


SITE = "https://site.test"


@pytest.mark.parametrize(
    ("glob", "page", "says"),
    [
        (None, "anything at all", True),
        ("/app/*", f"{SITE}/app/lesson", True),
        ("/app/*", f"{SITE}/app/", True),
        ("/app/*", f"{SITE}/app", False),
        ("/app/*", f"{SITE}/app/a/b/c", True),
        ("/app/*", f"{SITE}/x/app/lesson", False),
        ("/app", f"{SITE}/app", True),
        ("/app", f"{SITE}/app/", False),
        ("/app", f"{SITE}/App", False),
        ("/app", f"{SITE}/app?next=/x#y", True),
        ("/app", f"{SITE}/x?next=/app", False),
        ("/", SITE, True),
        ("/", f"{SITE}/", True),
        ("/lesson-?", f"{SITE}/lesson-1", True),
        ("/lesson-?", f"{SITE}/lesson-12", False),
        ("/lesson-[0-9]", f"{SITE}/lesson-7", True),
        ("/lesson-[0-9]", f"{SITE}/lesson-x", False),
        ("/a.c", f"{SITE}/abc", False),
        (f"{SITE}/app/*", f"{SITE}/app/lesson", True),
        (f"{SITE}/app/*", "http://site.test/app/lesson", False),
        ("https://*.site.test/*", "https://eu.site.test/app", True),
        ("*", "", True),
        ("/*", "http://[broken", False),
        ("*", "http://[broken", False),
        ("/*z", f"{SITE}/{'a' * 3_000}z", False),
    ],
)
def test_the_page_is_met_by_its_path_or_its_address_without_query(glob: str | None, page: str, says: bool) -> None:
    assert on_page(Trigger(page=glob), page) is says


@given(st.text(max_size=30), st.text(max_size=30) | st.text("*?[]!-ab/", max_size=30))
def test_any_page_and_any_glob_have_an_answer(page: str, glob: str) -> None:
    assert on_page(Trigger(page=glob), page) in (True, False)


PAGES = json.loads((Path(__file__).parent.parent / "cases" / "pages.json").read_text("utf-8"))


@pytest.mark.parametrize("case", PAGES, ids=lambda case: f"{case['glob']} {case['address']}")
def test_a_page_lies_on_a_glob_here_where_it_does_in_the_browser(case: dict[str, Any]) -> None:
    assert on_page(Trigger(page=case["glob"]), case["address"]) is case["on"]


TICKET = {"properties.ticket": 7}


@pytest.mark.parametrize(
    ("cancelling", "values", "says"),
    [
        (Cancelling("desk", None), {}, True),
        (Cancelling("other", None), {}, False),
        (Cancelling("desk", "properties.ticket"), TICKET, True),
        (Cancelling("desk", "properties.ticket"), {"properties.ticket": 8}, False),
        (Cancelling("desk", "properties.ticket"), {}, False),
    ],
)
def test_an_event_cancels_a_candidate_of_its_survey_with_the_same_value(
    cancelling: Cancelling, values: dict[str, object], says: bool
) -> None:
    assert cancels(cancelling, Event("Reopened", {"ticket": 7}), "desk", values) is says
