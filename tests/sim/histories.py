"""Histories that both databases must tell alike: drawn from a seed, each a project with its plan and its people.

Forty histories share a database and a clock, which steps by the lengths of windows, so that much lies exactly at their
ends. In each round one thing happens in each of them, all at once: they are different projects, so the order in which a
database carries them out must make no difference, and on PostgreSQL they go in one transaction.
"""

from __future__ import annotations

from random import Random

from tests.sim.faults import Batch
from tests.sim.memo import remembered
from tests.sim.requests import Request
from tests.sim.side import Side
from tests.sim.stores import Store
from tests.sim.tally import Tally
from tests.sim.world import World

__all__ = ["AT_ONCE", "told_by"]

#: How many histories go on beside each other, and for how many rounds.
AT_ONCE = 40
ROUNDS = 60
STEPS_MS = (0, 0, 1, 999, 30_000, 30_000, 300_000, 600_000, 1_800_000, 3_600_000, 86_400_000)


class Histories(World):
    """A world of many projects in which nothing goes wrong but that replies get lost."""

    def _all_sides(self) -> list[Side]:
        return [self._side(f"{self.seed}-{number}", Random(f"{self.seed} {number}")) for number in range(AT_ONCE)]

    def _pass_time(self) -> None:
        self.wall += self.draw.choice(STEPS_MS)
        self._set_clocks()

    def _batches(self) -> list[Batch]:
        batch = Batch(0, [])
        for side in self.sides:
            due = side.due() or side.requests()
            side.late += [(self.rounds + 1, request) for request in due[1:]]
            for request in due[:1]:
                self._begin(request, batch)
        return [batch] if batch.calls else []

    def _begin(self, request: Request, batch: Batch) -> None:
        call = request.call(self.nodes[0])
        if call is not None:
            call.note = request
            batch.calls.append(call)


def told_by(store: Store, seed: int) -> tuple[dict[str, list[str]], int]:
    """What was told in each history, and every row that it leaves; and how many asks that were."""
    lines: list[str] = []
    with remembered():
        world = Histories(seed, store, Tally(), lines=lines)
        for _ in range(ROUNDS):
            world.round()
        world.compare()
    told: dict[str, list[str]] = {side.project: [] for side in world.sides}
    for line in lines:
        told[line.partition(" ")[0]].append(line)
    return told, world.asks
