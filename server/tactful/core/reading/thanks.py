"""Readers of what is said at the end: one for all, or one per band under `by`, with what may be done there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tactful.core.reading.links import slotted_url
from tactful.core.reading.places import At, Reader
from tactful.core.reading.shapes import Field, Shape, later, record
from tactful.core.reading.wording import THANKS_TEXT, THANKS_TITLE, by_band, by_language, text
from tactful.core.reviews import gated
from tactful.core.surveys import Action, Promise, Share, Thanks
from tactful.core.texts import ELSE

__all__ = ["ACTION", "LABEL", "PROMISE", "SHARE", "SHARED", "THANKS", "thanks"]

#: The longest that they may be, in characters: the label of a button, a text to be shared, a coupon, a name.
LABEL = 60
SHARED = 1_000
_COUPON = 100
_NAME = 100

_url = by_language(slotted_url)
_AROUND = "write `by` around all that is said"

ACTION = Shape(
    "an action",
    {
        "label": Field(text(LABEL, no_bands=_AROUND), to="label", needs="what the button says, such as `Book a call`"),
        "url": Field(_url, to="url", needs="where it leads, such as `https://example.com/upgrade`"),
    },
)

SHARE = Shape(
    "a share",
    {
        "text": Field(text(SHARED, no_bands=_AROUND), to="text", needs="what people pass on"),
        "url": Field(_url, to="url"),
    },
)

PROMISE = Shape(
    "a promise",
    {
        "by": Field(
            text(_NAME, no_bands=_AROUND), to="by", needs="who promises, such as `{{account.owner_name|Our team}}`"
        ),
        "text": Field(text(THANKS_TEXT, no_bands=_AROUND), to="text"),
    },
)

THANKS = Shape(
    "thanks",
    {
        "title": Field(text(THANKS_TITLE, no_bands=_AROUND), to="title", needs="a title, such as `Thank you!`"),
        "text": Field(text(THANKS_TEXT, no_bands=_AROUND), to="text"),
        "action": Field(record(Action, ACTION), to="action"),
        "share": Field(record(Share, SHARE), to="share"),
        "coupon": Field(text(_COUPON, no_bands=_AROUND), to="coupon"),
        "promise": Field(record(Promise, PROMISE), to="promise"),
    },
    refused=later("email", "video", "image"),
)
_one_thanks: Reader[Thanks] = record(Thanks, THANKS)


def thanks(at: At) -> Mapping[str, Thanks] | None:
    """What each band is told at the end; where all are told the same, under `else`. Warns of chosen reviewers."""
    if isinstance(at.value, dict) and "by" in at.value:
        told = by_band(at, _one_thanks)
    else:
        one = _one_thanks(at)
        told = None if one is None else MappingProxyType({ELSE: one})
    if told is not None:
        _warn_of_gates(at, told)
    return told


def _warn_of_gates(at: At, told: Mapping[str, Thanks]) -> None:
    bands = at.outline.bands or ()
    for steps, site in gated(told, bands):
        at.notes.warn(
            (*at.steps, "by", *steps),
            f"leads `{bands[-1]}` to {site.name} and `{bands[0]}` not: to ask only those who are content for a public "
            f"review is forbidden ({site.source}); offer it to every band, or to none",
        )
