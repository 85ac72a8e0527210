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
from tactful.core.reading import read_receiver, write_receiver
from tactful.core.receivers import PRESETS, Hmac, Open, Preset, Receiver, read
from tactful.errors import BadRequest, Conflict
from tactful.sources import write_yaml
from tactful.store import receivers as store
from tactful.store.audit import Act
from tactful.store.receivers import Listed, NewSecret, Outcome, Stored, Tally, list_receivers, read_receiver_of
from tactful.web.access import page_response
from tactful.web.dashboard import samples
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.dashboard.labels import query
from tactful.web.dashboard.payloads import example_for
from tactful.web.dashboard.sender_templates import waiting_surveys
from tactful.web.forms import read_form
from tactful.web.login import go_to
from tactful.web.manage_receivers import address_of, made_secret
from tactful.web.privacy import act
from tactful.web.receipts import Receipt
from tactful.web.rendering import render
from tactful.web.sender_templates import TEMPLATES

__all__ = [
    "act_of",
    "create",
    "delete",
    "deliveries",
    "here",
    "preset_of",
    "receiver",
    "receivers",
    "secret",
    "stored_of",
]

_FRESH_MS = 4_000
_SHOWN = 10

#: For whoever signs in a way of their own: something to begin with, which its form then changes.
_CUSTOM = Preset(
    name="Something else",
    about="A product that signs its webhooks in a way of its own. You say which header, which algorithm, and where in "
    "the payload things stand.",
    advice="Both sides need the same secret.",
    ours=False,
    fields={
        **PRESETS["bearer"].fields,
        "name": "Webhook",
        "auth": {"kind": "hmac", "signature": {"header": "X-Signature", "prefix": "sha256="}},
    },
)
_CARDS: Mapping[str, Preset] = {**PRESETS, "webhook": _CUSTOM}
#: The presets that are a product each; the others are ways to send.
_PRODUCTS = ("chatwoot", "intercom", "stripe")

_DONE = {
    "made": "It is there. What is left to do stands below.",
    "saved": "Saved. What comes from now on is read so.",
    "secret": "The secret is saved and good from now on.",
    "ended": "Only the newest secret is good from now on.",
    "deleted": "The receiver is deleted. Its address answers nobody any more.",
}
#: How what became of a webhook looks and is called.
_OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    "taken": ("kept", "Taken"),
    "ignored": ("left", "Left out"),
    "duplicate": ("left", "Came before"),
    "refused": ("dropped", "Refused"),
    "unreadable": ("dropped", "Unreadable"),
}
_REFUSED: tuple[Outcome, ...] = ("refused", "unreadable")


def preset_of(receiver: Receiver) -> str | None:
    """The preset that a receiver was made of, told by how its webhooks are proved: each sender has a way of its own."""
    for key, preset in _CARDS.items():
        made = read_receiver({"key": receiver.key, **preset.fields}).value
        assert made is not None, f"the preset {key} does not read"
        if made.auth == receiver.auth and (isinstance(made.auth, Hmac) or made.event == receiver.event):
            return key
    return None


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
        products=[_card(key) for key in _PRODUCTS],
        others=[_card(key) for key in _CARDS if key not in _PRODUCTS],
        templates=TEMPLATES,
        may_change=look.member.may("admin"),
        done=_DONE.get(query(look, "done") or ""),
        fault=fault,
    )


def _card(key: str) -> dict[str, str]:
    return {"preset": key, "name": _CARDS[key].name, "about": _CARDS[key].about}


def _line(look: Look, listed: Listed) -> dict[str, Any]:
    receiver = listed.stored.receiver
    preset = preset_of(receiver)
    taken = _so_far(look, listed).get("taken")
    return {
        "key": receiver.key,
        "name": receiver.name,
        "preset": _CARDS[preset].name if preset else None,
        "event": receiver.event if isinstance(receiver.event, str) else f"whatever `{receiver.event[0]}` says",
        "taken": taken,
        "refused": _last_refused(look, listed),
        "needs_secret": not listed.stored.secrets and not isinstance(receiver.auth, Open),
    }


