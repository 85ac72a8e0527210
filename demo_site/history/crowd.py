"""Who learns with Lantern: schools, companies and people on their own, as the world's lists make them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from demo_site.history.moments import Account, Learner
from demo_site.history.season import DAY_MS, Season

__all__ = ["gather"]

_PEOPLE = 1_250
_TEAM = 3
#: How many were there before the story began; the others join during it, more and more of them.
_EARLY = 0.5
_RETURN_OVER_DAYS = 66
_GROWTH = 0.85
_VISITORS = 70
_ALONE = 0.24
_SECOND_DEVICE = 0.06
_LEAVE = 0.1

#: By kind of account: youngest, oldest, and how many visits in a week.
_HABITS = {"school": (11, 18, 2.4), "company": (22, 61, 2.0), "": (17, 72, 2.0)}
#: What somebody's plan and arm do to what they think of Lantern.
_PLAN_WARMTH = {"free": -0.28, "plus": 0.22, "schools": 0.05, "teams": -0.08}
_ARMS = {"classic": 0.0, "adaptive": 0.2}

World = Mapping[str, Any]


def gather(world: World, season: Season, random: Random) -> list[Learner]:
    """Make everybody of the story, in no order of time."""
    accounts = [_account(kind, one) for kind in ("school", "company") for one in world[_PLURALS[kind]]]
    taken: set[str] = set()
    people = [_member(number, world, accounts, taken, (season, random)) for number in range(_PEOPLE)]
    team = [_teammate(number, season) for number in range(_TEAM)]
    return people + team + [_visitor(number, world, season, random) for number in range(_VISITORS)]


_PLURALS = {"school": "schools", "company": "companies"}
_PLANS = {"school": "schools", "company": "teams"}


def _account(kind: str, written: World) -> Account:
    seats = written["size"] * (25 if kind == "school" else 12)
    traits = {
        "name": written["name"],
        "kind": kind,
        "plan": _PLANS[kind],
        "seats": seats,
        "country": written["country"],
    }
    return Account(written["id"], "school" if kind == "school" else "company", written["country"], seats, traits)


def _weighted(random: Random, options: Sequence[World], weight: str) -> World:
    return random.choices(options, [one[weight] for one in options])[0]


def _member(
    number: int, world: World, accounts: Sequence[Account], taken: set[str], drawn: tuple[Season, Random]
) -> Learner:
    season, random = drawn
    alone = random.random() < _ALONE
    account = None if alone else random.choices(accounts, [one.size for one in accounts])[0]
    country = _country_of(world, account, random)
    name = _name(country, random)
    is_first = account is not None and _is_new(account.account_id, taken)
    kind = account.kind if account else ""
    role = _role(kind, is_first=is_first, random=random)
    youngest, oldest, pace = _HABITS["company" if kind and role != "learner" else kind]
    plan = _PLANS[kind] if kind else random.choice(("free", "free", "plus"))
    arm = random.choice(tuple(_ARMS))
    joined_at, begins_at = _began(season, random)
    user_id = f"u-{20_417 + 7 * number}"
    traits = {
        "name": name, "email": _address(name, user_id, account, taken), "plan": plan, "role": role,
        "age": round(random.triangular(youngest, oldest, (youngest * 2 + oldest) / 3)),
        "country": country["code"], "locale": country["locale"], "scoring_algorithm": arm,
    }  # fmt: skip
    strange_from = _strange_from(begins_at, season, random)
    return Learner(
        user_id=user_id,
        browser=f"b-{random.getrandbits(48):012x}",
        locale=country["locale"],
        hours=country["hours"],
        traits=traits,
        joined_at=joined_at,
        begins_at=begins_at,
        left_at=_left_at(begins_at, season, random),
        pace=pace * random.lognormvariate(0, 0.45),
        warmth=random.gauss(0, 0.5) + _PLAN_WARMTH[plan] + _ARMS[arm],
        candour=random.lognormvariate(-0.06, 0.35),
        account=account,
        strange=f"b-{random.getrandbits(48):012x}" if strange_from else None,
        strange_from=strange_from,
        strange_until=strange_from + 6 * DAY_MS,
    )


def _country_of(world: World, account: Account | None, random: Random) -> World:
    """Schools are where their pupils are; one in eight of a company works elsewhere."""
    if account is None or (account.kind == "company" and random.random() < 1 / 8):
        return _weighted(random, world["countries"], "share")
    return next(one for one in world["countries"] if one["code"] == account.country)


def _name(country: World, random: Random) -> str:
    first, last = random.choice(country["first"]), random.choice(country["last"])
    return f"{last}{first}" if country.get("family_first") else f"{first} {last}"


def _is_new(name: str, taken: set[str]) -> bool:
    """Tell whether nobody has `name` yet; from here on somebody does."""
    is_new = name not in taken
    taken.add(name)
    return is_new


def _address(name: str, user_id: str, account: Account | None, taken: set[str]) -> str:
    """An address that nobody can have: `.example` is kept free of hosts. Of two of one name one gets a number."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    local = re.sub(r"[^a-z]+", ".", plain).strip(".")
    domain = account.account_id.partition("-")[2] if account else "mail"
    address = f"{local or user_id}@{domain}.example"
    return address if _is_new(address, taken) else f"{local}{user_id[-3:]}@{domain}.example"


