"""The project's throttle rules, and the defaults they have before anybody writes a policy.

A rule is scope x surveys x count x cap x window: it refuses when the count in its sliding window has reached its
cap. Rules are data; what they count is worked out in `tactful.core.throttle`. Where the numbers come from:
vendors converge on 90 days for relationship NPS, 30 days after a dismissal, 7 days between any two asks and 14 days
before the first; no controlled in-app study was found, so they are conventions, shown and easy to change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tactful.core.spans import DAY_MS, MINUTE_MS

__all__ = ["DEFAULT_POLICY", "NOTHING_STOPS", "Count", "Policy", "Rule", "Scope", "Stops"]

Count = Literal["asked", "dismissed", "responded"]
Scope = Literal["person", "account", "project", "same"]


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `cap` of `count` in any `window_ms`, over the surveys that `surveys` selects and the people of `scope`.

    `surveys` is `all`, `this` (the survey being decided), `kind:nps` or `tag:onboarding`. `scope` is the person alone,
    everybody of their account, everybody of the project, or everybody with the `same` value at the path `trait`.
    """

    id: str
    surveys: str
    count: Count
    cap: int
    window_ms: int
    scope: Scope = "person"
    trait: str | None = None


@dataclass(frozen=True, slots=True)
class Stops:
    """What stops asking whatever the rules say: a clock that cannot be trusted, and a backup that was restored at
    `quiet_since` (None: none was) without anybody knowing what had been asked since it was made."""

    clock: bool = False
    quiet_since: int | None = None


NOTHING_STOPS = Stops()


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules must pass. `holdout` is the share 0..1 of people who are never asked. Nobody writes `stops`."""

    rules: tuple[Rule, ...]
    tenure_ms: int = 14 * DAY_MS
    holdout: float = 0.0
    stops: Stops = NOTHING_STOPS


DEFAULT_POLICY = Policy(
    rules=(
        Rule(id="visit", surveys="all", count="asked", cap=1, window_ms=30 * MINUTE_MS),
        Rule(id="any-7d", surveys="all", count="asked", cap=1, window_ms=7 * DAY_MS),
        Rule(id="any-90d", surveys="all", count="asked", cap=3, window_ms=90 * DAY_MS),
        Rule(id="nps-90d", surveys="kind:nps", count="asked", cap=1, window_ms=90 * DAY_MS),
        Rule(id="dismissed", surveys="all", count="dismissed", cap=1, window_ms=30 * DAY_MS),
        Rule(id="account", surveys="kind:nps", count="asked", cap=5, window_ms=7 * DAY_MS, scope="account"),
    )
)
