"""Settings, Identity: the mode, the secrets, who would be refused, and what to paste into a backend.

Everybody may look at the mode and the report; secrets are an admin's. One is shown once, on the page that answers the
form that made it, and never again but for its last four characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tactful.clock import new_id, new_secret
from tactful.core.spans import DAY_MS, format_span, parse_span
from tactful.errors import BadRequest, TactfulError
from tactful.identity import MODES, Accepts, Mode, Secret
from tactful.store.identity import KEEP_DAYS, add_secret_by, change_terms, counts_since, revoke_secret_by
from tactful.store.secrets import LONGEST_SECRET, MOST_SECRETS, SHORTEST_SECRET, live_secrets
from tactful.web.access import page_response
from tactful.web.dashboard import samples
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.forms import read_form
from tactful.web.identities import ACCEPTS, MODE_WORDS, OUTCOMES, report_of
from tactful.web.login import go_to
from tactful.web.privacy import act

__all__ = ["add", "change", "identity", "revoke"]

_DONE = {
    "changed": "The settings are changed. Every node goes by them within two seconds.",
    "added": "The secret is live. The other one stays good until you revoke it.",
    "revoked": "The secret is revoked: what it made proves nothing any more.",
}
_SHOWN_DAYS = 14


@dataclass(frozen=True, slots=True)
class _Told:
    """What a form came to: a fault and at which form, or the secret that was made."""

    fault: str = ""
    at: str = ""
    made: str = ""


_NOTHING = _Told()


async def _page(look: Look, told: _Told = _NOTHING) -> str:
    config = look.config
    assert config is not None, "a page below a project"
    may_change, db = look.member.may("admin"), look.service.db
    counts = await db.read(counts_since, config.project_id, look.now_ms // DAY_MS - KEEP_DAYS)
    report = report_of(counts)
    return look.render(
        "identity.html",
        title="Identity",
        terms=config.identity,
        longest=format_span(config.identity.longest_ms),
        modes=[(mode, MODE_WORDS[mode]) for mode in MODES],
        may_change=may_change,
        secrets=await db.read(live_secrets, config.project_id) if may_change else (),
        most_secrets=MOST_SECRETS,
        bounds=(SHORTEST_SECRET, LONGEST_SECRET),
        accepts=ACCEPTS,
        report=report,
        days=[(day * DAY_MS, found) for day, found in report.days[:_SHOWN_DAYS]],
        words=OUTCOMES,
        hashes=samples.signatures(),
        tokens=samples.tokens(),
        page_code=samples.proven(),
        told=told,
        done=_DONE.get(look.request.query_params.get("done", "")),
    )


async def _changed(look: Look, done: str) -> Response:
    await look.service.configs.refresh()
    look.service.updates.tell_all("change")
    return go_to(f"/projects/{look.project_id}/settings/identity?done={done}")


@member_page("settings")
async def identity(look: Look) -> str:
    """`GET /projects/{project_id}/settings/identity`."""
    return await _page(look)


@member_page("settings", role="admin")
async def change(look: Look) -> Response:
    """`POST /projects/{project_id}/settings/identity`: the mode, and how long a token may be valid."""
    form = await read_form(look.request)
    try:
        wanted = _mode(form.get("mode", "")), _life(form.get("longest", ""))
        await look.service.db.run(change_terms, look.project_id, *wanted, act(look.service.clock, look.member.email))
    except BadRequest as error:
        return page_response(await _page(look, _Told(error.message, "mode")), error.status)
    return await _changed(look, "changed")


def _mode(text: str) -> Mode:
    for mode in MODES:
        if text == mode:
            return mode
    raise BadRequest("bad_mode", f"A mode is one of {', '.join(MODES)}.")


def _life(text: str) -> int:
    span = parse_span(text.strip())
    if span is None:
        raise BadRequest("bad_life", "Write how long a token may be valid as 1h, 24h or 7d.")
    return span


def _accepts(form: Mapping[str, Any]) -> Accepts:
    wanted = form.get("accepts", "any")
    kinds: tuple[Accepts, ...] = ("any", "hash", "token")
    for kind in kinds:
        if wanted == kind:
            return kind
    raise BadRequest("bad_kind", f"A secret accepts one of {', '.join(kinds)}.")


@member_page("settings", role="admin")
async def add(look: Look) -> Response:
    """`POST /projects/{project_id}/settings/identity/secrets`: make and show a secret, or take a pasted one."""
    form, clock = await read_form(look.request), look.service.clock
    pasted = form.get("secret")
    made = new_secret("ids") if pasted is None else ""
    try:
        secret = Secret(new_id(clock), made or (pasted or "").strip(), _accepts(form))
        await look.service.db.run(add_secret_by, look.project_id, secret, act(clock, look.member.email))
    except TactfulError as error:
        return page_response(
            await _page(look, _Told(error.message, "paste" if pasted is not None else "make")), error.status
        )
    shown = await _changed(look, "added")
    return page_response(await _page(look, _Told(made=made)), 201) if made else shown


@member_page("settings", role="admin")
async def revoke(look: Look) -> Response:
    """`POST /projects/{project_id}/settings/identity/secrets/{secret_id}/revoke`, once it is meant for sure."""
    if (await read_form(look.request)).get("sure") != "yes":
        raise BadRequest("not_sure", "Tick the box that says that no backend signs with it any more.")
    secret_id = str(look.request.path_params["secret_id"])
    await look.service.db.run(revoke_secret_by, look.project_id, secret_id, act(look.service.clock, look.member.email))
    return await _changed(look, "revoked")
