"""Any survey in the real card, on a page under a strict policy, without a server.

The survey is read and told by the product's own code, so what is drawn here is what `POST /w/asks` would bring. What
the card sends is kept in the page's `sent`, as `[path, body]`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, expect

from tactful.core.decide import LiveSurvey
from tactful.core.reading.whole import read_survey
from tactful.core.telling import lookup_in, tell
from tactful.web.files import BUILT
from tests.support.axe import faults_of
from tests.support.browser import pages_on_another_origin
from tests.support.service import a_survey
from tests.support.widget import Watched, watch

__all__ = ["EVERY_KIND", "Stage", "a_stage", "faults_of_card", "settle", "told"]

POLICY = "default-src 'self'; img-src 'self' data: https:; require-trusted-types-for 'script'; trusted-types tactful"


def _both(english: str, arabic: str) -> dict[str, str]:
    return {"en": english, "ar": arabic}


def _asks(name: str, kind: str, english: str, arabic: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, **fields, "ask": _both(english, arabic)}


_COURSES = [
    {"id": "speed", "label": _both("Shorter lessons", "دروس أقصر")},
    {"id": "depth", "label": _both("More depth, with exercises and worked examples", "مزيد من العمق والتمارين")},
    {"id": "people", "label": _both("More contact with teachers", "تواصل أكثر مع المعلمين")},
    {"id": "price", "label": _both("A lower price", "سعر أقل")},
]

#: One question of every kind and display, in English and Arabic. What it is called is its id.
EVERY_KIND: list[dict[str, Any]] = [
    _asks("nps", "nps", "How likely are you to recommend Lantern to a friend?", "ما احتمال أن توصي صديقًا بلانترن؟"),
    _asks("csat", "csat", "How satisfied are you with this lesson?", "هل أنت راضٍ عن الدرس؟"),
    _asks("stars", "csat", "How was the help you got today?", "كيف كانت المساعدة اليوم؟", display="stars"),
    _asks("faces", "csat", "How do you feel about your week?", "ما شعورك حيال أسبوعك؟", display="faces"),
    _asks("ces", "ces", "How easy was it to book a lesson?", "هل كان حجز الدرس سهلًا؟"),
    _asks("ces5", "ces", "How easy was it to log in?", "هل كان الدخول سهلًا؟", points=5),
    _asks("thumbs", "thumbs", "Did this answer your question?", "هل أجاب هذا عن سؤالك؟"),
    _asks("rating", "rating", "How would you rate your teacher?", "كيف تقيّم معلمك؟", points=10),
    _asks("choice", "choice", "What would help you most?", "ما الذي يساعدك أكثر؟", other=True, options=_COURSES),
    _asks(
        "choices",
        "choices",
        "Which of these do you miss?",
        "أي من هذه تفتقده؟",
        other=True,
        least=2,
        most=3,
        options=_COURSES,
    ),
    _asks("ranking", "ranking", "What matters most to you?", "ما الأهم بالنسبة إليك؟", most=3, options=_COURSES),
    _asks("date", "date", "When is your exam?", "متى امتحانك؟", earliest="2026-01-01", latest="2030-12-31"),
    _asks(
        "short",
        "text",
        "Where do you learn?",
        "أين تتعلم؟",
        lines="short",
        placeholder=_both("A city or a region", "مدينة أو منطقة"),
    ),
    _asks(
        "long",
        "text",
        "What should we do better?",
        "ما الذي ينبغي أن نحسّنه؟",
        max_length=120,
        placeholder=_both("A sentence is enough", "جملة واحدة تكفي"),
    ),
    _asks(
        "consent",
        "consent",
        "May we get back to you?",
        "هل يمكننا التواصل معك؟",
        label=_both("Yes, you may write to me about my answers", "نعم، يمكنكم مراسلتي بشأن إجاباتي"),
        link={"label": _both("How we use it", "كيف نستخدمها"), "url": "https://example.com/privacy"},
    ),
    _asks(
        "info",
        "info",
        "Lessons can now be moved to another day.",
        "يمكن الآن نقل الدروس إلى يوم آخر.",
        button=_both("Got it", "حسنًا"),
    ),
]

_SCRIPT = """
window.sent = []
window.tactful = {}
const policy = trustedTypes.createPolicy('tactful', { createScriptURL: (url) => url })
const load = ({ url }) => new Promise((onload) => {
  const script = document.createElement('script')
  document.head.append(Object.assign(script, { src: policy.createScriptURL(url), onload, onerror: onload }))
})
window.stage = async (survey) => {
  window.host?.remove()
  if (!tactful.card) await load({ url: '/card.js' })
  const listeners = [['answered', (detail) => (window.heard = detail)]]
  const post = (path, body) => sent.push([path, body])
  window.host = tactful.card({ ask: 'an-ask-of-tests', survey }, post, listeners, load)
}
"""


def told(*questions: dict[str, Any], locale: str = "en", **fields: Any) -> dict[str, Any]:
    """What the card is sent for a survey of `questions` and other `fields`, as they are written in a file.

    Raises `AssertionError` with the faults of a definition that cannot be read.
    """
    reading = read_survey(a_survey(questions=list(questions), **fields))
    assert reading.value is not None, reading.faults
    survey = tell(LiveSurvey(reading.value, 1, ()), locale, lookup_in({"project": {"name": "Lantern"}}))
    if any(question.kind.apart for question in reading.value.questions):
        survey["more"] = {"url": "/more.js", "integrity": ""}
    return survey


@dataclass(frozen=True)
class Stage:
    """Pages that hold a card and nothing of a server."""

    origin: str
    pages: dict[str, str]

    def open(self, context: BrowserContext, body: str = "", *, head: str = "", lang: str = "en") -> Watched:
        """An empty page of a product in `context`."""
        self.pages["/"] = f"""<!doctype html><html lang="{lang}"><meta name="viewport" content="width=device-width">
            <title>Product</title>{head}<link rel="stylesheet" href="/css"><script src="/stage.js"></script>
            <main><h1>Product</h1><p>A page of somebody else.</p><button>Before</button>{body}</main></html>"""
        seen = watch(context)
        seen.page.goto(self.origin)
        return seen

    def draw(self, seen: Watched, survey: dict[str, Any]) -> None:
        """Draw `survey` on the page in place of what was drawn, and wait until it stands still."""
        seen.page.evaluate("survey => stage(survey)", survey)
        expect(seen.page.locator("tactful-card .card")).to_be_visible()
        settle(seen)


def settle(seen: Watched) -> None:
    """Wait for the end of the animations."""
    seen.page.evaluate(
        """async () => {
          const card = document.querySelector('tactful-card').shadowRoot
          await Promise.all(card.getAnimations().map((one) => one.finished.catch(() => 0)))
        }"""
    )


def faults_of_card(seen: Watched) -> list[str]:
    """What axe-core finds or doubts about the card once it stands still."""
    settle(seen)
    return faults_of(seen.page, "tactful-card", doubts=True)


@contextlib.contextmanager
def a_stage() -> Iterator[Stage]:
    """Serve the built card with a page for it."""
    pages = {
        "/stage.js": _SCRIPT,
        "/css": ":root { color-scheme: light dark; font-family: system-ui, sans-serif } body { margin: 24px }",
    }
    pages |= {f"/{name}.js": (BUILT / f"{name}.js").read_text(encoding="utf-8") for name in ("card", "more")}
    with pages_on_another_origin(pages, POLICY) as origin:
        yield Stage(origin, pages)
