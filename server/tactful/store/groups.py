"""Asks gathered by variant or by arm, with what became of them and what was answered.

A group is of the asks made in a time, so all its numbers are of the same asks. Test people count nowhere, and an ask
given back is no ask. An arm is whatever a trait says, so only the largest are gathered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tactful.core.comparing import Group
from tactful.core.results import Funnel
from tactful.store.figures import Slice
from tactful.store.results import END_OF_TIME
from tactful.store.script import Row, Script, rows

__all__ = ["EVERYTHING", "MOST_ARMS", "Groups", "groups_of"]

GROUPS_BY_VARIANT = """
SELECT a.variant AS name, r.score, count(*) AS asked, count(a.seen_at) AS seen, count(a.responded_at) AS responded,
    count(a.dismissed_at) AS dismissed, count(a.opted_out_at) AS opted_out,
    count(CASE WHEN a.responded_at IS NULL AND a.dismissed_at IS NULL AND a.opted_out_at IS NULL THEN 1 END) AS ignored
FROM asks a
LEFT JOIN responses r ON r.project_id = a.project_id AND r.person_id = a.person_id AND r.ask_id = a.ask_id
JOIN people p ON p.project_id = a.project_id AND p.person_id = a.person_id
WHERE a.project_id = ? AND a.survey_key = ? AND a.variant IS NOT NULL AND a.asked_at >= ? AND a.asked_at < ?
    AND a.test = 0 AND a.refunded_at IS NULL
    AND (CAST(? AS TEXT) IS NULL OR CAST(p.traits -> CAST(? AS TEXT) AS TEXT) IN (?, ?))
GROUP BY a.variant, r.score
"""
GROUPS_BY_ARM = """
WITH largest AS (
    SELECT a.arm FROM asks a
    WHERE a.project_id = ? AND a.survey_key = ? AND a.arm IS NOT NULL AND a.asked_at >= ? AND a.asked_at < ?
        AND a.test = 0 AND a.refunded_at IS NULL
    GROUP BY a.arm ORDER BY count(*) DESC, a.arm LIMIT ?
)
SELECT a.arm AS name, r.score, count(*) AS asked, count(a.seen_at) AS seen, count(a.responded_at) AS responded,
    count(a.dismissed_at) AS dismissed, count(a.opted_out_at) AS opted_out,
    count(CASE WHEN a.responded_at IS NULL AND a.dismissed_at IS NULL AND a.opted_out_at IS NULL THEN 1 END) AS ignored
FROM asks a JOIN largest ON largest.arm = a.arm
LEFT JOIN responses r ON r.project_id = a.project_id AND r.person_id = a.person_id AND r.ask_id = a.ask_id
JOIN people p ON p.project_id = a.project_id AND p.person_id = a.person_id
WHERE a.project_id = ? AND a.survey_key = ? AND a.arm IS NOT NULL AND a.asked_at >= ? AND a.asked_at < ?
    AND a.test = 0 AND a.refunded_at IS NULL
    AND (CAST(? AS TEXT) IS NULL OR CAST(p.traits -> CAST(? AS TEXT) AS TEXT) IN (?, ?))
GROUP BY a.arm, r.score
"""

MOST_ARMS = 8

#: All there is, of everybody.
EVERYTHING = Slice(0, END_OF_TIME // 86_400_000, 0)


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a survey's asks. `more_arms` says that there are smaller arms than those gathered."""

    variants: tuple[Group, ...]
    arms: tuple[Group, ...]
    more_arms: bool


def groups_of(project_id: str, survey_key: str, part: Slice, variants: Sequence[str]) -> Script[Groups]:
    """Gather the asks of `part`: by variant, those named `variants` first and in that order, and by arm, the largest
    first. The band of `part` narrows nothing here."""
    trait = part.trait
    where = (project_id, survey_key, *part.times)
    has = (None, None, None, None) if trait is None else (trait.name, trait.name, *trait.values)
    told = _gathered((yield rows(GROUPS_BY_VARIANT, *where, *has)))
    names = [*variants, *sorted(told.keys() - set(variants))]
    by_arm = _gathered((yield rows(GROUPS_BY_ARM, *where, MOST_ARMS + 1, *where, *has)))
    arms = sorted(by_arm.values(), key=lambda one: (-one.funnel.asked, one.name))
    return Groups(
        tuple(told.get(name, Group(name, {}, Funnel())) for name in names),
        tuple(arms[:MOST_ARMS]),
        len(arms) > MOST_ARMS,
    )


_OUTCOMES = ("asked", "seen", "responded", "dismissed", "opted_out", "ignored")


def _gathered(found: Iterable[Row]) -> dict[str, Group]:
    """Add up rows of (name, score, outcomes) by name. Asks without a score count among the outcomes alone."""
    histograms: dict[str, dict[int, float]] = {}
    sums: dict[str, dict[str, int]] = {}
    for row in found:
        name = row["name"]
        outcomes = sums.setdefault(name, dict.fromkeys(_OUTCOMES, 0))
        for outcome in _OUTCOMES:
            outcomes[outcome] += row[outcome]
        histogram = histograms.setdefault(name, {})
        if row["score"] is not None:
            histogram[row["score"]] = row["asked"]
    return {name: Group(name, histograms[name], Funnel(**outcomes)) for name, outcomes in sums.items()}
