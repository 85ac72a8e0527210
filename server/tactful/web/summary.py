"""From a survey's stored sums to its results: where the store meets the statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tactful.core.clicks import Followed, followed, offers
from tactful.core.comparing import Group, compare, comparison_json
from tactful.core.results import Funnel, Results, part_json, summarise
from tactful.core.surveys import Survey
from tactful.store.after import afterwards
from tactful.store.figures import Trait
from tactful.store.results import Sums, Window
from tactful.web.service import Service

__all__ = ["after_json", "after_of", "compared_json", "results_of"]


def results_of(survey: Survey, sums: Sums) -> Results:
    """Add up `sums` as the survey's score is measured."""
    funnel = Funnel(sums.asked, sums.seen, sums.responded, sums.dismissed, sums.opted_out, sums.ignored)
    return summarise(survey.scale, sums.scores, funnel)


def compared_json(survey: Survey, groups: Sequence[Group]) -> dict[str, Any] | None:
    """Compare a survey's groups as the management API tells it; None where there are none."""
    return comparison_json(compare(survey.scale, groups)) if groups else None


async def after_of(
    service: Service, project_id: str, survey: Survey, window: Window, trait: Trait | None = None
) -> tuple[Followed, ...]:
    """What people did after the thanks, by band and click; empty where nothing was offered to whoever answered."""
    counted = await service.db.scan(afterwards, project_id, survey.key, window, trait)
    if not (counted.clicks or offers(survey)):
        return ()
    numbers = {version for version, _ in counted.answered}
    versions = {one: await service.configs.survey_version(project_id, survey.key, one) for one in numbers}
    bands = [band.name for band in reversed(survey.scale.bands)]
    return followed(versions, counted.answered, counted.clicks, bands)


def after_json(found: Sequence[Followed]) -> list[dict[str, Any]]:
    """The same as the management API tells it."""
    return [{"band": one.band, "what": one.part.name, "of": one.part.of, **part_json(one.part)} for one in found]
