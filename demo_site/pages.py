"""Lantern's pages, and the forms on them. Every form works without scripts; with them nothing is reloaded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from demo_site.courses import Course, Lesson, Question
from demo_site.people import new_learner, new_visitor, person_of
from demo_site.progress import Standing
from demo_site.stage import course_of, form_of, go, page, remember, say, stage_of, wants_json, who

__all__ = ["become", "certificate", "collect", "course", "finish", "home", "lesson", "not_found", "quiz", "quiz_sent"]

#: The share of a quiz that has to be right for a certificate.
_PASS = 0.5


async def home(request: Request) -> Response:
    """Show all courses."""
    return page(request, "home.html")


async def course(request: Request) -> Response:
    """Show one course: what it teaches, its lessons, and how far the person has come."""
    found = course_of(request)
    return page(request, "course.html", course=found, standing=_standing(request, found))


async def lesson(request: Request) -> Response:
    """Show a lesson to read."""
    found, place = _lesson_of(request)
    lessons = found.lessons
    return page(
        request,
        "lesson.html",
        course=found,
        lesson=lessons[place],
        place=place,
        following=lessons[place + 1] if place + 1 < len(lessons) else None,
        standing=_standing(request, found),
    )


async def finish(request: Request) -> Response:
    """Note that a lesson is finished."""
    found, place = _lesson_of(request)
    await form_of(request)
    standing = _standing(request, found)
    standing.finished.add(found.lessons[place].key)
    stage_of(request).progress.keep(who(request).key, standing)
    return go(request, _lesson_path(found, found.lessons[place]), told=_told(request, standing))


async def quiz(request: Request) -> Response:
    """Show the quiz of a course."""
    found = course_of(request)
    return page(request, "quiz.html", course=found, standing=_standing(request, found), marks=None, passed=False)


async def quiz_sent(request: Request) -> Response:
    """Mark a quiz and keep its score. An answer that is missing counts as wrong."""
    found = course_of(request)
    chosen = await form_of(request)
    marks = [_mark(request, question, chosen.get(f"q{number}")) for number, question in enumerate(found.quiz)]
    standing = _standing(request, found)
    standing.score = sum(bool(mark["right"]) for mark in marks)
    stage_of(request).progress.keep(who(request).key, standing)
    if wants_json(request):
        return go(request, "", told={**_told(request, standing), "marks": marks})
    context: dict[str, Any] = {
        "marks": marks,
        "chosen": chosen,
        "passed": _passed(standing),
        "verdict": _verdict(request, standing),
    }
    return page(request, "quiz.html", course=found, standing=standing, **context)


async def certificate(request: Request) -> Response:
    """Show the certificate, or how to get there."""
    found = course_of(request)
    now = datetime.now(UTC)
    date = say(request)("{day} {month} {year}", day=now.day, month=f"{now:%B}", year=now.year, number=now.month)
    standing = _standing(request, found)
    return page(request, "certificate.html", course=found, standing=standing, passed=_passed(standing), date=date)


async def collect(request: Request) -> Response:
    """Close a course whose quiz was passed, which is what its certificate says."""
    found = course_of(request)
    await form_of(request)
    standing = _standing(request, found)
    if not _passed(standing):
        raise HTTPException(409)
    standing.certified = True
    stage_of(request).progress.keep(who(request).key, standing)
    return go(request, f"/course/{found.key}/certificate", told=_told(request, standing))


async def become(request: Request) -> Response:
    """Be somebody else from here on: one of the cast, a visitor, or somebody whom nobody has met."""
    form = await form_of(request)
    makers = {"visitor": new_visitor, "new": new_learner}
    wanted = form.get("person", "")
    person = makers[wanted]() if wanted in makers else person_of(wanted)
    if person is None:
        raise HTTPException(400)
    return remember(RedirectResponse(_own_path(form.get("back", "/")), 303), person)


async def not_found(request: Request, _error: Exception) -> Response:
    """Say that a page does not exist, in Lantern's own voice."""
    return page(request, "not_found.html", status=404)


def _standing(request: Request, found: Course) -> Standing:
    return stage_of(request).progress.standing(who(request).key, found)


def _lesson_of(request: Request) -> tuple[Course, int]:
    found = course_of(request)
    place = found.place_of(request.path_params["lesson"])
    if place is None:
        raise HTTPException(404)
    return found, place


def _lesson_path(found: Course, read: Lesson) -> str:
    return f"/course/{found.key}/lesson/{read.key}"


def _passed(standing: Standing) -> bool:
    return standing.score is not None and standing.score >= _PASS * len(standing.course.quiz)


def _own_path(path: str) -> str:
    """Return `path` if it is one of Lantern's, else the home page: a form must not lead to another site."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def _mark(request: Request, question: Question, chosen: str | None) -> dict[str, Any]:
    right = chosen == str(question.right)
    verdict = say(request)("Right." if right else "Not quite.")
    return {"right": right, "key": question.right, "because": f"{verdict} {question.because}"}


def _verdict(request: Request, standing: Standing) -> str:
    again = "Have another look at the lessons, then try again."
    return say(request)("That is a pass." if _passed(standing) else again)


def _told(request: Request, standing: Standing) -> dict[str, Any]:
    total = len(standing.course.lessons)
    return {
        "done": standing.done,
        "progress": say(request)("{done} of {total} lessons", done=standing.done, total=total),
        "score": standing.score,
        "questions": len(standing.course.quiz),
        "passed": _passed(standing),
        "verdict": _verdict(request, standing),
    }
