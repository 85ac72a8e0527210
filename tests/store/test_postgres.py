"""What only PostgreSQL has: a server that may go away, other nodes, deadlocks, and settings that lose what was said."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tactful.errors import Busy, CannotStart
from tactful.store import postgres_connections
from tactful.store.migrate import Migration, load
from tactful.store.people import lock_person
from tactful.store.postgres import PostgresDatabase
from tactful.store.postgres_migrate import migrate_postgres, pending_postgres
from tactful.store.script import Script, one
from tests.store import scripts
from tests.store.contract import assert_acknowledged_is_present
from tests.support.clock import SetClock
from tests.support.postgres import PostgresServer, a_postgres, the_postgres
from tests.support.server import free_port

pytestmark = pytest.mark.anyio

END_OURS = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'tactful'"


@pytest.fixture
def url(clock: SetClock) -> str:
    return the_postgres().empty_database(clock)


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may crash."""
    with a_postgres() as server:
        yield server


@asynccontextmanager
async def opened(url: str, clock: SetClock, *, new: bool = True) -> AsyncIterator[PostgresDatabase]:
    database = await PostgresDatabase.open(url, clock)
    if new:
        await database.run(scripts.create_tables)
    try:
        yield database
    finally:
        await database.close()


@pytest.mark.parametrize("setting", ["synchronous_commit"])
async def test_server_that_forgets_is_refused_unless_told(url: str, clock: SetClock, setting: str) -> None:
    name = url.rpartition("/")[2]
    the_postgres().execute(f"ALTER DATABASE {name} SET {setting} = off")
    with pytest.raises(CannotStart, match=setting) as refused:
        await PostgresDatabase.open(url, clock)
    assert refused.value.code == f"{setting}_off"
    async with opened(f"{url}?{setting}=on", clock):
        pass
    database = await PostgresDatabase.open(url, clock, durability="any")
    await database.close()


async def test_other_encoding_is_refused(clock: SetClock) -> None:
    with pytest.raises(CannotStart) as refused:
        await PostgresDatabase.open(the_postgres().empty_database(clock, "ENCODING 'LATIN1'"), clock)
    assert refused.value.code == "postgres_encoding"


async def test_server_that_is_not_there_is_named(clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_connections, "PATIENCE_S", 0.1)
    with pytest.raises(CannotStart, match="TACTFUL_DATABASE_URL"):
        await PostgresDatabase.open(f"postgresql://tactful@127.0.0.1:{free_port()}/tactful", clock)
    with pytest.raises(CannotStart, match="does not exist"):
        await PostgresDatabase.open(the_postgres().url("nothing"), clock)


async def test_first_host_that_takes_writes_is_used(url: str, clock: SetClock) -> None:
    several = url.replace("127.0.0.1", f"127.0.0.1:{free_port()},127.0.0.1")
    async with opened(several, clock) as database:
        assert await database.run(scripts.put, 1) == 1
        assert await database.read(scripts.item_ids) == [1]
        assert await database.scan(scripts.item_ids) == [1]


async def test_connection_that_is_killed_in_a_batch_costs_nobody_anything(url: str, clock: SetClock) -> None:
    kills = 0

    def killing(item_id: int) -> Script[int]:
        nonlocal kills
        yield from scripts.put(item_id)
        if not kills:
            kills += 1
            yield one("SELECT pg_terminate_backend(pg_backend_pid())")
        return item_id

    async with opened(url, clock) as database:
        outcomes = await asyncio.gather(*(database.run(killing if i == 7 else scripts.put, i) for i in range(64)))
        assert kills == 1
        await assert_acknowledged_is_present(database, outcomes)


async def test_commit_whose_outcome_is_unknown_is_never_told_as_done(url: str, clock: SetClock) -> None:
    async with opened(url, clock) as database:
        the_postgres().execute(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END $$;"
            "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON counters DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION die()",
            url.rpartition("/")[2],
        )
        with pytest.raises(Busy) as unknown:
            await database.run(scripts.add, "n")
        assert unknown.value.code == "outcome_unknown"
        assert await database.run(scripts.put, 1) == 1


async def test_script_that_ends_its_connection_each_time_takes_nobody_with_it(url: str, clock: SetClock) -> None:
    def poison() -> Script[None]:
        yield one("SELECT pg_terminate_backend(pg_backend_pid())")

    async with opened(url, clock) as database:
        outcomes = await asyncio.gather(
            database.run(scripts.put, 1), database.run(poison), database.run(scripts.put, 2), return_exceptions=True
        )
        assert isinstance(outcomes[1], Busy)
        assert outcomes[::2] == [1, 2]


