"""Who is using Lantern: a handful of people to be, somebody new, a visitor who is not logged in, and who answers them.

Lantern has no passwords: it is a stage, and its identity switch lets anybody be anybody on it. What it does as
a real product would is the signature: a logged-in person's id is signed here, with a secret that no page has.

Agents are staff and no users of the product: the desk has a cookie of its own, so that one browser can hold a
learner's window and an agent's.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

__all__ = [
    "ACCOUNTS",
    "AGENTS",
    "CAST",
    "Account",
    "Agent",
    "Person",
    "initials",
    "new_learner",
    "new_visitor",
    "person_of",
    "sign",
]

_FRESH = re.compile(r"(learner|visitor)-([0-9a-f]{12})")
_FRESH_NAMES = (
    "Ada Novak",
    "Bruno Reis",
    "Chika Eze",
    "Emre Aydin",
    "Freya Lund",
    "Hana Sato",
    "Kofi Mensah",
    "Lena Roth",
)


def initials(name: str) -> str:
    """One or two letters for the round picture."""
    return "".join(word[0] for word in name.split()[:2]).upper()


@dataclass(frozen=True, slots=True)
class Account:
    """A school or a company that learns together."""

    key: str
    name: str
    traits: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody at the help desk. The name is what a ticket's events, and so the survey, say of them."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in front of the screen. `key` is what Lantern's cookie holds; a visitor has no `user_id`.

    `since` is when they signed up, as an ISO 8601 time; None for somebody who does so now.
    """

    key: str
    name: str
    about: str
    user_id: str | None = None
    locale: str = "en"
    traits: dict[str, str | int] = field(default_factory=dict)
    account: Account | None = None
    since: str | None = None

    @property
    def initials(self) -> str:
        """One or two letters for the round picture."""
        return initials(self.name) if self.user_id else "?"


def _account(key: str, name: str, kind: str, **traits: str | int) -> Account:
    return Account(key, name, {"name": name, "kind": kind, **traits})


#: Two customers of Lantern's, each with an owner, who pays, and employees.
ACCOUNTS = {
    account.key: account
    for account in (
        _account("sch-fernside", "Fernside School", "school", plan="schools", seats=60, country="GB"),
        _account("co-harbour-finch", "Harbour & Finch", "company", plan="teams", seats=25, country="DE"),
    )
}

AGENTS = {agent.key: agent for agent in (Agent("nadia-brandt", "Nadia Brandt"), Agent("owen-price", "Owen Price"))}


def _member(account: str, key: str, name: str, about: str, **traits: str | int) -> Person:
    locale, since = str(traits.get("locale", "en")), str(traits.pop("since"))
    whole = {"name": name, "plan": ACCOUNTS[account].traits["plan"], **traits}
    return Person(key, name, about, key, locale, whole, ACCOUNTS[account], since)


_SCHOOL, _COMPANY = ACCOUNTS

#: The people to be, in the order of the menu. `about` says in the menu what is worth knowing of them.
CAST = {
    person.key: person
    for person in (
        _member(_SCHOOL, "ines-duarte", "Inês Duarte", "Owner", role="owner", age=46, locale="en", since="2026-01-12"),
        _member(
            _SCHOOL, "maya-okafor", "Maya Okafor", "Employee", role="employee", age=34, locale="en", since="2026-03-02"
        ),
        _member(
            _COMPANY, "samir-haddad", "Samir Haddad", "Owner", role="owner", age=51, locale="en", since="2025-11-20"
        ),
        _member(
            _COMPANY, "tom-berger", "Tom Berger", "Employee", role="employee", age=21, locale="en", since="2026-06-08"
        ),
        _member(
            _COMPANY,
            "lin-xiaoyu",
            "林晓雨",
            "Employee, reads Chinese",
            role="employee",
            age=28,
            locale="zh",
            since="2026-04-27",
        ),
    )
}


def person_of(key: str | None) -> Person | None:
    """Find the person whom a cookie names, or None if it names nobody that Lantern could have written there."""
    if key in CAST:
        return CAST[key]
    match = _FRESH.fullmatch(key or "")
    if match is None:
        return None
    return _visitor(match[0]) if match[1] == "visitor" else _learner(match[0], int(match[2], 16))


def new_visitor() -> Person:
    """Make a visitor who is not logged in."""
    return _visitor(f"visitor-{secrets.token_hex(6)}")


def new_learner() -> Person:
    """Make a logged-in learner whom nobody has met before."""
    number = secrets.token_hex(6)
    return _learner(f"learner-{number}", int(number, 16))


def sign(person: Person, secret: str) -> str | None:
    """Sign who is logged in: hexadecimal HMAC-SHA256 of the user id under the identity secret; None for a visitor."""
    if person.user_id is None:
        return None
    return hmac.new(secret.encode(), person.user_id.encode(), hashlib.sha256).hexdigest()


def _visitor(key: str) -> Person:
    return Person(key, "Visitor", "Not logged in")


def _learner(key: str, number: int) -> Person:
    name = _FRESH_NAMES[number % len(_FRESH_NAMES)]
    traits: dict[str, str | int] = {"name": name, "plan": "free", "role": "learner", "locale": "en"}
    return Person(key, name, "Just joined, Free", user_id=key, traits=traits)
