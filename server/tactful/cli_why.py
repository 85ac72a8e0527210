"""`tactful why`: of one person, for each survey, why they may or may not be asked, and what was decided lately."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tactful.core.spans import SECOND_MS, format_span
from tactful.web.formats import ahead, span

__all__ = ["Paper", "print_why"]


class Paper(NamedTuple):
    """Where it is printed: a line that stands out, and an ordinary one."""

    head: Callable[[str], None]
    line: Callable[[str], None]


def _local(written: str) -> str:
    """A time of the API in the time of this machine: `Sat 28 Nov 2026, 09:30 CET`."""
    at = datetime.fromisoformat(written).astimezone()
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} {at.tzname()}"


def _ms(written: str) -> int:
    return int(datetime.fromisoformat(written).astimezone(UTC).timestamp() * SECOND_MS)


def _when(written: str, now: int) -> str:
    return f"{_local(written)} ({ahead(_ms(written), now)})"


def print_why(told: dict[str, Any], out: Paper) -> None:
    """Say what `explanation_json` tells, a line at a time, with times of this machine."""
    now = _ms(told["now"])
    person = told["person"]
    who = person["user_id"] or person["anonymous_id"]
    marks = [words for name, words in (("opted_out", "opted out"), ("test", "a test person")) if person[name]]
    out.head(f"{who}{', ' if marks else ''}{', '.join(marks)}: {_next(told, now)}")
    for survey in told["surveys"]:
        out.line("")
        _survey(survey, now, out)
    out.line("")
    _decisions(told, out)


def _next(told: dict[str, Any], now: int) -> str:
    again = told["next"]["free_at"]
    if again is None:
        return "no live survey may ask, and no time that passes changes that"
    if _ms(again) <= now:
        return "may be asked now"
    return f"may be asked next {_when(again, now)}"


def _survey(one: dict[str, Any], now: int, out: Paper) -> None:
    out.head(f"{one['survey']}: {_verdict(one, now)}")
    for line in _waits(one, now):
        out.line(f"  {line}")
    for refusal in one["refusals"]:
        if refusal["code"] != "rule":
            out.line(f"  no   {refusal['message']}{_until(refusal, now)}")
    for rule in one["rules"]:
        mark = "full" if rule["full"] else "ok"
        counted = f"{rule['count']} {rule['counted']} of {rule['cap']} in {format_span(rule['window_ms'])}"
        out.line(f"  {mark:<4} rule {rule['rule']}: {counted}{_until(rule, now)}")


def _verdict(one: dict[str, Any], now: int) -> str:
    if one["may_ask"]:
        ready = any(waiting["in_ms"] == 0 for waiting in one["waiting"])
        return "may be asked now, as soon as their tab is there" if ready else "may be asked"
    return f"not before {_when(one['free_at'], now)}" if one["free_at"] else "not now"


def _waits(one: dict[str, Any], now: int) -> list[str]:
    if one["state"] != "live":
        return []
    lines = [f"depends on the {about} that a page tells" for about in one["depends_on"]]
    lines += [f"waits for {awaited['message']}" for awaited in one["waits_for"]]
    for waiting in one["waiting"]:
        about = f" ({waiting['per']})" if waiting["per"] else ""
        held = f"held until {_when(waiting['not_before'], now)}" if waiting["in_ms"] else "waits for their tab"
        lines.append(f"a question{about} {held}")
    return lines if one["waits_for"] else [*lines, "waits for a page to call show"]


def _until(limit: dict[str, Any], now: int) -> str:
    if limit["free_at"]:
        return f"; free again {_when(limit['free_at'], now)}"
    if limit.get("unknown"):
        return "; goes by a trait that they lack"
    return "; never free again" if limit.get("full") else ""


def _decisions(told: dict[str, Any], out: Paper) -> None:
    behind = span(told["behind_ms"])
    if not told["decisions"]:
        out.line(f"Nothing was decided lately (up to {behind} behind).")
        return
    out.head(f"The last decisions (up to {behind} behind):")
    for one in told["decisions"]:
        since = f", {one['times']} times since {_local(one['first_at'])}" if one["times"] > 1 else ""
        reasons = "; ".join(reason["message"] for reason in one["reasons"])
        what = f"{one['survey']}: {one['message']}{since}{': ' if reasons else ''}{reasons}"
        out.line(f"  {_local(one['at'])}  {what}")
