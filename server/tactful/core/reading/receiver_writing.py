"""The canonical written form of a receiver. It never holds a secret: those stand apart from what a receiver says."""

from __future__ import annotations

from typing import Any

from tactful.core.reading.writing import Written, given, unless_none, write_entry
from tactful.core.receivers.values import Auth, Basic, Bearer, Header, Hmac, Open, Part, Paths, Receiver
from tactful.core.spans import format_span

__all__ = ["write_receiver"]


def write_receiver(receiver: Receiver) -> Written:
    """Write a receiver as plain data fit for JSON and YAML; `read_receiver` of it equals `receiver`."""
    one_or_many = {name: _paths(getattr(receiver, name)) for name in _FOUND if getattr(receiver, name)}
    return {
        "key": receiver.key,
        "name": receiver.name,
        "auth": _auth(receiver.auth),
        **given("where", [write_entry(entry) for entry in receiver.where], []),
        "event": receiver.event if isinstance(receiver.event, str) else _paths(receiver.event),
        **one_or_many,
        **given("properties", _properties(receiver), {}),
    }


_FOUND = ("user_id", "anonymous_id", "email", "account_id", "message_id", "time")


def _paths(paths: Paths) -> str | list[str]:
    return paths[0] if len(paths) == 1 else list(paths)


def _properties(receiver: Receiver) -> Any:
    if isinstance(receiver.properties, tuple):
        return _paths(receiver.properties)
    return {name: _paths(paths) for name, paths in receiver.properties.items()}


def _auth(auth: Auth) -> Written:
    match auth:
        case Open():
            return {"kind": "none"}
        case Basic():
            return {"kind": "basic", "user": auth.user}
        case Bearer():
            return {"kind": "bearer"}
        case Header():
            return {"kind": "header", "header": auth.header}
    return _hmac(auth)


def _hmac(auth: Hmac) -> Written:
    default = Hmac(auth.signature)
    return {
        "kind": "hmac",
        "signature": _part(auth.signature),
        "algorithm": auth.algorithm,
        "encoding": auth.encoding,
        **given("secret", auth.secret_form, default.secret_form),
        "content": auth.content,
        **unless_none("timestamp", auth.timestamp, _part),
        **unless_none("message_id", auth.message_id, _part),
        **given("tolerance", format_span(auth.tolerance_ms), format_span(default.tolerance_ms)),
    }


def _part(part: Part) -> Any:
    if part == Part(part.header):
        return part.header
    return {
        "header": part.header,
        **given("prefix", part.prefix, ""),
        **given("separator", part.separator, "none"),
    }
