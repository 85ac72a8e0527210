"""What messages say in Segment's dialect: views, other names, times, and texts that were cut."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.backend import CAPTURED, a_track, events, post, send
from tests.support.clock import SetClock
from tests.support.rows import contents, execute
from tests.support.service import NO_RULES, Site, a_site, a_survey, apply_to

pytestmark = pytest.mark.anyio

COUNTED = a_survey("counted", trigger={"any": [{"event": "Step", "nth": {"every": 2}}]})


@pytest.fixture
async def site(path: Path) -> AsyncIterator[Site]:
    async with a_site(path, SetClock(CAPTURED), surveys=(COUNTED,), policy=NO_RULES) as site:
        yield site


class TestViews:
    """A page or a screen that somebody saw is an event named so, with its name among the properties."""

    async def test_they_are_events(self, site: Site) -> None:
        page = {"type": "page", "userId": "ann", "name": "Home", "category": "Docs", "properties": {"path": "/"}}
        screen = {"type": "screen", "userId": "ann", "name": 7, "properties": {"name": "own"}}
        await send(site, page, screen)
        assert {name: json.loads(properties) for name, properties, _ in events(site)} == {
            "page": {"name": "Home", "category": "Docs", "path": "/"},
            "screen": {"name": "own"},
        }

    async def test_surveys_may_wait_for_them(self, site: Site) -> None:
        event = {"event": "screen", "where": [["properties.name", "is", "Checkout"]]}
        apply_to(site.path, site.clock, site.project.project_id, a_survey("seen", trigger={"any": [event]}))
        await site.service.configs.refresh()
        await send(site, *({"type": "screen", "userId": "ann", "name": name} for name in ("Home", "Checkout")))
        assert execute(site.path, "SELECT count(*) FROM candidates WHERE survey_key = 'seen'") == [(1,)]


class TestAlias:
    """Only the write key says that two known people are one."""

    async def test_it_joins_two_people_in_any_order(self, site: Site) -> None:
        alias = {"type": "alias", "userId": "ann", "previousId": "old"}
        before = [{"type": "identify", "userId": "old", "traits": {"a": 1, "b": 1}}, a_track(userId="old")]
        after = [{"type": "identify", "userId": "ann", "traits": {"b": 2}}, a_track(userId=None, anonymousId="old")]
        for messages in ([*before, alias, *after], [alias, *before, *after], [*after, *before, alias]):
            execute(site.path, "DELETE FROM people")
            execute(site.path, "DELETE FROM aliases")
            execute(site.path, "DELETE FROM counters")
            execute(site.path, "DELETE FROM messages")
            for message in messages:
                await send(site, message)
            people = execute(site.path, "SELECT user_id, traits FROM people WHERE merged_into IS NULL")
            assert [(user_id, json.loads(traits)) for user_id, traits in people] == [("ann", {"a": 1, "b": 2})]
            assert execute(site.path, "SELECT occurrences FROM counters") == [(2,)]

    async def test_said_again_or_the_other_way_round_it_changes_nothing(self, site: Site) -> None:
        await send(site, {"type": "alias", "userId": "ann", "previousId": 7})
        before = contents(site.path)
        await send(site, {"type": "alias", "userId": "ann", "previousId": "7"})
        await send(site, {"type": "alias", "userId": 7, "previousId": "ann"})
        await send(site, {"type": "alias", "userId": "ann", "previousId": "ann"})
        after = contents(site.path)
        new = [row for row in after["aliases"] if row not in before["aliases"]]
        assert [alias for _, alias, _ in new] == ["a:ann"]
        assert (len(after["people"]), len(before["people"])) == (1, 1)


class TestTime:
    """A client's clock is wrong by what lies between its `sentAt` and our receipt."""

    @pytest.mark.parametrize(
        ("message", "batch", "ago_ms"),
        [
            ({}, {}, 0),
            ({"timestamp": "2020-01-01T00:00:00Z"}, {"sentAt": "2020-01-01T00:00:05Z"}, 5_000),
            ({"originalTimestamp": "2020-01-01T00:00:00Z", "timestamp": "1999-01-01"}, {"sentAt": "2020-01-01"}, 0),
            (
                {"timestamp": "2020-01-01T00:00:00Z", "sentAt": "2020-01-01T00:00:01Z"},
                {"sentAt": "2020-01-01T00:00:05Z"},
                1_000,
            ),
            ({"timestamp": "2020-01-01T00:00:05Z"}, {"sentAt": "2020-01-01T00:00:00Z"}, 0),
            ({"timestamp": "2030-01-01T00:00:00Z"}, {}, 0),
            ({"timestamp": "2026-11-21T18:20:00Z"}, {}, 60_000),
            ({"timestamp": "2026-11-21T19:20:00+01:00"}, {}, 60_000),
        ],
        ids=str,
    )
    async def test_events_happened_by_our_clock(
        self, site: Site, message: dict[str, Any], batch: dict[str, Any], ago_ms: int
    ) -> None:
        await send(site, a_track(**message), **batch)
        [(_, _, happened_at)] = events(site)
        assert happened_at == CAPTURED - ago_ms

    async def test_nothing_happened_before_1970(self, site: Site) -> None:
        await send(site, a_track(timestamp="1970-01-01T00:00:00Z"), sentAt="2199-12-31T00:00:00Z")
        assert events(site)[0][2] == 0


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (r"\ud83d", "\ufffd"),
        (r"cut \ud83d here", "cut \ufffd here"),
        (r"\ude00", "\ufffd"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\\ud83d\uD83D", "\\ud83d\ufffd"),
        (r"\ude00 \ud83d\ude00 \\ \n", "\ufffd \U0001f600 \\ \n"),
    ],
)
async def test_half_an_emoji_harms_nobody(site: Site, written: str, kept: str) -> None:
    """JavaScript writes a text that was cut in the middle of a character as half an escape."""
    broken = '{"type":"track","event":"Done","userId":"ann","properties":{"text":"' + written + '"}}'
    await post(site, f'{{"batch":[{broken},{json.dumps(a_track(event="After"))}]}}'.encode())
    assert {name: json.loads(properties) for name, properties, _ in events(site)} == {
        "Done": {"text": kept},
        "After": {},
    }
