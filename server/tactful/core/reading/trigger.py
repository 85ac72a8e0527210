"""The shape of a trigger: events, which of their occurrences, and the page."""

from __future__ import annotations

from typing import get_args

from tactful.core.reading.conditions import conditions, path_under
from tactful.core.reading.fields import integer, one_of, span, string
from tactful.core.reading.notes import quoted
from tactful.core.reading.places import At, Reader
from tactful.core.reading.shapes import Field, Shape, later, list_of, read_fields, record
from tactful.core.spans import DAY_MS, MINUTE_MS
from tactful.core.surveys import Cancel, EventTrigger, Nth, Source, Trigger

__all__ = ["trigger"]

LONGEST_DELAY_MS = 5 * MINUTE_MS  # an offer lives for 10 minutes, and the moment must still come
LONGEST_WAIT_MS = 90 * DAY_MS
_MOST_EVENTS = 20

NTH = Shape(
    "an `nth`",
    {
        "every": Field(integer(1, 10_000), to="every"),
        "from": Field(integer(1, 10_000), to="start"),
        "exactly": Field(integer(1, 10_000), to="exactly"),
    },
)


def _nth(at: At) -> Nth | None:
    if not isinstance(at.value, dict) or not at.value.keys() & NTH.fields.keys():
        at.expected(
            "which occurrences count", "write `{every: 3}`, `{from: 2}`, `{every: 3, from: 2}` or `{exactly: 1}`"
        )
        return None
    found = read_fields(at, NTH)
    if found is None:
        return None
    if "exactly" in found and len(found) > 1:
        at.fault("expected `exactly` alone, found `every` or `from` beside it; keep one of them")
    if "every" in found:
        found.setdefault("start", found["every"])
    return Nth(**found)


CANCEL = Shape(
    "a `cancel_on`",
    {
        "event": Field(string(200), to="event", needs="the name of an event, such as `Ticket Reopened`"),
        "same": Field(path_under("properties"), to="same"),
    },
)

_EVENT_FIELDS = {
    "event": Field(string(200), to="event", needs="the name of an event, such as `Lesson Finished`"),
    "where": Field(conditions("properties"), to="where"),
    "nth": Field(_nth, to="nth"),
    "source": Field(one_of({source: source for source in get_args(Source)}, "a source of events"), to="source"),
    "delay": Field(span(0, LONGEST_DELAY_MS), to="delay_ms"),
    "per": Field(path_under("properties"), to="per"),
    "hold": Field(span(0, LONGEST_WAIT_MS), to="hold_ms"),
    "within": Field(span(1, LONGEST_WAIT_MS), to="within_ms"),
    "cancel_on": Field(list_of(record(Cancel, CANCEL), _MOST_EVENTS), to="cancel_on"),
}
_LATER_TRIGGERS = later("exit", "scroll", "time_on_page", "idle", "click", "element", "segment", "at")
EVENT = Shape(
    "a trigger's event",
    _EVENT_FIELDS,
    refused={
        **_LATER_TRIGGERS,
        "page": "belongs to the whole trigger; move it beside `any`",
    },
)
_event: Reader[EventTrigger] = record(EventTrigger, EVENT)

_PAGE_STARTS = ("/", "*", "?", "[", "http://", "https://")


def _page(at: At) -> str | None:
    glob = string(500)(at)
    if glob is not None and not glob.startswith(_PAGE_STARTS):
        at.fault(
            f"expected a path from the root or a whole address, found {quoted(glob)}; begin with `/` or `https://`"
        )
    return glob


TRIGGER = Shape(
    "a trigger",
    {
        "any": Field(
            list_of(_event, _MOST_EVENTS), to="any", needs="the events that trigger it; `[]` if only `show` asks it"
        ),
        "page": Field(_page, to="page"),
    },
    refused=_LATER_TRIGGERS,
)
_SHORT_TRIGGER = Shape(
    "a trigger",
    {**_EVENT_FIELDS, "page": TRIGGER.fields["page"]},
    refused={**EVENT.refused, "any": "and `event` exclude each other; move the event into the list"},
)


def trigger(at: At) -> Trigger | None:
    """A list of events under `any`, or one event written directly."""
    if not (isinstance(at.value, dict) and "event" in at.value):
        return record(Trigger, TRIGGER)(at)
    found = read_fields(at, _SHORT_TRIGGER)
    if found is None:
        return None
    page = found.pop("page", None)
    return Trigger((EventTrigger(**found),), page)
