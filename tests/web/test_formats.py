"""How pages write numbers, times and other people's text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.web import formats
from tactful.web.assets import assets
from tactful.web.rendering import render

NOW = 1_795_295_400_000  # 21 Nov 2026, 21:10 UTC
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0, "0%"),
        (0.0001, "<1%"),
        (0.005, "1%"),
        (0.325, "33%"),
        (0.285, "29%"),
        (0.995, ">99%"),
        (0.9999, ">99%"),
        (1, "100%"),
    ],
)
def test_percent(share, written) -> None:
    assert formats.percent(share) == written


@pytest.mark.parametrize(("points", "written"), [(42.5, "+43"), (-42.5, "−43"), (0.4, "0"), (-0.4, "0"), (100, "+100")])
def test_points_mirror(points, written) -> None:
    assert formats.figure(points, "points") == written


@pytest.mark.parametrize(("count", "written"), [(0, "0"), (12_345, "12\u202f345"), (6.75, "6.8")])
def test_number(count, written) -> None:
    assert formats.number(count) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "plain"),
        ("did you mean `all`?", "did you mean <code>all</code>?"),
        ("`<b>` & `c`", "<code>&lt;b&gt;</code> &amp; <code>c</code>"),
        ("one ` alone <i>", "one ` alone &lt;i&gt;"),
    ],
)
def test_code_in_a_message(text: str, written: str) -> None:
    assert str(formats.coded(text)) == written


def test_one_answer() -> None:
    assert formats.answers(1) == "1 answer"


@pytest.mark.parametrize(
    ("past_ms", "written"),
    [
        (-5, "just now"),
        (59_999, "just now"),
        (60_000, "1 minute ago"),
        (HOUR, "1 hour ago"),
        (49 * HOUR, "2 days ago"),
        (7 * 24 * HOUR, "14 Nov 2026"),
    ],
)
def test_ago(past_ms, written) -> None:
    assert formats.ago(NOW - past_ms, NOW) == written


def test_times_are_utc() -> None:
    assert formats.date(NOW) == "21 Nov 2026, 21:10 UTC"
    assert formats.stamp(NOW) == "2026-11-21T21:10:00Z"


@given(st.text(max_size=2000))
def test_an_excerpt_is_the_beginning(text) -> None:
    head = formats.excerpt(text)
    assert head is None or (text.startswith(head) and len(head) < len(text) and len(head) <= 600)


def test_an_excerpt_tears_no_character() -> None:
    family = "👨\u200d👩\u200d👧"
    head = formats.excerpt(family * 200)
    assert head is not None
    assert head == family * (len(head) // len(family))
    assert len(formats.excerpt("e" + "\u0301" * 2000)) == 420


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (5.6, "points", "+6"),
        (-5.6, "percent", "−6"),
        (0.25, "scale", "+0.2"),
        (-1.26, "scale", "−1.3"),
        (0.01, "scale", "0"),
    ],
)
def test_differences_have_their_sign(value, unit, written) -> None:
    assert formats.signed(value, unit) == written


def test_the_window_title_has_no_direction_overrides() -> None:
    html = render("message.html", title="a\u202eb\u2066c\n d", heading="x", message="x", command=None)
    assert "<title>abc d - Tactful</title>" in html


def test_control_characters_never_reach_a_page() -> None:
    html = render("message.html", title="x", heading="a\x00b\x08c\x1b[31m\ud800", message="x", command=None)
    assert ">abc[31m<" in html
    html.encode()


def test_stylesheets_are_small_and_load_nothing() -> None:
    sheets = {name: found.body.decode() for name, found in assets().items() if name.endswith(".css")}
    assert {"base.css", "app.css", "results.css"} <= set(sheets)
    for css in sheets.values():
        assert len(css.encode()) <= 14_000
        assert not re.search(r"url\(|@import|expression|!important", css)
