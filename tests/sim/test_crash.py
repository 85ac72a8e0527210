"""Nothing acknowledged is lost: `tactful serve` is killed again and again under load, and its file is compared.

Every round starts the real service on the same file, lets sixty pages go from events to asks to responses, and sends
SIGKILL at a moment drawn from the seed: after so many acknowledgements, and then a little later, so that the kill
falls anywhere in a batch. What had been acknowledged (a 2xx came back) must be there after the next start, in the
revision that was acknowledged or a later one that was sent; nobody may be over the cap; and in the end everything
that was sent and never acknowledged is sent again and must come to exactly one row.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tactful.clock import SystemClock
from tactful.store.projects import NewProject
from tests.support.server import Server, free_port, serving
from tests.support.service import ONE_AN_HOUR, a_survey, make_project
from tests.support.wire import LostReplyError, Page, Reply, Wire, pass_of, wires

pytestmark = pytest.mark.anyio

PAGES = 60
CAP = 1
SURVEYS = (a_survey("nps"), a_survey("second", trigger={"any": [{"event": "Other"}]}))
#: What a page says in its first and in its last revision.
REVISIONS: tuple[tuple[int, dict[str, object], bool], ...] = (
    (1, {"score": 7}, False),
    (2, {"score": 9, "why": "because"}, True),
)


@dataclass
class Told:
    """What was acknowledged in one round; `enough` is called once, at the `kill_after`-th."""

    kill_after: int
    enough: Callable[[], object]
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, what: str) -> None:
        self.counts[what] += 1
        if self.counts.total() == self.kill_after:
            self.enough()


@dataclass
class Story:
    """One person's way: which asks and revisions were sent, and which of them were acknowledged."""

    page: Page
    events: tuple[str, ...]
    offers: list[str] = field(default_factory=list)
    #: The offer that was taken up and the ask that came back; None: no reply came.
    taken: str | None = None
    ask: str | None = None
    sent: int = 0
    acknowledged: int = 0

    async def run(self, wire: Wire, told: Told) -> None:
        """An offer for each event; the first is taken up and answered twice, the others are refused in between."""
        for event in self.events:
            offer = await self.page.offer(wire, event)
            assert offer is not None
            self.offers.append(offer)
        self.taken = self.offers[0]
        self.ask = _ask_of(await self.page.take_up(wire, self.taken))
        told.add("asks")
        await self.answer(wire, told, REVISIONS[0])
        for offer in self.offers[1:]:
            assert (await self.page.take_up(wire, offer)).status == 409, "over the cap"
        await self.answer(wire, told, REVISIONS[1])

    async def answer(self, wire: Wire, told: Told | None, revision: tuple[int, dict[str, object], bool]) -> None:
        rev, answers, done = revision
        self.sent = rev
        reply = await wire.post("/w/responses", {"ask": self.ask, "rev": rev, "answers": answers, "done": done})
        assert reply.status == 200, reply.body
        self.acknowledged = rev
        if told is not None:
            told.add("responses")

    async def finish(self, wire: Wire) -> None:
        """Send again whatever was not acknowledged, as the page's queue does after the service is back."""
        if self.taken is None:
            return
        # A page that has had its ask sends responses only; one that has not asks again with the same offer.
        self.ask = self.ask or _ask_of(await self.page.take_up(wire, self.taken))
        for revision in REVISIONS:
            await self.answer(wire, None, revision)
        again = [(await self.page.take_up(wire, offer)).status for offer in self.offers]
        assert again == [409] * len(again), "what was answered is not drawn again, and another one is over the cap"


def _ask_of(reply: Reply) -> str:
    assert reply.status == 200, reply.body
    return str(reply.json()["ask"])


