"""Settings from the environment, one table: name, how it is read, its default, what it is for.

Every bad value is reported at once. A secret may be given as a file: `TACTFUL_SECRET_KEYS_FILE=/run/secrets/keys`.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tactful.database_url import DatabaseUrl, read_database_url
from tactful.errors import CannotStart

__all__ = ["SETTINGS", "Setting", "Settings", "read_settings"]

PREFIX = "TACTFUL_"
_SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table. `read` turns the text into the value or raises ValueError with what it expected."""

    name: str
    read: Callable[[str], Any]
    default: str
    about: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as read. `secret_keys` has the newest first and is never empty once `read_settings` returned."""

    database_url: DatabaseUrl
    secret_keys: tuple[str, ...] = field(repr=False)
    base_url: str
    trusted_proxies: int = 0
    allow_async_commit: bool = False
    rate_project: int = 1_000
    rate_address: int = 100
    rate_person: int = 5
    rate_ingest: int = 2_000


def _secret_keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if any(len(key) < _SHORTEST_KEY for key in keys):
        raise ValueError(f"every key needs at least {_SHORTEST_KEY} characters; make one with `openssl rand -hex 32`")
    return keys


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("expected an address like https://surveys.example.com")
    return text.rstrip("/")


def _hops(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise ValueError("expected a number, like 1 behind one reverse proxy")
    return int(text)


def _rate(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise ValueError("expected a whole number a second, like 100, or 0 for no limit")
    return int(text)


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError("expected yes or no")
    return text == "yes"


SETTINGS: tuple[Setting, ...] = (
    Setting("DATABASE_URL", read_database_url, "sqlite:///./tactful.db", "where everything is kept", secret=True),
    Setting("SECRET_KEYS", _secret_keys, "", "keys that sign tokens, newest first, separated by commas", secret=True),
    Setting("BASE_URL", _base_url, "http://localhost:8000", "the address under which browsers reach the service"),
    Setting("TRUSTED_PROXIES", _hops, "0", "how many proxies in front add to X-Forwarded-For"),
    Setting("ALLOW_ASYNC_COMMIT", _yes_or_no, "no", "whether PostgreSQL may lose what was acknowledged (`yes`, `no`)"),
    Setting("RATE_PROJECT", _rate, "1000", "messages a second that all pages of a project may send (0: no limit)"),
    Setting("RATE_ADDRESS", _rate, "100", "requests a second from pages at one address (0: no limit)"),
    Setting("RATE_PERSON", _rate, "5", "messages a second that the pages of one person may send (0: no limit)"),
    Setting("RATE_INGEST", _rate, "2000", "messages a second that a backend may send with one key (0: no limit)"),
)


def _text_of(setting: Setting, environ: Mapping[str, str]) -> str:
    name = PREFIX + setting.name
    if setting.secret and f"{name}_FILE" in environ:
        return Path(environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
    return environ.get(name, setting.default)


def development_key(database: Path) -> str:
    """Return the key kept beside `database`, made at the first call; readable by its owner alone."""
    path = database.with_name(f"{database.name}.key")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError:
        return _kept_key(path)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_hex(32)
        file.write(key + "\n")
    return key


def _kept_key(path: Path) -> str:
    key = path.read_text(encoding="ascii", errors="replace").strip()
    if len(key) < _SHORTEST_KEY:  # a crash while it was written; what a short key signs, anybody can
        raise CannotStart("bad_key_file", f"{path} holds no whole key; delete it, and a new one is made.")
    return key


def read_settings(environ: Mapping[str, str], warn: Callable[[str], None]) -> Settings:
    """Read all settings. Raises `CannotStart` naming every bad value; `warn` hears what suits development only."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for setting in SETTINGS:
        try:
            values[setting.name.lower()] = setting.read(_text_of(setting, environ))
        except (ValueError, OSError) as error:
            shown = "" if setting.secret else f"={environ.get(PREFIX + setting.name, setting.default)!r}"
            faults.append(f"{PREFIX}{setting.name}{shown}: {error}")
    database: DatabaseUrl | None = values.get("database_url")
    if database is not None and database.path is None and values.get("secret_keys") == ():
        faults.append(
            f"{PREFIX}SECRET_KEYS: must be set with PostgreSQL, the same for every server process, since what one has "
            "signed another reads; make one with `openssl rand -hex 32`"
        )
    if faults:
        raise CannotStart("bad_settings", "These settings cannot be used:\n  " + "\n  ".join(faults))
    if database is not None and database.path is not None and not values["secret_keys"]:
        values["secret_keys"] = (development_key(database.path),)
        warn(
            "TACTFUL_SECRET_KEYS is not set: a development key is kept beside the database. "
            "Set it in production (`openssl rand -hex 32`)."
        )
    return Settings(**values)
