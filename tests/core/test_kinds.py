"""The table of kinds: bands cover each scale without holes, and begin where the field says."""

from __future__ import annotations

import pytest

from tactful.core.kinds import KINDS, Kind, band_of, fitted
from tactful.core.spans import parse_span

SCORED = [kind for kind in KINDS.values() if kind.scored]


@pytest.mark.parametrize(
    ("kind", "bands"),
    [
        ("nps", ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2),
        ("csat", ["dissatisfied"] * 2 + ["neutral"] + ["satisfied"] * 2),
        ("ces", ["hard"] * 3 + ["neutral"] + ["easy"] * 3),
        ("thumbs", ["down", "up"]),
        ("rating", ["low"] * 2 + ["middle"] + ["high"] * 2),
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


@pytest.mark.parametrize("kind", [kind for kind in SCORED if kind.points], ids=lambda kind: kind.name)
def test_a_scale_of_another_length_has_bands_that_mirror_each_other(kind: Kind) -> None:
    assert kind.highest in kind.points
    for points in kind.points:
        scale = fitted(kind, points)
        bands = [band_of(scale, score) for score in range(1, points + 1)]
        outer = (points - 1) // 2
        low, middle, high = (band.name for band in kind.bands)
        assert bands == [low] * outer + [middle] * (points - 2 * outer) + [high] * outer
        assert (scale.name, scale.control) == (kind.name, kind.control)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_is_fitted_to_what_it_can_be_and_to_nothing_else(kind: Kind) -> None:
    assert fitted(kind) is kind
    assert fitted(kind, 11, "tiles") is kind
    for display, control in kind.displays:
        shown = fitted(kind, display=display)
        assert (shown.control, shown.display, shown.bands) == (control, display, kind.bands)
    assert kind.display == (kind.displays[0][0] if kind.displays else None)


def test_the_table_is_keyed_by_name_and_its_spans_are_spans() -> None:
    assert all(name == kind.name for name, kind in KINDS.items())
    assert all(kind.repeat is None or parse_span(kind.repeat) for kind in KINDS.values())
    assert not KINDS["text"].scored
    assert all(set(kind.needs) <= set(kind.fields) for kind in KINDS.values())
