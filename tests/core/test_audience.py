"""Whom an audience is about: what is known of a person, and what only a page can tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.audience import facts_of, told_by_page
from tactful.core.catalogue import compile_catalogue
from tactful.core.conditions import Condition, Entry, Group, look_up
from tactful.core.decide import Moment, Refusal
from tactful.core.explain import explain
from tactful.core.people import device_of
from tactful.core.spans import DAY_MS
from tests.core.examples import NOW, OPEN, a_person, a_survey, decided

GERMAN = Condition("person.locale", "starts_with", "de")
PHONE = Condition("person.device", "is", "phone")
PRO = Condition("traits.plan", "is", "pro")
PAGE = "https://site.test/"


@pytest.mark.parametrize(
    ("width", "device"),
    [
        (None, None),
        (0, None),
        (-5, None),
        (float("nan"), None),
        (0.5, "phone"),
        (599.9, "phone"),
        (600, "tablet"),
        (1_023, "tablet"),
        (1_024, "desktop"),
        (1e308, "desktop"),
    ],
)
def test_a_device_is_told_by_the_width_of_its_page(width: float | None, device: str | None) -> None:
    assert device_of(width) == device


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("de-at", "de-AT"),
        ("de_AT", "de-AT"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("de-1996", "de-1996"),
        ("sl-ROZAJ", "sl-rozaj"),
        ("en-x-Y", "en-x-y"),
        ("-", "-"),
    ],
)
def test_a_language_is_spelled_as_usual(written: str, spelled: str) -> None:
    assert look_up(facts_of(a_person(), NOW, written, None).values, "person.locale") == spelled


@given(st.text(max_size=200))
def test_any_text_for_a_language_gets_an_answer(written: str) -> None:
    found = look_up(facts_of(a_person(), NOW, written, None).values, "person.locale")
    assert (found is None) is (written == "")


def test_both_beginnings_of_a_person_are_times() -> None:
    person = a_person(first_seen_at=5, created_at=3)
    for condition, holds in {
        ("person.first_seen", "older_than", NOW - 6): True,
        ("person.first_seen", "older_than", NOW - 5): False,
        ("person.age", "older_than", NOW - 4): True,
        ("person.age", "older_than", NOW - 3): False,
        ("person.age", "within", NOW - 3): True,
        ("person.age", "before", "1970-01-02"): True,
        ("person.age", "after", "1970-01-01"): False,
    }.items():
        refused = decided(a_survey(where=(Condition(*condition),)), OPEN, person)
        assert (refused == ()) is holds, condition


def test_the_age_of_the_design_reads_as_one_would_say_it() -> None:
    survey = a_survey(where=(Condition("person.age", "older_than", 14 * DAY_MS),))
    assert decided(survey, OPEN, a_person(first_seen_at=NOW - 14 * DAY_MS - 1)) == ()
    assert decided(survey, OPEN, a_person(first_seen_at=NOW - 14 * DAY_MS)) == (Refusal("audience"),)


@pytest.mark.parametrize(
    ("entry", "locale", "width", "met"),
    [
        (GERMAN, "de-AT", None, True),
        (GERMAN, "en", None, False),
        (GERMAN, "", None, False),
        (Group("not", (GERMAN,)), "en", None, True),
        (Group("not", (GERMAN,)), "", None, False),
        (Group("not", (GERMAN,)), None, None, False),
        (PHONE, "", 400, True),
        (PHONE, "", 800, False),
        (PHONE, "", None, False),
        (Group("not", (PHONE,)), "", 800, True),
        (Group("not", (PHONE,)), "", 0, False),
        (Group("any", (PHONE, GERMAN)), "de", None, True),
    ],
)
def test_on_a_page_what_nobody_knows_is_no(entry: Entry, locale: str | None, width: float | None, met: bool) -> None:
    moment = Moment(NOW, PAGE, locale=locale, width=width)
    assert decided(a_survey(where=(entry,)), OPEN, a_person(), moment) == (() if met else (Refusal("audience"),))


@pytest.mark.parametrize(
    ("where", "codes", "depends"),
    [
        ((GERMAN,), (), ("language",)),
        ((GERMAN, Group("not", (PHONE,))), (), ("device", "language")),
        ((GERMAN, PRO), ("audience",), ()),
        ((Group("any", (GERMAN, Group("not", (PRO,)))),), (), ()),
        ((PRO,), ("audience",), ()),
    ],
)
def test_apart_from_any_page_it_depends(
    where: tuple[Entry, ...], codes: tuple[str, ...], depends: tuple[str, ...]
) -> None:
    [told] = explain(compile_catalogue(OPEN, [(a_survey(where=where), 1)]), a_person(), NOW)
    assert (tuple(refusal.code for refusal in told.refusals), told.depends) == (codes, depends)
    assert told.may_ask is (not codes)


def test_what_a_page_tells_is_named() -> None:
    assert told_by_page((PRO,)) == ()
    assert told_by_page((PRO, Group("any", (PHONE, PRO)))) == ("device",)
