"""Crowds at one person: what must hold however many scripts share a transaction, on both databases."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tactful.clock import new_id
from tactful.identity import Identity
from tactful.store.asks import Asked, NotNow, take_up
from tactful.store.people import Guarded, recognise
from tactful.store.profiles import read_profile
from tactful.store.script import Database, Script
from tests.support.asking import PAGE, Asking, asking
from tests.support.clock import SetClock

PEOPLE = 40
OFFERS = 8

pytestmark = pytest.mark.anyio


async def asks_of(world: Asking, person_id: str) -> int:
    profile = await world.database.read(read_profile, world.config.project_id, person_id, world.clock.now, 100)
    return len(profile.asks)


async def test_one_person_with_many_offers_is_asked_once(any_database: Database, clock: SetClock) -> None:
    world = await asking(any_database, clock)
    ann = await world.person()
    outcomes = await asyncio.gather(*(world.take_up("ann", ann) for _ in range(64)))
    assert sum(isinstance(outcome, Asked) for outcome in outcomes) == 1
    assert await asks_of(world, ann) == 1


async def test_everybody_with_racing_offers_is_asked_once(any_database: Database, clock: SetClock) -> None:
    world = await asking(any_database, clock)
    people = {f"u{i}": await world.person(f"u{i}") for i in range(PEOPLE)}
    racing = [(user, person) for _ in range(OFFERS) for user, person in people.items()]
    outcomes = await asyncio.gather(*(world.take_up(user, person) for user, person in racing))
    asked = [user for (user, _), outcome in zip(racing, outcomes, strict=True) if isinstance(outcome, Asked)]
    assert sorted(asked) == sorted(people)
    assert [await asks_of(world, person) for person in people.values()] == [1] * PEOPLE


async def test_first_contacts_at_once_make_one_person(any_database: Database, clock: SetClock) -> None:
    world = await asking(any_database, clock)
    assert len(set(await asyncio.gather(*(world.person("ann", "b1") for _ in range(32))))) == 1


async def test_pages_that_prove_nothing_make_nobody_run_twice(any_database: Database, clock: SetClock) -> None:
    """A script that fails after it has written takes its batch with it, and anybody can send such pages in floods."""
    world = await asking(any_database, clock)
    people = [await world.person(f"u{i}", f"b{i}") for i in range(PEOPLE)]
    started: list[str] = []

    def counted(person_id: str) -> Script[Asked | NotNow]:
        started.append(person_id)
        user = Identity(f"u{people.index(person_id)}", None, proved=True)
        return (yield from take_up(world.config, world.offered(person_id), user, PAGE))

    def unproved(number: int) -> list[Any]:
        who, project_id = Identity(None, f"b{number}", guarded=True), world.config.project_id
        taking = world.database.run(take_up, world.config, world.offered(people[number]), who, PAGE)
        return [taking, world.database.run(recognise, project_id, who, new_id(clock))]

    flood = [one for number in range(PEOPLE) for one in unproved(number)]
    asking_too = [world.database.run(counted, person_id) for person_id in people[: PEOPLE // 2]]
    outcomes = await asyncio.gather(*flood[:PEOPLE], *asking_too, *flood[PEOPLE:], return_exceptions=True)
    assert sum(isinstance(outcome, Guarded) for outcome in outcomes) == len(flood)
    assert sum(isinstance(outcome, Asked) for outcome in outcomes) == len(asking_too)
    assert len(started) == len(asking_too)


async def test_asks_race_merges_of_the_same_people(any_database: Database, clock: SetClock) -> None:
    """Each browser's anonymous person is asked, logs in, and the known one is asked, all at once and in any order:
    whoever was told that they were asked has an ask that counts, for the one person that is left."""
    world = await asking(any_database, clock)
    users = [f"u{i}" for i in range(PEOPLE)]
    known = [await world.person(user) for user in users]
    anonymous = [await world.person(None, user) for user in users]

    async def asked_as(identity: Identity, person_id: str) -> bool:
        offered = world.offered(person_id)
        return isinstance(await world.database.run(take_up, world.config, offered, identity, PAGE), Asked)

    def races(i: int) -> list[Any]:
        user, both = Identity(users[i], None), Identity(users[i], users[i], proved=True)
        merging = world.database.run(recognise, world.config.project_id, both, new_id(clock))
        again = world.database.run(recognise, world.config.project_id, both, new_id(clock))
        own = [asked_as(user, known[i]), asked_as(Identity(None, users[i]), anonymous[i])]
        return [own[0], merging, own[1], again] if i % 2 else [merging, own[1], again, own[0]]

    outcomes = await asyncio.gather(*(race for i in range(PEOPLE) for race in races(i)))
    for i, user in enumerate(users):
        told = sum(outcome is True for outcome in outcomes[4 * i : 4 * i + 4])
        person = await world.person(user, user)
        assert person == await world.person(None, user)
        assert await asks_of(world, person) == told
        assert 1 <= told <= 2
