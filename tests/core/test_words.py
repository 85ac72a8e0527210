"""Our own words: every language says everything in its own letters, and a person gets the nearest one."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from tactful.core.kinds import KINDS
from tactful.core.languages import ENDS, LANGUAGES, NAMES
from tactful.core.reading import read_words
from tactful.core.words import on_the_card, words_for

WIRE = Path(__file__).parents[2] / "widget" / "src" / "wire.ts"
ENGLISH = LANGUAGES["en"]

#: Letters that every word of a language has one of; Latin ones are told apart by their accents at most.
LETTERS = {
    "zh-Hans": "[\u4e00-\u9fff]",
    "zh-Hant": "[\u4e00-\u9fff]",
    "ja": "[\u3040-\u30ff\u4e00-\u9fff]",
    "ko": "[\uac00-\ud7af]",
    "hi": "[\u0900-\u097f]",
    "ar": "[\u0600-\u06ff]",
    "he": "[\u0590-\u05ff]",
}


@pytest.mark.parametrize(
    ("locale", "close"),
    [
        ("en", "Close"),
        ("en-GB", "Close"),
        ("zh", "关闭"),
        ("zh_CN", "关闭"),
        ("zh-Hans-SG", "关闭"),
        ("zh-TW", "關閉"),
        ("zh-HK", "關閉"),
        ("zh-Hant-TW", "關閉"),
        ("ja-JP", "閉じる"),
        ("ko-KR", "닫기"),
        ("es-419", "Cerrar"),
        ("pt-PT", "Fechar"),
        ("pt-BR", "Fechar"),
        ("fr-CA", "Fermer"),
        ("de-AT", "Schließen"),
        ("hi-IN", "बंद करें"),
        ("ar-EG", "إغلاق"),
        ("he-IL", "סגירה"),
        ("iw", "סגירה"),
        ("", "Close"),
        ("tlh", "Close"),
        ("*", "Close"),
    ],
)
def test_the_nearest_language_speaks(locale: str, close: str) -> None:
    assert words_for(locale)["close"] == close


def test_the_card_is_sent_the_words_that_it_names() -> None:
    named = re.search(r"type Words = Record<([^,]+), *\s*string\s*>", WIRE.read_text(encoding="utf-8"))
    assert named is not None
    assert on_the_card(words_for("en")).keys() == set(re.findall(r"'(\w+)'", named[1]))


def test_every_end_of_a_scale_has_its_words() -> None:
    assert {end for kind in KINDS.values() for end in kind.ends if end} == ENDS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    words = LANGUAGES[language]
    assert list(words) == list(ENGLISH)
    for name, word in words.items():
        assert sorted(re.findall(r"\{\w+\}", word)) == sorted(re.findall(r"\{\w+\}", ENGLISH[name])), name
        assert word, name
        assert word == unicodedata.normalize("NFC", word).strip(), name
        assert re.search(LETTERS.get(language, "[A-Za-z]"), re.sub(r"\{\w+\}", "", word)) or name == "of", name
    faces = words["faces"].split("|")
    assert len(set(faces)) == 5
    assert all(faces)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_words_that_stand_beside_each_other_are_the_same(language: str) -> None:
    words = LANGUAGES[language]
    for names in (("close", "back", "send", "next", "skip", "dont_ask"), ("up", "down", "rank_up", "rank_down")):
        assert len({words[name] for name in names}) == len(names)
    assert words["copy"] != words["copied"]
    assert len({words[name] for name in ENDS}) == len(ENDS)


def test_languages_are_named_and_differ() -> None:
    assert NAMES.keys() == LANGUAGES.keys()
    assert len({tuple(words.values()) for words in LANGUAGES.values()}) == len(LANGUAGES)


def test_chinese_is_written_in_one_script_each() -> None:
    """Characters that differ between the scripts, of those that our words use."""
    simplified, traditional = ("".join(LANGUAGES[tag].values()) for tag in ("zh-Hans", "zh-Hant"))
    assert not set(simplified) & set("關閉詢問題謝請選擇項輸還滿難複製讚優碼會與您聯絡顆") - set("您")
    assert not set(traditional) & set("关闭询问题谢请选择项输还满难复制赞优码会与联络颗") - set("題會與")


def test_the_table_itself_stays_out_of_reach() -> None:
    words_for("en")["close"] = "Shut"
    assert words_for("en")["close"] == "Close"


OWN = {
    "en": {"close": "Shut"},
    "de": {"send": "Los", "very_easy": "Kinderleicht"},
    "de-AT": {"send": "Auf geht's"},
    "sv": {"send": "Skicka"},
    "zh-TW": {"send": "寄出"},
}


@pytest.mark.parametrize(
    ("language", "send", "close"),
    [
        ("de", "Los", "Schließen"),
        ("de-DE", "Los", "Schließen"),
        ("de-AT", "Auf geht's", "Schließen"),
        ("de-AT-1996", "Auf geht's", "Schließen"),
        ("en-GB", "Send", "Shut"),
        ("fr", "Envoyer", "Fermer"),
        ("sv-SE", "Skicka", "Shut"),
        ("fi", "Send", "Shut"),
        ("zh-TW", "寄出", "關閉"),
        ("zh-HK", "送出", "關閉"),
        ("zh", "提交", "关闭"),
    ],
)
def test_what_a_project_says_goes_before_ours(language: str, send: str, close: str) -> None:
    words = words_for(language, OWN)
    assert (words["send"], words["close"]) == (send, close)
    assert words.keys() == ENGLISH.keys()


def test_words_of_a_language_that_is_not_ours_should_be_all_of_them() -> None:
    some, told = read_words({"words": {"sv": {"send": "Skicka"}, "de": {"send": "Los"}}}), dict(ENGLISH)
    [warning] = some.warnings
    assert some.value == {"de": {"send": "Los"}, "sv": {"send": "Skicka"}}
    assert warning.path == "words.sv"
    assert "`close`, `back`, `next`" in warning.message
    assert "`send`" not in warning.message
    whole = read_words({"words": {"sv": told}})
    assert (whole.value, whole.warnings) == ({"sv": told}, ())


@pytest.mark.parametrize(
    "written",
    [
        None,
        {},
        {"words": None},
        {"words": ["de"]},
        {"words": {"de": None}},
        {"words": {"de": {}}},
        {"words": {f"de-{number}": {"send": "Los"} for number in range(51)}},
        {"words": {"de": {"send": "x" * 201}}},
        {"words": {"zh-TW": {"send": "a"}, "zh-Hant-TW": {"send": "b"}}},
        {"words": {"de": {"of": "{n} {max} {n}"}}},
        {"words": {"de": {"faces": "a|b| |d|e"}}},
        {"words": {"-": {"send": "Los"}}},
    ],
)
def test_what_are_no_words_is_a_fault(written: object) -> None:
    assert read_words(written).faults


def test_every_word_of_ours_may_be_said_by_a_project() -> None:
    for tag, words in LANGUAGES.items():
        assert read_words({"words": {tag: dict(words)}}).value == {tag: dict(words)}
