"""Hostile bodies: whatever is sent is refused with a clear 4xx, and nothing is half kept."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tactful.web.bodies import BROWSER_LIMIT, INGEST_LIMIT
from tests.support.hostile import INGEST, ROUTES, WIDGET, is_clear, post
from tests.support.rows import contents
from tests.support.service import Site

pytestmark = pytest.mark.anyio

DEEP, DEEPER = 1_000, 100_000

NO_JSON: dict[str, bytes] = {
    "empty": b"",
    "white": b" \n",
    "NaN": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "invalid UTF-8": b'{"a":"\xff"}',
    "overlong UTF-8": b'{"a":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-32": '{"a":1}'.encode("utf-32"),
    "half": b'{"a":',
    "two values": b"{}{}",
    "a comment": b"{/* */}",
    "single quotes": b"{'a':1}",
    "a trailing comma": b'{"a":1,}',
    "a raw line break": b'{"a":"\n"}',
    "NUL": b"\0",
    "deep": b'{"a":' * DEEP + b"1" + b"}" * (DEEP - 1),
    "deeper": b"[" * DEEPER,
    "4,000 digits, unfinished": b'{"a":' + b"9" * 4_000,
    "broken gzip": b"\x1f\x8b\x08" + b"\0" * 20,
}

#: What real clients send too; the ingest mends it, or drops the one message that it stands in.
NO_STRICT_JSON: dict[str, bytes] = {
    "a number beyond all": b'{"batch":[1e999],"pass":1e999}',
    "a lone surrogate": rb'{"a":"\ud800"}',
    "half a pair": rb'{"a":"\ud800A"}',
}

NO_OBJECT: dict[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "a number": b"7",
    "4,000 digits": b"9" * 4_000,
    "a text": b'"text"',
    "an array": b"[]",
    "an array of arrays": b"[[[[]]]]",
    "deep arrays": b"[" * DEEP + b"]" * DEEP,
    "deeper arrays": b"[" * 16_000 + b"]" * 16_000,
    "a long text": b'"' + b"x" * 60_000 + b'"',
}

ODD_OBJECTS: dict[str, bytes] = {
    "only what is unknown": b'{"x":1}',
    "unknown fields": b'{"__proto__":{"x":1},"constructor":1,"a":[{}]}',
    "duplicate keys": b'{"pass":1,"pass":2,"ask":1,"ask":3,"batch":1,"batch":null,"key":1,"key":2}',
    "many keys": b"{" + b",".join(b'"%d":0' % number for number in range(6_000)) + b"}",
    "NUL in a key": rb'{"a\u0000b":1}',
}


@pytest.mark.parametrize("route", ROUTES)
class TestBodies:
    async def refused(self, site: Site, route: str, bodies: dict[str, bytes]) -> None:
        before = contents(site.path)
        for name, body in bodies.items():
            answer = await post(site, route, body)
            assert is_clear(answer), (name, answer.status_code, answer.text)
        assert contents(site.path) == before

    async def test_what_is_no_json(self, site: Site, route: str) -> None:
        await self.refused(site, route, NO_JSON if route in INGEST else NO_JSON | NO_STRICT_JSON)

    async def test_what_is_no_object(self, site: Site, route: str) -> None:
        await self.refused(site, route, NO_OBJECT)

    async def test_a_byte_order_mark(self, site: Site, route: str) -> None:
        """Only definitions, which people save from editors, may begin with one."""
        answer = await post(site, route, b"\xef\xbb\xbf[]")
        assert is_clear(answer)
        assert answer.json()["code"] == ("invalid_definition" if route.startswith("/api/") else "bad_json")

    async def test_objects_that_say_nothing(self, site: Site, route: str) -> None:
        if route == "/api/v1/policy":
            return  # a policy that says nothing is the default one (tests/web/test_manage.py)
        before = contents(site.path)
        for name, body in ODD_OBJECTS.items():
            answer = await post(site, route, body)
            is_single_message = route in INGEST[1:]
            assert answer.status_code == 200 if is_single_message else is_clear(answer), (name, answer.text)
        assert contents(site.path) == before

    async def test_too_much_is_refused_before_it_is_read(self, site: Site, route: str) -> None:
        before = contents(site.path)
        limit = BROWSER_LIMIT if route in WIDGET else INGEST_LIMIT
        taken = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal taken
            while True:
                taken += 1
                yield b"x" * 16_384

        declared = await post(site, route, b"x" * 10_000_000)
        claimed = [await post(site, route, b"{}", **{"content-length": n}) for n in ("99999999", "9" * 5_000)]
        if route in (*WIDGET, *INGEST):
            assert (await post(site, route, b" " * (limit + 1))).status_code == 413
            assert (await post(site, route, b" " * limit)).status_code == 400
        for answer in (declared, *claimed, await post(site, route, endless())):
            assert is_clear(answer)
            assert answer.json()["code"] in {"body_too_large", "too_large"}
        assert taken <= limit // 16_384 + 2, "not a chunk more than it takes to know"
        assert contents(site.path) == before

    async def test_gzip_bombs(self, site: Site, route: str) -> None:
        before = contents(site.path)
        for size in (INGEST_LIMIT + 1, 200_000_000):
            answer = await post(site, route, gzip.compress(b" " * size, 1), **{"content-encoding": "gzip"})
            assert is_clear(answer), answer.text
            assert answer.status_code == 413 if route in INGEST else answer.status_code < 500
        if route in INGEST:
            for cut in (1, 8, 12):
                answer = await post(site, route, gzip.compress(b'{"batch":[]}')[:-cut], **{"content-encoding": "gzip"})
                assert answer.json()["code"] == "bad_gzip"
            assert (await post(site, route, b"{}", **{"content-encoding": "gzip"})).json()["code"] == "bad_gzip"
        assert contents(site.path) == before


async def test_no_stream_is_opened_for_what_is_no_request(site: Site) -> None:
    before = contents(site.path)
    passed = await site.the_pass()
    bodies = {**NO_JSON, **NO_OBJECT, **ODD_OBJECTS, "forged": b'{"pass":"x","identity":{"user_id":"ann"}}'}
    for name, body in bodies.items():
        assert is_clear(await post(site, "/w/live", body)), name
    good = f'{{"pass":"{passed}","identity":{{"user_id":"ann"}}}}'.encode()
    assert is_clear(await post(site, "/w/live", good, origin="http://evil.test"))
    assert contents(site.path) == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = sorted(
    {"pass", "events", "identity", "context", "offer", "show", "ask", "rev", "answers", "done", "how", "batch", "type"}
    | {"userId", "event", "properties", "traits", "groupId", "messageId", "user_id", "anonymous_id", "message_id"}
    | {"key", "name", "state", "trigger", "questions", "rules", "tenure", "holdout", "throttle", "audience", "where"}
)
OBJECTS = st.recursive(
    JSON,
    lambda inner: st.dictionaries(st.sampled_from(FIELDS), inner, max_size=8) | st.lists(inner, max_size=3),
    max_leaves=20,
)


@pytest.mark.parametrize("route", ROUTES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=OBJECTS, good_first=st.booleans(), raw=st.none() | st.binary(max_size=60))
async def test_every_handler_is_total(route: str, site: Site, body: Any, good_first: bool, raw: bytes | None) -> None:
    if good_first and isinstance(body, dict):
        body = {"pass": await site.the_pass(), "identity": {"user_id": "ann"}} | body
    sent: Callable[[], bytes] = lambda: raw if raw is not None else json.dumps(body).encode("utf-8", "surrogatepass")  # noqa: E731  # one line at its one use
    answer = await post(site, route, sent())
    assert answer.status_code < 500, answer.text
    assert answer.status_code < 400 or is_clear(answer)
