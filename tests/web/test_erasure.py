"""What is held of a person is shown whole, and erased whole; what must hold on does, and nothing else is left."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tactful.core.spans import DAY_MS
from tactful.errors import NotFound
from tactful.identity import Identity
from tactful.store.erasure import end_opt_out, end_test, erase, export
from tactful.store.members import ROLES
from tactful.store.people import recognise
from tactful.store.registry import BELONGINGS
from tactful.store.script import Script
from tactful.web.privacy import act
from tests.store.test_registry import columns
from tests.support.canary import CANARY, SURVEYS, become_test, live_a_life
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.rows import contents, execute
from tests.support.service import NO_RULES, Site, a_site, make_project

pytestmark = pytest.mark.anyio

#: What an erasure leaves: hashes, the record that it was done, and how many there were.
LEFT = {"hash_keys", "kept_opt_outs", "erased_people", "audit", "erasures"}


@pytest.fixture
async def lived(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(path, clock, surveys=SURVEYS, policy=NO_RULES) as site:
        yield site


async def person_of(site: Site, user_id: str) -> dict[str, Any]:
    [person] = (await site.manage("GET", "people", params={"user_id": user_id})).json()["data"]
    return dict(person)


async def opt_out(site: Site, **identity: Any) -> None:
    body = {"pass": await site.the_pass(), "identity": identity, "how": "opted_out"}
    assert (await site.post("/w/closings", body)).status_code == 200


async def is_opted_out(site: Site, user_id: str) -> bool:
    return bool((await person_of(site, user_id))["opted_out"])


async def erased(site: Site, person_id: str) -> Any:
    return (await site.manage("DELETE", f"people/{person_id}")).json()["erased"]


async def test_a_life_leaves_something_in_every_table(lived: Site) -> None:
    person_id = await live_a_life(lived)
    tables = (await lived.manage("GET", f"people/{person_id}/export")).json()["tables"]
    assert {table for table, rows in tables.items() if not rows} == set(), "let live_a_life fill the new table too"
    assert set(tables) == {one.table for one in BELONGINGS}


async def test_an_export_reads_as_a_person_would(lived: Site) -> None:
    person_id = await live_a_life(lived)
    told = (await lived.manage("GET", f"people/{person_id}/export")).json()
    assert (told["person"], told["project"]) == (person_id, "P")
    assert told["tables"]["people"][0]["traits"] == {"email": f"{CANARY}@example.com"}
    assert told["tables"]["responses"][0]["answers"] == {"score": 9, "why": f"because {CANARY}"}
    assert told["tables"]["asks"][0]["asked_at"].endswith("Z")
    assert told["tables"]["asks"][0]["test"] is False
    assert {one["alias"] for one in told["tables"]["aliases"]} == {f"u:{CANARY}", f"a:browser-{CANARY}"}


PEOPLE = ("ann", "bob", None)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("done", "counted", "closed", "opt out", "test")), st.sampled_from(PEOPLE), st.booleans()
    ),
    min_size=1,
    max_size=12,
)


async def _live(site: Site, steps: list[tuple[str, str | None, bool]]) -> None:
    for what, user_id, shared in steps:
        identity = {"user_id": user_id, "anonymous_id": "shared" if shared or user_id is None else f"of-{user_id}"}
        if what == "done":
            offer = await site.offer(identity=identity)
            taken = await site.take_up(offer, identity=identity) if offer else None
            if taken is not None and taken.status_code == 200:
                await site.respond(taken.json()["ask"])
        elif what == "counted":
            await site.event(identity=identity, event="Counted")
        elif what == "closed" and user_id:
            await site.backend("Closed", user_id, properties={"ticket": len(steps)})
        elif what == "opt out":
            await opt_out(site, **identity)
        elif what == "test" and user_id:
            await become_test(site, user_id)
        site.clock.advance(DAY_MS)


@settings(max_examples=25)
@given(steps=STEPS)
def test_what_is_exported_is_what_is_erased(steps: list[tuple[str, str | None, bool]]) -> None:
    asyncio.run(_exported_is_erased(steps))


async def _exported_is_erased(steps: list[tuple[str, str | None, bool]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "tactful.db"
        async with a_site(path, SetClock(), surveys=SURVEYS, policy=NO_RULES) as site:
            await _live(site, steps)
            everybody = [row[0] for row in execute(path, "SELECT person_id FROM people WHERE merged_into IS NULL")]
            names = columns(path)
            for person_id in everybody:
                await site.service.journal.write(site.service.db)  # or erasing them does that too
                before = contents(path)
                told = await site.service.db.scan(export, site.project.project_id, person_id)
                counted = await erased(site, person_id)
                after = contents(path)
                shown = {table: sorted((tuple(row[name] for name in names[table]) for row in rows), key=repr)
                         for table, rows in told.items()}  # fmt: skip
                for table in before.keys() - LEFT:
                    gone = [row for row in before[table] if row not in after[table]]
                    assert gone == shown.get(table, []), table
                    assert len(gone) == counted.get(table, 0)
                    assert [row for row in after[table] if row not in before[table]] == []
            assert all(contents(path)[one.table] == [] for one in BELONGINGS)


async def test_no_byte_of_a_person_is_left(path: Path, clock: SetClock) -> None:
    async with a_site(path, clock, surveys=SURVEYS, policy=NO_RULES) as site:
        other = await live_a_life(site, "somebody-else")
        person_id = await live_a_life(site)
        await opt_out(site, user_id=CANARY)
        assert CANARY.encode() in b"".join(file.read_bytes() for file in path.parent.iterdir())
        await erased(site, person_id)
        assert (await site.manage("GET", f"people/{other}")).status_code == 200
        arrivals = [told.who for _, told in site.service.arrivals.events(site.project.project_id)]
        assert CANARY not in arrivals
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")
    for mark in (CANARY.encode(), person_id.encode()):
        assert {file.name for file in path.parent.iterdir() if mark in file.read_bytes()} == set()


@pytest.mark.parametrize("known_as", [{"user_id": CANARY}, {"anonymous_id": f"browser-{CANARY}"}])
async def test_an_opt_out_outlives_its_person(lived: Site, known_as: dict[str, str]) -> None:
    person_id = await live_a_life(lived)
    await opt_out(lived, user_id=CANARY)
    await erased(lived, person_id)
    assert await lived.offer(identity=known_as) is None
    [person] = (await lived.manage("GET", "people", params=known_as)).json()["data"]
    assert person["opted_out"] is True
    assert person["id"] != person_id


async def test_an_opt_out_is_found_when_the_id_comes_later(lived: Site) -> None:
    person_id = await live_a_life(lived)
    await opt_out(lived, user_id=CANARY)
    await erased(lived, person_id)
    new = {"user_id": None, "anonymous_id": "a new browser"}
    assert await lived.offer(identity=new) is not None
    assert await lived.offer(identity=new | {"user_id": CANARY}) is None
    assert await is_opted_out(lived, CANARY)
    assert await lived.offer(user_id="ann") is not None
    assert await lived.offer(identity={"user_id": "ann", "anonymous_id": f"browser-{CANARY}"}) is None
    assert await is_opted_out(lived, "ann"), "the browser's owner had said so"


async def test_an_opt_out_holds_for_whoever_is_met_while_they_are_erased(lived: Site) -> None:
    """A transaction finds whom an id leads to, another erases them, and only then the first takes the id."""
    person_id = await live_a_life(lived)
    await opt_out(lived, user_id=CANARY)
    meeting = recognise(lived.project.project_id, Identity(CANARY, None), "new")

    def step(answer: Any) -> Script[tuple[Any, bool]]:
        try:
            statement = meeting.send(answer)
        except StopIteration:
            return None, True
        return (yield statement), False

    answer, over = await lived.service.db.run(step, None)
    await erased(lived, person_id)
    while not over:
        answer, over = await lived.service.db.run(step, answer)
    assert await is_opted_out(lived, CANARY)


async def test_somebody_who_had_not_opted_out_returns_as_anybody(lived: Site) -> None:
    person_id = await live_a_life(lived)
    await erased(lived, person_id)
    assert contents(lived.path)["kept_opt_outs"] == []
    assert await lived.offer(user_id=CANARY) is not None
    assert not await is_opted_out(lived, CANARY)


async def test_what_comes_late_brings_nobody_back(lived: Site) -> None:
    ask = await lived.ask()
    lived.clock.advance(DAY_MS)
    offer = await lived.offer()
    person = await person_of(lived, "ann")
    await erased(lived, person["id"])
    assert offer is not None
    before = {table: contents(lived.path)[table] for table in (one.table for one in BELONGINGS)}
    assert (await lived.take_up(offer)).status_code == 409
    for answer in (await lived.respond(ask), await lived.post("/w/closings", {"ask": ask, "how": "dismissed"})):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_ask")
    assert {table: contents(lived.path)[table] for table in before} == before
    assert await erased_again(lived, person["id"]) == 404
    assert (await lived.manage("GET", f"people/{person['id']}/export")).status_code == 404


async def erased_again(site: Site, person_id: str) -> int:
    return (await site.manage("DELETE", f"people/{person_id}")).status_code


async def test_another_project_s_person_is_nobody(lived: Site) -> None:
    other = make_project(lived.path, lived.clock, surveys=SURVEYS, name="Other")
    theirs = Site(lived.app, lived.client, other, lived.path, lived.clock)
    await theirs.offer()
    person = await person_of(theirs, "ann")
    for method, place in (("DELETE", ""), ("GET", "/export")):
        assert (await lived.manage(method, f"people/{person['id']}{place}")).status_code == 404
        assert (await lived.manage(method, f"people/%00{place}")).status_code == 404
    assert (await person_of(theirs, "ann"))["id"] == person["id"]


async def test_acts_are_recorded_without_saying_whom_they_were_about(lived: Site) -> None:
    person_id = await live_a_life(lived)
    await opt_out(lived, user_id=CANARY)
    await become_test(lived, CANARY)
    project_id, db = lived.project.project_id, lived.service.db
    for done in (end_opt_out, end_test):
        assert await db.run(done, project_id, person_id, act(lived.clock, "ann@tactful.test")) is True
        assert await db.run(done, project_id, person_id, act(lived.clock, "ann@tactful.test")) is False
        lived.clock.advance(1)
    await db.run(erase, project_id, person_id, act(lived.clock, "bob@tactful.test"))
    kept = execute(lived.path, "SELECT who, what, about FROM audit WHERE what <> 'receiver_made' ORDER BY done_at")
    assert [row[:2] for row in kept] == [
        ("ann@tactful.test", "opt_out_ended"),
        ("ann@tactful.test", "test_ended"),
        ("bob@tactful.test", "erased"),
    ]
    assert len({row[2] for row in kept}) == 1
    assert person_id not in repr(kept)
    for done in (end_opt_out, end_test, erase):
        with pytest.raises(NotFound):
            await db.run(done, project_id, person_id, act(lived.clock, "x"))


async def test_an_ended_opt_out_is_ended_for_every_id(lived: Site) -> None:
    person_id = await live_a_life(lived)
    await opt_out(lived, user_id=CANARY)
    await erased(lived, person_id)
    both = {"user_id": CANARY, "anonymous_id": f"browser-{CANARY}"}
    assert await lived.offer(identity=both) is None
    again = (await person_of(lived, CANARY))["id"]
    await lived.service.db.run(end_opt_out, lived.project.project_id, again, act(lived.clock, "x"))
    assert contents(lived.path)["kept_opt_outs"] == []
    assert await lived.offer(identity=both) is not None
    await erased(lived, again)
    assert await lived.offer(identity=both) is not None


async def test_a_test_person_who_is_none_any_more_counts_again(lived: Site) -> None:
    await become_test(lived, "ann")
    await lived.respond(await lived.ask(), done=True)
    person = await person_of(lived, "ann")
    await lived.service.db.run(end_test, lived.project.project_id, person["id"], act(lived.clock, "x"))
    lived.clock.advance(DAY_MS)
    await lived.respond(await lived.ask(), done=True)
    assert (await lived.manage("GET", "surveys/nps/results")).json()["asked"] == 1


# On the person's page -------------------------------------------------------------------------------------------------


async def page_of(site: Site, person_id: str) -> str:
    return (await site.client.get(f"/projects/{site.project.project_id}/people/{person_id}")).text


async def test_the_page_offers_what_a_role_may_do(lived: Site) -> None:
    person_id = await live_a_life(lived)
    await opt_out(lived, user_id=CANARY)
    await become_test(lived, CANARY)
    seen = {}
    for role in ROLES:
        await log_in(lived.client, lived.service, role)
        told = await page_of(lived, person_id)
        seen[role] = [f'{place}"' in told for place in ("/export", "/test/end", "/erase", "/opt-out/end")]
    assert seen == {
        "viewer": [True, False, False, False],
        "editor": [True, True, True, False],
        "admin": [True, True, True, True],
    }


async def test_what_the_page_s_buttons_do(lived: Site) -> None:
    person_id = await live_a_life(lived)
    await opt_out(lived, user_id=CANARY)
    await become_test(lived, CANARY)
    await log_in(lived.client, lived.service, "admin")
    here = f"/projects/{lived.project.project_id}/people/{person_id}"
    file = await lived.client.get(f"{here}/export")
    assert file.headers["content-disposition"] == f'attachment; filename="person-{person_id}.json"'
    assert file.json()["person"] == person_id
    form = {"content-type": "application/x-www-form-urlencoded"}
    for place in ("erase", "opt-out/end"):
        assert (await lived.client.post(f"{here}/{place}", content="sure=", headers=form)).status_code == 400
    for place, done in (("opt-out/end", "?done=opt-out"), ("test/end", "?done=test")):
        answer = await lived.client.post(f"{here}/{place}", content="sure=yes", headers=form)
        assert answer.headers["location"] == here + done
        assert 'role="status"' in (await lived.client.get(answer.headers["location"])).text
    person = (await lived.manage("GET", f"people/{person_id}", headers={"cookie": ""})).json()
    assert (person["opted_out"], person["test"]) == (False, False)
    lived.clock.advance(1)
    answer = await lived.client.post(f"{here}/erase", content="sure=yes", headers=form)
    assert answer.headers["location"] == f"/projects/{lived.project.project_id}/people?done=erased"
    assert "is erased" in (await lived.client.get(answer.headers["location"])).text
    assert (await lived.client.get(here)).status_code == 404
    [(who, what), *_] = execute(lived.path, "SELECT who, what FROM audit ORDER BY done_at DESC")
    assert (who, what) == ("admin@tactful.test", "erased")
