"""Asks a second on PostgreSQL, beside the least that anybody could do, in the same run.

The reference is a bare conditional UPDATE ... RETURNING with the INSERT of its claim, one commit each, on 16
connections at once: it looks at a person's last ask and nothing else. It is measured in both of its forms, a
transaction of two statements and one statement with a CTE. Ours is the product's own `take_up`, its facts read afresh.
Rounds are interleaved, every person is asked once in a round, and the ratio is that of the medians.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count, islice

from bench.report import Line
from tactful.clock import SystemClock, new_id
from tactful.core.policy import DEFAULT_POLICY
from tactful.core.reading import read_survey
from tactful.identity import Identity
from tactful.newproject import new_project
from tactful.store.asks import Asked, Context, Offered, take_up
from tactful.store.people import recognise
from tactful.store.postgres import PostgresDatabase
from tactful.store.postgres_connections import Connection, connect
from tactful.store.postgres_migrate import migrate_postgres
from tactful.store.projects import Config, apply_definitions, create_project, load_config
from tests.support.postgres import PostgresServer, a_postgres

CALLERS = 256
REFERENCE_CONNECTIONS = 16
ASKS = 6_000
ROUNDS = 5

CREATE = """
CREATE TABLE claimers (person TEXT PRIMARY KEY, last_at BIGINT NOT NULL);
CREATE TABLE claims (claim_id TEXT PRIMARY KEY, person TEXT NOT NULL, at BIGINT NOT NULL);
INSERT INTO claimers SELECT 'p' || n, 0 FROM generate_series(1, 1000000) n;
"""
CLAIM = """
WITH claimed AS (UPDATE claimers SET last_at = $2 WHERE person = $1 AND last_at < $2 RETURNING person)
INSERT INTO claims (claim_id, person, at) SELECT $3, person, $2 FROM claimed
"""

TAKE = "UPDATE claimers SET last_at = $2 WHERE person = $1 AND last_at < $2 RETURNING person"
NOTE = "INSERT INTO claims (claim_id, person, at) VALUES ($1, $2, $3)"

SURVEY = {
    "key": "nps",
    "name": "NPS",
    "state": "live",
    "trigger": {"any": [{"event": "Done"}]},
    "questions": [{"id": "score", "kind": "nps", "ask": "How likely?"}],
}


async def in_one_statement(connection: Connection, person: str, at: int, claim_id: str) -> None:
    """One round trip and no BEGIN."""
    await connection.execute(CLAIM, person, at, claim_id)


async def in_a_transaction(connection: Connection, person: str, at: int, claim_id: str) -> None:
    """As an application writes it."""
    async with connection.transaction():
        if await connection.fetchrow(TAKE, person, at) is not None:
            await connection.execute(NOTE, claim_id, person, at)


Claim = Callable[[Connection, str, int, str], Awaitable[None]]


async def reference_round(connections: list[Connection], numbers: count[int], claim: Claim) -> float:
    """Claims a second, one commit each."""
    clock = SystemClock()
    claims = [(f"p{number + 1}", number + 1, new_id(clock)) for number in islice(numbers, ASKS)]
    waiting = iter(claims)

    async def claimer(connection: Connection) -> None:
        for one in waiting:
            await claim(connection, *one)

    begun = time.perf_counter()
    await asyncio.gather(*(claimer(connection) for connection in connections))
    return ASKS / (time.perf_counter() - begun)


async def our_round(database: PostgresDatabase, config: Config, numbers: count[int]) -> float:
    """Asks a second, of people who are met first, outside of what is measured."""
    clock = SystemClock()
    identities = [Identity(f"u{next(numbers)}", None, proved=True) for _ in range(ASKS)]
    rows = await asyncio.gather(
        *(database.run(recognise, config.project_id, identity, new_id(clock)) for identity in identities)
    )
    version = config.catalogue.surveys["nps"].version
    offers = [Offered(row["person_id"], new_id(clock), "nps", version) for row in rows]

    waiting = iter(zip(offers, identities, strict=True))

    async def asker() -> None:
        for offer, identity in waiting:
            asked = await database.run(take_up, config, offer, identity, Context("/app", "en"))
            assert isinstance(asked, Asked), asked

    begun = time.perf_counter()
    await asyncio.gather(*(asker() for _ in range(CALLERS)))
    return ASKS / (time.perf_counter() - begun)


async def compare(server: PostgresServer) -> dict[str, list[float]]:
    """Rounds of the references and of ours, one after the other."""
    clock = SystemClock()
    server.execute("CREATE DATABASE reference")
    server.execute(CREATE, "reference")
    server.execute("CREATE DATABASE tactful")
    await migrate_postgres(server.url("tactful"))
    database = await PostgresDatabase.open(server.url("tactful"), clock)
    new = new_project(clock, "P", ())
    await database.run(create_project, new)
    survey = read_survey(SURVEY).value
    assert survey is not None
    policy = replace(DEFAULT_POLICY, tenure_ms=0)
    await database.run(apply_definitions, new.project_id, policy, (survey,))
    config = await database.read(load_config, new.project_id)
    assert config is not None
    rates: dict[str, list[float]] = {"ours": [], "transaction": [], "statement": []}
    numbers = count()
    connections = [await connect(server.url("reference"), "writer") for _ in range(REFERENCE_CONNECTIONS)]
    for _ in range(ROUNDS):
        rates["transaction"].append(await reference_round(connections, numbers, in_a_transaction))
        rates["ours"].append(await our_round(database, config, numbers))
        rates["statement"].append(await reference_round(connections, numbers, in_one_statement))
    for connection in connections:
        await connection.close()
    await database.close()
    return rates


def measure() -> list[Line]:
    """Measure asks beside bare claims."""
    with a_postgres("shared_buffers=512MB", "max_wal_size=4GB") as server:
        rates = asyncio.run(compare(server))
    asks = rates.pop("ours")
    lines = []
    for form, budget in (("transaction", 1.0), ("statement", None)):
        ratio = statistics.median(asks) / statistics.median(rates[form])
        lines.append(
            Line(
                "asks on PostgreSQL, durable",
                _spread(asks),
                f"bare UPDATE + INSERT, one {form} and commit each: {_spread(rates[form])}",
                f"{ratio:.2f}",
                f">= {budget}" if budget else "",
                ratio >= budget if budget else None,
            )
        )
    return lines


def _spread(rates: list[float]) -> str:
    return f"{statistics.median(rates):,.0f}/s ({min(rates):,.0f}-{max(rates):,.0f})"
