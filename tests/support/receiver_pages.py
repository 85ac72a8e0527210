"""Receivers by their pages: made, given a secret, changed by their form."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import orjson

from tactful.store.receivers import Listed, read_receiver_of
from tactful.web.dashboard.payloads import example_for
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import Shown
from tests.support.service import NO_RULES, Site, a_site, a_survey
from tests.support.webhooks import SECRET, Sender

__all__ = ["NOW", "an_admins_site", "example", "fields_of", "form", "listed", "made", "post"]

NOW = 1_795_285_826_000
#: What a conversation that was resolved means to each: an ask, an ask later, and three times nothing.
SURVEYS = (
    a_survey(
        "support",
        name="After support",
        trigger={"any": [{"event": "Conversation Resolved", "source": "server", "per": "properties.conversation_id"}]},
    ),
    a_survey(
        "held", name="Later", trigger={"any": [{"event": "Conversation Resolved", "hold": "2h", "nth": {"every": 3}}]}
    ),
    a_survey(
        "vip",
        name="VIP",
        trigger={"any": [{"event": "Conversation Resolved", "where": [["properties.team", "is", "vip"]]}]},
    ),
    a_survey("per", name="Per", trigger={"any": [{"event": "Conversation Resolved", "per": "properties.nothing"}]}),
    a_survey("page", name="Page", trigger={"any": [{"event": "Conversation Resolved", "source": "browser"}]}),
)


@contextlib.asynccontextmanager
async def an_admins_site(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    """A project with surveys that wait for what Chatwoot tells of, whose pages are open to an admin."""
    async with a_site(path, clock, surveys=SURVEYS, policy=NO_RULES) as site:
        await log_in(site.client, site.service, "admin")
        yield site


async def post(site: Site, path: str, **fields: str) -> httpx2.Response:
    return await site.client.post(f"/projects/{site.project.project_id}/{path}", data=fields)


async def made(site: Site, preset: str = "chatwoot", secret: str | None = SECRET) -> Sender:
    """Make a receiver of a preset by the page, give it a secret, and return whoever sends to it."""
    assert (await post(site, "receivers", preset=preset)).status_code in (200, 303)
    if secret is not None:
        answer = await post(site, f"receivers/{preset}/secret", what="paste", secret=secret)
        assert answer.status_code == 303, answer.text
    return Sender(site, f"http://service.test/v1/receivers/{(await listed(site, preset)).stored.receiver_id}")


async def listed(site: Site, key: str = "chatwoot") -> Listed:
    return await site.service.db.read(read_receiver_of, site.project.project_id, key)


async def example(site: Site, key: str) -> bytes:
    return orjson.dumps(example_for((await listed(site, key)).stored.receiver, key, site.clock.now))


def fields_of(shown: Shown, html: str) -> dict[str, str]:
    """What a browser would send of the page's form as it stands."""
    found = {str(one["name"]): str(one.get("value") or "") for one in shown.all("input") if one.get("type") != "radio"}
    found |= {str(one["name"]): str(one["value"]) for one in shown.all("input", type="radio") if "checked" in one}
    for name, text in re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>(.*?)</textarea>', html, re.DOTALL):
        found[name] = Shown(f"<p>{text}</p>").texts[-1] if text else ""
    for name, options in re.findall(r'<select id="\w+" name="(\w+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


async def form(site: Site, key: str) -> dict[str, str]:
    html = (await site.client.get(f"/projects/{site.project.project_id}/receivers/{key}/edit")).text
    return fields_of(Shown(html), html)
