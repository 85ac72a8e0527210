"""What must be true of people and asks, written a second time and as plainly as can be.

No locks, no SQL, and nothing of the product's core: objects in memory that are told every transaction in
the order in which they were committed, and say what it must have come to. Rules are read as they are written. Whatever
differs is a `Violation`, which names the promise that it breaks.

One thing an oracle cannot foretell without doing the same arithmetic: who is in a sample. So it learns that: whoever
was in a sample once is in it for ever, and in every larger one (`Sticky`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Ask", "Human", "Oracle", "Plan", "Sticky", "Violation", "Waits"]

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
WEEK_MS = 7 * DAY_MS
#: An offer is told again for so long, an ask given back for so long, and not again for so long.
TOLD_AGAIN_MS = 10 * MINUTE_MS
GIVEN_BACK_MS = MINUTE_MS
GIVEN_BACK_EVERY_MS = DAY_MS


class Violation(AssertionError):
    """A promise is broken: which one of the invariants, and how."""

    def __init__(self, invariant: str, told: str) -> None:
        super().__init__(f"{invariant}: {told}")
        self.invariant = invariant


def require(holds: object, invariant: str, *told: object) -> None:
    """Raise the `Violation` of `invariant` unless it holds."""
    if not holds:
        raise Violation(invariant, " ".join(map(str, told)))


@dataclass(eq=False, slots=True)
class Ask:
    """One ask, and all that was said to it."""

    id: str
    survey: str
    version: int
    kind: str
    tags: frozenset[str]
    test: bool
    asked_at: int
    by_person: bool = False
    per: str | None = None
    visit: str | None = None
    seen_at: int | None = None
    dismissed_at: int | None = None
    responded_at: int | None = None
    opted_out_at: int | None = None
    refunded_at: int | None = None
    #: What its person belonged to when they were asked: (`account`, its id), (a trait, its value).
    marks: frozenset[tuple[str, str]] = frozenset()
    rev: int = 0
    score: int | None = None
    done: bool = False

    def row(self) -> tuple[Any, ...]:
        """What the database must say of it."""
        times = (self.asked_at, self.seen_at, self.dismissed_at, self.responded_at, self.opted_out_at, self.refunded_at)
        said = (self.rev, self.score, int(self.done)) if self.rev else (None, None, None)
        about = (self.survey, self.version, self.kind, int(self.test), int(self.by_person), self.per)
        return (*about, *times, *said)

    @property
    def touched(self) -> bool:
        return any(at is not None for at in (self.seen_at, self.dismissed_at, self.responded_at))


@dataclass(eq=False, slots=True)
class Waits:
    """A candidate that waits as a row."""

    id: str
    survey: str
    per: str | None
    same: object
    not_before: int
    expires_at: int


@dataclass(eq=False, slots=True)
class Human:
    """One person: everything of every history that was merged into them."""

    id: str
    user_id: str | None
    anonymous_id: str | None
    first_seen_at: int
    last_at: int
    created_at: int | None = None
    traits: dict[str, Any] = field(default_factory=dict)
    account: str | None = None
    opted_out_at: int | None = None
    refunded_at: int | None = None
    test: bool = False
    merged_into: Human | None = None
    asks: list[Ask] = field(default_factory=list)
    by_offer: dict[str, Ask] = field(default_factory=dict)
    counters: dict[tuple[Any, ...], int] = field(default_factory=dict)
    waits: dict[str, Waits] = field(default_factory=dict)
    #: When the trigger of a survey with a reserve fired, and until when that is remembered.
    fired: dict[str, tuple[int, int]] = field(default_factory=dict)

    def now_is(self) -> Human:
        """Whoever this person is by now."""
        return self if self.merged_into is None else self.merged_into.now_is()

    @property
    def sample_key(self) -> str:
        return self.user_id or self.anonymous_id or self.id

    def lock(self, now: int) -> int:
        """A person's own time never goes back."""
        self.last_at = max(self.last_at, now)
        return self.last_at

    def row(self) -> tuple[Any, ...]:
        """What the database must say of them."""
        times = (self.first_seen_at, self.last_at, self.created_at, self.opted_out_at, self.refunded_at)
        return (self.user_id, self.anonymous_id, *times, self.account, int(self.test), self.traits)


@dataclass
class Plan:
    """What the project's owner has written, as of one version of the configuration."""

    policy: dict[str, Any]
    surveys: dict[str, dict[str, Any]]
    versions: dict[str, int]
    hears: bool = False
    #: The clock is not believed, so nobody is asked.
    alarm: bool = False

    def live(self) -> list[dict[str, Any]]:
        """The live surveys, the most important first."""
        live = [survey for survey in self.surveys.values() if survey["state"] == "live"]
        return sorted(live, key=lambda survey: (-survey["priority"], survey["key"]))


@dataclass(eq=False, slots=True)
class Sticky:
    """Where somebody stands in 0..1, learned from what was decided about them: at least `low`, below `high`."""

    low: float = 0.0
    high: float = 1.0

    def learn(self, share: float, what: object, *, inside: bool) -> None:
        """They are among this share of all people, or they are not."""
        self.narrow(*((0.0, share) if inside else (share, 1.0)), what)

    def narrow(self, low: float, high: float, what: object) -> None:
        self.low, self.high = max(self.low, low), min(self.high, high)
        require(self.low < self.high + 1e-12, "15 sticky sample", what, "is from", self.low, "up to", self.high)

    def inside(self, share: float) -> bool | None:
        """Whether they are among this share; None: nobody has found out yet."""
        return True if self.high <= share else False if self.low >= share else None


