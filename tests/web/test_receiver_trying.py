"""What a receiver's page says of a payload is what becomes of it, and nothing is written to say it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tactful.core.receivers import PRESETS, VERDICTS
from tactful.core.spans import MINUTE_MS
from tactful.web.receivers import IGNORED
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import Shown, show
from tests.support.receiver_pages import NOW, an_admins_site, example, form, listed, made, post
from tests.support.rows import contents
from tests.support.service import Site
from tests.support.webhooks import SECRET, chatwoot

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
async def site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    async with an_admins_site(path, clock) as site:
        yield site


@pytest.mark.parametrize("preset", [*PRESETS, "webhook"])
async def test_opens_with_an_example_that_is_taken_as_it_is_shown(site: Site, preset: str) -> None:
    """What the page says of the example is what becomes of it once it is really sent."""
    sender = await made(site, preset, secret=None)
    shown = await show(site, f"receivers/{preset}/try")
    payload = await example(site, preset)
    assert "It would be taken" in shown.text
    changed = await form(site, preset) | {"auth_kind": "none"}
    assert (await post(site, f"receivers/{preset}/edit", **changed)).status_code == 303
    assert (await sender.send(payload)).json() == {"success": True}
    [(_, receipt)] = site.service.receipts.last(site.project.project_id, sender.path.rpartition("/")[2])
    assert (receipt.outcome, receipt.who) == ("taken", "user-42")
    assert f"{receipt.event}, about user-42" in shown.text
    page = (await show(site, f"receivers/{preset}")).text
    assert set(re.findall(r"per: properties\.(\w+)", page)) <= set(re.findall(r"(\w+) \S+ \$\.", shown.text))


async def test_nothing_is_written(site: Site) -> None:
    await made(site)
    payload = (await example(site, "chatwoot")).decode()
    before = contents(site.path)
    for body in (payload, "[1", "", payload.replace("resolved", "open")):
        assert (await post(site, "receivers/chatwoot/try", payload=body)).status_code == 200
    assert contents(site.path) == before
    assert (await listed(site)).tallies == {}


async def test_tells_what_each_survey_would_do_with_it(site: Site) -> None:
    await made(site)
    told = (await show(site, "receivers/chatwoot/try")).text
    assert "After support may ask in the open tab at once, or at the next visit" in told
    assert "Later may ask 2 hours later, if it is the time that its trigger counts to" in told
    assert "VIP its conditions on the event do not hold" in told
    assert "Per asks once per properties.nothing, which the event does not bring" in told
    assert "Page waits for this event from a page" in told
    await made(site, "stripe", secret=None)
    assert "No live survey waits for customer.subscription.deleted" in (await show(site, "receivers/stripe/try")).text


async def test_checks_the_signature_of_what_is_pasted(site: Site) -> None:
    await made(site)
    body = orjson.dumps(orjson.loads(await example(site, "chatwoot")), option=orjson.OPT_INDENT_2)
    for at, secret, told in (
        (NOW, SECRET, "It would be taken"),
        (NOW, "not the secret", VERDICTS["signature_wrong"]),
        (NOW - 60 * MINUTE_MS, SECRET, "Its signature is old by now; in time it would pass."),
    ):
        headers = "\r\n".join(f"{name}: {value}" for name, value in chatwoot(secret, body, at).items())
        pasted = {"payload": body.decode().replace("\n", "\r\n") + "\r\n", "headers": headers}
        answer = await post(site, "receivers/chatwoot/try", **pasted)
        assert told in Shown(answer.text).text


async def test_tells_why_it_would_not_be_taken(site: Site) -> None:
    await made(site)
    whole = orjson.loads(await example(site, "chatwoot"))
    cases: list[tuple[dict[str, Any], str]] = [
        ({"status": "open"}, "It would be left out"),
        ({"meta": {}}, "It could not be used"),
        ({"updated_at": "never", "timestamp": None}, "What stands there cannot be used."),
    ]
    for change, told in cases:
        answer = await post(site, "receivers/chatwoot/try", payload=orjson.dumps(whole | change).decode())
        assert told in Shown(answer.text).text


async def test_finds_the_person_by_address_as_a_webhook_does(site: Site) -> None:
    await made(site)
    whole = orjson.loads(await example(site, "chatwoot"))
    del whole["meta"]["sender"]["identifier"]
    pasted = orjson.dumps(whole).decode()

    async def told() -> str:
        return Shown((await post(site, "receivers/chatwoot/try", payload=pasted)).text).text

    assert IGNORED["unknown_email"].replace("`", "") in await told()
    track = {"writeKey": site.project.write_key, "traits": {"email": "ann@example.com"}}
    for user_id, said in (("user-42", "Known by this address: user-42"), ("user-43", IGNORED["ambiguous_email"])):
        assert (await site.client.post("/v1/identify", json=track | {"userId": user_id})).status_code == 200
        assert said.replace("`", "") in await told()


async def test_says_whether_the_person_is_known(site: Site) -> None:
    await made(site)
    assert "Nobody is known as “user-42” yet" in (await show(site, "receivers/chatwoot/try")).text
    await site.backend("Anything", "user-42", context={})
    await site.client.post("/v1/identify", json={"writeKey": site.project.write_key, "userId": "user-42"})
    shown = await show(site, "receivers/chatwoot/try")
    assert "Known here: user-42" in shown.text


async def test_what_cannot_be_read_is_told_beside_it(site: Site) -> None:
    await made(site)
    answer = await post(site, "receivers/chatwoot/try", payload='{\n"a": }', headers="no header at all")
    assert "Line 2: this is not JSON" in answer.text
    assert "is no header; write <code>Name: value</code>" in answer.text
    assert "It cannot be read" in answer.text
    assert "no header at all</textarea>" in answer.text


async def test_a_viewer_reads_the_example_and_pastes_nothing(site: Site) -> None:
    await made(site)
    await log_in(site.client, site.service, "viewer")
    shown = await show(site, "receivers/chatwoot/try")
    assert "It would be taken" in shown.text
    assert "An editor can try a payload of their own" in shown.text


async def test_shows_no_secret(site: Site) -> None:
    await made(site)
    for path in ("receivers", "receivers/chatwoot", "receivers/chatwoot/try", "receivers/chatwoot/edit"):
        assert SECRET not in (await site.client.get(f"/projects/{site.project.project_id}/{path}")).text


@pytest.mark.parametrize(
    "changed",
    [
        {"where": "- [$.kind, is, done]\n- [$.n, in, [3, 4]]\n- [$.b, exists]\n- any: [[$.x, is, 1], [$.n, is, 3]]"},
        {"event": "$.items[0].what", "user_id": "$.items[0].who.id", "properties": "a: $.items[0].a\nb: $.b"},
        {"user_id": "$", "email": "$.kind.of\n$.email", "where": "- [$.kind, is, done]"},
        {"user_id": "$.list[3]", "email": "$.email", "properties": "$.data.object"},
        {"properties": ""},
    ],
)
async def test_an_example_is_made_of_the_paths_of_a_receiver_of_ones_own(site: Site, changed: dict[str, str]) -> None:
    """Whatever stands in the way of a path is left alone, and what can be found is found."""
    await made(site, "webhook", secret=None)
    answer = await post(site, "receivers/webhook/edit", **(await form(site, "webhook") | {"event": "$.what"} | changed))
    assert answer.status_code == 303, answer.text
    told = (await show(site, "receivers/webhook/try")).text
    assert "It would be taken Ticket Closed, about" in told


async def test_what_is_hostile_is_shown_as_far_as_it_can_be(site: Site) -> None:
    await made(site)
    deep = "[" * 900 + "]" * 900
    wide = orjson.dumps({f"k{number}": number for number in range(5_000)}).decode()
    long = orjson.dumps({"event": "x" * 100_000, "meta": {"sender": {"identifier": "\u202e" * 300}}}).decode()
    for payload in (f'{{"id": {deep}, "status": {deep}}}', wide, long, "null", "1e400", '"\\u0000"', "[]"):
        answer = await post(site, "receivers/chatwoot/try", payload=payload)
        assert answer.status_code == 200, payload[:40]
        assert len(Shown(answer.text).text) < len(payload) + 20_000
