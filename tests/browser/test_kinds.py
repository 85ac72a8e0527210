"""Every kind of question in the card: answered, taken back, refused and survived, on a page without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.cards import EVERY_KIND, Stage, a_stage, faults_of_card, settle, told
from tests.support.widget import Watched

pytestmark = pytest.mark.browser

ARTEFACTS = Path(__file__).parents[2] / "test-artefacts" / "card"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
KIND = {question["id"]: question for question in EVERY_KIND}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with a_stage() as made:
        yield made


def sent(seen: Watched) -> list[dict[str, Any]]:
    """The bodies of the responses that the card has sent."""
    return [body for path, body in seen.page.evaluate("sent") if path == "responses"]


def answer(seen: Watched, kind: str) -> None:
    """Answer the question that is called `kind` by pointer and keyboard, as people do."""
    card = seen.card
    if kind in ("nps", "csat", "ces", "ces5"):
        card.get_by_role("radio", name="4", exact=True).click()
    elif kind in ("stars", "rating"):
        card.get_by_role("radio", name="3 of").click()
    elif kind == "faces":
        card.get_by_role("radio", name="Satisfied", exact=True).click()
    elif kind == "thumbs":
        card.get_by_role("radio", name="Thumbs up").click()
    elif kind == "choice":
        card.get_by_role("radio", name="A lower price").click()
    else:
        fill(seen, kind)
        card.locator(".primary").click()


def fill(seen: Watched, kind: str) -> None:
    card = seen.card
    if kind == "choices":
        card.get_by_role("checkbox", name="Shorter lessons").click()
        card.get_by_role("checkbox", name="Other").click()
        card.get_by_role("textbox", name="Other").fill("Weekends")
    elif kind == "ranking":
        card.get_by_role("button", name="A lower price", exact=True).click()
        card.get_by_role("button", name="Shorter lessons", exact=True).click()
        card.get_by_role("button", name="Move up: Shorter lessons").click()
    elif kind == "date":
        card.get_by_label("When is your exam?").fill("2027-03-01")
    elif kind in ("short", "long"):
        card.get_by_role("textbox").fill(f"Some {kind} words")
    elif kind == "consent":
        card.get_by_role("checkbox").click()


ANSWERS = {
    "nps": 4,
    "csat": 4,
    "stars": 3,
    "faces": 4,
    "ces": 4,
    "ces5": 4,
    "thumbs": 1,
    "rating": 3,
    "choice": "price",
    "choices": ["speed", "other"],
    "choices.other": "Weekends",
    "ranking": ["speed", "price"],
    "date": "2027-03-01",
    "short": "Some short words",
    "long": "Some long words",
    "consent": True,
}


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), pytest.param(1280, "light", marks=pytest.mark.long)])
def test_every_kind_is_accessible_and_answered(chromium: Browser, stage: Stage, width: int, scheme: Any) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 720}, color_scheme=scheme)
    seen = stage.open(context)
    stage.draw(seen, told(*EVERY_KIND))
    for question in EVERY_KIND:
        expect(seen.card).to_have_accessible_name(question["ask"]["en"])
        if question["kind"] != "info":
            fill(seen, question["id"])
        assert faults_of_card(seen) == [], question["id"]
        if question["id"] in ("choices", "ranking", "date", "short", "long", "consent"):
            seen.card.locator(".primary").click()
        else:
            answer(seen, question["id"])
    expect(seen.card).to_have_accessible_name("Thank you!")
    last = sent(seen)[-1]
    assert last["answers"] == ANSWERS
    assert last["done"] is True
    assert [body["rev"] for body in sent(seen)] == list(range(1, len(EVERY_KIND) + 1)), "each answer is kept at once"
    assert seen.errors == seen.violations == []
    context.close()


def test_who_goes_back_finds_what_he_said_and_may_say_something_else(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context()
    seen = stage.open(context)
    reason = KIND["choice"] | {"if": ["nps", "band_is", "detractor"]}
    stage.draw(seen, told(KIND["nps"], reason, KIND["long"], intro="Half a minute."))
    expect(seen.card.get_by_role("button", name="Back")).to_have_count(0)
    seen.card.get_by_role("radio", name="3").click()
    seen.card.get_by_role("radio", name="Other").click()
    expect(seen.card.get_by_role("textbox", name="Other")).to_be_focused()
    seen.page.keyboard.type("Weekends")
    seen.page.keyboard.press("Enter")
    seen.card.get_by_role("textbox").fill("A draft")
    seen.card.get_by_role("button", name="Back").click()
    expect(seen.card.get_by_role("textbox", name="Other")).to_have_value("Weekends")
    seen.card.get_by_role("button", name="Back").click()
    expect(seen.card.get_by_role("radio", name="3")).to_be_checked()
    expect(seen.card.get_by_text("Half a minute.", exact=True)).to_be_visible()
    before = sent(seen)[-1]
    assert before["answers"] == {"nps": 3, "choice": "other", "choice.other": "Weekends", "long": "A draft"}
    seen.card.get_by_role("radio", name="10").click()
    expect(seen.card.get_by_role("textbox")).to_have_value("A draft")
    expect(seen.card.get_by_text("2 of 2")).to_be_visible()
    assert sent(seen)[-1]["answers"] == {"nps": 10, "long": "A draft"}, "what is not asked any more is dropped"
    assert sent(seen)[-1]["rev"] == before["rev"] + 1
    context.close()


def test_what_is_missing_or_too_much_is_said_and_nothing_is_lost(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context()
    seen = stage.open(context)
    required = [KIND[kind] | {"required": True} for kind in ("long", "choices", "consent")]
    stage.draw(seen, told(*required))
    go_on = seen.card.locator(".primary")
    go_on.click()
    expect(seen.card.get_by_role("alert")).to_have_text("Please answer to continue.")
    field = seen.card.get_by_role("textbox")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("Please answer to continue.")
    assert faults_of_card(seen) == []
    field.fill("x" * 200)
    expect(seen.card.get_by_role("alert")).to_have_count(0)
    expect(field).to_have_value("x" * 120)
    expect(seen.card.get_by_text("Characters left: 0").first).to_be_visible()
    go_on.click()
    boxes = seen.card.get_by_role("checkbox")
    boxes.first.click()
    go_on.click()
    expect(seen.card.get_by_role("alert")).to_have_text("Choose at least 2")
    for index in (1, 2, 3):
        boxes.nth(index).click()
    go_on.click()
    expect(seen.card.get_by_role("alert")).to_have_text("Choose up to 3")
    expect(seen.card.get_by_role("group")).to_have_accessible_description(
        "Choose at least 2 · Choose up to 3 Choose up to 3"
    )
    boxes.first.click()
    go_on.click()
    go_on.click()
    expect(seen.card.get_by_role("alert")).to_be_visible()
    assert sent(seen)[-1]["answers"] == {"long": "x" * 120, "choices": ["depth", "people", "price"]}
    link = seen.card.get_by_role("link", name="How we use it")
    expect(link).to_have_attribute("rel", "noopener")
    context.close()


def test_options_are_ranked_by_keys_alone_and_every_move_is_told(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context()
    seen = stage.open(context)
    stage.draw(seen, told(KIND["ranking"], KIND["long"]))
    press = seen.page.keyboard.press
    seen.card.get_by_role("button", name="A lower price").focus()
    press("Space")
    expect(seen.card.get_by_role("status")).to_have_text("A lower price: place 1 of 3")
    expect(seen.card.get_by_role("button", name="A lower price", pressed=True)).to_be_focused()
    seen.card.get_by_role("button", name="Shorter lessons").focus()
    press("Enter")
    for _ in range(2):
        press("Tab")
    press("Shift+Tab")
    expect(seen.card.get_by_role("button", name="Move up: Shorter lessons")).to_be_focused()
    press("Enter")
    expect(seen.card.get_by_role("status")).to_have_text("Shorter lessons: place 1 of 3")
    expect(seen.card.get_by_role("button", name="Move up: Shorter lessons")).to_be_focused()
    press("Enter")
    assert faults_of_card(seen) == []
    seen.card.get_by_role("button", name="More contact").click()
    seen.card.get_by_role("button", name="More depth").click(force=True)
    expect(seen.card.get_by_role("button", name="More depth")).to_have_attribute("aria-disabled", "true")
    seen.card.get_by_role("button", name="1 Shorter lessons").click()
    seen.card.get_by_role("button", name="Next").click()
    assert sent(seen)[-1]["answers"] == {"ranking": ["price", "people"]}
    seen.card.get_by_role("button", name="Back").click()
    expect(seen.card.get_by_role("button", name="2 More contact", pressed=True)).to_be_visible()
    context.close()


def test_a_draft_is_kept_when_the_page_is_left(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context()
    seen = stage.open(context)
    stage.draw(seen, told(KIND["stars"], KIND["choices"], KIND["long"]))
    leave = "dispatchEvent(new Event('pagehide'))"
    seen.page.evaluate(leave)
    assert sent(seen) == []
    answer(seen, "stars")
    seen.card.get_by_role("checkbox").first.click()
    seen.page.evaluate(leave)
    assert sent(seen)[-1] == {"ask": "an-ask-of-tests", "rev": 2, "answers": {"stars": 3}, "done": False}
    seen.card.get_by_role("checkbox").nth(1).click()
    seen.page.evaluate(leave)
    assert sent(seen)[-1]["answers"] == {"stars": 3, "choices": ["speed", "depth"]}
    context.close()


def test_having_read_a_message_is_the_response(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context()
    seen = stage.open(context)
    stage.draw(seen, told(KIND["info"]))
    seen.card.get_by_role("button", name="Got it").click()
    assert sent(seen) == [{"ask": "an-ask-of-tests", "rev": 1, "answers": {}, "done": True}]
    context.close()


HOSTILE = "\u202e<b>x</b> " + "a\u0301\u0323\u0330" * 60 + "W" * 300 + "👩‍👩‍👧‍👦🏳️‍🌈" * 20 + " لا" * 40
LONG = (HOSTILE * 20)[:10_000]


def hostile() -> dict[str, Any]:
    """What no server sends: every text of every kind far longer than it may be, and in every script at once."""
    survey = told(*(KIND[kind] for kind in ("stars", "choice", "ranking", "long", "consent", "info")), intro="…")
    for question in survey["questions"]:
        question["ask"] = LONG
        for name in ("low", "high", "placeholder", "label", "button", "other"):
            if question.get(name):
                question[name] = HOSTILE
        question["options"] = [[f"o{index}", HOSTILE] for index in range(20)]
        question["link"] = [HOSTILE, "https://example.com/"]
    survey["intro"] = LONG
    survey["thanks"] = {"else": {"title": LONG, "text": LONG}}
    return survey


@pytest.mark.parametrize("width", [320, pytest.param(1280, marks=pytest.mark.long)])
def test_no_text_breaks_the_card(chromium: Browser, stage: Stage, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 600})
    seen = stage.open(context)
    stage.draw(seen, hostile())
    for _ in range(6):
        assert_it_fits(seen)
        expect(seen.card.get_by_role("button", name="Don't ask me again")).to_be_in_viewport()
        if seen.card.get_by_role("radio").count():
            seen.card.get_by_role("radio").nth(1).click()
        else:
            seen.card.locator(".primary").click()
    expect(seen.card.locator(".thanks")).to_be_visible()
    assert_it_fits(seen)
    assert seen.errors == seen.violations == []
    context.close()


def assert_it_fits(seen: Watched) -> None:
    """Nothing is wider than the card, the card stands within the window, and what leads on is in view."""
    settle(seen)
    width, height, beyond, page = seen.page.evaluate(
        """() => {
          const card = document.querySelector('tactful-card').shadowRoot.querySelector('.card')
          const { top, bottom, left, right } = card.getBoundingClientRect()
          const fits = top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth
          const wide = [...card.querySelectorAll('form *')].filter((one) => one.getBoundingClientRect().right > right)
          const { scrollWidth } = document.documentElement
          return [card.scrollWidth <= card.clientWidth, fits, wide.length, scrollWidth <= innerWidth]
        }"""
    )
    assert (width, height, beyond, page) == (True, True, 0, True)
    expect(seen.card.get_by_role("button", name="Close")).to_be_in_viewport()


@pytest.mark.long
def double_texts(seen: Watched) -> None:
    """Make every text of the card twice as large."""
    seen.page.evaluate(
        """() => {
          for (const one of document.querySelector('tactful-card').shadowRoot.querySelectorAll('.card *')) {
            if (one.style.fontSize || one.matches('svg, path')) continue
            one.dataset.size = parseFloat(getComputedStyle(one).fontSize) * 2 + 'px'
          }
          for (const one of document.querySelector('tactful-card').shadowRoot.querySelectorAll('[data-size]'))
            one.style.fontSize = one.dataset.size
        }"""
    )


def test_text_of_twice_the_size_is_all_there(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 640})
    seen = stage.open(context)
    stage.draw(seen, told(*EVERY_KIND))
    for question in EVERY_KIND:
        expect(seen.card).to_have_accessible_name(question["ask"]["en"])
        double_texts(seen)
        assert_it_fits(seen)
        answer(seen, question["id"])
    context.close()


def test_it_stands_inside_the_element_that_it_names(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    seen = stage.open(context, '<div id="here" style="width:500px"></div>')
    inside = told(KIND["stars"], KIND["info"], look={"position": "inline", "target": "here", "radius": 4})
    stage.draw(seen, inside)
    region = seen.page.get_by_role("region", name="How was the help you got today?")
    expect(region).to_be_visible()
    assert seen.page.evaluate("host.parentElement.id") == "here"
    assert faults_of_card(seen) == []
    seen.page.get_by_role("radio", name="5 of").click()
    seen.page.keyboard.press("Escape")
    expect(region).to_have_count(0)
    stage.draw(seen, told(KIND["stars"], look={"position": "inline", "target": "nowhere"}))
    box = seen.card.bounding_box()
    assert box is not None
    assert round(box["x"] + box["width"]) == 1280 - 20
    assert round(box["y"] + box["height"]) == 800 - 20
    context.close()


def test_the_pages_style_sets_what_the_card_offers(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context()
    stage.pages["/own.css"] = "tactful-card { --tactful-paper: #102030; --tactful-radius: 3px; color: red }"
    seen = stage.open(context, head='<link rel="stylesheet" href="/own.css">')
    stage.draw(seen, told(KIND["nps"]))
    style = seen.card.evaluate(
        "card => { const s = getComputedStyle(card); return [s.backgroundColor, s.borderRadius] }"
    )
    assert style == ["rgb(16, 32, 48)", "3px"]
    context.close()


@pytest.mark.long
@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("look", ["phone-light", "phone-dark", "desktop-light", "desktop-dark"])
def test_every_kind_is_to_be_looked_at(chromium: Browser, stage: Stage, look: str, locale: str) -> None:
    """A picture of every kind is kept in test-artefacts/card, for eyes."""
    place, _, scheme = look.partition("-")
    options: dict[str, Any] = PHONE if place == "phone" else {"viewport": {"width": 1280, "height": 800}}
    context = chromium.new_context(**options, color_scheme="dark" if scheme == "dark" else "light")
    seen = stage.open(context)
    hello = {"id": "hello", "kind": "info", "ask": "…"}
    for question in EVERY_KIND:
        stage.draw(seen, told(hello, question, KIND["long"] | {"id": "last"}, locale=locale))
        seen.card.locator(".primary").click()
        expect(seen.card).to_have_accessible_name(question["ask"][locale])
        settle(seen)
        path = ARTEFACTS / f"{question['id']}-{look}-{locale}.png"
        seen.card.screenshot(path=path)
        assert path.stat().st_size > 1_000
    assert seen.errors == seen.violations == []
    context.close()
