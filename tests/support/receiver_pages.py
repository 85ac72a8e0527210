"""Receivers by their pages: made, given a secret, changed by their form."""

from __future__ import annotations

import re

import httpx2
import orjson

from tactful.store.receivers import Listed, read_receiver_of
from tactful.web.dashboard.payloads import example_for
from tests.support.pages import Shown
from tests.support.service import Site
from tests.support.webhooks import SECRET, Sender

__all__ = ["example", "fields_of", "form", "listed", "made", "post"]


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
