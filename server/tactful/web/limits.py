"""How much is let in: token buckets by address, person, project and write key, and bounds on what waits.

Two kinds of requests come from pages. Whoever holds an ask was let in when it was recorded: a response, and how its
card went, are limited for each ask by itself and by nothing that others send. Everything else is anybody's: it must
find a token in the bucket of its address before its body is looked at, and then in those of its person and its project.

    responses, closings of an ask     the ask's bucket                   first in the writer's queue
    asks                              address, person, project's asks    refused while much waits for the database
    events, `show`, the live stream   address, person, project's events  the same
    opt-outs without an ask           address, person, project's own     the same
    backends                          write key, project                 refused while less waits already
    a wrong key, token or receiver    address

What is refused is charged to nobody but its address, and costs no more than reading its headers, or its body.

Buckets are kept in memory, so limits are for each process: with N processes everything may come N times. Who comes is
for anybody to make up, so there are so many buckets of a kind at most. To make room only a bucket is forgotten that is
full again, which changes nothing; while there is none, whoever is new shares one bucket with everybody who is. So
nobody can wash away what others, or they themselves, have used up.

Addresses and ids are in here, so what is full again is also forgotten by itself (`tidy`): half a minute after somebody
came last, nothing in here tells that they did.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

import msgspec

from tactful.clock import Clock
from tactful.core.buckets import TOKEN, Bucket, Rate, is_full, take
from tactful.core.spans import MINUTE_MS, SECOND_MS
from tactful.errors import Busy, TooOften
from tactful.identity import Identity
from tactful.settings import Settings

__all__ = ["Buckets", "Kind", "Limits", "Room", "Rooms", "Sender"]

_log = logging.getLogger("tactful.limits")

#: A bucket holds what its rate gives in so long: a class that begins its lesson, a page that reports much at once.
BURST_S = 20
#: Buckets of one kind; some 5 MB.
MOST_BUCKETS = 20_000
#: Everybody who is new while there is no room shares one bucket of so many times the rate.
CROWD = 10
#: An answer at a time, each with a retry or two; far more than any card sends.
ASK_RATE = Rate(per_s=1, burst=30)
#: Half a minute of more responses than one process takes: one that has its own ask must never be in a crowd.
MOST_ASKS = 50_000
#: Keys of one project together, in rates of one key.
KEYS_OF_A_PROJECT = 2

#: Scripts that wait for the database, from which on backends and pages are asked to come again; the writer's queue
#: itself refuses at five times as many, and has a place of its own for responses. 2,000 are a second's work at most.
BACKENDS_MAY_WAIT = 1_000
PAGES_MAY_WAIT = 2_000

_LONGEST_KEY = 100
#: Buckets of one kind that are forgotten in one go: a millisecond's work.
_TIDIED_AT_ONCE = 1_000
_TELL_EVERY_MS = MINUTE_MS

#: What a page may want of a project, each within the project's rate by itself.
Kind = Literal["events", "asks", "opt-outs"]

#: Hears how many messages a limit of a project refused, and from where.
Refused = Callable[[str, Literal["page", "backend"], int], None]

#: Bytes of bodies, each twice: those that are dealt with, and those of which a part is still to come.
ROOM_FOR_BATCHES = 64 * 1_024 * 1_024
ROOM_FOR_PAGES = 16 * 1_024 * 1_024
ROOM_FOR_HOLDERS = 16 * 1_024 * 1_024


#: A refusal is held back for so long, so that a connection brings two of them a second and not hundreds: refusing at
#: once costs more than many of those who are let in. So many refusals are held at a time; more are said at once.
HOLD_BACK_S = 0.5
MOST_HELD_BACK = 5_000


class Buckets:
    """The buckets of one kind by key, at most `most`; no `rate` is no limit."""

    def __init__(self, per_s: int, most: int = MOST_BUCKETS, *, burst: int = 0) -> None:
        self._rate = Rate(per_s, burst or per_s * BURST_S) if per_s else None
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._crowd: Bucket | None = None

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, now: int, cost: int = 1) -> int:
        """Take `cost` tokens for `key` and return 0; where there is none, take nothing and return in how many ms there
        will be one."""
        if self._rate is None:
            return 0
        bucket = self._buckets.get(key)
        if bucket is None and len(self._buckets) >= self._most and not self._make_room(now):
            return self._take_of_crowd(now, cost)
        after = take(self._rate, bucket, now, cost)
        if isinstance(after, int):
            return after
        self._buckets[key] = after
        self._buckets.move_to_end(key)
        return 0

    def give_back(self, key: str, cost: int) -> None:
        """Undo a `take` of this moment; what the crowd was charged stays."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            self._buckets[key] = bucket._replace(level=bucket.level + cost * TOKEN)

    def tidy(self, now: int) -> None:
        """Forget a handful of the buckets that were used least lately, as far as they are full again."""
        for _ in range(min(len(self._buckets), _TIDIED_AT_ONCE)):
            if not self._make_room(now):
                return

    def _make_room(self, now: int) -> bool:
        """Forget the bucket that was used least lately, if that changes nothing; tell whether it did."""
        assert self._rate is not None
        if not is_full(self._rate, next(iter(self._buckets.values())), now):
            return False
        self._buckets.popitem(last=False)
        return True

    def _take_of_crowd(self, now: int, cost: int) -> int:
        assert self._rate is not None
        after = take(Rate(self._rate.per_s * CROWD, self._rate.burst * CROWD), self._crowd, now, cost)
        if isinstance(after, int):
            return after
        self._crowd = after
        return 0