def _role(kind: str, *, is_first: bool, random: Random) -> str:
    if is_first:
        return "owner"
    if kind == "school":
        return "employee" if random.random() < 0.14 else "learner"
    return "employee" if kind else "learner"


def _began(season: Season, random: Random) -> tuple[int, int]:
    """When somebody signed up, and when they come for the first time in the story.

    Those of before come back over nine weeks, as a new school year brings them: everybody on the first day would be
    everybody once more ninety days later, when they may be asked the same again.
    """
    length = season.now - season.start
    if random.random() < _EARLY:
        joined_at = season.start - random.randrange(20, 400) * DAY_MS - random.randrange(DAY_MS)
        return joined_at, season.start + round(random.random() * _RETURN_OVER_DAYS * DAY_MS)
    joined_at = season.start + round(random.random() ** _GROWTH * 0.96 * length)
    return joined_at, joined_at


def _left_at(begins_at: int, season: Season, random: Random) -> int:
    if random.random() >= _LEAVE:
        return season.now
    return begins_at + round(random.uniform(0.2, 1.0) * (season.now - begins_at))


def _strange_from(begins_at: int, season: Season, random: Random) -> int:
    """When somebody comes on a second device for the first time, or 0."""
    drawn = begins_at + round(random.random() * (season.now - begins_at))
    wanted = random.random() < _SECOND_DEVICE
    return drawn if wanted and drawn < season.now - 10 * DAY_MS else 0


def _teammate(number: int, season: Season) -> Learner:
    """Somebody of Lantern's own, who tries the surveys out."""
    name = ("Robin Ashdown", "Yuki Tamm", "Sol Marchetti")[number]
    return Learner(
        user_id=f"team-{name.partition(' ')[0].lower()}",
        browser=f"team-{number}",
        locale="en-GB",
        hours=0,
        traits={"name": name, "email": f"{name.partition(' ')[0].lower()}@lantern.example", "role": "staff"},
        joined_at=season.start - 500 * DAY_MS,
        begins_at=season.start,
        left_at=season.now,
        pace=0.8,
        warmth=0.6,
        candour=2.5,
        test=True,
    )


def _visitor(number: int, world: World, season: Season, random: Random) -> Learner:
    """Somebody who reads the open lessons and never logs in."""
    country = _weighted(random, world["countries"], "share")
    begun = season.start + round(random.random() * 0.9 * (season.now - season.start))
    return Learner(
        user_id=None,
        browser=f"v-{number:03d}-{random.getrandbits(32):08x}",
        locale=country["locale"],
        hours=country["hours"],
        traits={},
        joined_at=begun,
        begins_at=begun,
        left_at=min(season.now, begun + random.randrange(20, 90) * DAY_MS),
        pace=0.7,
        warmth=random.gauss(-0.1, 0.5),
        candour=0.7,
    )
