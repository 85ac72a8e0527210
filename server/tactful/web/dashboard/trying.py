"""What would become of a webhook, step by step, with nothing written: for the page that tries a receiver.

The same two functions that take a real webhook do the looking (`core/receivers`), so that the page cannot say anything
else than what happens. What is pasted was sent a while ago, so a signed time that is old by now is told and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tactful.core.catalogue import Catalogue, Waiting
from tactful.core.conditions import look_up
from tactful.core.reading import write_receiver
from tactful.core.receivers import Mapped, Open, Receiver, Step, Verdict, read, verify
from tactful.core.trigger import Event
from tactful.sources import write_yaml
from tactful.web.formats import date, span

__all__ = ["Consequence", "Line", "Pasted", "Tried", "consequences", "read_pasted", "try_out"]

_LONGEST_SHOWN = 200
#: What is signed has a time, and what is pasted here is older than any tolerance.
_OLD = "timestamp_old"

#: How a step's subject is called.
_LABELS: Mapping[str, str] = {
    "auth": "Proof",
    "secret": "Secret",
    "signature": "Signature",
    "timestamp": "Signed time",
    "id": "Signed id",
    "event": "Event",
    "user_id": "User id",
    "anonymous_id": "Anonymous id",
    "email": "E-mail address",
    "account_id": "Account",
    "message_id": "Message id",
    "time": "Time",
}


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was pasted: the body as it was sent, its headers (None: none were given), and what it says; `faults` by
    field tell what cannot be read."""

    body: bytes
    headers: Mapping[str, str] | None
    payload: Any
    faults: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One step as the page shows it; `ok` is None where nothing depends on it, `coded` says that the label is code."""

    label: str
    ok: bool | None
    told: str
    path: str
    value: str
    coded: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """What would become of it: a heading and a sentence, whether it would be an event, and the steps by subject."""

    ok: bool
    heading: str
    message: str
    proof: Sequence[Line]
    filter: Sequence[Line]
    says: Sequence[Line]
    properties: Sequence[Line]
    mapped: Mapped


@dataclass(frozen=True, slots=True)
class Consequence:
    """A live survey that waits for the event: whether this one makes its person a candidate, and why or when."""

    survey: str
    key: str
    ok: bool
    told: str


def read_pasted(payload: str, headers: str) -> Pasted:
    """Read the two fields. Lines end in the browser's way there; the body's own are told apart from it no more."""
    text = payload.replace("\r\n", "\n")
    body = text.encode("utf-8", "replace")
    payload_read, faults = None, {}
    try:
        payload_read = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        faults["payload"] = f"Line {error.lineno}: this is not JSON ({error.msg})."
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, headers.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or " " in name.strip():
            faults["headers"] = f"“{line[:80]}” is no header; write `Name: value`, one a line."
        found[name.strip()] = value.strip()
    return Pasted(body, found or None, payload_read, faults)


def try_out(receiver: Receiver, secrets: Sequence[str], pasted: Pasted, now_ms: int) -> Tried:
    """Say what would become of what was pasted."""
    mapped = read(receiver, pasted.payload, now_ms)
    verdict = _verdict(receiver, secrets, pasted, now_ms)
    ok, heading, message = _outcome(mapped, verdict)
    return Tried(
        ok,
        heading,
        message,
        proof=[_line(step, ok=None if _is_old(verdict, step) else step.ok) for step in verdict.steps]
        if verdict
        else [],
        filter=list(_conditions(receiver, mapped)),
        says=list(_said(mapped)),
        properties=[_line(one, ok=one.ok) for one in mapped.steps if one.what.startswith("properties.")],
        mapped=mapped,
    )


def _verdict(receiver: Receiver, secrets: Sequence[str], pasted: Pasted, now_ms: int) -> Verdict | None:
    """Whether it came from whoever knows the secret; None where nothing was given to tell. Lines that were pasted
    around the body do not count against it."""
    if pasted.headers is None and not isinstance(receiver.auth, Open):
        return None
    bodies = (pasted.body, pasted.body.strip())
    verdicts = [verify(receiver.auth, secrets, pasted.headers or {}, body, now_ms) for body in bodies]
    return next((one for one in verdicts if one.code != "signature_wrong"), verdicts[0])


def _is_old(verdict: Verdict | None, step: Step) -> bool:
    return verdict is not None and verdict.code == _OLD and step.what == "timestamp"


def _outcome(mapped: Mapped, verdict: Verdict | None) -> tuple[bool, str, str]:
    if verdict is not None and not verdict.ok and verdict.code != _OLD:
        return False, "It would be refused", verdict.message
    if mapped.ok:
        told = "Its signature is old by now; in time it would pass." if verdict and verdict.code == _OLD else ""
        return True, "It would be taken", told
    heading = "It would be left out" if mapped.code == "filtered" else "It could not be used"
    return False, heading, mapped.message


def _shown(value: object) -> str:
    if value is None:
        return ""
    try:
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # read, and too deep to write
        return "…"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _line(step: Step, *, ok: bool | None) -> Line:
    name = _LABELS.get(step.what) or step.what.removeprefix("properties.")
    value = date(step.value) if step.what == "time" and isinstance(step.value, int) else _shown(step.value)
    return Line(name, ok, step.told, step.path, value)


def _conditions(receiver: Receiver, mapped: Mapped) -> Iterator[Line]:
    entries = write_receiver(receiver).get("where", [])
    steps = [one for one in mapped.steps if one.what.startswith("where[")]
    for entry, step in zip(entries, steps, strict=True):
        yield Line(write_yaml(entry).strip(), step.ok, step.told, step.path, _shown(step.value), coded=True)


def _said(mapped: Mapped) -> Iterator[Line]:
    """Event and person first. Who is found by one id needs no other, so that one missing is nothing bad."""
    found = {step.what: step for step in mapped.steps if step.what in _LABELS}
    somebody = mapped.code != "no_person"
    for what in _LABELS:
        if what in found:
            step = found[what]
            is_needed = what == "event" or (what in ("user_id", "email", "anonymous_id") and not somebody)
            yield _line(step, ok=True if step.ok else False if is_needed else None)


def consequences(catalogue: Catalogue, mapped: Mapped, now_ms: int) -> list[Consequence]:
    """What the event would mean to every live survey that waits for one of its name."""
    event = Event(mapped.event or "", mapped.properties, "server")
    found: dict[str, Consequence] = {}
    for one in catalogue.by_event.get(event.name, ()):
        survey = one.live.survey
        ok, told = _meaning(one, event, now_ms)
        if survey.key not in found or (ok and not found[survey.key].ok):
            found[survey.key] = Consequence(survey.name, survey.key, ok, told)
    return list(found.values())


def _meaning(one: Waiting, event: Event, now_ms: int) -> tuple[bool, str]:
    trigger = one.trigger
    if trigger.source not in ("any", event.source):
        return False, "waits for this event from a page"
    if not one.matches(event, now_ms):
        return False, "its conditions on the event do not hold"
    if trigger.per is not None and look_up({"properties": event.properties}, trigger.per) is None:
        return False, f"asks once per `{trigger.per}`, which the event does not bring"
    when = f"{span(trigger.hold_ms)} later" if trigger.hold_ms else "in the open tab at once, or at the next visit"
    counted = ", if it is the time that its trigger counts to" if trigger.nth else ""
    return True, f"may ask {when}{counted}"
