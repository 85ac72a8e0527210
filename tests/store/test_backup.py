"""A backup holds everything, is whole or refused, and does not undo what binds us."""

from __future__ import annotations

import gzip
import hashlib
import json
import stat
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tactful.core.spans import DAY_MS, HOUR_MS
from tactful.database_url import read_database_url
from tactful.errors import CannotStart, Conflict
from tactful.identity import hash_user
from tactful.store.backup import BackupFile, dump, no_progress, open_backup, writing
from tactful.store.choices import Holder, want_erasure, withdraw
from tactful.store.erasure import erase
from tactful.store.migrate import migrate
from tactful.store.opening import read_once
from tactful.store.restore import Restored, Wish, restore
from tactful.store.tables import LEFT_OUT, TABLES
from tactful.web.privacy import act
from tests.store.test_registry import columns
from tests.support.canary import CANARY, SURVEYS, live_a_life
from tests.support.clock import SetClock
from tests.support.databases import Where, beside, url_of
from tests.support.postgres import the_postgres
from tests.support.rows import contents, counts, execute
from tests.support.service import NO_RULES, Site, a_site, a_survey, make_project
from tests.support.webhooks import PLAIN
from tests.web.test_erasure import opt_out, person_of
from tests.web.test_watch import again

pytestmark = pytest.mark.anyio


def back_up(where: Where, clock: SetClock, file: Path) -> BackupFile:
    with writing(file) as packed, ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: read_once(url_of(where), clock, dump, packed.write, no_progress)).result()
    return open_backup(file, no_progress)


def put_back(backup: BackupFile, where: Where, clock: SetClock, **wish: bool) -> Restored:
    if isinstance(where, Path):
        migrate(where, clock)
    return beside(where, clock, restore, backup, Wish(**wish), act(clock, "x"), no_progress)


