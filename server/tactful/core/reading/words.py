"""The reader of a project's own words: `{de: {send: Los}}`, in place of ours or in a language that we do not speak.

A word must say what ours says: the same things are filled in, and the five faces have five names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tactful.core.languages import LANGUAGES
from tactful.core.languages.tags import normal
from tactful.core.reading.fields import string
from tactful.core.reading.notes import listed, nearest, quoted
from tactful.core.reading.places import At
from tactful.core.reading.wording import LANGUAGE
from tactful.core.words import OwnWords, speaks

__all__ = ["LONGEST_WORD", "own_words"]

LONGEST_WORD = 200
_MOST_LANGUAGES = 50

_OURS = LANGUAGES["en"]
_FILLED_IN = re.compile(r"\{\w+\}")
_text = string(LONGEST_WORD)


def own_words(at: At) -> OwnWords | None:
    """Words by language and name, in the order of the languages' tags and of our own names."""
    if not isinstance(at.value, dict):
        at.expected("words by language (a mapping)", "write `{de: {send: Los}}`")
        return None
    if len(at.value) > _MOST_LANGUAGES:
        at.fault(f"expected at most {_MOST_LANGUAGES} languages, found {len(at.value)}; leave some out")
        return None
    found = {tag: _in_one_language(at.within(tag), tag) for tag in sorted(at.value)}
    _refuse_the_same(at, found)
    read = {tag: words for tag, words in found.items() if words is not None}
    return read if len(read) == len(found) else None


def _refuse_the_same(at: At, found: Mapping[str, object]) -> None:
    seen: dict[str, str] = {}
    for tag in found:
        other = seen.setdefault(normal(tag), tag)
        if other != tag:
            at.within(tag).fault(f"{quoted(tag)} is the same language as {quoted(other)}; keep one of them")


def _in_one_language(at: At, tag: str) -> Mapping[str, str] | None:
    if not LANGUAGE.fullmatch(tag) or not normal(tag):
        at.fault(f"{quoted(tag)} is not the tag of a language; write one such as `en`, `pt-BR` or `zh-Hant`")
        return None
    if not isinstance(at.value, dict) or not at.value:
        at.expected("words by name (a mapping)", f"use some of {listed(_OURS)}")
        return None
    read = {name: _word(at.within(name), name) for name in at.value}
    missing = [name for name in _OURS if name not in read]
    if missing and not speaks(tag):
        at.notes.warn(at.steps, f"is no language of ours: {listed(missing)} stay English; say them as well")
    return None if None in read.values() else {name: word for name, word in _ordered(read) if word is not None}


def _ordered(read: Mapping[str, str | None]) -> Iterator[tuple[str, str | None]]:
    return ((name, read[name]) for name in _OURS if name in read)


def _word(at: At, name: str) -> str | None:
    ours = _OURS.get(name)
    if ours is None:
        near = nearest(name, _OURS) or f"; use one of {listed(_OURS)}"
        at.fault(f"{quoted(name)} is not a word of the card{near}")
        return None
    word = _text(at)
    if word is None:
        return None
    filled_in = sorted(_FILLED_IN.findall(ours))
    if sorted(_FILLED_IN.findall(word)) != filled_in or re.search(r"[{}]", _FILLED_IN.sub("", word)):
        told = f"{listed(filled_in)}, each once" if filled_in else "nothing in braces"
        at.expected(f"a text with {told}", f"in English it is {quoted(ours)}")
        return None
    parts = ours.count("|") + 1
    if parts > 1 and (word.count("|") + 1 != parts or not all(part.strip() for part in word.split("|"))):
        at.expected(f"{parts} names divided by `|`", f"in English it is {quoted(ours)}")
        return None
    return word
