"""Surveys as cards are told them, in JSON; kept where everybody with a language is told the same.

    (compiled survey, variant) -> language -> the JSON, or that it depends on the person

Telling a survey costs a third of all else that an ask does, and most mention nothing of the person who is asked. A
compiled survey never changes and is replaced with its configuration, so it is known by its identity, as are the
project's own words.

Locales come from pages, who may send any. So what is kept has not the locale that somebody has but what of it makes a
difference among the languages that are spoken: the survey's texts', the project's words' and ours. There are as many of
those as were written, whatever is sent. The one thing that may follow a locale further, the language that the card as a
whole is marked with, is added each time. What is kept is bounded besides, and forgotten all at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from tactful.core.decide import LiveSurvey
from tactful.core.languages import LANGUAGES
from tactful.core.languages.tags import direction, forms_of, shortened
from tactful.core.surveys import Survey
from tactful.core.telling import languages_for, lookup_in, tell, tell_alike, written_languages
from tactful.core.variants import varied
from tactful.core.words import OwnWords
from tactful.store.asks import Asked
from tactful.store.projects import Config

__all__ = ["MOST_KEPT", "Tellings"]

#: Tellings, of some kilobytes each.
MOST_KEPT = 500


class _Kept(NamedTuple):
    """One variant of a survey, the languages that are spoken of it, and what everybody with one of them is told (None:
    each their own), all but the card's own language. Holds `live`, so that no other object takes its identity."""

    live: LiveSurvey
    own: OwnWords
    survey: Survey
    spoken: frozenset[str]
    told: dict[str, bytes | None]


class Tellings:
    """Tells surveys. `more` is what a page has to load besides the card for those that need it."""

    def __init__(self) -> None:
        self.more: dict[str, str] = {}
        self._kept: dict[tuple[int, str | None], _Kept] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return sum(len(kept.told) for kept in self._kept.values())

    def told(self, config: Config, asked: Asked, locale: str) -> bytes:
        """Return as JSON what whoever is asked is told."""
        kept = self._kept.get((id(asked.live), asked.variant))
        if kept is None or kept.own is not config.words:
            kept = self._opened(asked.live, asked.variant, config.words)
        card, texts = languages_for(kept.survey, locale)
        language = shortened(texts, kept.spoken)
        if language not in kept.told:
            self._keep(kept, asked.variant, language, locale)
        told = kept.told[language]
        if told is None:
            return self._of_a_person(config, asked, locale)
        return b'{"lang":%b,"dir":"%b",%b' % (orjson.dumps(card), direction(card).encode(), told[1:])

    def more_for(self, survey: Survey) -> dict[str, Any]:
        """What the card has to load besides itself to draw `survey`: nothing, for most."""
        apart = any(question.kind.apart for question in survey.questions)
        return {"more": self.more} if apart or any(thanks.acts for thanks in survey.thanks.values()) else {}

    def _opened(self, live: LiveSurvey, variant: str | None, own: OwnWords) -> _Kept:
        spoken = forms_of([*written_languages(live.survey), *own, *LANGUAGES])
        kept = self._kept[id(live), variant] = _Kept(live, own, varied(live.survey, variant), spoken, {})
        return kept

    def _keep(self, kept: _Kept, variant: str | None, language: str, locale: str) -> None:
        """Keep what everybody with `language` is told, as whoever has `locale` is."""
        if len(self) >= MOST_KEPT:
            self._kept.clear()
            kept.told.clear()
            self._kept[id(kept.live), variant] = kept
        told = tell_alike(kept.live, locale, variant, kept.own)
        alike = None if told is None else told | self.more_for(kept.live.survey)
        kept.told[language] = None if alike is None else orjson.dumps(_without_language(alike))

    def _of_a_person(self, config: Config, asked: Asked, locale: str) -> bytes:
        known = asked.known
        values = known.person.values(known.now) | {"project": {"name": config.name}, "event": asked.event}
        lookup, sample_key = lookup_in(values), known.person.sample_key
        told = tell(asked.live, locale, lookup, asked.variant, sample_key, config.words)
        return orjson.dumps(told | self.more_for(asked.live.survey))


def _without_language(told: dict[str, Any]) -> dict[str, Any]:
    return {name: said for name, said in told.items() if name not in ("lang", "dir")}
