"""Tags of languages (BCP 47) as pages, browsers and definitions write them, and what follows from one.

Tags are compared in one form: lower case, today's code of the language (`iw` is `he`), and for Chinese the script, as
its region tells it where it is not written: `zh-TW` is `zh-hant-tw`, `zh` is `zh-hans`. Whoever reads the one is never
told the other before English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

__all__ = ["chain", "direction", "forms_of", "guessed", "normal", "shortened"]

_LONGEST = 64  # a page sends it, and each of its parts costs a look

#: Codes that browsers and authors still use, or use for the same language.
_CODES = {"iw": "he", "in": "id", "ji": "yi", "tl": "fil", "nb": "no", "nn": "no", "cmn": "zh"}
_TRADITIONAL = frozenset({"tw", "hk", "mo"})

_SCRIPT = re.compile(r"[a-z]{4}")
_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")


@lru_cache(maxsize=1_024)
def normal(tag: str) -> str:
    """Return `tag` in the form in which tags are compared; empty where it names no language."""
    language, *rest = tag[:_LONGEST].replace("_", "-").lower().strip("-").split("-")
    parts = [_CODES.get(language, language), *rest]
    if parts[0] == "yue":
        parts = ["zh", "hant", "hk"]
    if parts[0] == "zh" and not (len(parts) > 1 and parts[1] in ("hans", "hant")):
        parts.insert(1, "hant" if _TRADITIONAL.intersection(parts) else "hans")
    written = "-".join(parts)
    return written if _TAG.fullmatch(written) else ""


def chain(tag: str) -> list[str]:
    """The tag, as it is compared, and its shorter forms down to the language (of Chinese: and its script)."""
    return list(_chain(tag))


@lru_cache(maxsize=1_024)
def _chain(tag: str) -> tuple[str, ...]:
    parts = normal(tag).split("-")
    shortest = 2 if parts[0] == "zh" else 1
    return tuple(["-".join(parts[:length]) for length in range(len(parts), shortest - 1, -1)])


def forms_of(tags: Iterable[str]) -> frozenset[str]:
    """The tags as they are compared, and their languages (of Chinese: and the script): all that a look for one of them
    can tell apart."""
    return frozenset(form for tag in tags if normal(tag) for form in (normal(tag), chain(tag)[-1]))


def shortened(tag: str, forms: frozenset[str]) -> str:
    """What of `tag` makes a difference among texts whose tags have these `forms`: any of them is chosen for the one as
    for the other. Empty where none of them is in its language."""
    return next((form for form in _chain(tag) if form in forms), "")


#: Languages by the letters that they are written with, where those are not Latin.
_LETTERS = {
    "arab": ["ar", "fa", "ur", "ps", "ckb", "sd", "ug"],
    "hebr": ["he", "yi"],
    "thaa": ["dv"],
    "hani": ["zh", "ja"],
    "kana": ["ja"],
    "hang": ["ko"],
    "deva": ["hi", "mr", "ne"],
    "cyrl": ["ru", "uk", "bg", "be", "mk", "sr", "kk", "ky", "mn", "tg"],
    "grek": ["el"],
    "thai": ["th"],
}
_RANGES = (
    ("arab", "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefe"),
    ("hebr", "\u0590-\u05ff\ufb1d-\ufb4f"),
    ("thaa", "\u0780-\u07bf"),
    ("hani", "\u3400-\u4dbf\u4e00-\u9fff"),
    ("kana", "\u3040-\u30ff"),
    ("hang", "\u1100-\u11ff\uac00-\ud7af"),
    ("deva", "\u0900-\u097f"),
    ("cyrl", "\u0400-\u04ff"),
    ("grek", "\u0370-\u03ff"),
    ("thai", "\u0e00-\u0e7f"),
    ("latn", "A-Za-z\u00c0-\u024f"),
)
_IN = {script: re.compile(f"[{letters}]") for script, letters in _RANGES}
_RIGHT_TO_LEFT = frozenset({"arab", "hebr", "thaa", "nkoo", "adlm", "rohg", "syrc"})


@lru_cache(maxsize=1_024)
def _written_with(tag: str) -> tuple[str, ...]:
    """The scripts that a language is written with: the one that its tag names, else those it usually has."""
    language, *rest = normal(tag).split("-")
    named = next((part for part in rest[:1] if _SCRIPT.fullmatch(part)), None)
    if named is not None and language != "zh":
        return (named,)
    return tuple(script for script, languages in _LETTERS.items() if language in languages) or ("latn",)


def direction(tag: str) -> Literal["ltr", "rtl"]:
    """Tell the direction in which a language is written: `ltr` where nothing is known of it."""
    return "rtl" if _written_with(tag)[0] in _RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=1_024)
def guessed(text: str, locale: str, default: str) -> str:
    """Say in which language a text is that does not say it: the page's `locale`, unless its letters are others.

    Then the best known language of most of its letters, `default` for Latin ones and where `locale` says nothing.
    """
    found = {script: len(letters.findall(text)) for script, letters in _IN.items()}
    found["latn"] //= 3  # names and brands are Latin in every language
    most = max(found, key=lambda script: found[script])
    if found["kana"]:
        most = "kana"
    if normal(locale) and (not found[most] or most in _written_with(locale)):
        return locale
    return _LETTERS[most][0] if found[most] and most != "latn" else default
