"""A server process as a simulation sees one: what stands between a request and its transaction.

It keeps configurations until it hears that they have moved on, which may be late; it believes or does not believe what
a page says of itself with the product's own code; and it decides what to offer. What a page would hold as signed
tokens is held as plain values here, with the times that the tokens would carry.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tactful.core.catalogue import Candidate, Decision, choose
from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.store.asks import Context, moment_of
from tactful.store.candidates import ready
from tactful.store.events import Observed
from tactful.store.people import Known
from tactful.store.projects import Config, load_config
from tactful.store.results import read_person
from tactful.store.standings import read_standings
from tests.sim.stores import Store

__all__ = ["Decided", "Node"]


def _expired(made_at: int, life_ms: int, now: int) -> bool:
    """Tokens are dated to the second."""
    return now > made_at // 1_000 * 1_000 + life_ms


class Decided(NamedTuple):
    """What a node decided, about whom as it saw them, and under which configuration."""

    config: Config
    due: list[Candidate]
    decision: Decision
    known: Known


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

    def count(self, project: str) -> None:
        """Count for the surveys that limit their responses, as the service does now and then."""
        config = self.config(project)
        found = self.store.read(self.number, read_standings, project, config.catalogue)
        self.configs[project] = replace(config, standings=found)

    def decide(self, config: Config, observed: Observed, context: Context) -> Decided | None:
        """What may be offered of all that is due. A configuration that moved on meanwhile is gone by, and the person is
        read anew for it."""
        project, known, at_once = config.project_id, observed.known, observed.at_once
        fresh = self.at_least(project, known.config_version)
        if fresh.version != config.version:
            known = self.store.read(self.number, read_person, project, known.person_id, fresh.catalogue, self.now)
            if known is None:
                return None
            at_once = tuple(again for one in at_once if (again := one.under(fresh.catalogue)) is not None)
        due = [*at_once, *ready(fresh.catalogue, observed.waiting, known.now)]
        moment = moment_of(known.now, context, fresh.standings)
        return Decided(fresh, due, choose(due, fresh.catalogue.policy, known.person, moment), known)
