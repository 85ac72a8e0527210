"""What people think, and how they take being asked.

An opinion is a number around 0: how warm somebody is by nature, how Lantern fares at that time, and chance. Each survey
turns it into a score of its own scale. Whoever is warm answers a little more often, and so does whoever is angry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from demo_site.history.moments import How, Learner, Reaction
from demo_site.history.season import SECOND_MS, Season
from demo_site.history.words import Words

__all__ = ["Asked", "Opinions"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody sees a card: which survey, when, and what it is about."""

    learner: Learner
    survey: str
    at: int
    about: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Habit:
    """How people take one survey: the shares that answer, dismiss and overlook it, and that write words by band."""

    answers: float
    dismisses: float
    writes: Mapping[str, float]


_HABITS = {
    "lesson-nps": _Habit(0.325, 0.24, {"promoter": 0.47, "passive": 0.48, "detractor": 0.66}),
    "quiz-ces": _Habit(0.315, 0.22, {"easy": 0.3, "neutral": 0.4, "hard": 0.64}),
    "course-csat": _Habit(0.31, 0.17, {"satisfied": 0.44, "neutral": 0.48, "dissatisfied": 0.64}),
    "desk-csat": _Habit(0.35, 0.16, {"satisfied": 0.38, "neutral": 0.4, "dissatisfied": 0.72}),
    "feedback": _Habit(0.86, 0.08, {"else": 1.0}),
}
#: In a bad week people answer more often.
_ANGRY = 1.3
_OPTS_OUT = 0.0016
_NOT_RENDERED = 0.004
_OVERLOOKS = 0.14
_LEAVES_AFTER_SCORE = 0.18

_PROMOTER_FROM = 0.42
_DETRACTOR_BELOW = -0.6


class Opinions:
    """Tells how each learner takes each ask."""

    def __init__(self, season: Season, words: Words, efforts: Mapping[str, float], skills: Mapping[str, float]) -> None:
        self._season = season
        self._words = words
        self._efforts = efforts
        self._skills = skills

    def reaction(self, asked: Asked, random: Random) -> Reaction:
        """Draw how `asked` is taken. A survey that the story does not know is ignored."""
        habit = _HABITS.get(asked.survey)
        if habit is None:
            return Reaction("ignores")
        opinion = asked.learner.warmth + self._season.fortune(asked.at) + random.gauss(0, 0.9)
        willing = habit.answers * asked.learner.candour * (1 + 0.1 * min(2.0, abs(opinion)))
        willing *= _ANGRY if self._season.is_outage(asked.at) else 1.0
        drawn = random.random()
        if drawn < willing:
            return self._answer(asked, habit, opinion, random)
        how = _closing(random.random(), habit.dismisses / (1 - habit.answers))
        return Reaction(how, after_ms=round(random.uniform(1.5, 20) * SECOND_MS))

    def _answer(self, asked: Asked, habit: _Habit, opinion: float, random: Random) -> Reaction:
        score, band = self._scored(asked, opinion, random)
        about = dict(asked.about)
        comment = None
        if random.random() < habit.writes[band]:
            key = "outage" if self._season.is_outage(asked.at) and band in ("detractor", "hard") else band
            comment = self._words.write((asked.survey, key, asked.learner.language), about, random)
        return Reaction(
            "answers",
            after_ms=round((1.5 + random.lognormvariate(1.6, 0.6)) * SECOND_MS),
            score=score,
            comment=comment,
            dwell_ms=round(random.lognormvariate(2.9, 0.6) * SECOND_MS),
            done=comment is not None or random.random() >= _LEAVES_AFTER_SCORE,
        )

    def _scored(self, asked: Asked, opinion: float, random: Random) -> tuple[int | None, str]:
        scorer = _SCORERS.get(asked.survey)
        if scorer is None:
            return None, "else"
        leaning = self._efforts.get(str(asked.about.get("course")), 0.0)
        leaning += self._skills.get(str(asked.about.get("agent")), 0.0)
        return scorer(opinion, leaning, random)


def _closing(drawn: float, dismisses: float) -> How:
    """What becomes of a card that is not answered, by shares laid end to end."""
    shares: tuple[tuple[How, float], ...] = (
        ("opted_out", _OPTS_OUT),
        ("not_rendered", _NOT_RENDERED),
        ("dismissed", dismisses),
    )
    for how, share in shares:
        if drawn < share:
            return how
        drawn -= share
    return "overlooks" if drawn < _OVERLOOKS else "ignores"


def _nps(opinion: float, _leaning: float, random: Random) -> tuple[int, str]:
    """Scores lie as they do in life: many tens, eights and fives, few threes."""
    if opinion > _PROMOTER_FROM:
        return random.choices((9, 10), (4, 6))[0], "promoter"
    if opinion > _DETRACTOR_BELOW:
        return random.choices((7, 8), (4, 6))[0], "passive"
    angry = (8, 3, 4, 6, 7, 15, 10) if opinion < -1.6 else (1, 1, 3, 6, 10, 30, 40)
    return random.choices(range(7), angry)[0], "detractor"


def _clamped(value: float, lowest: int, highest: int) -> int:
    return max(lowest, min(highest, round(value)))


def _ces(opinion: float, leaning: float, random: Random) -> tuple[int, str]:
    score = _clamped(5.15 + 0.65 * opinion + leaning + random.gauss(0, 0.85), 1, 7)
    return score, "hard" if score <= 3 else "neutral" if score == 4 else "easy"


def _csat(opinion: float, leaning: float, random: Random) -> tuple[int, str]:
    score = _clamped(4.0 + 0.5 * opinion + 0.9 * leaning + random.gauss(0, 0.75), 1, 5)
    return score, "dissatisfied" if score <= 2 else "neutral" if score == 3 else "satisfied"


_SCORERS: dict[str, Callable[[float, float, Random], tuple[int, str]]] = {
    "lesson-nps": _nps,
    "quiz-ces": _ces,
    "course-csat": _csat,
    "desk-csat": _csat,
}
