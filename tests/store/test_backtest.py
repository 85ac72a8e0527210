"""The backtest beside the real engine: the same events, people who take up everything at once, the same asks."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tactful.cli import new_project
from tactful.clock import new_id
from tactful.core.answers import Answers
from tactful.core.backtest import PAUSE_MS
from tactful.core.catalogue import choose
from tactful.core.decide import Moment, share_of
from tactful.core.reading import read_policy, read_survey
from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.core.trial import Habit, Plan, Tally
from tactful.core.trigger import Event
from tactful.database_url import DatabaseUrl
from tactful.identity import Identity
from tactful.rehearsal import Wanted, rehearsed
from tactful.store import backtest
from tactful.store.accounts import set_account
from tactful.store.asks import Asked, Context, Offered, Revision, close, respond, take_up
from tactful.store.backtest import rehearse
from tactful.store.batches import drive
from tactful.store.candidates import ready, waiters
from tactful.store.connections import begin, connect_writer
from tactful.store.events import INSERT_EVENT, Message, observe
from tactful.store.migrate import migrate
from tactful.store.people import peek, recognise, set_test
from tactful.store.projects import Config, apply_definitions, create_project, load_config
from tactful.store.scopes import complete
from tactful.store.script import Script, run
from tactful.store.sqlite import run_once, scanning
from tests.support.clock import START, SetClock
from tests.support.databases import beside
from tests.support.rows import contents as rows_of
from tests.support.service import a_survey, make_project

STEP = PAUSE_MS
STEPS = 50
HISTORIES = [100, pytest.param(300, marks=pytest.mark.long)]
HABIT = Habit(0.4, 0.3)
_numbers = itertools.count()


@dataclass
class World:
    """One project on an open transaction that is never committed, and people who take up whatever they are offered."""

    connection: sqlite3.Connection
    clock: SetClock
    project_id: str
    asked: list[tuple[int, str, str]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    busy: dict[str, int] = field(default_factory=dict)

    def do(self, script: Callable[..., Any], *args: Any) -> Any:
        return drive(self.connection, script(*args))

    @cached_property
    def config(self) -> Config:
        config: Config = self.do(load_config, self.project_id)
        return config

    def happens(self, who: str, name: str, properties: dict[str, Any]) -> None:
        """Let a backend say that something happened, and the person's tab be nudged."""
        event, catalogue, now = Event(name, properties, "server"), self.config.catalogue, self.clock.now
        message = Message(
            f"s:{next(_numbers)}", event, catalogue.waiting_for(event, now), event_id=f"{next(_numbers):012}",
            happened_at=now, cancelling=catalogue.cancelled_by(event),
        )  # fmt: skip
        self.do(observe, self.project_id, Identity(who, None, proved=True), [message], new_id(self.clock), catalogue)
        if message.waiting or message.cancelling:
            self.visit(who)

    def belongs(self, who: str, account: str, region: str) -> str:
        """Let a backend say to which account somebody belongs, and where they are; returns the person's id."""
        identity, catalogue = Identity(who, None, proved=True), self.config.catalogue
        told = Message(f"s:{next(_numbers)}", account_id=account, account_traits={})
        of = Message(f"s:{next(_numbers)}", traits={"region": region})
        seen = self.do(observe, self.project_id, identity, [told, of], new_id(self.clock), catalogue)
        return str(seen.known.person_id)

    def visit(self, who: str) -> None:
        """Let the person's tab ask for what waits, take up what it is offered, and answer or dismiss."""
        config, identity = self.config, Identity(who, None, proved=True)
        known = self.do(peek, self.project_id, identity, config.catalogue.horizon_ms, self.clock.now)
        if known is None or self.clock.now < self.busy.get(who, 0):
            return
        waiting = self.do(waiters, self.project_id, known.person_id, known.now)
        due = ready(config.catalogue, waiting, known.now)
        known = self.do(complete, self.project_id, known, [one.live for one in due])
        decision = choose(due, config.catalogue.policy, known.person, Moment(known.now, ""))
        self.refused.update(refusal.code for refusals in decision.refusals.values() for refusal in refusals)
        offer = decision.offer
        if offer is None:
            return
        offered = Offered(
            known.person_id, offer.offer_id(self.project_id), offer.live.survey.key, offer.live.version, offer.id,
            offer.per,
        )  # fmt: skip
        asked = self.do(take_up, config, offered, identity, Context("", "en"))
        assert isinstance(asked, Asked), asked
        self.asked.append((known.now, known.person_id, offered.survey_key))
        self.busy[who] = known.now + PAUSE_MS
        self.react(known.person_id, asked.ask_id, share_of("backtest", offered.survey_key, who, str(known.now)))

    def react(self, person_id: str, ask_id: str, share: float) -> None:
        if share < HABIT.responded:
            revision = Revision(1, Answers({"score": 9}, 9, "promoter", None), True, new_id(self.clock))
            self.do(respond, self.project_id, person_id, ask_id, revision)
        elif share < HABIT.responded + HABIT.dismissed:
            self.do(close, self.project_id, person_id, ask_id, "dismissed")

    def rehearsed(self, since: int = 0) -> Tally:
        """What the backtest says of the same events."""
        catalogue = self.config.catalogue
        plan = Plan(catalogue, since, self.clock.now + 1, dict.fromkeys(catalogue.surveys, HABIT))
        plan = self.do(backtest.history_of, self.project_id, plan)
        (tally,) = rehearse(self.do, self.project_id, [plan], lambda _read: None)
        return tally


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backtest") / "tactful.db"
    migrate(path, SetClock())
    return path


