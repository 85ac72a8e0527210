"""What a simulation met, counted: a promise that was never put to the test was not kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tactful.core.explain import REASONS
from tests.sim.oracle import Plan
from tests.sim.plans import RULE_KINDS, rule_kind

__all__ = ["FAULTS", "Tally"]

#: Every kind of fault, each of which a long run must have met a thousand times.
FAULTS = (
    "a clock set back",
    "a clock set forward",
    "a disk full for one",
    "a disk full for all",
    "a forged signature",
    "a node dead after its commit",
    "a node dead between two statements",
    "a policy edited",
    "a reply lost",
    "a request sent late",
    "a request sent twice",
    "a shared browser",
    "a stale configuration",
    "a survey edited",
    "an offer past its life",
    "an offer that was decided earlier",
    "an unsigned user",
    "histories merged",
    "node clocks apart",
    "somebody else's offer",
    "somebody erased",
)


#: Reasons that nothing here can bring about yet.
NOT_YET = frozenset({"quiet"})


@dataclass
class Tally:
    """Counts of one or many runs."""

    counts: Counter[str] = field(default_factory=Counter)
    asks: int = 0
    attempts: int = 0

    def count(self, what: str) -> None:
        self.counts[f"fault: {what}"] += 1

    def refused(self, where: str, refusals: Iterable[Any], plan: Plan) -> None:
        """Count every reason, and every kind of rule that bound."""
        kinds = {rule["id"]: rule_kind(rule) for rule in plan.policy["rules"]}
        for refusal in refusals:
            self.counts[f"{where}: {refusal.code}"] += 1
            if refusal.code == "rule" and where == "ask":
                self.counts[f"rule: {kinds[refusal.rule]}"] += 1

    def error(self, error: Exception | None) -> None:
        if error is not None:
            self.counts[f"error: {getattr(error, 'code', type(error).__name__)}"] += 1

    def add(self, other: Tally) -> None:
        self.counts += other.counts
        self.asks += other.asks
        self.attempts += other.attempts

    @property
    def refused_share(self) -> float:
        return 1 - self.asks / self.attempts if self.attempts else 0.0

    def expected(self) -> list[str]:
        """Everything that must be met."""
        return [
            *(f"fault: {fault}" for fault in FAULTS),
            *(f"ask: {code}" for code in REASONS if code not in NOT_YET),
            *(f"rule: {kind}" for kind in RULE_KINDS),
            *(f"error: {code}" for code in ("ask_given_back", "response_final")),
        ]

    def too_few(self, least: int) -> dict[str, int]:
        """What was met less often than it must be."""
        return {what: self.counts[what] for what in self.expected() if self.counts[what] < least}

    def table(self) -> str:
        rows = sorted({*self.expected(), *self.counts})
        width = max(map(len, rows))
        head = f"{self.asks:,} asks of {self.attempts:,} attempts, {self.refused_share:.0%} refused"
        return "\n".join([head, *(f"  {what:<{width}} {self.counts[what]:>10,}" for what in rows)])
