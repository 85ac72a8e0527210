"""`/api/v1/receivers`: the addresses that take other products' webhooks. A secret is told once, where we made it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tactful.clock import new_secret
from tactful.core.reading import read_receiver, write_receiver
from tactful.core.receivers import Auth, Open
from tactful.errors import BadRequest
from tactful.store import receivers as store
from tactful.store.audit import Act
from tactful.store.receivers import Listed, NewSecret, list_receivers, read_receiver_of
from tactful.web.calls import Call, answer, authorised, definition_of
from tactful.web.privacy import act
from tactful.web.receiver_secrets import address_told, any_secret, made_secret
from tactful.web.times import iso_time

__all__ = [
    "delete_previous_secret",
    "delete_receiver",
    "get_receiver",
    "get_receivers",
    "post_secret",
    "put_receiver",
]


def _json(call: Call, listed: Listed) -> dict[str, Any]:
    stored, tallies = listed
    received = [tally.last_at for tally in tallies.values()]
    return write_receiver(stored.receiver) | {
        "address": address_told(call.service.settings.base_url, stored, may_write=call.may("receivers:write")),
        "secrets": len(stored.secrets),
        "secret_at": _time(stored.secret_at),
        "created_at": iso_time(stored.created_at),
        "updated_at": iso_time(stored.updated_at),
        "received_at": _time(max(received, default=None)),
        "outcomes": {
            outcome: {"times": tally.times, "last_at": iso_time(tally.last_at)} for outcome, tally in tallies.items()
        },
    }


def _act(call: Call) -> Act:
    return act(call.service.clock, "API")


def _time(at: int | None) -> str | None:
    return None if at is None else iso_time(at)


@authorised("receivers:read")
async def get_receivers(call: Call) -> Response:
    """All receivers of the project."""
    found = await call.service.db.read(list_receivers, call.project_id)
    return answer({"data": [_json(call, one) for one in found], "next": None})


async def _one(call: Call, key: str) -> dict[str, Any]:
    return _json(call, await call.service.db.read(read_receiver_of, call.project_id, key))


@authorised("receivers:read")
async def get_receiver(call: Call) -> Response:
    """One receiver."""
    return answer(await _one(call, call.request.path_params["key"]))


@authorised("receivers:write")
async def put_receiver(call: Call) -> Response:
    """Make the receiver what the body says, or a preset with what the body says beside; the key in the path is its own.
    `secret` in the body is the sender's; where the receiver is new, a secret that we make is told this once."""
    data, take = await definition_of(call)
    key = call.request.path_params["key"]
    secret = _given(data)
    own = {name: one for name, one in data.items() if name != "secret"} if isinstance(data, dict) else data
    receiver, warnings = take(read_receiver({"key": key} | own if isinstance(own, dict) else own))
    if receiver.key != key:
        raise BadRequest("key_mismatch", "The receiver's `key` is not the one in the path.", path="key")
    ours = made_secret(receiver.auth) if secret is None else None
    first = store.FirstSecret(secret, ours)
    change = await call.service.db.run(
        store.put_receiver, call.project_id, receiver, new_secret("rcv"), first, _act(call)
    )
    told = await _one(call, key) | {"change": change, "warnings": warnings}
    if change != "created":
        return answer(told)
    return answer(told | ({} if ours is None else {"secret": ours}), 201)


def _given(data: Any) -> str | None:
    secret = data.get("secret") if isinstance(data, dict) else None
    if secret is not None and not isinstance(secret, str):
        raise BadRequest("bad_field", "`secret` is a text.", path="secret")
    return secret


@authorised("receivers:write")
async def post_secret(call: Call) -> Response:
    """Change to a new secret: the sender's, as `secret`, or one that we make, which is told this once. The one before
    stays good until the next change, unless `keep_previous` is false."""
    data, _ = await definition_of(call)
    fields = data if isinstance(data, dict) else {}
    keep = fields.get("keep_previous", True)
    if not isinstance(keep, bool):
        raise BadRequest("bad_field", "`keep_previous` is true or false.", path="keep_previous")
    key, secret = call.request.path_params["key"], _given(data)
    stored = (await call.service.db.read(read_receiver_of, call.project_id, key)).stored
    made = None if secret is not None else _any_secret(stored.receiver.auth)
    new = NewSecret(secret or made or "", keep)
    await call.service.db.run(store.change_secret, call.project_id, key, new, _act(call))
    return answer(await _one(call, key) | ({} if made is None else {"secret": made}))


def _any_secret(auth: Auth) -> str:
    if isinstance(auth, Open):
        raise BadRequest("no_secret_needed", "This receiver takes no secret.")
    return any_secret(auth)


@authorised("receivers:write")
async def delete_previous_secret(call: Call) -> Response:
    """Let only the newest secret be good from now on."""
    key = call.request.path_params["key"]
    await call.service.db.run(store.end_previous_secret, call.project_id, key, _act(call))
    return answer(await _one(call, key))


@authorised("receivers:write")
async def delete_receiver(call: Call) -> Response:
    """Delete a receiver; its address leads nowhere from now on."""
    key = call.request.path_params["key"]
    await call.service.db.run(store.delete_receiver, call.project_id, key, _act(call))
    return answer({"deleted": key})
