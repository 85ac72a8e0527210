"""The shape of a receiver: how its webhooks are proved, and the paths by which they are read.

What would verify nothing is a fault rather than a surprise: a time or an id that the signature does not cover, a
content without the body, a path that is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tactful.core.reading.conditions import conditions
from tactful.core.reading.fields import key, name, one_of, span, string
from tactful.core.reading.notes import listed, quoted
from tactful.core.reading.places import At
from tactful.core.reading.shapes import Field, Shape, list_of, read_fields, record
from tactful.core.receivers.mapping import MOST_PROPERTIES
from tactful.core.receivers.paths import parse_path
from tactful.core.receivers.presets import PRESETS
from tactful.core.receivers.values import (
    ALGORITHMS,
    ENCODINGS,
    SECRET_FORMS,
    SEPARATORS,
    Auth,
    Basic,
    Bearer,
    Header,
    Hmac,
    Open,
    Part,
    Paths,
    Properties,
    Receiver,
)
from tactful.core.spans import DAY_MS, SECOND_MS

__all__ = ["AUTHS", "PART", "RECEIVER", "receiver"]

_MOST_ALTERNATIVES = 10
_LONGEST_CONTENT = 200
_SLOTS = re.compile(r"\{([^{}]*)\}")


# Paths


def _path(at: At) -> str | None:
    if isinstance(at.value, str) and parse_path(at.value) is not None:
        return at.value
    at.expected("a path", 'write it as `$.a.b[0].c`, or `$.a["b c"]` for a name with spaces or dots')
    return None


_some_paths = list_of(_path, _MOST_ALTERNATIVES, least=1)


def paths(at: At) -> Paths | None:
    """One path, or a list of which the first that leads to something counts."""
    if isinstance(at.value, list):
        return _some_paths(at)
    one = _path(at)
    return None if one is None else (one,)


def _event(at: At) -> str | Paths | None:
    """A name, or paths: a text that begins with `$.` or `$[` is a path."""
    if isinstance(at.value, list) or (isinstance(at.value, str) and at.value.startswith(("$.", "$["))):
        return paths(at)
    return string(200)(at)


def _properties(at: At) -> Properties | None:
    if not isinstance(at.value, dict):
        return paths(at)
    if len(at.value) > MOST_PROPERTIES:
        at.expected(f"at most {MOST_PROPERTIES} properties", "leave some out")
        return None
    found: dict[str, Paths] = {}
    for written in at.value:
        inner = at.within(written)
        if not 0 < len(written.strip()) <= 100:
            inner.fault("is no name of a property; use one of 1 to 100 characters")
        one = paths(inner)
        if one is not None:
            found[written] = one
    return found if len(found) == len(at.value) else None


# How webhooks are proved

_header = name(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", "the name of a header", "one such as `X-Signature`")

PART = Shape(
    "a part of the headers",
    {
        "header": Field(_header, to="header", needs="the header's name, such as `X-Signature`"),
        "prefix": Field(string(50, shortest=0), to="prefix"),
        "separator": Field(one_of({one: one for one in SEPARATORS}, "a separator"), to="separator"),
    },
)
_read_part = record(Part, PART)


def _part(at: At) -> Part | None:
    """A header's name, or `{header, prefix, separator}`."""
    if isinstance(at.value, dict):
        return _read_part(at)
    header = _header(at)
    return None if header is None else Part(header)


#: The kinds of proof: the fields of each, and what it becomes.
AUTHS: Mapping[str, tuple[type[Any], Shape]] = {
    "none": (Open, Shape("no proof", {})),
    "basic": (
        Basic,
        Shape(
            "a user name and a password",
            {"user": Field(string(100), to="user", needs="the user name; the secret is the password")},
        ),
    ),
    "bearer": (Bearer, Shape("a Bearer token", {})),
    "header": (
        Header,
        Shape(
            "a header with the secret",
            {"header": Field(_header, to="header", needs="the header's name, such as `X-Token`")},
        ),
    ),
    "hmac": (
        Hmac,
        Shape(
            "a signature",
            {
                "signature": Field(_part, to="signature", needs="the header that the signature stands in"),
                "algorithm": Field(one_of({one: one for one in ALGORITHMS}, "an algorithm"), to="algorithm"),
                "encoding": Field(one_of({one: one for one in ENCODINGS}, "an encoding"), to="encoding"),
                "secret": Field(one_of({one: one for one in SECRET_FORMS}, "a form of secret"), to="secret_form"),
                "content": Field(string(_LONGEST_CONTENT), to="content"),
                "timestamp": Field(_part, to="timestamp"),
                "message_id": Field(_part, to="message_id"),
                "tolerance": Field(span(SECOND_MS, DAY_MS), to="tolerance_ms"),
            },
        ),
    ),
}
_kind = one_of({one: one for one in AUTHS}, "a kind of proof")


