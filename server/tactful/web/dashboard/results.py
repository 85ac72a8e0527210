"""`/projects/{project_id}/surveys/{key}`: one survey's results, as a whole or through filters.

The page is made of values alone and works without a script: filters are links and a GET form, every drawing has its
numbers beside it as text, and the trend is a table that a script draws. Nothing that a respondent wrote can become
more than text: the policy of the page lets nothing inline run, even if escaping failed.
"""

from __future__ import annotations

import shlex
from itertools import groupby
from typing import Any

from tactful.core.kinds import Kind
from tactful.core.moments import in_words as event_in_words
from tactful.core.results import FEWEST, Figure, Funnel, Results, summarise
from tactful.core.surveys import Survey
from tactful.errors import NotFound
from tactful.store.figures import Counted, survey_counts
from tactful.store.groups import groups_of
from tactful.store.results import Window
from tactful.store.script import Row
from tactful.web import formats
from tactful.web.dashboard.figures import change, histogram_of, measure, shown_figure, trait_values
from tactful.web.dashboard.filters import RANGES, Filters, in_words, read_filters
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.dashboard.groups import shown_groups
from tactful.web.dashboard.labels import loads, tone_of, who_of
from tactful.web.dashboard.questions import in_plain_words, shown_questions
from tactful.web.dashboard.refusals import refusals
from tactful.web.dashboard.trend import PERIODS, Point, trend
from tactful.web.summary import after_of

__all__ = ["funnel_of", "results"]

#: What it means that a figure of this tone went up or down: fewer detractors are good news.
_WAYS = {
    "best": {"up": "best", "down": "worst"},
    "middle": {"up": "plain", "down": "plain"},
    "worst": {"up": "worst", "down": "best"},
}


@member_page("surveys")
async def results(look: Look) -> str:
    """One survey's results."""
    survey = _survey(look)
    kind = survey.scale
    filters = read_filters(look.request.query_params, kind, look.now_ms)
    counted = await look.service.db.scan(survey_counts, look.project_id, survey.key, filters.part)
    names = [one.name for one in survey.variants]
    groups = await look.service.db.scan(groups_of, look.project_id, survey.key, filters.part, names)
    values = _figures(kind, filters, counted) | _filters(kind, filters, counted)
    return look.render(
        "results/page.html",
        title=survey.name,
        survey=survey,
        question=_question_of(survey, _name(look)),
        events=[event_in_words(one.event) for one in survey.trigger.any],
        kind=kind,
        tones={band.name: tone_of(kind, band.name) for band in kind.bands},
        comments=[_comment(look, kind, row) for row in counted.comments],
        tests=[_comment(look, kind, row) for row in counted.tests],
        questions=await shown_questions(look, survey, filters),
        after=await _after(look, survey, kind, filters),
        groups=shown_groups(survey, kind, filters.band, groups),
        ever_asked=counted.ever_asked,
        refusals=await refusals(look, survey.key, filters),
        why=f"tactful why --project {shlex.quote(_name(look))} --user ID --survey {shlex.quote(survey.key)}",
        **values,
    )


async def _after(look: Look, survey: Survey, kind: Kind, filters: Filters) -> list[dict[str, Any]]:
    """What people did after the thanks, a group for each band that was offered something."""
    window = Window(*filters.part.times)
    found = await after_of(look.service, look.project_id, survey, window, filters.part.trait)
    return [
        {
            "band": band,
            "tone": tone_of(kind, band),
            "label": _band_label(kind, band),
            "parts": [one.part for one in parts],
        }
        for band, parts in ((band, list(group)) for band, group in groupby(found, key=lambda one: one.band))
        if filters.band in (None, band)
    ]


def _band_label(kind: Kind, band: str | None) -> str:
    if band is not None:
        return formats.band_label(band)
    return "No score" if kind.scored else "Everybody"


def _name(look: Look) -> str:
    assert look.config is not None, "results belong to a project"
    return look.config.name


def _survey(look: Look) -> Survey:
    assert look.config is not None, "results belong to a project"
    live = look.config.catalogue.surveys.get(look.request.path_params["key"])
    if live is None:
        raise NotFound("no_such_survey", "There is no such survey in this project.")
    return live.survey


def _question_of(survey: Survey, project_name: str) -> str:
    """The text of the scored question, in English where there is one, as everybody outside a band is asked."""
    return in_plain_words((survey.scored or survey.questions[0]).ask, project_name)


def funnel_of(asks: Row) -> Funnel:
    """One row of outcomes as the statistics take it."""
    names = ("asked", "seen", "responded", "dismissed", "opted_out", "ignored")
    return Funnel(**{name: asks[name] for name in names})


def _figures(kind: Kind, filters: Filters, counted: Counted) -> dict[str, Any]:
    histogram = histogram_of(counted.scores, filters.first, filters.last)
    whole = summarise(kind, histogram, funnel_of(counted.asks))
    figure = measure(kind, filters.band, histogram) if kind.scored else None
    shown = _shown(filters, whole, figure)
    return {
        "results": whole,
        "figures": [shown_figure(kind, one) for one in shown],
        "change": _change(kind, filters, counted, figure),
        "trend": trend(filters, counted.scores, lambda part: measure(kind, filters.band, part)),
        "scale": shown_figure(kind, shown[0]) if shown else None,
        "point": _point,
        "most": max((bar.count for bar in whole.bars), default=0) or 1,
    }


def _shown(filters: Filters, whole: Results, figure: Figure | None) -> list[Figure]:
    """The figure that the page is about first; beside a band's share the score of all."""
    if figure is None or whole.score is None:
        return []
    return [figure, whole.score] if filters.band is not None else [whole.score, *whole.also]


def _change(kind: Kind, filters: Filters, counted: Counted, now: Figure | None) -> dict[str, Any] | None:
    """What may be said against the period before: a change, or why there is none to tell."""
    if not filters.compares or now is None:
        return None
    earlier = histogram_of(counted.scores, filters.part.before, filters.first - 1)
    before = measure(kind, filters.band, earlier)
    return {
        "period": f"{filters.days} days before" if filters.days > 1 else "day before",
        "n": sum(earlier.values()),
        "found": before and change(now, before),
        "tones": _WAYS[tone_of(kind, filters.band) if filters.band else "best"],
        "unit": {"points": "points", "percent": "percentage points", "scale": ""}[now.unit],
        "few": FEWEST,
    }


def _point(point: Point) -> dict[str, str]:
    """A point of the trend in words, for its row of the table."""
    if point.figure is None:
        return {"value": "", "low": "", "high": ""}
    interval, unit = point.figure.interval, point.figure.unit
    assert interval.estimate is not None, "a point with a figure has answers"
    values = {"value": interval.estimate, "low": interval.low, "high": interval.high}
    return {name: formats.figure(value, unit) for name, value in values.items()}


def _filters(kind: Kind, filters: Filters, counted: Counted) -> dict[str, Any]:
    return {
        "filters": filters,
        "shown_days": in_words(filters),
        "ranges": [(name, label) for name, (label, _) in RANGES.items()],
        "periods": list(PERIODS),
        "bands": [band.name for band in reversed(kind.bands)],
        "traits": trait_values(counted.traits, filters.trait),
    }


def _comment(look: Look, kind: Kind, row: Row) -> dict[str, Any]:
    return {
        "id": row["response_id"],
        "text": row["comment"],
        "score": row["score"],
        "band": row["band"],
        "tone": tone_of(kind, row["band"]),
        "at_ms": row["created_at"],
        "who": who_of(look, row, loads(row["traits"])),
        "href": f"/projects/{look.project_id}/responses/{row['response_id']}",
    }
