"""`/projects/{project_id}/surveys/{key}/preview`: a survey in the real card, as it is kept or as it is about to be.

GET shows a version, the current one unless `version` says which. POST shows what is pasted as YAML, with every fault at
its line as `tactful apply` would tell it, and what applying it would mean. Neither writes anything.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from starlette.responses import Response

from tactful.core.reading import Definitions
from tactful.core.surveys import Survey
from tactful.definitions import as_yaml, load
from tactful.errors import Invalid, NotFound, TactfulError
from tactful.store.applying import plan_file
from tactful.store.versions import find_version
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.forms import read_form
from tactful.web.preview import Wish, drawn, link_of, preview_response, wish_of

__all__ = ["pasted", "preview"]

#: Percent-encoded, a text of other letters takes nine bytes for each.
_LARGEST_FORM = 1024 * 1024


class _Draft(NamedTuple):
    """What was pasted, and what came of it: the survey, if it can be shown, and what `apply` would say."""

    text: str
    survey: Survey | None = None
    faults: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()


async def _current(look: Look) -> tuple[Survey, int]:
    """The version that the address names, or the current one."""
    config, key = look.config, look.request.path_params["key"]
    assert config is not None, "a preview belongs to a project"
    live = config.catalogue.surveys.get(key)
    if live is None:
        raise NotFound("no_such_survey", "There is no such survey in this project.")
    written = look.request.query_params.get("version", "")
    if not written:
        return live.survey, live.version
    number = int(written) if written.isascii() and written.isdecimal() and len(written) < 16 else 0
    found = await look.service.db.read(find_version, look.project_id, key, number)
    if found is None:
        raise NotFound("no_such_version", "There is no such version of this survey.")
    return found.survey, found.version


@member_page("surveys")
async def preview(look: Look) -> Response:
    """One version of the survey in the card."""
    survey, version = await _current(look)
    wish = wish_of(look.request.query_params)
    return _page(look, survey, version, wish, _Draft(as_yaml(Definitions(None, (survey,)))))


@member_page("surveys", role="editor")
async def pasted(look: Look) -> Response:
    """What is pasted in the card, or every fault that it has."""
    kept, version = await _current(look)
    form = await read_form(look.request, _LARGEST_FORM)
    draft = await _read(look, form.get("yaml", ""), kept.key)
    return _page(look, draft.survey or kept, version, wish_of(form), draft)


async def _read(look: Look, text: str, key: str) -> _Draft:
    """Read what was pasted, as `apply` would; of several surveys the one of this page is shown, else the first."""
    try:
        loaded = load(text.encode(), "survey.yaml")
        changes = await look.service.db.scan(plan_file, look.project_id, loaded.definitions)
    except Invalid as invalid:
        return _Draft(text, faults=tuple(invalid.data["faults"]))
    except TactfulError as refused:
        return _Draft(text, faults=({"message": refused.message, "path": ""},))
    surveys = loaded.definitions.surveys
    shown = next((one for one in surveys if one.key == key), surveys[0] if surveys else None)
    if shown is None:
        return _Draft(text, faults=({"message": "it holds no survey", "path": "surveys"},))
    doubts = (f"Line {one.position.line}: {one.path}: {one.message}" for one in loaded.warnings)
    return _Draft(text, shown, notes=(*doubts, *(note for change in changes for note in change.means)))


def _page(look: Look, survey: Survey, version: int, wish: Wish, draft: _Draft) -> Response:
    assert look.config is not None, "a preview belongs to a project"
    key = look.request.path_params["key"]
    html = look.render(
        "preview.html",
        title=f"{survey.name}: preview",
        key=key,
        version=version,
        draft=draft,
        may_paste=look.member.may("editor"),
        link=link_of(look.service, look.project_id, key, version),
        **drawn(look.request, survey, look.config, wish),
    )
    return preview_response(html, 422 if draft.faults else 200)
