"""The surveys as they were asked in the past: with a product's throttle and waits instead of the demo's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

__all__ = ["PAST", "past_definitions"]

_HERE = Path(__file__).parent

#: How seldom Lantern asked.
PAST = _HERE / "past.yaml"


def past_definitions(surveys: Path = _HERE.parent / "surveys.yaml") -> dict[str, Any]:
    """Return policy and surveys of the past, written as `tactful apply` takes them."""
    past = yaml.safe_load(PAST.read_text(encoding="utf-8"))
    now = yaml.safe_load(surveys.read_text(encoding="utf-8"))
    return {"policy": past["policy"], "surveys": [_as_then(survey, past) for survey in now["surveys"]]}


def _as_then(survey: dict[str, Any], past: dict[str, Any]) -> dict[str, Any]:
    triggers = [one | past["waits"] if "within" in one else one for one in survey["trigger"]["any"]]
    return survey | {
        "throttle": {"repeat": past["repeat"].get(survey["key"], past["else"])},
        "trigger": survey["trigger"] | {"any": triggers},
    }
