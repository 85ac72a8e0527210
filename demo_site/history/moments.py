"""What happens in the story, as frozen values: moments in the order of time, and how somebody takes being asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Account", "How", "Learner", "Moment", "Reaction", "Ticket", "Visit", "Word"]

Traits = Mapping[str, str | int]
#: `ignores`: saw the card and did nothing; `overlooks`: did not even see it.
How = Literal["answers", "dismissed", "opted_out", "not_rendered", "ignores", "overlooks"]


@dataclass(frozen=True, slots=True)
class Account:
    """A school or a company that learns together."""

    account_id: str
    kind: Literal["school", "company"]
    country: str
    size: int
    traits: Traits


@dataclass(frozen=True, slots=True)
class Learner:
    """Somebody of the story. Times are milliseconds.

    They signed up at `joined_at` and come from `begins_at`, within the story, until `left_at`.
    `warmth` moves what they think of Lantern, about -1..1; `candour` multiplies how often they answer. Between
    `strange_from` and `strange_until` they come on a second device, on which nobody has logged in yet.
    """

    user_id: str | None
    browser: str
    locale: str
    hours: int
    traits: Traits
    joined_at: int
    begins_at: int
    left_at: int
    pace: float
    warmth: float
    candour: float
    account: Account | None = None
    strange: str | None = None
    strange_from: int = 0
    strange_until: int = 0
    test: bool = False

    @property
    def language(self) -> str:
        """The language that they write in."""
        return self.locale.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A question to the help desk."""

    number: int
    agent: str
    subject: str


@dataclass(frozen=True, slots=True)
class Word:
    """An event: what Lantern's page or, with `by_backend`, its backend says happened `after_ms` into the visit."""

    name: str
    properties: Mapping[str, str | int]
    after_ms: int = 0
    by_backend: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody comes to `page`, and `words` happen. `feedback`: they ask to give feedback at the end."""

    page: str = ""
    words: tuple[Word, ...] = ()
    feedback: bool = False
    browser: str | None = None
    logged_in: bool = True


@dataclass(frozen=True, slots=True)
class Moment:
    """Something at a time: a learner joins, comes for a visit, or something happens behind their back."""

    at: int
    learner: Learner
    what: Literal["joins", "visits", "hears"]
    visit: Visit


@dataclass(frozen=True, slots=True)
class Reaction:
    """How somebody takes an ask. `after_ms` passes between the card and what they do.

    `dwell_ms` passes from the score to the words. `done` is False when they leave after the score.
    """

    how: How
    after_ms: int = 0
    score: int | None = None
    comment: str | None = None
    dwell_ms: int = 0
    done: bool = True
