"""`/api/v1/identity`: how the project's users are proved, for programs: its mode, its secrets, and the report."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tactful.clock import new_id, new_secret
from tactful.core.spans import DAY_MS, parse_span
from tactful.definitions import parse
from tactful.errors import BadRequest, Invalid
from tactful.identity import MODES, Accepts, Mode, Secret
from tactful.store.identity import KEEP_DAYS, add_secret_by, change_terms, counts_since, revoke_secret_by
from tactful.store.projects import Config
from tactful.store.secrets import live_secrets
from tactful.web.bodies import BROWSER_LIMIT, read_bytes
from tactful.web.calls import Call, answer, authorised
from tactful.web.identities import ACCEPTS, identity_json
from tactful.web.privacy import act
from tactful.web.service import Service

__all__ = ["delete_identity_secret", "get_identity", "post_identity_secret", "put_identity"]

_WHO = "API"


async def _told(service: Service, config: Config) -> dict[str, Any]:
    """Everything about how the project's users are proved, but no secret."""
    secrets = await service.db.read(live_secrets, config.project_id)
    today = service.clock.now_ms() // DAY_MS
    counts = await service.db.read(counts_since, config.project_id, today - KEEP_DAYS)
    return identity_json(config.identity, secrets, counts)


async def _changed(call: Call) -> dict[str, Any]:
    await call.service.configs.refresh()
    return await _told(call.service, await call.service.configs.get(call.project_id))


async def _fields(call: Call) -> dict[str, Any]:
    """The body, an object. Raises `Invalid`."""
    data = parse(await read_bytes(call.request, BROWSER_LIMIT), "body.json").data
    if not isinstance(data, dict):
        raise Invalid("invalid_body", "Send an object.", [{"path": "", "message": "must be an object"}])
    return data


def _accepts(value: object) -> Accepts:
    """What a secret is to verify. Raises `BadRequest`."""
    if value == "any" or value == "hash" or value == "token":  # noqa: PLR1714  # so that the type is known
        return value
    raise BadRequest("bad_field", f"`accepts` is one of {', '.join(ACCEPTS)}.", path="accepts")


def _mode(value: object) -> Mode | None:
    if value is None or value == "off" or value == "warn" or value == "enforce":  # noqa: PLR1714  # as above
        return value
    raise BadRequest("bad_field", f"`mode` is one of {', '.join(MODES)}.", path="mode")


def _life(value: object) -> int | None:
    span = parse_span(value) if isinstance(value, str) else None
    if value is not None and span is None:
        raise BadRequest("bad_field", "`longest` is a span of time, such as 24h.", path="longest")
    return span


@authorised("identity:read")
async def get_identity(call: Call) -> Response:
    """How the project's users are proved, and what came of it in the last 90 days."""
    return answer(await _told(call.service, call.config))


@authorised("identity:write")
async def put_identity(call: Call) -> Response:
    """Change the mode, how long a token may be valid, or both; what is left out stays."""
    fields = await _fields(call)
    wanted = _mode(fields.get("mode")), _life(fields.get("longest"))
    if wanted != (None, None):
        await call.service.db.run(change_terms, call.project_id, *wanted, act(call.service.clock, _WHO))
    return answer(await _changed(call))


@authorised("identity:write")
async def post_identity_secret(call: Call) -> Response:
    """Add a secret: that of the body, or a new one, which is told this once."""
    fields, clock = await _fields(call), call.service.clock
    given = fields.get("secret")
    if given is not None and not isinstance(given, str):
        raise BadRequest("bad_field", "`secret` is a text; leave it out to have one made.", path="secret")
    made = new_secret("ids") if given is None else given.strip()
    secret = Secret(new_id(clock), made, _accepts(fields.get("accepts", "any")))
    await call.service.db.run(add_secret_by, call.project_id, secret, act(clock, _WHO))
    told = await _changed(call) | {"id": secret.secret_id}
    return answer(told if given is not None else told | {"secret": made})


@authorised("identity:write")
async def delete_identity_secret(call: Call) -> Response:
    """Revoke a secret: what it made proves nothing from now on, within two seconds on every node."""
    secret_id = call.request.path_params["secret_id"]
    await call.service.db.run(revoke_secret_by, call.project_id, secret_id, act(call.service.clock, _WHO))
    return answer(await _changed(call))
