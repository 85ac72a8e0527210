"""The results page says what the results say, is usable without colour, and shows every text as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.kinds import KINDS
from tactful.core.results import Funnel, summarise
from tactful.web import formats
from tactful.web.assets import assets
from tactful.web.results_page import (
    PAGE_POLICY,
    Comment,
    SurveyLink,
    SurveyView,
    render_error,
    render_no_surveys,
    render_results,
)

NOW = 1_795_295_400_000  # 21 Nov 2026, 21:10 UTC
HOUR = 3_600_000
VOID = {"meta", "link", "br", "img", "input", "hr"}
LINKS = [SurveyLink("After a lesson", "/r/lesson-nps", "live", current=True), SurveyLink("Relaunch", "/r/re", "draft")]
SURVEY = SurveyView("lesson-nps", "After a lesson", "live", "How likely?", ("Lesson Finished",))
HISTOGRAM = {10: 58, 9: 37, 8: 24, 7: 16, 6: 9, 5: 7, 4: 2, 3: 3, 1: 1, 0: 4}
FUNNEL = Funnel(asked=412, seen=388, responded=161, dismissed=180, opted_out=4, ignored=67)


class Page(HTMLParser):
    """A strict reader: elements must nest, and it keeps what a person would read."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag, f"{tag} closes another element"

    def handle_data(self, data) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.elements if name == tag and attributes.items() <= found.items()]


def page(histogram=HISTOGRAM, funnel=FUNNEL, kind="nps", survey=SURVEY, comments=(), project="Lantern") -> Page:
    results = summarise(KINDS[kind], histogram, funnel)
    return Page(render_results(project, LINKS, survey, results, comments, NOW))


def comment(text="Fine", score=9, band="promoter", at_ms=NOW - HOUR, user_id="user-42") -> Comment:
    return Comment(text, score, band, at_ms, user_id)


class TestScore:
    def test_the_score_comes_with_its_interval_n_and_response_rate(self) -> None:
        text = page().text
        assert "Net Promoter Score +43" in text
        assert "likely between +30 and +54, from 161 answers. 39% of asks were answered." in text
        assert "Small sample" not in text

    def test_the_interval_is_drawn_where_it_is(self) -> None:
        drawn = page()
        (picture,) = drawn.all("svg", role="img")
        assert picture["aria-label"] == "+43, with an interval of +30 to +54, on a scale of −100 to +100"
        (shown,) = drawn.all("rect", **{"class": "range"})
        interval = summarise(KINDS["nps"], HISTOGRAM, FUNNEL).score.interval
        assert float(shown["x"].rstrip("%")) == pytest.approx((interval.low + 100) / 2, abs=0.01)
        assert float(shown["width"].rstrip("%")) == pytest.approx((interval.high - interval.low) / 2, abs=0.01)

    def test_a_negative_score_has_a_real_minus(self) -> None:
        assert "Net Promoter Score −100" in page({0: 40}, Funnel(asked=40, responded=40)).text

    def test_csat_is_a_share_with_the_average_beside_it(self) -> None:
        text = page({5: 7, 4: 3, 3: 2, 1: 1}, Funnel(40, 33, 13, 12, 1, 14), "csat").text
        assert "Satisfied 77% Share who answered 4–5 on a scale of 1 to 5" in text
        assert "Small sample." in text
        assert "Average answer: 4.2 (3.4 to 4.9). On a scale of 1 to 5." in text

    def test_ces_is_an_average_with_the_share_of_easy_beside_it(self) -> None:
        text = page({7: 30, 6: 20, 5: 9, 4: 5, 3: 2, 2: 1, 1: 3}, FUNNEL, "ces").text
        assert "Average answer 5.8 On a scale of 1 to 7" in text
        assert "Easy: 84% (74% to 91%)." in text

    def test_too_few_answers_show_counts_and_no_percentages(self) -> None:
        few = page({10: 2, 6: 1}, Funnel(4, 4, 3, 1))
        assert "3 answers Too few answers for a score." in few.text
        assert "%" not in few.text.replace("95%", "")
        assert not few.all("rect", **{"class": "range"})

    def test_asked_but_not_answered(self) -> None:
        text = page({}, Funnel(asked=12, seen=9, dismissed=3, ignored=9)).text
        assert "No answers yet" in text
        assert "Answers by score" not in text
        assert "What became of 12 asks" in text

    def test_a_survey_without_a_score_counts_responses(self) -> None:
        text = page({}, FUNNEL, "text", comments=[comment(score=None, band=None)]).text
        assert "Responses 161 This survey asks for words, not for a score" in text
        assert "No score Fine" in text


