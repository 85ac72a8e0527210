"""Every kind of question by keyboard alone, before a real server, in every look, with axe-core at each step.

What was answered is in the database as it was answered. Screenshots of each step are kept in test-artefacts/keyboard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.test_kinds import assert_it_fits, double_texts
from tests.support.cards import EVERY_KIND, Stage, a_stage, faults_of_card, settle, told
from tests.support.server import Server
from tests.support.service import a_survey
from tests.support.widget import BUTTON, Host, Watched, a_host, until, watch

pytestmark = pytest.mark.browser

ARTEFACTS = Path(__file__).parents[2] / "test-artefacts" / "keyboard"
PHONE, DESKTOP = (390, 780), (1280, 800)

#: Two looks that differ in everything; the six others are left to `make test-all`.
LOOKS = [
    (PHONE, "dark", "ar"),
    (DESKTOP, "light", "en"),
    *(
        pytest.param(size, scheme, locale, marks=pytest.mark.long)
        for size in (PHONE, DESKTOP)
        for scheme in ("light", "dark")
        for locale in ("en", "ar")
        if (size, scheme, locale) not in ((PHONE, "dark", "ar"), (DESKTOP, "light", "en"))
    ),
]

ANSWERS = {
    "nps": 3,
    "csat": 4,
    "stars": 4,
    "faces": 4,
    "ces": 4,
    "ces5": 4,
    "thumbs": 1,
    "rating": 4,
    "choice": "other",
    "choice.other": "Weekends",
    "choices": ["speed", "other"],
    "choices.other": "Exams & more",
    "ranking": ["depth", "speed"],
    "date": "2027-03-01",
    "short": "Damascus",
    "long": "Less talk. العربية",
    "consent": 1,
}


@pytest.fixture(scope="module")
def host(server: Server) -> Iterator[Host]:
    """A project that asks one question of every kind and display."""
    survey = a_survey(
        questions=EVERY_KIND,
        intro={"en": "Two minutes, at most.", "ar": "دقيقتان على الأكثر."},
        look={"accent": "#ffd43b"},
    )
    with a_host(server.url, server.path, survey) as made:
        yield made


class Hands:
    """Somebody at a keyboard: no pointer comes near the page."""

    def __init__(self, seen: Watched) -> None:
        self.seen = seen
        self.press = seen.page.keyboard.press
        self.type = seen.page.keyboard.type

    def on(self, what: str) -> bool:
        """Whether the focus is on something of the card that a selector matches."""
        return bool(
            self.seen.page.evaluate(
                "what => document.querySelector('tactful-card').shadowRoot.activeElement?.matches(what) ?? false", what
            )
        )

    def go_to(self, what: str, key: str = "Tab") -> None:
        """Press `key` until the focus is on what a selector matches."""
        for _ in range(30):
            if self.on(what):
                return
            self.press(key)
        raise AssertionError(f"no {key} leads to {what}")

    def step(self, times: int) -> None:
        """Choose the first step of a scale and go on by so many; down is onwards in every direction of writing."""
        self.go_to("[type=radio]")
        self.press("Space")
        for _ in range(times):
            self.press("ArrowDown")

    def choose_other(self) -> None:
        self.go_to("[type=radio]")
        self.press("Space")
        self.go_to("[value=other]", "ArrowDown")
        self.go_to(".field")
        self.type("Weekends")

    def tick_some(self) -> None:
        self.go_to("[value=speed]")
        self.press("Space")
        self.go_to("[value=other]")
        self.press("Space")
        self.go_to(".field")
        self.type("Exams & more")

    def rank(self) -> None:
        """Rank the first two, and then the second above the first."""
        self.go_to(".row:nth-child(1) .rank")
        self.press("Space")
        self.go_to(".row:nth-child(2) .rank")
        self.press("Enter")
        self.go_to(".row:nth-child(2) .move")
        self.press("Enter")

    def write(self, text: str) -> Callable[[], None]:
        def written() -> None:
            self.go_to(".field")
            self.type(text)

        return written

    def consent(self) -> None:
        self.go_to("[type=checkbox]")
        self.press("Space")


def answer_of(hands: Hands, question: str) -> None:
    """Answer `question`, and do not go on yet."""
    ways: dict[str, Callable[[], None]] = {
        "thumbs": lambda: hands.step(1),
        "choice": hands.choose_other,
        "choices": hands.tick_some,
        "ranking": hands.rank,
        "date": hands.write("03012027"),
        "short": hands.write("Damascus"),
        "long": hands.write("Less talk. العربية"),
        "consent": hands.consent,
        "info": lambda: None,
    }
    ways.get(question, lambda: hands.step(3))()


def begin(context: BrowserContext, host: Host, user: str, locale: str = "en") -> Watched:
    """Go to a page in `locale`, be asked on it, and bring the card's look to rest."""
    seen = watch(context)
    address = host.page(attributes=f"data-user-id={user}", body=BUTTON)
    host.pages["/"] = host.pages["/"].replace('lang="en"', f'lang="{locale}"')
    seen.page.goto(address)
    seen.page.get_by_role("button", name="Finish").focus()
    seen.page.keyboard.press("Enter")
    expect(seen.card).to_be_visible()
    settle(seen)
    return seen


