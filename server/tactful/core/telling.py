"""What the card is told: one survey in one person's language, with its templates filled in.

The browser learns what it must draw and nothing else: no trigger, no audience, no internal name. Texts that depend on
the band go out for all bands, since the answer that decides is given in the browser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tactful.core.conditions import look_up
from tactful.core.decide import LiveSurvey, share_of
from tactful.core.kinds import Shaped
from tactful.core.languages.tags import chain, direction, guessed
from tactful.core.surveys import LONGEST_OTHER, OTHER, Look, Option, Question, Quiet, Survey, Thanks, texts_of
from tactful.core.texts import DEFAULT_LANGUAGE, ELSE, SLOT, Lookup, Text, choose_language, fill_url, in_language
from tactful.core.variants import varied
from tactful.core.words import OwnWords, on_the_card, words_for

__all__ = [
    "Languages",
    "event_paths",
    "languages_for",
    "lookup_in",
    "tell",
    "tell_alike",
    "tell_moment",
    "written_languages",
]

_USUAL = Quiet()
_EVENT_SLOT = re.compile(r"\{\{\s*event\.([\w.]{1,120})")


def _texts(survey: Survey) -> Iterator[Text]:
    for question in survey.questions:
        yield from (text for _, text in texts_of(question))
    for thanks in survey.thanks.values():
        yield from _texts_of_thanks(thanks)
    if survey.intro is not None:
        yield survey.intro
    if survey.look.logo is not None:
        yield survey.look.logo.alt
    for variant in survey.variants:
        yield from variant.texts.values()


def written_languages(survey: Survey) -> tuple[str, ...]:
    """The languages that any text of the survey is written in, in their order; none where no text names one."""
    found = {language: None for text in _texts(survey) for languages in text.by.values() for language in languages}
    return tuple(language for language in found if language)


def _texts_of_thanks(thanks: Thanks) -> Iterator[Text]:
    told: list[Text | None] = [thanks.title, thanks.text, thanks.coupon]
    if thanks.action is not None:
        told += [thanks.action.label, thanks.action.url]
    if thanks.share is not None:
        told += [thanks.share.text, thanks.share.url]
    if thanks.promise is not None:
        told += [thanks.promise.by, thanks.promise.text]
    yield from (text for text in told if text is not None)


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


class Languages(NamedTuple):
    """The language that a card as a whole is in, and what is looked for in each of its texts."""

    card: str
    texts: str


def languages_for(survey: Survey, locale: str) -> Languages:
    """In which languages whoever has `locale` is told the survey. Whoever shows later what they were asked looks for
    the same.

    The card is in that of its first question, guessed where it does not say it. Its texts are in the person's own where
    that is the same language, since it may be nearer than the first question's, else in the card's: who is asked in
    English is not thanked in French.
    """
    first = next(iter(survey.questions[0].ask.by.values()))
    chosen = choose_language(first, locale)
    card = chosen or guessed(SLOT.sub("", first[chosen]), locale, DEFAULT_LANGUAGE).replace("_", "-")
    return Languages(card, locale if chain(card)[-1] == chain(locale)[-1] else card)


def tell(
    live: LiveSurvey,
    locale: str,
    lookup: Lookup,
    variant: str | None = None,
    sample_key: str = "",
    own: OwnWords | None = None,
) -> dict[str, Any]:
    """Return the survey as `POST /w/asks` answers it, in the words of `variant`; options that are shuffled come in the
    order of whoever has `sample_key`, always the same. The project's `own` words stand in place of ours."""
    survey = varied(live.survey, variant)
    card, texts = languages_for(survey, locale)
    say = _Speaker(texts, lookup, words_for(texts, own), sample_key)
    return {
        "key": survey.key,
        "version": live.version,
        "lang": card,
        "dir": direction(card),
        "intro": say(survey.intro),
        "questions": [_question(question, say) for question in survey.questions],
        "thanks": {band: _thanks(thanks, say) for band, thanks in survey.thanks.items()},
        "look": _look(survey.look, say),
        "words": on_the_card(say.words),
    }


class _OfAPerson(Exception):
    """A text mentions something of whoever reads it."""


def _of_nobody(path: str) -> object:
    raise _OfAPerson(path)


def tell_alike(live: LiveSurvey, locale: str, variant: str | None, own: OwnWords) -> dict[str, Any] | None:
    """What `tell` returns for everybody with `locale`; None where it depends on the person: a text that they would be
    told mentions something of theirs, or options are shuffled for them."""
    if any(question.shuffle for question in live.survey.questions):
        return None
    try:
        return tell(live, locale, _of_nobody, variant, own=own)
    except _OfAPerson:
        return None


