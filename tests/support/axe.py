"""What axe-core has to say about a page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

__all__ = ["faults_of"]

#: axe-core comes with the widget's development packages, which `make test` installs; without it the tests fail.
AXE = Path(__file__).parents[2] / "widget" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = "([within, values, resultTypes]) => axe.run(within, {runOnly: {type: 'tag', values}, resultTypes})"


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def faults_of(page: Page, within: str = "html", *, doubts: bool = False) -> list[str]:
    """The faults of what the selector `within` matches; with `doubts`, also what axe-core cannot tell."""
    if not page.evaluate("!!window.axe"):
        # Over the debugger, as a page's policy lets no script of somebody else in.
        debugger = page.context.new_cdp_session(page)
        debugger.send("Runtime.evaluate", {"expression": _axe()})
        debugger.detach()
    # Of what is named here every element is told. To describe all that passes would take most of the time.
    kinds = ["violations", "incomplete"] if doubts else ["violations"]
    report = page.evaluate(RUN, [within, TAGS, kinds])
    return [f"{one['id']}: {node['html'][:120]}" for kind in kinds for one in report[kind] for node in one["nodes"]]