class TestDistributionAndFunnel:
    def test_every_bar_has_its_numbers_beside_it(self) -> None:
        text = page().text
        assert "10 58 36% 9 37 23%" in text
        assert "2 0 0%" in text
        assert "Responded 161 39% 34% to 44%" in text
        assert "Opted out 4 1% <1% to 2%" in text

    def test_bands_differ_by_sign_and_word_not_by_colour_alone(self) -> None:
        text = page().text
        for words in ("▼ Detractors 0–6 16% 11% to 23%", "◆ Passives 7–8 25%", "▲ Promoters 9–10 59%"):
            assert words in text

    @given(
        st.lists(st.integers(0, 10_000), min_size=11, max_size=11),
        st.integers(0, 10_000),
        st.sampled_from(["nps", "csat", "ces"]),
    )
    def test_no_drawing_leaves_its_frame(self, counts, ignored, kind) -> None:
        scale = range(KINDS[kind].lowest, KINDS[kind].highest + 1)
        histogram = dict(zip(scale, counts, strict=False))
        n = sum(histogram.values())
        drawn = page(histogram, Funnel(n + ignored, n, n, 0, 0, ignored), kind)
        for _, attributes in drawn.elements:
            at, width = (float((attributes.get(name) or "0").rstrip("%")) for name in ("x", "width"))
            if "%" in (attributes.get("width") or ""):
                assert 0 <= at <= at + width <= 100.02


class TestNobodyAsked:
    @pytest.mark.parametrize(
        ("state", "says"),
        [
            ("draft", "is a draft"),
            ("paused", "is paused"),
            ("ended", "has ended"),
            ("live", "tracks Lesson Finished for"),
        ],
    )
    def test_says_what_to_do_next(self, state, says) -> None:
        text = page(
            {}, Funnel(), survey=SurveyView("lesson-nps", "After a lesson", state, None, ("Lesson Finished",))
        ).text
        assert "Nobody has been asked yet" in text
        assert says in text

    def test_a_survey_without_events_is_shown_by_the_page(self) -> None:
        assert "tactful('show', 'k')" in page({}, Funnel(), survey=SurveyView("k", "Any time", "live")).text

    def test_the_command_can_be_pasted_whatever_the_project_is_called(self) -> None:
        text = page({}, Funnel(), project="Ann's; rm -rf").text
        assert "tactful why --project 'Ann'\"'\"'s; rm -rf' --user ID --survey lesson-nps" in text


class TestStructure:
    def test_landmarks_headings_and_navigation(self) -> None:
        shown = page(comments=[comment()])
        assert [len(shown.all(tag)) for tag in ("header", "nav", "main", "footer", "h1")] == [1, 1, 1, 1, 1]
        assert shown.all("html", lang="en")
        assert shown.all("a", href="#results")
        assert shown.all("main", id="results")
        assert [link["href"] for link in shown.all("a", **{"aria-current": "page"})] == ["/r/lesson-nps"]
        assert "Relaunch draft" in shown.text
        headings = {found["id"] for found in shown.all("h2")}
        assert {found["aria-labelledby"] for found in shown.all("section")} == headings

    @pytest.mark.parametrize(
        "html",
        [
            render_results("P", LINKS, SURVEY, summarise(KINDS["nps"], HISTOGRAM, FUNNEL), [comment("x" * 9000)], NOW),
            render_error(404, "There is nothing here", "The address is not complete."),
            render_no_surveys("Lantern"),
        ],
        ids=["results", "error", "no-surveys"],
    )
    def test_nothing_that_the_policy_forbids(self, html) -> None:
        shown = Page(html)
        assert "default-src 'none'" in PAGE_POLICY
        assert "script-src" not in PAGE_POLICY
        for tag, attributes in shown.elements:
            assert tag not in {"script", "style", "form", "iframe", "object", "img", "base"}
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
        for sheet in shown.all("link", rel="stylesheet"):
            assert re.fullmatch(r"/static/[a-z]+\.css\?v=[0-9a-f]{12}", sheet["href"])

    def test_stylesheets_are_small_and_load_nothing(self) -> None:
        sheets = {name: found.body.decode() for name, found in assets().items() if name.endswith(".css")}
        assert sheets
        for css in sheets.values():
            assert len(css.encode()) <= 12_000
            assert not re.search(r"url\(|@import|expression|!important", css)

    def test_an_error_says_its_status_and_what_to_do(self) -> None:
        text = Page(render_error(403, "Not from here", "Ask an <admin> for access.")).text
        assert "Error 403 Not from here Ask an <admin> for access." in text

    def test_a_project_without_surveys_is_told_how_to_begin(self) -> None:
        assert "tactful apply surveys.yaml --project 'My shop'" in Page(render_no_surveys("My shop")).text


