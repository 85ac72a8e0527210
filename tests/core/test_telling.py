"""Telling: what a card is sent, in the person's language, for every band, with its templates filled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.decide import LiveSurvey
from tactful.core.kinds import KINDS, fitted
from tactful.core.reading.survey import NOISES
from tactful.core.surveys import AnswerCondition, Link, Logo, Look, Option, Question, Quiet, Survey, Thanks
from tactful.core.telling import event_paths, lookup_in, tell, tell_alike, tell_moment, written_languages
from tactful.core.texts import ANY_LANGUAGE, ELSE, Text, plain
from tests.core.examples import a_survey
from tests.core.strategies import surveys

VALUES: dict[str, object] = {
    "project": {"name": "Lantern"},
    "traits": {"first_name": "Ada"},
    "event": {"course": "Algebra", "lesson.number": 3},
}


def _text(**languages: str) -> Text:
    return Text(MappingProxyType({ELSE: MappingProxyType(languages)}))


def _by_band(**bands: str) -> Text:
    renamed = {ELSE if band == "else_" else band: {ANY_LANGUAGE: text} for band, text in bands.items()}
    return Text(MappingProxyType(renamed))


def _told(survey: Survey, locale: str = "en-GB", sample_key: str = "ada") -> dict[str, Any]:
    return tell(LiveSurvey(survey, 3, ()), locale, lookup_in(VALUES), sample_key=sample_key)


SURVEY = a_survey(
    "lesson-nps",
    questions=(
        Question(
            "score", KINDS["nps"], plain("Recommend {{project.name}}, {{traits.first_name|friend}}?"), required=True
        ),
        Question(
            "why",
            KINDS["text"],
            _by_band(promoter="What is good about {{event.course}}?", else_="Why?"),
            placeholder=plain("Lesson {{event.lesson.number}}"),
            max_length=500,
            condition=AnswerCondition("score", "band_is", "promoter"),
        ),
    ),
    intro=plain("One question, {{traits.last_name|please}}."),
    thanks={
        "promoter": Thanks(plain("Thank you!"), plain("See you, {{traits.first_name}}")),
        ELSE: Thanks(plain("Thanks.")),
    },
    look=Look("inline", "#112233", "dark", 4, Logo("https://example.com/a.svg", plain("{{project.name}}")), "here"),
)


def test_a_card_is_told_what_it_draws_and_nothing_else() -> None:
    told = _told(SURVEY)
    words = told.pop("words")
    assert told == {
        "key": "lesson-nps",
        "version": 3,
        "lang": "en-GB",
        "dir": "ltr",
        "intro": "One question, please.",
        "questions": [
            {
                "id": "score",
                "kind": "nps",
                "control": "scale",
                "ask": "Recommend Lantern, Ada?",
                "required": True,
                "if": None,
                "min": 0,
                "max": 10,
                "low": "Not at all likely",
                "high": "Extremely likely",
                "bands": [["detractor", 6], ["passive", 8], ["promoter", 10]],
            },
            {
                "id": "why",
                "kind": "text",
                "control": "text",
                "ask": {"by": {"promoter": "What is good about Algebra?", "else": "Why?"}},
                "required": False,
                "if": ["score", "band_is", "promoter"],
                "placeholder": "Lesson 3",
                "max_length": 500,
                "rows": 3,
            },
        ],
        "thanks": {
            "promoter": {"title": "Thank you!", "text": "See you, Ada"},
            "else": {"title": "Thanks.", "text": None},
        },
        "look": {
            "position": "inline",
            "accent": "#112233",
            "scheme": "dark",
            "radius": 4,
            "logo": {"url": "https://example.com/a.svg", "alt": "Lantern"},
            "target": "here",
        },
    }
    assert words["close"] == "Close"


OPTIONS = tuple(Option(one, plain(one.upper())) for one in ("a", "b", "c", "d", "e"))
SHOWN = [[option.id, option.id.upper()] for option in OPTIONS]


@pytest.mark.parametrize(
    ("question", "control", "told"),
    [
        (
            Question("q", fitted(KINDS["csat"], display="faces"), plain("?")),
            "faces",
            {"min": 1, "max": 5, "low": "Very dissatisfied", "high": "Very satisfied"},
        ),
        (Question("q", fitted(KINDS["ces"], 5), plain("?")), "scale", {"min": 1, "max": 5}),
        (
            Question("q", KINDS["thumbs"], plain("?")),
            "thumbs",
            {"min": 0, "max": 1, "low": None, "high": None, "bands": [["down", 0], ["up", 1]]},
        ),
        (
            Question("q", fitted(KINDS["rating"], 3), plain("?"), low=plain("Bad")),
            "stars",
            {"max": 3, "low": "Bad", "high": None, "bands": [["low", 1], ["middle", 2], ["high", 3]]},
        ),
        (Question("q", KINDS["text"], plain("?"), short=True), "text", {"rows": 1, "max_length": 2_000}),
        (Question("q", KINDS["choice"], plain("?"), options=OPTIONS), "choice", {"options": SHOWN, "other": None}),
        (
            Question("q", KINDS["choice"], plain("?"), options=OPTIONS, other=True),
            "choice",
            {"options": SHOWN, "other": "Other", "max_length": 500},
        ),
        (
            Question("q", KINDS["choices"], plain("?"), options=OPTIONS, other=plain("{{event.course}}"), least=1),
            "choices",
            {"options": SHOWN, "other": "Algebra", "max_length": 500, "least": 1, "most": None},
        ),
        (
            Question("q", KINDS["ranking"], plain("?"), options=OPTIONS, most=3),
            "ranking",
            {"options": SHOWN, "most": 3},
        ),
        (
            Question("q", KINDS["date"], plain("?"), earliest="2026-01-01"),
            "date",
            {"earliest": "2026-01-01", "latest": None},
        ),
        (
            Question(
                "q", KINDS["consent"], plain("?"), label=plain("Yes"), link=Link(plain("How"), "https://a.example")
            ),
            "consent",
            {"label": "Yes", "link": ["How", "https://a.example"]},
        ),
        (Question("q", KINDS["consent"], plain("?"), label=plain("Yes")), "consent", {"link": None}),
        (Question("q", KINDS["info"], plain("?"), button=plain("Go on")), "info", {"button": "Go on"}),
    ],
)
def test_a_control_is_told_what_it_draws(question: Question, control: str, told: dict[str, Any]) -> None:
    [said] = _told(a_survey(questions=(question,)))["questions"]
    assert (said["kind"], said["control"]) == (question.kind.name, control)
    assert said | told == said


def test_shuffled_options_stand_in_an_order_of_each_persons_own() -> None:
    question = Question("q", KINDS["choice"], plain("?"), options=OPTIONS, shuffle=True)

    def order(person: str) -> str:
        [said] = _told(a_survey(questions=(question,)), sample_key=person)["questions"]
        return "".join(option for option, _ in said["options"])

    orders = [order(f"person {n}") for n in range(40)]
    assert orders == [order(f"person {n}") for n in range(40)]
    assert len(set(orders)) > 20
    assert {tuple(sorted(one)) for one in orders} == {tuple("abcde")}
    assert {one[0] for one in orders} == set("abcde")


MANY = _text(en="How?", zh="如何？", **{"pt-BR": "Como?", "ar": "كيف؟"})


@pytest.mark.parametrize(
    ("ask", "locale", "lang", "direction", "said", "close"),
    [
        (MANY, "en-GB", "en", "ltr", "How?", "Close"),
        (MANY, "zh-CN", "zh", "ltr", "如何？", "关闭"),
        (MANY, "pt", "pt-BR", "ltr", "Como?", "Fechar"),
        (MANY, "ar-EG", "ar", "rtl", "كيف؟", "إغلاق"),
        (MANY, "fi", "en", "ltr", "How?", "Close"),
        (MANY, "", "en", "ltr", "How?", "Close"),
        (MANY, "zh-TW", "en", "ltr", "How?", "Close"),
        (_text(**{"he-IL": "איך?"}), "en", "he-IL", "rtl", "איך?", "סגירה"),
        (_text(fa="چطور؟"), "en", "fa", "rtl", "چطور؟", "Close"),
        (_text(en="How?"), "zh", "en", "ltr", "How?", "Close"),
        (_text(en="How?"), "fr-FR", "en", "ltr", "How?", "Close"),
        (plain("How?"), "ar", "en", "ltr", "How?", "Close"),
        (plain("How?"), "zh-TW", "en", "ltr", "How?", "Close"),
        (plain("Wie?"), "de-AT", "de-AT", "ltr", "Wie?", "Schließen"),
        (_text(**{"pt-BR": "Como?"}), "pt-PT", "pt-BR", "ltr", "Como?", "Fechar"),
        (plain("How?"), "en_US", "en-US", "ltr", "How?", "Close"),
        (plain("{{project.name}}?"), "de", "de", "ltr", "Lantern?", "Schließen"),
        (plain("كيف؟ {{project.name}}"), "en", "ar", "rtl", "كيف؟ Lantern", "إغلاق"),
    ],
)
def test_a_card_is_in_the_language_of_the_first_question(
    ask: Text, locale: str, lang: str, direction: str, said: str, close: str
) -> None:
    told = _told(a_survey(questions=(Question("score", KINDS["nps"], ask),)), locale)
    assert (told["lang"], told["dir"]) == (lang, direction)
    assert (told["questions"][0]["ask"], told["words"]["close"]) == (said, close)


@pytest.mark.parametrize(
    ("locale", "low", "high"),
    [("zh", "完全不可能", "很愿意"), ("en", "Not at all likely", "Sure"), ("fi", None, "Sure")],
)
def test_the_ends_of_a_scale_are_the_surveys_or_ours(locale: str, low: str | None, high: str) -> None:
    question = Question("score", KINDS["nps"], MANY, high=_text(en="Sure", zh="很愿意"))
    [told] = _told(a_survey(questions=(question,)), locale)["questions"]
    assert (told["low"], told["high"]) == (low or "Not at all likely", high)


@pytest.mark.parametrize(
    ("ask", "low"),
    [
        (_text(en="How?"), "Not at all likely"),
        (plain("How?"), "Not at all likely"),
        (plain("如何？"), "完全不可能"),
        (MANY, "完全不可能"),
    ],
)
def test_our_ends_are_in_the_language_of_the_question(ask: Text, low: str) -> None:
    [told] = _told(a_survey(questions=(Question("score", KINDS["nps"], ask),)), "zh")["questions"]
    assert told["low"] == low


def test_a_survey_that_says_little_is_told_with_nulls() -> None:
    told = _told(a_survey())
    assert (told["intro"], told["thanks"], told["questions"][1]["placeholder"]) == (None, {}, None)
    assert (told["look"]["logo"], told["look"]["target"]) == (None, None)


def test_the_events_values_that_texts_mention_are_what_an_offer_carries() -> None:
    assert event_paths(SURVEY) == {"course", "lesson.number"}
    assert event_paths(a_survey()) == frozenset()


@pytest.mark.parametrize(
    "fields",
    [
        {"questions": (Question("q", KINDS["nps"], plain("{{event.x}}")),)},
        {"questions": (Question("q", KINDS["nps"], plain("?"), low=plain("{{event.x}}")),)},
        {"questions": (Question("q", KINDS["nps"], plain("?"), high=plain("{{ event.x|y }}")),)},
        {"questions": (Question("q", KINDS["text"], plain("?"), placeholder=plain("{{event.x}}")),)},
        {"questions": (Question("q", KINDS["nps"], _text(en="?", zh="{{event.x}}")),)},
        {"questions": (Question("q", KINDS["nps"], _by_band(promoter="{{event.x}}", else_="?")),)},
        {"questions": (Question("q", KINDS["choice"], plain("?"), options=(Option("a", plain("{{event.x}}")),)),)},
        {"questions": (Question("q", KINDS["choice"], plain("?"), other=plain("{{event.x}}")),)},
        {"questions": (Question("q", KINDS["consent"], plain("?"), label=plain("{{event.x}}")),)},
        {"questions": (Question("q", KINDS["consent"], plain("?"), link=Link(plain("{{event.x}}"), "https://a.b")),)},
        {"questions": (Question("q", KINDS["info"], plain("?"), button=plain("{{event.x}}")),)},
        {"intro": plain("{{event.x}}")},
        {"thanks": {ELSE: Thanks(plain("{{event.x}}"))}},
        {"look": Look(logo=Logo("https://example.com/a.svg", plain("{{event.x}}")))},
        {"thanks": {ELSE: Thanks(plain("Thanks"), plain("{{event.x}}"))}},
    ],
)
def test_every_text_may_mention_the_event(fields: dict[str, Any]) -> None:
    assert event_paths(a_survey(**fields)) == {"x"}


def _each_apart(part: Any, tags: Iterator[str]) -> Any:
    """The same with every text in a language of its own, which the event names too; without knowing what a survey's
    parts are."""
    if isinstance(part, Text):
        tag = next(tags)
        return Text({ELSE: {tag: f"{{{{event.{tag}}}}}"}})
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{one.name: _each_apart(getattr(part, one.name), tags) for one in fields(part)})
    if isinstance(part, Mapping):
        return {name: _each_apart(one, tags) for name, one in part.items()}
    return tuple(_each_apart(one, tags) for one in part) if isinstance(part, tuple) else part


@given(surveys())
def test_no_text_of_a_survey_is_overlooked(survey: Survey) -> None:
    used: list[str] = []

    def tags() -> Iterator[str]:
        while True:
            used.append(f"t{len(used)}")
            yield used[-1]

    apart = _each_apart(survey, tags())
    assert set(written_languages(apart)) == event_paths(apart) == set(used)


@given(surveys(), st.sampled_from(["en", "de-AT", "zh-Hant-TW", "pt", "ar", "", "x"]))
def test_any_survey_is_told_as_json_with_no_slot_left(survey: Survey, locale: str) -> None:
    told = _told(survey, locale)
    assert "{{project.name}}" not in json.dumps(told)
    for question, said in zip(survey.questions, told["questions"], strict=True):
        by = said["ask"]["by"] if isinstance(said["ask"], dict) else {ELSE: said["ask"]}
        assert by.keys() == question.ask.by.keys()


@given(surveys(), st.sampled_from(["en", "de-AT", "ar", ""]), st.data())
def test_what_everybody_is_told_is_what_each_is_told(survey: Survey, locale: str, data: st.DataObject) -> None:
    variant = data.draw(st.sampled_from([None, *(one.name for one in survey.variants)]))
    live = LiveSurvey(survey, 3, ())
    alike = tell_alike(live, locale, variant, {})
    told = [tell(live, locale, lookup_in(values), variant, key) for values, key in ((VALUES, "ada"), ({}, "bo"))]
    assert alike is None or told == [alike, alike]


def test_what_depends_on_the_person_is_told_to_nobody_else() -> None:
    said = _text(en="How was {{event.course}}?", de="Wie war es?")
    survey = a_survey(questions=(Question("score", KINDS["nps"], said),))
    assert tell_alike(LiveSurvey(survey, 3, ()), "en", None, {}) is None
    assert tell_alike(LiveSurvey(survey, 3, ()), "de", None, {}) == _told(survey, "de")
    options = (Option("a", plain("A")), Option("b", plain("B")))
    for shuffle in (False, True):
        question = Question("topic", KINDS["choice"], plain("Which?"), options=options, shuffle=shuffle)
        alike = tell_alike(LiveSurvey(a_survey(questions=(question,)), 3, ()), "en", None, {})
        assert (alike is None) == shuffle


def test_a_card_does_not_change_its_language_on_the_way() -> None:
    thanks = {ELSE: Thanks(_text(en="Thanks", fr="Merci", **{"en-GB": "Cheers"}))}
    french = _told(a_survey(questions=(Question("score", KINDS["nps"], _text(en="How?")),), thanks=thanks), "fr-FR")
    assert (french["lang"], french["thanks"][ELSE]["title"], french["words"]["send"]) == ("en", "Thanks", "Send")
    british = _told(a_survey(questions=(Question("score", KINDS["nps"], _text(en="How?")),), thanks=thanks), "en-GB")
    assert (british["lang"], british["thanks"][ELSE]["title"]) == ("en", "Cheers")


def test_a_projects_own_words_stand_on_the_card_and_at_the_ends_of_its_scales() -> None:
    survey = a_survey(questions=(Question("score", KINDS["nps"], _text(de="Wie?", en="How?")),))
    own = {"de": {"send": "Los", "very_likely": "Aber sicher"}}
    german, english = (
        tell(LiveSurvey(survey, 1, ()), locale, lookup_in(VALUES), own=own) for locale in ("de-CH", "fr")
    )
    assert (german["words"]["send"], german["questions"][0]["high"]) == ("Los", "Aber sicher")
    assert (english["words"]["send"], english["questions"][0]["high"]) == ("Send", "Extremely likely")


def test_a_survey_tells_which_languages_it_is_written_in() -> None:
    texts = a_survey("lesson", questions=(Question("score", KINDS["nps"], _text(en="How?", de="Wie?")),))
    assert written_languages(texts) == ("en", "de")
    assert written_languages(a_survey("lesson", questions=(Question("score", KINDS["nps"], plain("How?")),))) == ()


@pytest.mark.parametrize(("kinds", "only"), [(("info",), True), (("info", "text"), False)])
def test_a_survey_of_messages_only_tells(kinds: tuple[str, ...], only: bool) -> None:
    questions = tuple(Question(f"q{number}", KINDS[kind], plain("Look")) for number, kind in enumerate(kinds))
    assert a_survey("news", questions=questions).only_tells is only


def test_thanks_act_where_there_is_more_to_them_than_words() -> None:
    assert not Thanks(plain("Thanks"), plain("See you")).acts
    assert Thanks(plain("Thanks"), coupon=plain("MONTH-ON-US")).acts


def test_a_page_is_told_of_its_moment_only_what_it_does_not_take_for_granted() -> None:
    assert tell_moment(a_survey(quiet=Quiet())) == {}
    assert tell_moment(a_survey(look=Look("inline", target="here"))) == {"target": "here"}
    told = {"for_ms": 0, "give_up_ms": 300_000, "despite": ["dialog", "media"]}
    assert tell_moment(a_survey(quiet=Quiet(0, despite=frozenset({"media", "dialog"})))) == {"quiet": told}


def test_a_page_takes_the_same_for_granted_and_knows_the_same_noises() -> None:
    source = (Path(__file__).parents[2] / "widget/src/tact/quiet.ts").read_text(encoding="utf-8")
    (usual,) = re.findall(r"USUAL: Quiet = { for_ms: ([\d_]+), give_up_ms: ([\d_]+), despite: \[\] }", source)
    assert Quiet(*map(int, usual)) == Quiet()
    (noises,) = re.findall(r"const NOISES[^{]*= {\n(.*?)\n}", source, re.DOTALL)
    assert tuple(re.findall(r"^  (\w+)[:(]", noises, re.MULTILINE)) == NOISES
