"""The shape of a trigger: events, which of their occurrences, and the page."""

from __future__ import annotations

from typing import get_args

from tactful.core.moments import MOMENTS, as_written, named
from tactful.core.reading.conditions import conditions, path_under
from tactful.core.reading.fields import integer, one_of, span, string
from tactful.core.reading.notes import quoted
from tactful.core.reading.places import At, Reader
from tactful.core.reading.shapes import Field, Shape, later, list_of, read_fields, record
from tactful.core.spans import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tactful.core.surveys import Cancel, EventTrigger, Nth, Source, Trigger

__all__ = ["trigger"]

LONGEST_DELAY_MS = 5 * MINUTE_MS  # an offer lives for 10 minutes, and the moment must still come
LONGEST_WAIT_MS = 90 * DAY_MS
LONGEST_STAY_MS = HOUR_MS
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


def _yaml(value: object) -> str:
    return "true" if value is True else str(value)


def _event_name(at: At) -> str | None:
    name = string(200)(at)
    written = as_written(name) if name is not None else None
    if written is not None:
        field, value = written
        at.fault(f"{quoted(str(name))} is what a page tells by itself; write `{field}: {_yaml(value)}` instead")
        return None
    return name


def _exit(at: At) -> str | None:
    if at.value is True:
        return named("exit", 0)
    at.expected("true", "write `exit: true`")
    return None


def _moment(field: str, read: Reader[int]) -> Reader[str]:
    def read_name(at: At) -> str | None:
        amount = read(at)
        return None if amount is None else named(field, amount)

    return read_name


_stay = span(SECOND_MS, LONGEST_STAY_MS)
_MOMENT_READERS: dict[str, Reader[str]] = {
    "exit": _exit,
    "scroll": _moment("scroll", integer(1, 100)),
    "time_on_page": _moment("time_on_page", _stay),
    "idle": _moment("idle", _stay),
}
assert _MOMENT_READERS.keys() == MOMENTS.keys(), "every moment has a reader"

_EVENT_FIELDS = {
    "event": Field(
        _event_name,
        to="event",
        needs="the name of an event, such as `Lesson Finished`, or one of `exit`, `scroll`, `time_on_page`, `idle`",
    ),
    "where": Field(conditions("properties"), to="where"),
    "nth": Field(_nth, to="nth"),
    "source": Field(one_of({source: source for source in get_args(Source)}, "a source of events"), to="source"),
    "delay": Field(span(0, LONGEST_DELAY_MS), to="delay_ms"),
    "per": Field(path_under("properties"), to="per"),
    "hold": Field(span(0, LONGEST_WAIT_MS), to="hold_ms"),
    "within": Field(span(1, LONGEST_WAIT_MS), to="within_ms"),
    "cancel_on": Field(list_of(record(Cancel, CANCEL), _MOST_EVENTS), to="cancel_on"),
}
_LATER_TRIGGERS = later("click", "element", "segment", "at")
EVENT = Shape(
    "a trigger's event",
    _EVENT_FIELDS,
    refused={
        **_LATER_TRIGGERS,
        "page": "belongs to the whole trigger; move it beside `any`",
    },
)
_named_event: Reader[EventTrigger] = record(EventTrigger, EVENT)

_ABOUT_EVENTS = "means nothing to a moment of the page, which has no properties and no other source; remove it"
_EVENT_OF_MOMENTS = {"where", "source", "per"}


def _moment_fields(field: str) -> dict[str, Field]:
    kept = {name: one for name, one in _EVENT_FIELDS.items() if name not in {"event", *_EVENT_OF_MOMENTS}}
    return {field: Field(_MOMENT_READERS[field], to="event"), **kept}


def _refused_beside(field: str) -> dict[str, str]:
    others = dict.fromkeys({"event", *MOMENTS} - {field}, f"and `{field}` are two triggers; make an entry for each")
    return {**EVENT.refused, **dict.fromkeys(_EVENT_OF_MOMENTS, _ABOUT_EVENTS), **others}


_MOMENT_SHAPES = {
    field: Shape("a moment of the page", _moment_fields(field), refused=_refused_beside(field)) for field in MOMENTS
}


def _moment_of(value: object) -> str | None:
    """The field by which a trigger names a moment; None where it names an event."""
    if not isinstance(value, dict) or "event" in value:
        return None
    return next((field for field in MOMENTS if field in value), None)


def _event(at: At) -> EventTrigger | None:
    field = _moment_of(at.value)
    if field is None:
        return _named_event(at)
    found = read_fields(at, _MOMENT_SHAPES[field])
    return None if found is None else EventTrigger(source="browser", **found)


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


def _short_moment(at: At, field: str) -> Trigger | None:
    shape = _MOMENT_SHAPES[field]
    refused = {**shape.refused, "any": f"and `{field}` exclude each other; move the moment into the list"}
    found = read_fields(at, Shape("a trigger", {**shape.fields, "page": TRIGGER.fields["page"]}, refused))
    if found is None:
        return None
    page = found.pop("page", None)
    return Trigger((EventTrigger(source="browser", **found),), page)


def trigger(at: At) -> Trigger | None:
    """A list of events under `any`, or one event or moment written directly."""
    field = _moment_of(at.value)
    if field is not None:
        return _short_moment(at, field)
    if not (isinstance(at.value, dict) and "event" in at.value):
        return record(Trigger, TRIGGER)(at)
    found = read_fields(at, _SHORT_TRIGGER)
    if found is None:
        return None
    page = found.pop("page", None)
    return Trigger((EventTrigger(**found),), page)