HOSTILE = [
    "<script>alert(1)</script>",
    "</p></main><h1>owned</h1>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "&lt;b&gt; &amp;amp;",
    "<!-- ]]> --><![CDATA[",
    "javascript:alert(1)",
    "\u202egnp.exe \u2066\u2067",
    "a\x00b\x08c\x1b[31m",
    "👩🏽‍🏫🏳️‍🌈" * 900,
    "A" * 10_000,
    "Z\u0351\u0343" * 3_000,
    "\n" * 10_000,
    "مرحبا שלום 你好",
    "\ud800 alone",
]


class TestTextIsText:
    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_in_every_place(self, text) -> None:
        """Whatever is written, the page has the same elements as with a harmless word of the same length."""

        def shown(word: str) -> Page:
            survey = SurveyView(word, word, "live", word, (word,))
            results = summarise(KINDS["nps"], HISTOGRAM, FUNNEL)
            links = [SurveyLink(word, "/r/x", "live", current=True)]
            html = render_results(word, links, survey, results, [comment(word, user_id=word)], NOW)
            html.encode()
            return Page(html)

        hostile, harmless = shown(text), shown(re.sub(r"\S", "x", str(formats.clean(text))))
        names = [
            [tag for tag, _ in parsed.elements if tag not in {"details", "summary", "span", "p"}]
            for parsed in (hostile, harmless)
        ]
        assert names[0] == names[1]
        kept = " ".join(str(formats.clean(text)).split())
        assert hostile.text.count(kept) >= 5
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "".join(hostile.texts))

    def test_the_window_title_has_no_direction_overrides(self) -> None:
        html = render_error(404, "a\u202eb\u2066c\n d", "x")
        assert "<title>abc d - Tactful</title>" in html

    def test_names_of_strangers_are_isolated(self) -> None:
        shown = page(comments=[comment(user_id="\u202eevil")])
        assert any("\u202eevil" in text for text in shown.texts)
        assert len(shown.all("bdi")) == len(LINKS) + 1

    def test_who_and_when(self) -> None:
        text = page(comments=[comment(user_id=None, at_ms=NOW - 2 * HOUR), comment("Good", 3, "detractor")]).text
        assert "Score 9 Fine Promoter · anonymous · 2 hours ago" in text
        assert "Score 3 Good Detractor · user-42 · 1 hour ago" in text

    def test_a_long_comment_is_folded_and_complete(self) -> None:
        long = "word " * 500
        shown = page(comments=[comment(long)])
        assert len(shown.all("details")) == 2
        assert long.strip() in shown.text
        assert "Show all" in shown.text

    def test_without_comments(self) -> None:
        assert "Nobody has written anything yet" in page().text


class TestFormats:
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
    def test_percent(self, share, written) -> None:
        assert formats.percent(share) == written

    @pytest.mark.parametrize(
        ("points", "written"), [(42.5, "+43"), (-42.5, "−43"), (0.4, "0"), (-0.4, "0"), (100, "+100")]
    )
    def test_points_mirror(self, points, written) -> None:
        assert formats.figure(points, "points") == written

    @pytest.mark.parametrize(("count", "written"), [(0, "0"), (12_345, "12\u202f345"), (6.75, "6.8")])
    def test_number(self, count, written) -> None:
        assert formats.number(count) == written

    def test_one_answer(self) -> None:
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
    def test_ago(self, past_ms, written) -> None:
        assert formats.ago(NOW - past_ms, NOW) == written

    def test_times_are_utc(self) -> None:
        assert formats.date(NOW) == "21 Nov 2026, 21:10 UTC"
        assert formats.stamp(NOW) == "2026-11-21T21:10:00Z"

    @given(st.text(max_size=2000))
    def test_an_excerpt_is_the_beginning(self, text) -> None:
        head = formats.excerpt(text)
        assert head is None or (text.startswith(head) and len(head) < len(text) and len(head) <= 600)

    def test_an_excerpt_tears_no_character(self) -> None:
        family = "👨\u200d👩\u200d👧"
        head = formats.excerpt(family * 200)
        assert head is not None
        assert head == family * (len(head) // len(family))
        assert len(formats.excerpt("e" + "\u0301" * 2000)) == 420
