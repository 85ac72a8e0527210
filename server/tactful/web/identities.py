"""How a project's users are proved, in words and numbers: the same for the page, the management API and the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tactful.core.spans import DAY_MS, format_span
from tactful.identity import REASONS, Terms
from tactful.store.identity import IdentityCount
from tactful.store.secrets import LiveSecret
from tactful.web.times import iso_time

__all__ = ["ACCEPTS", "MODE_WORDS", "OUTCOMES", "Report", "identity_json", "report_of"]

#: What each mode makes of a user id without a proof.
MODE_WORDS: Mapping[str, str] = {
    "off": "An unsigned user id is believed. Nothing is counted but what is refused.",
    "warn": "An unsigned user id is believed, and counted: the report says who would be refused.",
    "enforce": "An unsigned user id counts as an anonymous browser. Nobody who is known is acted for without a proof.",
}
#: What a secret accepts, in words.
ACCEPTS: Mapping[str, str] = {"any": "hashes and tokens", "hash": "hashes alone", "token": "tokens alone"}
#: What may come of a request that says who it is for, in the order of the report.
OUTCOMES: Mapping[str, str] = {
    "signed": "Proved.",
    "unsigned": "A user id without a proof: believed under `warn`, anonymous under `enforce`.",
    "browser": "No user id, from a browser that somebody known has used: them under `warn`, nobody under `enforce`.",
    **REASONS,
}
_IDENTIFIED = OUTCOMES.keys() - {"browser"}


@dataclass(frozen=True, slots=True)
class Report:
    """What came of the last days' requests. `share` is that of the signed among those that name a user, None where
    none did; `outcomes` has a sum for each outcome that there was, with the latest of it."""

    share: float | None
    identified: int
    outcomes: tuple[IdentityCount, ...]
    days: tuple[tuple[int, Mapping[str, int]], ...]


def report_of(counts: Sequence[IdentityCount]) -> Report:
    """Add up counts, which are given the newest day first."""
    sums: dict[str, IdentityCount] = {}
    days: dict[int, dict[str, int]] = {}
    for one in counts:
        days.setdefault(one.day, {})[one.outcome] = one.times
        newer = sums.get(one.outcome)
        sums[one.outcome] = one if newer is None else newer._replace(times=newer.times + one.times)
    identified = sum(one.times for one in sums.values() if one.outcome in _IDENTIFIED)
    signed = sums["signed"].times if "signed" in sums else 0
    outcomes = tuple(sums[outcome] for outcome in OUTCOMES if outcome in sums)
    return Report(signed / identified if identified else None, identified, outcomes, tuple(days.items()))


def identity_json(terms: Terms, secrets: Sequence[LiveSecret], counts: Sequence[IdentityCount]) -> dict[str, Any]:
    """The project's terms, its live secrets without themselves, and the report."""
    report = report_of(counts)
    return {
        "mode": terms.mode,
        "longest": format_span(terms.longest_ms),
        "secrets": [_secret_json(one) for one in secrets],
        "report": {
            "signed_share": report.share,
            "identified": report.identified,
            "outcomes": [_outcome_json(one) for one in report.outcomes],
            "days": [{"day": iso_time(day * DAY_MS)[:10], "outcomes": dict(told)} for day, told in report.days],
        },
    }


def _secret_json(one: LiveSecret) -> dict[str, Any]:
    used = None if one.last_used_at is None else iso_time(one.last_used_at)
    created = iso_time(one.created_at)
    return {"id": one.secret_id, "ends": one.ends, "accepts": one.accepts, "created_at": created, "last_used_at": used}


def _outcome_json(one: IdentityCount) -> dict[str, Any]:
    told = {"outcome": one.outcome, "message": OUTCOMES[one.outcome], "count": one.times}
    return told | {"last_at": iso_time(one.last_at), "last_origin": one.last_origin}
