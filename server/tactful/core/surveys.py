"""What a survey says, once it has been read: frozen values that the rest of the engine works on.

The written form (YAML or JSON, design "What a survey says") becomes these values in `core/reading`, which also
finds every fault. Nothing here is validated again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tactful.core.conditions import Entry
from tactful.core.kinds import KINDS, Kind
from tactful.core.schedule import Schedule
from tactful.core.spans import DAY_MS, MINUTE_MS, SECOND_MS
from tactful.core.texts import Text

__all__ = [
    "LONGEST_OTHER",
    "OTHER",
    "TEXT_FIELDS",
    "THANKS_TEXTS",
    "WAITS_MS",
    "Action",
    "AnswerCondition",
    "Audience",
    "Cancel",
    "Enough",
    "EventTrigger",
    "Link",
    "Logo",
    "Look",
    "Nth",
    "Option",
    "Promise",
    "Question",
    "Quiet",
    "Share",
    "Source",
    "State",
    "Survey",
    "SurveyThrottle",
    "Thanks",
    "Trigger",
    "Variant",
    "texts_of",
]

State = Literal["draft", "live", "paused", "ended"]
Source = Literal["any", "browser", "server"]

#: A candidate whose trigger does not say waits so long for its person's tab.
WAITS_MS = 3 * DAY_MS


@dataclass(frozen=True, slots=True)
class Nth:
    """Which occurrences of an event count: `start`, `start + every`, `start + 2 * every`, ...; or `exactly` one.

    `{every: 3}` is every 3, start 3; `{from: 2}` is every 1, start 2; `{every: 3, from: 2}` is 2, 5, 8, ...
    """

    every: int = 1
    start: int = 1
    exactly: int | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """An event that takes a waiting candidate away: any such event, or one with the `same` value at a path."""

    event: str
    same: str | None = None


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """One event that makes the survey a candidate. Paths in `where`, all of which must hold, and in `per` begin with
    `properties.`.

    `delay_ms` passes in the tab. `per` is asked at most once for each value. A candidate may be offered from `hold_ms`
    after the event, and for `within_ms` from then on (None: `WAITS_MS`), unless an event of `cancel_on` comes first.
    """

    event: str
    where: tuple[Entry, ...] = ()
    nth: Nth | None = None
    source: Source = "any"
    delay_ms: int = 0
    per: str | None = None
    hold_ms: int = 0
    within_ms: int | None = None
    cancel_on: tuple[Cancel, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """Any of these events, on a page whose path or address matches the glob `page` (None: on any page)."""

    any: tuple[EventTrigger, ...] = ()
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may be asked: of whom all of `where` holds. Its paths begin with `traits.`, `account.` or `person.`; `sample`
    is a share 0..1."""

    where: tuple[Entry, ...] = ()
    sample: float = 1.0


@dataclass(frozen=True, slots=True)
class SurveyThrottle:
    """What this survey says about throttling, besides the project's policy. None means that it says nothing.

    `reserve_ms`: once its trigger has fired for a person, surveys of lower priority wait so long for it. `spread_ms`: a
    new survey meets its people over this time, each from a moment of their own.
    """

    repeat_ms: int | None = None
    tenure_ms: int | None = None
    ignores: frozenset[str] = frozenset()
    reserve_ms: int | None = None
    spread_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Enough:
    """Stop asking when the score of the last `per_ms` is known to plus or minus `margin`, in its own unit: points
    (NPS), percent (a share) or steps of the scale (a mean)."""

    margin: float
    per_ms: int


@dataclass(frozen=True, slots=True)
class AnswerCondition:
    """A question is asked only if the earlier answer to `question` passes `op` with `value`."""

    question: str
    op: str
    value: object


#: What of a question is told in words, besides the labels of its options and of its link.
TEXT_FIELDS = ("ask", "low", "high", "placeholder", "other", "label", "button")

#: The option that people write themselves, and how long what they write may be, in characters.
OTHER = "other"
LONGEST_OTHER = 500


@dataclass(frozen=True, slots=True)
class Option:
    """One of the things that may be chosen: its id is the answer, its label what people read."""

    id: str
    label: Text


