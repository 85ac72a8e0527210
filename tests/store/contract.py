"""What every database that runs scripts must do; a runner's tests inherit it and provide the fixture `database`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from threading import Event

import pytest

from tactful.store.script import Database, Script, one, rows, run
from tests.store import scripts

BATCH = 64
FIRST_MIDDLE_LAST = (0, BATCH // 2, BATCH - 1)


async def turn() -> None:
    """Let every task that is ready go on."""
    await asyncio.sleep(0)


async def assert_acknowledged_is_present(database: Database, outcomes: Sequence[int | BaseException]) -> None:
    """Check the one promise, for every caller: told that it is stored <=> it is stored."""
    acknowledged = sorted(outcome for outcome in outcomes if not isinstance(outcome, BaseException))
    assert await database.read(scripts.item_ids) == acknowledged


@pytest.mark.anyio
class DatabaseContract:
    async def test_result_comes_after_the_commit(self, database: Database) -> None:
        assert await database.run(scripts.put, 1, note="x") == 1
        assert await database.read(scripts.item_ids) == [1]

    async def test_statement_answers_what_it_was_asked(self, database: Database) -> None:
        def script() -> Script[tuple[object, ...]]:
            count = yield run("INSERT INTO items (item_id, note) VALUES (1, 'a'), (2, 'b')")
            none = yield one("SELECT note FROM items WHERE item_id = ?", 3)
            first = yield one("SELECT note FROM items ORDER BY item_id")
            every = yield rows("SELECT note FROM items ORDER BY item_id")
            nothing = yield rows("SELECT note FROM items WHERE item_id = ?", 3)
            returned = yield one("UPDATE items SET note = 'c' WHERE item_id = 1 RETURNING note")
            changed = yield run("UPDATE items SET note = 'd' WHERE item_id < ?", 3)
            unchanged = yield run("DELETE FROM items WHERE item_id = ?", 3)
            texts = [row["note"] for row in every]
            return count, none, first["note"], texts, nothing, returned["note"], changed, unchanged

        assert await database.run(script) == (2, None, "a", ["a", "b"], [], "c", 2, 0)

    async def test_greatest_ignores_null(self, database: Database) -> None:
        def script() -> Script[tuple[object, ...]]:
            return tuple((yield one("SELECT greatest(1, 2) a, greatest(NULL, 3) b, greatest(4, NULL) c")))

        assert await database.run(script) == (2, 3, 4)

    async def test_json_is_read_by_name(self, database: Database) -> None:
        def script() -> Script[str]:
            yield run("INSERT INTO items (item_id, note, facts) VALUES (1, '', ?)", '{"plan": "pro"}')
            row = yield one("SELECT facts ->> 'plan' AS plan FROM items")
            return str(row["plan"])

        assert await database.run(script) == "pro"

    async def test_exception_undoes_the_script_and_reaches_its_caller(self, database: Database) -> None:
        with pytest.raises(scripts.Refused):
            await database.run(scripts.put_then_refuse, 1)
        assert await database.read(scripts.item_ids) == []

    async def test_read_cannot_write(self, database: Database) -> None:
        with pytest.raises(Exception, match="read"):
            await database.read(scripts.put, 1)
        assert await database.read(scripts.item_ids) == []

    async def test_scan_cannot_write(self, database: Database) -> None:
        with pytest.raises(Exception, match="read"):
            await database.scan(scripts.put, 1)
        assert await database.read(scripts.item_ids) == []

    async def test_scan_sees_one_moment_and_keeps_nobody_waiting(self, database: Database) -> None:
        """What is committed between its statements does not show in it, and is committed while it is under way."""
        await database.run(scripts.put, 1)
        looked, go_on = Event(), Event()

        def twice() -> Script[tuple[list[int], list[int]]]:
            first = yield from scripts.item_ids()
            looked.set()
            assert go_on.wait(30)
            return first, (yield from scripts.item_ids())

        scanning = asyncio.ensure_future(database.scan(twice))
        await asyncio.to_thread(looked.wait, 30)
        await database.run(scripts.put, 2)
        assert await database.read(scripts.item_ids) == [1, 2]
        go_on.set()
        assert await scanning == ([1], [1])

    async def test_scripts_do_not_see_each_other_half_done(self, database: Database) -> None:
        values = await asyncio.gather(*(database.run(scripts.add, "n") for _ in range(BATCH)))
        assert sorted(values) == list(range(1, BATCH + 1))

    @pytest.mark.parametrize("k", FIRST_MIDDLE_LAST)
    async def test_exception_in_one_script_of_many(self, database: Database, k: int) -> None:
        outcomes = await asyncio.gather(
            *(database.run(scripts.put_then_refuse if i == k else scripts.put, i) for i in range(BATCH)),
            return_exceptions=True,
        )
        assert [i for i, outcome in enumerate(outcomes) if isinstance(outcome, scripts.Refused)] == [k]
        await assert_acknowledged_is_present(database, outcomes)

    @pytest.mark.parametrize("k", FIRST_MIDDLE_LAST)
    async def test_failing_statement_in_one_script_of_many(self, database: Database, k: int) -> None:
        await database.run(scripts.put, 1_000)
        numbers = [1_000 if i == k else i for i in range(BATCH)]
        outcomes = await asyncio.gather(*(database.run(scripts.put, i) for i in numbers), return_exceptions=True)
        assert [i for i, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)] == [k]
        await assert_acknowledged_is_present(database, [*outcomes, 1_000])

    @pytest.mark.parametrize("k", FIRST_MIDDLE_LAST)
    async def test_commit_that_fails_for_one_script_of_many(self, database: Database, k: int) -> None:
        outcomes = await asyncio.gather(
            *(database.run(scripts.put_orphan if i == k else scripts.put, i) for i in range(BATCH)),
            return_exceptions=True,
        )
        assert [i for i, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)] == [k]
        await assert_acknowledged_is_present(database, outcomes)

    async def test_cancelled_callers_take_nobody_with_them(self, database: Database) -> None:
        tasks = [asyncio.ensure_future(database.run(scripts.put, i)) for i in range(BATCH)]
        await turn()
        for task in tasks[::2]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes] == [True, False] * (BATCH // 2)
        present = await database.read(scripts.item_ids)
        # A cancelled one may be stored or not, since nobody was told; the others must be.
        assert set(range(1, BATCH, 2)) <= set(present)
        assert await database.run(scripts.put, 1_000) == 1_000

    async def test_script_that_is_no_generator_fails_alone(self, database: Database) -> None:
        def broken() -> Script[int]:
            raise scripts.Refused

        outcomes = await asyncio.gather(database.run(broken), database.run(scripts.put, 1), return_exceptions=True)
        assert isinstance(outcomes[0], scripts.Refused)
        await assert_acknowledged_is_present(database, outcomes)

    async def test_lock_keeps_everybody_else_of_the_batch_out(self, database: Database) -> None:
        """Fifty people of one account and a cap of five: in one transaction, row locks keep nobody out."""
        taken = await asyncio.gather(*(database.run(scripts.take_one_of, "account", 5, i) for i in range(50)))
        assert sum(taken) == 5
        assert len(await database.read(scripts.item_ids)) == 5

    async def test_crowds_at_several_rows(self, database: Database) -> None:
        names = [f"n{i % 7}" for i in range(2 * BATCH)]
        wanted = {name: sorted(range(1, names.count(name) + 1)) for name in names}
        values = await asyncio.gather(*(database.run(scripts.add, name) for name in names))
        got: dict[str, list[int]] = {}
        for name, value in zip(names, values, strict=True):
            got.setdefault(name, []).append(value)
        assert {name: sorted(found) for name, found in got.items()} == wanted

    async def test_locks_in_both_orders_end_well(self, database: Database) -> None:
        """Scripts that lock two rows in opposite orders stand in each other's way, and all of them come through."""
        for name in ("a", "b"):
            await database.run(scripts.add, name, 100)
        pairs = [("a", "b"), ("b", "a")] * (BATCH // 2)
        await asyncio.gather(*(database.run(scripts.move, *pair) for pair in pairs))
        assert [await database.run(scripts.add, name, 0) for name in ("a", "b")] == [100, 100]
