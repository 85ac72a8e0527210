"""What the card is told: one survey in one person's language, with its templates filled in.

The browser learns what it must draw and nothing else: no trigger, no audience, no internal name. Texts that depend on
the band go out for all bands, since the answer that decides is given in the browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tactful.core.conditions import look_up
from tactful.core.decide import LiveSurvey
from tactful.core.ends import end_label
from tactful.core.surveys import Look, Question, Survey, Thanks
from tactful.core.texts import DEFAULT_LANGUAGE, Lookup, Text, choose_language, in_language
from tactful.core.variants import varied
from tactful.core.words import words_for

__all__ = ["event_paths", "lookup_in", "tell"]

_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "ur", "yi"})
_EVENT_SLOT = re.compile(r"\{\{\s*event\.([\w.]{1,120})")


def _texts(survey: Survey) -> Iterator[Text]:
    for question in survey.questions:
        yield from (text for text in (question.ask, question.low, question.high, question.placeholder) if text)
    for thanks in survey.thanks.values():
        yield from (text for text in (thanks.title, thanks.text) if text)
    if survey.intro is not None:
        yield survey.intro
    if survey.look.logo is not None:
        yield survey.look.logo.alt
    for variant in survey.variants:
        yield from variant.texts.values()


def event_paths(survey: Survey) -> frozenset[str]:
    """The properties of the event that the survey's texts mention: what an offer has to carry, and no more."""
    return frozenset(
        path
        for text in _texts(survey)
        for languages in text.by.values()
        for written in languages.values()
        for path in _EVENT_SLOT.findall(written)
    )


def lookup_in(values: Mapping[str, object]) -> Lookup:
    """Look templates' paths up in nested `values` (project, traits, account, event, person)."""
    return lambda path: look_up(values, path)


def tell(live: LiveSurvey, locale: str, lookup: Lookup, variant: str | None = None) -> dict[str, Any]:
    """Return the survey as `POST /w/asks` answers it, in the words of `variant`."""
    survey = varied(live.survey, variant)
    language = _language(survey, locale)
    say = _Speaker(locale, lookup)
    return {
        "key": survey.key,
        "version": live.version,
        "lang": language or DEFAULT_LANGUAGE,
        "dir": "rtl" if language.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr",
        "intro": say(survey.intro),
        "questions": [_question(question, say, language or locale) for question in survey.questions],
        "thanks": {band: _thanks(thanks, say) for band, thanks in survey.thanks.items()},
        "look": _look(survey.look, say),
        "words": words_for(language or locale),
    }


class _Speaker:
    """Says a text in the person's language, or nothing where there is no text."""

    def __init__(self, locale: str, lookup: Lookup) -> None:
        self._locale = locale
        self._lookup = lookup

    def __call__(self, text: Text | None) -> str | dict[str, dict[str, str]] | None:
        return None if text is None else in_language(text, self._locale, self._lookup)


def _language(survey: Survey, locale: str) -> str:
    first = next(iter(survey.questions[0].ask.by.values()))
    return choose_language(first, locale)


def _question(question: Question, say: _Speaker, language: str) -> dict[str, Any]:
    kind, condition = question.kind, question.condition
    told: dict[str, Any] = {
        "id": question.id,
        "kind": kind.name,
        "control": kind.control,
        "ask": say(question.ask),
        "required": question.required,
        "if": [condition.question, condition.op, condition.value] if condition else None,
    }
    if kind.scored:
        told |= {
            "min": kind.lowest,
            "max": kind.highest,
            "low": say(question.low) or end_label(kind.ends[0], language),
            "high": say(question.high) or end_label(kind.ends[1], language),
            "bands": [[band.name, band.highest] for band in kind.bands],
        }
    else:
        told |= {"placeholder": say(question.placeholder), "max_length": question.max_length}
    return told


def _thanks(thanks: Thanks, say: _Speaker) -> dict[str, Any]:
    return {"title": say(thanks.title), "text": say(thanks.text)}


def _look(look: Look, say: _Speaker) -> dict[str, Any]:
    return {
        "position": look.position,
        "accent": look.accent,
        "scheme": look.scheme,
        "radius": look.radius,
        "logo": {"url": look.logo.url, "alt": say(look.logo.alt)} if look.logo else None,
        "target": look.target,
    }
