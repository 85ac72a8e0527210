"""`/docs`: for anybody, with the keys of a member's project and nothing secret, whatever a project is called."""

from __future__ import annotations

import re

import pytest

from tactful.cli import new_project
from tactful.core.spans import HOUR_MS
from tactful.store.projects import create_project
from tactful.store.sqlite import run_once
from tactful.web.access import PAGE_HEADERS
from tactful.web.docs.book import PAGES, Own, document, search
from tactful.web.docs.markup import render
from tests.support.members import log_in
from tests.support.service import Site

pytestmark = pytest.mark.anyio

HOSTILE = """O'Brien & <script>alert(1)</script> "Söhne" $(id)"""


async def _page(site: Site, name: str = "start", **query: str) -> str:
    answer = await site.client.get(f"/docs/{name}", params=query)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("name", ["", *PAGES])
async def test_every_page_is_for_anybody_and_under_the_strict_policy(site: Site, name: str) -> None:
    answer = await site.client.get(f"/docs/{name}".rstrip("/"))
    assert answer.status_code == 200
    assert {header: answer.headers[header] for header in PAGE_HEADERS} == PAGE_HEADERS
    assert "<style" not in answer.text
    assert 'style="' not in answer.text
    assert "<!--" not in answer.text
    assert answer.text.count("<h1") == 1


async def test_what_is_not_there_is_a_page_that_says_so(site: Site) -> None:
    for name in ("nothing", "start.md", "..%2Fsettings"):
        answer = await site.client.get(f"/docs/{name}")
        assert answer.status_code == 404
    assert "no such page" in (await site.client.get("/docs/nothing")).text


async def test_a_stranger_reads_placeholders_under_the_service_s_own_address(site: Site) -> None:
    page = await _page(site)
    assert "http://service.test/w/PUBLIC_KEY.js" in page
    assert "surveys.example.com" not in page
    assert 'href="/login?next=/docs/start"' in page


async def test_a_member_reads_the_only_project_s_public_key_and_nothing_secret(site: Site) -> None:
    await log_in(site.client, site.service, "viewer")
    pages = "".join([await _page(site, name) for name in PAGES])
    assert f"http://service.test/w/{site.project.public_key}.js" in pages
    assert "PUBLIC_KEY" not in pages
    for secret in (site.project.write_key, site.project.api_token, site.project.identity_secret):
        assert secret not in pages


async def _second(site: Site, name: str) -> str:
    new = new_project(name, ())
    run_once(site.path, site.clock, create_project, new)
    return new.project_id


async def test_with_several_projects_a_member_chooses_one_and_links_remember_it(site: Site) -> None:
    await log_in(site.client, site.service, "viewer")
    second = await _second(site, "Second")
    assert "PUBLIC_KEY" in await _page(site)
    page = await _page(site, project=second)
    assert "PUBLIC_KEY" not in page
    assert "--project Second" in re.sub("<[^>]+>", "", page)
    inner = re.findall(r'href="(/docs/[a-z]+[^"]*)"', page)
    assert inner
    assert all(f"?project={second}" in link for link in inner)
    assert "PUBLIC_KEY" in await _page(site, project="of-nobody")


async def test_a_choice_says_nothing_to_a_stranger(site: Site) -> None:
    second = await _second(site, "Second")
    page = await _page(site, project=second)
    assert "PUBLIC_KEY" in page
    assert "Second" not in page


async def test_a_project_s_name_is_a_word_of_the_shell_and_text_on_the_page(site: Site) -> None:
    await log_in(site.client, site.service, "viewer")
    chosen = await _second(site, HOSTILE)
    page = await _page(site, project=chosen)
    assert "<script>alert" not in page
    assert "alert(1)" in page


async def test_a_name_that_would_break_its_sample_is_left_out(site: Site) -> None:
    for name in ("``` \n", "a`b", "line\nline"):
        own = Own("http://service.test", "pk_1", name)
        assert "--project Shop" in re.sub("<[^>]+>", "", document("start", own).html)


async def test_pictures_are_served_and_do_nothing(site: Site) -> None:
    names = set(re.findall(r'src="/docs/images/([^"]+)"', await _page(site, "throttling")))
    assert len(names) >= 5
    for name in names:
        answer = await site.client.get(f"/docs/images/{name}")
        assert answer.headers["content-type"] == "image/svg+xml"
        assert "sandbox" in answer.headers["content-security-policy"]
    assert (await site.client.get("/docs/images/nothing.svg")).status_code == 404
    assert (await site.client.get("/docs/images/..%2Fstart.md")).status_code == 404


async def test_search_finds_every_word_and_headings_first(site: Site) -> None:
    page = (await site.client.get("/docs", params={"q": "trusted types"})).text
    assert 'href="/docs/snippet#trusted-types"' in page
    assert search("Trusted TYPES")[0].heading is not None
    assert "Nothing here says that" in (await site.client.get("/docs", params={"q": "xyzzy"})).text
    assert search("trusted xyzzy") == []
    assert search("  ") == []


async def test_what_is_searched_for_is_text(site: Site) -> None:
    page = (await site.client.get("/docs", params={"q": "<script>alert(1)</script>\0" + "a" * 9_999})).text
    assert "<script>alert" not in page
    assert "a" * 101 not in page


async def test_reading_is_logged_out_with_the_session(site: Site) -> None:
    await log_in(site.client, site.service, "viewer")
    assert site.project.public_key in await _page(site)
    site.clock.advance(24 * 31 * HOUR_MS)
    assert site.project.public_key not in await _page(site)


def test_html_in_a_document_is_text() -> None:
    from tactful.web.docs.book import PICTURES  # noqa: PLC0415  # only here

    shown = render("<img src=x onerror=y> [a](javascript:alert(1))", str, PICTURES).html
    assert "<img" not in shown
    assert 'href="javascript' not in shown
