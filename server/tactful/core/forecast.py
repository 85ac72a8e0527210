"""What a backtest says: asks per day, whom they reach, what kept others out, and what answers to expect.

No number leaves without its uncertainty. Expected responses are the asks times the measured share of those who answer,
with that share's Wilson interval: the survey's own, where it was asked often enough, else that of the surveys of its
kind in the project, else none. How many answers a margin takes follows from the spread of the survey's own answers, or,
where there are too few, from the widest that there can be (half at either end of the scale).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tactful.core.decide import Refusal
from tactful.core.explain import in_words
from tactful.core.intervals import Interval, proportion
from tactful.core.kinds import Kind
from tactful.core.results import CONFIDENCE, ENOUGH, FEWEST, Funnel, summarise
from tactful.core.spans import DAY_MS, format_span
from tactful.core.surveys import Survey
from tactful.core.trial import Habit, Plan, Tally

__all__ = ["Forecast", "Goal", "Measured", "Rate", "Real", "Reason", "SurveyForecast", "as_json", "forecast", "habits"]

#: Beyond this many answers no margin is worth waiting for.
_MOST_NEEDED = 10_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a survey's real asks so far, and its answers by score."""

    kind: str
    asked: int = 0
    responded: int = 0
    dismissed: int = 0
    scores: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rate:
    """The share 0..1 of asks that are answered, from `asked` asks of this survey or of its kind."""

    of: Literal["survey", "kind"]
    asked: int
    share: Interval


@dataclass(frozen=True, slots=True)
class Goal:
    """`needed` answers give the score's interval a half-width of `margin` (for a mean: percent of its scale), which
    takes so many `days` at the expected pace; `days` is None where no pace is known. `spread` says what was assumed."""

    margin: float
    needed: int
    spread: Literal["measured", "widest"]
    days: Interval | None


@dataclass(frozen=True, slots=True)
class Reason:
    """`count` candidates were refused for this reason at first sight."""

    code: str
    rule: str | None
    count: int
    words: str


@dataclass(frozen=True, slots=True)
class SurveyForecast:
    """One survey: `per_day` are asks on each day of the period, `expected` the responses to them."""

    survey: Survey
    candidates: int
    asks: int
    people: int
    per_day: tuple[int, ...]
    fates: Mapping[str, int]
    reasons: tuple[Reason, ...]
    rate: Rate | None
    expected: Interval | None
    goal: Goal | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one plan comes to. Days are whole ones in UTC, numbered from 1970; `per_day` begins with `first_day`."""

    first_day: int
    events: int
    asks: int
    people: int
    per_day: tuple[int, ...]
    surveys: tuple[SurveyForecast, ...]


@dataclass(frozen=True, slots=True)
class Real:
    """What really happened in the period: asks by (survey, day), and how many people they reached."""

    asks: Mapping[tuple[str, int], int]
    people: int


def habits(surveys: Iterable[Survey], measured: Mapping[str, Measured]) -> dict[str, Habit]:
    """What people do with each survey's asks, where that is known."""
    found = {}
    for survey in surveys:
        source = _source(survey, measured)
        if source is not None:
            _, taken = source
            found[survey.key] = Habit(taken.responded / taken.asked, taken.dismissed / taken.asked)
    return found


