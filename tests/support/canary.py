"""A person of whom something lies in every table, each text with a mark that is found by its bytes."""

from __future__ import annotations

import httpx2

from tactful.identity import Identity
from tactful.store.people import set_test
from tests.support.service import Site, a_survey

CANARY = "canary-7f3a"

#: `nps` asks, `held` makes a candidate wait, `nth` counts, `vip` reserves; each survey's texts mention something of its
#: event.
SURVEYS = (
    a_survey(
        trigger={"any": [{"event": "Done"}]},
        intro="About {{event.course|it}}",
        thanks={"title": "Thanks", "share": {"text": "I did {{event.course}}"}},
    ),
    a_survey("held", trigger={"any": [{"event": "Closed", "source": "server", "per": "properties.ticket"}]}),
    a_survey("nth", trigger={"any": [{"event": "Counted", "nth": {"every": 3}}]}),
    a_survey("vip", priority=1, audience={"where": [["traits.vip", "is", True]]}, throttle={"reserve": "7d"}),
)


async def live_a_life(site: Site, name: str = CANARY) -> str:
    """Let `name` browse anonymously, be asked and answer, log in, and be heard of from a backend; returns their
    person's id, under which another history was merged."""
    browser: dict[str, str | None] = {"user_id": None, "anonymous_id": f"browser-{name}"}
    await _answered(site, browser, name)
    both: dict[str, str | None] = {"user_id": name, "anonymous_id": f"browser-{name}"}
    await site.event(identity={"user_id": name}, type="identify", traits={"email": f"{name}@example.com"})
    await site.event(identity=both, event="Counted", properties={"course": name})
    await site.backend("Closed", name, properties={"ticket": f"t-{name}"})
    await site.client.post(
        "/v1/group",
        json={"writeKey": site.project.write_key, "messageId": f"g-{len(name)}", "userId": name, "groupId": "acme"},
    )
    plain = {"name": "Plain", "auth": {"kind": "none"}, "event": "$.event", "user_id": "$.user"}
    receiver = (await site.manage("PUT", "receivers/plain", json=plain)).json()
    await site.client.post(httpx2.URL(receiver["address"]).path, json={"event": "Shipped", "user": name})
    site.clock.advance(24 * 3_600_000)
    await _answered(site, both, name)
    await site.service.journal.write(site.service.db)
    await site.service.receipts.write(site.service.db)
    [person] = (await site.manage("GET", "people", params={"user_id": name})).json()["data"]
    return str(person["id"])


async def _answered(site: Site, identity: dict[str, str | None], name: str) -> None:
    offer = await site.offer(identity=identity, properties={"course": name})
    assert offer is not None
    taken = await site.take_up(offer, identity=identity)
    assert taken.status_code == 200, taken.text
    answers = {"score": 9, "why": f"because {name}"}
    ask = taken.json()["ask"]
    assert (await site.respond(ask, answers=answers)).status_code == 200
    assert (await site.post("/w/clicks", {"ask": ask, "what": "copy"})).status_code == 200


async def become_test(site: Site, user_id: str) -> None:
    """Make a user a test person."""
    await site.service.db.run(set_test, site.project.project_id, Identity(user_id, None), "p" * 26)