async def put_until(
    database: PostgresDatabase, stop: asyncio.Event, ids: Iterator[int], acknowledged: asyncio.Queue[int]
) -> None:
    """Write item after item, and note what was acknowledged."""
    while not stop.is_set():
        with contextlib.suppress(Busy):
            acknowledged.put_nowait(await database.run(scripts.put, next(ids)))


async def test_nothing_acknowledged_is_lost_in_crashes(own_server: PostgresServer, clock: SetClock) -> None:
    url = own_server.empty_database(clock)
    async with opened(url, clock) as database:
        acknowledged: asyncio.Queue[int] = asyncio.Queue()
        stop, ids = asyncio.Event(), itertools.count()
        writers = [asyncio.create_task(put_until(database, stop, ids, acknowledged)) for _ in range(32)]
        log = [await acknowledged.get() for _ in range(300)]
        for disturb in (own_server.crash, lambda: own_server.execute(END_OURS), own_server.crash):
            await asyncio.to_thread(disturb)
            log += [await acknowledged.get() for _ in range(300)]
        stop.set()
        await asyncio.gather(*writers)
        log += [acknowledged.get_nowait() for _ in range(acknowledged.qsize())]
        present = await database.read(scripts.item_ids)
    assert set(log) <= set(present)
    assert len(log) == len(set(log))


