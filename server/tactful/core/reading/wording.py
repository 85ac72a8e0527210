"""Readers of texts: a string, `{lang: text}`, or `{by: {band: ..., else: ...}}` around either."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from tactful.core.reading.fields import string
from tactful.core.reading.notes import nearest, quoted
from tactful.core.reading.places import At, Reader
from tactful.core.texts import ANY_LANGUAGE, ELSE, SLOT, Text

__all__ = ["KNOWN_VALUES", "LANGUAGE", "THANKS_TEXT", "THANKS_TITLE", "by_band", "by_language", "intro", "text"]

T = TypeVar("T")

#: Where a slot may lead; for what we make ourselves, the names that there are.
KNOWN_VALUES: dict[str, tuple[str, ...]] = {
    "project": ("name",),
    "traits": (),
    "account": (),
    "event": (),
    "person": ("known", "age_days"),
}

#: The longest that thanks may be, in characters.
THANKS_TITLE = 200
THANKS_TEXT = 1_000

_SLOT_START = re.compile(r"\{\{[^{}]{0,80}(?:\}\})?")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
_MOST_LANGUAGES = 100


def text(longest: int, *, no_bands: str = "") -> Reader[Text]:
    """A text of at most `longest` characters in each language; by band too, unless `no_bands` says why not."""
    one = string(longest)

    def read(at: At) -> Text | None:
        if isinstance(at.value, dict) and "by" in at.value:
            if no_bands:
                at.fault(f"expected one text, found one by band; {no_bands}")
                return None
            by = by_band(at, lambda inner: _languages(inner, one))
            return None if by is None else Text(by)
        told = _languages(at, one)
        return None if told is None else Text(MappingProxyType({ELSE: told}))

    return read


def by_language(read_one: Reader[str]) -> Reader[Text]:
    """A text of its own kind, such as an address: read by `read_one` in each language, and never by band."""

    def read(at: At) -> Text | None:
        told = _languages(at, read_one)
        return None if told is None else Text(MappingProxyType({ELSE: told}))

    return read


#: The line above the first question.
intro = text(500)


def by_band(at: At, read_one: Reader[T]) -> Mapping[str, T] | None:
    """Read what stands under `by`, one per band, so that there is always one for `else`.

    Where every band is named, `else` is only met when the score was skipped: the middle band's then stands there.
    """
    place = at.within("by")
    if len(at.value) > 1:
        at.fault("expected `by` alone, found other fields beside it; move them into each band")
        return None
    if not isinstance(place.value, dict) or not place.value:
        place.expected("what to say by band (a mapping)", f"write `{{{ELSE}: ...}}`")
        return None
    if not _bands_fit(place):
        return None
    found = {band: read_one(place.within(band)) for band in place.value}
    told = {band: one for band, one in found.items() if one is not None}
    if len(told) < len(found):
        return None
    bands = at.outline.bands
    if ELSE not in told and bands:
        told[ELSE] = told[bands[len(bands) // 2]]
    return MappingProxyType(told)


def _bands_fit(place: At) -> bool:
    """Check the names of bands at `place`; true also where they cannot be known."""
    bands = place.outline.bands
    if bands is None:
        return True
    named = [band for band in place.value if band != ELSE]
    if named and not bands:
        place.fault(f"expected one text, found one by band, but {place.outline.why_none}; write the text alone")
        return False
    strangers = [band for band in named if band not in bands]
    for band in strangers:
        near = nearest(band, (*bands, ELSE)) or f"; use {', '.join(f'`{known}`' for known in (*bands, ELSE))}"
        place.within(band).fault(f"{quoted(band)} is not a band of this survey's score{near}")
    missing = [band for band in bands if band not in named]
    told = ", ".join(missing) or "those who skip the score"
    # Two bands have none in the middle that would suit whoever skips the score.
    if ELSE not in place.value and (missing or len(bands) == 2):
        place.notes.fault((*place.steps, ELSE), f"is missing; give what {told} are told")
        return False
    return not strangers


def _languages(at: At, read_one: Reader[str]) -> Mapping[str, str] | None:
    if not isinstance(at.value, dict):
        told = read_one(at)
        return MappingProxyType({ANY_LANGUAGE: told}) if told is not None and _slots_fit(at) else None
    if not 0 < len(at.value) <= _MOST_LANGUAGES:
        at.fault(f"expected 1 to {_MOST_LANGUAGES} languages, found {len(at.value)}; write `{{en: ...}}`")
        return None
    found = {language: _in_one_language(at.within(language), read_one) for language in at.value}
    told_by_language = {language: told for language, told in found.items() if told is not None}
    if len({language.lower() for language in found}) < len(found):
        at.fault("names a language twice, in upper and lower case; keep one")
        return None
    return MappingProxyType(told_by_language) if len(told_by_language) == len(found) else None


def _in_one_language(at: At, read_one: Reader[str]) -> str | None:
    language = str(at.steps[-1])
    if not LANGUAGE.fullmatch(language):
        bands = (*(at.outline.bands or ()), ELSE)
        advice = "bands stand under `by`" if language in bands else "write one such as `en`, `pt-BR` or `zh-Hant`"
        at.fault(f"{quoted(language)} is not the tag of a language; {advice}")
        return None
    told = read_one(at)
    return told if told is not None and _slots_fit(at) else None


def _slots_fit(at: At) -> bool:
    """Check every `{{slot}}` of the text at `at`."""
    template: str = at.value
    for start in _SLOT_START.finditer(template):
        slot = SLOT.match(template, start.start())
        told = f"expected a slot like `{{{{traits.name|there}}}}`, found {quoted(start[0])}" if slot is None else ""
        told = told or _unknown_value(slot)
        if told:
            at.fault(told)
            return False
    return True


def _unknown_value(slot: Any) -> str:
    root, *rest = slot[1].split(".")
    if root not in KNOWN_VALUES:
        near = nearest(root, KNOWN_VALUES) or f"; begin with {', '.join(f'`{known}`' for known in KNOWN_VALUES)}"
        return f"{quoted(slot[1])} leads nowhere: {quoted(root)} is not known{near}"
    if not rest or not all(rest):
        return f"{quoted(slot[1])} leads nowhere; write a name after `{root}.`"
    names = KNOWN_VALUES[root]
    if names and ".".join(rest) not in names:
        return f"{quoted(slot[1])} leads nowhere; use one of {', '.join(f'`{root}.{name}`' for name in names)}"
    return ""
