"""What arrived last is kept, bounded, and in nobody's way."""

from __future__ import annotations

import pytest

from tactful.web.arrivals import MOST_ARRIVALS, MOST_SEEN_ORIGINS, Arrival, Arrivals, name_of, origin_of
from tests.support.clock import SetClock
from tests.support.service import SITE, Site

pytestmark = pytest.mark.anyio


@pytest.fixture
def arrivals(clock: SetClock) -> Arrivals:
    return Arrivals(clock)


def test_the_last_are_kept_newest_first(arrivals: Arrivals, clock: SetClock) -> None:
    for number in range(MOST_ARRIVALS + 3):
        clock.advance(10)
        arrivals.came("p", Arrival(f"e{number}", "page", "heard"))
    kept = arrivals.events("p")
    assert [told.name for _, told in kept[:2]] == ["e52", "e51"]
    assert kept[0][0] - kept[1][0] == 10
    assert len(kept) == MOST_ARRIVALS
    assert arrivals.total("p") == MOST_ARRIVALS + 3


def test_what_is_long_is_cut(arrivals: Arrivals) -> None:
    arrivals.came("p", Arrival("e" * 9_000, "page", "heard", "o" * 9_000, "w" * 9_000))
    arrivals.saw("p", "o" * 9_000, "refused")
    [(_, told)] = arrivals.events("p")
    assert {len(told.name), len(told.origin or ""), len(told.who or "")} == {200}
    assert len(arrivals.origins("p")[0].origin) == 200


def test_projects_are_apart(arrivals: Arrivals) -> None:
    arrivals.came("p", Arrival("e", "page", "heard"))
    arrivals.saw("p", SITE, "calls")
    assert (arrivals.events("q"), arrivals.origins("q"), arrivals.total("q")) == ([], [], 0)


def test_the_origin_that_called_longest_ago_makes_room(arrivals: Arrivals, clock: SetClock) -> None:
    for number in range(MOST_SEEN_ORIGINS):
        clock.advance(1)
        arrivals.saw("p", f"https://{number}", "calls")
    clock.advance(1)
    arrivals.saw("p", "https://0", "loads")
    clock.advance(1)
    arrivals.saw("p", "https://new", "refused")
    kept = [seen.origin for seen in arrivals.origins("p")]
    assert len(kept) == MOST_SEEN_ORIGINS
    assert kept[:2] == ["https://new", "https://0"]
    assert "https://1" not in kept


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ({"type": "track", "event": "Done"}, "Done"),
        ({"type": "identify"}, "identify"),
        ({"type": "track", "event": 7}, "track"),
        ({}, "unreadable"),
        ("text", "unreadable"),
        (None, "unreadable"),
    ],
)
def test_names(event: object, name: str) -> None:
    assert name_of(event) == name


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://app.example.com:8443/a/b?c#d", "https://app.example.com:8443"),
        ("", None),
        ("about:blank", None),
        ("file:///tmp/x", None),
        ("https://[::1", None),
    ],
)
def test_origin_of_a_page(address: str, origin: str | None) -> None:
    assert origin_of(address) == origin


class TestInTheService:
    async def test_events_of_pages(self, site: Site) -> None:
        await site.event("ann", "Done")
        await site.event("ann", "Elsewhere")
        await site.event("ann", type="identify", event=None, traits={"plan": "pro"})
        await site.event(None, message_id=None, identity={"user_id": None, "anonymous_id": "a1"})
        told = [one for _, one in reversed(site.service.arrivals.events(site.project.project_id))]
        assert [(one.name, one.outcome, one.who) for one in told] == [
            ("Done", "waits", "ann"),
            ("Elsewhere", "heard", "ann"),
            ("identify", "kept", "ann"),
            ("Done", "dropped", "a1"),
        ]
        assert {(one.source, one.origin) for one in told} == {("page", SITE)}

    async def test_events_of_backends(self, site: Site) -> None:
        await site.backend("Done", "ann")
        batch = [{"type": "track", "event": "Kept", "userId": 7, "messageId": "x"}, {"type": "track"}]
        await site.client.post("/v1/batch", json={"batch": batch, "writeKey": site.project.write_key})
        told = [one for _, one in reversed(site.service.arrivals.events(site.project.project_id))]
        assert [(one.name, one.source, one.outcome, one.who) for one in told] == [
            ("Done", "backend", "waits", "ann"),
            ("Kept", "backend", "heard", "7"),
            ("track", "backend", "dropped", None),
        ]

    async def test_where_calls_come_from(self, site: Site) -> None:
        await site.event("ann", "Done")
        site.origin = "https://elsewhere.test"
        assert (await site.event("ann", "Done")).status_code == 403
        site.origin = None
        assert (await site.event("ann", "Done")).status_code == 403
        loader = f"/w/{site.project.public_key}.js"
        await site.client.get(loader, headers={"referer": f"{SITE}/lesson?secret=1"})
        await site.client.get(loader)
        seen = {one.origin: one for one in site.service.arrivals.origins(site.project.project_id)}
        assert {name: (one.loads, one.calls, one.refused) for name, one in seen.items()} == {
            SITE: (1, 1, 0),
            "https://elsewhere.test": (0, 0, 1),
            "app": (0, 0, 1),
        }
