"""Backtest: what would have been asked, had these rules and surveys been in force when these events came.

Kept events are heard again in the order in which they happened, through the functions that decide every day: a
catalogue says what waits for an event, `candidates` what it makes of it, `choose` whom to offer what, under the
person's history so far. That history is what was really asked before the period, and from then on what is asked here.

What cannot be known is assumed, and `trial.ASSUMPTIONS` says it in words. Everybody's tab is open: an offer is made
the moment it may be and taken up at once, the next one `PAUSE_MS` later at the earliest. What a survey's people did
with its asks (answer, dismiss) they do here as often; who of them does is a sticky hash, so the same input gives the
same output.

People are independent of one another unless a rule counts over several, or a quota does. `replay` is one line of time:
hand it one person's events, or, in order, those of everybody whom such a rule binds together (`Plan.binds`).
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tactful.core.catalogue import Candidate, Held, candidates, choose
from tactful.core.decide import LiveSurvey, Moment, Refusal, free_again, share_of
from tactful.core.people import PastAsk, Person
from tactful.core.people import Tally as Shared
from tactful.core.policy import Rule
from tactful.core.scopes import scope_of, tally_of, wanted
from tactful.core.spans import MINUTE_MS
from tactful.core.standing import Standing
from tactful.core.throttle import chooses
from tactful.core.trial import Asking, Habit, Happened, Plan, Subject, Tally
from tactful.core.trigger import Event, cancels

__all__ = ["PAUSE_MS", "replay"]

#: A tab that has asked asks for what else waits after this time.
PAUSE_MS = 5 * MINUTE_MS

_NO_HABIT = Habit()


@dataclass(slots=True)
class _Waiter:
    """A candidate in its row's place, with what the row says."""

    candidate: Candidate
    not_before: int
    expires_at: int
    same: Mapping[str, object]
    seen: bool = False


def _not_before(waiter: _Waiter) -> int:
    return waiter.not_before


@dataclass(slots=True)
class _State:
    """One person so far. `unsettled` are real asks whose outcome came within the period."""

    person_id: str
    person: Person
    opted_out_at: int | None
    asked_for: set[tuple[str, str]]
    unsettled: tuple[PastAsk, ...]
    counters: dict[str, int] = field(default_factory=dict)
    waiting: list[_Waiter] = field(default_factory=list)
    fired: dict[str, int] = field(default_factory=dict)
    wake_at: int | None = None
    busy_until: int = 0

    def known(self, now: int) -> Person:
        """The person as anybody would have known them at `now`."""
        person = self.person
        if self.unsettled:
            person = person._replace(asks=person.asks + tuple(_as_of(ask, now) for ask in self.unsettled))
        if self.opted_out_at is not None:
            person = person._replace(opted_out=now >= self.opted_out_at)
        return person._replace(fired=self.fired) if self.fired else person


def _as_of(ask: PastAsk, now: int) -> PastAsk:
    dismissed, responded = (at if at is not None and at <= now else None for at in (ask.dismissed_at, ask.responded_at))
    said = (None, None) if responded is None else (ask.score, ask.band)
    return ask._replace(dismissed_at=dismissed, responded_at=responded, score=said[0], band=said[1])


def _begin(person_id: str, subject: Subject, at: int, since: int) -> _State:
    """Somebody's state at their first event: who sends an event at `at` has been seen then."""
    person = subject.person
    late = tuple(ask for ask in person.asks if (ask.dismissed_at or 0) >= since or (ask.responded_at or 0) >= since)
    settled = tuple(ask for ask in person.asks if ask not in late) if late else person.asks
    person = person._replace(first_seen_at=min(person.first_seen_at, at), asks=settled)
    return _State(person_id, person, subject.opted_out_at, set(subject.asked_for), late)


def _rules_beyond(live: LiveSurvey) -> list[tuple[str, list[Rule]]]:
    """The rules over several people that must be read to decide `live`, with the survey that each is read for."""
    found = (
        (one.survey.key, [rule for rule in one.rules if rule.scope != "person"]) for one in (live, *live.yields_to)
    )
    return [(key, rules) for key, rules in found if rules]


def replay(plan: Plan, subjects: Mapping[str, Subject], events: Iterable[Happened], tally: Tally) -> None:
    """Hear `events`, in the order of time, of the people in `subjects` (others are passed over), and add to `tally`."""
    line = _Line(plan, subjects, tally)
    for happened in events:
        line.hear(happened)
    line.finish()


