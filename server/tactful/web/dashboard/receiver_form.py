"""A receiver's definition as a form: texts in, a definition out, and every fault beside the field that it is about.

A form holds texts only. Paths are one a line, conditions and properties are written as in a file (YAML), and of how
webhooks are proved only the fields of the chosen kind are read. What a definition means is known to `core/reading`
alone; here is only where in a form its parts stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tactful.core.reading import Fault, Steps, write_receiver
from tactful.core.receivers import Receiver
from tactful.sources import read_yaml, write_yaml

__all__ = ["PARTS", "PATHS", "Form", "filled", "from_form", "with_faults"]

#: Fields that hold paths, one a line.
PATHS = ("user_id", "email", "anonymous_id", "account_id", "message_id", "time")
#: Parts of the headers; each has a field for the header, for what it begins with there, and for what parts it.
PARTS = ("signature", "timestamp", "message_id")
_PART_FIELDS = ("header", "prefix", "separator")
_HMAC_TEXTS = ("algorithm", "encoding", "secret", "content", "tolerance")
#: Which fields of the form each kind of proof has, besides the parts of an HMAC.
_AUTH_TEXTS: Mapping[str, tuple[str, ...]] = {"basic": ("user",), "header": ("header",), "hmac": _HMAC_TEXTS}
_WHOLE = "user_id"
#: The fields from the top of the page down, those of the proof apart, which stand last.
_ORDER = ("name", "event", "properties", *PATHS, "where")


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the fields, and what is wrong, by field."""

    values: Mapping[str, str]
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def first(self) -> str | None:
        """The first field with a fault, as they stand on the page."""
        return min(self.faults, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER), default=None)

    def of(self, name: str) -> str:
        """What stands in the field."""
        return self.values.get(name, "")


def filled(receiver: Receiver) -> Form:
    """The form that says what the receiver says."""
    written = write_receiver(receiver)
    values = {"name": receiver.name, "event": _lines(written["event"])}
    values |= {name: _lines(written.get(name, "")) for name in PATHS}
    values["where"] = "\n".join(map(_entry, written.get("where", [])))
    values["properties"] = _properties(written.get("properties", {}))
    return Form(values | _auth_values(written["auth"]))


def from_form(values: Mapping[str, str], key: str) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """The definition of the receiver `key` that the fields say, and faults of the texts that are no YAML."""
    faults: dict[str, tuple[str, ...]] = {}
    definition: dict[str, Any] = {"key": key, "name": _text(values, "name"), "auth": _auth(values)}
    for name in ("event", *PATHS):
        lines = _split(values.get(name, ""))
        if lines:
            definition[name] = lines[0] if len(lines) == 1 else lines
    for name in ("where", "properties"):
        text = values.get(name, "").strip()
        lines = _split(text)
        if lines and all(line.startswith("$") and ": " not in line for line in lines):
            definition[name] = lines[0] if len(lines) == 1 else lines
        elif text:
            source = read_yaml(text)
            definition[name] = source.data
            if source.faults:
                faults[name] = tuple(_sentence(f"Line {one.position.line}: {one.message}") for one in source.faults)
    return definition, faults


def with_faults(values: Mapping[str, str], faults: Iterable[Fault], told: Mapping[str, tuple[str, ...]]) -> Form:
    """The form as it was sent, with every fault beside its field. `told` are those of texts that could not be read;
    what else is said of such a text follows from that and is left out."""
    found: dict[str, list[str]] = {name: list(messages) for name, messages in told.items()}
    for one in faults:
        name, rest = _place(one.steps)
        if name not in told:
            found.setdefault(name, []).append(_sentence(str(Fault(rest, one.message)), is_path=bool(rest)))
    return Form(values, {name: tuple(messages) for name, messages in found.items()})


def _sentence(message: str, *, is_path: bool = False) -> str:
    begun = message if is_path else message[:1].upper() + message[1:]
    return begun if begun.endswith((".", "?", "!")) else f"{begun}."


def _place(steps: Steps) -> tuple[str, Steps]:
    """The field that a fault stands beside, and where in it."""
    if not steps:
        return _WHOLE, ()
    first = str(steps[0])
    if first != "auth":
        return first, steps[1:] if first in ("where", "properties") else ()
    inner = str(steps[1]) if len(steps) > 1 else "kind"
    if inner in PARTS:
        return f"auth_{inner}_{steps[2] if len(steps) > 2 else 'header'}", ()
    return f"auth_{inner}", ()


# Texts


def _text(values: Mapping[str, str], name: str) -> str:
    return values.get(name, "").strip()


def _split(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _lines(written: str | list[str]) -> str:
    return written if isinstance(written, str) else "\n".join(written)


def _entry(entry: Any) -> str:
    """One condition, as an entry of a list."""
    return "- " + write_yaml(entry).rstrip().replace("\n", "\n  ")


def _properties(written: Any) -> str:
    if isinstance(written, dict):
        return write_yaml(written).rstrip() if written else ""
    return _lines(written)


# How webhooks are proved


def _auth_values(auth: Mapping[str, Any]) -> dict[str, str]:
    kind = str(auth["kind"])
    values = {"auth_kind": kind}
    values |= {f"auth_{name}": str(auth[name]) for name in _AUTH_TEXTS.get(kind, ()) if name in auth}
    for part in PARTS if kind == "hmac" else ():
        written = auth.get(part, {})
        fields = {"header": written} if isinstance(written, str) else written
        values |= {f"auth_{part}_{name}": str(one) for name, one in fields.items()}
    return values


def _auth(values: Mapping[str, str]) -> dict[str, Any]:
    kind = _text(values, "auth_kind")
    auth: dict[str, Any] = {"kind": kind}
    for name in _AUTH_TEXTS.get(kind, ()):
        text = _text(values, f"auth_{name}")
        auth |= {name: text} if text else {}
    for part in PARTS if kind == "hmac" else ():
        fields = {name: values.get(f"auth_{part}_{name}", "") for name in _PART_FIELDS}
        fields["header"] = fields["header"].strip()
        if fields["header"] or fields["prefix"]:
            auth[part] = {name: text for name, text in fields.items() if text}
    return auth
