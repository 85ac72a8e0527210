"""Every statement of the product is prepared on both databases, not run: what a migration renamed, or only one of them
understands, is found without a test that gets there."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from tactful.core.people import PastAsk
from tactful.store.connections import connect_writer
from tactful.store.migrate import migrate
from tactful.store.people import LOCK_PERSON, PEEK_PERSON, READ_ASKS
from tactful.store.results import READ_PERSON
from tactful.store.translate import numbered, tagged
from tests.support.clock import SetClock
from tests.support.postgres import the_postgres
from tests.test_tidy import STORE, statements_of

#: What is asked of one kind of database about itself. Everything else runs on both.
ONLY_POSTGRES = ("server/tactful/store/postgres", "server/tactful/store/broadcast.py")
ONLY_SQLITE = re.compile(r"\bsqlite_master\b|\bPRAGMA\b|IF NOT EXISTS migrations")


def test_every_statement_fits_the_schema(path: Path) -> None:
    """Prepared, not run: a column that a migration renamed is found without a test that gets there."""
    migrate(path, SetClock())
    with closing(connect_writer(path, SetClock())) as connection:
        for source in STORE:
            for node in statements_of(source).values():
                text = str(node.value)
                if not source.name.startswith(ONLY_POSTGRES):
                    connection.execute(f"EXPLAIN {text}", (None,) * text.count("?")).close()


def test_what_a_decision_reads_by_its_place_stands_there(path: Path) -> None:
    person = "person_id user_id anonymous_id first_seen_at last_at created_at traits account_id opted_out_at test"
    ask = [name for name in PastAsk._fields if name != "survey"]
    migrate(path, SetClock())
    with closing(connect_writer(path, SetClock())) as connection:

        def columns(sql: str) -> list[str]:
            return [column[0] for column in connection.execute(sql, (None,) * sql.count("?")).description]

        whole = [*person.split(), "config_version"]
        assert columns(LOCK_PERSON)[: len(whole)] == columns(READ_PERSON)[: len(whole)] == whole
        assert columns(READ_ASKS) == ["survey_key", *ask]
        assert columns(PEEK_PERSON) == [*whole, "account_traits", "waited_for", "survey_key", *ask]


@pytest.mark.anyio
async def test_every_statement_fits_the_schema_on_postgres(clock: SetClock) -> None:
    """PostgreSQL, which must know the type of every parameter, takes each statement too, alone and with a tag."""
    connection = await asyncpg.connect(the_postgres().fresh_database(clock))
    wrong = []
    for source in STORE:
        for name, node in statements_of(source).items():
            text = str(node.value)
            if ONLY_SQLITE.search(text):
                continue
            for sql in {numbered(text), tagged(text) or numbered(text)}:
                try:
                    if not sql.startswith("CREATE"):
                        await connection.prepare(sql)
                except asyncpg.PostgresError as error:
                    wrong.append(f"{source.at(node)} {name}: {error}")
    await connection.close()
    assert not wrong, "\n".join(wrong)
