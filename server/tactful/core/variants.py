"""Variants of a survey: other words for the same questions, each told to a share of people, and arms to compare by.

Whom a variant is told is sticky: the share that a person's id stands at decides, by the weights, and nothing is rolled
again. Whoever was asked with a variant keeps it for as long as the survey has it, whatever becomes of the weights, so
the latest ask wins over the share. An *arm* is the customer's own experiment: the value of a trait, kept as it was at
the ask, since what somebody has today need not be what they answered about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

from tactful.core.conditions import look_up
from tactful.core.decide import share_of
from tactful.core.surveys import TEXT_FIELDS, THANKS_TEXTS, Question, Survey, Thanks
from tactful.core.texts import ELSE, Text

__all__ = ["LONGEST_ARM", "arm_of", "variant_for", "varied"]

#: An arm's value is a name: longer ones are cut.
LONGEST_ARM = 100


def variant_for(survey: Survey, sample_key: str, kept: str | None) -> str | None:
    """The name of the variant that a person is told; `kept` is the one they were last asked with.

    None where the survey has no variants.
    """
    if not survey.variants or kept in {one.name for one in survey.variants}:
        return kept if survey.variants else None
    open_ones = [one for one in survey.variants if one.weight]
    reaches = list(accumulate(one.weight for one in open_ones))
    at = share_of("variant", survey.key, sample_key) * reaches[-1]
    found = (one.name for one, reach in zip(open_ones, reaches, strict=True) if at < reach)
    return next(found, open_ones[-1].name)  # a share of almost 1 may round up to it


def varied(survey: Survey, variant: str | None) -> Survey:
    """The survey in the words of `variant`; as it is where the survey has no such variant."""
    texts = next((one.texts for one in survey.variants if one.name == variant), {})
    if not texts:
        return survey
    return replace(
        survey,
        intro=texts.get("intro", survey.intro),
        questions=tuple(_question(question, texts) for question in survey.questions),
        thanks=_thanks(survey.thanks, {name: texts[name] for name in THANKS_TEXTS if name in texts}),
    )


def _question(question: Question, texts: Mapping[str, Text]) -> Question:
    said = {name: texts.get(f"{question.id}.{name}", getattr(question, name)) for name in TEXT_FIELDS}
    options = tuple(
        replace(option, label=texts.get(f"{question.id}.options.{option.id}", option.label))
        for option in question.options
    )
    link = question.link and replace(question.link, label=texts.get(f"{question.id}.link.label", question.link.label))
    return replace(question, options=options, link=link, **said)


def _thanks(thanks: Mapping[str, Thanks], texts: Mapping[str, Text]) -> Mapping[str, Thanks]:
    """Thanks with other texts, for each band that any of them names."""
    bands = dict.fromkeys([*thanks, *(band for text in texts.values() for band in text.by)])
    said = {band: thanks.get(band) or thanks.get(ELSE) for band in bands}
    return {band: _thanks_of(said[band], {name: _at(text, band) for name, text in texts.items()}) for band in bands}


def _thanks_of(said: Thanks | None, texts: Mapping[str, Text]) -> Thanks:
    """What one band is told. A label is nothing without its button, so it changes only one that there is."""
    if said is None:
        assert "thanks.title" in texts, "reading refuses a text of thanks that have no title"
        said = Thanks(texts["thanks.title"])
    action, share = said.action, said.share
    return replace(
        said,
        title=texts.get("thanks.title", said.title),
        text=texts.get("thanks.text", said.text),
        action=action and replace(action, label=texts.get("thanks.action.label", action.label)),
        share=share and replace(share, text=texts.get("thanks.share.text", share.text)),
    )


def _at(text: Text, band: str) -> Text:
    return Text({ELSE: text.by.get(band, text.by[ELSE])})


def arm_of(survey: Survey, values: Mapping[str, object]) -> str | None:
    """The value at the survey's `arm` in `values` (traits, account) as a text; None where there is none.

    A whole number is its digits, since not every backend's JSON tells 7 from 7.0; lists and mappings are no names.
    """
    value = None if survey.arm is None else look_up(values, survey.arm)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)[:LONGEST_ARM] or None if isinstance(value, str | int | float) else None
