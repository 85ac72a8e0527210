"""What the runner relies on in aiosqlite beyond its public methods: one call, on the one thread, in order."""

from __future__ import annotations

import asyncio
import sqlite3
import threading

import aiosqlite
import pytest

pytestmark = pytest.mark.anyio


def connect() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


async def test_execute_calls_a_function_on_the_thread_of_the_connection() -> None:
    async with aiosqlite.Connection(connect, iter_chunk_size=64) as writer:
        assert isinstance(writer._conn, sqlite3.Connection)

        def work(connection: sqlite3.Connection, number: int) -> tuple[int, int, int]:
            # A connection refuses to be used on another thread than its own.
            return connection.execute("SELECT ?", (number,)).fetchone()[0], number, threading.get_ident()

        answers = await asyncio.gather(*(writer._execute(work, writer._conn, i) for i in range(20)))
        assert [answer[:2] for answer in answers] == [(i, i) for i in range(20)]
        (thread,) = {answer[2] for answer in answers}
        assert thread != threading.get_ident()


async def test_execute_raises_what_the_function_raises_and_goes_on() -> None:
    async with aiosqlite.Connection(connect, iter_chunk_size=64) as writer:
        with pytest.raises(sqlite3.OperationalError):
            await writer._execute(writer._conn.execute, "nonsense")
        assert await writer._execute(lambda: 1) == 1


async def test_execute_finishes_what_a_cancelled_caller_began() -> None:
    async with aiosqlite.Connection(connect, iter_chunk_size=64) as writer:
        begun, let_go, done = threading.Event(), threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            assert let_go.wait(30)
            done.set()

        task = asyncio.ensure_future(writer._execute(work))
        await asyncio.to_thread(begun.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        let_go.set()
        await writer._execute(lambda: None)
        assert done.is_set()
