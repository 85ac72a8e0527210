"""The product's main scripts on both databases: what one of them took and the other does not shows here."""

from __future__ import annotations

import pytest

from tactful.clock import new_id
from tactful.core.answers import Answers
from tactful.core.spans import DAY_MS
from tactful.errors import Conflict, NotFound
from tactful.identity import Identity
from tactful.store.asks import Asked, Revision, close, respond
from tactful.store.events import Message, observe
from tactful.store.figures import Slice, Trait, overview, project_activity, survey_counts
from tactful.store.forgetting import forget_old
from tactful.store.installation import add_key, change_origins, revoke_old_keys
from tactful.store.members import (
    NewMember,
    NewSession,
    add_first,
    add_member,
    find_session,
    forget_sessions,
    list_members,
    remove_member,
    use_link,
)
from tactful.store.profiles import read_profile, recent_people, search_people
from tactful.store.projects import find_key
from tactful.store.receivers import find_by_email
from tactful.store.results import find_people, list_responses, survey_sums
from tactful.store.script import Database
from tests.support.asking import asking
from tests.support.clock import SetClock

pytestmark = pytest.mark.anyio


async def test_from_an_event_to_the_figures(any_database: Database, clock: SetClock) -> None:
    db, world = any_database, await asking(any_database, clock)
    project, catalogue = world.config.project_id, world.config.catalogue
    identity = Identity("ann", "browser", proved=True)
    message = Message("m1", traits={"plan": "pro", "email": "Ann@x.test", "n": 1}, account_id="acme",
                      account_traits={"name": "Acme"})  # fmt: skip
    seen = await db.run(observe, project, identity, (message,), new_id(clock), catalogue)
    ann = seen.known.person_id
    asked = await world.take_up("ann", ann, "o1")
    assert isinstance(asked, Asked)
    assert not isinstance(await world.take_up("ann", ann), Asked)
    await db.run(close, project, ann, "o1", "seen")
    for rev in (1, 1, 2):
        said = Revision(
            rev, Answers({"score": 9}, 9, "promoter", "good" if rev == 2 else None), rev == 2, new_id(clock)
        )
        await db.run(respond, project, ann, "o1", said)
    with pytest.raises(Conflict):
        await db.run(respond, project, ann, "o1", _next(said))
    with pytest.raises(NotFound):
        await db.run(close, project, ann, "nothing", "dismissed")
    day = clock.now // DAY_MS
    for trait in (None, Trait("plan", ('"pro"', "pro")), Trait("n", ('"1"', "1"))):
        counted = await db.scan(survey_counts, project, "nps", Slice(day, day, day, trait, "promoter"))
        assert (counted.scores, counted.asks["asked"], len(counted.comments)) == (((day, 9, 1),), 1, 1)
    assert (await db.scan(overview, project, ["nps"], Slice(day, day, day)))["nps"].histogram == {9: 1}
    assert (await db.scan(project_activity, [project], 0))[project]["responses"] == 1
    assert (await db.read(survey_sums, project, "nps")).scores == {9: 1}
    assert len(await db.read(list_responses, project, "nps", None, 10)) == 1
    assert len(await db.read(find_people, project, None, "", 10)) == 1
    assert len(await db.read(recent_people, project, None, 10)) == 1
    for wanted in ("ann", "ANN@x", "brow"):
        assert [row["person_id"] for row in await db.read(search_people, project, wanted, 10)] == [ann]
    assert (await db.read(read_profile, project, ann, clock.now, 10)).aliases == ("u:ann", "a:browser")
    clock.advance(8 * DAY_MS)
    assert await db.run(forget_old) == 1


async def test_capitals_of_an_address_make_no_difference_from_a_to_z(any_database: Database, clock: SetClock) -> None:
    db, world = any_database, await asking(any_database, clock)
    project, catalogue = world.config.project_id, world.config.catalogue
    for user_id, email in (("capital", "ÄNN.İ@X.test"), ("small", "änn.ı@x.test")):
        message = Message(user_id, traits={"email": email})
        await db.run(observe, project, Identity(user_id, None, proved=True), (message,), new_id(clock), catalogue)
        for written in (email, email.replace("test", "TEST"), email.replace("n", "N"), email.replace("N", "n")):
            assert await db.read(find_by_email, project, written) == (user_id,)
            assert [row["user_id"] for row in await db.read(search_people, project, written[:4], 10)] == [user_id]


def _next(said: Revision) -> Revision:
    return Revision(3, said.answers, done=True, response_id=said.response_id)


async def test_keys_and_origins(any_database: Database, clock: SetClock) -> None:
    db, project = any_database, (await asking(any_database, clock)).config.project_id
    await db.run(add_key, project, "write", "new-key", new_id(clock))
    await db.run(add_key, project, "identity", "another-new-secret", new_id(clock))
    assert await db.run(change_origins, project, "https://a.test", listed=True)
    assert (await db.run(revoke_old_keys, project, "write"), await db.run(revoke_old_keys, project, "identity")) == (
        1,
        1,
    )
    assert await db.read(find_key, "no-such-key") is None


async def test_members(any_database: Database, clock: SetClock) -> None:
    db = any_database
    first, second = (NewMember(new_id(clock), email, "admin") for email in ("a@x.test", "b@x.test"))
    assert await db.run(add_first, first, "hash")
    assert not await db.run(add_first, second, "hash")
    await db.run(add_member, second, "token")
    session = NewSession("secret", new_id(clock), "a device")
    assert await db.run(use_link, "token", "setup", "hash", session, first) == second.member_id
    with pytest.raises(NotFound):
        await db.run(use_link, "token", "setup", "hash", session, first)
    assert (await db.read(find_session, "secret"))["email"] == "b@x.test"
    assert [row["email"] for row in await db.read(list_members)] == ["a@x.test", "b@x.test"]
    await db.run(remove_member, second.member_id)
    with pytest.raises(Conflict):
        await db.run(remove_member, first.member_id)
    assert await db.run(forget_sessions) == 0
