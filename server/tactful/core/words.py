"""Our own few words for a card in one language. Everything else on it is the survey's.

They are sent with the survey, so that the bundle carries no language. `widget/src/wire.ts` names the same keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tactful.core.languages import ENDS, LANGUAGES
from tactful.core.texts import choose_language

__all__ = ["on_the_card", "words_for"]


@lru_cache(maxsize=1_024)
def _nearest(language: str) -> str:
    return choose_language({known: known for known in LANGUAGES}, language)


def words_for(language: str) -> dict[str, str]:
    """Return all our words, ends of scales among them, in the language nearest to `language`, English otherwise."""
    return dict(LANGUAGES[_nearest(language)])


def on_the_card(words: Mapping[str, str]) -> dict[str, str]:
    """Return those that the card is sent: the ends of scales are told with their questions."""
    return {name: word for name, word in words.items() if name not in ENDS}
