"""Templates: what is pasted into other products is what the ingest understands, with a key that is shown once."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tactful.core.reading import read_survey
from tactful.sources import read_yaml
from tactful.web.dashboard import samples
from tactful.web.dashboard.sender_templates import per_of
from tactful.web.docs.book import source
from tactful.web.sender_templates import EVENT, TEMPLATES, Template, at
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import show
from tests.support.rows import execute
from tests.support.service import NO_RULES, Site, a_site, a_survey

pytestmark = pytest.mark.anyio

ALL = pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
WAITING = a_survey(
    "ticket-csat", name="After a ticket", trigger={"any": [{"event": EVENT, "source": "server", "hold": "1s"}]}
)


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(path, clock, surveys=(WAITING,)) as site:
        await log_in(site.client, site.service, "admin")
        yield site


def address(site: Site, template: Template, below: str = "") -> str:
    return f"/projects/{site.project.project_id}/receivers/templates/{template.name}{below}"


@ALL
async def test_what_the_product_sends_makes_its_person_a_candidate(site: Site, template: Template) -> None:
    answer = await site.client.post("/v1/track", content=template.filled(), auth=(site.project.write_key, "x"))
    assert answer.content == b'{"success":true}'
    [(_, arrival)] = site.service.arrivals.events(site.project.project_id)
    assert (arrival.name, arrival.outcome, arrival.who) == (EVENT, "waits", "user-42")
    site.clock.advance(1_000)
    assert await site.visit("user-42") is not None


@ALL
async def test_the_survey_that_its_page_shows_is_asked(path: Path, clock: SetClock, template: Template) -> None:
    [survey] = read_yaml(samples.survey_for(EVENT, per_of(template))).data["surveys"]
    async with a_site(path, clock, surveys=(survey,), policy=NO_RULES) as site:
        await log_in(site.client, site.service, "viewer")
        shown = await show(site, f"receivers/templates/{template.name}")
        assert "After Ticket Closed waits for Ticket Closed" in shown.text
        await site.client.post("/v1/track", content=template.filled(), auth=(site.project.write_key, "x"))
        assert await site.visit("user-42") is not None


async def test_sent_again_it_counts_once(site: Site) -> None:
    for template in TEMPLATES:
        message_id = json.loads(template.filled()).get("messageId", "")
        assert message_id.startswith(f"{template.name}-") or template.name == "hubspot", "its body holds no made-up id"
    for _ in range(2):
        await site.client.post("/v1/track", content=TEMPLATES[0].filled(), auth=(site.project.write_key, "x"))
    assert len(execute(site.path, "SELECT 1 FROM candidates")) == 1


@ALL
def test_every_place_is_explained(template: Template) -> None:
    filled = template.filled()
    assert not re.search(r"\{\{|\#\{|\$json|[A-Z]{2,}_[A-Z]+", filled), filled
    assert all(place.about and place.example in filled for place in template.places)


@ALL
def test_one_step_ends_where_the_code_goes(template: Template) -> None:
    assert [step.endswith(":") for step in template.steps].count(True) == 1
    assert all(step.count("`") % 2 == 0 for step in (*template.steps, *template.notes))
    assert any("WRITE_KEY" in step for step in template.steps)


@ALL
def test_it_says_the_address_of_the_service(template: Template) -> None:
    own = at("https://ask.example", template)
    said = " ".join((*own.steps, own.paste))
    assert "https://ask.example/v1/track" in said
    assert "surveys.example.com" not in said


def test_the_node_of_n8n_sends_the_body_as_an_expression() -> None:
    [template] = [one for one in TEMPLATES if one.name == "n8n"]
    [node] = json.loads(at("https://ask.example", template).paste)["nodes"]
    assert node["parameters"]["url"] == "https://ask.example/v1/track"
    assert node["parameters"]["jsonBody"] == f"={template.body}"


@ALL
def test_the_documentation_has_it(template: Template) -> None:
    told = source("receivers")
    assert f"### {template.title}\n" in told
    assert all(step in told for step in template.steps)


@ALL
async def test_its_page_has_the_steps_and_a_place_for_the_key(site: Site, template: Template) -> None:
    shown = await show(site, f"receivers/templates/{template.name}")
    assert f"Set it up in {template.title}" in shown.text
    assert "http://service.test/v1/track" in shown.text
    assert "WRITE_KEY" in shown.text
    assert "After a ticket waits for Ticket Closed" in shown.text


async def test_a_key_is_made_and_shown_once(site: Site) -> None:
    template = TEMPLATES[0]
    answer = await site.client.post(address(site, template, "/key"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "WRITE_KEY" not in answer.text
    keys = set(re.findall(r"wk_\w+", answer.text))
    [key] = keys
    assert key not in (await site.client.get(address(site, template))).text
    for opens in (key, site.project.write_key):
        told = {"userId": "ann", "event": EVENT}
        assert (await site.client.post("/v1/track", json=told, auth=(opens, ""))).status_code == 200


async def test_only_an_admin_is_offered_a_key(site: Site) -> None:
    await log_in(site.client, site.service, "editor")
    shown = await show(site, "receivers/templates/zammad")
    assert "An admin can make one here" in shown.text
    assert not shown.all("form", method="post", action=address(site, TEMPLATES[1], "/key"))


async def test_without_a_survey_that_waits_there_is_one_to_apply(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, surveys=(a_survey(),)) as site:
        await log_in(site.client, site.service, "viewer")
        shown = await show(site, "receivers/templates/freshdesk")
        assert "No live survey waits for Ticket Closed yet" in shown.text
        [written] = read_yaml(samples.survey_for(EVENT, "ticket_id")).data["surveys"]
        reading = read_survey(written)
        assert (reading.faults, reading.warnings) == ((), ())


async def test_another_product_is_not_there(site: Site) -> None:
    shown = await show(site, "receivers/templates/nobody", status=404)
    assert "no template of this name" in shown.text