class Room:
    """So many bytes of bodies that have not been dealt with, at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, size: int) -> None:
        """Count bytes that came. Raises `Busy`, and counts nothing, where there is no room for them."""
        if self.held + size > self._most:
            raise _overloaded()
        self.held += size

    def give_back(self, size: int) -> None:
        """Bytes that were counted are dealt with."""
        self.held -= size


class Rooms:
    """The room for bodies of one kind that are whole, and for the parts of those that are not: whoever sends half a
    body, and no more, takes no place from what has arrived."""

    def __init__(self, most: int) -> None:
        self.whole = Room(most)
        self.parts = Room(most)


class Sender(msgspec.Struct, frozen=True):
    """Who wants something of a project: from which address, as whom."""

    address: str
    identity: Identity

    def key(self, project_id: str) -> str | None:
        """The name of the person's bucket; None for nobody. An id that nothing proves is one among those of its
        address, so that nobody uses up what is somebody else's."""
        identity = self.identity
        user_id = identity.user_id
        if user_id is None:
            anonymous_id = identity.anonymous_id
            return None if anonymous_id is None else _short(f"{project_id}\0{self.address}\0{anonymous_id}")
        return _short(f"{project_id}\0{'' if identity.proved else self.address}\0{user_id}")


class Limits:
    """The limits of this process. `waiting` tells how many scripts wait for the database."""

    def __init__(self, settings: Settings, clock: Clock, waiting: Callable[[], int], refused: Refused) -> None:
        self._clock = clock
        self._waiting = waiting
        self._refused = refused
        self._addresses = Buckets(settings.rate_address)
        self._people = Buckets(settings.rate_person)
        self._projects = Buckets(settings.rate_project)
        self._asks = Buckets(ASK_RATE.per_s, MOST_ASKS, burst=ASK_RATE.burst)
        self._keys = Buckets(settings.rate_ingest)
        self._backends = Buckets(settings.rate_ingest * KEYS_OF_A_PROJECT)
        self.batches = Rooms(ROOM_FOR_BATCHES)
        self.pages = Rooms(ROOM_FOR_PAGES)
        self.holders = Rooms(ROOM_FOR_HOLDERS)
        self._held_back = 0
        #: How many requests were refused since the last line in the log, by what refused them.
        self._told: dict[str, int] = {}
        self._told_at = -_TELL_EVERY_MS

    def knock(self, address: str) -> None:
        """Let in a request that holds no ask, before its body is read. Raises `TooOften` and `Busy`."""
        now = self._clock.steady_ms()
        if wait := self._addresses.take(address, now):
            raise self._too_often("address", wait, now)
        if self._waiting() >= PAGES_MAY_WAIT:
            self._count("database", now)
            raise _overloaded()

    def tidy(self) -> None:
        """Forget, as far as that changes nothing, who has come and how often; to be called every second."""
        now = self._clock.steady_ms()
        for buckets in (self._addresses, self._people, self._projects, self._asks, self._keys, self._backends):
            buckets.tidy(now)

    async def hold_back(self) -> None:
        """Let somebody who is refused wait a moment before they hear of it, as long as few do."""
        if self._held_back < MOST_HELD_BACK:
            self._held_back += 1
            try:
                await asyncio.sleep(HOLD_BACK_S)
            finally:
                self._held_back -= 1

    def fumble(self, address: str) -> None:
        """Count a wrong key or token. Raises `TooOften` for an address that has sent too many, or too much else."""
        now = self._clock.steady_ms()
        if wait := self._addresses.take(address, now):
            raise self._too_often("address", wait, now)

    def page(self, project_id: str, kind: Kind, sender: Sender, messages: int = 1) -> None:
        """Let in what somebody's page wants of a project. Raises `TooOften`, and charges neither person nor project."""
        now = self._clock.steady_ms()
        person = sender.key(project_id)
        limit, wait = "person", 0 if person is None else self._people.take(person, now, messages)
        if not wait:
            limit, wait = "project", self._projects.take(f"{project_id} {kind}", now, messages)
            if wait and person is not None:
                self._people.give_back(person, messages)
        if wait:
            self._refused(project_id, "page", messages)
            raise self._too_often(limit, wait, now)
        if messages > 1:
            # It was let in for one token, before anybody knew how much is in it; the rest is a debt.
            self._addresses.give_back(sender.address, 1 - messages)

    def ask(self, project_id: str, ask_id: str) -> None:
        """Let in what is said to an ask, whose token was good. Raises `TooOften`."""
        now = self._clock.steady_ms()
        if wait := self._asks.take(f"{project_id} {ask_id}", now):
            raise self._too_often("ask", wait, now)

    def ingest(self, project_id: str, key: str, messages: int) -> None:
        """Let in what a backend sends to a project that its write key opened. Raises `TooOften` and `Busy`."""
        now = self._clock.steady_ms()
        if self._waiting() >= BACKENDS_MAY_WAIT:
            self._count("database", now)
            raise _overloaded()
        key = _short(f"{project_id} {key}")
        wait = self._keys.take(key, now, messages)
        if not wait:
            wait = self._backends.take(project_id, now, messages)
            if wait:
                self._keys.give_back(key, messages)
        if wait:
            self._refused(project_id, "backend", messages)
            raise self._too_often("ingest", wait, now)

    def _too_often(self, limit: str, wait: int, now: int) -> TooOften:
        self._count(limit, now)
        seconds = -(-wait // SECOND_MS)
        said = f"Too many requests; send the same again in {seconds} s."
        return TooOften("too_many_requests", said, seconds, limit=limit)

    def _count(self, limit: str, now: int) -> None:
        """Tell in the log what was refused, a line a minute at most; without a word of whom."""
        self._told[limit] = self._told.get(limit, 0) + 1
        if now - self._told_at >= _TELL_EVERY_MS:
            self._told_at = now
            counts = ", ".join(f"{name} {count}" for name, count in sorted(self._told.items()))
            _log.warning("Requests were refused since the last such line, by limit: %s.", counts)
            self._told.clear()


def _overloaded() -> Busy:
    return Busy("overloaded", "More is under way than can be done; send the same request again.")


def _short(key: str) -> str:
    """A name as good as `key`, of bounded length."""
    if len(key) <= _LONGEST_KEY:
        return key
    return hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=16).hexdigest()
