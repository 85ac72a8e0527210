"""Runs of the simulation: one seed each, many at once, and the command that runs one again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.sim.memo import remembered
from tests.sim.oracle import Violation
from tests.sim.postgres_store import PostgresStore
from tests.sim.stores import SqliteStore, Store
from tests.sim.tally import Tally
from tests.sim.world import COMPARE_EVERY, NODES, World
from tests.support.clock import START

__all__ = ["ASKS_PER_WORLD", "DATABASES", "Run", "in_memory", "run_many", "run_one"]

#: Worlds are short: what goes wrong goes wrong early, and a short one is quickly run again.
ASKS_PER_WORLD = 250

#: How each database is opened for a world, in a folder of its own.
DATABASES: dict[str, Callable[[Path], Store]] = {
    "sqlite": lambda folder: SqliteStore(folder, NODES, START),
    "postgres": lambda _: PostgresStore(NODES, START),
}


@dataclass
class Run:
    """What one seed came to. `traces` are digests of everything that either project was told."""

    seed: int
    database: str
    tally: Tally = field(default_factory=Tally)
    rounds: int = 0
    traces: tuple[str, ...] = ()
    lines: list[str] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def invariant(self) -> str | None:
        """Which promise it broke."""
        return self.error.invariant if isinstance(self.error, Violation) else None

    def told(self) -> str:
        """What went wrong, and how to see it again."""
        command = f"python -m tests.sim.replay --seed {self.seed} --database {self.database}"
        return f"seed {self.seed}, round {self.rounds}: {self.error!r}\n  again: {command}"


def in_memory() -> str | None:
    """A folder that is no disk, where there is one: nothing here is about power."""
    shared = Path("/dev/shm")  # worlds go into a folder of their own in it
    return str(shared) if shared.is_dir() else None


def run_one(
    seed: int,
    database: str = "sqlite",
    *,
    asks: int = ASKS_PER_WORLD,
    every: int = COMPARE_EVERY,
    neighbour: int | None = None,
    lines: bool = False,
) -> Run:
    """Run one world to its end, or to the first promise that is broken."""
    run = Run(seed, database)
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder, remembered():
        store = DATABASES[database](Path(folder))
        try:
            world = World(seed, store, run.tally, neighbour=neighbour, every=every, lines=run.lines if lines else None)
            try:
                world.run(asks)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is told with its seed
                run.error = error
            run.rounds = world.rounds
            run.traces = tuple(side.trace.hexdigest() for side in world.sides)
        finally:
            store.close()
    return run


def _some(seeds: list[int], database: str, asks: int) -> tuple[Tally, list[str]]:
    """Run several worlds in this process."""
    tally, broken = Tally(), []
    for seed in seeds:
        run = run_one(seed, database, asks=asks)
        tally.add(run.tally)
        if run.error is not None:
            broken.append(run.told())
    return tally, broken


def run_many(seeds: Iterable[int], database: str = "sqlite", *, processes: int = 1) -> tuple[Tally, list[str]]:
    """Run many worlds, on some processes; return all that they met and what went wrong."""
    wanted = list(seeds)
    if processes == 1:
        return _some(wanted, database, ASKS_PER_WORLD)
    tally, broken = Tally(), []
    chunks = [wanted[first : first + 20] for first in range(0, len(wanted), 20)]
    with ProcessPoolExecutor(processes) as pool:
        for met, failed in pool.map(_some, chunks, [database] * len(chunks), [ASKS_PER_WORLD] * len(chunks)):
            tally.add(met)
            broken += failed
    return tally, broken