def forecast(plan: Plan, tally: Tally, measured: Mapping[str, Measured], margin: float) -> Forecast:
    """Say what `tally`, the outcome of `plan`, means; `margin` is in points."""
    days = (plan.since // DAY_MS, max(plan.since, plan.until - 1) // DAY_MS)
    live = [one.survey for one in plan.catalogue.surveys.values() if one.survey.state == "live"]
    live.sort(key=lambda survey: (-survey.priority, survey.key))
    length = max(plan.until - plan.since, 1) / DAY_MS
    by_survey: dict[str, list[tuple[int, str]]] = {survey.key: [] for survey in live}
    for ask in tally.asks:
        by_survey[ask.survey].append((ask.at, ask.person_id))
    return Forecast(
        first_day=days[0],
        events=tally.events,
        asks=len(tally.asks),
        people=len({ask.person_id for ask in tally.asks}),
        per_day=_per_day((ask.at for ask in tally.asks), *days),
        surveys=tuple(
            _survey(survey, by_survey[survey.key], tally, _Frame(days, length, measured, margin)) for survey in live
        ),
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    days: tuple[int, int]
    length: float
    measured: Mapping[str, Measured]
    margin: float


def _per_day(times: Iterable[int], first: int, last: int) -> tuple[int, ...]:
    counted = Counter(at // DAY_MS for at in times)
    return tuple(counted.get(day, 0) for day in range(first, last + 1))


def _survey(survey: Survey, asks: Sequence[tuple[int, str]], tally: Tally, frame: _Frame) -> SurveyForecast:
    rate = _rate(survey, frame.measured)
    expected = None if rate is None else _times(rate.share, len(asks))
    return SurveyForecast(
        survey=survey,
        candidates=tally.candidates[survey.key],
        asks=len(asks),
        people=len({person_id for _, person_id in asks}),
        per_day=_per_day((at for at, _ in asks), *frame.days),
        fates={fate: count for (key, fate), count in sorted(tally.fates.items()) if key == survey.key},
        reasons=_reasons(survey.key, tally),
        rate=rate,
        expected=expected,
        goal=_goal(survey, frame, expected),
    )


def _reasons(key: str, tally: Tally) -> tuple[Reason, ...]:
    found = [(one, count) for one, count in tally.refused.items() if one[0] == key]
    found.sort(key=lambda item: (-item[1], item[0][1], item[0][2] or ""))
    return tuple(Reason(one[1], one[2], count, _words(tally.examples[one])) for one, count in found)


def _words(refusal: Refusal) -> str:
    """A refusal without the count that one person had."""
    if refusal.code == "rule" and refusal.window_ms is not None:
        return f"rule {refusal.rule}: {refusal.cap} in {format_span(refusal.window_ms)}"
    return in_words(refusal)


def _source(survey: Survey, measured: Mapping[str, Measured]) -> tuple[Literal["survey", "kind"], Measured] | None:
    """Whose asks tell how this survey's will go: its own, those of its kind, or nobody's."""
    own = measured.get(survey.key)
    if own is not None and own.asked >= FEWEST:
        return "survey", own
    alike = [one for one in measured.values() if one.kind == survey.kind]
    asked, responded, dismissed = (sum(getattr(one, n) for one in alike) for n in ("asked", "responded", "dismissed"))
    return ("kind", Measured(survey.kind, asked, responded, dismissed)) if asked >= FEWEST else None


def _rate(survey: Survey, measured: Mapping[str, Measured]) -> Rate | None:
    source = _source(survey, measured)
    if source is None:
        return None
    of, taken = source
    return Rate(of, taken.asked, proportion(taken.responded, taken.asked, CONFIDENCE))


def _times(share: Interval, asks: int) -> Interval:
    assert share.estimate is not None, "a rate has asks"
    return Interval(share.estimate * asks, share.low * asks, share.high * asks)


def _goal(survey: Survey, frame: _Frame, expected: Interval | None) -> Goal | None:
    """How long the margin takes. None for a survey without a score."""
    kind = survey.scale
    if not kind.scored:
        return None
    own = frame.measured.get(survey.key)
    scores = own.scores if own is not None else {}
    known = sum(scores.values()) >= ENOUGH
    needed = _needed(kind, scores if known else {kind.lowest: 1, kind.highest: 1}, frame.margin)
    days = None
    if expected is not None and expected.estimate:
        pace = [one / frame.length for one in (expected.estimate, expected.high, expected.low)]
        days = Interval(needed / pace[0], needed / pace[1], needed / pace[2] if pace[2] > 0 else math.inf)
    return Goal(frame.margin, needed, "measured" if known else "widest", days)


def _needed(kind: Kind, scores: Mapping[int, float], margin: float) -> int:
    """The fewest answers, spread as `scores` are, whose interval is as tight as `margin`; `_MOST_NEEDED` at most."""
    total = sum(scores.values())

    def tight(answers: int) -> bool:
        spread = {score: count / total * answers for score, count in scores.items()}
        figure = summarise(kind, spread, Funnel()).score
        assert figure is not None, "a score is withheld below FEWEST alone"
        width = figure.interval.high - figure.interval.low
        if figure.unit == "scale":
            width *= 100 / (figure.highest - figure.lowest)
        return width / 2 <= margin

    too_few, enough = FEWEST, FEWEST + 1
    while enough < _MOST_NEEDED and not tight(enough):
        too_few, enough = enough, enough * 2
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if tight(middle) else (middle, enough)
    return min(enough, _MOST_NEEDED)


def as_json(found: Forecast) -> dict[str, Any]:
    """Return a forecast as plain data: finite numbers and None, stable names, times in milliseconds."""
    return {
        "first_day": found.first_day,
        "events": found.events,
        "asks": found.asks,
        "people": found.people,
        "per_day": list(found.per_day),
        "surveys": [_survey_json(one) for one in found.surveys],
    }


def _survey_json(one: SurveyForecast) -> dict[str, Any]:
    return {
        "survey": one.survey.key,
        "name": one.survey.name,
        "kind": one.survey.kind,
        "candidates": one.candidates,
        "asks": one.asks,
        "people": one.people,
        "per_day": list(one.per_day),
        "fates": dict(one.fates),
        "refusals": [
            {"code": reason.code, "rule": reason.rule, "count": reason.count, "message": reason.words}
            for reason in one.reasons
        ],
        "rate": one.rate and {"of": one.rate.of, "asked": one.rate.asked, **_interval_json(one.rate.share)},
        "expected_responses": one.expected and _interval_json(one.expected),
        "goal": one.goal and _goal_json(one.goal),
    }


def _goal_json(goal: Goal) -> dict[str, Any]:
    return {
        "margin": goal.margin,
        "responses": goal.needed,
        "spread": goal.spread,
        "days": goal.days and _interval_json(goal.days),
    }


def _interval_json(interval: Interval) -> dict[str, float | None]:
    high = interval.high if math.isfinite(interval.high) else None
    return {"estimate": interval.estimate, "low": interval.low, "high": high}
