"""Pages behind a link: the link alone opens them, to one project, for a time, and with no script at all."""

from __future__ import annotations

import html
import re

import httpx2
import pytest

from tactful.core.spans import DAY_MS
from tactful.tokens import ASK, OFFER, PASS, RESULTS
from tests.support.hostile import is_clear
from tests.support.rows import contents, execute
from tests.support.service import Site, a_survey

pytestmark = pytest.mark.anyio

HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{7*7}}"


def link(site: Site) -> str:
    return site.service.tokens.sign(RESULTS, [site.project.project_id])


async def page(site: Site, address: str) -> httpx2.Response:
    answer = await site.client.get(f"/results/{address}")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    return answer


async def test_the_link_opens_the_results(site: Site) -> None:
    await site.respond(await site.ask(), answers={"score": 9, "why": HOSTILE})
    await site.respond(await site.ask("eve<b>"), answers={"score": 2, "why": "\u202emirror"})
    answer = await page(site, link(site))
    assert answer.status_code == 200
    assert HOSTILE in html.unescape(answer.text)
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert "eve<b>" not in answer.text
    assert (await page(site, f"{link(site)}/nps")).text == answer.text


async def test_a_survey_is_chosen_and_one_that_is_not_there_is_told(site: Site) -> None:
    await site.manage(
        "PUT", "surveys/words", json=a_survey("words", questions=[{"id": "q", "kind": "text", "ask": "Hm?"}])
    )
    await site.manage("PUT", "surveys/another", json=a_survey("another", state="draft"))
    assert "Hm?" in (await page(site, f"{link(site)}/words")).text
    assert (await page(site, link(site))).status_code == 200
    for absent in ("absent", "%00", "<script>alert(1)"):
        answer = await page(site, f"{link(site)}/{absent}")
        assert answer.status_code == 404
        assert "<script" not in answer.text


async def test_a_project_without_surveys(site: Site) -> None:
    execute(site.path, "DELETE FROM survey_versions")
    execute(site.path, "DELETE FROM surveys")
    execute(site.path, "UPDATE projects SET config_version = config_version + 1")
    await site.service.configs.refresh()
    assert "tactful apply" in (await page(site, link(site))).text


async def test_only_a_link_made_here_for_this_opens_them(site: Site) -> None:
    before = contents(site.path)
    sign, project_id, good = site.service.tokens.sign, site.project.project_id, link(site)
    bad = [good[:-1], good + "A", good[1:], "x", "%00", "\u202e", good.replace(".", "%2e", 1) + "x", "a" * 5_000]
    bad += [sign(purpose, [project_id, "p", "a", "nps", 1, {}]) for purpose in (PASS, OFFER, ASK)]
    for address in bad:
        for end in ("", "/nps"):
            answer = await page(site, f"{address}{end}")
            assert (answer.status_code, "Results invalid" in answer.text) == (401, True), address
    assert contents(site.path) == before


async def test_it_ends_after_thirty_days(site: Site) -> None:
    good = link(site)
    site.clock.advance(30 * DAY_MS)
    assert (await page(site, good)).status_code == 200
    site.clock.advance(1)
    answer = await page(site, good)
    assert answer.status_code == 401
    assert "Results expired" in answer.text


async def test_a_link_to_a_project_that_is_gone(site: Site) -> None:
    answer = await page(site, site.service.tokens.sign(RESULTS, ["0" * 26]))
    assert answer.status_code == 404


async def test_a_link_writes_nothing(site: Site) -> None:
    """Read is not write: a link that was passed on changes nothing anywhere."""
    before, good = contents(site.path), link(site)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = await site.client.request(method, f"/results/{good}", content=b"{}")
        assert answer.status_code == 405
        assert is_clear(answer)
    for route in ("policy", "surveys/nps"):
        answer = await site.manage("PUT", route, json={}, headers={"authorization": f"Bearer {good}"})
        assert answer.status_code == 401
    assert (await site.post("/w/events", {"pass": good, "events": []})).status_code == 401
    assert contents(site.path) == before


async def test_every_file_of_a_page_is_served_for_ever(site: Site) -> None:
    page = (await site.client.get(f"/results/{link(site)}")).text
    addresses = re.findall(r'href="(/static/[^"]+)"', page)
    assert len(addresses) >= 2
    for address in addresses:
        answer = await site.client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await site.client.get("/static/pages.py")).status_code == 404
    assert (await site.client.get("/static/..%2fpages.py")).status_code == 404
