"""Receivers: addresses that take the signed webhooks of other products and read them as events.

A receiver is data, and so is what a product's webhooks look like: how they are signed (`values`), where in the JSON the
event, the person and the rest stand (`paths`), and which of them matter (`where`, the conditions of triggers). A preset
(`presets`) is such data that somebody has already written down; nothing anywhere asks which product it is.

Two functions do the work, and neither reads a clock, a database or the network:

    verify(auth, secrets, headers, body, now_ms) -> Verdict     who sent it: over the raw bytes, before they are parsed
    read(receiver, payload, now_ms) -> Mapped                   what it says, once it is verified

Both are total: whatever comes, they answer with a stable code, a sentence of advice, and the steps that led there, so
that the service answers by them and a page can show them. No answer holds a secret or the signature that was expected.

What makes a replay harmless is memory, not the signature: a message id (or the body) that came within the last seven
days changes nothing. So a signature that carries no time of its own is worth nothing for what is older than that.
"""

from tactful.core.receivers.mapping import OUTCOMES, Mapped, read
from tactful.core.receivers.paths import follow, parse_path
from tactful.core.receivers.presets import PRESETS, Preset
from tactful.core.receivers.signing import VERDICTS, Verdict, secret_fault, verify
from tactful.core.receivers.values import (
    MEMORY_MS,
    Auth,
    Basic,
    Bearer,
    Header,
    Hmac,
    Open,
    Part,
    Receiver,
    Step,
)

__all__ = [
    "MEMORY_MS",
    "OUTCOMES",
    "PRESETS",
    "VERDICTS",
    "Auth",
    "Basic",
    "Bearer",
    "Header",
    "Hmac",
    "Mapped",
    "Open",
    "Part",
    "Preset",
    "Receiver",
    "Step",
    "Verdict",
    "follow",
    "parse_path",
    "read",
    "secret_fault",
    "verify",
]
