"""Where the data is: a SQLite file, or a PostgreSQL database on one host or on several of which one takes writes.

    sqlite:///tactful.db    sqlite:////var/lib/tactful.db
    postgresql://tactful:secret@db1.internal:5432,db2.internal:5432/tactful?sslmode=verify-full

A URL may hold a password, so nothing shows it as it is: `str` and `repr` leave the password out, and whoever connects
asks for `text` by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

__all__ = ["DatabaseUrl", "read_database_url"]

_EXPECTED = (
    "expected sqlite:///PATH (one slash more for an absolute path) or postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
    "several hosts separated by commas; in a password write %23 for #, %2F for / and %3F for ?"
)
_POSTGRES = ("postgresql", "postgres")
_SECRET_PARAMETERS = ("password", "sslpassword")
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A database by its URL. `path` is the file of a SQLite database, None for PostgreSQL."""

    text: str = field(repr=False)
    kind: Literal["sqlite", "postgres"]
    path: Path | None = None

    @classmethod
    def of_file(cls, path: str | Path) -> Self:
        """The SQLite database at `path`."""
        return cls(f"sqlite:///{path}", "sqlite", Path(path))

    def __str__(self) -> str:
        """The URL without its passwords."""
        if self.kind == "sqlite":
            return self.text
        scheme, netloc, path, query, _ = urlsplit(self.text)
        user, separator, hosts = netloc.rpartition("@")
        name, colon, _ = user.partition(":")
        shown = [(key, _HIDDEN if key in _SECRET_PARAMETERS else value) for key, value in parse_qsl(query)]
        hidden = f"{name}{colon and f':{_HIDDEN}'}{separator}{hosts}"
        return f"{scheme}://{hidden}{path}{query and '?'}{urlencode(shown, safe='/*,')}"

    def __repr__(self) -> str:
        return f"DatabaseUrl({str(self)!r})"


def read_database_url(text: str) -> DatabaseUrl:
    """Read the setting. Raises ValueError, which never quotes `text`, with what it expected."""
    scheme, separator, rest = text.partition("://")
    if scheme == "sqlite" and separator and len(rest) > 1 and rest.startswith("/"):
        return DatabaseUrl(text, "sqlite", Path(rest[1:]))
    if scheme not in _POSTGRES or not separator or not _is_sound(text):
        raise ValueError(_EXPECTED)
    return DatabaseUrl(text, "postgres")


def _is_sound(text: str) -> bool:
    """Tell whether every host has a name and a port that is one, and whether a database is named."""
    try:
        parts = urlsplit(text)
        hosts = parts.netloc.rpartition("@")[2]
        named = all(_is_host(host) for host in hosts.split(",")) if hosts else True
    except ValueError:
        return False
    return named and not parts.fragment and len(parts.path) > 1 and "/" not in parts.path[1:] and text.isprintable()


def _is_host(written: str) -> bool:
    """Tell whether this is a host, `[IPv6]` in brackets, with a port or without."""
    name, bracket, after = written.rpartition("]")
    if not bracket:
        name, colon, port = written.partition(":")
    else:
        colon, port = after[:1], after[1:]
    return bool(name) and (not colon or (port.isascii() and port.isdigit() and 0 < int(port) < 65_536))
