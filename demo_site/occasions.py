"""When each survey of Lantern asks, in words, for the panel: read from the same file that Tactful was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

__all__ = ["Occasion", "read_occasions"]


class Occasion(msgspec.Struct, frozen=True):
    """A survey's name and what makes it a candidate, as a person would say it. `cancelled_by` are events."""

    name: str
    when: str
    events: tuple[str, ...]
    cancelled_by: tuple[str, ...] = ()


def read_occasions(path: Path) -> dict[str, Occasion]:
    """Read the occasions of every survey in a file as `tactful apply` takes it, by survey key."""
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {survey["key"]: _occasion(survey) for survey in written["surveys"]}


def _occasion(survey: dict[str, Any]) -> Occasion:
    triggers = survey.get("trigger", {}).get("any", [])
    when = (
        " or ".join(_told(event) for event in triggers)
        or "When somebody chooses “Give feedback”: not held back, but counted"
    )
    cancelled_by = tuple(cancel["event"] for event in triggers for cancel in event.get("cancel_on", ()))
    return Occasion(survey["name"], when, tuple(event["event"] for event in triggers), cancelled_by)


def _told(event: dict[str, Any]) -> str:
    every = event.get("nth", {}).get("every", 1)
    times = "" if every == 1 else {2: "2nd ", 3: "3rd "}.get(every, f"{every}th ")
    delay = f", after {event['delay'].removesuffix('s')}\u00a0s" if "delay" in event else ""
    where = " from the backend" if event.get("source") == "server" else ""
    hold = f", held for {event['hold'].removesuffix('s')}\u00a0s" if "hold" in event else ""
    unless = "".join(f", unless “{cancel['event']}”" for cancel in event.get("cancel_on", ()))
    return f"On every {times}“{event['event']}”{where}{delay}{hold}{unless}"
