"""`/projects/{project_id}/events`: which events came, how their properties are called, and who waits for them.

It is for whoever writes a trigger: names and properties have to be spelled as they come.
"""

from __future__ import annotations

from typing import Any

from tactful.core.catalogue import Catalogue
from tactful.core.spans import DAY_MS, HOUR_MS
from tactful.store.journal import (
    KEEP_COUNTS_MS,
    LIMITED_BACKEND,
    LIMITED_PAGE,
    EventSeen,
    event_names,
    limited_counts,
)
from tactful.web.dashboard.frame import Look, member_page

__all__ = ["events"]

_LIMITED = ((LIMITED_PAGE, "of pages"), (LIMITED_BACKEND, "of backends"))
_SOURCES = {"browser": "Page", "server": "Backend"}


@member_page("events")
async def events(look: Look) -> str:
    """Every event's name, those that came last first, and those that are waited for and never came."""
    assert look.config is not None, "a page below a project"
    catalogue = look.config.catalogue
    seen = await look.service.db.read(event_names, look.project_id)
    latest = sorted(seen, key=lambda one: (-one.last_at, one.name, one.source))
    today = look.service.clock.now_ms() // HOUR_MS - 24
    limited = await look.service.db.read(limited_counts, look.project_id, today)
    came = {one.name for one in seen}
    return look.render(
        "events.html",
        title="Events",
        lines=[_line(look, catalogue, one) for one in latest],
        missing=[_missing(look, catalogue, name) for name in sorted(catalogue.by_event) if name not in came],
        since=min((one.first_at for one in seen), default=None),
        limited=[(words, limited[what]) for what, words in _LIMITED if what in limited],
        kept_days=KEEP_COUNTS_MS // DAY_MS,
    )


def _line(look: Look, catalogue: Catalogue, seen: EventSeen) -> dict[str, Any]:
    return {
        "name": seen.name,
        "source": _SOURCES[seen.source],
        "times": seen.times,
        "last_at": seen.last_at,
        "properties": [(name, ", ".join(types)) for name, types in seen.properties.items()],
        "surveys": _surveys(look, catalogue, catalogue.waited_for_by(seen.name, seen.source)),
    }


def _missing(look: Look, catalogue: Catalogue, name: str) -> dict[str, Any]:
    sources = {one.trigger.source for one in catalogue.by_event[name]}
    keys = list(dict.fromkeys(one.live.survey.key for one in catalogue.by_event[name]))
    return {
        "name": name,
        "source": _SOURCES[next(iter(sources))] if len(sources) == 1 and "any" not in sources else None,
        "surveys": _surveys(look, catalogue, keys),
    }


def _surveys(look: Look, catalogue: Catalogue, keys: list[str]) -> list[tuple[str, str]]:
    return [(catalogue.surveys[key].survey.name, f"/projects/{look.project_id}/surveys/{key}") for key in keys]
