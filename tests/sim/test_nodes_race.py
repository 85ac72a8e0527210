"""Never too often, over four processes on one PostgreSQL.

Two races. In the first every person holds eight different offers, two in each process, under a cap of one: exactly one
is asked. In the second, histories are merged while they are asked, in both directions (the browser asked already, or
the user) and with the person that is locked first being either: no ask is lost, no more than one is granted to each of
two histories, and none once they are one. Nobody hears of a deadlock.

Measured, 4 processes on 4 cores that others used too: 6,200 asks and refusals a second in the first race, without a
deadlock. In the second 2,500, with 60 deadlocks among 24,000 transactions of 2,000 pairs, each run again unheard. With
the server's default `deadlock_timeout`, a second instead of 20 ms, the second race takes four to twenty times as long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from tactful.clock import id_of
from tactful.database_url import DatabaseUrl, read_database_url
from tactful.identity import Identity
from tactful.store.events import observe
from tactful.store.projects import Config, load_config
from tactful.store.script import Script
from tests.support.clock import START, SetClock
from tests.support.databases import beside
from tests.support.postgres import the_postgres
from tests.support.racer import Merge, Outcome, Take, racing
from tests.support.rows import execute
from tests.support.service import ONE_AN_HOUR, a_survey, make_project

pytestmark = pytest.mark.xdist_group("race")

NODES = 4
OFFERS_EACH = 8
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
ASKS = "SELECT person_id, count(*) FROM asks GROUP BY person_id"


@pytest.fixture
def url(clock: SetClock) -> DatabaseUrl:
    server = the_postgres()
    url = read_database_url(server.fresh_database(clock))
    # The default of a second says how long a lock is waited for before anybody looks whether it is a deadlock.
    server.execute(f"ALTER DATABASE {url.text.rpartition('/')[2]} SET deadlock_timeout = '20ms'")
    return url


@pytest.fixture
def project_id(url: DatabaseUrl, clock: SetClock) -> str:
    return make_project(url, clock, surveys=(a_survey(),), policy=ONE_AN_HOUR).project_id


def an_id(number: int) -> str:
    return id_of(START, number)


def meet(project_id: str, people: Sequence[tuple[Identity, str]]) -> Script[list[str]]:
    """Let people come for the first time, in this order, with these ids."""
    config: Config | None = yield from load_config(project_id)
    assert config is not None
    met = []
    for identity, person_id in people:
        observed = yield from observe(project_id, identity, (), person_id, config.catalogue)
        met.append(observed.known.person_id)
    return met


def race(url: DatabaseUrl, project_id: str, shares: Sequence[Sequence[Take | Merge]]) -> list[list[Outcome]]:
    with racing(url, project_id, shares) as racers:
        outcomes = racers.race()
    jobs, [(deadlocks,)] = sum(map(len, shares)), execute(url, DEADLOCKS)
    print(  # noqa: T201  # figures for -rP
        f"{jobs:,} transactions in {len(shares)} processes, {jobs / racers.took_s:,.0f} a second; "
        f"{deadlocks} deadlocks so far that no caller heard of"
    )
    errors = Counter(outcome.told for share in outcomes for outcome in share if outcome.what == "error")
    assert not errors, errors
    return outcomes


def asked(outcomes: Sequence[Sequence[Outcome]]) -> list[str]:
    return [outcome.told for share in outcomes for outcome in share if outcome.what == "asked"]


def check_offers(url: DatabaseUrl, clock: SetClock, project_id: str, people: int) -> None:
    """Race `people` people's offers over all processes, each process in another order."""
    ids = beside(
        url, clock, meet, project_id, [(Identity(f"user-{n}", None, proved=True), an_id(n)) for n in range(people)]
    )
    shares: list[list[Take | Merge]] = [[] for _ in range(NODES)]
    for offer in range(OFFERS_EACH):
        order = range(people) if offer % 2 else reversed(range(people))
        shares[offer % NODES] += [Take(ids[n], f"offer-{n}-{offer}", f"user-{n}") for n in order]
    outcomes = race(url, project_id, shares)
    assert Counter(asked(outcomes)) == dict.fromkeys(ids, 1)
    refused = Counter(outcome.told for share in outcomes for outcome in share if outcome.what == "not_now")
    assert sum(refused.values()) == people * (OFFERS_EACH - 1)
    assert {word for told in refused for word in told.split()} <= {"rule", "repeat", "throttle"}, refused
    assert execute(url, "SELECT count(*), count(DISTINCT person_id) FROM asks") == [(people, people)]
    print(f"{people:,} people x {OFFERS_EACH} offers: {len(asked(outcomes)):,} asked, each once")  # noqa: T201  # as above


