"""`/projects/{project_id}/receivers`: the addresses that take the webhooks of other products.

One is made of a preset with one click, since its address is what the sender wants first and often gives a secret for.
Its page then leads through the rest. A secret that is made here is shown once; those that are live are never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from starlette.responses import Response

from tactful.clock import new_secret
from tactful.core.reading import read_receiver
from tactful.core.receivers import PRESETS, Open, Receiver, read
from tactful.errors import BadRequest, Conflict
from tactful.store import receivers as store
from tactful.store.audit import Act
from tactful.store.receivers import Listed, NewSecret, list_receivers, read_receiver_of
from tactful.web.access import page_response
from tactful.web.dashboard import samples
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.dashboard.labels import query
from tactful.web.dashboard.payloads import example_for
from tactful.web.dashboard.receiver_came import came, last_refused, so_far, uses_previous
from tactful.web.dashboard.receiver_senders import CUSTOM, PRODUCTS, SENDERS, preset_of
from tactful.web.dashboard.receiver_summary import summary_of
from tactful.web.dashboard.sender_templates import waiting_surveys
from tactful.web.forms import read_form
from tactful.web.login import go_to
from tactful.web.privacy import act
from tactful.web.receiver_secrets import address_told, any_secret, made_secret
from tactful.web.rendering import render
from tactful.web.sender_templates import TEMPLATES

__all__ = [
    "act_of",
    "create",
    "delete",
    "deliveries",
    "here",
    "receiver",
    "receivers",
    "secret",
    "stored_of",
]

_DONE = {
    "made": "It is there. What is left to do stands below.",
    "saved": "Saved. What comes from now on is read so.",
    "secret": "The secret is saved and good from now on.",
    "ended": "Only the newest secret is good from now on.",
    "deleted": "The receiver is deleted. Its address answers nobody any more.",
}


def here(look: Look, key: str | None = None) -> str:
    """The address of the list, or of one receiver's page."""
    return f"/projects/{look.project_id}/receivers" + (f"/{key}" if key is not None else "")


def act_of(look: Look) -> Act:
    """The record of what the member does now."""
    return act(look.service.clock, look.member.email)


async def stored_of(look: Look) -> Listed:
    """The receiver that the page's address names. Raises `NotFound`."""
    return await look.service.db.read(read_receiver_of, look.project_id, look.request.path_params["key"])


# The list


@member_page("settings")
async def receivers(look: Look) -> str:
    """`GET`: all of them, what could be added, and the products that need none."""
    return await _list(look)


async def _list(look: Look, fault: str = "") -> str:
    found = await look.service.db.read(list_receivers, look.project_id)
    return look.render(
        "receivers/list.html",
        title="Receivers",
        lines=[_line(look, one) for one in found],
        products=[_card(key) for key in PRODUCTS],
        others=[_card(key) for key in SENDERS if key not in PRODUCTS],
        templates=TEMPLATES,
        may_change=look.member.may("admin"),
        done=_DONE.get(query(look, "done") or ""),
        fault=fault,
    )


def _card(key: str) -> dict[str, str]:
    return {"preset": key, "name": SENDERS[key].name, "about": SENDERS[key].about}


def _line(look: Look, listed: Listed) -> dict[str, Any]:
    receiver = listed.stored.receiver
    preset = preset_of(receiver)
    taken = so_far(look, listed).get("taken")
    return {
        "key": receiver.key,
        "name": receiver.name,
        "preset": SENDERS[preset].name if preset else None,
        "event": receiver.event if isinstance(receiver.event, str) else f"whatever `{receiver.event[0]}` says",
        "taken": taken,
        "refused": last_refused(look, listed),
        "needs_secret": not listed.stored.secrets and not isinstance(receiver.auth, Open),
    }


@member_page("settings", "admin")
async def create(look: Look) -> str | Response:
    """`POST`: make one of a preset. Where the secret is ours to make, it is shown at once."""
    preset = (await read_form(look.request)).get("preset", "")
    if preset not in SENDERS:
        return page_response(await _list(look, "Choose one of these."), 422)
    try:
        key, secret = await _made(look, preset)
    except Conflict as full:
        return page_response(await _list(look, full.message), full.status)
    if secret is None:
        return go_to(f"{here(look, key)}?done=made")
    return page_response(_page(look, await _named(look, key), fresh=secret))


