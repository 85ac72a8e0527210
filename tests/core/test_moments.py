"""Moments: what a page tells by itself, as a trigger writes it and as an event is called."""

from __future__ import annotations

import pytest

from tactful.core.catalogue import compile_catalogue
from tactful.core.moments import MOMENTS, as_written, in_words, is_moment, named
from tactful.core.reading import read_survey
from tactful.core.surveys import EventTrigger, Trigger
from tests.core.examples import OPEN, a_survey

CASES = [
    ("exit", 0, "$exit", True, "about to leave the page"),
    ("scroll", 50, "$scroll:50", 50, "50 % of the page seen"),
    ("time_on_page", 90_000, "$time:90000", "90s", "90s on the page"),
    ("idle", 60_000, "$idle:60000", "1m", "1m without a move"),
]


@pytest.mark.parametrize(("field", "amount", "event", "written", "said"), CASES, ids=[case[0] for case in CASES])
def test_a_moment_has_a_name_and_is_written_and_said(
    field: str, amount: int, event: str, written: object, said: str
) -> None:
    assert named(field, amount) == event
    assert as_written(event) == (field, written)
    assert (is_moment(event), in_words(event)) == (True, said)


def test_every_kind_is_among_the_cases() -> None:
    assert {case[0] for case in CASES} == MOMENTS.keys()


@pytest.mark.parametrize("event", ["Lesson Finished", "$pageview", "$exit:5", "$scroll", "$time:x", "$idle:-1", ""])
def test_any_other_event_is_what_it_is_called(event: str) -> None:
    assert (is_moment(event), as_written(event), in_words(event)) == (False, None, event)


def test_a_page_is_told_where_each_moment_is_awaited() -> None:
    leaving, half = EventTrigger("$exit", source="browser"), EventTrigger("$scroll:50", source="browser")
    catalogue = compile_catalogue(
        OPEN,
        [
            (a_survey("a", trigger=Trigger((leaving, half), "/b")), 1),
            (a_survey("b", trigger=Trigger((leaving, EventTrigger("Done")), "/a")), 1),
            (a_survey("c", trigger=Trigger((half,))), 1),
            (a_survey("d", state="paused", trigger=Trigger((EventTrigger("$idle:1000"),))), 1),
        ],
    )
    assert catalogue.moments_on_pages() == {"$exit": ["/a", "/b"], "$scroll:50": []}
    assert catalogue.watched_on_pages() == ["$exit", "$scroll:50", "Done"]


def test_a_single_moment_may_stand_directly_under_the_trigger() -> None:
    questions = [{"id": "score", "kind": "nps", "ask": "How likely?"}]
    written = {"key": "a", "trigger": {"scroll": 50, "page": "/app/*"}, "questions": questions}
    survey = read_survey(written).value
    assert survey is not None
    assert survey.trigger == Trigger((EventTrigger("$scroll:50", source="browser"),), "/app/*")
