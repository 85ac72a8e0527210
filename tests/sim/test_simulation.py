"""Never too often, nothing lost, nobody mistaken: a small world with everything going wrong, against an oracle.

`make test` runs 20,000 asks, `make test-all` a million, and a share of them on PostgreSQL. Every run is a seed; a
broken promise is told with its seed and with the command that runs it again. What was met is printed (`-rP`), and a run
that met too little fails: a rule that never bound was not tested.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import pytest

from tests.sim.runs import ASKS_PER_WORLD, run_many, run_one
from tests.sim.tally import Tally

#: Of a million asks each reason, rule and fault must have been met so often.
LEAST_OF_A_MILLION = 1_000
REFUSED_SHARE = 0.3


def _check(tally: Tally, broken: list[str], asks: int) -> None:
    print(tally.table())  # noqa: T201  # figures for -rP
    assert not broken, "\n".join(broken)
    assert tally.asks >= asks
    assert tally.refused_share >= REFUSED_SHARE
    # What is rare comes in clusters: a short run may well meet a fourth of what it would on average.
    too_few = tally.too_few(LEAST_OF_A_MILLION * asks // (1_000_000 if asks >= 1_000_000 else 4_000_000))
    assert not too_few, "a run that hardly meets a thing proves nothing about it"


def _first_seed() -> int:
    """The same seeds each time where a run decides whether a change lands, else others."""
    return 0 if os.environ.get("CI") else random.SystemRandom().randrange(10**9)


def test_promises_hold_in_twenty_thousand_asks() -> None:
    first, asks = _first_seed(), 20_000
    _check(*run_many(range(first, first + asks // ASKS_PER_WORLD)), asks)


@pytest.mark.long
def test_promises_hold_in_a_million_asks() -> None:
    first, began = random.SystemRandom().randrange(10**9), time.perf_counter()
    asks, processes = 1_000_000, os.cpu_count() or 1
    tally, broken = run_many(range(first, first + asks // ASKS_PER_WORLD), processes=processes)
    print(f"{time.perf_counter() - began:.0f} s on {processes} processes")  # noqa: T201  # a figure for -rP
    _check(tally, broken, asks)


@pytest.mark.parametrize(
    ("worlds", "processes"), [(2, 1), pytest.param(200, 2, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_promises_hold_on_postgres(worlds: int, processes: int) -> None:
    """Fewer, since every commit goes to a server and back; what is met there is what SQLite meets."""
    first = _first_seed()
    tally, broken = run_many(range(first, first + worlds), "postgres", processes=processes)
    print(tally.table())  # noqa: T201  # figures for -rP
    assert not broken, "\n".join(broken)
    assert tally.refused_share >= REFUSED_SHARE


def test_one_seed_is_one_run_on_postgres_too() -> None:
    assert run_one(7, "postgres", asks=30).traces == run_one(7, "postgres", asks=30).traces


@pytest.mark.parametrize("seed", range(3))
def test_what_one_project_hears_does_not_depend_on_another(seed: int) -> None:
    """Two runs that differ only in what the second project does: the first is told the same, to the byte."""
    runs = [run_one(seed, asks=80, neighbour=neighbour, lines=True) for neighbour in (1, 2)]
    assert [run.error for run in runs] == [None, None]
    rounds = min(run.rounds for run in runs)
    heard = [[line for line in run.lines if _of_first_project(line, rounds)] for run in runs]
    assert heard[0] == heard[1]
    assert len(heard[0]) > 50, "the first project heard something"
    assert runs[0].traces[1] != runs[1].traces[1], "the second one was another"


def _of_first_project(line: str, rounds: int) -> bool:
    project, number, _ = line.split(" ", 2)
    return project == "project-a" and int(number) <= rounds


def test_one_seed_is_one_run() -> None:
    """In another process too, where sets are in another order."""
    command = [sys.executable, "-m", "tests.sim.replay", "--seed", "7", "--asks", "60", "--last", "0"]
    outputs = {
        subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": order}, capture_output=True, check=True, text=True
        ).stdout
        for order in ("1", "2")
    }
    assert len(outputs) == 1
    run = run_one(7, asks=60, every=1)
    assert " ".join(run.traces) in outputs.pop()