async def _made(look: Look, preset: str) -> tuple[str, str | None]:
    """Make one of a preset, under the first key that nobody has or takes meanwhile; its key, and the secret if that is
    ours to make."""
    fields = SENDERS[preset].fields
    while True:
        found = await look.service.db.read(list_receivers, look.project_id)
        key, number = _free({one.stored.receiver.key for one in found}, preset)
        name = fields["name"] if number == 1 else f"{fields['name']} {number}"
        made = read_receiver({**fields, "key": key, "name": name}).value
        assert made is not None, f"the preset {preset} does not read"
        secret = made_secret(made.auth)
        if await look.service.db.run(
            store.add_receiver, look.project_id, made, new_secret("rcv"), secret, act_of(look)
        ):
            return key, secret


async def _named(look: Look, key: str) -> Listed:
    return await look.service.db.read(read_receiver_of, look.project_id, key)


def _free(taken: set[str], preset: str) -> tuple[str, int]:
    """A key of the preset that nobody has yet, and its number."""
    keys = ((preset if number == 1 else f"{preset}-{number}", number) for number in count(1))
    return next((key, number) for key, number in keys if key not in taken)


# One receiver


@member_page("settings")
async def receiver(look: Look) -> str:
    """`GET .../{key}`: what is left to do, how it is read, and what came."""
    return _page(look, await stored_of(look))


@member_page("settings")
async def deliveries(look: Look) -> str:
    """`GET .../{key}/deliveries`: what came alone, which the page fetches again and again."""
    found = await stored_of(look)
    return render("receivers/deliveries.html", title="Last deliveries", now_ms=look.now_ms, **came(look, found))


@member_page("settings", "admin")
async def secret(look: Look) -> str | Response:
    """`POST .../{key}/secret`: take the sender's, make one of ours, or end the previous one."""
    form, found = await read_form(look.request), await stored_of(look)
    key, what, given = found.stored.receiver.key, form.get("what"), form.get("secret", "").strip()
    if what == "end":
        await look.service.db.run(store.end_previous_secret, look.project_id, key, act_of(look))
        return go_to(f"{here(look, key)}?done=ended#secret")
    made = any_secret(found.stored.receiver.auth) if what == "make" else None
    try:
        await look.service.db.run(store.change_secret, look.project_id, key, NewSecret(made or given), act_of(look))
    except Conflict as unfit:
        return page_response(_page(look, found, fault=unfit.message), 422)
    if made is None:
        return go_to(f"{here(look, key)}?done=secret#secret")
    return page_response(_page(look, await _named(look, key), fresh=made))


@member_page("settings", "admin")
async def delete(look: Look) -> Response:
    """`POST .../{key}/delete`: for ever, once it is said that this is meant."""
    form, found = await read_form(look.request), await stored_of(look)
    if form.get("sure") != "yes":
        raise BadRequest("not_sure", "Tick the box that says that it may be deleted.")
    await look.service.db.run(store.delete_receiver, look.project_id, found.stored.receiver.key, act_of(look))
    return go_to(f"{here(look)}?done=deleted")


def _page(look: Look, listed: Listed, *, fresh: str | None = None, fault: str = "") -> str:
    stored = listed.stored
    key = preset_of(stored.receiver)
    preset = SENDERS[key] if key else CUSTOM
    event = stored.receiver.event
    named = event if isinstance(event, str) else None
    return look.render(
        "receivers/one.html",
        title=stored.receiver.name,
        receiver=stored.receiver,
        about=preset.about,
        advice=preset.advice,
        ours=made_secret(stored.receiver.auth) is not None,
        may_make=key not in PRESETS,
        sender=preset.name if key in PRODUCTS else "the sender",
        address=address_told(look.service.settings.base_url, stored, may_write=look.member.may("admin")),
        takes_secret=not isinstance(stored.receiver.auth, Open),
        secrets=len(stored.secrets),
        secret_at=stored.secret_at,
        uses_previous=uses_previous(look, listed),
        fresh=fresh,
        fault=fault,
        event=named,
        event_paths=None if named else ", ".join(event),
        waiting=waiting_surveys(look, named) if named else [],
        survey=samples.survey_for(named or _example_event(look, stored.receiver), _per(stored.receiver)),
        summary=summary_of(stored.receiver),
        may_change=look.member.may("admin"),
        done=_DONE.get(query(look, "done") or ""),
        **came(look, listed),
    )


def _example_event(look: Look, receiver: Receiver) -> str:
    """An event as the sender may call it."""
    return read(receiver, example_for(receiver, preset_of(receiver), look.now_ms), look.now_ms).event or "Event"


def _per(receiver: Receiver) -> str | None:
    """The property that names the single thing to ask about, if one is called like an id."""
    names = receiver.properties if isinstance(receiver.properties, Mapping) else ()
    return next((name for name in names if name.endswith("_id")), None)
