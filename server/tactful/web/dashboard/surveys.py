"""`/projects/{project_id}/surveys`: every survey with its state and what it found in the last 30 days."""

from __future__ import annotations

import shlex
from typing import Any

from starlette.responses import RedirectResponse, Response

from tactful.core.moments import in_words as event_in_words
from tactful.core.results import summarise
from tactful.core.spans import DAY_MS
from tactful.core.surveys import Survey
from tactful.store.figures import Overview, Slice, overview
from tactful.web.dashboard.figures import shown_figure
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.dashboard.labels import tone_of
from tactful.web.dashboard.results import funnel_of

__all__ = ["project", "surveys"]

_DAYS = 30
#: What goes on comes first, then what may begin, then what is over.
_STATES = ("live", "paused", "draft", "ended")


@member_page("surveys")
async def project(look: Look) -> Response:
    """A project's own address leads to its surveys."""
    return RedirectResponse(f"/projects/{look.project_id}/surveys", 303)


@member_page("surveys")
async def surveys(look: Look) -> str:
    """All surveys of a project."""
    config = look.config
    assert config is not None, "surveys belong to a project"
    listed = sorted((live.survey for live in config.catalogue.surveys.values()), key=_place)
    today = look.now_ms // DAY_MS
    part = Slice(today - _DAYS + 1, today, today - _DAYS + 1)
    counted = await look.service.db.scan(overview, config.project_id, [survey.key for survey in listed], part)
    return look.render(
        "surveys.html",
        title="Surveys",
        days=_DAYS,
        lines=[_line(look, survey, counted[survey.key]) for survey in listed],
        command=f"tactful apply surveys.yaml --project {shlex.quote(config.name)}",
    )


def _place(survey: Survey) -> tuple[int, int, str]:
    return _STATES.index(survey.state), -survey.priority, survey.name.lower()


def _line(look: Look, survey: Survey, counted: Overview) -> dict[str, Any]:
    kind = survey.scale
    results = summarise(kind, counted.histogram, funnel_of(counted.asks))
    return {
        "survey": survey,
        "kind": kind,
        "href": f"/projects/{look.project_id}/surveys/{survey.key}",
        "events": [event_in_words(one.event) for one in survey.trigger.any],
        "results": results,
        "figure": results.score and shown_figure(kind, results.score),
        "responded": results.rates[1],
        "tones": {band.name: tone_of(kind, band.name) for band in kind.bands},
    }
