"""`/projects/{project_id}/receivers/{key}/try`: how a payload would be read, step by step, with nothing written.

The page opens with an example and what comes of it. What is pasted in its place is looked at (`trying.py`) and
forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from tactful.core.reading import write_receiver
from tactful.core.receivers import Hmac, Mapped, Open, Receiver
from tactful.identity import Identity, id_or_none
from tactful.store.people import find_alias
from tactful.store.receivers import Stored, find_by_email
from tactful.web.access import page_response
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.dashboard.payloads import example_for
from tactful.web.dashboard.receiver_senders import preset_of
from tactful.web.dashboard.receivers import stored_of
from tactful.web.dashboard.trying import consequences, read_pasted, try_out
from tactful.web.forms import read_form
from tactful.web.receivers import IGNORED

__all__ = ["example", "try_it"]

#: A payload as a form sends it: most of JSON's characters become three.
_LIMIT = 512 * 1_024


@member_page("settings")
async def example(look: Look) -> str:
    """`GET`: an example payload, read."""
    stored = (await stored_of(look)).stored
    payload = example_for(stored.receiver, preset_of(stored.receiver), look.now_ms)
    text = orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode()
    return await _page(look, stored, text, "", is_own=False)


@member_page("settings", "editor")
async def try_it(look: Look) -> str | Response:
    """`POST`: what was pasted, read."""
    stored, form = (await stored_of(look)).stored, await read_form(look.request, _LIMIT)
    page = await _page(look, stored, form.get("payload", ""), form.get("headers", ""), is_own=True)
    return page_response(page)


async def _page(look: Look, stored: Stored, payload: str, headers: str, *, is_own: bool) -> str:
    config = look.config
    assert config is not None, "a page below a project"
    pasted = read_pasted(payload, headers)
    tried = None if pasted.faults else try_out(stored.receiver, stored.secrets, pasted, look.now_ms)
    return look.render(
        "receivers/try.html",
        title=f"{stored.receiver.name}: try it",
        receiver=stored.receiver,
        payload=payload,
        headers=headers,
        faults=pasted.faults,
        header_example=_headers_of(stored.receiver),
        is_own=is_own,
        may_try=look.member.may("editor"),
        tried=tried,
        who=tried and _who(tried.mapped),
        person=await _person(look, tried.mapped) if tried else None,
        consequences=consequences(config.catalogue, tried.mapped, look.now_ms) if tried else [],
    )


def _who(mapped: Mapped) -> str:
    return mapped.user_id or mapped.anonymous_id or mapped.email or ""


def _headers_of(receiver: Receiver) -> str:
    """The headers that matter, to be filled in."""
    auth = write_receiver(receiver)["auth"]
    parts = [auth[name] for name in ("signature", "timestamp", "message_id") if name in auth]
    if isinstance(receiver.auth, Hmac):
        names = dict.fromkeys(one if isinstance(one, str) else one["header"] for one in parts)
        return "\n".join(f"{name}: ..." for name in names)
    return "" if isinstance(receiver.auth, Open) else f"{auth.get('header', 'Authorization')}: ..."


async def _person(look: Look, mapped: Mapped) -> Mapping[str, Any] | None:
    """Whom the event would be about: somebody known, somebody new, or nobody."""
    if _who(mapped) == "":
        return None
    user_id, told = mapped.user_id, ""
    if mapped.user_id is None and mapped.anonymous_id is None:
        named = await look.service.db.read(find_by_email, look.project_id, mapped.email or "")
        if len(named) != 1:
            return {"ok": False, "told": IGNORED["ambiguous_email" if named else "unknown_email"], "href": None}
        user_id, told = named[0], "Known by this address: "
    identity = Identity(id_or_none(user_id), id_or_none(mapped.anonymous_id), proved=True)
    for alias in identity.aliases:
        person_id = await look.service.db.read(find_alias, look.project_id, alias)
        if person_id is not None:
            href = f"/projects/{look.project_id}/people/{person_id}"
            return {"ok": True, "told": told or "Known here: ", "href": href, "label": user_id or mapped.anonymous_id}
    return {
        "ok": True,
        "told": f"Nobody is known as “{_who(mapped)}” yet; the event would be their first.",
        "href": None,
    }
