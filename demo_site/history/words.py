"""What people write: sentences dealt from decks, so that none comes back soon, typed as carefully as people do.

A deck is the sentences for one survey, band and language. The sentence that is dealt is one of those that were dealt
longest ago; so one deck does not repeat itself within three quarters of its size. Where a whole comment would
come back soon all the same, a second sentence makes it another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from random import Random

__all__ = ["Place", "Words"]

#: Survey, band, language.
Place = tuple[str, str, str]

_TWO_SENTENCES = 0.24
_NO_FULL_STOP = 0.3
_SMALL_LETTERS = 0.16
#: Of a deck, the share that was dealt longest ago: a quarter.
_FRESH = 4
#: So many comments of a survey pass before one may come back word for word.
_REMEMBERED = 50


class Words:
    """All decks of `sentences`, by survey, band and language."""

    def __init__(self, sentences: Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]], random: Random) -> None:
        self._decks: dict[Place, list[str]] = {
            (survey, band, language): random.sample(deck, len(deck))
            for survey, bands in sentences.items()
            for band, languages in bands.items()
            for language, deck in languages.items()
        }
        self._latest: dict[str, deque[str]] = {survey: deque(maxlen=_REMEMBERED) for survey in sentences}

    def write(self, place: Place, about: Mapping[str, object], random: Random) -> str:
        """Write a comment at `place`; `about` fills what its sentences mention, and keeps out those it cannot fill."""
        deck, latest = self._decks[place], self._latest[place[0]]
        for two in (random.random() < _TWO_SENTENCES, False, True, True):
            sentences = _longest_ago(deck, about, 2 if two else 1, random)
            text = ("" if place[2] == "zh" else " ").join(sentences)
            if text not in latest:
                break
        latest.append(text)
        deck[:] = [sentence for sentence in deck if sentence not in sentences] + sentences
        return _as_typed(text, random).format_map({**about, "course": about.get("title")})


def _longest_ago(deck: Sequence[str], about: Mapping[str, object], most: int, random: Random) -> list[str]:
    """Draw from the sentences of `deck` that were written longest ago."""
    fillable = [sentence for sentence in deck if _is_fillable(sentence, about)]
    return random.sample(fillable[: max(2, len(fillable) // _FRESH)], most)


def _is_fillable(sentence: str, about: Mapping[str, object]) -> bool:
    return ("{agent}" not in sentence or "agent" in about) and ("{course}" not in sentence or "title" in about)


def _as_typed(text: str, random: Random) -> str:
    """Some people begin without a capital, and some leave out the last full stop."""
    if text[1].islower() and random.random() < _SMALL_LETTERS:
        text = text[0].lower() + text[1:]
    return text.rstrip(".。") if random.random() < _NO_FULL_STOP else text
