"""What the answers to each question add up to: scores, shares of options, places, months, and who answered at all.

An answer counts where it means the same as it would today. A question keeps its id over the versions of its survey, and
may have been of another kind or on another scale in one of them: those answers are set aside, and their number is
told. A share of an option is of the answers that could have chosen it, so an option that came later is not made small
by those who never saw it; one that is gone keeps its answers. Places of a ranking mean something among the same
options only, so rankings of other options are set aside too. What somebody left unranked shares the places that are
left: of five options of which two were ranked, the other three are each at the fourth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tactful.core import intervals
from tactful.core.intervals import Interval
from tactful.core.results import (
    CONFIDENCE,
    FEWEST,
    Funnel,
    Part,
    Reliability,
    Results,
    part_json,
    part_of,
    reliability_of,
    scores_json,
    summarise,
)
from tactful.core.surveys import OTHER, Question

__all__ = ["MOST_MONTHS", "ByQuestion", "Given", "Place", "by_question", "by_question_json"]

#: Days are told by month, and by year where there are more months than this.
MOST_MONTHS = 24


class Given(NamedTuple):
    """One answer, the version of the survey in which it was given, and how many times."""

    version: int
    answer: Any
    times: int


@dataclass(frozen=True, slots=True)
class Place:
    """An option: how often it was chosen or, of a ranking, came first; and where it stood on average (1 is the best).

    `offered` is false where it can no longer be chosen.
    """

    id: str
    offered: bool
    chosen: Part
    rank: Interval | None = None


@dataclass(frozen=True, slots=True)
class ByQuestion:
    """What one question's answers add up to. `answered` is of all responses in which it could have been answered; `n`
    answers are counted and `set_aside` more are not. What does not belong to its kind is empty."""

    question: Question
    answered: Part
    n: int
    set_aside: int
    reliability: Reliability
    scores: Results | None = None
    options: tuple[Place, ...] = ()
    days: tuple[Part, ...] = ()


def by_question(
    question: Question, asked: Mapping[int, Question], responses: Mapping[int, int], given: Iterable[Given]
) -> ByQuestion:
    """Add up the answers to `question` as it is asked today.

    `asked` has the question of the same id as each version that had one asked it, and `responses` how many responses
    each version got.
    """
    found = list(given)
    same = {version: one for version, one in asked.items() if _means_the_same(question, one)}
    counted = [one for one in found if one.version in same]
    n = sum(one.times for one in counted)
    told = ByQuestion(
        question,
        part_of("answered", n, sum(responses.get(version, 0) for version in same)),
        n,
        sum(one.times for one in found) - n,
        reliability_of(n),
    )
    return _with_sums(told, same, counted)


def _means_the_same(today: Question, asked: Question) -> bool:
    if not today.kind.adds_up_with(asked.kind):
        return False
    return today.kind.answer != "ranking" or set(today.choices) == set(asked.choices)


def _with_sums(told: ByQuestion, asked: Mapping[int, Question], counted: Sequence[Given]) -> ByQuestion:
    question = told.question
    if question.kind.scored:
        histogram: Counter[int] = Counter()
        for one in counted:
            histogram[one.answer] += one.times
        return replace(told, scores=summarise(question.kind, histogram, Funnel()))
    if question.kind.answer == "ranking":
        return replace(told, options=_ranked(question, counted))
    if question.choices:
        return replace(told, options=_chosen(question, asked, counted))
    return replace(told, days=_days(counted)) if question.kind.answer == "date" else told


def _chosen(question: Question, asked: Mapping[int, Question], counted: Sequence[Given]) -> tuple[Place, ...]:
    """Options by how often they were chosen, `OTHER` and those that are gone after the rest."""
    chosen: Counter[str] = Counter()
    could: Counter[str] = Counter()
    for one in counted:
        for option in asked[one.version].choices:
            could[option] += one.times
        for option in [one.answer] if isinstance(one.answer, str) else one.answer:
            chosen[option] += one.times
    offered = question.choices
    gone = sorted(chosen.keys() - set(offered))
    order = sorted([*offered, *gone], key=lambda one: (one not in offered, one == OTHER, -chosen[one]))
    return tuple(Place(one, one in offered, part_of(one, chosen[one], could[one])) for one in order)


def _ranked(question: Question, counted: Sequence[Given]) -> tuple[Place, ...]:
    """Options by where they stand on average, the best first."""
    options = question.choices
    places: dict[str, Counter[float]] = {option: Counter() for option in options}
    for one in counted:
        left = (len(one.answer) + 1 + len(options)) / 2
        for option in options:
            at = one.answer.index(option) + 1 if option in one.answer else left
            places[option][at] += one.times
    n = sum(one.times for one in counted)
    told = [
        Place(option, True, part_of(option, places[option][1], n), _rank(places[option], len(options)))  # noqa: FBT003  # offered
        for option in sorted(options, key=lambda one: sum(at * count for at, count in places[one].items()))
    ]
    return tuple(told)


def _rank(places: Mapping[float, int], options: int) -> Interval | None:
    if sum(places.values()) < FEWEST:
        return None
    return intervals.mean(places, CONFIDENCE, (1, options))


def _days(counted: Sequence[Given]) -> tuple[Part, ...]:
    """How many named a day of each month, or year, in their order."""
    months: Counter[str] = Counter()
    for one in counted:
        months[one.answer[:7]] += one.times
    periods: Counter[str] = Counter()
    for month, count in months.items():
        periods[month if len(months) <= MOST_MONTHS else month[:4]] += count
    n = sum(months.values())
    return tuple(part_of(period, periods[period], n) for period in sorted(periods))


def by_question_json(told: ByQuestion) -> dict[str, Any]:
    """Return the sums as the management API tells them."""
    kind = told.question.kind
    written: dict[str, Any] = {
        "id": told.question.id,
        "kind": kind.name,
        "n": told.n,
        "set_aside": told.set_aside,
        "reliability": told.reliability,
        "answered": {"of": told.answered.of, **part_json(told.answered)},
    }
    if told.scores:
        written |= scores_json(told.scores)
    if kind.answer == "date":
        written["days"] = [{"period": part.name, **part_json(part)} for part in told.days]
    elif told.options:
        written["options"] = [_option_json(place) for place in told.options]
    return written


def _option_json(place: Place) -> dict[str, Any]:
    told = {"id": place.id, "offered": place.offered, "of": place.chosen.of, **part_json(place.chosen)}
    if place.rank is None:
        return told
    return told | {"rank": {"mean": place.rank.estimate, "low": place.rank.low, "high": place.rank.high}}
