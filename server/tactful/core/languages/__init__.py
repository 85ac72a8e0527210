"""Our own few words, in every language that we speak: one module for each, with the same names in all of them.

`WORDS` is what buttons, hints and announcements of a card say, and what the ends of scales are called. How they speak:
plainly and politely, as products in that language do, and of the thing rather than of the reader wherever a pronoun or
a gender would have to be chosen; each module says how. Numbers stand where no plural depends on them. `{n}`, `{max}`,
`{option}` and `{by}` are filled in by the card; `faces` has five names, divided by `|`.

`PAGE` is what the page says where a person sees and changes what they agreed to (`web/preferences.py`). It speaks to
them. `{project}` is whose page it is, `{date}` and `{until}` are days, `{n}` is a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tactful.core.languages import ar, de, en, es, fr, he, hi, ja, ko, pt, zh_hans, zh_hant

__all__ = ["ENDS", "LANGUAGES", "NAMES", "PAGES"]


class _Spoken(NamedTuple):
    """One language: what it is called in English and in itself, and what it says on a card and on a person's page."""

    english: str
    own: str
    words: Mapping[str, str]
    page: Mapping[str, str]


#: Every language that we speak, by its tag; English says what stands where there is no other.
_SPOKEN: Mapping[str, _Spoken] = {
    "en": _Spoken("English", "English", en.WORDS, en.PAGE),
    "zh-Hans": _Spoken("Chinese, simplified", "简体中文", zh_hans.WORDS, zh_hans.PAGE),
    "zh-Hant": _Spoken("Chinese, traditional", "繁體中文", zh_hant.WORDS, zh_hant.PAGE),
    "ja": _Spoken("Japanese", "日本語", ja.WORDS, ja.PAGE),
    "ko": _Spoken("Korean", "한국어", ko.WORDS, ko.PAGE),
    "es": _Spoken("Spanish", "Español", es.WORDS, es.PAGE),
    "pt": _Spoken("Portuguese", "Português", pt.WORDS, pt.PAGE),
    "fr": _Spoken("French", "Français", fr.WORDS, fr.PAGE),
    "de": _Spoken("German", "Deutsch", de.WORDS, de.PAGE),
    "hi": _Spoken("Hindi", "हिन्दी", hi.WORDS, hi.PAGE),
    "ar": _Spoken("Arabic", "العربية", ar.WORDS, ar.PAGE),
    "he": _Spoken("Hebrew", "עברית", he.WORDS, he.PAGE),
}

#: What each language says on a card.
LANGUAGES = {tag: spoken.words for tag, spoken in _SPOKEN.items()}
#: What it says on a person's own page.
PAGES = {tag: spoken.page for tag, spoken in _SPOKEN.items()}
#: What each language is called in English and in itself.
NAMES = {tag: (spoken.english, spoken.own) for tag, spoken in _SPOKEN.items()}

#: The words that name ends of scales; they are told with a question, not with the card's words.
ENDS = frozenset({"not_likely", "very_likely", "very_dissatisfied", "very_satisfied", "very_difficult", "very_easy"})
