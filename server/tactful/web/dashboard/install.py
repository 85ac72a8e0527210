"""Install: the project's own snippet, its origins, and whether it works, seen from here at this moment.

Secrets are not shown again. The write key is kept as a hash; the identity secret could be shown, but whoever reads over
a shoulder could then sign for anybody, so both are told where they were printed and how to make new ones.
"""

from __future__ import annotations

import shlex
from typing import Any

from starlette.responses import RedirectResponse, Response

from tactful.core.origins import WITHOUT_ORIGIN, read_origin
from tactful.errors import BadRequest
from tactful.store.installation import change_origins
from tactful.store.projects import Config
from tactful.tokens import TEST
from tactful.web.access import page_response
from tactful.web.arrivals import Outcome
from tactful.web.dashboard import samples
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.forms import read_form
from tactful.web.rendering import render

__all__ = ["arrivals", "install", "origins"]

_SHOWN = 8
_SHOWN_ORIGINS = 6
_FRESH_MS = 4_000

_OUTCOMES: dict[Outcome, str] = {
    "waits": "a live survey waits for it",
    "kept": "kept with the person",
    "heard": "no live survey waits for it",
    "dropped": "unreadable, so it was dropped",
}


@member_page("install")
async def install(look: Look) -> str:
    """`GET /projects/{project_id}/install`."""
    return _page(look)


@member_page("install", "admin")
async def origins(look: Look) -> str | Response:
    """`POST /projects/{project_id}/install/origins`: list an origin, or take one off."""
    form = await read_form(look.request)
    written = form.get("origin", "")
    removed = form.get("what") == "remove"
    origin, fault = (written, "") if removed else read_origin(written)
    if not fault:
        try:
            await look.service.db.run(change_origins, look.project_id, origin, listed=not removed)
        except BadRequest as full:
            fault = full.message
    if fault:
        return page_response(_page(look, written=written, fault=fault), 422)
    await look.service.configs.refresh()
    return RedirectResponse(f"/projects/{look.project_id}/install#origins", 303)


@member_page("install")
async def arrivals(look: Look) -> str:
    """`GET /projects/{project_id}/install/arrivals`: the live check alone, which the page fetches again and again."""
    return render("arrivals.html", title="Live check", **_arrivals(look))


def _page(look: Look, *, written: str = "", fault: str = "") -> str:
    config = look.config
    assert config is not None, "a page below a project"
    base = look.service.settings.base_url
    watched = config.catalogue.watched_on_pages()
    name = shlex.quote(config.name)
    return look.render(
        "install.html",
        title="Install",
        config=config,
        may_change=look.member.may("admin"),
        may_test=look.member.may("editor"),
        listed=sorted(config.origins, key=lambda origin: (origin in WITHOUT_ORIGIN, origin)),
        written=written,
        fault=fault,
        snippets=samples.snippets(
            base, config, watched[0] if watched else samples.EVENT, look.request.app.state.widget.pinned
        ),
        signatures=samples.signatures(),
        backends=samples.backends(base, _backend_event(config)),
        watched=watched,
        tests=_test_links(look) if look.member.may("editor") else [],
        rotate={kind: f"tactful project rotate-key {kind} --project {name}" for kind in ("write", "identity")},
        revoke=f"tactful project revoke-keys identity --project {name}",
        **_arrivals(look),
    )


def _backend_event(config: Config) -> str:
    """The event to show: one that only a backend can send, else one that it may send."""
    for sources in (("server",), ("server", "any")):
        for name, waiting in sorted(config.catalogue.by_event.items()):
            if any(one.trigger.source in sources for one in waiting):
                return name
    return samples.EVENT


def _test_links(look: Look) -> list[tuple[str, str]]:
    """For each listed origin of the web, a link that makes the browser which opens it a test person's."""
    assert look.config is not None, "a page below a project"
    token = look.service.tokens.sign(TEST, [look.project_id])
    web = sorted(origin for origin in look.config.origins if origin not in WITHOUT_ORIGIN)
    return [(origin, f"{origin}/#tactful-test={token}") for origin in web]


def _arrivals(look: Look) -> dict[str, Any]:
    assert look.config is not None, "a page below a project"
    seen, now = look.service.arrivals, look.now_ms
    events = [
        {"at": at, "told": told, "outcome": _OUTCOMES[told.outcome], "fresh": now - at < _FRESH_MS}
        for at, told in seen.events(look.project_id)[:_SHOWN]
    ]
    origins_seen = seen.origins(look.project_id)[:_SHOWN_ORIGINS]
    callers = [{"seen": one, "listed": one.origin in look.config.origins} for one in origins_seen]
    return {
        "events": events,
        "callers": callers,
        "total": seen.total(look.project_id),
        "since": seen.since,
        "read_at": now,
        "here": f"/projects/{look.project_id}",
        "may_list": look.member.may("admin"),
    }