@pytest.mark.parametrize(("size", "scheme", "locale"), LOOKS)
def test_every_kind_is_answered_by_keyboard_and_accessible(
    chromium: Browser, host: Host, size: tuple[int, int], scheme: Any, locale: str
) -> None:
    width, height = size
    look = f"{'phone' if size == PHONE else 'desktop'}-{scheme}-{locale}"
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-US")
    seen = begin(context, host, look, locale)
    hands, before = Hands(seen), len(host.responses())
    for number, question in enumerate(EVERY_KIND, 1):
        expect(seen.card).to_have_accessible_name(question["ask"][locale])
        assert faults_of_card(seen) == [], question["id"]
        answer_of(hands, question["id"])
        assert faults_of_card(seen) == [], f"{question['id']}, answered"
        seen.page.screenshot(path=ARTEFACTS / f"{look}-{number:02}-{question['id']}.png")
        # Enter where the answer was given sends it; what has keys of its own for it has the button.
        if question["id"] in ("choices", "ranking", "date", "long", "consent", "info"):
            hands.go_to(".primary")
        hands.press("Enter")
    expect(seen.card.locator(".thanks")).to_be_visible()
    assert faults_of_card(seen) == []
    seen.page.screenshot(path=ARTEFACTS / f"{look}-thanks.png")
    hands.press("Escape")
    expect(seen.page.get_by_role("button", name="Finish")).to_be_focused()
    until(lambda: (ANSWERS, True) in host.responses()[before:])
    assert len(host.responses()) == before + 1, "one response, however many revisions"
    assert seen.errors == seen.violations == []
    context.close()


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with a_stage() as made:
        yield made


#: At how many of three places of the focused element (top, middle and bottom) nothing lies over it.
SEEN = """() => {
  const root = document.querySelector('tactful-card').shadowRoot
  const one = root.activeElement
  const { x, y, width, height, bottom } = one.getBoundingClientRect()
  return [y + 4, y + height / 2, bottom - 4].filter((at) => {
    const hit = root.elementFromPoint(x + width / 2, at)
    return hit && (one.contains(hit) || one.closest('label')?.contains(hit))
  }).length
}"""
MARKED = """() => {
  const root = document.querySelector('tactful-card').shadowRoot
  const looks = (selector) => [...root.querySelectorAll(selector)].map((one) => getComputedStyle(one).backgroundColor)
  const outlined = [...root.querySelectorAll('*')].filter((one) => getComputedStyle(one).outlineStyle == 'solid')
  const names = outlined.map((one) => one.className || one.localName)
  return [looks(':checked + span'), looks('input:not(:checked) + span'), names, root.getAnimations().length]
}"""
SOME = ("nps", "choices", "ranking", "date", "long")


def test_where_all_colours_are_the_systems_what_is_chosen_and_focused_shows(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context(forced_colors="active", reduced_motion="reduce")
    seen = stage.open(context)
    hands = Hands(seen)
    for question in (one for one in EVERY_KIND if one["id"] in SOME):
        stage.draw(seen, told(question))
        answer_of(hands, question["id"])
        chosen, others, outlined, moving = seen.page.evaluate(MARKED)
        assert not set(chosen) & set(others), question["id"]
        assert outlined, question["id"]
        assert moving == 0
        seen.page.screenshot(path=ARTEFACTS / f"forced-{question['id']}.png")
        hands.go_to(".quiet")
        assert seen.page.evaluate(MARKED)[2] == ["quiet"], "nothing else looks as if it had the focus"
    context.close()


def test_with_texts_of_twice_the_size_in_a_small_window_the_focus_is_in_view(chromium: Browser, stage: Stage) -> None:
    context = chromium.new_context(viewport={"width": 400, "height": 320})
    seen = stage.open(context)
    hands = Hands(seen)
    for question in (one for one in EVERY_KIND if one["id"] in SOME):
        stage.draw(seen, told(question, EVERY_KIND[-1]))
        double_texts(seen)
        if question["id"] == "ranking":
            # The last option becomes the first, and the focus goes there with it; and back again.
            hands.go_to(".row:last-child .rank")
            for _ in range(2):
                hands.press("Space")
                assert seen.page.evaluate(SEEN) > 1
        answer_of(hands, question["id"])
        assert seen.page.evaluate(SEEN) > 1, question["id"]
        assert_it_fits(seen)
        seen.page.screenshot(path=ARTEFACTS / f"small-{question['id']}.png")
        hands.go_to(".primary")
        assert seen.page.evaluate(SEEN) > 1, question["id"]
        hands.press("Enter")
        expect(seen.card).to_have_accessible_name(EVERY_KIND[-1]["ask"]["en"])
    context.close()
