"""Audiences and schedules over the wire: what a page tells counts at the offer and again at the ask."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tactful.core.spans import DAY_MS
from tactful.store.migrate import load, statements
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import show
from tests.support.rows import execute
from tests.support.service import CONTEXT, NO_RULES, Site, a_site, a_survey, apply_to

pytestmark = pytest.mark.anyio


def of(*where: Any, key: str = "next", event: str = "Go", **fields: Any) -> dict[str, Any]:
    """A survey for an audience, waiting for an event of its own."""
    return a_survey(key, trigger={"event": event}, audience={"where": list(where)}, **fields)


def apply(site: Site, *surveys: dict[str, Any]) -> None:
    apply_to(site.path, site.clock, site.project.project_id, *surveys, policy=NO_RULES)


async def offer_on(site: Site, **context: Any) -> str | None:
    """Report `Go` from a page that tells `context`, and return the offer."""
    message = {"message_id": f"m{site.clock.now_ms()}", "type": "track", "event": "Go"}
    offer = await site.visit(events=[message], context={"page": CONTEXT["page"]} | context)
    site.clock.advance(1)
    return offer


@pytest.mark.parametrize(
    ("condition", "fits", "others"),
    [
        (["person.locale", "starts_with", "de"], {"locale": "DE_at"}, ({"locale": "en"}, {"locale": ""}, {})),
        (["person.device", "is", "phone"], {"width": 360}, ({"width": 700}, {"width": 0}, {"width": None}, {})),
        (["person.device", "is_not", "phone"], {"width": 700}, ({"width": 360}, {})),
    ],
)
async def test_what_a_page_tells_is_decided_at_the_offer_and_at_the_ask(
    site: Site, condition: Any, fits: dict[str, Any], others: tuple[dict[str, Any], ...]
) -> None:
    apply(site, of(condition))
    for context in others:
        assert await offer_on(site, **context) is None, context
    offer = await offer_on(site, **fits)
    assert offer is not None
    page = {"page": CONTEXT["page"]}
    for context in others:
        assert (await site.take_up(offer, context=page | context)).status_code == 409, context
    assert (await site.take_up(offer, context=page | fits)).status_code == 200


async def test_a_page_without_a_language_has_that_of_its_browser(site: Site) -> None:
    apply(site, of(["person.locale", "is", "fr-CA"]))
    site.client.headers["accept-language"] = "fr-ca,fr;q=0.8"
    offer = await offer_on(site)
    assert offer is not None
    assert (await site.take_up(offer, context={"page": CONTEXT["page"]})).status_code == 200


async def test_why_says_what_it_depends_on_and_never_a_plain_no(site: Site) -> None:
    apply(
        site,
        of(["person.locale", "starts_with", "de"], {"not": ["person.device", "is", "phone"]}),
        of(["person.locale", "is", "de"], ["traits.plan", "is", "pro"], key="never"),
    )
    await site.offer()
    why = await site.why()
    assert (why["next"]["may_ask"], why["next"]["depends_on"]) == (True, ["device", "language"])
    assert (why["never"]["may_ask"], why["never"]["depends_on"]) == (False, [])
    assert why["nps"]["depends_on"] == []
    [(person_id,)] = execute(site.path, "SELECT person_id FROM people")
    await log_in(site.client, site.service, "viewer")
    shown = (await show(site, f"people/{person_id}")).text
    for about in ("device", "language"):
        assert shown.count(f"If the {about} that a page tells is one of the audience's.") == 1


HAPPY = {"responded": "nps", "score": ["gte", 9], "band": "promoter", "within": "90d"}


async def test_an_audience_follows_every_revision_of_a_response(site: Site) -> None:
    apply(site, of(HAPPY))
    ask = await site.ask()
    assert await offer_on(site) is None
    for rev, (score, fits) in enumerate([(9, True), (8, False), (10, True)], 1):
        assert (await site.respond(ask, rev, answers={"score": score})).status_code == 200
        assert (await offer_on(site) is not None) is fits
        assert (await site.respond(ask, rev, answers={"score": 0})).status_code == 200, "an old revision says nothing"
        assert (await offer_on(site) is not None) is fits
    await site.respond(ask, 4, answers={"why": "None of your business."})
    assert await offer_on(site) is None, "the newest revision has no score"


def _later(site: Site, by_ms: int) -> None:
    """Move on by more than a pass lives."""
    site.clock.advance(by_ms)
    site._pass = ""


async def test_a_response_counts_for_as_long_as_the_audience_looks_back(site: Site) -> None:
    apply(site, of(HAPPY), of({"responded": "nps"}, key="ever", event="Ever"))
    ask = await site.ask()
    site.clock.advance(30 * DAY_MS - 1)
    assert (await site.respond(ask)).status_code == 200
    _later(site, 90 * DAY_MS - 1)
    assert await offer_on(site) is not None, "the ask is as long ago as an ask can be whose response still counts"
    assert await offer_on(site) is None
    _later(site, 2_000 * DAY_MS)
    assert await site.offer(event="Ever") is not None


async def test_a_response_before_the_login_is_the_persons_own(site: Site) -> None:
    apply(site, of(HAPPY))
    browser = {"anonymous_id": "browser-1", "user_id": None}
    offer = await site.offer(identity=browser)
    assert offer is not None
    asked = await site.take_up(offer, identity=browser)
    await site.respond(asked.json()["ask"])
    assert await site.offer("ann", event="Go") is None
    known = {"anonymous_id": "browser-1", "user_id": "ann"}
    assert await site.offer(event="Go", identity=known) is not None
    assert (await site.respond(asked.json()["ask"], 2, answers={"score": 3})).status_code == 200
    assert await site.offer("ann", event="Go") is None, "a revision after the merge counts too"


async def test_scores_given_before_they_stood_with_the_ask_count(site: Site) -> None:
    await site.respond(await site.ask())
    await site.ask("bob")
    before = execute(site.path, "SELECT score, band FROM asks ORDER BY asked_at")
    assert sorted(before, key=str) == [(9, "promoter"), (None, None)]
    execute(site.path, "UPDATE asks SET score = NULL, band = NULL")
    step = next(step for step in load() if step.name.endswith("_scores"))
    [backfill] = [one for one in statements(step.sql) if "UPDATE asks" in one]
    execute(site.path, backfill)
    assert execute(site.path, "SELECT score, band FROM asks ORDER BY asked_at") == before


HOURS = {"hours": "08:00-20:00", "tz": "Europe/Berlin"}


def _at(written: str) -> int:
    return round(datetime.fromisoformat(written).timestamp() * 1_000)


async def test_a_schedule_opens_and_closes(path: Path) -> None:
    clock = SetClock(_at("2026-11-21T07:59:59+01:00"))
    survey = a_survey(schedule=HOURS, throttle={"repeat": "0s"})
    async with a_site(path, clock, surveys=(survey,), policy=NO_RULES) as site:
        assert await site.offer() is None
        told = (await site.why())["nps"]
        assert [refusal["code"] for refusal in told["refusals"]] == ["schedule"]
        assert told["free_at"] == "2026-11-21T07:00:00.000Z"
        clock.advance(1_000)
        offer = await site.offer()
        assert offer is not None
        assert (await site.take_up(offer)).status_code == 200
        clock.advance(12 * 3_600_000 - 1_001)
        offer = await site.offer()
        assert offer is not None
        clock.advance(1_001)
        assert (await site.take_up(offer)).status_code == 409, "it closed while the card was on its way"


async def test_who_asks_to_be_asked_passes_the_schedule(path: Path) -> None:
    clock = SetClock(_at("2026-11-21T03:00:00+01:00"))
    async with a_site(path, clock, surveys=(a_survey(schedule=HOURS),), policy=NO_RULES) as site:
        body = {"show": "nps", "pass": await site.the_pass(), "identity": {"user_id": "ann"}, "context": CONTEXT}
        assert (await site.post("/w/asks", body)).status_code == 200
