"""The results page in a real Chromium, under its own policy: nothing runs, nothing is blocked, nothing overflows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, sync_playwright

from tactful.core.kinds import KINDS
from tactful.core.results import Funnel, summarise
from tactful.web.assets import assets
from tactful.web.results_page import (
    PAGE_POLICY,
    Comment,
    SurveyLink,
    SurveyView,
    render_error,
    render_results,
)

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "widget" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
NOW = 1_795_295_400_000
LINKS = [SurveyLink(f"Survey {n}", f"/r/{n}", state, n == 2) for n, state in enumerate(("draft", "live", "ended") * 3)]
SURVEY = SurveyView("after", "After a lesson", "live", "How likely are you to recommend us?", ("Lesson Finished",))
HOSTILE = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\"><svg onload=\"document.title='owned'\">",
    "\u202egnp.exe \u2066\u2067 مرحبا",
    "👩🏽‍🏫" * 1500,
    "A" * 10_000,
    "Z\u0351\u0343" * 3_000,
    "line\n" * 2_000,
)


def results_page(kind: str, histogram: dict[int, int], asked: int) -> str:
    n = sum(histogram.values())
    results = summarise(KINDS[kind], histogram, Funnel(asked, asked, n, 0, 0, asked - n))
    comments = [Comment(text, 0, KINDS[kind].bands[0].name, NOW - 9, text) for text in HOSTILE]
    return render_results("Lantern", LINKS, SURVEY, results, comments, NOW)


PAGES = {
    "full": results_page("nps", {score: 3 * score + 1 for score in range(11)}, 700),
    "small": results_page("csat", {5: 6, 3: 1, 1: 2}, 30),
    "average": results_page("ces", {7: 60, 4: 9, 1: 3}, 90),
    "few": results_page("nps", {10: 1, 0: 1}, 4),
    "nobody": results_page("nps", {}, 0),
    "error": render_error(404, "There is nothing here", "The address is not complete."),
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield browser
        browser.close()


def serve(context: BrowserContext, html: str) -> list[str]:
    """Answer every request of the context by hand; return the addresses asked for, as they come."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        name = route.request.url.partition("?")[0].rpartition("/")[2]
        if name in assets():
            route.fulfill(body=assets()[name].body, content_type=assets()[name].media_type)
        else:
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": PAGE_POLICY}
            route.fulfill(body=html, headers=headers)

    context.route("**/*", answer)
    return asked


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_is_inert_and_fits(chromium: Browser, name: str, width: int) -> None:
    with chromium.new_context(viewport={"width": width, "height": 800}) as context:
        asked = serve(context, PAGES[name])
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("http://tactful.test/results")
        assert {address.partition("?")[0].rpartition("/")[2] for address in asked} <= {"results", *assets()}
        assert page.title() != "owned"
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert complaints == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core comes with the widget's development packages")
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_is_accessible(chromium: Browser, name: str, width: int, scheme: Literal["light", "dark"]) -> None:
    with chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:
        serve(context, PAGES[name])
        page = context.new_page()
        page.goto("http://tactful.test/results")
        page.evaluate(AXE.read_text())
        report = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
        assert [(found["id"], found["nodes"][0]["html"]) for found in report["violations"]] == []