@pytest.fixture(scope="module")
def open_world(template: Path) -> Iterator[Callable[..., World]]:
    clock = SetClock()
    with closing(connect_writer(template, clock)) as connection:
        begin(connection)

        def make(surveys: list[dict[str, Any]], policy: dict[str, Any]) -> World:
            clock.now = START
            new = new_project(f"P{next(_numbers)}", ())
            world = World(connection, clock, new.project_id)
            read = [read_survey(survey) for survey in surveys]
            said = read_policy(policy)
            assert said.value is not None, said.faults
            assert all(one.value is not None for one in read), [one.faults for one in read]
            world.do(create_project, new)
            world.do(apply_definitions, new.project_id, said.value, [one.value for one in read])
            return world

        yield make


# Histories ----------------------------------------------------------------------------------------------------------


def span(chance: random.Random, first: int, last: int) -> str:
    return f"{chance.randint(first, last) * STEP // MINUTE_MS}m"


def a_trigger(chance: random.Random, hold: str, within: str) -> dict[str, Any]:
    """One event that makes a candidate. Hold and time are the survey's, so that no two of it are due at one moment
    that came at different ones: which goes first, the table does not say."""
    made: dict[str, Any] = {"event": chance.choice("AB"), "source": "server", "hold": hold, "within": within}
    extras: dict[str, Any] = {
        "nth": chance.choice(({"every": 2}, {"from": 2}, {"exactly": 2})),
        "where": [["properties.x", "is", 1]],
        "per": "properties.t",
        "cancel_on": [chance.choice(({"event": "C"}, {"event": "C", "same": "properties.t"}))],
    }
    return made | {name: value for name, value in extras.items() if chance.random() < 0.35}


def some_surveys(chance: random.Random, *, reserving: bool) -> list[dict[str, Any]]:
    made = []
    for number in range(chance.randint(1, 3)):
        hold = chance.choice(("0s", span(chance, 1, 6)))
        within = span(chance, 1, 20)
        made.append(
            a_survey(
                f"s{number}",
                priority=number,
                tags=chance.choice(([], ["x"])),
                trigger={"any": [a_trigger(chance, hold, within) for _ in range(chance.randint(1, 2))]},
                audience={"sample": chance.choice((1.0, 1.0, 0.6))},
                throttle={
                    "repeat": chance.choice(("1ms", span(chance, 1, 20))),
                    "ignores": chance.choice(([], ["r0"])),
                }
                | ({"reserve": span(chance, 2, 12)} if number and reserving else {}),
                questions=[{"id": "score", "kind": chance.choice(("nps", "csat")), "ask": "How?"}],
            )
        )
    return made


#: Half of all rules count over the person alone.
SCOPES: tuple[dict[str, str], ...] = (
    {},
    {},
    {},
    {"scope": "account"},
    {"scope": "project"},
    {"scope": "same(traits.region)"},
)


