"""The shape of a survey: one table per mapping, read from the inside out."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from tactful.core.reading.conditions import conditions, path_under
from tactful.core.reading.fields import integer, key, name, number_over, one_of, share, span, string
from tactful.core.reading.links import picture_url
from tactful.core.reading.outline import BEFORE_SCORE, outline_of
from tactful.core.reading.places import At
from tactful.core.reading.questions import questions
from tactful.core.reading.schedule import schedule
from tactful.core.reading.shapes import Field, Shape, later, read_fields, record, set_of
from tactful.core.reading.thanks import thanks
from tactful.core.reading.trigger import trigger
from tactful.core.reading.variants import refuse_untitled, variants
from tactful.core.reading.wording import intro, text
from tactful.core.spans import DAY_MS, MINUTE_MS, SECOND_MS, parse_span
from tactful.core.surveys import (
    Audience,
    Enough,
    Logo,
    Look,
    Quiet,
    State,
    Survey,
    SurveyThrottle,
)
from tactful.core.texts import Text

__all__ = ["LONGEST_SPAN_MS", "rule_id", "survey", "tag"]

LONGEST_SPAN_MS = 3_660 * DAY_MS
_LARGEST_QUOTA = 10_000_000

POSITIONS = ("bottom-right", "bottom-left", "top-right", "top-left", "center", "inline")

rule_id = key("the id of a rule")
survey_key = key("the key of a survey")
tag = name("[a-z0-9][a-z0-9_-]{0,63}", "a tag", "up to 64 of a-z, 0-9, `-` and `_`, beginning with a letter or digit")


def _words(names: tuple[str, ...]) -> dict[str, str]:
    return {word: word for word in names}


AUDIENCE = Shape(
    "an audience",
    {
        "where": Field(conditions("traits", "account", "person"), to="where"),
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
        "reserve": Field(span(SECOND_MS, LONGEST_SPAN_MS), to="reserve_ms"),
        "spread": Field(span(SECOND_MS, LONGEST_SPAN_MS), to="spread_ms"),
    },
)

ENOUGH = Shape(
    "what is enough",
    {
        "margin": Field(
            number_over(0, 100), to="margin", needs="how far the score may be off, such as `5`, in the score's own unit"
        ),
        "per": Field(span(DAY_MS, LONGEST_SPAN_MS), to="per_ms", needs="the time whose answers are looked at: `30d`"),
    },
)
_enough_fields = record(Enough, ENOUGH)


def _enough(at: At) -> Enough | None:
    if at.outline.bands == ():
        at.fault("goes by a score, and no question of this survey has one; remove it")
        return None
    return _enough_fields(at)


QUOTA = Shape(
    "a quota",
    {"responses": Field(integer(1, _LARGEST_QUOTA), to="responses", needs="after how many responses it ends")},
)


def _quota(at: At) -> int | None:
    found = read_fields(at, QUOTA)
    return None if found is None else int(found["responses"])


LOGO = Shape(
    "a logo",
    {
        "url": Field(picture_url, to="url", needs="where the picture is, such as `https://www.example.com/logo.svg`"),
        "alt": Field(text(100), to="alt", needs="what the picture says, such as the product's name"),
    },
)
_logo = record(Logo, LOGO)

LOOK = Shape(
    "a look",
    {
        "position": Field(one_of(_words(POSITIONS), "a position"), to="position"),
        "accent": Field(name("#[0-9A-Fa-f]{6}", "a colour", "`#` and six hexadecimal digits in quotes"), to="accent"),
        "scheme": Field(one_of(_words(("auto", "light", "dark")), "a colour scheme"), to="scheme"),
        "radius": Field(integer(0, 24), to="radius"),
        "logo": Field(lambda at: _logo(at.under(BEFORE_SCORE)), to="logo"),
        "target": Field(
            name(
                "[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}",
                "the id of an element",
                "its id alone, up to 100 of a-z, A-Z, 0-9, `_`, `-`, `.` and `:`",
            ),
            to="target",
        ),
    },
    refused=later("font", "css", instead="style the card by `--tactful-` properties of the page"),
)
_look_fields = record(Look, LOOK)


def _look(at: At) -> Look | None:
    look = _look_fields(at)
    if look is None:
        return None
    if look.position == "inline" and look.target is None:
        at.notes.fault((*at.steps, "target"), "is missing; give the id of the element that the card stands in")
    elif look.position != "inline" and look.target is not None:
        at.within("target").fault(f"means nothing to the position `{look.position}`; remove it, or write `inline`")
    else:
        return look
    return None


#: What a page tells of itself that makes a moment unfit for a question (widget/src/tact/quiet.ts has the same names).
NOISES = ("dialog", "typing", "media", "full_screen")

QUIET = Shape(
    "a quiet moment",
    {
        "for": Field(span(0, MINUTE_MS), to="for_ms"),
        # With the longest delay before it, that is how long an offer lasts.
        "give_up": Field(span(10 * SECOND_MS, 5 * MINUTE_MS), to="give_up_ms"),
        "despite": Field(set_of(one_of(_words(NOISES), "a disturbance"), len(NOISES)), to="despite"),
    },
)


def _intro(at: At) -> Text | None:
    return intro(at.under(BEFORE_SCORE))


SURVEY = Shape(
    "a survey",
    {
        "key": Field(survey_key, to="key", needs="a key that is unique in the project, such as `lesson-nps`"),
        "name": Field(string(200), to="name"),
        "state": Field(one_of(_words(get_args(State)), "a state"), to="state"),
        "tags": Field(set_of(tag, 20), to="tags"),
        "priority": Field(integer(-1_000, 1_000), to="priority"),
        "trigger": Field(trigger, to="trigger"),
        "audience": Field(record(Audience, AUDIENCE), to="audience"),
        "throttle": Field(record(SurveyThrottle, THROTTLE), to="throttle"),
        "schedule": Field(schedule, to="schedule"),
        "variants": Field(variants, to="variants"),
        "arm": Field(path_under("traits", "account"), to="arm"),
        "intro": Field(_intro, to="intro"),
        "questions": Field(questions, to="questions", needs="1 to 20 questions"),
        "thanks": Field(thanks, to="thanks"),
        "look": Field(_look, to="look"),
        "quiet": Field(record(Quiet, QUIET), to="quiet"),
        "enough": Field(_enough, to="enough"),
        "quota": Field(_quota, to="quota"),
    },
    refused=later("returns"),
)


def survey(at: At) -> Survey | None:
    """Read one survey. What it leaves open is set here: its name is its key, its kind sets how often it repeats."""
    written = at.value.get("questions") if isinstance(at.value, dict) else None
    found = read_fields(at.under(outline_of(written)), SURVEY)
    if found is None:
        return None
    read = Survey(**{"name": found["key"], "state": "draft", **found})
    refuse_untitled(at, read)
    if read.state == "live" and "trigger" not in found:
        told = "is `live` without a trigger: only `show` asks it; add one, or `trigger: {any: []}` to say so"
        at.notes.warn((*at.steps, "state"), told)
    repeat = read.scored.kind.repeat if read.scored else None
    if repeat is None or read.throttle.repeat_ms is not None:
        return read
    return replace(read, throttle=replace(read.throttle, repeat_ms=parse_span(repeat)))
