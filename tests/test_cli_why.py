"""What `tactful why` says, in the time of the machine that it runs on."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tactful import cli
from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS, FOREVER, HOUR_MS
from tests.support.cli import Run
from tests.support.clock import SetClock
from tests.support.service import Site, a_site, a_survey

pytestmark = pytest.mark.anyio

RULES = Policy((Rule("day", "all", "asked", 1, DAY_MS), Rule("annoyed", "all", "dismissed", 1, FOREVER)), tenure_ms=0)


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
async def site(path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(cli, "clock", clock)
    surveys = (
        a_survey(trigger={"any": [{"event": "Done", "nth": {"every": 2}}]}),
        a_survey("held", trigger={"any": [{"event": "Closed", "source": "server", "hold": "2h"}]}),
        a_survey("ticket", trigger={"any": [{"event": "Sent", "source": "server", "per": "properties.id"}]}),
        a_survey("feedback", trigger={"any": []}),
        a_survey("draft", state="draft"),
    )
    async with a_site(path, clock, surveys=surveys, policy=RULES) as site:
        yield site


async def why(site: Site, run: Run, *args: str) -> str:
    await site.service.journal.write(site.service.db)
    code, out, err = run("why", "--project", "P", *(args or ("--user", "ann")))
    assert (code, err) == (0, "")
    return out


async def test_somebody_who_may_be_asked(site: Site, run: Run) -> None:
    await site.event("ann")
    out = await why(site, run)
    assert out.startswith("ann: may be asked now\n\ndraft: not now\n  no   the survey is not live\n")
    assert "\nnps: may be asked\n  waits for Done; 1 of 2 counted\n  ok   rule day: asked 0 of 1 in 1d\n" in out
    assert "\nfeedback: may be asked\n  waits for a page to call show\n" in out
    assert "\nheld: may be asked\n  waits for Closed from a backend; then held for 2h\n" in out
    assert out.endswith("\n\nNothing was decided lately (up to 10 seconds behind).\n")


async def test_what_waits_for_their_tab(site: Site, run: Run) -> None:
    await site.backend("Closed")
    await site.backend("Sent", properties={"id": "T-7"})
    out = await why(site, run)
    assert "  a question held until Wed 18 Nov 2026, 14:06 CET (in 2 hours)\n" in out
    assert "\nticket: may be asked now, as soon as their tab is there\n" in out
    assert "  a question (T-7) waits for their tab\n" in out


async def test_somebody_who_was_asked(site: Site, run: Run) -> None:
    await site.event("ann")
    await site.ask("ann")
    site.clock.advance(HOUR_MS)
    for _ in range(4):
        await site.event("ann")
    out = await why(site, run)
    assert out.startswith("ann: may be asked next Thu 19 Nov 2026, 12:06 CET (in 23 hours)\n")
    assert "\nnps: not before Thu 19 Nov 2026, 12:06 CET (in 23 hours)\n" in out
    assert "  full rule day: asked 1 of 1 in 1d; free again Thu 19 Nov 2026, 12:06 CET (in 23 hours)\n" in out
    assert out.endswith(
        "The last decisions (up to 10 seconds behind):\n"
        "  Wed 18 Nov 2026, 13:06 CET  nps: not offered, 2 times since Wed 18 Nov 2026, 13:06 CET: "
        "rule day: 1 of 1 in 1d\n"
        "  Wed 18 Nov 2026, 12:06 CET  nps: asked\n"
        "  Wed 18 Nov 2026, 12:06 CET  nps: offered\n"
    )


async def test_what_never_ends_is_told_so(site: Site, run: Run) -> None:
    await site.event("ann")
    await site.post("/w/closings", {"ask": await site.ask("ann"), "how": "dismissed"})
    identity = {"user_id": "ann", "anonymous_id": None}
    await site.post("/w/closings", {"pass": await site.the_pass(), "identity": identity, "how": "opted_out"})
    out = await why(site, run)
    assert out.startswith("ann, opted out: no live survey may ask, and no time that passes changes that\n")
    assert "  full rule annoyed: dismissed 1 of 1 in forever; never free again\n" in out


async def test_one_survey_of_a_browser_as_json(site: Site, run: Run) -> None:
    await site.offer(None, identity={"user_id": None, "anonymous_id": "b1"})
    await site.offer(None, identity={"user_id": None, "anonymous_id": "b1"})
    told: dict[str, Any] = json.loads(await why(site, run, "--anonymous", "b1", "--survey", "nps", "--json"))
    assert told["person"]["anonymous_id"] == "b1"
    assert [one["survey"] for one in told["surveys"]] == ["nps"]
    assert [(one["survey"], one["outcome"], one["page"]) for one in told["decisions"]] == [
        ("nps", "offered", "/app/lesson")
    ]
    assert (await why(site, run, "--anonymous", "b1", "--survey", "held")).startswith("b1: may be asked now\n\nheld: ")


async def test_what_only_a_page_can_tell(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setattr(cli, "clock", clock)
    audience = {"where": [["person.device", "is", "phone"], ["person.locale", "is", "de"]]}
    async with a_site(path, clock, surveys=(a_survey(audience=audience),), policy=RULES) as site:
        await site.event("ann")
        out = await why(site, run)
        assert "\nnps: may be asked\n  depends on the device that a page tells\n  depends on the language that" in out