class _Line:
    """One line of time: the people on it, and when each is to be looked at again."""

    def __init__(self, plan: Plan, subjects: Mapping[str, Subject], tally: Tally) -> None:
        self._plan = plan
        self._catalogue = plan.catalogue
        self._subjects = subjects
        self._tally = tally
        self._answered = Counter(plan.answered)
        self._counted = {shared: list(times) for shared, times in plan.counted.items()}
        self._rules = {live.survey.key: _rules_beyond(live) for live in plan.lives}
        self._states: dict[str, _State] = {}
        self._wakes: list[tuple[int, str]] = []

    def hear(self, happened: Happened) -> None:
        """Let an event be counted, cancel, and make candidates; then see who may be asked."""
        person_id, at, _, event = happened
        waiting = self._catalogue.waiting_for(event, at)
        cancelling = self._catalogue.cancelled_by(event)
        if at >= self._plan.until or not (waiting or cancelling):
            return
        state = self._states.get(person_id)
        if state is None:
            subject = self._subjects.get(person_id)
            if subject is None:
                return
            state = self._states[person_id] = _begin(person_id, subject, at, self._plan.since)
        self._wake_all(at)
        self._tally.events += 1
        if cancelling and state.waiting:
            self._cancel(state, event)
        counts = state.counters
        for counter in {one.counter for one in waiting if one.counter is not None}:
            counts[counter] = counts.get(counter, 0) + 1
        if at < self._plan.since:
            return
        _, held = candidates(waiting, counts, happened.event_id, event)
        if held:
            self._add(state, held, at)
        if state.waiting:
            self._look(state, at)

    def finish(self) -> None:
        """Let the time run to the end of the period."""
        self._wake_all(self._plan.until)
        for state in self._states.values():
            for waiter in state.waiting:
                self._fate(waiter, "expired" if waiter.expires_at <= self._plan.until else "waiting")

    def _fate(self, waiter: _Waiter, fate: str) -> None:
        self._tally.fates[waiter.candidate.live.survey.key, fate] += 1

    def _wake_all(self, until: int) -> None:
        """Look again at everybody whose time comes before `until`."""
        while self._wakes and self._wakes[0][0] < until:
            at, person_id = heapq.heappop(self._wakes)
            state = self._states[person_id]
            if state.wake_at == at:
                state.wake_at = None
                self._look(state, at)

    def _wake(self, state: _State, at: int) -> None:
        if at < self._plan.until and (state.wake_at is None or at < state.wake_at):
            state.wake_at = at
            heapq.heappush(self._wakes, (at, state.person_id))

    def _cancel(self, state: _State, event: Event) -> None:
        kept = []
        for waiter in state.waiting:
            key = waiter.candidate.live.survey.key
            if any(cancels(one, event, key, waiter.same) for one in self._catalogue.cancelled_by(event)):
                self._fate(waiter, "cancelled")
            else:
                kept.append(waiter)
        state.waiting = kept

    def _add(self, state: _State, held: Sequence[Held], now: int) -> None:
        """Let candidates wait, as `store.candidates.add` does: a newer one for the same takes the older one's place."""
        for one in held:
            key, per = one.candidate.live.survey.key, one.candidate.per
            self._tally.candidates[key] += 1
            not_before = now + one.hold_ms
            waiter = _Waiter(one.candidate, not_before, not_before + one.within_ms, one.same)
            if per is not None and (key, per) in state.asked_for:
                self._fate(waiter, "done")
                continue
            if one.candidate.live.survey.throttle.reserve_ms is not None:
                state.fired[key] = now
            if per is not None:
                self._replace(state, key, per)
            # As the table has them, by when they may be offered, so that of two surveys of one priority the older goes.
            state.waiting.append(waiter)
            state.waiting.sort(key=_not_before)

    def _replace(self, state: _State, key: str, per: str) -> None:
        for waiter in state.waiting:
            if waiter.candidate.live.survey.key == key and waiter.candidate.per == per:
                self._fate(waiter, "replaced")
                state.waiting.remove(waiter)
                return

    def _look(self, state: _State, now: int) -> None:
        """Choose among what is due and ask it, then look again when the next thing may be asked."""
        if now < state.busy_until:
            self._wake(state, state.busy_until)
            return
        due = self._due(state, now)
        if not due:
            self._look_later(state, now, {})
            return
        offered = [waiter.candidate for waiter in due.values()]
        decision = choose(offered, self._catalogue.policy, self._known(state, offered, now), self._moment(now))
        self._count_refusals(state, now, decision.refusals)
        if decision.offer is not None:
            self._ask(state, decision.offer, now)
        self._look_later(state, now, decision.refusals)

    def _moment(self, now: int) -> Moment:
        if not self._plan.quotas:
            return Moment(now)
        return Moment(now, standings={key: Standing(self._answered[key]) for key in self._plan.quotas})

    def _known(self, state: _State, offered: Sequence[Candidate], now: int) -> Person:
        """The person, with what rules count beyond them, as `store.scopes.complete` reads it."""
        person = state.known(now)
        involved = [rules for one in offered for rules in self._rules[one.live.survey.key]]
        if not involved:
            return person
        needed = wanted(involved, person)
        counted = {shared: self._newest(shared, cap, now) for shared, (cap, _) in needed.items()}
        return person._replace(tallies=counted) if counted else person

    def _newest(self, shared: Shared, cap: int, now: int) -> tuple[int, ...]:
        """The newest times that are counted, at most `cap`; outcomes of real asks may lie in the future."""
        times = reversed(self._counted.get(shared, ()))
        return tuple(islice((at for at in times if at <= now), cap))

    def _count(self, person: Person, ask: PastAsk) -> None:
        """Count an ask, and what came of it at once, for everybody whom a rule binds to `person`."""
        self._answered[ask.survey] += ask.responded_at is not None
        counted = set()
        for rule in self._plan.shared_rules:
            scope = scope_of(rule, person)
            if scope is not None and chooses(rule, ask) and getattr(ask, f"{rule.count}_at") is not None:
                counted.add(tally_of(rule, ask.survey, scope))
        for shared in counted:
            self._counted.setdefault(shared, []).append(ask.asked_at)

    def _due(self, state: _State, now: int) -> dict[str, _Waiter]:
        """The first waiter of each survey among those whose time has come; whose time is over goes. A decision is about
        a survey and a person, so the other waiters of a survey would hear the same."""
        kept = [waiter for waiter in state.waiting if waiter.expires_at > now]
        if len(kept) < len(state.waiting):
            for waiter in state.waiting:
                if waiter.expires_at <= now:
                    self._fate(waiter, "expired")
            state.waiting = kept
        due: dict[str, _Waiter] = {}
        for waiter in kept:
            if waiter.not_before <= now:
                due.setdefault(waiter.candidate.live.survey.key, waiter)
        return due

    def _look_later(self, state: _State, now: int, refusals: Mapping[str, tuple[Refusal, ...]]) -> None:
        if not state.waiting:
            return
        if state.busy_until > now:
            self._wake(state, state.busy_until)
            return
        for waiter in state.waiting:
            if waiter.not_before > now:
                self._wake(state, waiter.not_before)
            else:
                again = free_again(refusals.get(waiter.candidate.live.survey.key, ()))
                if again is not None and again < waiter.expires_at:
                    self._wake(state, max(again, now + 1))

    def _count_refusals(self, state: _State, now: int, refusals: Mapping[str, tuple[Refusal, ...]]) -> None:
        """Count what kept each candidate from being asked the first time that it was looked at."""
        for waiter in state.waiting if refusals else ():
            key = waiter.candidate.live.survey.key
            if not waiter.seen and waiter.not_before <= now and key in refusals:
                waiter.seen = True
                for refusal in refusals[key]:
                    reason = (key, refusal.code, refusal.rule)
                    self._tally.refused[reason] += 1
                    self._tally.examples.setdefault(reason, refusal)

    def _ask(self, state: _State, chosen: Candidate, now: int) -> None:
        live = chosen.live
        key = live.survey.key
        self._tally.asks.append(Asking(now, state.person_id, key, state.person.sample_key))
        self._tally.fates[key, "asked"] += 1
        state.waiting = [waiter for waiter in state.waiting if waiter.candidate is not chosen]
        if chosen.per is not None:
            state.asked_for.add((key, chosen.per))
        state.busy_until = now + PAUSE_MS
        state.fired.pop(key, None)
        ask = self._asked(state, live, now)
        state.person = state.person._replace(asks=(*state.person.asks, ask))
        self._count(state.person, ask)

    def _asked(self, state: _State, live: LiveSurvey, now: int) -> PastAsk:
        survey = live.survey
        habit = self._plan.habits.get(survey.key, _NO_HABIT)
        share = share_of("backtest", survey.key, state.person.sample_key, str(now)) if any(habit) else 1.0
        responded = share < habit.responded
        dismissed = not responded and share < habit.responded + habit.dismissed
        return PastAsk(
            survey.key, survey.kind, survey.tags, now, now if dismissed else None, now if responded else None
        )
