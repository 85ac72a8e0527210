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

_COURSES = [
    {"id": "speed", "label": {"en": "Shorter lessons", "ar": "دروس أقصر"}},
    {"id": "depth", "label": {"en": "More depth, with exercises and worked examples", "ar": "مزيد من العمق والتمارين"}},
    {"id": "people", "label": {"en": "More contact with teachers", "ar": "تواصل أكثر مع المعلمين"}},
    {"id": "price", "label": {"en": "A lower price", "ar": "سعر أقل"}},
]

#: One question of every kind and display, in English and Arabic. What it is called is its id.
EVERY_KIND: list[dict[str, Any]] = [
    {
        "id": "nps",
        "kind": "nps",
        "ask": {"en": "How likely are you to recommend Lantern to a friend?", "ar": "ما احتمال أن توصي صديقًا بلانترن؟"},
    },
    {
        "id": "csat",
        "kind": "csat",
        "ask": {"en": "How satisfied are you with this lesson?", "ar": "هل أنت راضٍ عن الدرس؟"},
    },
    {
        "id": "stars",
        "kind": "csat",
        "display": "stars",
        "ask": {"en": "How was the help you got today?", "ar": "كيف كانت المساعدة اليوم؟"},
    },
    {
        "id": "faces",
        "kind": "csat",
        "display": "faces",
        "ask": {"en": "How do you feel about your week?", "ar": "ما شعورك حيال أسبوعك؟"},
    },
    {
        "id": "ces",
        "kind": "ces",
        "ask": {"en": "How easy was it to book a lesson?", "ar": "هل كان حجز الدرس سهلًا؟"},
    },
    {
        "id": "ces5",
        "kind": "ces",
        "points": 5,
        "ask": {"en": "How easy was it to log in?", "ar": "هل كان الدخول سهلًا؟"},
    },
    {"id": "thumbs", "kind": "thumbs", "ask": {"en": "Did this answer your question?", "ar": "هل أجاب هذا عن سؤالك؟"}},
    {
        "id": "rating",
        "kind": "rating",
        "points": 10,
        "ask": {"en": "How would you rate your teacher?", "ar": "كيف تقيّم معلمك؟"},
    },
    {
        "id": "choice",
        "kind": "choice",
        "other": True,
        "options": _COURSES,
        "ask": {"en": "What would help you most?", "ar": "ما الذي يساعدك أكثر؟"},
    },
    {
        "id": "choices",
        "kind": "choices",
        "other": True,
        "least": 2,
        "most": 3,
        "options": _COURSES,
        "ask": {"en": "Which of these do you miss?", "ar": "أي من هذه تفتقده؟"},
    },
    {
        "id": "ranking",
        "kind": "ranking",
        "most": 3,
        "options": _COURSES,
        "ask": {"en": "What matters most to you?", "ar": "ما الأهم بالنسبة إليك؟"},
    },
    {
        "id": "date",
        "kind": "date",
        "earliest": "2026-01-01",
        "latest": "2030-12-31",
        "ask": {"en": "When is your exam?", "ar": "متى امتحانك؟"},
    },
    {
        "id": "short",
        "kind": "text",
        "lines": "short",
        "placeholder": {"en": "A city or a region", "ar": "مدينة أو منطقة"},
        "ask": {"en": "Where do you learn?", "ar": "أين تتعلم؟"},
    },
    {
        "id": "long",
        "kind": "text",
        "max_length": 120,
        "placeholder": {"en": "A sentence is enough", "ar": "جملة واحدة تكفي"},
        "ask": {"en": "What should we do better?", "ar": "ما الذي ينبغي أن نحسّنه؟"},
    },
    {
        "id": "consent",
        "kind": "consent",
        "label": {"en": "Yes, you may write to me about my answers", "ar": "نعم، يمكنكم مراسلتي بشأن إجاباتي"},
        "link": {"label": {"en": "How we use it", "ar": "كيف نستخدمها"}, "url": "https://example.com/privacy"},
        "ask": {"en": "May we get back to you?", "ar": "هل يمكننا التواصل معك؟"},
    },
    {
        "id": "info",
        "kind": "info",
        "button": {"en": "Got it", "ar": "حسنًا"},
        "ask": {"en": "Lessons can now be moved to another day.", "ar": "يمكن الآن نقل الدروس إلى يوم آخر."},
    },
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