def _so_far(look: Look, listed: Listed) -> dict[str, Tally]:
    """What became of what came: the counts that are written, and on top what this node has still to write."""
    found = dict(listed.tallies)
    for outcome, tally in look.service.receipts.uncounted(listed.stored.receiver_id).items():
        times = found[outcome].times if outcome in found else 0
        found[outcome] = tally._replace(times=times + tally.times)
    return found


def _last_refused(look: Look, listed: Listed) -> dict[str, Any] | None:
    """The last that was refused, if nothing was taken since; why is known to the node that refused it."""
    so_far = _so_far(look, listed)
    at = max((so_far[one].last_at for one in _REFUSED if one in so_far), default=0)
    if at <= (so_far["taken"].last_at if "taken" in so_far else 0):
        return None
    known = look.service.receipts.last(look.project_id, listed.stored.receiver_id)
    told = next((one.message for when, one in known if one.outcome in _REFUSED and when == at), "")
    return {"at": at, "told": told}


@member_page("settings", "admin")
async def create(look: Look) -> str | Response:
    """`POST`: make one of a preset. Where the secret is ours to make, it is shown at once."""
    preset = (await read_form(look.request)).get("preset", "")
    if preset not in _CARDS:
        return page_response(await _list(look, "Choose one of these."), 422)
    found = await look.service.db.read(list_receivers, look.project_id)
    key, number = _free({one.stored.receiver.key for one in found}, preset)
    fields = _CARDS[preset].fields
    name = fields["name"] if number == 1 else f"{fields['name']} {number}"
    made = read_receiver({**fields, "key": key, "name": name}).value
    assert made is not None, f"the preset {preset} does not read"
    secret = made_secret(made.auth)
    try:
        await look.service.db.run(
            store.put_receiver, look.project_id, made, new_secret("rcv"), _first(secret), act_of(look)
        )
    except Conflict as full:
        return page_response(await _list(look, full.message), full.status)
    if secret is None:
        return go_to(f"{here(look, key)}?done=made")
    return page_response(_page(look, await _named(look, key), fresh=secret))


def _first(secret: str | None) -> store.FirstSecret:
    return store.FirstSecret(None, secret)


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
    return render("receivers/deliveries.html", title="Last deliveries", now_ms=look.now_ms, **_came(look, found))


@member_page("settings", "admin")
async def secret(look: Look) -> str | Response:
    """`POST .../{key}/secret`: take the sender's, make one of ours, or end the previous one."""
    form, found = await read_form(look.request), await stored_of(look)
    key, what, given = found.stored.receiver.key, form.get("what"), form.get("secret", "").strip()
    if what == "end":
        await look.service.db.run(store.end_previous_secret, look.project_id, key, act_of(look))
        return go_to(f"{here(look, key)}?done=ended#secret")
    made = _make(found.stored.receiver) if what == "make" else None
    try:
        await look.service.db.run(store.change_secret, look.project_id, key, NewSecret(made or given), act_of(look))
    except Conflict as unfit:
        return page_response(_page(look, found, fault=unfit.message), 422)
    if made is None:
        return go_to(f"{here(look, key)}?done=secret#secret")
    return page_response(_page(look, await _named(look, key), fresh=made))


def _make(receiver: Receiver) -> str:
    """A secret of ours. For a signature it has the form that is base64 too, so that it fits either way of taking it."""
    return made_secret(receiver.auth) or new_secret("whsec")


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
    preset = _CARDS[key] if key else _CUSTOM
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
        sender=preset.name if key in _PRODUCTS else "the sender",
        address=_address(look, stored),
        takes_secret=not isinstance(stored.receiver.auth, Open),
        secrets=len(stored.secrets),
        secret_at=stored.secret_at,
        uses_previous=_uses_previous(look, stored),
        fresh=fresh,
        fault=fault,
        event=named,
        event_paths=None if named else ", ".join(event),
        waiting=waiting_surveys(look, named) if named else [],
        survey=samples.survey_for(named or _example_event(look, stored.receiver), _per(stored.receiver)),
        summary=_summary(stored.receiver),
        may_change=look.member.may("admin"),
        done=_DONE.get(query(look, "done") or ""),
        **_came(look, listed),
    )


