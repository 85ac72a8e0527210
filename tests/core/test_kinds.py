"""The table of kinds: bands cover each scale without holes, and begin where the field says."""

from __future__ import annotations

import pytest

from tactful.core.kinds import KINDS, Kind, band_of
from tactful.core.spans import parse_span

SCORED = [kind for kind in KINDS.values() if kind.scored]


@pytest.mark.parametrize(
    ("kind", "bands"),
    [
        ("nps", ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2),
        ("csat", ["dissatisfied"] * 2 + ["neutral"] + ["satisfied"] * 2),
        ("ces", ["hard"] * 3 + ["neutral"] + ["easy"] * 3),
    ],
)
def test_bands_begin_where_the_field_says(kind: str, bands: list[str]) -> None:
    scale = range(KINDS[kind].lowest, KINDS[kind].highest + 1)
    assert [band_of(KINDS[kind], score) for score in scale] == bands


@pytest.mark.parametrize("kind", SCORED, ids=lambda kind: kind.name)
def test_bands_rise_to_the_end_of_the_scale(kind: Kind) -> None:
    ends = [band.highest for band in kind.bands]
    assert ends == sorted(set(ends))
    assert (kind.lowest < kind.highest, ends[-1]) == (True, kind.highest)
    assert kind.measure
    assert "else" not in {band.name for band in kind.bands}


@pytest.mark.parametrize("kind", SCORED, ids=lambda kind: kind.name)
def test_a_score_off_the_scale_is_a_bug(kind: Kind) -> None:
    for score in (kind.lowest - 1, kind.highest + 1):
        with pytest.raises(AssertionError, match="off the"):
            band_of(kind, score)


def test_the_table_is_keyed_by_name_and_its_spans_are_spans() -> None:
    assert all(name == kind.name for name, kind in KINDS.items())
    assert all(kind.repeat is None or parse_span(kind.repeat) for kind in KINDS.values())
    assert not KINDS["text"].scored
