"""What somebody was asked, told again to whoever looks at it later: members on a response's page, the person on theirs.

It is said as the card said it: in the language of their card, in the words of their variant and, where a text depends
on the band, as the one that they fell in is told it. Only our own words and the project's are today's, since they are
no part of a survey's version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tactful.core.surveys import OTHER, Question, Survey
from tactful.core.telling import languages_for
from tactful.core.texts import Lookup, Text, in_band
from tactful.core.variants import varied
from tactful.core.words import OwnWords, words_for

__all__ = ["Retelling", "retell"]


@dataclass(frozen=True, slots=True)
class Retelling:
    """The questions that somebody was asked, and how to say their texts. `words` are in the `language` of the texts."""

    questions: tuple[Question, ...]
    language: str
    band: str | None
    lookup: Lookup
    words: Mapping[str, str]

    def __call__(self, text: Text) -> str:
        return in_band(text, self.band, self.language, self.lookup)

    def option(self, question: Question, option: str) -> str:
        """What an option is called; its id where the question has no such option."""
        if option == OTHER and question.other:
            return self(question.other) if isinstance(question.other, Text) else self.words[OTHER]
        return next((self(one.label) for one in question.options if one.id == option), option)

    def ends(self, question: Question) -> tuple[str, str]:
        """What the ends of a scale are called: by the survey, or else by our word for it, if there is one."""
        written = zip((question.low, question.high), question.kind.ends, strict=True)
        low, high = (self(text) if text else self.words[word] if word else "" for text, word in written)
        return low, high


def retell(
    survey: Survey, locale: str, variant: str | None, lookup: Lookup, *, band: str | None, own: OwnWords
) -> Retelling:
    """Tell again what whoever has `locale` was asked in this version of the survey; `band` is the one they fell in."""
    told = varied(survey, variant)
    language = languages_for(told, locale).texts
    return Retelling(told.questions, language, band, lookup, words_for(language, own))
