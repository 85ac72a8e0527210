"""What a member does for a person, from the person's page: hand out what is held of them, erase them, end an opt-out
that they want ended, and make a test person one who counts again. Every act is recorded (`store/audit.py`).
"""

from __future__ import annotations

import orjson
from starlette.responses import Response

from tactful.errors import BadRequest
from tactful.store.erasure import end_opt_out, end_test, erase, export, find_by_id
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.forms import read_form
from tactful.web.login import go_to
from tactful.web.privacy import act, exported_json

__all__ = ["download", "end_being_test", "end_their_opt_out", "erase_person"]


def _wanted(look: Look) -> str:
    return str(look.request.path_params["person_id"])


def _page(look: Look, done: str) -> Response:
    look.service.updates.tell_all("change")
    return go_to(f"/projects/{look.project_id}/people/{_wanted(look)}?done={done}")


@member_page("people")
async def download(look: Look) -> Response:
    """`GET /projects/{project_id}/people/{person_id}/export`: everything that is held of them, as a file of JSON."""
    person_id = await look.service.db.read(find_by_id, look.project_id, _wanted(look))
    tables = await look.service.db.scan(export, look.project_id, person_id)
    assert look.config is not None, "a page below a project"
    told = exported_json(look.config.name, person_id, tables, look.now_ms)
    headers = {"Content-Disposition": f'attachment; filename="person-{person_id}.json"'}
    return Response(orjson.dumps(told, option=orjson.OPT_INDENT_2), headers=headers, media_type="application/json")


@member_page("people", role="editor")
async def erase_person(look: Look) -> Response:
    """`POST /projects/{project_id}/people/{person_id}/erase`: for ever, once it is said that this is meant."""
    if (await read_form(look.request)).get("sure") != "yes":
        raise BadRequest("not_sure", "Tick the box that says that this cannot be undone.")
    await look.service.db.run(erase, look.project_id, _wanted(look), act(look.service.clock, look.member.email))
    await look.service.forget_erased(look.project_id)
    look.service.updates.tell_all("change")
    return go_to(f"/projects/{look.project_id}/people?done=erased")


@member_page("people", role="admin")
async def end_their_opt_out(look: Look) -> Response:
    """`POST /projects/{project_id}/people/{person_id}/opt-out/end`: the person said that they may be asked again."""
    if (await read_form(look.request)).get("sure") != "yes":
        raise BadRequest("not_sure", "Tick the box that says that the person wants this.")
    db = look.service.db
    await db.run(end_opt_out, look.project_id, _wanted(look), act(look.service.clock, look.member.email))
    return _page(look, "opt-out")


@member_page("people", role="editor")
async def end_being_test(look: Look) -> Response:
    """`POST /projects/{project_id}/people/{person_id}/test/end`: they count from now on."""
    await look.service.db.run(end_test, look.project_id, _wanted(look), act(look.service.clock, look.member.email))
    return _page(look, "test")
