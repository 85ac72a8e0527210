"""Hostile texts in every place of a survey that has a text: shown as texts, within the card, and nothing of them runs.

The card is given what no server of ours sends: texts twenty times as long as they may be, links that a browser would
run, and ids that are names of what every object has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support.cards import EVERY_KIND, Stage, a_stage, settle, told
from tests.support.widget import Watched

pytestmark = pytest.mark.browser

MARK = "Ünïcödé"
HOSTILE = (
    f'{MARK}</p></style></script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
    "javascript:window.hacked=1 {{traits.name|x}} ${hacked=1} {n}{max} $& $` "
    "\u202eright to left\u2066\u202e "
    + "a\u0301\u0323\u0330\u0489" * 60
    + "W" * 400
    + "👩‍👩‍👧‍👦🏳️‍🌈🇺🇳" * 20
    + " لا﷽" * 40
)
LONG = (HOSTILE * 20)[:10_000]
SCRIPT = "javascript:window.hacked=1"
#: Names that every object of a page has: an id may be one of them, and stands for nothing but itself.
INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty"]

THANKS = {
    "title": LONG,
    "text": LONG,
    "action": {"label": LONG, "url": SCRIPT},
    "share": {"text": LONG, "url": SCRIPT},
    "coupon": LONG,
    "promise": {"by": LONG, "text": LONG},
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with a_stage() as made:
        yield made


def hostile() -> dict[str, Any]:
    """One question of every kind and display with hostile texts in all places, and such thanks, intro and logo."""
    survey = told(*EVERY_KIND)
    for question in survey["questions"]:
        for place in ("ask", "low", "high", "placeholder", "label", "button", "other"):
            if question.get(place):
                question[place] = LONG
        if question.get("options"):
            question["options"] = [[one, LONG] for one in INHERITED]
        if question.get("link"):
            question["link"] = [LONG, SCRIPT]
    survey["intro"] = LONG
    survey["look"]["logo"] = {"url": SCRIPT, "alt": LONG}
    return survey | {"thanks": {"else": THANKS, "__proto__": THANKS}}


def go_on(seen: Watched, question: dict[str, Any]) -> None:
    """Answer `question` as far as it takes to go on."""
    card = seen.card
    if question["control"] in ("scale", "stars", "faces", "thumbs", "choice"):
        # By script, since its label is far taller than the window.
        card.get_by_role("radio").first.evaluate("radio => radio.click()")
    elif question["control"] == "choices":
        for box in (0, 1):
            card.get_by_role("checkbox").nth(box).evaluate("box => box.click()")
    elif question["control"] == "ranking":
        card.locator(".rank").first.evaluate("one => one.click()")
    card.locator("form").dispatch_event("input")
    card.locator(".primary").click()


def assert_harmless(seen: Watched) -> None:
    """Nothing ran, nothing became an element or a link, and all of it is within the card, and the card in view."""
    settle(seen)
    found = seen.page.evaluate(
        """() => {
          const root = document.querySelector('tactful-card').shadowRoot
          const card = root.querySelector('.card')
          const { top, bottom, left, right } = card.getBoundingClientRect()
          const inside = [...card.querySelectorAll('.content, .content *:not(.live)')]
          return {
            ran: window.hacked ?? {}.hacked ?? null,
            grown: root.querySelectorAll('script, style, iframe, img:not(.logo)').length,
            links: [...root.querySelectorAll('a')].map((one) => one.protocol).filter((one) => one == 'javascript:'),
            inView: top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth,
            wide: inside.filter((one) => one.getBoundingClientRect().right > right + 0.5).map((one) => one.className),
            scrolls: card.scrollWidth > card.clientWidth,
            page: document.documentElement.scrollWidth > innerWidth,
          }
        }"""
    )
    assert found == {
        "ran": None, "grown": 0, "links": [], "inView": True, "wide": [], "scrolls": False, "page": False
    }  # fmt: skip
    expect(seen.card.get_by_role("button", name="Close")).to_be_in_viewport()


def test_every_text_of_a_survey_is_a_text(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 600})
    seen = stage.open(context)
    survey = hostile()
    stage.draw(seen, survey)
    for question in survey["questions"]:
        expect(seen.card.locator("#ask")).to_have_text(LONG, use_inner_text=False)
        for place in ("low", "high", "label", "button", "other"):
            if question.get(place):
                assert seen.card.get_by_text(LONG[:200]).count() > 1, (question["id"], place)
        assert_harmless(seen)
        go_on(seen, question)
    expect(seen.card.locator(".thanks #ask")).to_have_text(LONG)
    expect(seen.card.locator(".acts")).to_contain_text(LONG[:1_000])
    for name in ("coupon", "copy"):
        expect(seen.card.locator(f"textarea.{name}")).to_have_value(re.compile(f"^{MARK}</p></style>"))
    assert_harmless(seen)
    sent = [body for path, body in seen.page.evaluate("sent") if path == "responses"][-1]
    assert sent["done"] is True
    assert (sent["answers"]["choice"], sent["answers"]["choices"]) == ("__proto__", INHERITED[:2])
    assert sent["answers"]["ranking"] == ["__proto__"]
    assert seen.errors == []
    context.close()


def test_a_question_may_be_called_as_what_every_object_has(chromium: Browser, stage: Stage) -> None:
    """Nothing is inherited: neither an earlier answer nor a band is found where there is none."""
    context = chromium.new_context()
    seen = stage.open(context)
    survey = told(*(EVERY_KIND[0] | {"id": f"q{number}"} for number in range(len(INHERITED))))
    for question, name in zip(survey["questions"], INHERITED, strict=True):
        question["id"] = name
    stage.draw(seen, survey)
    for _ in INHERITED:
        expect(seen.card.get_by_role("radio", checked=True)).to_have_count(0)
        seen.card.get_by_role("radio", name="9").click()
    expect(seen.card).to_have_accessible_name("Thank you!")
    last = seen.page.evaluate("JSON.stringify(sent.filter(([path]) => path == 'responses').at(-1)[1].answers)")
    assert last == "{" + ",".join(f'"{name}":9' for name in INHERITED) + "}"
    assert seen.errors == seen.violations == []
    context.close()
