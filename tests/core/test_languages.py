"""Tags of languages: which are the same, what is nearer, which way they are written, and what letters tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.languages import LANGUAGES
from tactful.core.languages.tags import chain, direction, forms_of, guessed, normal, shortened
from tactful.core.texts import choose_language


@pytest.mark.parametrize(
    ("tag", "compared"),
    [
        ("en", "en"),
        ("en-US", "en-us"),
        ("pt_BR", "pt-br"),
        ("iw", "he"),
        ("iw-IL", "he-il"),
        ("nb-NO", "no-no"),
        ("in", "id"),
        ("zh", "zh-hans"),
        ("zh-CN", "zh-hans-cn"),
        ("zh-TW", "zh-hant-tw"),
        ("zh-HK", "zh-hant-hk"),
        ("zh-Hant", "zh-hant"),
        ("zh-Hans-HK", "zh-hans-hk"),
        ("cmn-Hant-TW", "zh-hant-tw"),
        ("yue", "zh-hant-hk"),
        ("de-", "de"),
        ("", ""),
        ("*", ""),
        ("C", ""),
        ("en US", ""),
        ("<b>", ""),
    ],
)
def test_tags_are_compared_in_one_form(tag: str, compared: str) -> None:
    assert normal(tag) == compared


def test_shorter_forms_keep_the_script_of_chinese() -> None:
    assert chain("zh-TW") == ["zh-hant-tw", "zh-hant"]
    assert chain("de-CH-1996") == ["de-ch-1996", "de-ch", "de"]
    assert chain("") == [""]


#: What `navigator.language` says: Chrome, Edge, Firefox and Safari on their platforms, and old WebViews.
REAL = (
    "en-US en-GB en zh-CN zh-TW zh-HK zh-Hans-CN zh-Hant-TW zh-Hant-HK ja ja-JP ko ko-KR es es-ES es-419 es-MX pt-BR "
)
REAL += "pt-PT pt fr fr-FR fr-CA de de-DE de-AT de-CH hi hi-IN ar ar-SA ar-EG he he-IL iw-IL"


@pytest.mark.parametrize("locale", REAL.split())
def test_what_browsers_say_finds_our_language(locale: str) -> None:
    chosen = choose_language(dict.fromkeys(LANGUAGES, ""), locale)
    assert normal(chosen).partition("-")[0] == normal(locale).partition("-")[0]
    assert ("hant" in normal(chosen)) == ("hant" in normal(locale))


@pytest.mark.parametrize(
    ("available", "locale", "chosen"),
    [
        ("en zh", "zh-TW", "en"),
        ("en zh-Hans", "zh-HK", "en"),
        ("en zh-CN", "zh-Hant", "en"),
        ("en zh-Hant", "zh-CN", "en"),
        ("en zh-TW", "zh-HK", "zh-TW"),
        ("en zh-CN", "zh", "zh-CN"),
        ("en zh", "zh-CN", "zh"),
        ("zh zh-TW en", "zh-Hant-HK", "zh-TW"),
        ("en no", "nb-NO", "no"),
        ("en nb", "no", "nb"),
        ("en iw", "he-IL", "iw"),
        ("en he", "iw", "he"),
        ("de-AT en", "de-CH", "de-AT"),
        ("en-GB de", "ja", "en-GB"),
    ],
)
def test_a_survey_is_told_in_the_nearest_language(available: str, locale: str, chosen: str) -> None:
    assert choose_language(dict.fromkeys(available.split(), ""), locale) == chosen


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("ar-EG", "rtl"),
        ("ar-Latn", "ltr"),
        ("he", "rtl"),
        ("iw", "rtl"),
        ("fa", "rtl"),
        ("ur-PK", "rtl"),
        ("ckb", "rtl"),
        ("az-Arab", "rtl"),
        ("ff-Adlm", "rtl"),
        ("az", "ltr"),
        ("zh-Hant", "ltr"),
        ("ja", "ltr"),
        ("tlh", "ltr"),
        ("", "ltr"),
    ],
)
def test_directions(tag: str, told: str) -> None:
    assert direction(tag) == told


@pytest.mark.parametrize(
    ("text", "locale", "told"),
    [
        ("How was it?", "en-GB", "en-GB"),
        ("Wie war es?", "de", "de"),
        ("How was it?", "ar", "en"),
        ("How was it?", "zh-TW", "en"),
        ("How was it?", "", "en"),
        ("How was it?", "*", "en"),
        ("どうでしたか", "en", "ja"),
        ("いかがでしたか、評価を選択", "zh-CN", "ja"),
        ("満足度", "ja", "ja"),
        ("满意吗", "ja", "ja"),
        ("满意吗", "en", "zh"),
        ("滿意嗎", "zh-TW", "zh-TW"),
        ("어땠나요", "en", "ko"),
        ("كيف كان", "en", "ar"),
        ("چطور بود", "fa", "fa"),
        ("איך היה", "en", "he"),
        ("कैसा था", "mr", "mr"),
        ("Как вам Lantern", "en", "ru"),
        ("1 2 3?", "he", "he"),
        ("1 2 3?", "", "en"),
        ("🙂", "pt-BR", "pt-BR"),
    ],
)
def test_the_letters_of_a_text_tell_its_language_where_nothing_else_does(text: str, locale: str, told: str) -> None:
    assert guessed(text, locale, "en") == told


@given(st.text(), st.text() | st.just("a-" * 100_000))
def test_whatever_a_page_says_some_language_is_guessed(text: str, locale: str) -> None:
    assert direction(guessed(text, locale, "en")) in ("ltr", "rtl")
    assert normal(normal(locale)) == normal(locale)


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("de", "de"),
        ("de-AT-1996", "de"),
        ("de_CH", "de-ch"),
        ("zh-TW", "zh-hant-tw"),
        ("zh-HK", "zh-hant"),
        ("fr", ""),
        ("", ""),
    ],
)
def test_of_a_tag_only_what_makes_a_difference_is_kept(tag: str, told: str) -> None:
    forms = forms_of(["de", "de-CH", "zh-Hant-TW", "!"])
    assert forms == {"de", "de-ch", "zh-hant-tw", "zh-hant"}
    assert shortened(tag, forms) == told
