"""What came for a receiver: what became of it so far, and the last webhooks one by one.

The counts are what is written and, on top, what this node has still to write; single webhooks are remembered by the
node that took them alone (`web/receipts.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tactful.store.receivers import Listed, Outcome, Tally
from tactful.web.dashboard.frame import Look
from tactful.web.receipts import Receipt

__all__ = ["came", "last_refused", "so_far", "uses_previous"]

_FRESH_MS = 4_000
_SHOWN = 10

#: How what became of a webhook looks and is called.
_OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    "taken": ("kept", "Taken"),
    "ignored": ("left", "Left out"),
    "duplicate": ("left", "Came before"),
    "refused": ("dropped", "Refused"),
    "unreadable": ("dropped", "Unreadable"),
}
_REFUSED: tuple[Outcome, ...] = ("refused", "unreadable")


def so_far(look: Look, listed: Listed) -> dict[str, Tally]:
    """What became of what came: the counts that are written, and on top what this node has still to write."""
    found = dict(listed.tallies)
    for outcome, tally in look.service.receipts.uncounted(listed.stored.receiver_id).items():
        times = found[outcome].times if outcome in found else 0
        found[outcome] = tally._replace(times=times + tally.times)
    return found


def last_refused(look: Look, listed: Listed) -> dict[str, Any] | None:
    """The last that was refused, if nothing was taken since; why is known to the node that refused it."""
    tallies = so_far(look, listed)
    at = max((tallies[one].last_at for one in _REFUSED if one in tallies), default=0)
    if at <= (tallies["taken"].last_at if "taken" in tallies else 0):
        return None
    known = look.service.receipts.last(look.project_id, listed.stored.receiver_id)
    told = next((one.message for when, one in known if one.outcome in _REFUSED and when == at), "")
    return {"at": at, "told": told}


def uses_previous(look: Look, listed: Listed) -> bool:
    """Whether the last webhook that was proved, since the secrets are what they are, was proved by the previous one."""
    stored = listed.stored
    known = look.service.receipts.last(look.project_id, stored.receiver_id)
    used = (one.secret for at, one in known if one.secret is not None and at >= (stored.secret_at or 0))
    return next((secret == 1 for secret in used), False)


def came(look: Look, listed: Listed) -> dict[str, Any]:
    """What the list of deliveries shows: the last of them, and how often what became of all."""
    known = look.service.receipts.last(look.project_id, listed.stored.receiver_id)
    tallies = so_far(look, listed)
    return {
        "deliveries": [_delivery(look, at, one) for at, one in known[:_SHOWN]],
        "counts": [(_OUTCOMES[one][1], tallies[one].times) for one in _OUTCOMES if one in tallies],
        "total": sum(tally.times for tally in tallies.values()),
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
