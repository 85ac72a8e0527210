"""Clients of pages as their registry has them, in a real browser on a page of another origin under a strict policy.

Each message is a request of its own, so they arrive in any order; what is told in one batch must land before the next.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.clients.pages import bundled, pages_for
from tests.clients.scene import HERE, STEPS, Scene, a_scene, landed, told
from tests.support.browser import a_browser
from tests.support.processes import until
from tests.support.proxy import Step, busy, cut, failed, lost, passed, refused, stalled, through_a_proxy, twice

pytestmark = pytest.mark.browser

BATCHING = 'data-batching=""'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@contextlib.contextmanager
def a_visit(browser: Browser, path: Path, name: str, attributes: str = "") -> Iterator[tuple[Scene, Page]]:
    """A page that runs a driver, at a service behind a proxy."""
    script = bundled(HERE / "drivers" / f"{name}.js")
    with through_a_proxy() as proxy, pages_for(proxy.url) as pages, a_scene(path, proxy, pages.origin) as scene:
        given = f'data-url="{proxy.url}" data-key="{scene.project.public_key}" {attributes}'
        page = pages.open(browser, script, given)
        yield scene, page
        page.context.close()


def call(page: Page, name: str, *args: object) -> None:
    page.evaluate("([name, ...args]) => calls[name](...args)", [name, *args])


def a_batch(page: Page, number: int) -> None:
    call(page, "identify", "ann", {"plan": f"plan {number}", f"trait {number}": number})
    call(page, "group", "acme", {"seats": number})
    for step in STEPS[2 * number - 2 : 2 * number]:
        call(page, "track", step, {"batch": number})


def in_batches(scene: Scene, page: Page, *plans: Sequence[Step]) -> None:
    """Send a batch under each plan; then send everything once more."""
    for number, plan in enumerate(plans, start=1):
        scene.proxy.plan(*plan)
        a_batch(page, number)
        landed(scene, 4 * number, 2 * number)
        assert not scene.proxy.waits, "every fault took place"
        told(scene, {"plan": f"plan {number}"}, {"seats": number})
    scene.repeat_everything()
    told(scene, {"plan": f"plan {len(plans)}"} | {f"trait {n}": n for n in range(1, len(plans) + 1)}, {})


#: One in `make test`, the other in `make test-all`.
CLIENTS = ["analytics_next", pytest.param("rudder_browser", marks=pytest.mark.long)]
FAULTS: dict[str, Step] = {
    "500": refused,
    "500 although it was taken": failed,
    "cut": cut,
    "answer lost": lost,
    "twice at once": twice,
    "slow answer": stalled,
    "429": busy,
}


@pytest.mark.parametrize("name", CLIENTS)
def test_through_a_bad_day(browser: Browser, path: Path, name: str) -> None:
    """A 500, a lost answer, a message that comes twice, a refusal for now; then a crash."""
    with a_visit(browser, path, name) as (scene, page):
        in_batches(scene, page, (refused, lost, twice, busy), (scene.killed,))


@pytest.mark.long
@pytest.mark.parametrize("name", ["analytics_next", "rudder_browser"])
@pytest.mark.parametrize("fault", FAULTS)
def test_through_one_fault(browser: Browser, path: Path, name: str, fault: str) -> None:
    """It happens to every message of a batch; in the next one the service is killed at work."""
    with a_visit(browser, path, name) as (scene, page):
        scene.proxy.patience_s = 2
        in_batches(scene, page, [FAULTS[fault]] * 4, (scene.killed_at_work,), (passed,))


@pytest.mark.long
@pytest.mark.parametrize(("name", "address"), [("analytics_next", "/v1/b"), ("rudder_browser", "/v1/batch")])
def test_in_batches(browser: Browser, path: Path, name: str, address: str) -> None:
    with a_visit(browser, path, name, BATCHING) as (scene, page):
        in_batches(scene, page, (refused, lost), (failed, twice), (scene.killed,))
        assert {request.path for request in scene.proxy.seen} == {address}


@pytest.mark.long
def test_a_page_that_is_left_hands_over_what_it_has(browser: Browser, path: Path) -> None:
    """RudderStack's beacon: text, with the key in the address."""
    with a_visit(browser, path, "rudder_browser", 'data-beacon=""') as (scene, page):
        a_batch(page, 1)
        page.goto("about:blank")
        landed(scene, 4, 2)
        told(scene, {"plan": "plan 1"}, {"seats": 1})
        assert {request.path.partition("?")[0] for request in scene.proxy.seen} == {"/beacon/v1/batch"}
        scene.repeat_everything()


@pytest.mark.long
@pytest.mark.parametrize("name", ["analytics_next", "rudder_browser"])
def test_a_page_that_is_left_too_early_tells_it_again(browser: Browser, path: Path, name: str) -> None:
    """What was not answered when somebody left comes once more from the next page, which cannot know that it came."""
    with a_visit(browser, path, name) as (scene, page):
        address = page.url
        scene.proxy.plan(*[stalled] * 4)
        a_batch(page, 1)
        landed(scene, 4, 2)
        page.goto("about:blank")
        page.goto(address)
        until(lambda: len(scene.proxy.seen) >= 8)
        a_batch(page, 2)
        landed(scene, 8, 4)
        scene.repeat_everything()
