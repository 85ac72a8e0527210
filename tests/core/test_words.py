"""Our own words: every language says everything, and a person gets the nearest one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tactful.core.words import words_for

WIRE = Path(__file__).parents[2] / "widget" / "src" / "wire.ts"


@pytest.mark.parametrize(
    ("locale", "close"),
    [
        ("en", "Close"),
        ("en-GB", "Close"),
        ("zh", "关闭"),
        ("zh-Hant-TW", "关闭"),
        ("zh_CN", "关闭"),
        ("", "Close"),
        ("tlh", "Close"),
    ],
)
def test_the_nearest_language_speaks(locale: str, close: str) -> None:
    assert words_for(locale)["close"] == close


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_every_language_says_everything_that_the_card_says(locale: str) -> None:
    named = re.search(r"type Words = Record<([^,]+),\s+string\s+>", WIRE.read_text(encoding="utf-8"))
    assert named is not None
    words = words_for(locale)
    assert words.keys() == set(re.findall(r"'(\w+)'", named[1]))
    assert all(words.values())
    assert {"{n}", "{max}"} <= set(re.findall(r"\{\w+\}", words["of"]))


def test_the_table_itself_stays_out_of_reach() -> None:
    words_for("en")["close"] = "Shut"
    assert words_for("en")["close"] == "Close"
