"""Either database behind one door: what a server keeps open, and what a command does beside it."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tactful.database_url import DatabaseUrl, read_database_url
from tactful.errors import CannotStart
from tactful.store.migrate import load
from tactful.store.opening import (
    alone,
    migrate,
    missing_migrations,
    open_database,
    pending,
    read_once,
    run_once,
    scanning,
)
from tactful.store.script import Script, one, run
from tests.store import scripts
from tests.support.clock import SetClock
from tests.support.postgres import a_postgres, the_postgres

ALL = [step.name for step in load()]


def two_and_two() -> Script[int]:
    return int((yield one("SELECT 2 + 2 AS sum"))["sum"])


def create_items() -> Script[None]:
    yield run("CREATE TABLE items (item_id BIGINT PRIMARY KEY, note TEXT NOT NULL)")


def test_a_command_works_beside_the_server(any_url: DatabaseUrl, clock: SetClock) -> None:
    async def serve_and_look() -> None:
        async with open_database(any_url, clock) as served:
            await asyncio.to_thread(run_once, any_url, clock, create_items)
            assert await asyncio.to_thread(run_once, any_url, clock, scripts.put, 1) == 1
            assert await served.read(scripts.item_ids) == [1]
            assert await served.changed_by_others()
            assert served.in_place()
            assert await served.read(missing_migrations) == []
            assert await asyncio.to_thread(read_once, any_url, clock, scripts.item_ids) == [1]
            with pytest.raises(Exception, match="read"):
                await asyncio.to_thread(read_once, any_url, clock, scripts.put, 2)

    asyncio.run(serve_and_look())
    assert run_once(any_url, clock, scripts.item_ids) == [1]


def test_what_is_brought_up_to_date_stays_so(any_url: DatabaseUrl, clock: SetClock) -> None:
    migrate(any_url, clock)
    assert migrate(any_url, clock) == []
    assert pending(any_url, clock) == []


def test_a_command_that_reads_much_reads_on_one_connection(any_url: DatabaseUrl, clock: SetClock) -> None:
    migrate(any_url, clock)
    run_once(any_url, clock, create_items)
    with scanning(any_url, clock) as scan:
        assert scan(scripts.item_ids) == []
        run_once(any_url, clock, scripts.put, 1)
        assert scan(scripts.item_ids) == [1]
        with pytest.raises(Exception, match="read"):
            scan(scripts.put, 2)
        assert scan(scripts.item_ids) == [1]


def test_an_empty_database_of_postgresql_is_brought_up_to_date(clock: SetClock) -> None:
    url = read_database_url(the_postgres().empty_database(clock))
    assert pending(url, clock) == ALL
    assert migrate(url, clock) == ALL
    assert pending(url, clock) == []


def test_an_open_database_knows_what_it_lacks(any_url: DatabaseUrl, clock: SetClock) -> None:
    def forget_the_last() -> Script[None]:
        yield one("DELETE FROM migrations WHERE name = ? RETURNING name", ALL[-1])

    migrate(any_url, clock)
    run_once(any_url, clock, forget_the_last)
    assert run_once(any_url, clock, missing_migrations) == [ALL[-1]]
    assert pending(any_url, clock) == [ALL[-1]]


def test_a_restore_and_a_server_keep_each_other_off(any_url: DatabaseUrl, clock: SetClock) -> None:
    def take() -> None:
        with alone(any_url):
            pass

    async def serve(*, besides: bool) -> None:
        async with open_database(any_url, clock) as served:
            served.listen(lambda told: None)
            while besides:
                await asyncio.to_thread(take)

    with pytest.raises(CannotStart) as refused:
        asyncio.run(serve(besides=True))
    assert refused.value.code == "already_serving"
    with alone(any_url), pytest.raises(CannotStart):
        asyncio.run(serve(besides=False))
    asyncio.run(serve(besides=False))
    take()


def test_a_missing_driver_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, clock: SetClock) -> None:
    for name in [name for name in sys.modules if name.startswith("tactful.store.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(CannotStart, match=r"pip install 'tactful\[postgres\]'") as refused:
        run_once(read_database_url("postgresql://nobody@127.0.0.1:1/x"), clock, two_and_two)
    assert refused.value.code == "no_postgres_driver"


@pytest.mark.parametrize("password", ["hunter2", "hunter2%2F%23"])
def test_a_server_that_is_not_there_is_told_without_the_password(
    monkeypatch: pytest.MonkeyPatch, clock: SetClock, password: str
) -> None:
    monkeypatch.setattr("tactful.store.postgres_connections.PATIENCE_S", 0.1)
    for query in ("", f"?password={password}"):
        url = read_database_url(f"postgresql://me:{password}@127.0.0.1:1/tactful{query}")
        for do in (migrate, pending, lambda url, clock: run_once(url, clock, two_and_two)):
            with pytest.raises(CannotStart) as refused:
                do(url, clock)
            assert "hunter2" not in refused.value.message
            assert "hunter2" not in repr(refused.value.data)


def test_a_database_that_is_not_ours_is_named_without_the_password(clock: SetClock) -> None:
    server = the_postgres()
    address = server.empty_database(clock)
    server.execute("CREATE TABLE something (else_ integer)", address.rpartition("/")[2])
    with pytest.raises(CannotStart) as refused:
        migrate(read_database_url(f"{address}?password=hunter2"), clock)
    assert refused.value.code == "database_not_ours"
    assert "password=***" in refused.value.message


def test_a_server_that_may_forget_is_served_only_where_that_was_said(clock: SetClock) -> None:
    async def serve(*, allowed: bool) -> int:
        async with open_database(url, clock, allow_async_commit=allowed) as served:
            return await served.run(two_and_two)

    with a_postgres("synchronous_commit=off") as server:
        url = read_database_url(server.fresh_database(clock))
        with pytest.raises(CannotStart, match="synchronous_commit = off"):
            asyncio.run(serve(allowed=False))
        assert asyncio.run(serve(allowed=True)) == 4
        assert run_once(url, clock, two_and_two) == 4, "a command acknowledges nothing to anybody else"
