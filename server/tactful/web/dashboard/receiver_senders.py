"""Who sends webhooks: the products that there are presets for, and whoever signs in a way of their own.

A receiver is made of one of these and remembers none: which one it was is told by how its webhooks are proved.
"""

from __future__ import annotations

from collections.abc import Mapping

from tactful.core.reading import read_receiver
from tactful.core.receivers import PRESETS, Hmac, Preset, Receiver

__all__ = ["CUSTOM", "PRODUCTS", "SENDERS", "preset_of"]

#: For whoever signs in a way of their own: something to begin with, which its form then changes.
CUSTOM = Preset(
    name="Something else",
    about="A product that signs its webhooks in a way of its own. You say which header, which algorithm, and where in "
    "the payload things stand.",
    advice="Both sides need the same secret.",
    ours=False,
    fields={
        **PRESETS["bearer"].fields,
        "name": "Webhook",
        "auth": {"kind": "hmac", "signature": {"header": "X-Signature", "prefix": "sha256="}},
    },
)
SENDERS: Mapping[str, Preset] = {**PRESETS, "webhook": CUSTOM}
#: The presets that are a product each; the others are ways to send.
PRODUCTS = ("chatwoot", "intercom", "stripe")


def preset_of(receiver: Receiver) -> str | None:
    """The preset that a receiver was made of, told by how its webhooks are proved: each sender has a way of its own."""
    for key, preset in SENDERS.items():
        made = read_receiver({"key": receiver.key, **preset.fields}).value
        assert made is not None, f"the preset {key} does not read"
        if made.auth == receiver.auth and (isinstance(made.auth, Hmac) or made.event == receiver.event):
            return key
    return None
