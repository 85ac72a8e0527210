"""What the service promises about people and asks, written a second time and as plainly as can be.

No locks, no SQL, no tokens: objects in memory that say what every request must be answered. The tests compare the
service with it, request by request and row by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS, parse_span

OFFER_LIFE_MS = 10 * MINUTE_MS
ASK_LIFE_MS = 30 * DAY_MS


@dataclass(frozen=True)
class Who:
    """Whom a page names."""

    user_id: str | None
    anonymous_id: str | None

    @property
    def aliases(self) -> list[str]:
        pairs = (("u:", self.user_id), ("a:", self.anonymous_id))
        return [prefix + value for prefix, value in pairs if value is not None]

    def on_the_wire(self) -> dict[str, str | None]:
        return {"user_id": self.user_id, "anonymous_id": self.anonymous_id}


@dataclass(eq=False)
class Ask:
    """One ask, and all that was said to it."""

    survey: str
    version: int
    kind: str
    tags: frozenset[str]
    asked_at: int
    seen_at: int | None = None
    dismissed_at: int | None = None
    responded_at: int | None = None
    refunded_at: int | None = None
    rev: int = 0
    score: int | None = None
    done: bool = False

    def row(self) -> tuple[Any, ...]:
        """What the file must say of it."""
        times = (self.asked_at, self.seen_at, self.dismissed_at, self.responded_at, self.refunded_at)
        said = (self.rev, self.score, self.done) if self.rev else (None, None, None)
        return (self.survey, self.version, *times, *said)


@dataclass(eq=False)
class Human:
    """One person: everything of every history that was merged into them."""

    user_id: str | None
    #: The latest time that anything was written about them: their own time never goes back.
    last_at: int = 0
    opted_out: bool = False
    refunded_at: int | None = None
    asks: list[Ask] = field(default_factory=list)
    #: By (message, survey, version): the same message makes the same offer, and so the same ask.
    by_offer: dict[tuple[str, str, int], Ask] = field(default_factory=dict)
    merged_into: Human | None = None

    def now_is(self) -> Human:
        """Whoever this person is by now."""
        return self if self.merged_into is None else self.merged_into.now_is()


@dataclass(frozen=True, eq=False)
class Offer:
    """What an offer's token says; `token` is the service's."""

    human: Human
    message_id: str
    survey: str
    version: int
    made_at: int
    token: str
    who: Who

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.message_id, self.survey, self.version)


@dataclass(frozen=True, eq=False)
class AskToken:
    """What an ask's token says; `token` is the service's."""

    human: Human
    ask: Ask
    token: str


@dataclass
class SurveyNow:
    """A survey as the configuration has it."""

    key: str
    kind: str
    events: tuple[str, ...]
    priority: int
    repeat_ms: int
    tags: frozenset[str] = frozenset()
    version: int = 1
    live: bool = True


def expired(made_at: int, life_ms: int, now: int) -> bool:
    """Tokens are dated to the second."""
    return now > made_at // 1_000 * 1_000 + life_ms


@dataclass
class Model:
    """Everything that the service knows, and what it must answer."""

    now: int
    surveys: dict[str, SurveyNow]
    rules: list[dict[str, Any]]
    humans: dict[str, Human] = field(default_factory=dict)

    def now_of(self, human: Human) -> int:
        """The time at which something is done to `human`."""
        return max(self.now, human.last_at)

    def recognise(self, who: Who) -> Human:
        """Whoever `who` is; an anonymous history joins the user id that it comes with."""
        user = f"u:{who.user_id}" if who.user_id is not None else None
        browser = f"a:{who.anonymous_id}" if who.anonymous_id is not None else None
        at_browser = self.humans.get(browser) if browser else None
        if user is None:
            assert browser is not None
            return self.humans.setdefault(browser, Human(None))
        free = at_browser if at_browser is not None and at_browser.user_id is None else None
        human = self.humans.get(user) or free or Human(who.user_id)
        human.user_id = who.user_id
        self.humans[user] = human
        if free is not None and free is not human:
            self._merge(free, human)
        if browser is not None:
            self.humans.setdefault(browser, human)
        return human

    def _merge(self, loser: Human, winner: Human) -> None:
        loser.merged_into = winner
        winner.asks += loser.asks
        winner.by_offer = loser.by_offer | winner.by_offer
        winner.opted_out |= loser.opted_out
        winner.last_at = max(winner.last_at, loser.last_at)
        refunds = [at for at in (loser.refunded_at, winner.refunded_at) if at is not None]
        winner.refunded_at = max(refunds, default=None)
        self.humans = {alias: winner if human is loser else human for alias, human in self.humans.items()}

    def waiting_for(self, event: str) -> list[SurveyNow]:
        """The live surveys that wait for `event`, the most important first."""
        waiting = [survey for survey in self.surveys.values() if survey.live and event in survey.events]
        return sorted(waiting, key=lambda survey: (-survey.priority, survey.key))

    def _counted(self, rule: dict[str, Any], human: Human, this: str) -> Iterator[int]:
        group, _, name = rule["surveys"].partition(":")
        for ask in human.asks:
            selected = {
                "all": True,
                "this": ask.survey == this,
                "kind": ask.kind == name,
                "tag": name in ask.tags,
            }[group]
            at = getattr(ask, f"{rule['count']}_at")
            window_ms = parse_span(rule["window"])
            assert window_ms is not None
            if selected and at is not None and ask.refunded_at is None and at > self.now_of(human) - window_ms:
                yield at

    def _applies(self, rule: dict[str, Any], survey: SurveyNow) -> bool:
        group, _, name = rule["surveys"].partition(":")
        return group in ("all", "this") or name == survey.kind or name in survey.tags

    def may_ask(self, human: Human, survey: SurveyNow) -> bool:
        """Whether every rule has room for one more, within the window that ends now, and nothing else forbids it."""
        since = self.now_of(human) - survey.repeat_ms
        recent = [ask for ask in human.asks if ask.survey == survey.key and ask.asked_at > since]
        return (
            survey.live
            and not human.opted_out
            and all(ask.refunded_at is not None for ask in recent)
            and all(
                len(list(self._counted(rule, human, survey.key))) < rule["cap"]
                for rule in self.rules
                if self._applies(rule, survey)
            )
        )

    def offered(self, who: Who, event: str) -> SurveyNow | None:
        """What an event of `who` must be answered with."""
        waiting = self.waiting_for(event)
        if not waiting:
            return None
        human = self.recognise(who)
        return next((survey for survey in waiting if self.may_ask(human, survey)), None)

    def take_up(self, offer: Offer, who: Who) -> tuple[int, Ask | None]:
        """The status with which the offer must be answered, and the ask that is then recorded or was before."""
        if expired(offer.made_at, OFFER_LIFE_MS, self.now):
            return 401, None
        human, survey = offer.human.now_is(), self.surveys[offer.survey]
        if self.humans.get(who.aliases[0]) is not human or survey.version != offer.version:
            return 409, None
        before = human.by_offer.get(offer.key)
        if before is not None:
            again = (
                (before.seen_at, before.dismissed_at, before.responded_at, before.refunded_at) == (None,) * 4
                and not human.opted_out
                and self.now_of(human) <= before.asked_at + OFFER_LIFE_MS
            )
            return (200, before) if again else (409, None)
        if not self.may_ask(human, survey):
            return 409, None
        ask = human.by_offer[offer.key] = self._record(human, survey)
        return 200, ask

    def show(self, survey: SurveyNow, who: Who) -> tuple[Human, Ask | None]:
        """An ask that the person asked for: not throttled, but counted."""
        human = self.recognise(who)
        return human, self._record(human, survey) if survey.live else None

    def _record(self, human: Human, survey: SurveyNow) -> Ask:
        ask = Ask(survey.key, survey.version, survey.kind, survey.tags, self.now_of(human))
        human.asks.append(ask)
        return ask

    def respond(self, token: AskToken, rev: int, score: int, done: bool) -> int:
        ask, now = token.ask, self.now_of(token.human.now_is())
        if expired(token.ask.asked_at, ASK_LIFE_MS, self.now):
            return 401
        if ask.refunded_at is not None:
            return 409
        if rev <= ask.rev:
            return 200
        if ask.done:
            return 409
        ask.rev, ask.score, ask.done = rev, score, done
        ask.responded_at = now if ask.responded_at is None else ask.responded_at
        return 200

    def close(self, token: AskToken, how: str) -> int:
        ask, human = token.ask, token.human.now_is()
        now = self.now_of(human)
        if expired(token.ask.asked_at, ASK_LIFE_MS, self.now):
            return 401
        if how == "seen":
            ask.seen_at = now if ask.seen_at is None else ask.seen_at
            ask.refunded_at = None
        elif how == "dismissed" and ask.responded_at is None:
            ask.dismissed_at = now if ask.dismissed_at is None else ask.dismissed_at
            ask.refunded_at = None
        elif how == "opted_out":
            human.opted_out = True
        elif how == "not_rendered" and self._may_give_back(ask, human):
            ask.refunded_at = human.refunded_at = now
        return 200

    def _may_give_back(self, ask: Ask, human: Human) -> bool:
        untouched = (ask.seen_at, ask.dismissed_at, ask.responded_at, ask.refunded_at) == (None,) * 4
        rested = human.refunded_at is None or self.now_of(human) >= human.refunded_at + DAY_MS
        return untouched and rested and self.now_of(human) <= ask.asked_at + MINUTE_MS


#: Steps of time that lie just before, at and after everything that a rule, an offer or an ask waits for.
LEAPS = (1, 999, 30_000, MINUTE_MS, MINUTE_MS + 1, OFFER_LIFE_MS, HOUR_MS - 1, HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
