"""The results page of one survey: values in, HTML out; routes, database and access are somebody else's.

The page runs under `PAGE_POLICY`: no script at all, no inline style, so nothing that a respondent wrote can become
more than text even if escaping failed. What is drawn is drawn here as SVG, with positions as attributes in percent
and colours from the stylesheet. Every drawing has its numbers beside it as text, and bands differ by sign as well
as by colour.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tactful.core.kinds import Kind
from tactful.core.results import ENOUGH, FEWEST, Figure, Results
from tactful.web import formats

__all__ = [
    "PAGE_POLICY",
    "STYLESHEET_FILE",
    "STYLESHEET_PATH",
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

#: The address at which the router must serve `STYLESHEET_FILE`; pages add `?v=HASH`, so it may be cached for ever.
STYLESHEET_PATH = "/static/pages/pages.css"

_HERE = Path(__file__).parent
STYLESHEET_FILE = _HERE / "static" / "pages" / "pages.css"

#: The best band, the worst band and what lies between have a tone and a sign each.
_SIGNS = {
    "best": "\N{BLACK UP-POINTING TRIANGLE}",
    "middle": "\N{BLACK DIAMOND}",
    "worst": "\N{BLACK DOWN-POINTING TRIANGLE}",
}

_FIGURES = {"nps": "Net Promoter Score", "mean": "Average answer"}

_RATES = {
    "seen": "Saw the card",
    "responded": "Responded",
    "dismissed": "Dismissed it",
    "opted_out": "Opted out",
    "ignored": "Did nothing",
}


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
    return _render(
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
    return _render(
        "message.html",
        title=project_name,
        heading="No surveys yet",
        message=f"{project_name} has no survey. Write one in a YAML file and apply it:",
        command=f"tactful apply surveys.yaml --project {shlex.quote(project_name)}",
    )


def render_error(status: int, title: str, message: str) -> str:
    """Return a page that says what went wrong and what to do. All three are shown as text."""
    return _render("message.html", title=title, heading=title, message=message, command=None, status=status)


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


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=formats.clean,  # whatever is printed passes here, so no text can be forgotten
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = ("ago", "answers", "band_label", "date", "excerpt", "number", "one_line", "percent", "stamp")
    environment.filters |= {name: getattr(formats, name) for name in filters}
    # The hash makes a new stylesheet a new address, so that it may be cached for ever.
    version = hashlib.sha256(STYLESHEET_FILE.read_bytes()).hexdigest()[:12]
    environment.globals |= {
        "stylesheet": f"{STYLESHEET_PATH}?v={version}",
        "signs": _SIGNS,
        "rate_labels": _RATES,
        "band_range": formats.band_range,
        "few": FEWEST,
        "enough": ENOUGH,
    }
    return environment


_TEMPLATES = _environment()


def _render(template: str, **values: Any) -> str:
    return _TEMPLATES.get_template(template).render(**values)
