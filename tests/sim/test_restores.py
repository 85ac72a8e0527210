"""A backup put back over a world that went on: nobody forgets that they were asked, that they said never, or are gone.

The world runs on after the backup was made (asks, dismissals, merges, opt-outs, erasures); then the backup takes its
place. Whatever the oracle knew by then must bind: every ask of everybody, opt-outs, and that the erased stay away. On a
database that knows nothing, nobody is asked for as long as what is forgotten might bind: the projects are quiet.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from tactful.store.audit import Act
from tactful.store.backup import dump, no_progress, open_backup, writing
from tactful.store.projects import load_config
from tactful.store.restore import Wish, restore
from tests.sim.compare import everything
from tests.sim.memo import remembered
from tests.sim.oracle import Oracle
from tests.sim.runs import DATABASES, in_memory
from tests.sim.stores import Store
from tests.sim.tally import Tally
from tests.sim.world import World

ACT = Act("restored", "an admin", "a key of hashes")


def _back_up(store: Store, folder: Path) -> Path:
    path = folder / "world.backup"
    with writing(path) as packed:
        store.alone(dump, packed.write, no_progress)
    return path


def _check(store: Store, oracle: Oracle, made_at: int, erased: set[str]) -> int:
    """Tell whether everything that bound still does; return how many asks that are.

    A name or a merge since `made_at` that nobody was asked under goes with the restore, but no ask does: it is with
    whoever had it then."""
    held = store.alone(everything, oracle.project)
    leads_to = dict(held["aliases"])
    opted_out = {row[0]: row[6] is not None for row in held["people"]}
    found = [(row[0], (row[1], row[2], row[7])) for row in held["asks"]]
    counting = [ask for ask in oracle.recorded if ask.refunded_at is None]
    must = Counter((ask.survey, ask.version, ask.asked_at) for ask in counting)
    assert must <= Counter(ask for _, ask in found), "an ask is forgotten"
    for alias, human in oracle.humans.items():
        person = leads_to.get(alias)
        since = [ask for ask in human.asks if ask.asked_at >= made_at and ask.refunded_at is None]
        new = Counter((ask.survey, ask.version, ask.asked_at) for ask in since)
        assert new <= Counter(ask for whose, ask in found if whose == person), f"{alias} was asked and it is forgotten"
        assert human.opted_out_at is None or opted_out[person], f"{alias} had opted out"
    assert not erased & opted_out.keys(), "somebody who was erased is back"
    return sum(must.values())


@pytest.mark.parametrize(
    ("database", "worlds"),
    [("sqlite", 12), ("postgres", 1), pytest.param("sqlite", 100, marks=pytest.mark.long),
     pytest.param("postgres", 20, marks=pytest.mark.long)],
)  # fmt: skip
def test_a_restore_forgets_nothing_that_binds(database: str, worlds: int) -> None:
    kept, tried, seeds = 0, 0, count()
    while tried < worlds:
        seed = next(seeds)
        with tempfile.TemporaryDirectory(dir=in_memory()) as folder, remembered():
            store = DATABASES[database](Path(folder))
            try:
                world = World(seed, store, Tally())
                world.run(40)
                backup = open_backup(_back_up(store, Path(folder)), no_progress)
                before = [set(side.oracle.people) for side in world.sides]
                behind = False
                while world.asks < 100:
                    world.round()
                    behind |= min(clock.now for clock in store.clocks) < backup.header.created_at
                if behind:
                    # What happened since is told by its time: with a clock set back nobody could tell.
                    continue
                tried += 1
                store.alone(restore, backup, Wish(replace=True), ACT, no_progress)
                for side, people in zip(world.sides, before, strict=True):
                    kept += _check(store, side.oracle, backup.header.created_at, people - side.oracle.people.keys())
            finally:
                store.close()
    assert kept > 5 * worlds
    print(f"{worlds} restores, {kept:,} asks of people that still bind")  # noqa: T201  # a figure for -rP


def test_a_restore_into_nothing_is_quiet() -> None:
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder, remembered():
        (Path(folder) / "new").mkdir()
        store = DATABASES["sqlite"](Path(folder))
        fresh = DATABASES["sqlite"](Path(folder) / "new")
        try:
            world = World(1, store, Tally())
            world.run(40)
            backup = open_backup(_back_up(store, Path(folder)), no_progress)
            fresh.alone(restore, backup, Wish(), ACT, no_progress)
            for side in world.sides:
                config = fresh.alone(load_config, side.project)
                assert config.catalogue.policy.stops.quiet_since is not None
        finally:
            store.close()
            fresh.close()
