"""The kinds of question: one table that the reader of definitions, scoring, results, widget and tests read.

To add a kind, add an entry here; a kind that needs a new control also needs a drawer for it in
`widget/src/card/controls`. Where bands begin follows the field: NPS as Reichheld defined it (0-6, 7-8, 9-10),
CSAT top-two-box on 1-5, CES on 1-7 where 7 is "very easy" (CES 2.0).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "Band", "Kind", "band_of"]


@dataclass(frozen=True, slots=True)
class Band:
    """The group a score falls in, up to and including `highest`."""

    name: str
    highest: int


@dataclass(frozen=True, slots=True)
class Kind:
    """What may be answered to a question, how it scores and which control draws it.

    `bands` go from the worst to the best and are empty for a kind without a score. `measure` names the
    statistic of `tactful.core.results` that sums it up.
    """

    name: str
    control: str
    lowest: int = 0
    highest: int = 0
    bands: tuple[Band, ...] = ()
    measure: str = ""
    repeat: str | None = None
    ends: tuple[str, str] = ("", "")

    @property
    def scored(self) -> bool:
        return bool(self.bands)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="nps",
            control="scale",
            lowest=0,
            highest=10,
            bands=(Band("detractor", 6), Band("passive", 8), Band("promoter", 10)),
            measure="nps",
            repeat="90d",
            ends=("not_likely", "very_likely"),
        ),
        Kind(
            name="csat",
            control="scale",
            lowest=1,
            highest=5,
            bands=(Band("dissatisfied", 2), Band("neutral", 3), Band("satisfied", 5)),
            measure="share",
            ends=("very_dissatisfied", "very_satisfied"),
        ),
        Kind(
            name="ces",
            control="scale",
            lowest=1,
            highest=7,
            bands=(Band("hard", 3), Band("neutral", 4), Band("easy", 7)),
            measure="mean",
            ends=("very_difficult", "very_easy"),
        ),
        Kind(name="text", control="text"),
    )
}


def band_of(kind: Kind, score: int) -> str:
    """Name the band that `score` falls in. The score must lie on the kind's scale."""
    assert kind.lowest <= score <= kind.highest, f"{score} is off the {kind.name} scale"
    return next(band.name for band in kind.bands if score <= band.highest)
