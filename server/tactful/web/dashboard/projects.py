"""`/projects`: the products that surveys are asked in; admins make new ones and see their keys, once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tactful.core.origins import read_origin
from tactful.core.spans import DAY_MS
from tactful.errors import BadRequest, Conflict
from tactful.newproject import new_project
from tactful.store.figures import project_activity
from tactful.store.projects import NewProject, create_project
from tactful.web.access import page_response
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.forms import read_form

__all__ = ["create", "home", "projects"]

_DAYS = 30
_LONGEST_NAME = 80

#: Every key by its name in `NewProject`: what it is called, what it is for, and whether it is shown again.
_KEYS = (
    ("public_key", "Public key", "Stands in the snippet on your pages. It is no secret.", True),
    ("write_key", "Write key", "Your backend sends events with it.", False),
    ("api_token", "API token", "Your programs read results and change surveys with it.", False),
    ("identity_secret", "Identity secret", "Your backend signs with it who is at the page.", False),
)


async def home(_request: Request) -> Response:
    """`GET /`: on to the projects."""
    return RedirectResponse("/projects", 303)


@member_page()
async def projects(look: Look) -> str:
    """All projects, and for admins the form for a new one."""
    return await _list(look, {}, "")


async def _list(look: Look, form: Mapping[str, str], fault: str) -> str:
    since = look.now_ms - _DAYS * DAY_MS
    activity = await look.service.db.scan(project_activity, [one.project_id for one in look.projects], since)
    lines: list[dict[str, Any]] = []
    for one in look.projects:
        config = await look.service.configs.get(one.project_id)
        states = [live.survey.state for live in config.catalogue.surveys.values()]
        lines.append(
            {"link": one, "surveys": len(states), "live": states.count("live"), "activity": activity[one.project_id]}
        )
    return look.render("projects.html", title="Projects", days=_DAYS, lines=lines, form=form, fault=fault)


@member_page(role="admin")
async def create(look: Look) -> str | Response:
    """Make a project and show its keys: those kept as hashes can be shown this once alone."""
    form = await read_form(look.request)
    try:
        made = _read(look, form)
        await look.service.db.run(create_project, made)
    except (BadRequest, Conflict) as error:
        return page_response(await _list(look, form, error.message), error.status)
    return _keys(look, made)


def _read(look: Look, form: Mapping[str, str]) -> NewProject:
    name = " ".join(form.get("name", "").split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise BadRequest("bad_name", f"Give the project a name of at most {_LONGEST_NAME} characters.")
    origins = []
    for written in form.get("origins", "").split():
        origin, fault = read_origin(written)
        if fault:
            raise BadRequest("bad_origin", f"“{written[:100]}”: {fault}")
        origins.append(origin)
    return new_project(look.service.clock, name, tuple(dict.fromkeys(origins)))


def _keys(look: Look, made: NewProject) -> str:
    keys = [
        {"name": name, "value": getattr(made, field), "about": about, "again": again}
        for field, name, about, again in _KEYS
    ]
    return look.render("project_keys.html", title=made.name, made=made, keys=keys)
