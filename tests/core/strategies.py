"""Hypothesis strategies for the engine's values: whole surveys and policies, as reading would have made them."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from tactful.core.conditions import OPERATORS, Condition, Entry, Group, Responded
from tactful.core.kinds import KINDS, SURVEY_KINDS, Kind, fitted
from tactful.core.policy import Policy, Rule
from tactful.core.reading.survey import NOISES, POSITIONS
from tactful.core.schedule import DAYS, Schedule
from tactful.core.spans import DAY_MS, FOREVER, MINUTE_MS, SECOND_MS
from tactful.core.surveys import (
    OTHER,
    Action,
    AnswerCondition,
    Audience,
    Cancel,
    Enough,
    EventTrigger,
    Link,
    Logo,
    Look,
    Nth,
    Option,
    Promise,
    Question,
    Quiet,
    Share,
    Survey,
    SurveyThrottle,
    Thanks,
    Trigger,
    Variant,
)
from tactful.core.texts import ANY_LANGUAGE, ELSE, Text, plain

__all__ = ["JSON", "KEYS", "SCHEDULES", "TEXTS", "conditions_on", "policies", "surveys"]

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TEXTS = st.text(CHARACTERS, max_size=12)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)

KEYS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,10}", fullmatch=True)
SHARES = st.floats(0, 1)
SPANS = st.integers(0, 3_660).map(lambda days: days * DAY_MS) | st.integers(0, 10_000)
LONG_SPANS = st.integers(1, 3_660).map(lambda days: days * DAY_MS)
SCALARS = st.booleans() | NUMBERS | TEXTS

_written = st.builds(
    lambda text, slot: text.replace("{", "?") + slot,
    TEXTS.filter(str.strip),
    st.sampled_from(["", "{{project.name}}", "{{ traits.first_name | there }}", "{{event.a.b}}", "}}"]),
)
_languages = st.one_of(
    _written.map(lambda text: {ANY_LANGUAGE: text}),
    st.dictionaries(st.sampled_from(["en", "de", "no", "pt-BR", "zh-Hant-TW"]), _written, min_size=1),
).map(MappingProxyType)


def texts(bands: tuple[str, ...] = ()) -> st.SearchStrategy[Text]:
    """A text, by some of `bands`; `else` is always among them."""
    return _by_band(bands, _languages).map(Text)


def _by_band(bands: tuple[str, ...], one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({ELSE: one}, optional=dict.fromkeys(bands, one)).map(MappingProxyType)


#: Addresses with a slot and without; a site of reviews among them.
URLS = st.sampled_from(
    [
        "https://example.com",
        "https://example.com/a?plan={{traits.plan|free}}#{{ event.course }}",
        "mailto:help@example.com?subject={{traits.name}}",
        "https://www.trustpilot.com/evaluate/example.com",
    ]
).map(plain)


def conditions_on(roots: list[str], also: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[tuple[Entry, ...]]:
    """What may stand under `where`, groups included; `also` are conditions that only an audience knows."""
    operands = {
        "value": SCALARS,
        "list": st.lists(SCALARS, min_size=1, max_size=3).map(tuple),
        "number": NUMBERS,
        "pair": st.tuples(NUMBERS, NUMBERS).map(sorted).map(tuple),
        "text": TEXTS.filter(str.strip),
        "time": st.dates().map(str) | st.datetimes().map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z".zfill(20)),
        "span": SPANS,
        "none": st.none(),
    }
    names = ("plan", "first_name", "a.b") if roots == ["$"] else ("plan", "first name", "a.b")
    paths = st.sampled_from([f"{root}.{name}" for root in roots for name in names])
    one = st.sampled_from(sorted(OPERATORS)).flatmap(
        lambda op: st.builds(Condition, paths, st.just(op), operands[OPERATORS[op].operand])
    )
    leaf = one if also is None else one | also
    group = st.recursive(
        leaf,
        lambda inner: st.builds(
            Group, st.sampled_from(["all", "any", "not"]), st.lists(inner, min_size=1, max_size=2).map(tuple)
        ),
        max_leaves=4,
    ).filter(lambda entry: _depth(entry) <= 4)
    return st.lists(group, max_size=3).map(tuple)


def _depth(entry: Entry) -> int:
    return 1 + max(_depth(one) for one in entry.of) if isinstance(entry, Group) else 0


_OF_PERSON = st.one_of(
    st.builds(
        Condition,
        st.sampled_from(["person.age", "person.first_seen"]),
        st.sampled_from(["older_than", "within"]),
        SPANS,
    ),
    st.builds(Condition, st.just("person.age"), st.sampled_from(["before", "after"]), st.dates().map(str)),
    st.builds(Condition, st.just("person.device"), st.just("is"), st.sampled_from(["phone", "tablet", "desktop"])),
    st.builds(Condition, st.just("person.locale"), st.just("starts_with"), TEXTS.filter(str.strip)),
    st.builds(
        Responded,
        survey=KEYS,
        score=st.none()
        | st.tuples(st.sampled_from(["is", "is_not", "gt", "gte", "lt", "lte"]), NUMBERS)
        | st.tuples(st.just("in"), st.lists(NUMBERS, min_size=1, max_size=3).map(tuple)),
        band=st.none() | st.sampled_from([band.name for kind in KINDS.values() for band in kind.bands]),
        within_ms=st.none() | SPANS.filter(bool),
    ),
    st.builds(Condition, st.just("person.known"), st.just("is"), st.booleans()),
)


NTHS = st.one_of(
    st.builds(Nth, every=st.integers(1, 100), start=st.integers(1, 100)),
    st.builds(lambda exactly: Nth(exactly=exactly), st.integers(1, 100)),
)
EVENTS = st.builds(
    EventTrigger,
    event=TEXTS.filter(str.strip),
    where=conditions_on(["properties"]),
    nth=st.none() | NTHS,
    source=st.sampled_from(["any", "browser", "server"]),
    delay_ms=st.integers(0, 5 * MINUTE_MS),
    per=st.none() | st.just("properties.ticket"),
    hold_ms=st.integers(0, 90).map(lambda days: days * DAY_MS),
    within_ms=st.none() | st.integers(1, 90 * DAY_MS // SECOND_MS).map(lambda seconds: seconds * SECOND_MS),
    cancel_on=st.lists(
        st.builds(Cancel, TEXTS.filter(str.strip), st.none() | st.just("properties.a.b")), max_size=2
    ).map(tuple),
)
MOMENTS = st.builds(
    EventTrigger,
    event=st.sampled_from(["$exit", "$scroll:1", "$scroll:100", "$time:1000", "$idle:3600000", "$time:1500"]),
    source=st.just("browser"),
    nth=st.none() | NTHS,
    delay_ms=st.integers(0, 5 * MINUTE_MS),
)
TRIGGERS = st.just(Trigger()) | st.builds(
    Trigger,
    any=st.lists(EVENTS | MOMENTS, max_size=3).map(tuple),
    page=st.none() | TEXTS.map(lambda page: f"/{page}"),
)
AUDIENCES = st.builds(Audience, where=conditions_on(["traits", "account"], _OF_PERSON), sample=SHARES)
_DATES = st.dates(date(2000, 1, 1), date(2199, 12, 31))
_HOURS = st.tuples(st.integers(0, 1_439), st.integers(0, 1_440)).filter(lambda hours: hours[0] != hours[1])
SCHEDULES = st.builds(
    lambda dates, named, tz, hours: Schedule(
        min(dates), max(dates) if len(dates) == 2 else None, tz, hours, tuple(day for day in DAYS if day in named)
    ),
    st.lists(_DATES, min_size=1, max_size=2),
    st.frozensets(st.sampled_from(DAYS)),
    tz=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]),
    hours=st.none() | _HOURS,
)
QUIETS = st.builds(
    Quiet,
    for_ms=st.integers(0, MINUTE_MS),
    give_up_ms=st.integers(10 * SECOND_MS, 5 * MINUTE_MS),
    despite=st.frozensets(st.sampled_from(NOISES)),
)

LOOKS = st.builds(
    lambda position, **fields: Look(position, target="a-b.c:d" if position == "inline" else None, **fields),
    position=st.sampled_from(POSITIONS),
    radius=st.integers(0, 24),
    logo=st.none() | st.builds(Logo, st.just("https://www.example.com/logo.svg"), texts()),
    accent=st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True),
    scheme=st.sampled_from(["auto", "light", "dark"]),
)


def _answer_condition(draw: st.DrawFn, earlier: list[Question]) -> AnswerCondition | None:
    answered = [question for question in earlier if question.kind.answer != "nothing"]
    if not answered or draw(st.booleans()):
        return None
    question = draw(st.sampled_from(answered))
    operands = {"answered": st.booleans()} | _operands(question)
    op = draw(st.sampled_from(sorted(operands)))
    return AnswerCondition(question.id, op, draw(operands[op]))


def _operands(question: Question) -> dict[str, st.SearchStrategy[Any]]:
    """What may be compared with the answer to `question`, by operator."""
    kind = question.kind
    if kind.scored:
        score = st.integers(kind.lowest, kind.highest)
        return {
            **_equals(score),
            **dict.fromkeys(("gt", "gte", "lt", "lte"), score),
            "between": st.tuples(score, score).map(sorted).map(tuple),
            "band_is": st.sampled_from([band.name for band in kind.bands]),
        }
    if kind.answer == "option":
        return _equals(st.sampled_from(question.choices))
    if kind.answer in ("options", "ranking"):
        return dict.fromkeys(("contains", "not_contains"), st.sampled_from(question.choices))
    return {}


def _equals(one: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    several = st.lists(one, min_size=1, max_size=3).map(tuple)
    return {"is": one, "is_not": one, "in": several, "not_in": several}


def _question(draw: st.DrawFn, earlier: list[Question], kind: Kind) -> Question:
    scored = next((question.kind for question in earlier if question.kind.scored), None)
    text = texts(tuple(band.name for band in scored.bands) if scored else ())
    kind = fitted(
        kind,
        draw(st.sampled_from([None, *kind.points])),
        draw(st.sampled_from([None, *(display for display, _ in kind.displays)])),
    )
    drawn: dict[str, st.SearchStrategy[Any]] = {
        "low": st.none() | text,
        "high": st.none() | text,
        "required": st.booleans(),
        "placeholder": st.none() | text,
        "max_length": st.integers(1, 10_000),
        "lines": st.booleans(),
        "options": st.lists(KEYS.filter(lambda key: key != OTHER), min_size=2, max_size=4, unique=True).flatmap(
            lambda ids: st.tuples(*(st.builds(Option, st.just(one), texts()) for one in ids))
        ),
        "other": st.booleans() | texts(),
        "shuffle": st.booleans(),
        "least": st.none() | st.just(1),
        "most": st.none() | st.integers(1, 2),
        "earliest": st.none() | st.dates(date(1, 1, 1), date(2020, 1, 1)).map(str),
        "latest": st.none() | st.dates(date(2020, 1, 1)).map(str),
        "label": texts(),
        "link": st.none() | st.builds(Link, texts(), st.sampled_from(["https://a.b/c?d#e", "mailto:a@b.c"])),
        "button": st.none() | texts(),
    }
    fields: dict[str, Any] = {
        ("short" if name == "lines" else name): draw(drawn[name]) for name in kind.fields if name in drawn
    }
    return Question(
        id=f"q{len(earlier)}", kind=kind, ask=draw(text), condition=_answer_condition(draw, earlier), **fields
    )


def _variants(draw: st.DrawFn, questions: list[Question], bands: tuple[str, ...]) -> tuple[Variant, ...]:
    """Variants that say any of the survey's texts otherwise."""
    end = texts(bands)
    places = {"intro": texts(), "thanks.title": end, "thanks.text": end}
    for index, question in enumerate(questions):
        scored = next((one.kind for one in questions[:index] if one.kind.scored), None)
        text = texts(tuple(band.name for band in scored.bands) if scored else ())
        for name in ("ask", *question.kind.fields):
            if name in ("ask", "low", "high", "placeholder"):
                places[f"{question.id}.{name}"] = text
            elif name in ("label", "button") or (name == "other" and question.other):
                places[f"{question.id}.{name}"] = texts()
        places |= {f"{question.id}.options.{option.id}": texts() for option in question.options}
        places |= {f"{question.id}.link.label": texts()} if question.link else {}
    told = st.fixed_dictionaries({}, optional=places).filter(
        lambda one: "thanks.text" not in one or "thanks.title" in one
    )
    names = draw(st.lists(KEYS, max_size=3, unique=True))
    found = [Variant(name, draw(st.integers(0, 1_000)), draw(told)) for name in names]
    return tuple(found) if any(one.weight for one in found) else ()


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    """A survey with every field drawn, as it would have been read."""
    questions: list[Question] = []
    for kind in draw(st.lists(st.sampled_from(list(KINDS.values())), min_size=1, max_size=4)):
        questions.append(_question(draw, questions, kind))
    scored = next((question.kind for question in questions if question.kind.scored), None)
    bands = tuple(band.name for band in scored.bands) if scored else ()
    said = st.builds(
        Thanks,
        title=texts(),
        text=st.none() | texts(),
        action=st.none() | st.builds(Action, texts(), URLS),
        share=st.none() | st.builds(Share, texts(), st.none() | URLS),
        coupon=st.none() | texts(),
        promise=st.none() | st.builds(Promise, texts(), st.none() | texts()),
    )
    has_default = scored is not None and scored.repeat is not None
    return Survey(
        key=draw(KEYS),
        name=draw(TEXTS.filter(str.strip)),
        state=draw(st.sampled_from(["draft", "live", "paused", "ended"])),
        questions=tuple(questions),
        trigger=draw(TRIGGERS),
        audience=draw(AUDIENCES),
        throttle=SurveyThrottle(
            repeat_ms=draw((SPANS | st.just(FOREVER)) if has_default else (st.none() | SPANS | st.just(FOREVER))),
            tenure_ms=draw(st.none() | SPANS),
            ignores=draw(st.frozensets(KEYS, max_size=3)),
            reserve_ms=draw(st.none() | LONG_SPANS),
            spread_ms=draw(st.none() | LONG_SPANS),
        ),
        tags=draw(st.frozensets(KEYS, max_size=3)),
        priority=draw(st.integers(-1_000, 1_000)),
        intro=draw(st.none() | texts()),
        thanks=draw(st.just({}) | _by_band(bands, said)),
        look=draw(LOOKS),
        quiet=draw(QUIETS),
        enough=draw(st.none() | st.builds(Enough, st.floats(0.001, 100), LONG_SPANS)) if scored else None,
        quota=draw(st.none() | st.integers(1, 10_000_000)),
        variants=_variants(draw, questions, bands),
        arm=draw(st.none() | st.sampled_from(["traits.scoring", "account.cohort.name"])),
        schedule=draw(st.none() | SCHEDULES),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A policy with every field drawn, as it would have been read."""
    selections = st.sampled_from(["all", "this", *(f"kind:{kind}" for kind in SURVEY_KINDS)]) | KEYS.map(
        "tag:{}".format
    )
    scopes: st.SearchStrategy[Any] = st.sampled_from(
        [("person", None), ("account", None), ("project", None), ("same", "traits.a b.c")]
    )
    rules = [
        Rule(
            id=rule_id,
            surveys=draw(selections),
            count=draw(st.sampled_from(["asked", "dismissed", "responded"])),
            cap=draw(st.integers(1, 1_000)),
            window_ms=draw(
                st.integers(1, 3_660).map(lambda days: days * DAY_MS) | st.sampled_from([SECOND_MS, FOREVER])
            ),
            **dict(zip(("scope", "trait"), draw(scopes), strict=True)),
        )
        for rule_id in draw(st.lists(KEYS, max_size=5, unique=True))
    ]
    return Policy(tuple(rules), draw(SPANS), draw(SHARES))