def a_policy(chance: random.Random, *, alone: bool) -> dict[str, Any]:
    rules = [
        {
            "id": f"r{number}",
            "surveys": chance.choice(("all", "this", "kind:nps", "tag:x")),
            "count": chance.choice(("asked", "asked", "dismissed", "responded")),
            "cap": chance.randint(1, 2),
            "window": span(chance, 1, 25),
        }
        | ({} if alone else chance.choice(SCOPES))
        for number in range(chance.randint(1, 3))
    ]
    tenure = chance.choice(("0s", "0s", span(chance, 1, 8)))
    return {"rules": rules, "tenure": tenure, "holdout": chance.choice((0, 0, 0.2))}


def play(world: World, chance: random.Random) -> None:
    """Let a dozen hours pass: events come, and everybody's tab asks for what waits at every step."""
    names = [f"user-{next(_numbers)}" for _ in range(3)]
    accounts = chance.choice((("a", "a", "b"), ("a", "a", "a"), ("a", "b", "c")))
    # Those who are due at one moment have their turns in the order of their ids.
    ids = {who: world.belongs(who, account, account) for who, account in zip(names, accounts, strict=True)}
    people = sorted(names, key=ids.__getitem__)
    for step in range(STEPS + 30):
        world.clock.now = START + step * STEP
        for who in people:
            if step < STEPS and chance.random() < 0.3:
                world.happens(who, chance.choice("AABBCD"), {"x": chance.randint(0, 1), "t": chance.randint(1, 3)})
        for who in people:
            world.visit(who)


@pytest.mark.parametrize("histories", HISTORIES)
def test_it_asks_whom_the_engine_would_have_asked(
    open_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, histories: int
) -> None:
    """The reference looks at every step; the backtest has to know when to look."""
    seen: Counter[str] = Counter()
    for seed in range(histories):
        chance = random.Random(seed)
        # A reserve ends early when others are asked what its survey waits for, and the backtest looks when it would
        # have ended by itself; so histories have either the one or the other.
        alone = chance.random() < 0.3
        world = open_world(some_surveys(chance, reserving=alone), a_policy(chance, alone=alone))
        play(world, chance)
        monkeypatch.setattr(backtest, "CHUNK", chance.choice((2, 7, 20_000)))
        tally = world.rehearsed()
        assert sorted(world.asked) == [ask[:3] for ask in tally.asks], f"seed {seed}"
        assert sum(tally.candidates.values()) == sum(tally.fates.values()), f"seed {seed}: each candidate has one fate"
        seen.update(world.refused)
        seen.update(fate for _, fate in tally.fates.elements())
    for what in (
        "reserved",
        "rule",
        "repeat",
        "tenure",
        "sample",
        "holdout",
        "asked",
        "cancelled",
        "replaced",
        "done",
        "expired",
    ):
        assert seen[what] > 30, (what, seen)


# Facts --------------------------------------------------------------------------------------------------------------

ONCE = {"rules": [{"id": "r0", "surveys": "all", "count": "asked", "cap": 1, "window": "10d"}], "tenure": "0s"}
DONE = a_survey("s0", trigger={"any": [{"event": "A", "source": "server"}]})


def test_real_asks_before_the_period_count_and_those_in_it_do_not(open_world: Callable[..., World]) -> None:
    world = open_world([DONE], ONCE)
    world.happens("ann", "A", {})
    world.clock.now += 1_000
    since = world.clock.now
    for who in ("ann", "bob"):
        world.happens(who, "A", {})
    assert [who for _, who, _ in world.asked] == [ask.person_id for ask in (*world.rehearsed().asks,)]
    assert [ask.who for ask in world.rehearsed(since).asks] == ["bob"]
    assert world.do(backtest.really_asked, world.project_id, since, since + 1).people == 1


def test_a_value_that_was_asked_for_before_the_period_is_not_asked_for_again(open_world: Callable[..., World]) -> None:
    per = {"any": [{"event": "A", "source": "server", "per": "properties.t"}]}
    world = open_world([a_survey("s0", trigger=per)], {"rules": [], "tenure": "0s"})
    world.happens("ann", "A", {"t": 1})
    world.clock.now += DAY_MS
    since = world.clock.now
    world.happens("ann", "A", {"t": 1})
    assert world.rehearsed(since).asks == []
    assert world.rehearsed(since).fates["s0", "done"] == 1


