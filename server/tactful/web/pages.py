"""The pages that people open: for now the results, behind a signed link.

The link is a capability: it names its purpose and project and expires, and `tactful results` prints a new one. It is
kept out of other sites' logs by `Referrer-Policy: no-referrer`.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tactful.core.surveys import Survey
from tactful.core.texts import ELSE, choose_language
from tactful.errors import NotFound, TactfulError
from tactful.store.projects import Config
from tactful.store.results import latest_comments, survey_sums
from tactful.tokens import RESULTS
from tactful.web.browser import service_of
from tactful.web.results_page import (
    PAGE_POLICY,
    Comment,
    SurveyLink,
    SurveyView,
    render_error,
    render_no_surveys,
    render_results,
)
from tactful.web.summary import results_of

__all__ = ["HEADERS", "results"]

HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_MOST_COMMENTS = 50


async def results(request: Request) -> Response:
    """`GET /results/{link}` and `/results/{link}/{survey}`: one survey's results."""
    try:
        return HTMLResponse(await _results(request), headers=HEADERS)
    except TactfulError as error:
        page = render_error(error.status, error.code.replace("_", " ").capitalize(), error.message)
        return HTMLResponse(page, error.status, headers=HEADERS)


async def _results(request: Request) -> str:
    service, link = service_of(request), request.path_params["link"]
    config = await service.configs.get(service.tokens.read(RESULTS, link).payload[0])
    surveys = [live.survey for _, live in sorted(config.catalogue.surveys.items())]
    if not surveys:
        return render_no_surveys(config.name)
    survey = _chosen(config, surveys, request.path_params.get("survey"))
    sums = await service.db.read(survey_sums, config.project_id, survey.key)
    comments = await service.db.read(latest_comments, config.project_id, survey.key, _MOST_COMMENTS)
    return render_results(
        config.name,
        [_link(link, one, current=one is survey) for one in surveys],
        _view(survey),
        results_of(survey.kind, sums),
        [Comment(row["comment"], row["score"], row["band"], row["created_at"], row["user_id"]) for row in comments],
        service.clock.now_ms(),
    )


def _chosen(config: Config, surveys: list[Survey], key: str | None) -> Survey:
    if key is None:
        return max(surveys, key=lambda survey: (survey.state == "live", survey.priority))
    live = config.catalogue.surveys.get(key)
    if live is None:
        raise NotFound("no_such_survey", "There is no such survey in this project.")
    return live.survey


def _link(link: str, survey: Survey, *, current: bool) -> SurveyLink:
    return SurveyLink(survey.name, f"/results/{quote(link, safe='')}/{survey.key}", survey.state, current=current)


def _view(survey: Survey) -> SurveyView:
    asked = survey.scored or survey.questions[0]
    languages = asked.ask.by.get(ELSE) or next(iter(asked.ask.by.values()))
    question = languages[choose_language(languages, "en")]
    return SurveyView(survey.key, survey.name, survey.state, question, tuple(one.event for one in survey.trigger.any))