def _address(look: Look, stored: Stored) -> str | None:
    """Where its webhooks are sent. Where nothing else proves them the address is the secret, and an admin's: whoever
    may only read must not be able to send."""
    if isinstance(stored.receiver.auth, Open) and not look.member.may("admin"):
        return None
    return address_of(look.service.settings.base_url, stored.receiver_id)


def _example_event(look: Look, receiver: Receiver) -> str:
    """An event as the sender may call it."""
    return read(receiver, example_for(receiver, preset_of(receiver), look.now_ms), look.now_ms).event or "Event"


def _uses_previous(look: Look, stored: Stored) -> bool:
    """Whether the last webhook that was proved was proved by the secret before the newest."""
    known = look.service.receipts.last(look.project_id, stored.receiver_id)
    return next((one.secret == 1 for _, one in known if one.secret is not None), False)


def _per(receiver: Receiver) -> str | None:
    """The property that names the single thing to ask about, if one is called like an id."""
    names = receiver.properties if isinstance(receiver.properties, Mapping) else ()
    return next((name for name in names if name.endswith("_id")), None)


def _came(look: Look, listed: Listed) -> dict[str, Any]:
    stored = listed.stored
    known = look.service.receipts.last(look.project_id, stored.receiver_id)
    so_far = _so_far(look, listed)
    return {
        "deliveries": [_delivery(look, at, one) for at, one in known[:_SHOWN]],
        "counts": [(_OUTCOMES[one][1], so_far[one].times) for one in _OUTCOMES if one in so_far],
        "total": sum(tally.times for tally in so_far.values()),
        "people": f"/projects/{look.project_id}/people",
    }


def _delivery(look: Look, at: int, one: Receipt) -> dict[str, Any]:
    tone, called = _OUTCOMES[one.outcome]
    return {
        "at": at,
        "tone": tone,
        "called": called,
        "event": one.event,
        "who": one.who,
        "told": "" if one.outcome == "taken" else one.message,
        "fresh": look.now_ms - at < _FRESH_MS,
    }


# What a receiver says, in short

_SUMMARY = {
    "event": "Event",
    "user_id": "User id",
    "email": "E-mail address",
    "anonymous_id": "Anonymous id",
    "account_id": "Account",
    "message_id": "Message id",
    "time": "Time",
}
_PROOFS = {
    "none": "Nothing: whoever knows the address is believed",
    "basic": "A user name and a password",
    "bearer": "A token",
    "header": "A secret in the header",
    "hmac": "A signature in the header",
}


def _summary(receiver: Receiver) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each thing that is read, and from where: words and a path, either of which may be empty."""
    written = write_receiver(receiver)
    told = [("Proof", [_proof(written["auth"])])]
    if "where" in written:
        told.append(("Only where", [("", write_yaml(one).strip()) for one in written["where"]]))
    for name, title in _SUMMARY.items():
        if name in written:
            is_name = name == "event" and isinstance(receiver.event, str)
            told.append((title, [(one, "") if is_name else ("", one) for one in _all(written[name])]))
    properties = written.get("properties")
    if isinstance(properties, dict):
        told.append(("Properties", [(name, ", ".join(_all(paths))) for name, paths in properties.items()]))
    elif properties:
        told.append(("Properties", [("everything in", ", ".join(_all(properties)))]))
    return told


def _proof(auth: Mapping[str, Any]) -> tuple[str, str]:
    header = auth.get("header") or auth.get("signature", "")
    return _PROOFS[auth["kind"]], header if isinstance(header, str) else header["header"]


def _all(written: str | list[str]) -> list[str]:
    return [written] if isinstance(written, str) else written
