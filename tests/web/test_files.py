"""The loader, its configuration and the card: small, cacheable, safe in a script, and the same all day."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import brotli
import httpx2
import pytest

from tactful.core.kinds import KINDS, Kind
from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.errors import CannotStart
from tactful.tokens import PASS
from tactful.web.files import BUILT, PLACEHOLDER, load_widget
from tests.support.service import SITE, Site, a_survey

pytestmark = pytest.mark.anyio

PARTS = ("{key}.js", "{key}.json", "card")  # the other pinned files travel as the card does
NASTY = [  # names of events
    "</script>",
    "<!--<script>",
    "a\u2028b\u2029c",
    "__TACTFUL_CONFIG__",
    '"__TACTFUL_CONFIG__"',
    "\\",
    "${x}`",
    "é\u202e",
]


def raw(answer: httpx2.Response) -> bytes:
    """The body as it was sent, before the client undid its encoding."""
    return bytes(answer.extensions["sent"])


async def get(site: Site, part: str, **headers: str) -> httpx2.Response:
    """Get one of the three; its body stays as it was sent (`sent`)."""
    name = site.app.state.widget.card.name if part == "card" else part.format(key=site.project.public_key)
    names = {"accept-encoding": ""} | {key.replace("_", "-"): value for key, value in headers.items()}
    async with site.client.stream("GET", f"/w/{name}", headers=names) as answer:
        answer.extensions["sent"] = b"".join([chunk async for chunk in answer.aiter_raw()])
    return answer


async def configuration(site: Site) -> Any:
    return json.loads(raw(await get(site, "{key}.json")))


class TestCaching:
    @pytest.mark.parametrize("part", PARTS)
    async def test_the_etag_is_the_same_all_day(self, site: Site, part: str) -> None:
        site.clock.now -= site.clock.now % DAY_MS
        first = await get(site, part)
        site.clock.advance(DAY_MS - 1)
        assert (await get(site, part)).headers["etag"] == first.headers["etag"]
        again = await get(site, part, if_none_match=first.headers["etag"])
        assert (again.status_code, raw(again)) == (304, b"")
        for name in ("etag", "cache-control", "vary", "access-control-allow-origin"):
            assert again.headers[name] == first.headers[name]
        site.clock.advance(1)
        assert ((await get(site, part)).headers["etag"] == first.headers["etag"]) == (part == "card")

    @pytest.mark.parametrize("part", PARTS[:2])
    async def test_it_changes_with_the_configuration_only(self, site: Site, part: str) -> None:
        first = (await get(site, part)).headers["etag"]
        await site.ask()
        await site.manage("PUT", "surveys/nps", json=a_survey(name="Another name"))
        assert (await get(site, part)).headers["etag"] == first, "nothing that a page is told"
        other = a_survey("other", trigger={"any": [{"event": "Something New"}]})
        assert (await site.manage("PUT", "surveys/other", json=other)).status_code == 201
        changed = await get(site, part, if_none_match=first)
        assert changed.status_code == 200
        assert b"Something New" in raw(changed)

    @pytest.mark.parametrize(
        ("part", "cache"),
        [
            ("{key}.js", "public, max-age=300, stale-while-revalidate=86400"),
            ("{key}.json", "public, max-age=300, stale-while-revalidate=86400"),
            ("card", "public, max-age=31536000, immutable"),
        ],
    )
    async def test_how_long(self, site: Site, part: str, cache: str) -> None:
        headers = (await get(site, part)).headers
        assert headers["cache-control"] == cache
        assert headers["vary"] == "Accept-Encoding"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "cross-origin"
        assert headers["access-control-allow-origin"] == "*"
        kind = "application/json" if part.endswith("json") else "text/javascript; charset=utf-8"
        assert headers["content-type"] == kind
        assert "set-cookie" not in headers

    @pytest.mark.parametrize("given", ['"other"', "", "x", '"', 'W/"', "\\"])
    async def test_another_etag_is_not_ours(self, site: Site, given: str) -> None:
        assert (await get(site, "{key}.js", if_none_match=given)).status_code == 200

    async def test_one_of_several_and_a_weak_one_are(self, site: Site) -> None:
        etag = (await get(site, "{key}.js")).headers["etag"]
        for given in (f'"a", {etag}', f"W/{etag}", f'{etag},"b"'):
            assert (await get(site, "{key}.js", if_none_match=given)).status_code == 304

    async def test_head_says_what_get_says(self, site: Site) -> None:
        address = f"/w/{site.project.public_key}.js"
        head, got = await site.client.head(address), await site.client.get(address)
        assert dict(head.headers) == dict(got.headers)
        assert head.content == b""


class TestEncodings:
    @pytest.mark.parametrize("part", PARTS)
    @pytest.mark.parametrize(
        ("accepted", "encoding"),
        [
            ("", None),
            ("identity", None),
            ("deflate", None),
            ("gzip", "gzip"),
            ("br", "br"),
            ("gzip, deflate, br, zstd", "br"),
            ("GZIP;q=0.5", "gzip"),
            ("br;q=0, gzip", "gzip"),
            ("br;q=0.0,gzip;q=0", None),
            ("br; q=0 ,gzip; q=1.0", "gzip"),
            ("vibrant, notgzip", None),
            (",;q=,", None),
        ],
    )
    async def test_the_smallest_that_is_taken(self, site: Site, part: str, accepted: str, encoding: str | None) -> None:
        plain = raw(await get(site, part))
        answer = await get(site, part, accept_encoding=accepted)
        assert answer.headers.get("content-encoding") == encoding
        undo = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
        assert undo(raw(answer)) == plain
        assert int(answer.headers["content-length"]) == len(raw(answer))
        assert encoding is None or len(raw(answer)) < len(plain)

    async def test_each_has_its_own_etag(self, site: Site) -> None:
        etags = {(await get(site, "{key}.js", accept_encoding=one)).headers["etag"] for one in ("", "gzip", "br")}
        assert len(etags) == 3

    async def test_packing_twice_gives_the_same_bytes(self, site: Site) -> None:
        first = raw(await get(site, "{key}.js", accept_encoding="gzip"))
        assert zlib.crc32(raw(await get(site, "{key}.js", accept_encoding="gzip"))) == zlib.crc32(first)


class TestConfiguration:
    async def test_what_a_page_is_told(self, site: Site) -> None:
        told = await configuration(site)
        card = await get(site, "card")
        assert told == {
            "api": "http://service.test",
            "pass": told["pass"],
            "watch": ["Done"],
            "live": False,
            "card": {"url": str(card.url), "integrity": told["card"]["integrity"]},
            "tact": site.app.state.widget.tact.pin("http://service.test"),
            "loader": told["loader"],  # TestPinnedLoader
        }
        algorithm, _, digest = told["card"]["integrity"].partition("-")
        assert hashlib.new(algorithm, raw(card)).digest() == base64.b64decode(digest)

    async def test_the_pass_is_the_days_and_the_projects(self, site: Site) -> None:
        opened = site.service.tokens.read(PASS, (await configuration(site))["pass"])
        assert opened.payload == [site.project.project_id]
        assert opened.expires_at == site.clock.now - site.clock.now % DAY_MS + 14 * DAY_MS

    async def test_the_loader_holds_the_same(self, site: Site) -> None:
        code = raw(await get(site, "{key}.js")).decode()
        assert PLACEHOLDER.decode() not in code
        told = await configuration(site)
        del told["loader"]  # which is what this is
        del told["card"]  # which the file that asks knows
        assert json.dumps(told | {"live": int(told["live"])}, separators=(",", ":")) in code

    @pytest.mark.parametrize("name", NASTY)
    async def test_an_event_of_any_name_stays_a_text(self, site: Site, name: str) -> None:
        survey = a_survey("nasty", trigger={"any": [{"event": name}]})
        assert (await site.manage("PUT", "surveys/nasty", json=survey)).status_code == 201
        code = raw(await get(site, "{key}.js")).decode()
        start = code.index('{"api":')
        told, _ = json.JSONDecoder().raw_decode(code[start:])
        assert told["watch"] == sorted(["Done", name])
        assert (await configuration(site)).items() >= told.items()
        inside = code[start : start + len(json.dumps(told)) * 2].partition('"live"')[0]
        assert not set("<\u2028\u2029") & set(inside)
        assert await site.offer(event=name) is not None

    @pytest.mark.parametrize("state", ["draft", "paused", "ended"])
    async def test_only_live_surveys_are_watched_for(self, site: Site, state: str) -> None:
        await site.manage("PUT", "surveys/nps", json=a_survey(state=state))
        assert (await configuration(site))["watch"] == []

    async def test_what_only_backends_may_say_is_not_watched_for(self, site: Site) -> None:
        survey = a_survey("served", trigger={"any": [{"event": "Internal Deal Closed", "source": "server"}]})
        await site.manage("PUT", "surveys/served", json=survey)
        assert (await configuration(site))["watch"] == ["Done"]

    async def test_nothing_internal_is_told(self, site: Site) -> None:
        survey = a_survey("secret-key", name="Secret Name", audience={"where": [["traits.churn_risk", "gt", 3]]})
        await site.manage("PUT", "surveys/secret-key", json=survey)
        text = raw(await get(site, "{key}.js")).decode()
        for secret in ("secret-key", "Secret Name", "churn_risk", site.project.write_key, "ids_", "wk_", "api_"):
            assert secret not in text

    @pytest.mark.parametrize("key", ["pk_unknown", "x" * 5_000, "%00", "..%2f..%2fapp", "card-x", "\u202e"])
    async def test_an_unknown_key(self, site: Site, key: str) -> None:
        for end in ("js", "json"):
            answer = await site.client.get(f"/w/{key}.{end}")
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/problem+json"

    async def test_a_card_of_another_release(self, site: Site) -> None:
        answer = await site.client.get("/w/card-0000000000000000.js", headers={"origin": SITE})
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_file")


class TestExpiredPass:
    @pytest.mark.parametrize("late_ms", [0, 1])
    async def test_to_the_millisecond(self, site: Site, late_ms: int) -> None:
        passed = await site.the_pass()
        assert (await site.event()).status_code == 200
        site.clock.now = site.service.tokens.read(PASS, passed).expires_at + late_ms
        answer = await site.event()
        assert answer.status_code == (401 if late_ms else 200)

    async def test_the_fresh_one_is_good_and_the_clock_may_go_back(self, site: Site) -> None:
        await site.the_pass()
        site.clock.advance(15 * DAY_MS)
        site._pass = (await site.event()).json()["pass"]
        assert (await site.event()).status_code == 200
        site.clock.advance(-30 * DAY_MS)
        assert (await site.event()).status_code == 200
        site.clock.advance(30 * DAY_MS + MINUTE_MS)
        assert (await site.event()).status_code == 200


class TestPinnedLoader:
    async def test_the_configuration_says_which_it_is(self, site: Site) -> None:
        pinned = (await configuration(site))["loader"]
        address = pinned["url"].removeprefix(site.service.settings.base_url)
        answer = await site.client.get(address, headers={"accept-encoding": ""})
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["access-control-allow-origin"] == "*", "integrity needs a script that may be read"
        assert pinned["integrity"] == "sha256-" + base64.b64encode(hashlib.sha256(answer.content).digest()).decode()
        assert b'"loader"' not in raw(await get(site, "{key}.js")), "the other one weighs as little as before"

    async def test_one_of_another_release_is_not_found(self, site: Site) -> None:
        answer = await site.client.get("/w/loader-00000000.js")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_file")


class TestBuild:
    def test_what_was_built_is_read(self) -> None:
        widget = load_widget()
        assert widget.loader.count(PLACEHOLDER) == 1
        assert (BUILT / "card.js").read_bytes() == widget.card.code
        assert (BUILT / "live.js").read_bytes() == widget.live.code
        assert PLACEHOLDER not in widget.pinned.code

    def test_what_was_not_built_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(CannotStart) as refused:
            load_widget(tmp_path)
        assert "make widget" in refused.value.message


class TestWhatFewSurveysNeed:
    """The controls of some kinds are a file of their own, which only a survey that has one tells of."""

    @pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.apart], ids=lambda kind: kind.name)
    async def test_a_survey_with_such_a_control_tells_where_it_is(self, site: Site, kind: Kind) -> None:
        options = [{"id": one, "label": one} for one in ("speed", "price")]
        needed = {name: {"options": options, "label": "Yes"}[name] for name in kind.needs}
        questions = [{"id": "q", "kind": kind.name, "ask": "?"} | needed]
        assert (
            await site.manage("PUT", "surveys/other", json=a_survey("other", questions=questions))
        ).status_code == 201
        assert (await site.manage("PUT", "surveys/nps", json=a_survey(state="paused"))).status_code == 200
        more = (await _asked(site))["more"]
        assert more["integrity"] == site.app.state.widget.more.integrity
        answer = await site.client.get("/w/" + more["url"].rpartition("/")[2])
        assert answer.content == (BUILT / "more.js").read_bytes()
        assert f"{kind.control}:" in answer.text
        assert f"{kind.control}:" not in (BUILT / "card.js").read_text(encoding="utf-8")

    async def test_any_other_does_not(self, site: Site) -> None:
        assert "more" not in await _asked(site)
        assert (await site.client.get("/w/more-00000000.js")).status_code == 404


async def _asked(site: Site) -> Any:
    """The survey of a new ask."""
    offer = await site.offer()
    assert offer is not None
    return (await site.take_up(offer)).json()["survey"]