def check_merges(url: DatabaseUrl, clock: SetClock, project_id: str, pairs: int) -> None:
    """Race merges of pairs with asks of both halves, over all processes, and ask everybody again afterwards."""
    everybody = []
    for n in range(pairs):
        user, browser = Identity(f"user-{n}", None, proved=True), Identity(None, f"browser-{n}", proved=True)
        # Which half has the smaller id, and so is locked first, is by turns.
        halves = [(user, an_id(2 * n)), (browser, an_id(2 * n + 1))]
        everybody += halves if n % 2 else [(browser, an_id(2 * n)), (user, an_id(2 * n + 1))]
    met = beside(url, clock, meet, project_id, everybody)
    person = {one.user_id or one.anonymous_id: person_id for (one, _), person_id in zip(everybody, met, strict=True)}
    # Of every second pair, by turns the user or the browser, one half was asked before.
    before = [_take(person, n, "before", user=n % 4 == 0) for n in range(0, pairs, 2)]
    assert len(asked(race(url, project_id, [before]))) == len(before)

    shares: list[list[Take | Merge]] = [[] for _ in range(NODES)]
    for n in range(pairs):
        for node in range(NODES):
            taking = [_take(person, n, f"{node}-{user}", user=user) for user in (node % 2 == 0, node % 2 != 0)]
            merging = Merge(f"user-{n}", f"browser-{n}", an_id(4 * pairs + NODES * n + node))
            shares[node] += [taking[0], merging, taking[1]] if (n + node) % 2 else [taking[0], taking[1], merging]
    granted = asked(race(url, project_id, shares))

    assert max(Counter(granted).values(), default=0) <= 1, "no half of a pair was asked twice"
    kept = dict(execute(url, ASKS))
    assert sum(kept.values()) == len(before) + len(granted), "no ask was lost and none was made up"
    assert len(kept) == pairs, "every pair is one person, and somebody of it was asked"
    assert max(kept.values()) <= 2, "at most one for each of two histories"
    again = [
        [_take(person, n, f"again-{node}", user=(n + node) % 2 == 0) for n in range(pairs)] for node in range(NODES)
    ]
    assert asked(race(url, project_id, again)) == [], "what both halves were asked counts for the one person they are"
    assert dict(execute(url, ASKS)) == kept
    both = sum(count == 2 for count in kept.values())
    print(f"{pairs:,} pairs: {sum(kept.values()):,} asks, all kept; {both} asked in both histories before they met")  # noqa: T201  # as above


def _take(person: dict[str | None, str], n: int, name: str, *, user: bool) -> Take:
    if user:
        return Take(person[f"user-{n}"], f"{name}-user-{n}", f"user-{n}")
    return Take(person[f"browser-{n}"], f"{name}-browser-{n}", None, f"browser-{n}")


def test_offers_raced_by_four_processes_are_one_ask_each(url: DatabaseUrl, clock: SetClock, project_id: str) -> None:
    check_offers(url, clock, project_id, 1_000)


def test_asks_racing_merges_are_exact(url: DatabaseUrl, clock: SetClock, project_id: str) -> None:
    check_merges(url, clock, project_id, 200)


@pytest.mark.long
def test_asks_racing_merges_are_exact_for_many(url: DatabaseUrl, clock: SetClock, project_id: str) -> None:
    check_merges(url, clock, project_id, 2_000)