def tell_moment(survey: Survey) -> dict[str, Any]:
    """Return what an offer says of the moment and the place to ask: nothing where they are the usual ones."""
    told: dict[str, Any] = {}
    if survey.look.target is not None:
        told["target"] = survey.look.target
    if survey.quiet != _USUAL:
        quiet = survey.quiet
        told["quiet"] = {
            "for_ms": quiet.for_ms,
            "give_up_ms": quiet.give_up_ms,
            "despite": sorted(quiet.despite),
        }
    return told


class _Speaker:
    """Says a text in the card's language, or nothing where there is no text; knows our words in it."""

    def __init__(self, language: str, lookup: Lookup, words: Mapping[str, str], sample_key: str) -> None:
        self._language = language
        self._lookup = lookup
        self.words = words
        self.sample_key = sample_key

    def __call__(self, text: Text | None) -> str | dict[str, dict[str, str]] | None:
        return None if text is None else in_language(text, self._language, self._lookup)

    def url(self, text: Text | None) -> str | None:
        """An address, which no band changes."""
        if text is None:
            return None
        languages = text.by[ELSE]
        return fill_url(languages[choose_language(languages, self._language)], self._lookup)


def _question(question: Question, say: _Speaker) -> dict[str, Any]:
    kind, condition = question.kind, question.condition
    return {
        "id": question.id,
        "kind": kind.name,
        "control": kind.control,
        "ask": say(question.ask),
        "required": question.required,
        "if": [condition.question, condition.op, condition.value] if condition else None,
        **_OF_ANSWER[kind.answer](question, say),
    }


def _score(question: Question, say: _Speaker) -> dict[str, Any]:
    kind = question.kind
    low, high = (say.words[end] if end else None for end in kind.ends)
    return {
        "min": kind.lowest,
        "max": kind.highest,
        "low": say(question.low) or low,
        "high": say(question.high) or high,
        "bands": [[band.name, band.highest] for band in kind.bands],
    }


def _free(question: Question, say: _Speaker) -> dict[str, Any]:
    rows = 1 if question.short else 3
    return {"placeholder": say(question.placeholder), "max_length": question.max_length, "rows": rows}


def _one_of(question: Question, say: _Speaker) -> dict[str, Any]:
    told: dict[str, Any] = {
        "options": [[option.id, say(option.label)] for option in _ordered(question, say.sample_key)],
        "other": None,
    }
    if question.other:
        other = say(question.other) if isinstance(question.other, Text) else say.words[OTHER]
        told |= {"other": other, "max_length": LONGEST_OTHER}
    return told


def _ordered(question: Question, sample_key: str) -> list[Option]:
    """The options in the order in which they are shown to whoever has `sample_key`."""
    if not question.shuffle:
        return list(question.options)
    return sorted(question.options, key=lambda option: share_of("order", question.id, option.id, sample_key))


def _some_of(question: Question, say: _Speaker) -> dict[str, Any]:
    return _one_of(question, say) | {"least": question.least, "most": question.most}


def _ranked(question: Question, say: _Speaker) -> dict[str, Any]:
    return {"options": _one_of(question, say)["options"], "most": question.most}


def _day(question: Question, _say: _Speaker) -> dict[str, Any]:
    return {"earliest": question.earliest, "latest": question.latest}


def _agreement(question: Question, say: _Speaker) -> dict[str, Any]:
    link = question.link
    return {"label": say(question.label), "link": [say(link.label), link.url] if link else None}


def _message(question: Question, say: _Speaker) -> dict[str, Any]:
    return {"button": say(question.button)}


#: What a control is told besides what every one is, by the shape of its answer.
_OF_ANSWER: Mapping[Shaped, Callable[[Question, _Speaker], dict[str, Any]]] = {
    "score": _score,
    "text": _free,
    "option": _one_of,
    "options": _some_of,
    "ranking": _ranked,
    "date": _day,
    "consent": _agreement,
    "nothing": _message,
}


def _thanks(thanks: Thanks, say: _Speaker) -> dict[str, Any]:
    """What one band is told; what may be done there only where it may."""
    told: dict[str, Any] = {"title": say(thanks.title), "text": say(thanks.text)}
    if thanks.action is not None:
        told["action"] = {"label": say(thanks.action.label), "url": say.url(thanks.action.url)}
    if thanks.share is not None:
        told["share"] = {"text": say(thanks.share.text), "url": say.url(thanks.share.url)}
    if thanks.coupon is not None:
        told["coupon"] = say(thanks.coupon)
    if thanks.promise is not None:
        by, text = say(thanks.promise.by), say(thanks.promise.text)
        told["promise"] = {"by": by, "text": text or say.words["promise"].replace("{by}", str(by))}
    return told


def _look(look: Look, say: _Speaker) -> dict[str, Any]:
    return {
        "position": look.position,
        "accent": look.accent,
        "scheme": look.scheme,
        "radius": look.radius,
        "logo": {"url": look.logo.url, "alt": say(look.logo.alt)} if look.logo else None,
        "target": look.target,
    }
