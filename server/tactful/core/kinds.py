"""The kinds of question: one table that the reader of definitions, scoring, results, widget and tests read.

To add a kind, add an entry here; a kind that needs a new control also needs a drawer for it in
`widget/src/card/controls`, and one whose answer has a new shape a reader in `core/answers`. Where bands begin follows
the field: NPS as Reichheld defined it (0-6, 7-8, 9-10), CSAT top-two-box on 1-5, CES on 1-7 where 7 is "very easy"
(CES 2.0). Scales of other lengths have the middle step, or the two in the middle, between their outer bands.

A question's kind is an entry `fitted` to what the question says of it: a scale of another length has other bands, and
another display another control. So whoever holds a question's kind knows its scale, and the table alone does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["KINDS", "SURVEY_KINDS", "Band", "Kind", "Shaped", "band_of", "fitted"]

#: What an answer is: a step of a scale, words, one option or several, options in order, a day, a yes, or nothing.
Shaped = Literal["score", "text", "option", "options", "ranking", "date", "consent", "nothing"]


@dataclass(frozen=True, slots=True)
class Band:
    """The group a score falls in, up to and including `highest`."""

    name: str
    highest: int


@dataclass(frozen=True, slots=True)
class Kind:
    """What may be answered to a question, how it scores, which control draws it and which fields it is written with.

    `answer` is the shape of an answer. `bands` go from the worst to the best and are empty for a kind without a score.
    `measure` names the statistic of `tactful.core.results` that sums it up; `ends` what the ends of its scale are
    called (`core/words`). `displays` are pairs of a name and a control, the default first; `points` are the lengths
    that its scale may have. `fields` are those of a question besides the ones that every kind takes, and `needs` those
    of them that must be given. The control of a kind that is `apart` travels in a file of its own (`widget/src/more`).
    """

    name: str
    control: str
    answer: Shaped
    lowest: int = 0
    highest: int = 0
    bands: tuple[Band, ...] = ()
    measure: str = ""
    repeat: str | None = None
    ends: tuple[str, str] = ("", "")
    displays: tuple[tuple[str, str], ...] = ()
    points: tuple[int, ...] = ()
    fields: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    apart: bool = False

    @property
    def scored(self) -> bool:
        return bool(self.bands)

    def adds_up_with(self, other: Kind) -> bool:
        """Tell whether answers of both may be counted together: the kind and the scale are the same."""
        return (self.name, self.highest) == (other.name, other.highest)

    @property
    def display(self) -> str | None:
        """The name of the display that it is drawn by; None where there is one only."""
        return next((name for name, control in self.displays if control == self.control), None)


def _around_the_middle(names: tuple[str, ...], points: int) -> tuple[Band, ...]:
    """Three bands on a scale of 1 to `points`, the middle step or the two in the middle between the outer ones."""
    return tuple(Band(name, end) for name, end in zip(names, ((points - 1) // 2, points // 2 + 1, points), strict=True))


_ANY = ("required",)
_OPTIONS = ("options", "other", "shuffle", *_ANY)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="nps",
            control="scale",
            answer="score",
            lowest=0,
            highest=10,
            bands=(Band("detractor", 6), Band("passive", 8), Band("promoter", 10)),
            measure="nps",
            repeat="90d",
            ends=("not_likely", "very_likely"),
            fields=("low", "high", *_ANY),
        ),
        Kind(
            name="csat",
            control="scale",
            answer="score",
            lowest=1,
            highest=5,
            bands=_around_the_middle(("dissatisfied", "neutral", "satisfied"), 5),
            measure="share",
            ends=("very_dissatisfied", "very_satisfied"),
            displays=(("numbers", "scale"), ("stars", "stars"), ("faces", "faces")),
            fields=("low", "high", "display", *_ANY),
        ),
        Kind(
            name="ces",
            control="scale",
            answer="score",
            lowest=1,
            highest=7,
            bands=_around_the_middle(("hard", "neutral", "easy"), 7),
            measure="mean",
            ends=("very_difficult", "very_easy"),
            points=(5, 7),
            fields=("low", "high", "points", *_ANY),
        ),
        Kind(
            name="thumbs",
            control="thumbs",
            answer="score",
            lowest=0,
            highest=1,
            bands=(Band("down", 0), Band("up", 1)),
            measure="share",
            fields=_ANY,
        ),
        Kind(
            name="rating",
            control="stars",
            answer="score",
            lowest=1,
            highest=5,
            bands=_around_the_middle(("low", "middle", "high"), 5),
            measure="mean",
            displays=(("stars", "stars"), ("numbers", "scale")),
            points=tuple(range(3, 11)),
            fields=("low", "high", "points", "display", *_ANY),
        ),
        Kind(name="text", control="text", answer="text", fields=("placeholder", "max_length", "lines", *_ANY)),
        Kind(name="choice", control="choice", answer="option", fields=_OPTIONS, needs=("options",)),
        Kind(
            name="choices",
            control="choices",
            answer="options",
            fields=(*_OPTIONS, "least", "most"),
            needs=("options",),
        ),
        Kind(
            name="ranking",
            control="ranking",
            answer="ranking",
            fields=("options", "shuffle", "most", *_ANY),
            needs=("options",),
            apart=True,
        ),
        Kind(name="date", control="date", answer="date", fields=("earliest", "latest", *_ANY), apart=True),
        Kind(
            name="consent",
            control="consent",
            answer="consent",
            fields=("label", "link", *_ANY),
            needs=("label",),
            apart=True,
        ),
        Kind(name="info", control="info", answer="nothing", fields=("button",)),
    )
}

#: The kinds that a survey may be of: that of its score, or `text` where it has none.
SURVEY_KINDS = tuple(kind.name for kind in KINDS.values() if kind.scored or kind.name == "text")


def fitted(kind: Kind, points: int | None = None, display: str | None = None) -> Kind:
    """The kind on a scale of `points`, drawn as `display` says; None leaves what it has, as does what it cannot be."""
    if points in kind.points and points != kind.highest:
        assert points is not None
        kind = replace(kind, highest=points, bands=_around_the_middle(tuple(band.name for band in kind.bands), points))
    control = dict(kind.displays).get(display or "", kind.control)
    return kind if control == kind.control else replace(kind, control=control)


def band_of(kind: Kind, score: int) -> str:
    """Name the band that `score` falls in. The score must lie on the kind's scale."""
    assert kind.lowest <= score <= kind.highest, f"{score} is off the {kind.name} scale"
    return next(band.name for band in kind.bands if score <= band.highest)
