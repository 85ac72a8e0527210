"""tests/cases/flow.json is shared with the widget: here our side of bands and of conditions on answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tactful.core.conditions import OPERATORS
from tactful.core.kinds import KINDS, band_of
from tactful.core.reading.conditions import ANSWER_OPERATORS

CASES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "cases" / "flow.json").read_text(encoding="utf-8")
)
#: These two are of answers alone; every other operator means the same as in conditions on traits.
OF_ANSWERS = {"answered", "band_is"}


@pytest.mark.parametrize("case", CASES["bands"], ids=lambda case: f"{case['kind']} {case['score']}")
def test_bands_are_the_kinds_own(case: dict[str, Any]) -> None:
    kind = KINDS[case["kind"]]
    assert [[band.name, band.highest] for band in kind.bands] == case["bands"]
    assert band_of(kind, case["score"]) == case["band"]


SHARED = [case for case in CASES["conditions"] if case["op"] not in OF_ANSWERS]


@pytest.mark.parametrize("case", SHARED, ids=lambda case: f"{case['answer']!r} {case['op']} {case['value']!r}")
def test_an_operator_means_the_same_here_and_on_the_card(case: dict[str, Any]) -> None:
    operator, value = OPERATORS[case["op"]], case["value"]
    compared = tuple(value) if isinstance(value, list) else value
    missing = case["answer"] is None
    holds = operator.passes_missing if missing else operator.test(case["answer"], compared, 0)
    assert holds is case["holds"]


def test_the_cases_cover_every_operator_on_answers() -> None:
    assert {case["op"] for case in CASES["conditions"]} == set(ANSWER_OPERATORS)
