"""Texts: which language is chosen, what fills a slot, and what goes on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.conditions import look_up
from tactful.core.texts import ANY_LANGUAGE, ELSE, Text, choose_language, fill, in_language, plain

VALUES: dict[str, Any] = {
    "project": {"name": "Lantern"},
    "traits": {"first_name": "Ada", "age": 36, "ratio": 0.5, "empty": "", "vip": True, "none": None, "list": ["a"]},
    "event": {"long": "x" * 500},
}


def _look_up(path: str) -> object:
    return look_up(VALUES, path)


@pytest.mark.parametrize(
    ("available", "locale", "chosen"),
    [
        (["de", "en"], "de", "de"),
        (["de", "de-AT"], "de-AT", "de-AT"),
        (["de", "en"], "de-AT", "de"),
        (["zh-Hant", "zh"], "zh-Hant-TW", "zh-Hant"),
        (["zh", "en"], "zh_CN", "zh"),
        (["PT-br", "en"], "pt-BR", "PT-br"),
        (["en", "pt-BR"], "pt-PT", "pt-BR"),
        (["en", "pt-BR"], "pt", "pt-BR"),
        (["fr", "en"], "ja", "en"),
        ([ANY_LANGUAGE], "ja", ANY_LANGUAGE),
        ([ANY_LANGUAGE, "en"], "ja", ANY_LANGUAGE),
        (["fr", "de"], "ja", "fr"),
        (["fr", "de"], "", "fr"),
        (["fr", "eng"], "en", "fr"),
    ],
)
def test_the_language_is_the_nearest_one(available: list[str], locale: str, chosen: str) -> None:
    assert choose_language(dict.fromkeys(available, ""), locale) == chosen


@given(st.dictionaries(st.text(), st.text(), min_size=1), st.text() | st.just("a-" * 100_000))
def test_some_language_is_always_chosen(available: dict[str, str], locale: str) -> None:
    assert choose_language(available, locale) in available


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("Hello", "Hello"),
        ("Hello {{traits.first_name}}!", "Hello Ada!"),
        ("{{ traits.first_name | you }}", "Ada"),
        ("{{traits.age}} {{traits.ratio}}", "36 0.5"),
        ("{{traits.stranger|you}}", "you"),
        ("{{traits.stranger| you there }}", "you there"),
        ("{{traits.stranger}}.", "."),
        ("{{traits.empty|you}}", "you"),
        ("{{traits.vip|you}}", "you"),
        ("{{traits.none|you}}", "you"),
        ("{{traits.list|you}}", "you"),
        ("{{traits|you}}", "you"),
        ("{{event.long}}", "x" * 200),
        ("{{not a slot}} {traits.age}", "{{not a slot}} {traits.age}"),
    ],
)
def test_slots_are_filled_with_short_texts_and_numbers(template: str, filled: str) -> None:
    assert fill(template, _look_up) == filled


def test_what_fills_a_slot_is_not_filled_again() -> None:
    assert fill("{{a.b}}", lambda _path: "{{a.b}}") == "{{a.b}}"


def test_a_text_that_does_not_depend_on_the_band_is_one_string_on_the_wire() -> None:
    assert in_language(plain("Hi {{traits.first_name}}"), "de", _look_up) == "Hi Ada"
    assert in_language(Text({ELSE: {"de": "Hallo", "en": "Hi"}}), "de-AT", _look_up) == "Hallo"


def test_a_text_by_band_is_told_for_every_band_each_in_its_nearest_language() -> None:
    text = Text({"promoter": {"de": "Danke"}, ELSE: {"": "{{project.name}}", "fr": "Merci"}})
    assert in_language(text, "de", _look_up) == {"by": {"promoter": "Danke", ELSE: "Lantern"}}
    assert in_language(Text({"promoter": {"": "x"}}), "de", _look_up) == {"by": {"promoter": "x"}}
