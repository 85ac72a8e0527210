"""Surveys as cards are told them, in JSON; kept where everybody with a language is told the same.

    (compiled survey, locale, variant) -> the JSON, or that it depends on the person

Telling a survey costs a third of all else that an ask does, and most mention nothing of the person who is asked. A
compiled survey never changes and is replaced with its configuration, so it is known by its identity, as are the
project's own words. Locales come from pages, so what is kept is bounded, and forgotten all at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from tactful.core.decide import LiveSurvey
from tactful.core.surveys import Survey
from tactful.core.telling import lookup_in, tell, tell_alike
from tactful.core.words import OwnWords
from tactful.store.asks import Asked
from tactful.store.projects import Config

__all__ = ["MOST_KEPT", "Tellings"]

MOST_KEPT = 500


class _Kept(NamedTuple):
    """What everybody is told (None: each their own). Holds `live`, so that no other object takes its identity."""

    live: LiveSurvey
    own: OwnWords
    told: bytes | None


class Tellings:
    """Tells surveys. `more` is what a page has to load besides the card for those that need it."""

    def __init__(self) -> None:
        self.more: dict[str, str] = {}
        self._kept: dict[tuple[int, str, str | None], _Kept] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def told(self, config: Config, asked: Asked, locale: str) -> bytes:
        """Return as JSON what whoever is asked is told."""
        key = (id(asked.live), locale, asked.variant)
        kept = self._kept.get(key)
        if kept is None or kept.own is not config.words:
            kept = self._keep(key, asked.live, config.words)
        return self._of_a_person(config, asked, locale) if kept.told is None else kept.told

    def more_for(self, survey: Survey) -> dict[str, Any]:
        """What the card has to load besides itself to draw `survey`: nothing, for most."""
        apart = any(question.kind.apart for question in survey.questions)
        return {"more": self.more} if apart or any(thanks.acts for thanks in survey.thanks.values()) else {}

    def _keep(self, key: tuple[int, str, str | None], live: LiveSurvey, own: OwnWords) -> _Kept:
        _, locale, variant = key
        alike = tell_alike(live, locale, variant, own)
        told = None if alike is None else orjson.dumps(alike | self.more_for(live.survey))
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        kept = self._kept[key] = _Kept(live, own, told)
        return kept

    def _of_a_person(self, config: Config, asked: Asked, locale: str) -> bytes:
        known = asked.known
        values = known.person.values(known.now) | {"project": {"name": config.name}, "event": asked.event}
        lookup, sample_key = lookup_in(values), known.person.sample_key
        told = tell(asked.live, locale, lookup, asked.variant, sample_key, config.words)
        return orjson.dumps(told | self.more_for(asked.live.survey))
