"""How much is let in: token buckets by address, person, project and write key, and bounds on what waits.

Two kinds of requests come from pages. Whoever holds an ask was let in when it was recorded: a response, and how its
card went, are limited for each ask by itself and by nothing that others send. Everything else is anybody's: it must
find a token in the bucket of its address before its body is looked at, and then in those of its person and its project.

    responses, closings of an ask     the ask's bucket                   first in the writer's queue
    asks                              address, person, project's asks    refused while much waits for the database
    events, `show`, the live stream   address, person, project's events  the same
    opt-outs without an ask           address, person, project's own     the same
    backends                          write key, project                 refused while less waits already
    a wrong key or token              address

What is refused is charged to nobody but its address, and costs no more than reading its headers, or its body.

Buckets are kept in memory, so limits are for each process: with N processes everything may come N times. Who comes is
for anybody to make up, so there are so many buckets of a kind at most. To make room only a bucket is forgotten that is
full again, which changes nothing; while there is none, whoever is new shares one bucket with everybody who is. So
nobody can wash away what others, or they themselves, have used up.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal, NamedTuple

from tactful.clock import Clock
from tactful.core.buckets import Bucket, Rate, charged, is_full, wait_ms
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

    def wait_ms(self, key: str, now: int) -> int:
        """How long until there is a token for `key`, in ms; 0 where there is one. Remembers nothing."""
        if self._rate is None:
            return 0
        bucket = self._buckets.get(key)
        if bucket is None and not self._has_room(now):
            return wait_ms(self._crowds(self._rate), self._crowd, now)
        return wait_ms(self._rate, bucket, now)

    def charge(self, key: str, now: int, cost: int) -> None:
        """Take `cost` tokens out of the bucket of `key`."""
        if self._rate is None:
            return
        bucket = self._buckets.get(key)
        if bucket is None and not self._has_room(now):
            self._crowd = charged(self._crowds(self._rate), self._crowd, now, cost)
            return
        self._buckets[key] = charged(self._rate, bucket, now, cost)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)

    def _has_room(self, now: int) -> bool:
        """Tell whether another bucket may be kept: there is a place, or one that is taken by a full bucket."""
        if self._rate is None or len(self._buckets) < self._most:
            return True
        return is_full(self._rate, next(iter(self._buckets.values())), now)

    @staticmethod
    def _crowds(rate: Rate) -> Rate:
        return Rate(rate.per_s * CROWD, rate.burst * CROWD)


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


class Sender(NamedTuple):
    """Who wants something of a project: from which address, as whom."""

    address: str
    identity: Identity

    def key(self, project_id: str) -> str | None:
        """The name of the person's bucket; None for nobody. An id that nothing proves is one among those of its
        address, so that nobody uses up what is somebody else's."""
        identity = self.identity
        if not identity.aliases:
            return None
        proved = identity.proved and identity.user_id is not None
        return _short("\0".join((project_id, "" if proved else self.address, identity.sample_key)))


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
        wait = self._addresses.wait_ms(address, now)
        if wait:
            raise self._too_often("address", wait, now)
        if self._waiting() >= PAGES_MAY_WAIT:
            self._count("database", now)
            raise _overloaded()
        self._addresses.charge(address, now, 1)

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
        wait = self._addresses.wait_ms(address, now)
        if wait:
            raise self._too_often("address", wait, now)
        self._addresses.charge(address, now, 1)

    def page(self, project_id: str, kind: Kind, sender: Sender, messages: int = 1) -> None:
        """Let in what somebody's page wants of a project. Raises `TooOften`, and charges neither person nor project."""
        now = self._clock.steady_ms()
        person, project = sender.key(project_id), f"{project_id} {kind}"
        wait = 0 if person is None else self._people.wait_ms(person, now)
        limit = "person" if wait else "project"
        wait = wait or self._projects.wait_ms(project, now)
        if wait:
            self._refused(project_id, "page", messages)
            raise self._too_often(limit, wait, now)
        if person is not None:
            self._people.charge(person, now, messages)
        self._projects.charge(project, now, messages)
        if messages > 1:
            self._addresses.charge(sender.address, now, messages - 1)

    def ask(self, project_id: str, ask_id: str) -> None:
        """Let in what is said to an ask, whose token was good. Raises `TooOften`."""
        now, key = self._clock.steady_ms(), f"{project_id} {ask_id}"
        wait = self._asks.wait_ms(key, now)
        if wait:
            raise self._too_often("ask", wait, now)
        self._asks.charge(key, now, 1)

    def ingest(self, project_id: str, key: str, messages: int) -> None:
        """Let in what a backend sends to a project that its write key opened. Raises `TooOften` and `Busy`."""
        now = self._clock.steady_ms()
        key = _short(f"{project_id} {key}")
        wait = max(self._keys.wait_ms(key, now), self._backends.wait_ms(project_id, now))
        if wait:
            self._refused(project_id, "backend", messages)
            raise self._too_often("ingest", wait, now)
        if self._waiting() >= BACKENDS_MAY_WAIT:
            self._count("database", now)
            raise _overloaded()
        self._keys.charge(key, now, messages)
        self._backends.charge(project_id, now, messages)

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
