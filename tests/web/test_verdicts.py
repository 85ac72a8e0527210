"""A person's page, of each survey why and why not: rules as meters, what is waited for, and the last decisions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tactful.core.decide import Refusal
from tactful.core.explain import explain
from tactful.core.journal import Noted
from tactful.core.policy import Policy, Rule
from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.store.journal import add_decisions
from tactful.store.sqlite import run_once
from tactful.web.dashboard.verdicts import steps_of, verdict
from tests.core.examples import a_person
from tests.support.pages import show
from tests.support.service import Site, a_survey, apply_to
from tests.web.test_people_pages import identify, person_id, site

__all__ = ["site"]

pytestmark = pytest.mark.anyio

KNOWN = a_person()


async def test_what_was_decided_lately(site: Site) -> None:
    await site.ask("ann")
    site.clock.advance(2 * DAY_MS)
    for _ in range(3):
        site.clock.advance(MINUTE_MS)
        await site.offer("ann")
    await site.service.journal.write(site.service.db)
    shown = await show(site, f"people/{person_id(site, 'u:ann')}")
    assert (
        "Nps Not offered 3 times since 2 minutes ago Asked once in 7 days any-7d just now on /app/lesson" in shown.text
    )
    assert (
        "Pro Not offered 3 times since 2 minutes ago This person is not in the survey's audience; "
        "asked once in 7 days any-7d just now"
    ) in shown.text
    assert (
        "Nps Asked 2 days ago on /app/lesson Pro Another survey was offered first 2 days ago on /app/lesson "
        "Nps Offered 2 days ago"
    ) in shown.text
    assert "The same again within an hour is one line. Up to 10 seconds behind." in shown.text


async def test_nothing_was_decided_yet(site: Site) -> None:
    shown = await show(site, f"people/{await identify(site, 'ann')}")
    assert "Nothing was decided about this person yet" in shown.text


async def test_what_was_decided_of_a_survey_or_a_rule_that_is_gone(site: Site) -> None:
    found = await identify(site, "ann")
    reasons = (Refusal("rule", None, "gone", 3, 1, DAY_MS),)
    noted = [
        Noted(site.clock.now - at, site.clock.now - at, 1, f"s{at}", 1, "not_offered", "", reasons) for at in range(25)
    ]
    run_once(site.path, site.clock, add_decisions, [(site.project.project_id, found, noted)])
    shown = await show(site, f"people/{found}")
    assert "s0 Not offered Rule gone: 3 of 1 in 1 day just now" in shown.text
    assert "s19 Not offered" in shown.text
    assert "s20 Not offered" not in shown.text
    assert "The last 20 are kept." in shown.text
    assert "14 before those" in shown.text


async def test_how_far_it_is_to_the_trigger(site: Site) -> None:
    third = {"any": [{"event": "Done", "nth": {"every": 3}}, {"event": "Paid", "source": "server"}]}
    apply_to(site.path, site.clock, site.project.project_id, a_survey("third", trigger=third))
    await site.service.configs.refresh()
    await site.event("ann")
    await site.event("ann")
    shown = await show(site, f"people/{person_id(site, 'u:ann')}")
    assert "Third ✓ Yes Waits for Done; 2 of 3 counted, or Paid from a backend." in shown.text


async def test_what_only_a_page_can_tell(site: Site) -> None:
    audience = {"where": [["person.device", "is", "phone"]]}
    apply_to(site.path, site.clock, site.project.project_id, a_survey("phones", audience=audience))
    await site.service.configs.refresh()
    shown = await show(site, f"people/{await identify(site, 'ann')}")
    assert "Phones ✓ Yes If the device that a page tells is one of the audience's." in shown.text


async def test_rules_beyond_the_person_are_meters_too(site: Site) -> None:
    rules = (
        Rule("seats", "all", "asked", 40, DAY_MS, "account"),
        Rule("all", "all", "asked", 2, DAY_MS, "project"),
        Rule("region", "all", "asked", 3, DAY_MS, "same", "traits.region"),
    )
    apply_to(site.path, site.clock, site.project.project_id, policy=Policy(rules, tenure_ms=0))
    await site.service.configs.refresh()
    await identify(site, "ann", region="eu")
    await site.ask("ann")
    shown = await show(site, f"people/{await identify(site, 'bo')}")
    assert "seats 0 of 40 asks of any survey in 1 day, in their account" in shown.text
    assert "all 1 of 2 asks of any survey in 1 day, in the whole project" in shown.text
    assert (
        "✕refuses region 0 of 3 asks of any survey in 1 day, to everybody with the same traits.region: "
        "that trait is missing"
    ) in shown.text
    assert "Rule region goes by a trait that this person does not have. Then waits" in shown.text


async def test_a_rule_that_says_the_same_of_every_survey_is_one_meter(site: Site) -> None:
    rules = (Rule("any", "all", "asked", 2, DAY_MS), Rule("own", "this", "asked", 3, DAY_MS))
    surveys = [a_survey(key) for key in ("nps", "second")]
    apply_to(site.path, site.clock, site.project.project_id, *surveys, policy=Policy(rules, tenure_ms=0))
    await site.service.configs.refresh()
    await site.ask("ann")
    shown = await show(site, f"people/{person_id(site, 'u:ann')}")
    assert shown.text.count("any 1 of 2 asks of any survey in 1 day") == 1
    assert "own 1 of 3 asks of this survey in 1 day" in shown.text
    assert "own 0 of 3 asks of this survey in 1 day" in shown.text
    assert shown.text.count("Rule any ✓passes 1 of 2") == shown.text.count("Rule own ✓passes") > 1


async def test_who_opted_out_is_said_to_wait_for_nothing(site: Site) -> None:
    ask = await site.ask("ann")
    await site.post("/w/closings", {"ask": ask, "how": "opted_out"})
    shown = await show(site, f"people/{person_id(site, 'u:ann')}")
    assert "This person asked never to be asked again." in shown.text
    assert "hen waits for" not in shown.text


async def test_a_reason_that_is_no_check_of_the_table_is_a_row_all_the_same(site: Site) -> None:
    full = a_survey("full", quota={"responses": 1})
    apply_to(site.path, site.clock, site.project.project_id, full, policy=Policy((), tenure_ms=0))
    await site.service.configs.refresh()
    found = await identify(site, "ann")
    [verdict_of_full] = [
        verdict(replace(one, refusals=(Refusal("quota", None, cap=1),)), test=False)
        for one in explain((await site.service.configs.get(site.project.project_id)).catalogue, KNOWN, site.clock.now)
        if one.live.survey.key == "full"
    ]
    assert [one["words"] for one in verdict_of_full["checks"] if not one["passes"]] == [
        "The survey has its 1 responses"
    ]
    assert "Full ✓ Yes" in (await show(site, f"people/{found}")).text


@pytest.mark.parametrize(
    ("counted", "cap", "steps"),
    [
        (0, 1, [(0.0, 100.0, False)]),
        (5, 1, [(0.0, 100.0, True)]),
        (1, 2, [(0.0, 49.0, True), (51.0, 49.0, False)]),
        (10, 40, [(0.0, 25.0, True), (25.0, 75.0, False)]),
        (99, 40, [(0.0, 100.0, True), (100.0, 0.0, False)]),
        (0, 0, [(0.0, 100.0, True), (100.0, 0.0, False)]),
    ],
)
def test_a_meter_has_a_step_for_each_that_the_cap_allows(
    counted: int, cap: int, steps: list[tuple[float, float, bool]]
) -> None:
    assert [(one["x"], one["width"], one["filled"]) for one in steps_of(counted, cap)] == steps
