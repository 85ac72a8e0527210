"""SQLite and PostgreSQL decide alike: the same histories, the same offers, refusals with their numbers, and rows.

That the rows are the same follows from each being compared with the same oracle, at the end of every history.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ProcessPoolExecutor
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.sim.histories import AT_ONCE, told_by
from tests.sim.runs import DATABASES, in_memory


def _differences(seed: int) -> tuple[list[str], int]:
    """Tell in which histories of `seed` the databases differ, and how many asks there were."""
    told = []
    for database in ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
            store = DATABASES[database](Path(folder))
            try:
                told.append(told_by(store, seed))
            finally:
                store.close()
    (first, asks), (second, _) = told
    assert first.keys() == second.keys()
    return [
        f"seed {seed}, {project}: {one!r} on SQLite and {other!r} on PostgreSQL"
        for project in first
        for one, other in zip_longest(sorted(first[project]), sorted(second[project]))
        if one != other
    ], asks


@pytest.mark.parametrize(
    ("histories", "processes"), [(120, 1), pytest.param(10_000, 2, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_both_databases_decide_alike(histories: int, processes: int) -> None:
    seeds = range(histories // AT_ONCE)
    if processes == 1:
        found = [_differences(seed) for seed in seeds]
    else:
        with ProcessPoolExecutor(processes) as pool:
            found = list(pool.map(_differences, seeds))
    asks = sum(asked for _, asked in found)
    print(f"{histories:,} histories, {asks:,} asks")  # noqa: T201  # a figure for -rP
    differences = [difference for some, _ in found for difference in some]
    assert not differences, "\n".join(differences[:10])
    assert asks > histories, "a history without asks compares nothing"
