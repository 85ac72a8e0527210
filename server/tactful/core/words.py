"""Our own few words for a card in one language, and a project's in their place. Everything else on it is the survey's.

They are sent with the survey, so that the bundle carries no language. `widget/src/wire.ts` names the same keys. What a
person's own page says stands apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from tactful.core.languages import ENDS, LANGUAGES, PAGES
from tactful.core.languages.tags import chain, direction, normal
from tactful.core.texts import choose_language

__all__ = ["OwnWords", "on_the_card", "page_words", "speaks", "words_for"]

#: A project's words in place of ours: by language, then by name. Also in languages that we do not speak.
OwnWords = Mapping[str, Mapping[str, str]]


@lru_cache(maxsize=1_024)
def _nearest(language: str) -> str:
    return choose_language({known: known for known in LANGUAGES}, language)


def speaks(language: str) -> bool:
    """Tell whether we have words in `language`, so that a project need not give all of them."""
    return chain(_nearest(language))[-1] == chain(language)[-1]


def words_for(language: str, own: OwnWords | None = None) -> dict[str, str]:
    """Return all words, ends of scales among them, in the language nearest to `language`, English otherwise.

    What the project says goes before ours, and what it says in `de-AT` before what it says in `de`.
    """
    words = dict(LANGUAGES[_nearest(language)])
    for said in _layers(language, own or {}):
        words |= said
    return words


def _layers(language: str, own: OwnWords) -> Iterator[Mapping[str, str]]:
    """What the project says that concerns `language`, the most general first: of the language that ours are in, since
    that is what stands where it says nothing, then of its own."""
    said = {normal(tag): words for tag, words in own.items()}
    tags = dict.fromkeys([*reversed(chain(_nearest(language))), *reversed(chain(language))])
    return (said[tag] for tag in tags if tag in said)


def on_the_card(words: Mapping[str, str]) -> dict[str, str]:
    """Return those that the card is sent: the ends of scales are told with their questions."""
    return {name: word for name, word in words.items() if name not in ENDS}


@lru_cache(maxsize=1_024)
def page_words(locale: str) -> Mapping[str, str]:
    """Return our words on a person's own page in the language nearest to `locale`, English otherwise, with its tag as
    `lang` and its direction as `dir`. They are ours alone: no project's words stand there."""
    tag = _nearest(locale)
    return MappingProxyType({**PAGES[tag], "lang": tag, "dir": direction(tag)})
