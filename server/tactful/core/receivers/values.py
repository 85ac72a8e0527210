"""What a receiver is: how its webhooks are proved, and where in them things stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from tactful.core.conditions import Entry
from tactful.core.spans import DAY_MS, MINUTE_MS

__all__ = [
    "ALGORITHMS",
    "ENCODINGS",
    "MEMORY_MS",
    "SECRET_FORMS",
    "SEPARATORS",
    "Algorithm",
    "Auth",
    "Basic",
    "Bearer",
    "Encoding",
    "Header",
    "Hmac",
    "Open",
    "Part",
    "Paths",
    "Properties",
    "Receiver",
    "SecretForm",
    "Separator",
    "Step",
    "failed",
    "passed",
]

#: How long a message is known to have come before.
MEMORY_MS = 7 * DAY_MS

Algorithm = Literal["sha1", "sha256", "sha512"]
Encoding = Literal["hex", "base64"]
SecretForm = Literal["raw", "whsec"]
Separator = Literal["none", "comma", "space"]

ALGORITHMS: tuple[Algorithm, ...] = ("sha1", "sha256", "sha512")
ENCODINGS: tuple[Encoding, ...] = ("hex", "base64")
#: `whsec`: `whsec_` and base64 of the key. `raw`: the secret's own characters are the key.
SECRET_FORMS: tuple[SecretForm, ...] = ("raw", "whsec")
SEPARATORS: Mapping[Separator, str] = MappingProxyType({"none": "", "comma": ",", "space": " "})


@dataclass(frozen=True, slots=True)
class Part:
    """Where in the headers something stands: in `header` or, if a separator is given, in each of its parts; `prefix`
    is what it begins with there (`sha256=`, or `v1=` of Stripe's `t=...,v1=...`)."""

    header: str
    prefix: str = ""
    separator: Separator = "none"


@dataclass(frozen=True, slots=True)
class Open:
    """Nothing is proved: whoever knows the address is believed."""


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic: this user, and the secret as the password."""

    user: str


@dataclass(frozen=True, slots=True)
class Bearer:
    """`Authorization: Bearer` and the secret."""


@dataclass(frozen=True, slots=True)
class Header:
    """The secret as the value of a header of one's own."""

    header: str


@dataclass(frozen=True, slots=True)
class Hmac:
    """An HMAC over `content`, in which `{body}`, `{timestamp}` and `{id}` stand for what was sent, byte for byte. A
    signed time may be `tolerance_ms` off ours in either direction."""

    signature: Part
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    secret_form: SecretForm = "raw"  # noqa: S105  # a form, no secret
    content: str = "{body}"
    timestamp: Part | None = None
    message_id: Part | None = None
    tolerance_ms: int = 5 * MINUTE_MS


Auth: TypeAlias = "Open | Basic | Bearer | Header | Hmac"

#: JSON paths (core/receivers/paths.py): the first that leads to something usable counts.
Paths: TypeAlias = "tuple[str, ...]"
#: The properties by name, or the paths of one object whose members they are.
Properties: TypeAlias = "Mapping[str, Paths] | Paths"

_NONE: Mapping[str, Paths] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver of a project, under its `key`. `event` is a name itself or the paths of one. Where `user_id` and
    `anonymous_id` lead nowhere, the one known person with the address at `email` is meant."""

    key: str
    name: str
    event: str | Paths
    auth: Auth = field(default_factory=Open)
    where: tuple[Entry, ...] = ()
    user_id: Paths = ()
    anonymous_id: Paths = ()
    email: Paths = ()
    account_id: Paths = ()
    message_id: Paths = ()
    time: Paths = ()
    properties: Properties = field(default_factory=lambda: _NONE)


class Step(NamedTuple):
    """One step of verifying or reading, to be shown: about `what` (`signature`, `where[0]`, `properties.plan`), whether
    it is `ok`, a sentence, the path or header that gave the value, and the value."""

    what: str
    ok: bool
    told: str
    path: str = ""
    value: object = None


def passed(what: str, told: str, path: str = "", value: object = None) -> Step:
    """A step that went well."""
    return Step(what, True, told, path, value)  # noqa: FBT003  # the one place, beside the next, that spells it


def failed(what: str, told: str, path: str = "", value: object = None) -> Step:
    """A step that did not."""
    return Step(what, False, told, path, value)  # noqa: FBT003  # as above
