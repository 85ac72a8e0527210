"""A server process as a simulation sees one: what stands between a request and its transaction.

It keeps configurations until it hears that they have moved on, which may be late; it believes or does not believe what
a page says of itself with the product's own code; and it decides what to offer. What a page would hold as signed
tokens is held as plain values here, with the times that the tokens would carry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tactful.core.catalogue import Candidate, Decision, choose
from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.store.asks import Context, moment_of
from tactful.store.candidates import ready
from tactful.store.events import Observed
from tactful.store.projects import Config, load_config
from tests.sim.stores import Store

__all__ = ["Node"]


def _expired(made_at: int, life_ms: int, now: int) -> bool:
    """Tokens are dated to the second."""
    return now > made_at // 1_000 * 1_000 + life_ms


@dataclass(eq=False)
class Node:
    """One process, with what it remembers."""

    store: Store
    number: int
    configs: dict[str, Config] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """The process's own clock, which is not the database's."""
        return self.store.clocks[self.number].now

    def config(self, project: str) -> Config:
        if project not in self.configs:
            self.configs[project] = self.store.read(self.number, load_config, project)
        return self.configs[project]

    def at_least(self, project: str, version: int) -> Config:
        if self.config(project).version < version:
            del self.configs[project]
        return self.config(project)

    def restart(self) -> None:
        """A new process knows nothing yet."""
        self.configs.clear()

    def offer_is_good(self, made_at: int) -> bool:
        return not _expired(made_at, 10 * MINUTE_MS, self.now)

    def ask_is_good(self, made_at: int) -> bool:
        return not _expired(made_at, 30 * DAY_MS, self.now)

    def decide(self, project: str, observed: Observed, context: Context) -> tuple[Config, list[Candidate], Decision]:
        """What may be offered of all that is due."""
        config = self.at_least(project, observed.known.config_version)
        known = observed.known
        due: list[Candidate] = [*observed.at_once, *ready(config.catalogue, observed.waiting, known.now)]
        decision: Any = choose(due, config.catalogue.policy, known.person, moment_of(known.now, context))
        return config, due, decision
