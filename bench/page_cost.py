"""What the host page pays: main-thread time at load beside a bare page and a tracker, and how soon a card is seen.

`python -m bench page`, in a real Chromium whose processor is slowed down four times. Every page is visited twice in a
browser context of its own, and the pages take turns, so that whatever else the machine does falls on all of them alike:
at the first visit the scripts are fetched and whoever is identified is told to the server, as once a day; the second is
like most. The time is Chromium's own count of what its main thread did until some time after the load
(`TaskDuration`), less what the bare page's did in the same round; the bare page's own spread, from its first to its
third quartile, is the noise. The tracker, Plausible's, counts every visit by a request.

From event to visible is told by the page: from the call of `tactful('track', ...)` to the first frame in which the card
is within the view and more than a breath of it is drawn. Layout shifts and long tasks count from the page's beginning;
a machine that does much else makes long tasks of its own, which the bare page has as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

from bench.report import Line
from tests.clients.pages import bundled
from tests.support.browser import a_browser
from tests.support.server import serving
from tests.support.service import a_survey
from tests.support.widget import Host, a_host

ROUNDS = 15
SLOWED = 4
#: What a script puts off until the page is idle is done by then.
SETTLES_MS = 1_500
NOISE_RATIO, VISIBLE_MS = 1.2, 160
_OURS = ("nobody", "somebody")
TRACKER = Path(__file__).parents[1] / "tests" / "clients" / "drivers" / "plausible.js"

_PAGE = """<!doctype html>
<html lang="en"><meta name="viewport" content="width=device-width"><title>Host</title>{script}
<main><h1>Host</h1><p>A page of somebody else.</p><input aria-label="Name"></main></html>"""
_SPIES = """
window.seen = {shifts: 0, long: 0}
new PerformanceObserver((list) => { for (const one of list.getEntries()) seen.shifts += one.value })
  .observe({type: 'layout-shift', buffered: true})
