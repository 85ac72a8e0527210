"""What the panel asks: Tactful, whether each survey may ask now, and if not, why and until when; and Lantern's own
backend, what it told Tactful.

On a learner's pages both are about the learner; at the desk, about the writer of the ticket and about the agent.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import httpx2
import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo_site.desk import signed_in
from demo_site.help import number_of
from demo_site.occasions import Occasion
from demo_site.people import Person
from demo_site.stage import Stage, stage_of, who

__all__ = ["said", "said_at_desk", "why", "why_of_ticket"]

_ANONYMOUS_ID = re.compile(r"[\w.:-]{1,128}")


async def why(request: Request) -> Response:
    """Answer `{met, now, surveys: [{survey, name, when, may_ask, refusals, ...}]}` for the person of this browser.

    A visitor is known to Tactful by the id that the widget made, which the page passes as `anonymous_id`. Somebody
    whom Tactful has not met is not refused anything. 502 with `{trouble}` when Tactful does not answer as agreed.
    """
    return await _why(stage_of(request), _names(who(request), request.query_params.get("anonymous_id")))


async def why_of_ticket(request: Request) -> Response:
    """Answer as `why`, for the writer of a ticket, to whoever is at the desk."""
    stage = stage_of(request)
    found = stage.tickets.find(number_of(request))
    if signed_in(request) is None or found is None:
        raise HTTPException(404)
    return await _why(stage, _names(found.person, None))


async def said(request: Request) -> Response:
    """Answer `{said: [...]}`: what Lantern's backend told Tactful about this person after the note `after`."""
    return _said(request, who(request).key)


async def said_at_desk(request: Request) -> Response:
    """Answer as `said`: what Lantern's backend told Tactful because of what this agent did."""
    agent = signed_in(request)
    return _said(request, agent.key if agent else "")


def _said(request: Request, key: str) -> Response:
    written = request.query_params.get("after", "")
    after = int(written) if written.isascii() and written.isdecimal() and len(written) < 16 else 0
    notes = stage_of(request).backend.notes_for(key, after)
    return JSONResponse({"said": [asdict(note) for note in notes]})


async def _why(stage: Stage, names: dict[str, str]) -> Response:
    try:
        found = await _ask(stage, names)
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        return JSONResponse({"trouble": _trouble(error, stage)}, 502)
    return JSONResponse(_with_occasions(stage, found))


def _names(person: Person, anonymous_id: str | None) -> dict[str, str]:
    """Choose how to name the person to Tactful; an empty result means that it cannot know them yet."""
    if person.user_id is not None:
        return {"user_id": person.user_id}
    if anonymous_id is not None and _ANONYMOUS_ID.fullmatch(anonymous_id):
        return {"anonymous_id": anonymous_id}
    return {}


async def _ask(stage: Stage, names: dict[str, str]) -> dict[str, Any] | None:
    if not names:
        return None
    people = (await _get(stage, "/api/v1/people", names))["data"]
    if not people:
        return None
    told: dict[str, Any] = await _get(stage, f"/api/v1/people/{people[0]['id']}/why", {})
    return told


async def _get(stage: Stage, path: str, query: dict[str, str]) -> Any:
    response = await stage.tactful.get(path, params=query)
    response.raise_for_status()
    return response.json()


def _with_occasions(stage: Stage, found: dict[str, Any] | None) -> dict[str, Any]:
    """Add to each survey when it asks; for somebody not met yet, list what could be asked."""
    if found is None:
        unmet = {"may_ask": True, "refusals": [], "rules": []}
        return {"met": False, "surveys": [{**_occasion(stage, key), **unmet} for key in stage.occasions]}
    surveys = [{**_occasion(stage, survey["survey"]), **survey} for survey in found["surveys"]]
    order = {key: place for place, key in enumerate(stage.occasions)}
    surveys.sort(key=lambda survey: order.get(survey["survey"], len(order)))
    return {"met": True, "now": found.get("now"), "person": found.get("person"), "surveys": surveys}


def _occasion(stage: Stage, key: str) -> dict[str, Any]:
    occasion = stage.occasions.get(key) or Occasion(name=key, when="", events=())
    return {"survey": key, **msgspec.to_builtins(occasion)}


def _trouble(error: Exception, stage: Stage) -> str:
    where = stage.settings.tactful_url
    if isinstance(error, httpx2.HTTPStatusError):
        return f"Tactful at {where} answered with status {error.response.status_code}."
    if isinstance(error, httpx2.HTTPError):
        return f"Tactful does not answer at {where}."
    return f"Tactful at {where} gave an answer that this panel does not understand."
