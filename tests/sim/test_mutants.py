"""The simulation finds every mutant, names the promise that it breaks, and finds nothing wrong with the product."""

from __future__ import annotations

import pytest

from tests.sim.mutants import MUTANTS
from tests.sim.runs import run_one

#: Most are found in the first world, what is rare after some more.
WORLDS = 200


#: Those that no version of Tactful may ever be like; the others are left to `make test-all`.
FOREMOST = {
    "the check is made outside the transaction",
    "the time is read before the lock",
    "what is exactly a window old still counts",
    "asks count when they are seen",
    "a sample is drawn anew each time",
    "a merge drops one history",
    "a clock set back is trusted",
    "asks are given back as often as one likes",
}


def _named(name: str) -> object:
    return name if name in FOREMOST else pytest.param(name, marks=pytest.mark.long)


@pytest.mark.parametrize("name", [_named(name) for name in MUTANTS])
def test_the_simulation_finds_the_mutant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[name]
    mutant.patch(monkeypatch)
    for seed in range(WORLDS):
        run = run_one(seed, every=10)
        if run.error is not None:
            print(f"{name}: {run.told()}")  # noqa: T201  # which promise, for -rP
            assert run.invariant in mutant.breaks, run.told()
            return
    pytest.fail(f"nobody noticed in {WORLDS} worlds that {name}")


@pytest.mark.parametrize("seed", range(3))
def test_the_product_itself_is_found_right(seed: int) -> None:
    assert run_one(seed, every=10).error is None


def test_there_are_enough_mutants() -> None:
    assert len(MUTANTS) >= 12
    assert MUTANTS.keys() >= FOREMOST
