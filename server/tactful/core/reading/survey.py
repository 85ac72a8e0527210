"""The shape of a survey: one table per mapping, read from the inside out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import get_args

from tactful.core.reading.conditions import condition
from tactful.core.reading.fields import (
    At,
    Field,
    Reader,
    Shape,
    integer,
    later,
    list_of,
    name,
    one_of,
    read_fields,
    record,
    set_of,
    share,
    span,
    string,
)
from tactful.core.reading.notes import quoted
from tactful.core.reading.outline import BEFORE_SCORE, outline_of
from tactful.core.reading.questions import questions
from tactful.core.reading.wording import by_band, text
from tactful.core.spans import DAY_MS, MINUTE_MS, parse_span
from tactful.core.surveys import (
    Audience,
    EventTrigger,
    Look,
    Nth,
    Source,
    State,
    Survey,
    SurveyThrottle,
    Thanks,
    Trigger,
)
from tactful.core.texts import ELSE, Text

__all__ = ["SURVEY", "event_name", "rule_id", "survey", "survey_key", "tag"]

LONGEST_DELAY_MS = 5 * MINUTE_MS  # an offer lives for 10 minutes, and the moment must still come
LONGEST_SPAN_MS = 3_660 * DAY_MS
_MOST_CONDITIONS = 50
_MOST_EVENTS = 20

_KEY_RULE = "up to 64 of a-z, 0-9 and `-`, beginning with a letter or digit"
survey_key = name("[a-z0-9][a-z0-9-]{0,63}", "the key of a survey", _KEY_RULE)
rule_id = name("[a-z0-9][a-z0-9-]{0,63}", "the id of a rule", _KEY_RULE)
tag = name("[a-z0-9][a-z0-9_-]{0,63}", "a tag", _KEY_RULE)
event_name = string(200)


def _words(names: tuple[str, ...]) -> dict[str, str]:
    return {word: word for word in names}


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


_EVENT_FIELDS = {
    "event": Field(event_name, to="event", needs="the name of an event, such as `Lesson Finished`"),
    "where": Field(list_of(condition("properties"), _MOST_CONDITIONS), to="where"),
    "nth": Field(_nth, to="nth"),
    "source": Field(one_of(_words(get_args(Source)), "a source of events"), to="source"),
    "delay": Field(span(0, LONGEST_DELAY_MS), to="delay_ms"),
}
_LATER_TRIGGERS = later("exit", "scroll", "time_on_page", "idle", "click", "element", "segment", "at")
EVENT = Shape(
    "a trigger's event",
    _EVENT_FIELDS,
    refused={
        **_LATER_TRIGGERS,
        **later("per", "hold", "within", "cancel_on"),
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
        "any": Field(list_of(_event, _MOST_EVENTS, least=1), to="any", needs="the events that trigger it, or `event`"),
        "page": Field(_page, to="page"),
    },
    refused=_LATER_TRIGGERS,
)
_SHORT_TRIGGER = Shape(
    "a trigger",
    {**_EVENT_FIELDS, "page": TRIGGER.fields["page"]},
    refused={**EVENT.refused, "any": "and `event` exclude each other; move the event into the list"},
)


def _trigger(at: At) -> Trigger | None:
    """A list of events under `any`, or one event written directly."""
    if not (isinstance(at.value, dict) and "event" in at.value):
        return record(Trigger, TRIGGER)(at)
    found = read_fields(at, _SHORT_TRIGGER)
    if found is None:
        return None
    page = found.pop("page", None)
    return Trigger((EventTrigger(**found),), page)


AUDIENCE = Shape(
    "an audience",
    {
        "where": Field(list_of(condition("traits", "account", "person"), _MOST_CONDITIONS), to="where"),
        "sample": Field(share, to="sample"),
    },
    refused=later("segment", "segments", "exclude"),
)

THROTTLE = Shape(
    "a survey's throttle",
    {
        "repeat": Field(span(0, LONGEST_SPAN_MS, forever=True), to="repeat_ms"),
        "tenure": Field(span(0, LONGEST_SPAN_MS), to="tenure_ms"),
        "ignores": Field(set_of(rule_id, 50), to="ignores"),
    },
    refused=later("reserve", "spread"),
)

THANKS = Shape(
    "thanks",
    {
        "title": Field(text(200, banded=False), to="title", needs="a title, such as `Thank you!`"),
        "text": Field(text(1_000, banded=False), to="text"),
    },
    refused=later("share", "coupon", "action"),
)
_one_thanks: Reader[Thanks] = record(Thanks, THANKS)


def _thanks(at: At) -> Mapping[str, Thanks] | None:
    if isinstance(at.value, dict) and "by" in at.value:
        return by_band(at, _one_thanks)
    one = _one_thanks(at)
    return None if one is None else MappingProxyType({ELSE: one})


LOOK = Shape(
    "a look",
    {
        "position": Field(
            one_of(_words(("bottom-right", "bottom-left", "top-right", "top-left", "center")), "a position"),
            to="position",
        ),
        "accent": Field(name("#[0-9A-Fa-f]{6}", "a colour", "`#` and six hexadecimal digits in quotes"), to="accent"),
        "scheme": Field(one_of(_words(("auto", "light", "dark")), "a colour scheme"), to="scheme"),
    },
    refused=later("logo", "font", "css", "radius"),
)

_any_intro = text(500)


def _intro(at: At) -> Text | None:
    return _any_intro(at.under(BEFORE_SCORE))


SURVEY = Shape(
    "a survey",
    {
        "key": Field(survey_key, to="key", needs="a key that is unique in the project, such as `lesson-nps`"),
        "name": Field(string(200), to="name"),
        "state": Field(one_of(_words(get_args(State)), "a state"), to="state"),
        "tags": Field(set_of(tag, 20), to="tags"),
        "priority": Field(integer(-1_000, 1_000), to="priority"),
        "trigger": Field(_trigger, to="trigger"),
        "audience": Field(record(Audience, AUDIENCE), to="audience"),
        "throttle": Field(record(SurveyThrottle, THROTTLE), to="throttle"),
        "intro": Field(_intro, to="intro"),
        "questions": Field(questions, to="questions", needs="1 to 20 questions"),
        "thanks": Field(_thanks, to="thanks"),
        "look": Field(record(Look, LOOK), to="look"),
    },
    refused=later("enough", "quota", "schedule", "variants", "arm", "returns"),
)


def survey(at: At) -> Survey | None:
    """Read one survey. What it leaves open is set here: its name is its key, its kind sets how often it repeats."""
    written = at.value.get("questions") if isinstance(at.value, dict) else None
    found = read_fields(at.under(outline_of(written)), SURVEY)
    if found is None:
        return None
    read = Survey(**{"name": found["key"], "state": "draft", **found})
    if read.state == "live" and not read.trigger.any:
        at.notes.warn((*at.steps, "state"), "is `live` without a trigger: only `show` asks it; add `trigger`")
    repeat = read.scored.kind.repeat if read.scored else None
    if repeat is None or read.throttle.repeat_ms is not None:
        return read
    return replace(read, throttle=replace(read.throttle, repeat_ms=parse_span(repeat)))
