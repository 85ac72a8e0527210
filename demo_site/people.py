"""Who is using Lantern: a handful of people to be, somebody new, or a visitor who is not logged in.

Lantern has no passwords: it is a stage, and its identity switch lets anybody be anybody on it. What it does as
a real product would is the signature: a logged-in person's id is signed here, with a secret that no page has.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

__all__ = ["CAST", "Person", "new_learner", "new_visitor", "person_of", "sign"]

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


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in front of the screen. `key` is what Lantern's cookie holds; a visitor has no `user_id`."""

    key: str
    name: str
    about: str
    user_id: str | None = None
    locale: str = "en"
    traits: dict[str, str | int] = field(default_factory=dict)

    @property
    def initials(self) -> str:
        """One or two letters for the round picture."""
        return "".join(word[0] for word in self.name.split()[:2]).upper() if self.user_id else "?"


def _member(key: str, name: str, about: str, **traits: str | int) -> Person:
    locale = str(traits.get("locale", "en"))
    return Person(key, name, about, user_id=key, locale=locale, traits={"name": name, **traits})


#: The people to be, in the order of the menu. `about` says in the menu what is worth knowing of them.
CAST = {
    person.key: person
    for person in (
        _member("maya-okafor", "Maya Okafor", "Learner, Plus", plan="plus", role="learner", age=34, locale="en"),
        _member("tom-berger", "Tom Berger", "Learner, Free", plan="free", role="learner", age=21, locale="en"),
        _member(
            "lin-xiaoyu", "林晓雨", "Learner, Plus, reads Chinese", plan="plus", role="learner", age=28, locale="zh"
        ),
        _member("ines-duarte", "Inês Duarte", "Teacher, Schools", plan="schools", role="teacher", age=46, locale="en"),
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
