"""A message id is remembered for seven days, by whichever process is asked and whichever was there in between."""

from __future__ import annotations

from typing import Any

import pytest

from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS
from tactful.store.forgetting import forget_old
from tests.support.backend import a_track, send
from tests.support.clock import SetClock
from tests.support.databases import Where, url_of
from tests.support.rows import acknowledged, execute
from tests.support.service import NO_RULES, Site, a_survey, make_project, running

pytestmark = pytest.mark.anyio

COUNTED = a_survey("counted", trigger={"any": [{"event": "Step", "nth": {"every": 100}}]})
#: Whatever a message may change: counts, events, traits, an account.
SENT: tuple[dict[str, Any], ...] = (
    a_track(messageId="track"),
    {"type": "identify", "messageId": "identify", "userId": "ann", "traits": {"plan": "pro"}},
    {"type": "group", "messageId": "group", "userId": "ann", "groupId": "acme", "traits": {"seats": 3}},
    {"type": "page", "messageId": "page", "userId": "ann", "name": "Home"},
)


def left(where: Where) -> dict[str, Any]:
    """All that is acknowledged, but for when people were last heard of and the link that each start prints."""
    return acknowledged(where) | {"people": execute(where, "SELECT person_id, traits FROM people"), "member_links": []}


async def again(site: Site) -> None:
    """Forget what may be forgotten, and send everything again with other contents, as nobody would."""
    await site.service.db.run(forget_old)
    changed = [one | {"properties": {"n": 2}, "traits": {"plan": "free", "seats": 4}} for one in SENT]
    assert (await send(site, *changed)).status_code == 200


@pytest.mark.on_both(soon=True)
async def test_an_id_of_almost_seven_days_is_still_known_everywhere(where: Where, clock: SetClock) -> None:
    project = make_project(where, clock, surveys=(COUNTED,), policy=NO_RULES)
    async with running(project, where, clock) as first:
        assert (await send(first, *SENT)).status_code == 200
        before = left(where)
        clock.advance(6 * DAY_MS + 23 * HOUR_MS)
        await again(first)
        assert left(where) == before
        if url_of(where).kind == "postgres":  # a file has one process
            async with running(project, where, clock) as other:
                await again(other)
                assert left(where) == before
    async with running(project, where, clock) as restarted:
        clock.advance(59 * MINUTE_MS)
        await again(restarted)
        assert left(where) == before
        clock.advance(2 * MINUTE_MS)
        await again(restarted)
        assert execute(where, "SELECT occurrences FROM counters") == [(2,)], "after that it is a new one"