@dataclass(frozen=True, slots=True)
class Link:
    """Where people can read more: an address of the web or of mail, and what it is called."""

    label: Text
    url: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question, whose `kind` is fitted to it (`core/kinds`). What its kind does not take keeps its default.

    `low` and `high` name the ends of a scale. A text has at most `max_length` characters, and a field of one line if it
    is `short`. `other` is true or a label where people may write what none of the `options` says; `least` and `most`
    bound how many are chosen, and `most` how many are ranked. `earliest` and `latest` are days (YYYY-MM-DD), both
    allowed. `label` is what a consent says, and `button` what ends an info.
    """

    id: str
    kind: Kind
    ask: Text
    low: Text | None = None
    high: Text | None = None
    required: bool = False
    placeholder: Text | None = None
    max_length: int = 2_000
    short: bool = False
    options: tuple[Option, ...] = ()
    other: Text | bool = False
    shuffle: bool = False
    least: int | None = None
    most: int | None = None
    earliest: str | None = None
    latest: str | None = None
    label: Text | None = None
    link: Link | None = None
    button: Text | None = None
    condition: AnswerCondition | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """What may be chosen: the ids of its options and, where people may write their own, `OTHER`."""
        return (*(option.id for option in self.options), *((OTHER,) if self.other else ()))


def texts_of(question: Question) -> Iterator[tuple[str, Text]]:
    """Every text of a question, by what a variant calls it after the question's id."""
    for name in TEXT_FIELDS:
        text = getattr(question, name)
        if isinstance(text, Text):
            yield name, text
    for option in question.options:
        yield f"options.{option.id}", option.label
    if question.link is not None:
        yield "link.label", question.link.label


@dataclass(frozen=True, slots=True)
class Action:
    """A button that leads somewhere. What is inserted into `url` is percent-encoded (`core/texts.fill_url`)."""

    label: Text
    url: Text


@dataclass(frozen=True, slots=True)
class Share:
    """A text that people may pass on, copied or by what their device shares with; with an address, if it has one."""

    text: Text
    url: Text | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """Who will write to whoever answered, and what they promise; without a text, our own words say it."""

    by: Text
    text: Text | None = None


@dataclass(frozen=True, slots=True)
class Thanks:
    """What is said at the end to one band, and what may be done there. None of its texts depends on the band again."""

    title: Text
    text: Text | None = None
    action: Action | None = None
    share: Share | None = None
    coupon: Text | None = None
    promise: Promise | None = None

    @property
    def acts(self) -> bool:
        """Whether there is more to it than words: something to do, or somebody's promise."""
        return any((self.action, self.share, self.coupon, self.promise))


#: The texts of thanks that a variant may say otherwise, by their address.
THANKS_TEXTS = ("thanks.title", "thanks.text", "thanks.action.label", "thanks.share.text")


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture on the card, by its https address; `alt` says it to whom does not see it."""

    url: str
    alt: Text


@dataclass(frozen=True, slots=True)
class Look:
    """How the card looks. At the position `inline`, and only there, `target` is the id of the element that it stands
    in. `radius` rounds its corners, in pixels."""

    position: str = "bottom-right"
    accent: str = "#3b5bdb"
    scheme: str = "auto"
    radius: int = 18
    logo: Logo | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """The moment that a page waits for before it asks: what has disturbed must be over for `for_ms`, within
    `give_up_ms` from the end of the trigger's delay. What is named in `despite` is no disturbance."""

    for_ms: int = SECOND_MS
    give_up_ms: int = 5 * MINUTE_MS
    despite: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Variant:
    """Other words for the same survey, told to people by `weight`, a whole number (0: to nobody new).

    `texts` replaces texts by their address: `intro`, `QUESTION.ask` (or another of `TEXT_FIELDS`),
    `QUESTION.options.ID`, `QUESTION.link.label`, or one of `THANKS_TEXTS`.
    """

    name: str
    weight: int = 1
    texts: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Survey:
    """A survey as it is asked. `thanks` maps a band (or `else`) to what is said at the end; `quota` is the number of
    responses after which nobody else is asked; `arm` is the path of the trait that answers are compared by."""

    key: str
    name: str
    state: State
    questions: tuple[Question, ...]
    trigger: Trigger = Trigger()
    audience: Audience = Audience()
    throttle: SurveyThrottle = SurveyThrottle()
    tags: frozenset[str] = frozenset()
    priority: int = 0
    intro: Text | None = None
    thanks: Mapping[str, Thanks] = field(default_factory=dict)
    look: Look = Look()
    quiet: Quiet = Quiet()
    enough: Enough | None = None
    quota: int | None = None
    variants: tuple[Variant, ...] = ()
    arm: str | None = None
    schedule: Schedule | None = None

    @property
    def scored(self) -> Question | None:
        """The question whose answer is the survey's score: the first scored one."""
        return next((question for question in self.questions if question.kind.scored), None)

    @property
    def scale(self) -> Kind:
        """The kind of its score, fitted to its scale; that of texts where it has no score."""
        return self.scored.kind if self.scored else KINDS["text"]

    @property
    def only_tells(self) -> bool:
        """Whether nothing in it can be answered: having read it is the response."""
        return all(question.kind.answer == "nothing" for question in self.questions)

    @property
    def kind(self) -> str:
        """The survey's kind: that of its first scored question, else `text`."""
        return self.scale.name