@dataclass
class Crashes:
    """The rounds of one test: everything that was told to anybody, over all kills."""

    path: Path
    project: NewProject
    draw: random.Random
    port: int = field(default_factory=free_port)
    stories: list[Story] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    people: Iterator[int] = field(default_factory=itertools.count)

    async def round(self) -> None:
        """Serve, compare with what earlier rounds were told, load, and kill."""
        with serving(self.path, self.port) as server:
            self.check()
            later_s = self.draw.random() * 0.01
            loop = asyncio.get_running_loop()
            told = Told(self.draw.randrange(1, 1_500), lambda: loop.call_later(later_s, server.process.kill))
            await self._load(server, told)
            self.told += told.counts
            when = f"{later_s * 1_000:.1f} ms after {told.kill_after} acknowledgements"
            print(f"killed {when}: {dict(told.counts)}")  # noqa: T201  # a figure for -rP

    async def _load(self, server: Server, told: Told) -> None:
        """Let pages come and go until the server is gone."""

        async def live(wire: Wire, passed: str) -> None:
            with contextlib.suppress(LostReplyError):
                while True:
                    number = next(self.people)
                    # Stories of several lengths: pages in step would all be at the same place when the kill comes.
                    events = ("Done", "Other", "Done", "Other")[: 1 + number % 4]
                    story = Story(Page(passed, f"user-{number}"), events)
                    self.stories.append(story)
                    await story.run(wire, told)

        async with wires(server.url, PAGES) as connections, asyncio.TaskGroup() as group:
            passed = await pass_of(connections[0], self.project.public_key)
            for wire in connections:
                group.create_task(live(wire, passed))
        server.process.wait()

    def check(self) -> None:
        """Compare the file with everything that was acknowledged so far."""
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            over = "SELECT person_id, count(*) FROM asks GROUP BY person_id HAVING count(*) > ?"
            assert file.execute(over, (CAP,)).fetchall() == []
            asked = dict(
                file.execute("SELECT p.user_id, a.ask_id FROM asks a JOIN people p USING (person_id)").fetchall()
            )
            found = file.execute("SELECT p.user_id, r.rev, r.answers FROM responses r JOIN people p USING (person_id)")
            said = {user_id: (rev, json.loads(answers)) for user_id, rev, answers in found.fetchall()}
        for story in self.stories:
            user_id = story.page.user_id
            assert user_id in asked or story.ask is None, f"{user_id}: an acknowledged ask is lost"
            rev, answers = said.get(user_id, (0, {}))
            assert story.acknowledged <= rev <= story.sent, f"{user_id}: an acknowledged response is lost"
            assert rev == 0 or answers == REVISIONS[rev - 1][1]

    async def finish(self) -> None:
        """Serve a last time: everything converges, and the management API tells every response once."""
        with serving(self.path, self.port) as server:
            self.check()
            unfinished = [story for story in self.stories if story.taken and story.acknowledged < len(REVISIONS)]
            without_ask = sum(story.ask is None for story in unfinished)
            async with wires(server.url, 1) as [wire]:
                for story in unfinished:
                    await story.finish(wire)
            self.check()
            asked = [story for story in self.stories if story.taken is not None]
            assert sorted(self._told_responses(server.url)) == sorted((s.page.user_id, 9, True) for s in asked)
            print(  # noqa: T201  # a figure for -rP
                f"sent again: {len(unfinished)}, {without_ask} of them asks; acknowledged in all: {dict(self.told)}"
            )

    def _told_responses(self, url: str) -> Iterator[tuple[str, int, bool]]:
        headers = {"authorization": f"Bearer {self.project.api_token}"}
        following: str | None = f"{url}/api/v1/responses?limit=100"
        while following is not None:
            page = httpx2.get(following, headers=headers).json()
            yield from ((one["person"]["user_id"], one["score"], one["done"]) for one in page["data"])
            following = page["next"]


@pytest.mark.parametrize(
    ("kills", "seed"),
    [(5, 1), pytest.param(20, 1, marks=pytest.mark.long), pytest.param(100, None, marks=pytest.mark.long)],
    ids=["few", "some", "many"],
)
async def test_killed_service_keeps_what_it_acknowledged(path: Path, kills: int, seed: int | None) -> None:
    seed = seed if seed is not None else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  # what a failure is repeated with
    project = make_project(path, SystemClock(), surveys=SURVEYS, policy=ONE_AN_HOUR)
    crashes = Crashes(path, project, random.Random(seed))
    began = time.perf_counter()
    for _ in range(kills):
        await crashes.round()
    await crashes.finish()
    print(f"{kills} kills in {time.perf_counter() - began:.1f} s")  # noqa: T201  # a figure for -rP
