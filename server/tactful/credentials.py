"""Passwords and e-mail addresses: their normal forms, and the slow hash of the former.

Argon2id takes some 60 ms of several cores and 64 MiB each time, on purpose. So it runs in threads, few at once, and
whoever would wait behind too many is told to come back: without that, log-in is the cheapest way to take a server
down. For an address that nobody has, the same work is done on `DUMMY`, so an answer's time says nothing.
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tactful.errors import BadRequest, Busy

__all__ = ["DUMMY", "LONGEST_PASSWORD", "SHORTEST_PASSWORD", "Passwords", "check_password", "normal_email"]

T = TypeVar("T")

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 128
_LONGEST_EMAIL = 254

_AT_ONCE = 2
_MOST_WAITING = 32

#: A hash with the present parameters that no password opens.
DUMMY = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def normal_email(text: str) -> str:
    """The form in which addresses are kept and compared. Raises `BadRequest` for what is no address."""
    email = unicodedata.normalize("NFC", text.strip()).lower()
    name, _, host = email.rpartition("@")
    if not name or not host or len(email) > _LONGEST_EMAIL or not email.isprintable() or " " in email:
        raise BadRequest("bad_email", "This is not an e-mail address.")
    return email


def check_password(password: str, email: str) -> None:
    """Raise `BadRequest` for a password that is too short, too long, or the member's own address."""
    length = len(unicodedata.normalize("NFC", password))
    if length < SHORTEST_PASSWORD:
        raise BadRequest("password_short", f"A password has at least {SHORTEST_PASSWORD} characters.")
    if length > LONGEST_PASSWORD:
        raise BadRequest("password_long", f"A password has at most {LONGEST_PASSWORD} characters.")
    if password.strip().lower() == email:
        raise BadRequest("password_email", "A password must not be the e-mail address.")


class Passwords:
    """Makes and verifies hashes, `_AT_ONCE` at a time."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Hash a password that `check_password` has passed. Raises `Busy`."""
        return await self._in_turn(self._hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether `password` is the one. Without a hash the same work is done for nothing. Raises `Busy`."""
        return await self._in_turn(self._verify, stored or DUMMY, password) and stored is not None

    def is_old(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    async def _in_turn(self, work: Callable[..., T], *args: str) -> T:
        if self._waiting >= _MOST_WAITING:
            raise Busy("log_in_busy", "Too many people are logging in; try again in a moment.")
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *args)
        finally:
            self._waiting -= 1

    def _hash(self, password: str) -> str:
        return self._hasher.hash(unicodedata.normalize("NFC", password))

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, unicodedata.normalize("NFC", password))
        except (VerificationError, InvalidHashError):
            return False
