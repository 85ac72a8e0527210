"""What a receiver says, in short: each thing that is read, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tactful.core.reading import write_receiver
from tactful.core.receivers import Receiver
from tactful.sources import write_yaml

__all__ = ["summary_of"]

_SUMMARY = {
    "event": "Event",
    "user_id": "User id",
    "email": "E-mail address",
    "anonymous_id": "Anonymous id",
    "account_id": "Account",
    "message_id": "Message id",
    "time": "Time",
}
_PROOFS = {
    "none": "Nothing: whoever knows the address is believed",
    "basic": "A user name and a password",
    "bearer": "A token",
    "header": "A secret in the header",
    "hmac": "A signature in the header",
}


def summary_of(receiver: Receiver) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each thing that is read, and from where: words and a path, either of which may be empty."""
    written = write_receiver(receiver)
    told = [("Proof", [_proof(written["auth"])])]
    if "where" in written:
        told.append(("Only where", [("", write_yaml(one).strip()) for one in written["where"]]))
    for name, title in _SUMMARY.items():
        if name in written:
            is_name = name == "event" and isinstance(receiver.event, str)
            told.append((title, [(one, "") if is_name else ("", one) for one in _all(written[name])]))
    properties = written.get("properties")
    if isinstance(properties, dict):
        told.append(("Properties", [(name, ", ".join(_all(paths))) for name, paths in properties.items()]))
    elif properties:
        told.append(("Properties", [("everything in", ", ".join(_all(properties)))]))
    return told


def _proof(auth: Mapping[str, Any]) -> tuple[str, str]:
    header = auth.get("header") or auth.get("signature", "")
    return _PROOFS[auth["kind"]], header if isinstance(header, str) else header["header"]


def _all(written: str | list[str]) -> list[str]:
    return [written] if isinstance(written, str) else written
