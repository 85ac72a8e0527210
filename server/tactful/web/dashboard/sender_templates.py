"""`/projects/{project_id}/receivers/templates/{name}`: what to paste into a product that posts to `/v1/track` itself,
with the service's own address in it, and a write key of its own that is shown once.
"""

from __future__ import annotations

from starlette.responses import Response

from tactful.clock import new_id, new_secret
from tactful.errors import NotFound
from tactful.store.installation import add_key
from tactful.web.access import page_response
from tactful.web.dashboard import samples
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.sender_templates import EVENT, TEMPLATES, Template, at, find_template

__all__ = ["make_key", "per_of", "template", "waiting_surveys"]

KEY = "WRITE_KEY"


@member_page("settings")
async def template(look: Look) -> str:
    """`GET`: the steps, with a place where the write key goes."""
    return _page(look, _wanted(look))


@member_page("settings", "admin")
async def make_key(look: Look) -> Response:
    """`POST .../key`: make one more write key and show the steps with it, this once."""
    wanted, key = _wanted(look), new_secret("wk")
    await look.service.db.run(add_key, look.project_id, "write", key, new_id(look.service.clock))
    return page_response(_page(look, wanted, key))


def waiting_surveys(look: Look, event: str) -> list[tuple[str, str]]:
    """The live surveys that wait for an event from a backend: name and address of each."""
    assert look.config is not None, "a page below a project"
    catalogue = look.config.catalogue
    keys = catalogue.waited_for_by(event, "server")
    return [(catalogue.surveys[key].survey.name, f"/projects/{look.project_id}/surveys/{key}") for key in keys]


def per_of(wanted: Template) -> str | None:
    """The property to ask once for. A trigger that names one which the event does not bring would ask nobody."""
    return "ticket_id" if '"ticket_id"' in wanted.body else None


def _wanted(look: Look) -> Template:
    found = find_template(look.request.path_params["name"])
    if found is None:
        raise NotFound("no_such_template", "There is no template of this name.")
    return at(look.service.settings.base_url, found)


def _page(look: Look, wanted: Template, key: str | None = None) -> str:
    return look.render(
        "receivers/template.html",
        title=wanted.title,
        sender=wanted,
        steps=[step.replace(KEY, key) if key else step for step in wanted.steps],
        others=[one for one in TEMPLATES if one.name != wanted.name],
        event=EVENT,
        key=key,
        waiting=waiting_surveys(look, EVENT),
        survey=samples.survey_for(EVENT, per_of(wanted)),
        may_make=look.member.may("admin"),
    )
