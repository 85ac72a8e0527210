"""How often a password may be tried: a wait that doubles, for each account and for each address.

A try counts when it begins, so a hundred at once are not one. Somebody who is right is forgiven: their account's tries
are forgotten, and their address gets the one try back (not all of them: with an account of one's own one could begin
anew for ever). An account that does not exist is counted like one that does. While somebody must wait nothing is
counted and nothing is hashed, so others cannot keep a member out for longer than the longest wait; a reset link is
never kept waiting.

All this is in memory: a restart forgets it, and costs an attacker more than it gives.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from tactful.clock import Clock
from tactful.core.spans import DAY_MS, MINUTE_MS, SECOND_MS
from tactful.errors import TooOften

__all__ = ["ACCOUNT", "ADDRESS", "Limit", "Tries"]

_MOST_KEYS = 10_000
_FORGOTTEN_AFTER_MS = DAY_MS


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries are free; after each further one the wait doubles, from a second to `longest_ms`."""

    free: int
    longest_ms: int


ACCOUNT = Limit(free=5, longest_ms=15 * MINUTE_MS)
#: An office shares one address.
ADDRESS = Limit(free=20, longest_ms=15 * MINUTE_MS)


@dataclass(slots=True)
class _Tried:
    times: int
    at: int


class _Counter:
    """The tries of many keys under one limit, the least recent forgotten first."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._tried: OrderedDict[str, _Tried] = OrderedDict()

    def wait_ms(self, key: str, now: int) -> int:
        tried = self._tried.get(key)
        if tried is None or tried.times < self._limit.free or now - tried.at > _FORGOTTEN_AFTER_MS:
            return 0
        wait = min(SECOND_MS << min(tried.times - self._limit.free, 30), self._limit.longest_ms)
        return min(max(tried.at + wait - now, 0), self._limit.longest_ms)

    def count(self, key: str, now: int) -> None:
        tried = self._tried.pop(key, None)
        if tried is None or now - tried.at > _FORGOTTEN_AFTER_MS:
            tried = _Tried(0, now)
        self._tried[key] = _Tried(tried.times + 1, now)
        if len(self._tried) > _MOST_KEYS:
            self._tried.popitem(last=False)

    def forget(self, key: str) -> None:
        self._tried.pop(key, None)

    def give_back(self, key: str) -> None:
        if key in self._tried:
            self._tried[key].times -= 1


class Tries:
    """The tries at all accounts from all addresses."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts = _Counter(ACCOUNT)
        self._addresses = _Counter(ADDRESS)

    def begin(self, account: str, address: str) -> None:
        """Count a try. Raises `TooOften`, and counts nothing, while one of the two must wait."""
        now = self._clock.now_ms()
        wait = max(self._accounts.wait_ms(account, now), self._addresses.wait_ms(address, now))
        if wait:
            seconds = -(-wait // SECOND_MS)
            when = f"{seconds} s" if seconds < 120 else f"{-(-seconds // 60)} minutes"
            raise TooOften("too_many_tries", f"Too many tries. Try again in {when}.", seconds)
        self._accounts.count(account, now)
        self._addresses.count(address, now)

    def succeeded(self, account: str, address: str) -> None:
        """Forgive what was tried, since the password was right."""
        self._accounts.forget(account)
        self._addresses.give_back(address)
