"""What can go wrong and is not a bug, as one small tree.

    TactfulError
    |-- BadRequest          400  the bytes are not what the route takes
    |-- Unauthorized        401  a key, token or pass is missing, forged or expired
    |-- Forbidden           403  known, but not from here (origin, scope)
    |-- NotFound            404  absent, or not yours: the two look alike
    |-- Conflict            409  the state says no (not now, response final)
    |-- TooSlow             408  the body did not arrive in time
    |-- TooLarge            413  over a limit
    |-- Invalid             422  a definition with faults, each with its path
    |-- TooOften            429  over a limit a second, or too many tries; when to try again is said
    |-- Busy                503  the database is held by somebody else, or too much waits; try again
    |-- StorageFull         507  nothing more can be stored until somebody makes room
    `-- CannotStart         -    `serve` or a command cannot begin, and why

Each carries a stable `code`, a `message` that says what to do next, and data. They are raised where the fact is
known and handled once: by `web/problems.py` on the wire and by `cli.py` in the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = [
    "BadRequest",
    "Busy",
    "CannotStart",
    "Conflict",
    "Forbidden",
    "Invalid",
    "NotFound",
    "StorageFull",
    "TactfulError",
    "TooLarge",
    "TooOften",
    "TooSlow",
    "Unauthorized",
]


class TactfulError(Exception):
    """The root: `code` is stable and goes on the wire, `message` says what to do next."""

    status = 500
    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


class BadRequest(TactfulError):
    """The bytes are not what the route takes."""

    status = 400


class Unauthorized(TactfulError):
    """A key, token or pass is missing, forged or expired. `payload` is set only for what we signed and is too old."""

    status = 401
    payload: Sequence[Any] = ()


class Forbidden(TactfulError):
    """Known, but not from here or not for this."""

    status = 403


class NotFound(TactfulError):
    """Absent, or not yours: the two look alike."""

    status = 404


class Conflict(TactfulError):
    """The state of things says no."""

    status = 409


class TooSlow(TactfulError):
    """The body did not arrive in time; the same request may be sent again."""

    status = 408


class TooLarge(TactfulError):
    """Over a limit that the message names."""

    status = 413


class Invalid(TactfulError):
    """A definition with faults; `faults` has one entry each, with its path and, for a file, its line."""

    status = 422

    def __init__(self, code: str, message: str, faults: Sequence[dict[str, Any]]) -> None:
        super().__init__(code, message, faults=list(faults))


class TooOften(TactfulError):
    """Over a limit a second, or too many tries; the next is heard in `seconds`."""

    status = 429

    def __init__(self, code: str, message: str, seconds: int = 1, **data: Any) -> None:
        super().__init__(code, message, **data)
        self.headers = (("Retry-After", str(seconds)),)


class Busy(TactfulError):
    """The database is held by somebody else; the same request may be sent again."""

    status = 503
    headers = (("Retry-After", "2"),)


class StorageFull(TactfulError):
    """The disk or the database is full; nothing was stored, and reading goes on."""

    status = 507


class CannotStart(TactfulError):
    """`serve` or a command cannot begin."""
