"""Telling again: a page that shows what somebody was asked says what their card said."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tactful.core.decide import LiveSurvey
from tactful.core.kinds import KINDS
from tactful.core.retelling import retell
from tactful.core.surveys import OTHER, Option, Question, Survey
from tactful.core.telling import lookup_in, tell
from tactful.core.texts import ELSE, Text, plain
from tests.core.examples import a_survey
from tests.core.strategies import surveys

LOOKUP = lookup_in({"project": {"name": "Lantern"}, "event": {"course": "Algebra"}, "traits": {"plan": "pro"}})
OWN = {"de": {"other": "Was anderes", "very_likely": "Aber sicher"}, "nl": {"other": "Anders"}}


def _in_band(said: Any, band: str | None) -> Any:
    return said["by"].get(band, said["by"][ELSE]) if isinstance(said, dict) else said


@given(
    surveys(),
    st.sampled_from(["en", "en-GB", "de-AT", "zh-Hant-TW", "zh", "pt", "ar", "nl", "fr_CA", "", "x"]),
    st.data(),
)
def test_what_is_shown_later_is_what_the_card_said(survey: Survey, locale: str, data: st.DataObject) -> None:
    variant = data.draw(st.sampled_from([None, "gone", *(one.name for one in survey.variants)]))
    bands = [band.name for band in survey.scored.kind.bands] if survey.scored else []
    band = data.draw(st.sampled_from([None, "gone", *bands]))
    told = tell(LiveSurvey(survey, 1, ()), locale, LOOKUP, variant, own=OWN)["questions"]
    say = retell(survey, locale, variant, LOOKUP, band=band, own=OWN)
    for question, card in zip(say.questions, told, strict=True):
        assert say(question.ask) == _in_band(card["ask"], band)
        for option, label in card.get("options", ()):
            assert say.option(question, option) == _in_band(label, band)
        if card.get("other") is not None:
            assert say.option(question, OTHER) == _in_band(card["other"], band)
        if question.kind.scored:
            assert say.ends(question) == tuple(_in_band(card[end], band) or "" for end in ("low", "high"))
        if question.label is not None:
            assert say(question.label) == _in_band(card["label"], band)


def test_one_card_is_told_again_in_one_language() -> None:
    english = Question("score", KINDS["nps"], Text({ELSE: {"en": "How likely?"}}))
    mixed = Text({ELSE: {"en": "The price", "de": "Der Preis"}})
    topic = Question("topic", KINDS["choice"], plain("?"), options=(Option("price", mixed),), other=True)
    say = retell(a_survey(questions=(english, topic)), "de-AT", None, LOOKUP, band=None, own={})
    assert (say.option(topic, "price"), say.option(topic, OTHER)) == ("The price", "Other")
    assert say.ends(english)[0] == "Not at all likely"


def test_an_option_that_is_no_more_is_its_id() -> None:
    topic = Question("topic", KINDS["choice"], plain("?"), options=(Option("price", plain("Price")),))
    say = retell(a_survey(questions=(topic,)), "en", None, LOOKUP, band=None, own={})
    assert (say.option(topic, "gone"), say.option(topic, OTHER)) == ("gone", OTHER)
