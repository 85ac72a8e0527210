"""The whole story: everything that happens, in the order of time, and how each ask is taken."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import yaml

from demo_site.history.crowd import gather
from demo_site.history.moments import Moment, Reaction
from demo_site.history.opinions import Asked, Opinions
from demo_site.history.season import Season
from demo_site.history.visits import moments_of
from demo_site.history.words import Words

__all__ = ["SEED", "Story"]

SEED = 20

_HERE = Path(__file__).parent
_FIRST_TICKET = 31


class Story:
    """Six months that end at `now` (milliseconds, UTC). The same seed and the same `now` tell the same story."""

    def __init__(self, now: int, seed: int = SEED) -> None:
        self.seed = seed
        self._random = Random(seed)  # noqa: S311  # a story guards nothing, and has to be told twice alike
        self.season = Season(now)
        world = _read("world.yaml")
        people = gather(world, self.season, self._random)
        tickets = count(_FIRST_TICKET)
        told = [moment for one in people for moment in moments_of(one, world, self.season, self._random, tickets)]
        # Two at one time keep their order: sorting is stable.
        self.moments: list[Moment] = sorted(told, key=lambda moment: moment.at)
        self._opinions = Opinions(
            self.season,
            Words(_read("comments.yaml"), self._random),
            efforts={course["key"]: course["effort"] for course in world["courses"]},
            skills={agent["name"]: agent["skill"] for agent in world["agents"]},
        )

    def reaction(self, asked: Asked) -> Reaction:
        """Tell how somebody takes an ask."""
        return self._opinions.reaction(asked, self._random)


def _read(name: str) -> Any:
    return yaml.safe_load((_HERE / name).read_text(encoding="utf-8"))
