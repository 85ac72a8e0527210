"""Variants: whom which one is told, in which words; and arms."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core import variants
from tactful.core.decide import LiveSurvey
from tactful.core.kinds import KINDS
from tactful.core.reading import read_survey, write_survey
from tactful.core.surveys import Link, Option, Question, Survey, Variant
from tactful.core.telling import event_paths, lookup_in, tell
from tactful.core.texts import plain
from tactful.core.variants import LONGEST_ARM, arm_of, variant_for, varied
from tests.core.examples import a_survey
from tests.core.strategies import surveys

WRITTEN: dict[str, Any] = {
    "key": "nps",
    "intro": "Hello.",
    "questions": [
        {"id": "score", "kind": "nps", "ask": "How likely?", "low": "Not"},
        {"id": "why", "kind": "text", "ask": {"by": {"promoter": "What is good?", "else": "Why?"}}},
    ],
    "thanks": {"by": {"promoter": {"title": "Great!", "text": "Bye"}, "else": {"title": "Thanks."}}},
}

UNTHANKED = {name: value for name, value in WRITTEN.items() if name != "thanks"}


def _survey(texts: dict[str, Any] | None = None, **fields: Any) -> Survey:
    told = {"variants": {"plain": {"weight": 1}, "warm": {"weight": 3, "texts": texts}}} if texts is not None else {}
    reading = read_survey(fields.pop("written", WRITTEN) | told | fields)
    assert reading.value is not None, reading.faults
    return reading.value


def _told(survey: Survey, variant: str | None) -> dict[str, Any]:
    return tell(LiveSurvey(survey, 1, ()), "de", lookup_in({"event": {"course": "Algebra"}}), variant)


def test_a_variant_is_told_in_its_words() -> None:
    texts = {
        "intro": "Hi!",
        "score.ask": {"en": "Would you tell a friend?", "de": "Weitersagen?"},
        "score.low": "Never",
        "score.high": "Always",
        "why.ask": {"by": {"promoter": "And?", "else": "Oh?"}},
        "why.placeholder": "About {{event.course}}",
        "thanks.title": "Cheers",
    }
    survey = _survey(texts)
    told = _told(survey, "warm")
    score, why = told["questions"]
    assert (told["intro"], told["lang"], score["ask"], score["low"]) == ("Hi!", "de", "Weitersagen?", "Never")
    assert (score["high"], why["placeholder"]) == ("Always", "About Algebra")
    assert why["ask"] == {"by": {"promoter": "And?", "else": "Oh?"}}
    assert told["thanks"] == {
        "promoter": {"title": "Cheers", "text": "Bye"},
        "else": {"title": "Cheers", "text": None},
    }
    assert event_paths(survey) == {"course"}, "an offer carries what any variant mentions"
    for other in ("plain", None, "gone"):
        assert _told(survey, other) == _told(_survey(), None)


def test_thanks_may_be_said_by_band_where_they_were_not() -> None:
    texts = {"thanks.title": {"by": {"detractor": "Sorry", "else": "Thanks"}}, "thanks.text": "Really"}
    survey = varied(_survey(texts, written=UNTHANKED), "warm")
    assert _told(survey, None)["thanks"] == {
        "detractor": {"title": "Sorry", "text": "Really"},
        "else": {"title": "Thanks", "text": "Really"},
    }
    banded = varied(_survey({"thanks.text": {"by": {"passive": "Hm", "else": "So"}}}), "warm")
    assert _told(banded, None)["thanks"] == {
        "promoter": {"title": "Great!", "text": "So"},
        "else": {"title": "Thanks.", "text": "So"},
        "passive": {"title": "Thanks.", "text": "Hm"},
    }


@pytest.mark.parametrize(
    ("texts", "path", "told"),
    [
        ({"scor.ask": "x"}, "texts[`scor.ask`]", "`scor.ask` is not a text of this survey; did you mean `score.ask`?"),
        ({"zzzz": "x"}, "texts.zzzz", "is not a text of this survey; use one of `intro`, `score.ask`, `score.low`,"),
        ({"score.placeholder": "x"}, "texts[`score.placeholder`]", "is not a text of this survey"),
        ({"why.low": "x"}, "texts[`why.low`]", "is not a text of this survey"),
        ({"score.ask": 3}, "texts[`score.ask`]", "expected a text, found the number `3`"),
        (
            {"score.ask": {"by": {"promoter": "x", "else": "y"}}},
            "texts[`score.ask`].by",
            "expected one text, found one by band, but the score is not yet known here; write the text alone",
        ),
        ({"intro": {"by": {"promoter": "x", "else": "y"}}}, "texts.intro.by", "the score is not yet known here"),
        ({"thanks.title": {"by": {"promoted": "x", "else": "y"}}}, "texts[`thanks.title`].by.promoted", "did you mean"),
        ({"why.ask": "{{nope.x}}"}, "texts[`why.ask`]", "leads nowhere"),
        ("x", "texts", "expected texts by their address (a mapping)"),
    ],
)
def test_a_text_that_cannot_be_is_a_fault_at_its_place(texts: Any, path: str, told: str) -> None:
    reading = read_survey(WRITTEN | {"variants": {"warm": {"texts": texts}}})
    [fault] = reading.faults
    assert fault.path == f"variants.warm.{path}"
    assert told in fault.message


def test_a_text_of_thanks_needs_a_title() -> None:
    texts = {"variants": {"warm": {"texts": {"thanks.text": "x"}}}}
    [fault] = read_survey(UNTHANKED | texts).faults
    assert str(fault) == "variants.warm.texts[`thanks.text`]: has no title above it; give `thanks.title` too"
    assert read_survey(WRITTEN | texts).faults == ()


@pytest.mark.parametrize(
    ("variants", "told"),
    [
        ({}, "variants: expected 1 to 10 variants (a mapping), found an empty mapping"),
        ([], "variants: expected 1 to 10 variants"),
        ({f"v{number}": {} for number in range(11)}, "variants: expected 1 to 10 variants"),
        ({"a": {"weight": 0}}, "variants: gives every variant the weight 0"),
        ({"a": {"weight": 0.5}}, "variants.a.weight: expected a whole number from 0 to 1000"),
        ({"A b": {}}, "variants[`A b`]: expected the name of a variant"),
        ({"a": 3}, "variants.a: expected a variant (a mapping)"),
    ],
)
def test_variants_that_cannot_be_are_faults(variants: Any, told: str) -> None:
    assert told in "\n".join(map(str, read_survey(WRITTEN | {"variants": variants}).faults))


def test_where_a_question_is_faulty_its_texts_are_not_guessed_at() -> None:
    written = UNTHANKED | {
        "questions": [{"id": "score", "kind": "npss", "ask": "How?"}],
        "variants": {"warm": {"texts": {"score.low": "x", "score.placeholder": "y"}}},
    }
    assert [fault.path for fault in read_survey(written).faults] == ["questions[0].kind"]


def test_people_fall_to_variants_by_weight_and_stay() -> None:
    survey = _survey({})
    people = [f"user-{number}" for number in range(4_000)]
    told = {person: variant_for(survey, person, None) for person in people}
    assert 900 < Counter(told.values())["plain"] < 1_100
    assert {person: variant_for(survey, person, None) for person in people} == told
    other = _survey({}, key="other")
    assert any(variant_for(other, person, None) != told[person] for person in people[:50]), "each survey divides anew"


def test_whoever_was_asked_keeps_theirs_while_there_is_one() -> None:
    survey = _survey({})
    for name in ("plain", "warm"):
        assert {variant_for(survey, f"user-{number}", name) for number in range(50)} == {name}
    assert {variant_for(survey, f"user-{number}", "gone") for number in range(50)} == {"plain", "warm"}
    closed = _survey(variants={"plain": {"weight": 0}, "warm": {}})
    assert {variant_for(closed, f"user-{number}", None) for number in range(50)} == {"warm"}
    assert variant_for(closed, "ann", "plain") == "plain"
    assert variant_for(_survey(), "ann", "plain") is None


def test_a_share_that_rounds_up_to_one_falls_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "share_of", lambda *_parts: 1.0)
    assert variant_for(_survey(variants={"a": {}, "b": {}, "c": {"weight": 0}}), "ann", None) == "b"


@pytest.mark.parametrize(
    ("value", "arm"),
    [
        ("control", "control"),
        ("x" * 500, "x" * LONGEST_ARM),
        ("", None),
        (7, "7"),
        (7.0, "7"),
        (0.5, "0.5"),
        (True, "true"),
        (False, "false"),
        (None, None),
        ([1], None),
        ({"a": 1}, None),
    ],
)
def test_an_arm_is_the_traits_value_as_a_short_text(value: object, arm: str | None) -> None:
    survey = _survey(arm="traits.scoring")
    assert arm_of(survey, {"traits": {"scoring": value}, "account": {}}) == arm
    assert arm_of(survey, {"traits": {}, "account": {}}) is None
    assert arm_of(_survey(), {"traits": {"scoring": value}}) is None


def test_an_arm_is_of_a_person_or_an_account() -> None:
    [fault] = read_survey(WRITTEN | {"arm": "event.x"}).faults
    assert "begins with `traits.` or `account.`" in fault.message


@given(surveys(), st.text(max_size=8))
def test_any_variant_can_be_told_and_says_what_it_writes(survey: Survey, key: str) -> None:
    name = variant_for(survey, key, None)
    assert (name is None) == (survey.variants == ())
    said = varied(survey, name)
    read = read_survey(orjson.loads(orjson.dumps(write_survey(said))))
    assert read.value == said, "what a variant makes of a survey is a survey"
    _told(survey, name)


def test_a_variant_says_options_links_and_buttons_otherwise() -> None:
    options = (Option("a", plain("A")), Option("b", plain("B")))
    survey = a_survey(
        questions=(
            Question("hello", KINDS["info"], plain("?"), button=plain("Go on")),
            Question("topic", KINDS["choice"], plain("?"), options=options, other=True),
            Question(
                "call", KINDS["consent"], plain("?"), label=plain("Yes"), link=Link(plain("More"), "https://a.b/")
            ),
        ),
        variants=(
            Variant(
                "warm",
                texts={
                    "hello.button": plain("Sure!"),
                    "topic.options.b": plain("Bee"),
                    "topic.other": plain("Or else"),
                    "call.label": plain("Call me"),
                    "call.link.label": plain("Why?"),
                },
            ),
        ),
    )
    hello, topic, call = varied(survey, "warm").questions
    assert hello.button == plain("Sure!")
    assert topic.options == (options[0], Option("b", plain("Bee")))
    assert topic.other == plain("Or else")
    assert (call.label, call.link) == (plain("Call me"), Link(plain("Why?"), "https://a.b/"))
