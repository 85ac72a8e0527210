"""Texts of a survey: by band outside, by language inside, with `{{a|fallback}}` filled in.

A text is written as a string, as `{lang: text}`, or as `{by: {band: text, ..., else: text}}`. Here all three
are one shape: a table of bands (`ELSE` when the band does not matter) to a table of languages (`ANY_LANGUAGE`
when only one text was given). Texts are plain text in every sink; nothing here knows of markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from tactful.core.languages.tags import chain, normal

__all__ = [
    "ANY_LANGUAGE",
    "DEFAULT_LANGUAGE",
    "ELSE",
    "SLOT",
    "Text",
    "choose_language",
    "fill",
    "fill_url",
    "in_band",
    "in_language",
    "plain",
]

ELSE = "else"
ANY_LANGUAGE = ""

#: Chosen where no text is in a language of the person's and none is without one.
DEFAULT_LANGUAGE = "en"

#: `{{path|fallback}}`: the path is group 1, the fallback, if any, group 2.
SLOT = re.compile(r"\{\{\s*([A-Za-z_][\w.]{0,120})\s*(?:\|([^{}]{0,200}))?\}\}")
_LONGEST_VALUE = 200

Lookup = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Text:
    """A text in all its bands and languages. `by` maps band -> language -> text and always has `ELSE`."""

    by: Mapping[str, Mapping[str, str]]


def plain(text: str) -> Text:
    """Return a text that is the same for every band and language."""
    return Text(MappingProxyType({ELSE: MappingProxyType({ANY_LANGUAGE: text})}))


def choose_language(available: Mapping[str, str], locale: str) -> str:
    """Choose the language of `available` that suits `locale` best.

    The chain is the exact tag, its shorter forms (`zh-Hant-TW`, `zh-Hant`), a sibling of the same language (of Chinese:
    and script), the text without a language, English, then the first one written. `core/languages/tags` says which tags
    are the same.
    """
    if len(available) == 1:
        return next(iter(available))
    wanted = chain(locale)
    if wanted[-1]:
        known: dict[str, str] = {}
        for written in available:
            known.setdefault(normal(written), written)
        near = [known[tag] for tag in wanted if tag in known]
        near += (written for tag, written in known.items() if tag.startswith(f"{wanted[-1]}-"))
        if near:
            return near[0]
    return next((known for known in (ANY_LANGUAGE, DEFAULT_LANGUAGE) if known in available), next(iter(available)))


def fill(template: str, lookup: Lookup, encode: Callable[[str], str] = str) -> str:
    """Replace every `{{path|fallback}}` by what `lookup` knows of the path, else by its fallback, else by nothing.

    Values come from pages and backends, so only short strings and numbers are inserted, as `encode` writes them.
    """

    def value_of(match: re.Match[str]) -> str:
        value = lookup(match[1])
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            return encode((match[2] or "").strip())
        return encode(str(value)[:_LONGEST_VALUE])

    return SLOT.sub(value_of, template) if "{{" in template else template


def fill_url(template: str, lookup: Lookup) -> str:
    """Fill an address: whatever is inserted stays one word of its path or query, whoever sent it."""
    return fill(template, lookup, _as_word)


def _as_word(value: str) -> str:
    """Percent-encode a value. Dots alone are left out: browsers read `..` as a step up, encoded or not."""
    return quote(value, safe="", errors="replace") if value.strip(".") else ""


def in_band(text: Text, band: str | None, locale: str, lookup: Lookup) -> str:
    """Return the text as whoever falls in `band` is told it; without a band, as everybody else is."""
    languages = text.by.get(band or ELSE) or text.by[ELSE]
    return fill(languages[choose_language(languages, locale)], lookup)


def in_language(text: Text, locale: str, lookup: Lookup) -> str | dict[str, dict[str, str]]:
    """Return the text for the wire: one string, or `{"by": {band: string, ...}}` where it depends on the band."""
    told = {band: fill(texts[choose_language(texts, locale)], lookup) for band, texts in text.by.items()}
    return told[ELSE] if told.keys() == {ELSE} else {"by": told}
