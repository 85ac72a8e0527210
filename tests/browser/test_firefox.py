"""The main journey in a Firefox as people have it: an event, the card, a score, a comment, and all of it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.firefox import Firefox, a_firefox, firefox_path
from tests.support.widget import BUTTON, Host, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("firefox")]

CARD = "[...document.querySelectorAll('*')].find((one) => one.shadowRoot)?.shadowRoot"
MIDDLE = "(one) => ((at) => [at.x + at.width / 2, at.y + at.height / 2])(one.getBoundingClientRect())"
DONE = [({"score": 9, "why": "Short & clear"}, True)]


@pytest.fixture(scope="module")
def firefox() -> Iterator[Firefox]:
    path = firefox_path()
    if not path:
        pytest.skip("no Firefox: scripts/firefox found none and could not install one; set TACTFUL_TEST_FIREFOX")
    with a_firefox(path) as running:
        running.size(1000, 800)
        yield running


@pytest.fixture
def tab(firefox: Firefox, host: Host) -> Iterator[Firefox]:
    """A page with the widget, under a strict policy and Trusted Types, that must end without an error."""
    firefox.errors.clear()
    firefox.open(host.page(attributes="data-user-id=ann", body=BUTTON))
    yield firefox
    assert firefox.evaluate("document.cookie") == ""
    assert firefox.errors == []


def in_card(tab: Firefox, expression: str) -> Any:
    """What an expression about the `card` comes to; None while there is no card."""
    return tab.evaluate(f"((card) => card && ({expression}))({CARD})")


def click(tab: Firefox, found: str) -> None:
    """Wait for what an expression about the `card` finds, and until it stands still; then click its middle."""
    middle = f"[{found}].filter((one) => one?.checkVisibility()).map({MIDDLE})[0]"
    still = "card.getAnimations().length == 0"
    until(lambda: in_card(tab, f"{still} && {middle}"))
    tab.click(*in_card(tab, middle))


def on_the_card(tab: Firefox, what: str) -> bool:
    """Whether the focus is on something of the card that a selector matches."""
    return bool(in_card(tab, f"card.activeElement?.matches({what!r})"))


def go_to(tab: Firefox, what: str) -> None:
    """Press Tab until the focus is on something of the card that a selector matches."""
    for _ in range(20):
        if on_the_card(tab, what):
            return
        tab.press("Tab")
    raise AssertionError(f"no Tab leads to {what}")


def test_by_mouse(host: Host, tab: Firefox) -> None:
    x, y = tab.evaluate("((at) => [at.x + 9, at.y + 9])(document.querySelector('button').getBoundingClientRect())")
    tab.click(x, y)
    click(tab, "card.querySelector('[value=\"9\"]').closest('label')")
    until(lambda: host.responses() == [({"score": 9}, False)])
    click(tab, "card.querySelector('textarea')")
    tab.press(*"Short & clear")
    click(tab, "card.querySelector('.primary')")
    until(lambda: host.responses() == DONE)
    until(lambda: len(host.asks("seen_at")) == 1)  # a moment in view, and by then the answers may be there


def test_by_keyboard(host: Host, tab: Firefox) -> None:
    """The card takes no focus; once somebody is in it, the focus goes along from question to question."""
    tab.evaluate("document.querySelector('button').focus()")
    tab.press("Enter")
    until(lambda: in_card(tab, "card.querySelector('[type=radio]')?.checkVisibility()"))
    assert tab.evaluate("document.activeElement.textContent") == "Finish"
    go_to(tab, "[type=radio]")
    tab.press("Space")
    while not on_the_card(tab, '[value="9"]'):
        tab.press("ArrowRight")
    tab.press("Enter")
    until(lambda: on_the_card(tab, "textarea"))
    tab.press(*"Short & clear")
    go_to(tab, ".primary")
    tab.press("Enter")
    until(lambda: host.responses() == DONE)