new PerformanceObserver((list) => { seen.long += list.getEntries().length }).observe({type: 'longtask', buffered: true})
"""
_UNTIL_VISIBLE = """
() => new Promise((resolve) => {
  const began = performance.now()
  const look = () => {
    const card = document.querySelector('tactful-card')?.shadowRoot?.querySelector('.card')
    const box = card?.getBoundingClientRect()
    const drawn = box?.height && box.top < innerHeight && box.left < innerWidth && getComputedStyle(card).opacity > 0.05
    if (drawn) resolve(performance.now() - began)
    else requestAnimationFrame(look)
  }
  tactful('track', 'Done')
  look()
})
"""


@dataclass(frozen=True)
class Look:
    """One look at a page: main-thread time of its load, or the time until the card was seen; and what went wrong."""

    took_ms: float
    shifts: float
    long_tasks: int


def _open(context: BrowserContext) -> tuple[Page, CDPSession]:
    page = context.new_page()
    page.add_init_script(_SPIES)
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "timeTicks"})
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    return page, session


def _ended(page: Page, took_ms: float) -> Look:
    seen = page.evaluate("seen")
    page.close()
    return Look(took_ms, seen["shifts"], seen["long"])


def _load(context: BrowserContext, address: str) -> Look:
    page, session = _open(context)
    page.goto(address, wait_until="load")
    page.wait_for_timeout(SETTLES_MS)
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return _ended(page, float(metrics["TaskDuration"]) * 1_000)


def _visit(browser: Browser, address: str) -> tuple[Look, Look]:
    """A browser that knows nothing, and the same one once more."""
    with browser.new_context() as context:
        return _load(context, address), _load(context, address)


def _show(browser: Browser, address: str) -> Look:
    with browser.new_context() as context:
        page, _ = _open(context)
        page.goto(address, wait_until="load")
        page.wait_for_timeout(SETTLES_MS)
        took = float(page.evaluate(_UNTIL_VISIBLE))
        page.wait_for_timeout(SETTLES_MS)
        return _ended(page, took)


def _pages(host: Host) -> dict[str, str]:
    """The addresses of the same page bare, with the tracker, and with the widget where nobody and where somebody is
    identified: by attributes, as a page says it whose policy lets no script stand in it."""
    loader = f"{host.api}/w/{host.project.public_key}.js"
    scripts = {
        "bare": "",
        "theirs": '<script async src="/tracker.js"></script>',
        "nobody": f'<script async src="{loader}"></script>',
        "somebody": f'<script async src="{loader}" data-user-id="ann"></script>',
    }
    host.pages["/tracker.js"] = bundled(TRACKER)
    host.pages |= {f"/{name}": _PAGE.format(script=script) for name, script in scripts.items()}
    return {name: f"{host.origin}/{name}" for name in scripts}


def _load_lines(browser: Browser, addresses: dict[str, str]) -> list[Line]:
    for address in addresses.values():
        _visit(browser, address)  # the first of each fills caches of the machine
    rounds = [{name: _visit(browser, address) for name, address in addresses.items()} for _ in range(ROUNDS)]
    lines = []
    for visit, when in enumerate(("first visit", "second visit")):
        looks = {name: [one[name][visit] for one in rounds] for name in addresses}
        for name, who in (("nobody", "nobody identified"), ("somebody", "somebody identified")):
            lines += _beside(looks, name, f"{when}, {who}")
    ours, bare = ([look for one in rounds for name in names for look in one[name]] for names in (_OURS, ("bare",)))
    return [*lines, _trouble(ours, bare)]


def _beside(looks: dict[str, list[Look]], name: str, what: str) -> list[Line]:
    """What `name` adds to the bare page of the same round, beside the bare page's noise and what the tracker adds."""
    bare = [look.took_ms for look in looks["bare"]]
    low, _, high = quantiles(bare, n=4)
    ours, theirs = (
        median(look.took_ms - without for look, without in zip(looks[page], bare, strict=True))
        for page in (name, "theirs")
    )
    noise, added = high - low, f"+{ours:.1f} ms"
    reference = f"bare {median(bare):.1f} ms, noise {noise:.1f} ms"
    return [
        Line(
            f"load, {what}", added, reference, f"{ours / noise:.2f}", f"<= {NOISE_RATIO}", ours <= NOISE_RATIO * noise
        ),
        Line("  beside the tracker", added, f"+{theirs:.1f} ms", f"{ours / theirs:.2f}", "< 1", ours < theirs),
    ]


def _visible_lines(browser: Browser, host: Host, bare: str) -> list[Line]:
    looks: list[Look] = []
    idle: list[Look] = []
    for number in range(ROUNDS):
        looks.append(_show(browser, host.page(f"/person-{number}", attributes=f"data-user-id=person-{number}")))
        idle += _visit(browser, bare)
    took = [look.took_ms for look in looks]
    what, budget = f"event -> visible, {SLOWED}x slower processor", f"<= {VISIBLE_MS} ms"
    worst = f"worst {max(took):.0f} ms"
    return [
        Line(what, f"{median(took):.0f} ms", worst, "-", budget, median(took) <= VISIBLE_MS),
        _trouble(looks, idle),
    ]


def _trouble(ours: list[Look], bare: list[Look]) -> Line:
    """Layout shifts and long tasks of all looks together, compared look for look: a bare page may have its own."""
    (shifts, long), (bare_shifts, bare_long) = (
        (sum(look.shifts for look in looks), sum(look.long_tasks for look in looks)) for looks in (ours, bare)
    )
    return Line(
        f"  layout shift, long tasks in {len(ours)} looks",
        f"{shifts:.3f}, {long}",
        f"bare {bare_shifts:.3f}, {bare_long} in {len(bare)}",
        "-",
        "no more than bare",
        shifts / len(ours) <= bare_shifts / len(bare) and long / len(ours) <= bare_long / len(bare),
    )


def measure(directory: Path) -> list[Line]:
    """Serve a project that asks at once, and look at its pages."""
    path = directory / "page.db"
    with serving(path) as server, a_host(server.url, path, a_survey()) as host, a_browser() as browser:
        addresses = _pages(host)
        return [*_load_lines(browser, addresses), *_visible_lines(browser, host, addresses["bare"])]
