"""The questions of a survey below its score on the results page: each with what was answered, as its kind is read."""

from __future__ import annotations

from typing import Any

from tactful.core.by_question import ByQuestion, Place
from tactful.core.surveys import OTHER, Question, Survey
from tactful.core.telling import lookup_in
from tactful.core.texts import DEFAULT_LANGUAGE, Text, in_band
from tactful.web.by_question import Answered, answered_by_question
from tactful.web.dashboard.figures import shown_figure
from tactful.web.dashboard.filters import Filters
from tactful.web.dashboard.frame import Look
from tactful.web.dashboard.labels import tone_of

__all__ = ["in_plain_words", "option_label", "shown_questions"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def in_plain_words(text: Text, project_name: str) -> str:
    """A text in English where there is one, as everybody outside a band reads it, about nobody in particular: every
    slot as it reads where its value is missing, but for the product's name."""
    return in_band(text, None, DEFAULT_LANGUAGE, lookup_in({"project": {"name": project_name}}))


def option_label(question: Question, option: str, project_name: str) -> str:
    """What an option is called; its id where the question does not have it any more."""
    if option == OTHER and question.other:
        return in_plain_words(question.other, project_name) if isinstance(question.other, Text) else "Other"
    label = next((one.label for one in question.options if one.id == option), None)
    return option if label is None else in_plain_words(label, project_name)


async def shown_questions(look: Look, survey: Survey, filters: Filters) -> list[dict[str, Any]]:
    """What the page shows of every question but the one that its score and its comments are of."""
    assert look.config is not None, "results belong to a project"
    found = await answered_by_question(look.service, look.project_id, survey, filters.part, _others(survey))
    return [_shown(look, one, look.config.name) for one in found]


def _others(survey: Survey) -> list[Question]:
    texts = [question for question in survey.questions if question.kind.answer == "text"]
    told = [survey.scored, texts[0] if len(texts) == 1 else None]
    return [one for one in survey.questions if one not in told and one.kind.answer != "nothing"]


def _shown(look: Look, answered: Answered, project_name: str) -> dict[str, Any]:
    sums = answered.sums
    question = sums.question
    return {
        "id": question.id,
        "kind": question.kind,
        "ask": in_plain_words(question.ask, project_name),
        "sums": sums,
        "figures": _figures(sums),
        "tones": {band.name: tone_of(question.kind, band.name) for band in question.kind.bands},
        "options": [_option(place, question, project_name) for place in sums.options],
        "days": [{"name": _period(part.name), "part": part} for part in sums.days],
        "words": [
            {"text": one.text, "at_ms": one.at_ms, "href": f"/projects/{look.project_id}/responses/{one.response_id}"}
            for one in answered.words
        ],
    }


def _figures(sums: ByQuestion) -> list[dict[str, Any]]:
    scores = sums.scores
    if scores is None or scores.score is None:
        return []
    return [shown_figure(sums.question.kind, one) for one in (scores.score, *scores.also)]


def _option(place: Place, question: Question, project_name: str) -> dict[str, Any]:
    return {
        "label": option_label(question, place.id, project_name),
        "offered": place.offered,
        "part": place.chosen,
        "rank": place.rank and [f"{one:.1f}" for one in (place.rank.estimate or 0, place.rank.low, place.rank.high)],
    }


def _period(written: str) -> str:
    """`2026-11` in words; a year is its own."""
    year, _, month = written.partition("-")
    return f"{_MONTHS[int(month) - 1]} {year}" if month else year
