"""What is decided under a lock holds wherever two nodes meet, statement by statement, on both databases."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson
import pytest

from tactful.clock import new_id, new_secret
from tactful.core.journal import Noted
from tactful.core.spans import DAY_MS
from tactful.errors import Conflict, NotFound
from tactful.identity import Identity
from tactful.store.accounts import READ_ACCOUNT
from tactful.store.audit import Act
from tactful.store.erasure import erase
from tactful.store.events import Message, observe
from tactful.store.forgetting import FORGET_FIRINGS
from tactful.store.hashes import READ_HASH_KEYS
from tactful.store.journal import FORGET_NAMES, EventSeen, add_decisions, add_names, event_names, recent_decisions
from tactful.store.members import (
    NewMember,
    NewSession,
    add_first,
    add_member,
    change_password,
    list_members,
    list_sessions,
    offer_first,
    offer_link,
    read_link,
    remove_member,
    set_role,
    start_session,
    use_link,
)
from tactful.store.people import LOCK_PERSON, Guarded, recognise, set_opted_out
from tactful.store.scopes import FIRE, READ_FIRINGS
from tactful.store.script import Database, Script, one
from tactful.store.stops import pull_back
from tests.support.asking import Asking, asking
from tests.support.meeting import Meeting, Pair
from tests.support.rows import do, every_row

pytestmark = pytest.mark.anyio


def admin(meeting: Meeting, name: str) -> NewMember:
    return NewMember(new_id(meeting.clock), f"{name}@x.test", "admin")


def a_session(meeting: Meeting) -> NewSession:
    return NewSession(new_secret("ses"), new_id(meeting.clock), "a device")


async def two_admins(meeting: Meeting, db: Database) -> tuple[str, str]:
    ann, bob = admin(meeting, "ann"), admin(meeting, "bob")
    await db.run(add_first, ann, "hash")
    await db.run(add_member, bob, "token")
    await db.run(use_link, "token", "setup", "hash", a_session(meeting), bob)
    return ann.member_id, bob.member_id


async def test_there_is_one_first_admin(meeting: Meeting) -> None:
    async def prepare(_: Database) -> Pair:
        return partial(add_first, admin(meeting, "ann"), "hash"), partial(add_first, admin(meeting, "bob"), "hash")

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert sorted(outcomes) == [False, True]
        assert len(await db.read(list_members)) == 1

    await meeting.everywhere(prepare, judge)


async def test_no_link_for_the_first_admin_outlives_there_being_one(meeting: Meeting) -> None:
    async def prepare(_: Database) -> Pair:
        return partial(offer_first, "token"), partial(add_first, admin(meeting, "ann"), "hash")

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert outcomes[1] is True
        assert await db.read(read_link, "token", "setup") is None

    await meeting.everywhere(prepare, judge)


async def test_a_link_is_used_once(meeting: Meeting) -> None:
    async def prepare(db: Database) -> Pair:
        ann = admin(meeting, "ann")
        await db.run(add_member, ann, "token")
        one_use, other = (partial(use_link, "token", "setup", who, a_session(meeting), ann) for who in ("one", "other"))
        return one_use, other

    async def judge(db: Database, outcomes: list[Any]) -> None:
        [spent] = [outcome for outcome in outcomes if not isinstance(outcome, str)]
        assert isinstance(spent, NotFound)
        [ann] = await db.read(list_members)
        assert len(await db.read(list_sessions, ann["member_id"])) == 1

    await meeting.everywhere(prepare, judge)


@pytest.mark.parametrize("how", ["removed", "demoted"])
async def test_an_admin_is_left(meeting: Meeting, how: str) -> None:
    async def prepare(db: Database) -> Pair:
        ann, bob = await two_admins(meeting, db)
        if how == "removed":
            return partial(remove_member, ann), partial(remove_member, bob)
        return partial(set_role, ann, "viewer"), partial(set_role, bob, "viewer")

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
        assert [row["role"] for row in await db.read(list_members)].count("admin") == 1

    await meeting.everywhere(prepare, judge)


async def test_no_session_outlives_the_password_it_was_started_with(meeting: Meeting) -> None:
    async def prepare(db: Database) -> Pair:
        ann, _ = await two_admins(meeting, db)
        starting = partial(start_session, ann, "hash", a_session(meeting), None)
        return starting, partial(change_password, ann, "hash", "another", a_session(meeting))

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert outcomes[1] is True
        ann = next(row for row in await db.read(list_members) if row["email"] == "ann@x.test")
        assert len(await db.read(list_sessions, ann["member_id"])) == 1

    await meeting.everywhere(prepare, judge)


async def test_nobody_who_was_removed_logs_in_or_gets_a_link(meeting: Meeting) -> None:
    async def prepare(db: Database) -> Pair:
        ann, _ = await two_admins(meeting, db)

        def both() -> Script[bool]:
            yield from offer_link(ann, "another token")
            return (yield from start_session(ann, "hash", a_session(meeting), None))

        return both, partial(remove_member, ann)

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert isinstance(outcomes[0], NotFound) or outcomes == [True, None]
        assert [row["email"] for row in await db.read(list_members)] == ["bob@x.test"]

    await meeting.everywhere(prepare, judge)


async def observed(world: Asking, user: str, **said: Any) -> Any:
    message = Message(new_id(world.clock), **said)
    identity = Identity(user, None, proved=True)
    ids = (world.config.project_id, identity, (message,), new_id(world.clock), world.config.catalogue)
    return partial(observe, *ids)


@pytest.mark.parametrize("there", [False, True])
async def test_what_two_people_say_of_their_account_is_all_kept(meeting: Meeting, *, there: bool) -> None:
    projects = []

    async def prepare(db: Database) -> Pair:
        world = await asking(db, meeting.clock)
        projects.append(world.config.project_id)
        if there:
            await db.run(await observed(world, "cleo", account_id="acme", account_traits={"seats": 3}))
        said = [{"plan": "pro"}, {"name": "Acme"}]
        one_says, other = [
            await observed(world, user, account_id="acme", account_traits=traits)
            for user, traits in zip(("ann", "bob"), said, strict=True)
        ]
        return one_says, other

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert not any(isinstance(outcome, Exception) for outcome in outcomes), outcomes
        [row] = await db.read(every_row, READ_ACCOUNT, projects[-1], "acme")
        assert orjson.loads(row["traits"]) == {"plan": "pro", "name": "Acme"} | ({"seats": 3} if there else {})

    await meeting.everywhere(prepare, judge)


@pytest.mark.parametrize("identity", [Identity(None, "b1"), Identity("ann", "b1", proved=True)])
async def test_who_returns_while_they_are_erased_stays_opted_out(meeting: Meeting, identity: Identity) -> None:
    made: list[tuple[str, str]] = []

    async def prepare(db: Database) -> Pair:
        world = await asking(db, meeting.clock)
        project = world.config.project_id
        made.append((project, await world.person(None, "b1")))
        if identity.user_id is not None:
            await world.person("ann")
        await db.run(set_opted_out, project, Identity(None, "b1"), new_id(meeting.clock))
        act = Act(new_id(meeting.clock), "x", "spare")
        returning = partial(recognise, project, identity, new_id(meeting.clock))
        return partial(erase, *made[-1], act), returning

    async def judge(db: Database, outcomes: list[Any]) -> None:
        project, _ = made[-1]
        assert outcomes[1]["opted_out_at"] is not None
        row = await db.run(recognise, project, identity, new_id(meeting.clock))
        assert row["opted_out_at"] is not None

    await meeting.everywhere(prepare, judge)


async def test_whoever_proves_nothing_is_never_somebody_who_logs_in_meanwhile(meeting: Meeting) -> None:
    async def prepare(db: Database) -> Pair:
        world = await asking(db, meeting.clock)
        project = world.config.project_id
        await world.person("ann")
        await world.person(None, "b1")
        login, nobody = Identity("ann", "b1", proved=True), Identity(None, "b1", guarded=True)
        first = partial(recognise, project, login, new_id(meeting.clock))
        return first, partial(recognise, project, nobody, new_id(meeting.clock))

    async def judge(_db: Database, outcomes: list[Any]) -> None:
        assert outcomes[0]["user_id"] == "ann"
        assert isinstance(outcomes[1], Guarded) or outcomes[1]["user_id"] is None

    await meeting.everywhere(prepare, judge)


async def test_what_is_decided_about_somebody_who_is_merged_is_kept(meeting: Meeting) -> None:
    made: list[tuple[str, str, str]] = []

    async def prepare(db: Database) -> Pair:
        world = await asking(db, meeting.clock)
        project = world.config.project_id
        ann, browser = await world.person("ann"), await world.person(None, "b1")
        made.append((project, ann, browser))
        noted = Noted(meeting.clock.now, meeting.clock.now, 1, "nps", 1, "refused", "/app")
        both = Identity("ann", "b1", proved=True)
        return partial(add_decisions, [(project, browser, [noted])]), partial(
            recognise, project, both, new_id(meeting.clock)
        )

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert not any(isinstance(outcome, Exception) for outcome in outcomes), outcomes
        project, ann, browser = made[-1]
        assert len(await db.read(recent_decisions, project, ann)) == 1
        assert await db.read(recent_decisions, project, browser) == ()

    await meeting.everywhere(prepare, judge)


async def test_a_trigger_that_fires_again_is_not_forgotten(meeting: Meeting) -> None:
    keys: list[tuple[str, str]] = []

    async def prepare(db: Database) -> Pair:
        world = await asking(db, meeting.clock)
        key = (world.config.project_id, await world.person())
        keys.append(key)
        now = meeting.clock.now
        await db.run(do, FIRE, *key, "nps", now - DAY_MS, now - 1)
        return partial(do, FIRE, *key, "nps", now, now + DAY_MS), partial(do, FORGET_FIRINGS, now, 10, now)

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert not any(isinstance(outcome, Exception) for outcome in outcomes), outcomes
        assert len(await db.read(every_row, READ_FIRINGS, *keys[-1])) == 1

    await meeting.everywhere(prepare, judge)


async def test_a_name_that_comes_again_is_not_forgotten(meeting: Meeting) -> None:
    projects = []

    async def prepare(db: Database) -> Pair:
        project = (await asking(db, meeting.clock)).config.project_id
        projects.append(project)
        now = meeting.clock.now
        seen = EventSeen(project, "Done", "browser", 1, now - DAY_MS, now - DAY_MS, {})
        await db.run(add_names, [seen])
        return partial(add_names, [seen._replace(last_at=now)]), partial(do, FORGET_NAMES, now, 10, now)

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert not any(isinstance(outcome, Exception) for outcome in outcomes), outcomes
        assert [(one_name.last_at) for one_name in await db.read(event_names, projects[-1])] == [meeting.clock.now]

    await meeting.everywhere(prepare, judge)


async def test_there_is_one_key_of_hashes(meeting: Meeting) -> None:
    async def prepare(db: Database) -> Pair:
        world = await asking(db, meeting.clock)
        people = [await world.person(user) for user in ("ann", "bob")]
        acts = [Act(new_id(meeting.clock), "x", spare) for spare in ("one", "other")]
        one_act, other = (
            partial(erase, world.config.project_id, person, act) for person, act in zip(people, acts, strict=True)
        )
        return one_act, other

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert not any(isinstance(outcome, Exception) for outcome in outcomes), outcomes
        assert len(await db.read(every_row, READ_HASH_KEYS)) == 1

    await meeting.everywhere(prepare, judge)


async def test_times_that_are_pulled_back_are_those_after_the_lock(meeting: Meeting) -> None:
    keys: list[tuple[str, str]] = []

    async def prepare(db: Database) -> Pair:
        meeting.clock.advance(DAY_MS)
        world = await asking(db, meeting.clock)
        keys.append((world.config.project_id, await world.person()))
        meeting.clock.advance(-DAY_MS)

        def later() -> Script[None]:
            yield one(LOCK_PERSON, *keys[-1])
            # Held up here, the other one waits; then time passes until it has the lock.
            yield one(LOCK_PERSON, *keys[-1])
            meeting.clock.advance(1_000)

        return later, partial(pull_back, keys[-1][0])

    async def judge(db: Database, outcomes: list[Any]) -> None:
        assert outcomes[1] == 1
        [row] = await db.run(every_row, LAST_AT, *keys[-1])
        times.append(meeting.clock.now - row["last_at"])

    times: list[int] = []
    await meeting.everywhere(prepare, judge)
    # Only where it was done before the clock went on is anything missing.
    assert times == ([0, 1_000] if meeting.kind == "sqlite" else [1_000, 0, 0])


LAST_AT = "SELECT last_at FROM people WHERE project_id = ? AND person_id = ?"