def test_test_people_are_left_out(open_world: Callable[..., World]) -> None:
    world = open_world([DONE], ONCE)
    for who in ("ann", "bob"):
        world.happens(who, "A", {})
    world.do(set_test, world.project_id, Identity("ann", None, proved=True), "unused")
    assert [ask.who for ask in world.rehearsed().asks] == ["bob"]


def test_what_came_of_real_asks_is_measured(open_world: Callable[..., World]) -> None:
    world = open_world([DONE], {"rules": [], "tenure": "0s"})
    for number in range(40):
        world.happens(f"user-{number}", "A", {})
    measured = world.do(backtest.measure, world.project_id, world.config.catalogue)["s0"]
    assert (measured.kind, measured.asked, measured.scores) == ("nps", 40, {9: measured.responded})
    assert 5 < measured.responded < 30
    assert 2 < measured.dismissed < 25


def test_it_writes_nothing_and_could_not(path: Path) -> None:
    """Byte by byte, the log beside the file too; and the connection refuses to write."""
    clock = SetClock()
    made = make_project(path, clock, surveys=(a_survey("s0"),))
    run_once(path, clock, kept_event, made.project_id)
    before = contents(path)
    told = rehearsed(DatabaseUrl.of_file(path), clock, Wanted(made.project_id), lambda _read, _events: None)
    assert told["present"]["asks"] == 1
    assert contents(path) == before
    with scanning(path, clock) as scan, pytest.raises(sqlite3.OperationalError, match="readonly"):
        scan(kept_event, made.project_id)


SHARED = {"rules": [{"id": "r0", "surveys": "all", "count": "asked", "cap": 2, "window": "10d", "scope": "account"}]}


def test_both_databases_say_the_same_and_stay_as_they_were(any_url: DatabaseUrl) -> None:
    """Of three people of an account two are asked, once each. Who has none is asked daily, and once more."""
    clock = SetClock()
    said = read_policy(SHARED | {"tenure": "0s"})
    assert said.value is not None
    surveys = (
        a_survey("s0", quota={"responses": 5}),
        a_survey("s1", trigger={"any": [{"event": "Done", "per": "properties.t"}]}, throttle={"repeat": "5d"}),
    )
    made = make_project(any_url, clock, surveys=surveys, policy=said.value)
    for number in range(4):
        beside(any_url, clock, kept_of, made.project_id, f"p{number}", "acme" if number < 3 else None)
    before = rows_of(any_url)
    told = rehearsed(any_url, clock, Wanted(made.project_id), lambda _read, _events: None)
    assert (told["kept"]["events"], told["present"]["asks"], told["present"]["people"]) == (12, 6, 3)
    assert [one["asks"] for one in told["present"]["surveys"]] == [5, 1]
    assert {(one["code"], one["rule"]) for one in told["present"]["surveys"][1]["refusals"]} >= {("rule", "r0")}
    assert rows_of(any_url) == before


def kept_of(project_id: str, person_id: str, account: str | None) -> Script[None]:
    """Somebody, maybe of an account, did three things, the last of them later."""
    row = yield from recognise(project_id, Identity(person_id, None, proved=True), person_id)
    if account is not None:
        yield from set_account(project_id, row, account, {"plan": "pro"})
    for number in range(3):
        at = START + number * DAY_MS
        properties = f'{{"t": {number}}}'
        yield run(INSERT_EVENT, project_id, person_id, f"{person_id}-{number}", "Done", properties, at, at)


def contents(path: Path) -> dict[str, bytes]:
    """The database and what its log holds; the index of the log is in memory, and an empty log is none."""
    files = {file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith("-shm")}
    return {name: content for name, content in files.items() if content}


def kept_event(project_id: str) -> Script[None]:
    """Somebody meets what every survey of `a_survey` waits for, fifteen days after they were first seen."""
    yield from recognise(project_id, Identity("ann", None, proved=True), "p1")
    yield run(INSERT_EVENT, project_id, "p1", "e1", "Done", "{}", START + 15 * DAY_MS, START)
