"""The results page of one survey: values in, HTML out; routes, database and access are somebody else's.

The page runs under `PAGE_POLICY`: no script at all, no inline style, so nothing that a respondent wrote can become
more than text even if escaping failed. What is drawn is drawn here as SVG, with positions as attributes in percent
and colours from the stylesheet. Every drawing has its numbers beside it as text, and bands differ by sign as well
as by colour.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tactful.core.kinds import Kind
from tactful.core.results import Figure, Results
from tactful.web import formats
from tactful.web.rendering import render

__all__ = [
    "PAGE_POLICY",
    "Comment",
    "SurveyLink",
    "SurveyView",
    "render_error",
    "render_no_surveys",
    "render_results",
]

#: The Content-Security-Policy that every page here is made for.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

_FIGURES = {"nps": "Net Promoter Score", "mean": "Average answer"}


@dataclass(frozen=True, slots=True)
class SurveyLink:
    """One entry of the navigation. `state` is draft, live, paused or ended."""

    name: str
    href: str
    state: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class SurveyView:
    """What the page says of the survey itself: `question` is the scored one's text, `events` what triggers it."""

    key: str
    name: str
    state: str
    question: str | None = None
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote, with the score and band of the same response. `user_id` None is an anonymous person."""

    text: str
    score: int | None
    band: str | None
    at_ms: int
    user_id: str | None = None


def render_results(
    project_name: str,
    surveys: Sequence[SurveyLink],
    survey: SurveyView,
    results: Results,
    comments: Sequence[Comment],
    now_ms: int,
) -> str:
    """Return the page of one survey as a whole HTML document.

    `surveys` are those of the project, in the order to show; `comments` the latest, newest first. `now_ms` is the
    time that the results were read.
    """
    return render(
        "results.html",
        title=f"{survey.name} - {project_name}",
        project=project_name,
        surveys=surveys,
        survey=survey,
        results=results,
        comments=comments,
        now_ms=now_ms,
        figures=[_figure(results.kind, figure) for figure in (results.score, *results.also) if figure],
        tones=_tones(results.kind),
        most=max((bar.count for bar in results.bars), default=0) or 1,
        why=f"tactful why --project {shlex.quote(project_name)} --user ID --survey {shlex.quote(survey.key)}",
    )


def render_no_surveys(project_name: str) -> str:
    """Return the page of a project that has no survey yet."""
    return render(
        "message.html",
        title=project_name,
        heading="No surveys yet",
        message=f"{project_name} has no survey. Write one in a YAML file and apply it:",
        command=f"tactful apply surveys.yaml --project {shlex.quote(project_name)}",
    )


def render_error(status: int, title: str, message: str) -> str:
    """Return a page that says what went wrong and what to do. All three are shown as text."""
    return render("message.html", title=title, heading=title, message=message, command=None, status=status)


def _tones(kind: Kind) -> dict[str, str]:
    names = [band.name for band in kind.bands]
    return {name: "worst" if name == names[0] else "best" if name == names[-1] else "middle" for name in names}


def _figure(kind: Kind, figure: Figure) -> dict[str, Any]:
    """A score as the template needs it: words, and positions in percent of the scale's width."""
    span = figure.highest - figure.lowest

    def place(value: float) -> float:
        return round(100 * (value - figure.lowest) / span, 3)

    steps = int(span) if figure.unit == "scale" else 4
    ticks = [figure.lowest + span * step / steps for step in range(steps + 1)]
    interval = figure.interval
    assert interval.estimate is not None, "a score that is shown has answers"
    return {
        "label": _FIGURES.get(figure.name) or formats.band_label(figure.name),
        "about": _about(kind, figure),
        "value": formats.figure(interval.estimate, figure.unit),
        "bounds": formats.bounds(figure),
        "at": place(interval.estimate),
        "low": place(interval.low),
        "width": round(place(interval.high) - place(interval.low), 3),
        "ticks": [(place(tick), _tick(tick, figure.unit)) for tick in ticks],
    }


def _about(kind: Kind, figure: Figure) -> str:
    if figure.unit == "points":
        return "Share of promoters minus share of detractors, in points"
    if figure.unit == "percent":
        return (
            f"Share who answered {formats.band_range(kind, figure.name)} on a scale of {kind.lowest} to {kind.highest}"
        )
    return f"On a scale of {kind.lowest} to {kind.highest}"


def _tick(value: float, unit: str) -> str:
    return f"{value:.0f}" if unit == "scale" else formats.figure(value, unit)
