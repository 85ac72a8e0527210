"""Our own few words, in every language that we speak: one module for each, with the same names in all of them.

They are what buttons, hints and announcements say, and what the ends of scales are called. How they speak: plainly and
politely, as products in that language do, and of the thing rather than of the reader wherever a pronoun or a gender
would have to be chosen. Numbers stand where no plural depends on them.

`{n}`, `{max}`, `{option}` and `{by}` are filled in by the card; `faces` has five names, divided by `|`.
"""

from __future__ import annotations

from collections.abc import Mapping

from tactful.core.languages import ar, de, en, es, fr, he, hi, ja, ko, pt, zh_hans, zh_hant

__all__ = ["ENDS", "LANGUAGES", "NAMES"]

#: What each language says, by its tag; English says what stands where there is no other.
LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "en": en.WORDS,
    "zh-Hans": zh_hans.WORDS,
    "zh-Hant": zh_hant.WORDS,
    "ja": ja.WORDS,
    "ko": ko.WORDS,
    "es": es.WORDS,
    "pt": pt.WORDS,
    "fr": fr.WORDS,
    "de": de.WORDS,
    "hi": hi.WORDS,
    "ar": ar.WORDS,
    "he": he.WORDS,
}

#: What each language is called in English and in itself.
NAMES: Mapping[str, tuple[str, str]] = {
    "en": ("English", "English"),
    "zh-Hans": ("Chinese, simplified", "简体中文"),
    "zh-Hant": ("Chinese, traditional", "繁體中文"),
    "ja": ("Japanese", "日本語"),
    "ko": ("Korean", "한국어"),
    "es": ("Spanish", "Español"),
    "pt": ("Portuguese", "Português"),
    "fr": ("French", "Français"),
    "de": ("German", "Deutsch"),
    "hi": ("Hindi", "हिन्दी"),
    "ar": ("Arabic", "العربية"),
    "he": ("Hebrew", "עברית"),
}

#: The words that name ends of scales; they are told with a question, not with the card's words.
ENDS = frozenset({"not_likely", "very_likely", "very_dissatisfied", "very_satisfied", "very_difficult", "very_easy"})
