"""How often a survey was offered and was not, and why, summed up from the counts of a time.

A decision may have several reasons, so reasons add up to more than the decisions that they refused. An offer and the
ask that follows from it are decided apart and both counted: shares are of decisions, never of people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tactful.core.explain import in_general
from tactful.core.journal import OUTCOMES
from tactful.core.spans import HOUR_MS
from tactful.store.journal import DROPPED, PeriodCount
from tactful.web.times import iso_time
from tactful.web.why import BEHIND_MS

__all__ = ["OUTRANKED", "REFUSED", "Reason", "Tally", "periods_of", "refusals_json", "summed_up"]

#: Outcomes that leave a person unasked. `outranked` is a reason of its own: nothing refused.
OUTRANKED = "outranked"
REFUSED = ("not_offered", OUTRANKED, "not_asked", "not_shown")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in general: a refusal's code (or `outranked`), the rule for `rule`, and how many decisions had it."""

    code: str
    rule: str
    times: int

    @property
    def words(self) -> str:
        return OUTCOMES[OUTRANKED] if self.code == OUTRANKED else in_general(self.code, self.rule)


@dataclass(slots=True)
class Tally:
    """Decisions of one time: by outcome, and how many had each reason."""

    outcomes: Counter[str] = field(default_factory=Counter)
    _reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, count: PeriodCount) -> None:
        """Count in; what was not noted is an outcome too, of no decision."""
        if count.reason:
            self._reasons[count.reason, count.rule] += count.times
        else:
            self.outcomes[count.outcome] += count.times
            if count.outcome == OUTRANKED:
                self._reasons[OUTRANKED, ""] += count.times

    @property
    def offered(self) -> int:
        """How many were a yes: an offer, or the wish of somebody who asked for it. An ask follows from an offer."""
        return self.outcomes["offered"] + self.outcomes["shown"]

    @property
    def refused(self) -> int:
        return sum(self.outcomes[outcome] for outcome in REFUSED)

    @property
    def dropped(self) -> int:
        return self.outcomes[DROPPED]

    @property
    def reasons(self) -> list[Reason]:
        """The reasons, the most common first."""
        found = [Reason(code, rule, times) for (code, rule), times in self._reasons.items()]
        return sorted(found, key=lambda one: (-one.times, one.code, one.rule))


def summed_up(counts: Iterable[PeriodCount]) -> Tally:
    """Everything together."""
    tally = Tally()
    for count in counts:
        tally.add(count)
    return tally


def periods_of(counts: Iterable[PeriodCount]) -> dict[int, Tally]:
    """Each period with a decision, in the order of time."""
    found: dict[int, Tally] = {}
    for count in counts:
        found.setdefault(count.period, Tally()).add(count)
    return dict(sorted(found.items()))


def _reasons_json(tally: Tally) -> list[dict[str, Any]]:
    return [
        {"code": one.code, "rule": one.rule or None, "message": one.words, "count": one.times} for one in tally.reasons
    ]


def _tally_json(tally: Tally) -> dict[str, Any]:
    outcomes = {outcome: tally.outcomes[outcome] for outcome in OUTCOMES}
    return {"outcomes": outcomes, "reasons": _reasons_json(tally), "dropped": tally.dropped}


def refusals_json(survey_key: str, hours: tuple[int, int], counts: Sequence[PeriodCount]) -> dict[str, Any]:
    """The counts of a survey by the hour, from one hour to before another, and together."""
    first, last = hours
    told = {"survey": survey_key, "from": iso_time(first * HOUR_MS), "until": iso_time(last * HOUR_MS)}
    by_hour = [{"hour": iso_time(hour * HOUR_MS), **_tally_json(tally)} for hour, tally in periods_of(counts).items()]
    return {**told, **_tally_json(summed_up(counts)), "hours": by_hour, "behind_ms": BEHIND_MS}
