"""What is known of a survey's questions before any of them is read: their ids, kinds, and so the bands of the score.

Texts may depend on the band and questions on earlier answers, so reading one place needs to know of others. Where a
kind is itself faulty nothing can be told, and the checks that would need it stay silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile

from tactful.core.kinds import KINDS, Kind

__all__ = ["BEFORE_SCORE", "NO_OUTLINE", "Outline", "kind_of", "outline_of", "seen_from"]


@dataclass(frozen=True, slots=True)
class Outline:
    """The survey as seen from one place.

    `bands`, from the worst to the best, are those that texts here may depend on: empty with the reason in `why_none`,
    or None where that cannot be told. `earlier` has the kind of each question before this place (None: faulty).
    """

    bands: tuple[str, ...] | None = ()
    why_none: str = ""
    earlier: Mapping[str, Kind | None] = field(default_factory=dict)


NO_OUTLINE = Outline()

#: As seen from where nothing has been answered.
BEFORE_SCORE = Outline(why_none="the score is not yet known here")


def seen_from(question: str, whole: Outline) -> Outline:
    """What of the survey, outlined from its end, is seen from one of its questions."""
    before = list(takewhile(lambda earlier: earlier != question, whole.earlier))
    bands, why_none = _bands(list(whole.earlier.values()), len(before))
    return Outline(bands, why_none, {name: whole.earlier[name] for name in before})


def outline_of(questions: object, before: int | None = None) -> Outline:
    """Outline the survey as seen from question `before` or from its end."""
    written = questions if isinstance(questions, list) else []
    kinds = [kind_of(question) for question in written]
    place = len(kinds) if before is None else before
    earlier = {_id_of(question): kind for question, kind in zip(written[:place], kinds, strict=False)}
    bands, why_none = _bands(kinds, place)
    return Outline(bands, why_none, earlier)


def _bands(kinds: list[Kind | None], place: int) -> tuple[tuple[str, ...] | None, str]:
    """The bands of the first scored question, if it stands before `place`."""
    for index, kind in enumerate(kinds):
        if kind is None or kind.scored:
            if index >= place:
                return (), BEFORE_SCORE.why_none
            return (None if kind is None else tuple(band.name for band in kind.bands)), ""
    return (), "no question of this survey has a score"


def kind_of(question: object) -> Kind | None:
    """The kind that a question, as written, names; None if it names none."""
    kind = question.get("kind") if isinstance(question, dict) else None
    return KINDS.get(kind) if isinstance(kind, str) else None


def _id_of(question: object) -> str:
    return str(question.get("id")) if isinstance(question, dict) else ""