async def test_server_that_stays_away_makes_callers_busy_and_is_found_again(
    own_server: PostgresServer, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(own_server.empty_database(clock), clock) as database:
        own_server.stop()
        monkeypatch.setattr(postgres_connections, "PATIENCE_S", 0.2)
        outcomes = await asyncio.gather(
            database.run(scripts.put, 1), database.read(scripts.item_ids), return_exceptions=True
        )
        assert [getattr(outcome, "code", outcome) for outcome in outcomes] == ["database_unreachable"] * 2
        own_server.start()
        assert await database.run(scripts.put, 2) == 2
        assert await database.read(scripts.item_ids) == [2]


async def test_deadlocks_between_nodes_reach_nobody(url: str, clock: SetClock) -> None:
    the_postgres().execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET deadlock_timeout = '10ms'")
    async with opened(url, clock) as first, opened(url, clock, new=False) as second:
        for name in ("a", "b", "c"):
            await first.run(scripts.add, name, 100)
        for _ in range(20):
            await asyncio.gather(
                *(first.run(scripts.move, "a", "b") for _ in range(4)),
                *(second.run(scripts.move, "b", "a") for _ in range(4)),
            )
        assert [await first.run(scripts.add, name, 0) for name in ("a", "b", "c")] == [100] * 3


async def test_row_that_somebody_holds_keeps_only_its_own_script_waiting(url: str, clock: SetClock) -> None:
    async with opened(f"{url}", clock) as database:
        await database.run(scripts.add, "held", 1)
        blocker = await postgres_connections.connect(url, "writer")
        holding = blocker.transaction()
        await holding.start()
        await blocker.execute("UPDATE counters SET value = 9 WHERE name = 'held'")
        waiting = asyncio.ensure_future(database.run(scripts.move, "held", "n"))
        await holding.rollback()
        await waiting
        await blocker.close()
        assert await database.run(scripts.add, "held", 0) == 0


async def test_nodes_tell_each_other_and_not_themselves(url: str, clock: SetClock) -> None:
    async with opened(url, clock) as first, opened(url, clock, new=False) as second:
        heard: asyncio.Queue[str] = asyncio.Queue()
        own: list[str] = []
        first.listen(own.append)
        second.listen(heard.put_nowait)
        # LISTEN takes effect when it has been executed; what is told before may be lost.
        while heard.empty():
            first.tell("config p1")
            await asyncio.sleep(0)
        first.tell("the last one")
        while await heard.get() != "the last one":
            pass
        assert own == []
        with pytest.raises(ValueError, match="at most"):
            first.tell("x" * 8_000)


async def test_closing_refuses_what_comes(url: str, clock: SetClock) -> None:
    database = await PostgresDatabase.open(url, clock)
    await database.close()
    with pytest.raises(Busy) as closing:
        await database.run(scripts.put, 1)
    assert closing.value.code == "database_closing"


async def test_too_many_are_refused(url: str, clock: SetClock) -> None:
    database = await PostgresDatabase.open(url, clock, queue_max=1)
    await database.run(scripts.create_tables)
    outcomes = await asyncio.gather(*(database.run(scripts.put, i) for i in range(3)), return_exceptions=True)
    assert [getattr(outcome, "code", outcome) for outcome in outcomes] == [0, "queue_full", "queue_full"]
    await database.close()


START = Migration(1, "0001_start", "CREATE TABLE a (a_id TEXT PRIMARY KEY, facts JSONB NOT NULL);")
NEXT = Migration(2, "0002_next", "CREATE INDEX a_by_name ON a (lower(facts ->> 'name'));")


class TestMigrations:
    async def test_are_applied_once_by_processes_that_start_together(self, url: str) -> None:
        applied = await asyncio.gather(*(migrate_postgres(url, [START, NEXT]) for _ in range(4)))
        assert sorted(name for names in applied for name in names) == ["0001_start", "0002_next"]
        assert await pending_postgres(url, [START, NEXT]) == []

    async def test_leave_no_trace_when_they_fail(self, url: str) -> None:
        broken = Migration(2, "0002_broken", "CREATE TABLE b (b_id TEXT PRIMARY KEY); SELECT nothing;")
        with pytest.raises(Exception, match="nothing"):
            await migrate_postgres(url, [START, broken])
        assert await pending_postgres(url, [START, broken]) == ["0002_broken"]
        assert await migrate_postgres(url, [START, NEXT]) == ["0002_next"]

    async def test_refuse_what_is_newer_or_not_ours(self, url: str, clock: SetClock) -> None:
        await migrate_postgres(url, [START, NEXT])
        with pytest.raises(CannotStart) as newer:
            await pending_postgres(url, [START])
        assert newer.value.code == "database_newer"
        theirs = the_postgres().empty_database(clock)
        the_postgres().execute("CREATE TABLE theirs (n int)", theirs.rpartition("/")[2])
        with pytest.raises(CannotStart) as not_ours:
            await migrate_postgres(theirs)
        assert not_ours.value.code == "database_not_ours"

    async def test_keep_the_order_of_bytes_and_of_keys(self, clock: SetClock) -> None:
        """A database that sorts as people do still finds ids by their beginning, and tells JSON as it was written."""
        try:
            url = the_postgres().empty_database(clock, "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
        except subprocess.CalledProcessError:
            # The wheel's server knows no language; there the order is that of bytes to begin with.
            url = the_postgres().empty_database(clock)
        await migrate_postgres(url, [START, NEXT])
        connection = await postgres_connections.connect(url, "writer")
        for name in ("a", "B", "ab", "Z"):
            await connection.execute("INSERT INTO a VALUES ($1, $2)", name, f'{{"name": "{name}", "a": 1}}')
        assert [row[0] for row in await connection.fetch("SELECT a_id FROM a ORDER BY a_id")] == ["B", "Z", "a", "ab"]
        assert await connection.fetchval("SELECT facts FROM a WHERE a_id = 'ab'") == '{"name": "ab", "a": 1}'
        await connection.close()

    async def test_time_is_the_servers(self, clock: SetClock) -> None:
        url = the_postgres().empty_database(clock)
        name = url.rpartition("/")[2]
        the_postgres().execute("DROP FUNCTION now_ms()", name)
        assert await migrate_postgres(url) == [step.name for step in load()]
        apart = "SELECT abs(now_ms() - (extract(epoch FROM clock_timestamp()) * 1000)::bigint) < 1000"
        assert the_postgres().execute(apart, name) == "t"


async def test_time_is_read_after_the_lock(url: str, clock: SetClock) -> None:
    """A statement that waited for a row tells the time at which it got it."""
    await migrate_postgres(url)
    async with opened(url, clock, new=False) as database:
        the_postgres().execute(
            "INSERT INTO people (project_id, person_id, first_seen_at, last_at, traits)"
            " VALUES ('p', 'ann', 0, 0, '{}')",
            url.rpartition("/")[2],
        )
        blocker = await postgres_connections.connect(url, "writer")
        holding = blocker.transaction()
        await holding.start()
        await blocker.execute("UPDATE people SET last_at = 1")
        pid = blocker.get_server_pid()
        waiting = asyncio.ensure_future(database.run(lock_person, "p", "ann"))
        blocked = f"SELECT count(*) FROM pg_stat_activity WHERE {pid} = ANY(pg_blocking_pids(pid))"
        while await asyncio.to_thread(the_postgres().execute, blocked) == "0":
            pass
        clock.advance(5_000)
        await holding.commit()
        assert (await waiting)["last_at"] == clock.now
        await blocker.close()