@pytest.fixture
async def lived(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    async with a_site(path, clock, surveys=SURVEYS, policy=NO_RULES) as site:
        yield site


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "all.backup"


def kept(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What a backup must bring: everything but the record, which tells that it did."""
    told = contents(path)
    return {table: rows for table, rows in told.items() if table not in {*LEFT_OUT, "audit"}}


# The whole


def test_every_table_and_column_is_in_a_backup(path: Path, clock: SetClock) -> None:
    migrate(path, clock)
    schema = columns(path)
    assert {table.name for table in TABLES} == schema.keys() - LEFT_OUT, "name the new table in store/tables.py"
    assert len(TABLES) == len({table.name for table in TABLES})
    for table in TABLES:
        assert sorted(table.columns) == sorted(schema[table.name]), "name the new column in store/loading.py"
        assert f"count(*) AS found FROM {table.name}" in table.count
        assert f"FROM {table.name} WHERE" in table.chunk.replace("\n", " ")
        keys = execute(path, "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", table.name)
        assert table.keys == tuple(name for (name,) in keys)
        assert len(table.first) == len(table.keys)


async def test_what_was_backed_up_comes_back(lived: Site, file: Path, tmp_path: Path) -> None:
    await live_a_life(lived)
    gone = await live_a_life(lived, "gone")
    await opt_out(lived, user_id="gone")
    await lived.service.db.run(erase, lived.project.project_id, gone, act(lived.clock, "x"))
    await lived.service.journal.write(lived.service.db)
    execute(lived.path, "INSERT INTO scopes VALUES (?, 'account:acme', 5)", lived.project.project_id)
    execute(lived.path, "INSERT INTO identity_counts VALUES (?, 3, 'wrong', 5, 7, 'app')", lived.project.project_id)
    await lived.manage("PUT", "receivers/over", json=PLAIN)
    await lived.manage("DELETE", "receivers/over")
    before, acts = kept(lived.path), len(contents(lived.path)["audit"])
    empty = [table for table, rows in before.items() if not rows]
    assert empty == ["members"], "let live_a_life fill the new table too"
    new = tmp_path / "new.db"
    done = put_back(back_up(lived.path, lived.clock, file), new, lived.clock, moved=True)
    after = kept(new)
    for table, rows in before.items():
        assert after[table] == rows, table
    assert done == Restored(sum(map(len, before.values())) + acts, 0, 0, 0, 0)


async def test_the_service_goes_on_from_a_backup(lived: Site, file: Path, tmp_path: Path) -> None:
    ask = await lived.ask()
    backup = back_up(lived.path, lived.clock, file)
    new = tmp_path / "new.db"
    put_back(backup, new, lived.clock, moved=True)
    async with again(lived, new) as moved:
        assert (await moved.respond(ask, done=True)).status_code == 200
        assert (await moved.manage("GET", "surveys/nps/results")).json()["asked"] == 1


async def test_an_installation_moves_to_postgresql_and_back(lived: Site, file: Path, tmp_path: Path) -> None:
    await live_a_life(lived)
    await lived.service.journal.write(lived.service.db)
    server = read_database_url(the_postgres().fresh_database(lived.clock))
    there = put_back(back_up(lived.path, lived.clock, file), server, lived.clock, moved=True)
    back = tmp_path / "back.db"
    put_back(back_up(server, lived.clock, file), back, lived.clock, moved=True)
    before, after = kept(lived.path), kept(back)
    assert there.rows > 30
    for table, rows in before.items():
        assert after[table] == rows, table


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.integers(495, 1_505))
def test_a_table_is_read_in_pieces_to_its_end(rows: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder, clock = tmp_path_factory.mktemp("pieces"), SetClock()
    path = folder / "tactful.db"
    migrate(path, clock)
    execute(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT INTO counters SELECT 'p', 'x' || i % 7, 'c' || i, i FROM n",
        rows,
    )
    told: list[tuple[int, int]] = []
    with writing(folder / "all") as packed:
        read_once(url_of(path), clock, dump, packed.write, lambda done, total: told.append((done, total)))
    assert told[-1] == (rows, rows)
    backup = open_backup(folder / "all", no_progress)
    put_back(backup, folder / "new.db", clock)
    assert contents(folder / "new.db")["counters"] == contents(path)["counters"]


# The file


def _fail(file: Path) -> None:
    with writing(file) as packed:
        packed.write(b"half of it")
        raise ZeroDivisionError


def test_the_file_is_its_owners_alone_and_there_when_it_is_whole(path: Path, clock: SetClock, file: Path) -> None:
    make_project(path, clock)
    file.write_text("what was there before")
    with pytest.raises(ZeroDivisionError):
        _fail(file)
    assert file.read_text() == "what was there before"
    back_up(path, clock, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(one.name for one in file.parent.iterdir() if one.name.startswith(".")) == []


def _line(text: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda packed: gzip.compress(b"".join(text(gzip.decompress(packed).splitlines(keepends=True))))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda packed: packed[: len(packed) // 2],
    "cut off at the end": lambda packed: packed[:-1],
    "not packed": lambda _: b"just text",
    "a bit flipped": lambda packed: packed[:200] + bytes([packed[200] ^ 1]) + packed[201:],
    "packed nothing": lambda _: gzip.compress(b""),
    "another file": lambda _: gzip.compress(b'{"a": 1}\n'),
    "a list": lambda _: gzip.compress(b"[1]\n"),
    "not JSON": lambda _: gzip.compress(b"{\n"),
    "the last line is missing": _line(lambda lines: lines[:-1]),
    "a row is missing": _line(lambda lines: [*lines[:5], *lines[6:]]),
    "a row came twice": _line(lambda lines: [*lines[:6], *lines[5:]]),
    "a word changed": _line(lambda lines: [line.replace(b"nps", b"nqs") for line in lines]),
    "a row is too short": _line(lambda lines: [line if line[:1] != b"[" else b"[1]\n" for line in lines]),
    "something follows": _line(lambda lines: [*lines, lines[-2]]),
    "an unknown table": _line(lambda lines: [line.replace(b'"audit"', b'"audot"') for line in lines]),
    "another column": _line(lambda lines: [line.replace(b'"rev"', b'"rew"') for line in lines]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused(path: Path, clock: SetClock, file: Path, damage: str) -> None:
    make_project(path, clock, surveys=SURVEYS)
    back_up(path, clock, file)
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    with pytest.raises(CannotStart) as refused:
        open_backup(file, no_progress)
    assert refused.value.code == "backup_damaged"
    assert "Nothing was changed" in refused.value.message


def test_a_backup_of_another_version_is_refused_by_its_name(path: Path, clock: SetClock, file: Path) -> None:
    make_project(path, clock)
    back_up(path, clock, file)
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    header = json.loads(lines[0])
    header["migrations"].append("9999_later")
    header["version"] = "9.9"
    body = json.dumps(header).encode() + b"\n" + b"".join(lines[1:-1])
    end = json.dumps({"rows": 0, "sha256": hashlib.sha256(body).hexdigest()}).encode()
    file.write_bytes(gzip.compress(body + end))
    with pytest.raises(CannotStart, match=r"Tactful 9\.9") as refused:
        open_backup(file, no_progress)
    assert refused.value.code == "backup_of_other_version"


# What binds us


async def test_a_database_with_projects_is_not_replaced_unasked(lived: Site, file: Path) -> None:
    backup = back_up(lived.path, lived.clock, file)
    before = contents(lived.path)
    with pytest.raises(Conflict, match="--replace"):
        put_back(backup, lived.path, lived.clock)
    assert contents(lived.path) == before


async def test_where_nothing_is_known_a_project_is_quiet(site: Site, file: Path, tmp_path: Path) -> None:
    backup = back_up(site.path, site.clock, file)
    await site.ask()
    site.clock.advance(60_000)
    new = tmp_path / "new.db"
    assert put_back(backup, new, site.clock).quiet == 1
    async with again(site, new) as restored:
        assert await restored.offer() is None
        site.clock.advance(HOUR_MS - 1)
        assert await restored.offer() is None
        site.clock.advance(1)
        assert await restored.offer() is not None
    assert [row[4] for row in contents(new)["audit"]] == ["restored"]


async def test_asks_since_the_backup_are_not_forgotten(site: Site, file: Path) -> None:
    await site.offer("old")
    backup = back_up(site.path, site.clock, file)
    site.clock.advance(10 * 60_000)
    await site.ask("old")
    await site.ask("new")
    done = put_back(backup, site.path, site.clock, replace=True)
    assert (done.stayed, done.quiet) == (2, 0)
    await site.service.configs.refresh()
    site.clock.advance(HOUR_MS - 1)
    assert [await site.offer(user) for user in ("old", "new")] == [None, None]
    assert await site.offer("somebody") is not None
    site.clock.advance(1)
    assert None not in [await site.offer(user) for user in ("old", "new")]


async def test_a_dismissal_since_the_backup_stays_with_its_ask(site: Site, file: Path) -> None:
    ask = await site.ask()
    site.clock.advance(HOUR_MS)
    backup = back_up(site.path, site.clock, file)
    site.clock.advance(HOUR_MS)
    await site.post("/w/closings", {"ask": ask, "how": "dismissed"})
    put_back(backup, site.path, site.clock, replace=True)
    assert execute(site.path, "SELECT dismissed_at FROM asks") == [(site.clock.now,)]


async def test_an_opt_out_since_the_backup_holds(lived: Site, file: Path) -> None:
    await lived.offer("old")
    backup = back_up(lived.path, lived.clock, file)
    lived.clock.advance(HOUR_MS)
    for user in ("old", "new"):
        await opt_out(lived, user_id=user, anonymous_id=f"of-{user}")
    put_back(backup, lived.path, lived.clock, replace=True)
    await lived.service.configs.refresh()
    for known_as in ({"user_id": "old"}, {"user_id": "new"}, {"anonymous_id": "of-old"}, {"anonymous_id": "of-new"}):
        assert await lived.offer(identity=known_as) is None, known_as


async def test_what_people_took_back_or_asked_for_since_holds(path: Path, clock: SetClock, file: Path) -> None:
    consent = {"id": "quote", "kind": "consent", "ask": "May we?", "label": "You may."}
    survey = a_survey(questions=[{"id": "score", "kind": "nps", "ask": "?"}, consent])
    async with a_site(path, clock, surveys=(survey,), policy=NO_RULES) as site:
        await site.respond(await site.ask("ann"), answers={"score": 9, "quote": True})
        holder = Holder(site.project.project_id, (await person_of(site, "ann"))["id"], "proved")
        [(response,)] = execute(path, "SELECT response_id FROM responses")
        backup = back_up(path, clock, file)
        clock.advance(HOUR_MS)
        assert await site.service.db.run(withdraw, holder, (response, "quote"), act(clock, "x"))
        await site.service.db.run(want_erasure, holder, act(clock, "x"))
        before = [execute(path, statement) for statement in (TAKEN_BACK, WANTED)]
        put_back(backup, path, clock, replace=True)
        assert [execute(path, statement) for statement in (TAKEN_BACK, WANTED)] == before
        assert before == [[('{"score":9}', f'{{"quote":{clock.now}}}')], [(clock.now,)]]


TAKEN_BACK = "SELECT answers, withdrawn FROM responses"
WANTED = "SELECT erasure_asked_at FROM people"


async def test_nobody_who_was_erased_since_comes_back(lived: Site, file: Path) -> None:
    person_id = await live_a_life(lived)
    await live_a_life(lived, "other")
    await opt_out(lived, user_id=CANARY)
    backup = back_up(lived.path, lived.clock, file)
    await lived.service.db.run(erase, lived.project.project_id, person_id, act(lived.clock, "x"))
    done = put_back(backup, lived.path, lived.clock, replace=True)
    assert done.skipped > 10
    assert CANARY not in repr(contents(lived.path))
    assert person_id not in repr(contents(lived.path))
    await lived.service.configs.refresh()
    assert await lived.offer(CANARY) is None, "they had opted out"
    assert (await person_of(lived, "other"))["user_id"] == "other"


async def test_a_merge_since_the_backup_is_made_again(lived: Site, file: Path) -> None:
    """Somebody browsed, was asked and answered; then came the backup; then they logged in and were asked again."""
    browser = {"user_id": None, "anonymous_id": "b1"}
    offer = await lived.offer(identity=browser)
    assert offer is not None
    ask = (await lived.take_up(offer, identity=browser)).json()["ask"]
    await lived.respond(ask, answers={"score": 3, "why": "the first"})
    await lived.offer("ann")
    lived.clock.advance(DAY_MS)
    backup = back_up(lived.path, lived.clock, file)
    lived.clock.advance(DAY_MS)
    await lived.event(identity={"user_id": "ann", "anonymous_id": "b1"}, event="Counted")
    await lived.post("/w/closings", {"ask": ask, "how": "seen"})
    await lived.respond(ask, rev=2, answers={"score": 4})
    execute(lived.path, "UPDATE asks SET dismissed_at = ?", lived.clock.now)
    await lived.respond(await lived.ask("ann"))
    put_back(backup, lived.path, lived.clock, replace=True)
    [person] = execute(lived.path, "SELECT person_id FROM people WHERE user_id = 'ann'")
    assert execute(lived.path, "SELECT DISTINCT person_id FROM asks") == [person]
    assert execute(lived.path, "SELECT count(*) FROM asks") == [(2,)]
    assert execute(lived.path, "SELECT person_id, answers ->> 'why' FROM responses") == [(*person, "the first")]
    joined = "SELECT count(*) FROM responses JOIN asks USING (project_id, person_id, ask_id)"
    assert execute(lived.path, joined) == [(1,)]
    assert {alias for alias, _ in execute(lived.path, "SELECT alias, person_id FROM aliases")} == {"u:ann", "a:b1"}
    assert execute(lived.path, "SELECT DISTINCT person_id FROM aliases") == [person]


async def test_what_is_not_in_the_backup_goes(lived: Site, file: Path) -> None:
    backup = back_up(lived.path, lived.clock, file)
    lived.clock.advance(HOUR_MS)
    later = make_project(lived.path, lived.clock, surveys=SURVEYS, name="Later")
    theirs = Site(lived.app, lived.client, later, lived.path, lived.clock)
    await live_a_life(theirs)
    await lived.event("new", event="Counted")
    put_back(backup, lived.path, lived.clock, replace=True)
    left = {table: found for table, found in counts(lived.path).items() if found}
    assert left["projects"] == 1
    assert not left.keys() & {"people", "aliases", "asks", "responses", "events", "counters", "scopes", "accounts"}
    assert CANARY not in repr(contents(lived.path))


async def test_a_merge_since_that_binds_nobody_goes(lived: Site, file: Path) -> None:
    backup = back_up(lived.path, lived.clock, file)
    lived.clock.advance(HOUR_MS)
    for user_id in (None, "ann"):
        await lived.event(identity={"user_id": user_id, "anonymous_id": "b1"}, event="Counted")
    await lived.event(identity={"user_id": None, "anonymous_id": "b2"}, event="Counted")
    await lived.event(identity={"user_id": "ann", "anonymous_id": "b2"}, event="Counted")
    assert len(contents(lived.path)["people"]) == 2, "one of them a history that was merged"
    put_back(backup, lived.path, lived.clock, replace=True)
    assert contents(lived.path)["people"] == contents(lived.path)["aliases"] == []


async def test_an_identity_secret_that_was_revoked_since_stays_so(lived: Site, file: Path) -> None:
    backup = back_up(lived.path, lived.clock, file)
    new = (await lived.manage("POST", "identity/secrets", json={})).json()["secret"]
    assert (await lived.manage("DELETE", "identity/secrets/first")).status_code == 200
    put_back(backup, lived.path, lived.clock, replace=True)
    await lived.service.configs.refresh()
    for secret in (lived.project.identity_secret, new):
        identity = {"user_id": "ann", "user_hash": hash_user(secret, "ann")}
        assert (await lived.event(identity=identity)).status_code == 401, "one is revoked, the other never was"


async def test_a_key_that_was_revoked_since_stays_so(lived: Site, file: Path) -> None:
    backup = back_up(lived.path, lived.clock, file)
    execute(lived.path, "UPDATE api_keys SET revoked_at = 5 WHERE purpose = 'api'")
    put_back(backup, lived.path, lived.clock, replace=True)
    assert (await lived.manage("GET", "surveys")).status_code == 401
    await lived.backend("Closed", properties={"ticket": 1})
