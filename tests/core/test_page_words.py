"""Every word of a person's own page, in every language."""

from __future__ import annotations

import re

import pytest

from tactful.core.languages import LANGUAGES, PAGES
from tactful.core.words import page_words

ENGLISH = page_words("en")


def test_the_page_speaks_what_the_card_speaks() -> None:
    assert PAGES.keys() == LANGUAGES.keys()


@pytest.mark.parametrize("language", PAGES)
def test_every_language_has_every_word_with_the_same_places(language: str) -> None:
    words = page_words(language)
    assert words["lang"] == language
    assert words.keys() == ENGLISH.keys()
    for key in ENGLISH.keys() - {"lang", "dir"}:
        assert words[key].strip() == words[key] != ""
        places = sorted(set(re.findall(r"\{\w*\}", words[key])))
        assert places == sorted(set(re.findall(r"\{\w*\}", ENGLISH[key]))), key


@pytest.mark.parametrize(
    ("locale", "tag", "direction"),
    [
        ("de-AT", "de", "ltr"),
        ("ar-EG", "ar", "rtl"),
        ("he", "he", "rtl"),
        ("zh-CN", "zh-Hans", "ltr"),
        ("zh-TW", "zh-Hant", "ltr"),
        ("zh_HK", "zh-Hant", "ltr"),
        ("tlh", "en", "ltr"),
        ("", "en", "ltr"),
    ],
)
def test_the_nearest_language_is_taken(locale: str, tag: str, direction: str) -> None:
    assert (page_words(locale)["lang"], page_words(locale)["dir"]) == (tag, direction)
