"""Thanks that act: what may be written, where it leads, what a page could make of it, and what people did."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tactful.core.clicks import CLICKS, clicks_in, followed, offered, offers
from tactful.core.decide import LiveSurvey
from tactful.core.intervals import proportion
from tactful.core.reading import read_survey, write_survey
from tactful.core.results import FEWEST
from tactful.core.reviews import SITES, site_of
from tactful.core.surveys import Survey
from tactful.core.telling import event_paths, lookup_in, tell
from tactful.core.texts import fill_url

SCORE = {"id": "score", "kind": "nps", "ask": "How likely?"}
WHOLE: dict[str, Any] = {
    "title": "Thank you!",
    "text": "Really",
    "action": {
        "label": {"en": "Book a call", "de": "Termin"},
        "url": {"en": "https://x.test/en", "de": "https://x.test/de"},
    },
    "share": {"text": "I learn {{event.course}}", "url": "https://x.test/?by={{traits.name}}"},
    "coupon": "{{traits.code|MONTH}}",
    "promise": {"by": "{{account.owner_name|Our team}}", "text": "I will write to you today."},
}
VALUES = {"traits": {"name": "Ada & Bo"}, "account": {"owner_name": "Noor"}, "event": {"course": "Algebra"}}


def _read(thanks: Any, **fields: Any) -> Survey:
    reading = read_survey({"key": "k", "questions": [SCORE], "thanks": thanks} | fields)
    assert reading.value is not None, reading.faults
    return reading.value


def _told(survey: Survey, locale: str = "en", variant: str | None = None) -> dict[str, Any]:
    told: dict[str, Any] = tell(LiveSurvey(survey, 1, ()), locale, lookup_in(VALUES), variant)["thanks"]
    return told


def test_thanks_are_told_in_the_persons_words() -> None:
    survey = _read(WHOLE)
    assert _told(survey)["else"] == {
        "title": "Thank you!",
        "text": "Really",
        "action": {"label": "Book a call", "url": "https://x.test/en"},
        "share": {"text": "I learn Algebra", "url": "https://x.test/?by=Ada%20%26%20Bo"},
        "coupon": "MONTH",
        "promise": {"by": "Noor", "text": "I will write to you today."},
    }
    assert _told(survey, "de")["else"]["action"] == {"label": "Termin", "url": "https://x.test/de"}
    assert event_paths(survey) == {"course"}
    assert read_survey(write_survey(survey)).value == survey


def test_what_is_not_offered_is_not_told() -> None:
    assert _told(_read({"title": "Thanks"}))["else"] == {"title": "Thanks", "text": None}
    share = {"title": "Thanks", "share": {"text": "So"}}
    assert _told(_read(share))["else"]["share"] == {"text": "So", "url": None}


def test_a_promise_without_words_is_said_in_ours() -> None:
    promise = {"title": "Thanks", "promise": {"by": "{{account.owner_name|Our team}}"}}
    assert _told(_read(promise))["else"]["promise"] == {"by": "Noor", "text": "Noor will get back to you."}
    assert "Noor" in _told(_read(promise, questions=[SCORE | {"ask": {"zh": "?"}}]), "zh")["else"]["promise"]["text"]


# Where it leads


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "HTTP://example.com:8080/a/b?c=d#e",
        "https://例え.test/ü?q=ü",
        "https://[::1]/",
        "mailto:help@example.com",
        "mailto:help@example.com?subject={{traits.name|Hello there}}",
        "https://example.com/{{traits.a}}/{{ traits.b | x y }}?c={{account.d}}#{{event.e}}",
        "https://example.com?{{traits.a}}",
    ],
)
def test_a_link_leads_to_the_web_or_to_mail(url: str) -> None:
    survey = _read({"title": "Thanks", "action": {"label": "Go", "url": url}})
    assert survey.thanks["else"].action is not None
    assert list(survey.thanks["else"].action.url.by["else"].values()) == [url]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//example.com",
        "/path",
        "example.com",
        "https:example.com",
        "https://",
        "https:///x",
        "https://a b.test/",
        "https://example.com/a b",
        "https://example.com/\x01",
        "https://trusted.test@evil.test/",
        "https://evil.test\\@trusted.test/",
        "https://[::1/",
        "https://example.com:port/",
        "https://example.com:99999/",
        "https://:80/",
        "ftp://example.com",
        "mailto:",
        "mailto:a@b@c",
        "{{traits.url}}",
        "https://{{traits.host}}/",
        "https://x{{traits.host}}",
        "https://example.com:{{traits.port}}/",
        "http{{traits.s}}://example.com/",
        "mailto:{{traits.email}}",
        "mailto:a@{{traits.host}}",
        "mailto:a@b.test,c@d.test",
        "https://a`b.test/",
        "https://example.com/{traits.a}",
        "https://example.com/{{traits.a",
        "https://example.com/{{nothing.a}}",
        "https://example.com/" + "a" * 2_000,
        7,
    ],
)
def test_nothing_else_is_a_link(url: Any) -> None:
    for thanks in ({"action": {"label": "Go", "url": url}}, {"share": {"text": "x", "url": {"en": url}}}):
        reading = read_survey({"key": "k", "questions": [SCORE], "thanks": {"title": "Thanks"} | thanks})
        [fault] = reading.faults
        assert re.match(r"thanks\.(action\.url|share\.url\.en): ", str(fault))


TEMPLATE = "https://example.com/a/{{traits.x}}/b?c={{traits.x}}&d=1#{{traits.x}}"


@given(
    st.text()
    | st.sampled_from(
        ["..", ".", "../..", "%2e%2e", "/../", "?", "#", "&d=2", "//evil.test", "\\", "\r\n", "\u202e", "\ud800"]
    )
)
def test_a_value_is_one_word_of_an_address_whoever_sent_it(value: str) -> None:
    """Nothing that a page sends as a trait leads anywhere else, adds a parameter, or ends one."""
    url = fill_url(TEMPLATE, lookup_in({"traits": {"x": value}}))
    assert re.fullmatch(r"[\x21-\x7e]+", url)
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path.count("/")) == ("https", "example.com", 3)
    assert not {".", "..", "%2e", "%2e%2e"} & {one.lower() for one in parts.path.split("/")}
    query = parse_qs(parts.query, keep_blank_values=True)
    assert query.keys() == {"c", "d"}
    assert query["d"] == ["1"]
    if value.strip("."):
        assert unquote(parts.path.split("/")[2]) == value[:200].encode(errors="replace").decode()


def test_a_fallback_is_a_word_too() -> None:
    assert fill_url("https://x.test/{{traits.x| a/b }}", lookup_in({})) == "https://x.test/a%2Fb"
    assert fill_url("https://x.test/{{traits.n}}", lookup_in({"traits": {"n": 7.5}})) == "https://x.test/7.5"


# Variants


def test_a_variant_says_a_button_otherwise() -> None:
    texts = {"thanks.action.label": {"by": {"promoter": "Go!", "else": "Oh"}}, "thanks.share.text": "We learn"}
    survey = _read(
        {"by": {"promoter": WHOLE, "else": {"title": "Thanks"}}}, variants={"warm": {"texts": texts}, "plain": {}}
    )
    told = _told(survey, variant="warm")
    assert told["promoter"]["action"] == {"label": "Go!", "url": "https://x.test/en"}
    assert told["promoter"]["share"]["text"] == "We learn"
    assert told["else"] == {"title": "Thanks", "text": None}, "a label alone makes no button"
    assert _told(survey, variant="plain") == _told(survey)


@pytest.mark.parametrize(("address", "field"), [("thanks.action.label", "action"), ("thanks.share.text", "share")])
def test_a_button_that_there_is_not_cannot_be_said_otherwise(address: str, field: str) -> None:
    written = {
        "key": "k",
        "questions": [SCORE],
        "thanks": {"title": "Thanks"},
        "variants": {"a": {"texts": {address: "x"}}},
    }
    [fault] = read_survey(written).faults
    assert str(fault) == f"variants.a.texts[`{address}`]: has nothing to stand on; give `thanks` a `{field}` first"


# Reviews


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://g.page/r/abc/review", "Google"),
        ("https://search.google.com/local/writereview?placeid=x", "Google"),
        ("https://www.google.co.uk/maps/place/x", "Google"),
        ("https://WWW.Google.de/search?q=us#lrd=0x1,3", "Google"),
        ("https://uk.trustpilot.com/evaluate/x.test", "Trustpilot"),
        ("https://www.trustpilot.com./evaluate/x.test", "Trustpilot"),
        ("https://www.g2.com/products/x/take_survey", "G2"),
        ("https://reviews.capterra.de/new", "Capterra"),
        ("https://apps.apple.com/app/id1?action=write-review", "the App Store"),
        ("https://play.google.com/store/apps/details?id=x", "Google Play"),
        ("https://www.yelp.com/writeareview/biz/x", "Yelp"),
        ("https://www.tripadvisor.com.au/UserReview", "Tripadvisor"),
        ("https://www.producthunt.com/products/x", "Product Hunt"),
        ("https://wordpress.org/support/plugin/x/reviews/", "the WordPress plugin directory"),
        ("https://google.com", None),
        ("https://docs.google.com/forms/x", None),
        ("https://www.google.com/mapsandmore", None),
        ("https://trustpilot.com.evil.test/", None),
        ("https://nottrustpilot.com/", None),
        ("https://example.com/trustpilot.com", None),
        ("https://wordpress.org/", None),
        ("mailto:a@yelp.com", None),
    ],
)
def test_a_site_of_reviews_is_known_by_its_address(url: str, name: str | None) -> None:
    found = site_of(url)
    assert (found and found.name) == name


def test_every_place_of_a_site_is_found() -> None:
    for site in SITES:
        assert site.source.startswith("https://")
        for place in site.places:
            assert site_of(f"https://www.{place.replace('.*', '.de')}") == site, place


TRUSTPILOT = {"label": "Review us", "url": "https://www.trustpilot.com/evaluate/x.test?n={{traits.name}}"}
PLAIN = {"title": "Thanks"}
REVIEWING = PLAIN | {"action": TRUSTPILOT}


@pytest.mark.parametrize(
    ("thanks", "paths"),
    [
        ({"by": {"promoter": REVIEWING, "else": PLAIN}}, ["thanks.by.promoter.action.url"]),
        ({"by": {"detractor": PLAIN, "else": REVIEWING}}, ["thanks.by.else.action.url"]),
        (
            {
                "by": {
                    "promoter": PLAIN
                    | {"share": {"text": "x", "url": {"en": "https://x.test", "de": TRUSTPILOT["url"]}}},
                    "else": PLAIN,
                }
            },
            ["thanks.by.promoter.share.url"],
        ),
        (
            {"by": {"promoter": REVIEWING, "else": PLAIN | {"action": {"label": "x", "url": "https://g.page/x"}}}},
            ["thanks.by.promoter.action.url"],
        ),
        ({"by": {"promoter": REVIEWING, "else": REVIEWING}}, []),
        ({"by": {"passive": PLAIN, "else": REVIEWING}}, []),
        ({"by": {"promoter": PLAIN, "else": REVIEWING}}, []),
        (REVIEWING, []),
        ({"by": {"promoter": PLAIN | {"action": {"label": "x", "url": "https://x.test"}}, "else": PLAIN}}, []),
    ],
)
def test_a_review_that_only_the_content_are_asked_for_draws_a_warning(thanks: Any, paths: list[str]) -> None:
    reading = read_survey({"key": "k", "questions": [SCORE], "thanks": thanks})
    assert reading.value is not None
    assert [one.path for one in reading.warnings] == paths
    for warning in reading.warnings:
        assert "leads `promoter` to Trustpilot and `detractor` not" in warning.message
        assert "https://legal.trustpilot.com/" in warning.message


def test_without_a_score_nobody_is_chosen() -> None:
    written = {"key": "k", "questions": [{"id": "a", "kind": "text", "ask": "?"}], "thanks": REVIEWING}
    assert read_survey(written).warnings == ()


# What people did


def test_clicks_are_the_bits_of_a_sum() -> None:
    assert CLICKS == ("action", "share", "copy", "coupon")
    assert [clicks_in(one) for one in (0, 1, 6, 15)] == [[], ["action"], ["share", "copy"], list(CLICKS)]


def test_what_is_offered_depends_on_the_band() -> None:
    survey = _read(
        {"by": {"promoter": PLAIN | {"share": {"text": "x"}}, "passive": PLAIN | {"coupon": "X"}, "else": PLAIN}}
    )
    assert offers(survey) == {"share", "copy", "coupon"}
    assert [offered(survey, band) for band in ("promoter", "passive", "detractor", None)] == [
        {"share", "copy"},
        {"coupon"},
        frozenset(),
        frozenset(),
    ]
    assert (offers(_read(PLAIN)), offered(_read(PLAIN), None)) == (frozenset(), frozenset())


def test_shares_are_of_those_whose_version_offered_it() -> None:
    first = _read({"by": {"promoter": PLAIN | {"coupon": "X"}, "else": PLAIN}})
    second = _read({"by": {"promoter": PLAIN | {"coupon": "X", "action": TRUSTPILOT}, "else": PLAIN | {"coupon": "Y"}}})
    answered = {(1, "promoter"): 10, (2, "promoter"): 4, (1, "detractor"): 7, (2, "detractor"): 1, (2, None): 6}
    clicks = {(1, "promoter", "coupon"): 3, (2, "promoter", "coupon"): 1, (2, "promoter", "action"): 2}
    found = followed({1: first, 2: second}, answered, clicks, ["promoter", "passive", "detractor"])
    assert [(one.band, one.part.name, one.part.count, one.part.of) for one in found] == [
        ("promoter", "action", 2, 4),
        ("promoter", "coupon", 4, 14),
        ("detractor", "coupon", 0, 1),
        (None, "coupon", 0, 6),
    ]
    shares = [one.part.share for one in found]
    assert FEWEST == 5
    assert shares == [None, proportion(4, 14, 0.95), None, proportion(0, 6, 0.95)]
