"""`/api/v1/...`: what is written behind, for programs: why a survey was refused, how often, and which events came."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from tactful.core.catalogue import Catalogue
from tactful.core.spans import DAY_MS, HOUR_MS, SECOND_MS
from tactful.errors import BadRequest, NotFound
from tactful.store.journal import KEEP_COUNTS_MS, EventSeen, counts_of, event_names
from tactful.web.calls import Call, answer, authorised
from tactful.web.refusals import refusals_json
from tactful.web.times import iso_time
from tactful.web.why import BEHIND_MS

__all__ = ["get_events", "get_refusals"]

_USUAL_MS = 7 * DAY_MS


@authorised("results:read")
async def get_refusals(call: Call) -> Response:
    """How often a survey was offered and was not, by reason, rule and hour, `from` a time `until` another."""
    key = call.request.path_params["key"]
    if key not in call.config.catalogue.surveys:
        raise NotFound("no_such_survey", "There is no such survey.")
    hours = _hours(call)
    counts = await call.service.db.scan(counts_of, call.project_id, key, hours, 1)
    return answer(refusals_json(key, hours, counts))


def _hours(call: Call) -> tuple[int, int]:
    """The hours that are asked for: by default the last seven days, the present hour included."""
    until = _time(call, "until", call.service.clock.now_ms())
    first = _time(call, "from", until - _USUAL_MS)
    hours = (first // HOUR_MS, -(-until // HOUR_MS))
    if not 0 < (hours[1] - hours[0]) * HOUR_MS <= KEEP_COUNTS_MS + HOUR_MS:
        raise BadRequest("bad_query", f"`from` is before `until`, by {KEEP_COUNTS_MS // DAY_MS} days at most.")
    return hours


def _time(call: Call, name: str, otherwise: int) -> int:
    written = call.query(name)
    if written is None:
        return otherwise
    try:
        at = datetime.fromisoformat(written)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * SECOND_MS)
    except (ValueError, OverflowError) as error:
        raise BadRequest("bad_query", f"`{name}` is a date or a time, such as 2026-11-21T09:00:00Z.") from error


@authorised("surveys:read")
async def get_events(call: Call) -> Response:
    """The names of the events that came, with their properties, and the surveys that wait for them."""
    seen = await call.service.db.read(event_names, call.project_id)
    data = [_event_json(one, call.config.catalogue) for one in seen]
    since = min((one.first_at for one in seen), default=None)
    return answer({"data": data, "next": None, "since": since and iso_time(since), "behind_ms": BEHIND_MS})


def _event_json(seen: EventSeen, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "name": seen.name,
        "source": seen.source,
        "count": seen.times,
        "first_at": iso_time(seen.first_at),
        "last_at": iso_time(seen.last_at),
        "properties": [{"name": name, "types": list(types)} for name, types in seen.properties.items()],
        "surveys": catalogue.waited_for_by(seen.name, seen.source),
    }
