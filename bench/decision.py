"""What a decision costs: 50 live surveys, 20 rules, a person with a history. No database, no server: the core alone.

`decide` is asked of every survey in turn, so that each kind of survey and rule has its say; the figure is the mean of
the median round. `choose` is given all 50 as candidates of one event, refused but for the last: more than any event
makes, and the worst there is.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from bench.report import Line
from tactful.core.catalogue import Candidate, Catalogue, choose, compile_catalogue
from tactful.core.conditions import Condition
from tactful.core.decide import Moment, decide
from tactful.core.people import PastAsk, Person
from tactful.core.policy import Count, Policy, Rule, Scope
from tactful.core.scopes import wanted
from tactful.core.spans import DAY_MS
from tactful.core.surveys import Audience, EventTrigger, Survey, SurveyThrottle, Trigger
from tests.core.examples import NOW, a_survey

__all__ = ["measure"]

SURVEYS, RULES, ASKS = 50, 20, 12
BUDGET_US = 50.0
_ROUNDS, _REPEATS = 15, 40

_SELECTIONS = ("all", "this", "kind:nps", "kind:csat", "tag:t1", "tag:t2", "all")
_COUNTS: tuple[Count, ...] = ("asked", "asked", "dismissed", "responded")
_SCOPES: tuple[Scope, ...] = (*("person",) * 16, "account", "account", "project", "same")


def _policy() -> Policy:
    """Twenty rules of every scope, selection and count, with windows up to twenty weeks, none of them full."""
    rules = tuple(
        Rule(
            id=f"rule-{number}",
            surveys=_SELECTIONS[number % len(_SELECTIONS)],
            count=_COUNTS[number % len(_COUNTS)],
            cap=ASKS + 1,
            window_ms=(number + 1) * 7 * DAY_MS,
            scope=_SCOPES[number],
            trait="traits.region" if _SCOPES[number] == "same" else None,
        )
        for number in range(RULES)
    )
    return Policy(rules, tenure_ms=14 * DAY_MS, holdout=0.01)


def _survey(number: int) -> Survey:
    survey = a_survey(f"survey-{number}", kind=("nps", "csat", "ces")[number % 3], tags=frozenset({f"t{number % 4}"}))
    return Survey(
        key=survey.key,
        name=survey.name,
        state="live",
        questions=survey.questions,
        trigger=Trigger((EventTrigger("Lesson Finished"),), "/app/*" if number % 2 else None),
        audience=Audience((Condition("traits.plan", "is", "pro"), Condition("person.age_days", "gte", 30)), 0.999),
        throttle=SurveyThrottle(repeat_ms=30 * DAY_MS),
        tags=survey.tags,
        priority=number,
    )


def _person(catalogue: Catalogue) -> Person:
    """Somebody with asks over the last months, each of another survey than the fifty."""
    asks = tuple(
        PastAsk(f"old-{number}", "nps", frozenset({"t1"}), NOW - number * 9 * DAY_MS, None, NOW - number * 9 * DAY_MS)
        for number in range(1, ASKS + 1)
    )
    traits = {"plan": "pro", "region": "EU"}
    person = Person("ann", NOW - 400 * DAY_MS, known=True, traits=traits, asks=asks, account_id="acme")
    needed = wanted(((key, live.rules) for key, live in catalogue.surveys.items()), person)
    times = tuple(NOW - hour * 3_600_000 for hour in range(1, ASKS))
    return person._replace(tallies=dict.fromkeys(needed, times))


def _median_us(run: Callable[[], int]) -> float:
    """The median round's microseconds for each of what `run` says that it did."""
    rounds = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        done = sum(run() for _ in range(_REPEATS))
        rounds.append((time.process_time() - begun) / done * 1e6)
    return statistics.median(rounds)


def measure() -> list[Line]:
    """Time one decision of each of fifty surveys, and the choice between all of them."""
    policy = _policy()
    catalogue = compile_catalogue(policy, [(_survey(number), 1) for number in range(SURVEYS)])
    person, moment = _person(catalogue), Moment(NOW, "https://a.test/app/lesson", locale="en", width=1_280)
    lives = list(catalogue.surveys.values())

    def decided() -> int:
        for live in lives:
            assert not decide(live, policy, person, moment)
        return len(lives)

    refused = person._replace(
        asks=(*person.asks, *(PastAsk(live.survey.key, "nps", frozenset(), NOW) for live in lives))
    )
    candidates = [Candidate(live, f"m{number}") for number, live in enumerate(lives)]

    def chosen() -> int:
        assert choose(candidates, policy, refused, moment).offer is None
        return 1

    decide_us, choose_us = _median_us(decided), _median_us(chosen)
    return [
        Line(
            f"decide(), {SURVEYS} live surveys, {RULES} rules, {ASKS} asks",
            f"{decide_us:.1f} us",
            "-",
            "-",
            f"<= {BUDGET_US:.0f} us",
            decide_us <= BUDGET_US,
        ),
        Line(f"choose() among all {SURVEYS}, all refused", f"{choose_us:.0f} us", "-", "-", "-", None),
    ]