def _auth(at: At) -> Auth | None:
    if not isinstance(at.value, dict):
        at.expected("how webhooks are proved (a mapping)", f"write `kind:`, one of {listed(AUTHS)}")
        return None
    if "kind" not in at.value:
        at.notes.fault((*at.steps, "kind"), f"is missing; give one of {listed(AUTHS)}")
        return None
    kind = _kind(at.within("kind"))
    if kind is None:
        return None
    build, shape = AUTHS[kind]
    found = read_fields(at.holding({name: one for name, one in at.value.items() if name != "kind"}), shape)
    if found is None:
        return None
    auth: Auth = build(**found)
    return auth if not isinstance(auth, Hmac) or _is_sound(at, auth) else None


def _is_sound(at: At, auth: Hmac) -> bool:
    """Note what the signature would not cover, or cover with nothing."""
    slots = _SLOTS.findall(auth.content)
    given = {"body": True, "timestamp": auth.timestamp is not None, "id": auth.message_id is not None}
    before = len(at.notes.faults)
    content = (*at.steps, "content")
    if slots.count("body") != 1:
        at.notes.fault(content, "expected `{body}` once, since the signature is over the body; write `{body}`")
    for slot in slots:
        if slot not in given:
            at.notes.fault(
                content, f"{quoted('{' + slot + '}')} is not known; use {listed('{' + one + '}' for one in given)}"
            )
        elif not given[slot]:
            field = "message_id" if slot == "id" else slot
            at.notes.fault((*at.steps, field), f"is missing; say which header `{{{slot}}}` in `content` stands for")
    for slot, field in (("timestamp", "timestamp"), ("id", "message_id")):
        if given[slot] and slot not in slots:
            at.within(field).fault(f"is not signed and so proves nothing; put `{{{slot}}}` into `content` or remove it")
    return len(at.notes.faults) == before


# The whole

RECEIVER = Shape(
    "a receiver",
    {
        "key": Field(key("a key"), to="key", needs="a key that is unique in the project, such as `help-desk`"),
        "name": Field(string(100), to="name", needs="a name for people, such as `Help desk`"),
        "auth": Field(_auth, to="auth", needs=f"how webhooks are proved: `kind:`, one of {listed(AUTHS)}"),
        "where": Field(conditions("$"), to="where"),
        "event": Field(_event, to="event", needs="the event's name, or a path such as `$.type`"),
        "user_id": Field(paths, to="user_id"),
        "anonymous_id": Field(paths, to="anonymous_id"),
        "email": Field(paths, to="email"),
        "account_id": Field(paths, to="account_id"),
        "message_id": Field(paths, to="message_id"),
        "time": Field(paths, to="time"),
        "properties": Field(_properties, to="properties"),
    },
)
_preset = one_of({one: one for one in PRESETS}, "a preset")


def receiver(at: At) -> Receiver | None:
    """Read a receiver. Beside `preset:` the fields that are given take the place of the preset's."""
    written = at
    if isinstance(at.value, dict) and "preset" in at.value:
        preset = _preset(at.within("preset"))
        if preset is None:
            return None
        own = {name: one for name, one in at.value.items() if name != "preset"}
        written = at.holding({**PRESETS[preset].fields, **own})
    found = read_fields(written, RECEIVER)
    if found is None:
        return None
    read = Receiver(**found)
    if not (read.user_id or read.anonymous_id or read.email):
        at.fault("says nothing about whom an event concerns; give `user_id`, `anonymous_id` or `email`")
        return None
    return read
