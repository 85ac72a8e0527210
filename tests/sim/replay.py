"""Run one seed of the simulation again: `python -m tests.sim.replay --seed N --database sqlite`.

Prints every answer that anybody got (`--last` of them), what went wrong if anything did, and the digests by which two
runs of one seed can be compared. The database is compared after every round, so that a difference shows where it
arises, and not when the run would have noticed.
"""

from __future__ import annotations

import argparse
import sys

from tests.sim.runs import ASKS_PER_WORLD, DATABASES, run_one


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim.replay", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--database", choices=sorted(DATABASES), default="sqlite")
    parser.add_argument("--asks", type=int, default=ASKS_PER_WORLD, help="how many asks the run goes on for")
    parser.add_argument("--neighbour", type=int, help="the seed of the second project, where it is another one")
    parser.add_argument("--every", type=int, default=1, help="compare the database after so many rounds")
    parser.add_argument("--last", type=int, default=30, help="how many of the answers to print")
    given = parser.parse_args()
    run = run_one(given.seed, given.database, asks=given.asks, every=given.every, neighbour=given.neighbour, lines=True)
    told = run.lines[-given.last :] if given.last else []
    told.append(f"{run.tally.asks} asks in {run.rounds} rounds, digests {' '.join(run.traces)}")
    if run.error is not None:
        told.append(run.told())
    print("\n".join(told))  # noqa: T201  # it is a command
    return run.error is not None


if __name__ == "__main__":
    sys.exit(main())
