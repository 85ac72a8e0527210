"""The last places of a scope, raced for by four processes on one PostgreSQL: never one too many, never one too few.

Fifty people of one account (or of one region, or of the whole project) take up their offers at the same moment, two
each, in different processes. A rule leaves room for five of them.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tactful.database_url import DatabaseUrl, read_database_url
from tactful.identity import Identity
from tactful.store.events import Message, observe
from tactful.store.projects import Config, load_config
from tactful.store.script import Script
from tests.support.clock import SetClock
from tests.support.databases import beside
from tests.support.postgres import the_postgres
from tests.support.racer import Merge, Take, racing
from tests.support.rows import execute
from tests.support.service import a_survey, make_project, policy_of

pytestmark = pytest.mark.xdist_group("race")

PEOPLE, PLACES, PROCESSES, OFFERS_EACH = 50, 5, 4, 2


def come_together(project_id: str) -> Script[list[str]]:
    """Let everybody come, as members of one account and with one region."""
    config: Config | None = yield from load_config(project_id)
    assert config is not None
    met = []
    for number in range(PEOPLE):
        message = Message(f"s:{number}", traits={"region": "eu"}, account_id="acme", account_traits={})
        identity = Identity(f"user-{number}", None, proved=True)
        observed = yield from observe(project_id, identity, [message], f"person-{number:03}", config.catalogue)
        met.append(observed.known.person_id)
    return met


@pytest.mark.parametrize(
    "scope", ["account", *(pytest.param(scope, marks=pytest.mark.long) for scope in ("same(traits.region)", "project"))]
)
def test_exactly_the_last_places_are_taken(clock: SetClock, scope: str) -> None:
    rule = {"id": "last", "scope": scope, "surveys": "all", "count": "asked", "cap": PLACES, "window": "7d"}
    policy = policy_of({"rules": [rule], "tenure": "0s"})
    url: DatabaseUrl = read_database_url(the_postgres().fresh_database(clock))
    project_id = make_project(url, clock, surveys=(a_survey(),), policy=policy).project_id
    people = beside(url, clock, come_together, project_id)
    shares: list[list[Take | Merge]] = [[] for _ in range(PROCESSES)]
    for number, person in enumerate(people):
        for offer in range(OFFERS_EACH):
            take = Take(person, f"offer-{number}-{offer}", f"user-{number}")
            shares[(number + offer) % PROCESSES].append(take)
    with racing(url, project_id, shares) as racers:
        outcomes = [outcome for share in racers.race() for outcome in share]
    came = Counter(outcome.what for outcome in outcomes)
    assert came == {"asked": PLACES, "not_now": PEOPLE * OFFERS_EACH - PLACES}, outcomes
    assert execute(url, "SELECT count(*) FROM asks") == [(PLACES,)]
    print(f"{PEOPLE} people, {PLACES} places of {scope}: {dict(came)} in {racers.took_s:.2f} s")  # noqa: T201  # for -rP