def span_ms(written: str) -> int:
    """What a written span stands for."""
    if written == "forever":
        return 2**52
    for unit, factor in (("ms", 1), ("s", 1_000), ("m", MINUTE_MS), ("h", 60 * MINUTE_MS), ("d", DAY_MS)):
        if written.endswith(unit) and written[: -len(unit)].isdigit():
            return int(written[: -len(unit)]) * factor
    raise AssertionError(written)


@dataclass(eq=False)
class Oracle:
    """Everything that one project's database must hold."""

    project: str
    plans: dict[int, Plan]
    version: int
    enforce: bool
    humans: dict[str, Human] = field(default_factory=dict)
    people: dict[str, Human] = field(default_factory=dict)
    #: By the person that the ask was recorded for, and its id.
    asks: dict[tuple[str, str], Ask] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    sticky: dict[tuple[str, str], Sticky] = field(default_factory=dict)
    #: Names of people who had opted out and were erased.
    kept_opt_outs: set[str] = field(default_factory=set)
    #: Every ask of everybody who is still there.
    recorded: list[Ask] = field(default_factory=list)
    #: The latest time of each scope that was locked.
    scopes: dict[tuple[str, str], int] = field(default_factory=dict)
    #: When the surveys first went live.
    live_at: int = 0
    merges: int = 0

    @property
    def plan(self) -> Plan:
        return self.plans[self.version]

    @contextmanager
    def as_of(self, seen: int | None) -> Iterator[None]:
        """Judge under the configuration that a transaction saw under its lock, which another may have changed between
        that and its end."""
        version = self.version
        require(seen is None or version - 2 <= seen <= version, "1 cap", "saw version", seen, "and it was", version)
        self.version = version if seen is None else seen
        yield
        self.version = version

    # Who somebody is.

    def recognise(self, ids: tuple[str | None, str | None], new_id: str, now: int) -> Human:
        """Whoever comes with a user id and an anonymous id; an anonymous history joins the user id it comes with."""
        user, browser = ids
        at_browser = self.humans.get(f"a:{browser}") if browser is not None else None
        if user is None:
            return self._names(f"a:{browser}", at_browser or self._made(new_id, ids, now), now)
        human = self.humans.get(f"u:{user}")
        if human is None:
            free = at_browser is not None and at_browser.user_id is None
            if at_browser is not None:
                at_browser.lock(now)
            human = at_browser if free and at_browser is not None else self._made(new_id, ids, now)
        self._names(f"u:{user}", human, now)
        human.user_id = human.user_id or user
        if browser is not None:
            other = self._names(f"a:{browser}", at_browser or human, now)
            if other is not human and other.user_id is None:
                self._merge(other, human)
        return human

    def _names(self, alias: str, human: Human, now: int) -> Human:
        """Let `alias` lead to whoever it leads to, else to `human`; an opt-out outlives whoever had it."""
        new = alias not in self.humans
        found = self.humans.setdefault(alias, human)
        found.lock(now)
        if new and alias in self.kept_opt_outs and found.opted_out_at is None:
            found.opted_out_at = found.last_at
        return found

    def _made(self, new_id: str, ids: tuple[str | None, str | None], now: int) -> Human:
        human = self.people[new_id] = Human(new_id, *ids, first_seen_at=now, last_at=now)
        return human

    def _merge(self, loser: Human, winner: Human) -> None:
        self.merges += 1
        loser.merged_into = winner
        winner.asks += loser.asks
        winner.by_offer = loser.by_offer | winner.by_offer
        winner.waits = loser.waits | winner.waits
        for counter, counted in loser.counters.items():
            winner.counters[counter] = winner.counters.get(counter, 0) + counted
        winner.first_seen_at = min(winner.first_seen_at, loser.first_seen_at)
        winner.last_at = max(winner.last_at, loser.last_at)
        for name, choose in (("created_at", min), ("opted_out_at", min), ("refunded_at", max)):
            known = [at for at in (getattr(winner, name), getattr(loser, name)) if at is not None]
            setattr(winner, name, choose(known) if known else None)
        for key, (fired_at, expires_at) in loser.fired.items():
            before = winner.fired.get(key, (0, 0))
            winner.fired[key] = (max(before[0], fired_at), max(before[1], expires_at))
        winner.traits = loser.traits | winner.traits
        winner.account = winner.account or loser.account
        winner.anonymous_id = winner.anonymous_id or loser.anonymous_id
        winner.test = winner.test or loser.test
        for alias, human in self.humans.items():
            if human is loser:
                self.humans[alias] = winner

    def person(self, person_id: str) -> Human | None:
        """Whoever the person with this id is by now."""
        found = self.people.get(person_id)
        return None if found is None else found.now_is()


def kind_of(survey: dict[str, Any]) -> str:
    """The survey's kind: that of its first scored question."""
    return next((one["kind"] for one in survey["questions"] if one["kind"] != "text"), "text")
