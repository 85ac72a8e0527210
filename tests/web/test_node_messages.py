"""What one node tells the others: gathered, bounded, and read by nobody who does not understand it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from tactful.core.spans import DAY_MS
from tactful.web.live import Hub
from tactful.web.nodes import GATHER_S, LONGEST_MESSAGE, MOST_WAITING, Nodes
from tactful.web.updates import Updates
from tests.support.clock import SetClock
from tests.support.service import NO_RULES, Site, a_site, a_survey
from tests.support.stream import listening

pytestmark = pytest.mark.anyio


@dataclass
class Wire:
    """What was told."""

    messages: list[str] = field(default_factory=list)

    async def told(self) -> list[list[object]]:
        """Everything told, once all of it was."""
        done = asyncio.Event()
        # A timer that is set later rings later.
        asyncio.get_running_loop().call_later(GATHER_S, done.set)
        await done.wait()
        return [one for message in self.messages for one in orjson.loads(message)[1]]


def a_node(wire: Wire) -> Nodes:
    return Nodes(Hub(), Updates(), wire.messages.append)


class TestTelling:
    async def test_a_moment_is_one_message(self) -> None:
        wire = Wire()
        node = a_node(wire)
        for after_ms in (5_000, 2_000, 3_000):
            node.nudge("p", "ann", after_ms)
        node.nudge("p", "bob", -3)
        for _ in range(3):
            node.tell("p", "ask", "nps")
        node.tell("p", "event")
        told = await wire.told()
        assert told == [
            ["u", "p", "ask", "nps"],
            ["u", "p", "event", ""],
            ["n", "p", "ann", 2_000],
            ["n", "p", "bob", 0],
        ]
        assert len(wire.messages) == 1

    async def test_what_comes_later_is_told_too(self) -> None:
        wire = Wire()
        node = a_node(wire)
        node.nudge("p", "ann")
        await wire.told()
        node.nudge("p", "ann", 7)
        assert await wire.told() == [["n", "p", "ann", 0], ["n", "p", "ann", 7]]

    async def test_many_go_in_messages_that_postgresql_takes(self) -> None:
        wire = Wire()
        node = a_node(wire)
        people = [f"person-{number:019}" for number in range(MOST_WAITING + 10)]
        for person in people:
            node.nudge("a-project-of-26-characters", person, DAY_MS - 1)
        assert [one[2] for one in await wire.told()] == people[:MOST_WAITING]
        assert max(len(message.encode()) for message in wire.messages) <= LONGEST_MESSAGE + 10
        assert min(len(message.encode()) for message in wire.messages[:-1]) > LONGEST_MESSAGE - 100

    async def test_nobody_is_told_of_what_is_a_day_away(self) -> None:
        wire = Wire()
        a_node(wire).nudge("p", "ann", DAY_MS)
        assert await wire.told() == []

    async def test_a_node_that_stops_tells_nothing_more(self) -> None:
        wire = Wire()
        node = a_node(wire)
        node.nudge("p", "ann")
        node.close()
        node.tell("p", "ask")
        assert await wire.told() == []

    async def test_one_process_alone_gathers_nothing(self) -> None:
        node = Nodes(Hub(), Updates())
        node.nudge("p", "ann")
        node.tell("p", "ask")
        assert not node
        assert node._timer is None


class TestHearing:
    @pytest.fixture
    async def desk(self, path: Path, clock: SetClock) -> AsyncIterator[Site]:
        trigger = {"any": [{"event": "Ticket Closed", "source": "server"}]}
        async with a_site(path, clock, surveys=(a_survey(trigger=trigger),), policy=NO_RULES) as site:
            yield site

    async def test_a_tab_is_nudged_and_a_page_told(self, desk: Site) -> None:
        wire = Wire()
        there = a_node(wire)
        async with listening(desk) as tab:
            [(project, person)] = list(desk.service.hub._streams)
            there.nudge(project, person)
            await wire.told()
            desk.service.nodes.heard(wire.messages[0])
            await tab.nudged()

    @pytest.mark.parametrize(
        "message",
        [
            "",
            "{}",
            "[]",
            "[2,[]]",
            '[2,[["n","p","ann",0]]]',
            '[1,[["x","p"]]]',
            '[1,[["n","p","ann",-1]]]',
            '[1,[["n","p","ann",86400000]]]',
            '[1,[["n","p","ann",1e400]]]',
            '[1,[["n","p","ann","0"]]]',
            "\x00",
            "[" * 9_000,
        ],
    )
    async def test_what_nobody_understands_is_ignored(self, message: str) -> None:
        node = Nodes(Hub(), Updates())
        node.heard(message)

    async def test_a_version_that_says_more_is_understood_as_far_as_it_goes(self) -> None:
        """A later release may add to what this one knows, but not without another version number."""
        node = Nodes(Hub(), Updates())
        node.heard('[1,[["n","p","ann",0,"more"]],"more"]')
