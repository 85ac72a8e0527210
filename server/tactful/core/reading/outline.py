"""What is known of a survey's questions before any of them is read: their ids, kinds, and so the bands of the score.

Texts may depend on the band and questions on earlier answers, so reading one place needs to know of others. Where a
kind or an option is itself faulty nothing can be told, and the checks that would need it stay silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile

from tactful.core.kinds import KINDS, Kind, fitted
from tactful.core.surveys import OTHER

__all__ = ["BEFORE_SCORE", "NO_OUTLINE", "Outline", "Sketch", "kind_of", "outline_of", "seen_from"]


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is known of a question before it is read: its kind, what may be chosen, and the fields that it is written
    with."""

    kind: Kind
    choices: tuple[str, ...] = ()
    written: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outline:
    """The survey as seen from one place.

    `bands`, from the worst to the best, are those that texts here may depend on: empty with the reason in `why_none`,
    or None where that cannot be told. `earlier` has a sketch of each question before this place (None: faulty kind).
    """

    bands: tuple[str, ...] | None = ()
    why_none: str = ""
    earlier: Mapping[str, Sketch | None] = field(default_factory=dict)


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
    sketches = [_sketch_of(question) for question in written]
    place = len(sketches) if before is None else before
    earlier = {_id_of(question): sketch for question, sketch in zip(written[:place], sketches, strict=False)}
    bands, why_none = _bands(sketches, place)
    return Outline(bands, why_none, earlier)


def _bands(sketches: list[Sketch | None], place: int) -> tuple[tuple[str, ...] | None, str]:
    """The bands of the first scored question, if it stands before `place`."""
    for index, sketch in enumerate(sketches):
        if sketch is None or sketch.kind.scored:
            if index >= place:
                return (), BEFORE_SCORE.why_none
            return (None if sketch is None else tuple(band.name for band in sketch.kind.bands)), ""
    return (), "no question of this survey has a score"


def kind_of(question: object) -> Kind | None:
    """The kind that a question, as written, names, fitted to its scale and display; None if it names none."""
    if not isinstance(question, dict):
        return None
    name, points, display = question.get("kind"), question.get("points"), question.get("display")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        return None
    return fitted(kind, points if type(points) is int else None, display if isinstance(display, str) else None)


def _sketch_of(question: object) -> Sketch | None:
    kind = kind_of(question)
    if kind is None:
        return None
    assert isinstance(question, dict)
    written = question.get("options")
    ids = [option.get("id") for option in (written if isinstance(written, list) else ()) if isinstance(option, dict)]
    other = (OTHER,) if question.get("other") not in (None, False) else ()
    return Sketch(kind, (*(one for one in ids if isinstance(one, str)), *other), frozenset(question))


def _id_of(question: object) -> str:
    return str(question.get("id")) if isinstance(question, dict) else ""
